//! Our own tokens: JWT, HS256. Signed with one secret, verified with it and, while it is being
//! replaced, with the one before.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use platform::secret::Secret;
use serde::Serialize;

use super::claims::{self, Identity, Terms};
use super::jws::Jws;
use super::{AuthFailure, User};

/// The audience of every token, as QualiCharge has it.
const AUDIENCE: &str = "account";
/// The shortest secret, bytes: as long as the signature.
pub const MIN_SECRET_BYTES: usize = 32;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    scope: &'a str,
    email: &'a str,
}

/// A secret that is too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it has {0} bytes, expected at least {MIN_SECRET_BYTES}: make one with `openssl rand -hex 32`"
)]
pub struct ShortSecret(usize);

/// Signs and verifies tokens.
pub struct Tokens {
    signing: EncodingKey,
    verifying: Vec<DecodingKey>,
    terms: Terms,
    lifetime_seconds: i64,
}

impl Tokens {
    /// Tokens signed with `secret` that name `issuer` and are good for `lifetime_seconds`.
    ///
    /// # Errors
    /// When the secret is shorter than 32 bytes.
    pub fn new(secret: &Secret, issuer: &str, lifetime_seconds: i64) -> Result<Self, ShortSecret> {
        let bytes = long_enough(secret)?;
        Ok(Self {
            signing: EncodingKey::from_secret(bytes),
            verifying: vec![DecodingKey::from_secret(bytes)],
            terms: Terms {
                issuer: issuer.to_owned(),
                audience: AUDIENCE.to_owned(),
            },
            lifetime_seconds,
        })
    }

    /// Accepts tokens that were signed with `previous`, too.
    ///
    /// # Errors
    /// When the secret is shorter than 32 bytes.
    pub fn accepting(mut self, previous: &Secret) -> Result<Self, ShortSecret> {
        let key = DecodingKey::from_secret(long_enough(previous)?);
        self.verifying.push(key);
        Ok(self)
    }

    /// Makes a token for `user`, at `now_ms`.
    ///
    /// # Errors
    /// When it cannot be signed, which does not happen with this algorithm.
    pub fn issue(&self, user: &User, now_ms: i64) -> Result<String, AuthFailure> {
        let now = now_ms.div_euclid(1_000);
        let claims = Claims {
            iss: &self.terms.issuer,
            sub: &user.username,
            aud: &self.terms.audience,
            iat: now,
            exp: now.saturating_add(self.lifetime_seconds),
            scope: "",
            email: &user.email,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map_err(|_error| AuthFailure::Undecodable)
    }

    /// Verifies a token, at `now_ms`.
    ///
    /// # Errors
    /// Why it is not good.
    pub fn verify(&self, token: &str, now_ms: i64) -> Result<Identity, AuthFailure> {
        let jws = Jws::split(token)
            .filter(|jws| jws.algorithm == Algorithm::HS256)
            .ok_or(AuthFailure::Undecodable)?;
        if !self.verifying.iter().any(|key| jws.is_signed_by(key)) {
            return Err(AuthFailure::Undecodable);
        }
        let payload = jws.payload().ok_or(AuthFailure::Undecodable)?;
        claims::check(&payload, &self.terms, now_ms)
    }
}

fn long_enough(secret: &Secret) -> Result<&[u8], ShortSecret> {
    let bytes = secret.expose().as_bytes();
    if bytes.len() < MIN_SECRET_BYTES {
        return Err(ShortSecret(bytes.len()));
    }
    Ok(bytes)
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("terms", &self.terms)
            .field("lifetime_seconds", &self.lifetime_seconds)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Users;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    const OTHER: &str = "another secret of thirty-two byte";
    const NOW_MS: i64 = 1_795_453_800_500;

    fn tokens(secret: &str) -> Tokens {
        Tokens::new(&Secret::new(secret), "http://gateway", 1_800).unwrap()
    }

    fn user() -> std::sync::Arc<User> {
        let text = "[[users]]\nusername = 'u'\nemail = 'u@a.fr'";
        Users::parse(text).unwrap().by_name("u").unwrap()
    }

    #[test]
    fn a_token_names_its_user_until_its_time_is_over() {
        let tokens = tokens(SECRET);
        let token = tokens.issue(&user(), NOW_MS).unwrap();
        let end_ms = 1_795_453_800_000 + 1_800_000;
        assert_eq!(tokens.verify(&token, NOW_MS).unwrap().email, "u@a.fr");
        assert!(tokens.verify(&token, end_ms - 1).is_ok());
        assert_eq!(tokens.verify(&token, end_ms), Err(AuthFailure::Expired));
    }

    #[test]
    fn a_changed_token_is_refused() {
        let tokens = tokens(SECRET);
        let token = tokens.issue(&user(), NOW_MS).unwrap();
        for (position, byte) in token.bytes().enumerate() {
            let other = if byte == b'A' { 'B' } else { 'A' };
            let mut changed = token.clone();
            changed.replace_range(position..=position, &other.to_string());
            assert_eq!(
                tokens.verify(&changed, NOW_MS),
                Err(AuthFailure::Undecodable),
                "{position}"
            );
        }
    }

    #[test]
    fn the_previous_secret_verifies_and_does_not_sign() {
        let old = tokens(OTHER).issue(&user(), NOW_MS).unwrap();
        assert!(tokens(SECRET).verify(&old, NOW_MS).is_err());
        let rotated = tokens(SECRET).accepting(&Secret::new(OTHER)).unwrap();
        assert!(rotated.verify(&old, NOW_MS).is_ok());
        let new = rotated.issue(&user(), NOW_MS).unwrap();
        assert!(tokens(SECRET).verify(&new, NOW_MS).is_ok());
        assert!(tokens(OTHER).verify(&new, NOW_MS).is_err());
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(Tokens::new(&Secret::new("short"), "x", 1).is_err());
        let previous = tokens(SECRET).accepting(&Secret::new("short"));
        assert!(previous.unwrap_err().to_string().contains("5 bytes"));
    }
}
