//! Tokens: JWT, HS256, half an hour. Their time is the system's, never a simulated one.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use platform::WallClock;
use platform::secret::Secret;
use platform::wall_clock::SystemClock;
use serde::{Deserialize, Serialize};

use super::{AuthFailure, User};

/// The audience of every token, as QualiCharge has it.
const AUDIENCE: &str = "account";
/// The shortest secret, bytes: as long as the signature.
pub const MIN_SECRET_BYTES: usize = 32;

/// What a token says about its bearer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account's e-mail.
    pub email: String,
    /// Scopes that the token adds, separated by spaces.
    pub scope: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    #[serde(default)]
    scope: String,
    email: String,
}

/// What of a token is read; the rest was checked.
#[derive(Debug, Deserialize)]
struct Bearer {
    email: Option<String>,
    #[serde(default)]
    scope: Option<String>,
    iat: Option<f64>,
}

/// A secret that is too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "token secret has {0} bytes, expected at least {MIN_SECRET_BYTES}: set GATEWAY_TOKEN_SECRET"
)]
pub struct ShortSecret(usize);

/// Signs and verifies tokens.
pub struct Tokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    issuer: String,
    lifetime_seconds: i64,
}

impl Tokens {
    /// Tokens signed with `secret` that name `issuer` and are good for `lifetime_seconds`.
    ///
    /// # Errors
    /// When the secret is shorter than 32 bytes.
    pub fn new(secret: &Secret, issuer: &str, lifetime_seconds: i64) -> Result<Self, ShortSecret> {
        let bytes = secret.expose().as_bytes();
        if bytes.len() < MIN_SECRET_BYTES {
            return Err(ShortSecret(bytes.len()));
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "aud", "iss"]);
        Ok(Self {
            signing: EncodingKey::from_secret(bytes),
            verifying: DecodingKey::from_secret(bytes),
            validation,
            issuer: issuer.to_owned(),
            lifetime_seconds,
        })
    }

    /// Makes a token for `user`.
    ///
    /// # Errors
    /// When it cannot be signed, which does not happen with this algorithm.
    pub fn issue(&self, user: &User) -> Result<String, AuthFailure> {
        let now = SystemClock.now_ms().div_euclid(1_000);
        let claims = Claims {
            iss: self.issuer.clone(),
            sub: user.username.clone(),
            aud: AUDIENCE.to_owned(),
            iat: now,
            exp: now + self.lifetime_seconds,
            scope: String::new(),
            email: user.email.clone(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map_err(|_error| AuthFailure::Undecodable)
    }

    /// Verifies a token.
    ///
    /// # Errors
    /// Why it is not good.
    pub fn verify(&self, token: &str) -> Result<Identity, AuthFailure> {
        let decoded = jsonwebtoken::decode::<Bearer>(token, &self.verifying, &self.validation)
            .map_err(|error| match error.kind() {
                ErrorKind::ExpiredSignature => AuthFailure::Expired,
                ErrorKind::InvalidAudience => AuthFailure::Audience,
                ErrorKind::MissingRequiredClaim(claim) if claim == "aud" => AuthFailure::Audience,
                _ => AuthFailure::Undecodable,
            })?;
        let bearer = decoded.claims;
        #[expect(clippy::cast_precision_loss, reason = "seconds are compared")]
        let now = SystemClock.now_ms() as f64 / 1_000.0;
        if bearer.iat.is_some_and(|issued| issued > now) {
            return Err(AuthFailure::Undecodable);
        }
        let email = bearer.email.ok_or(AuthFailure::Undecodable)?;
        Ok(Identity {
            email,
            scope: bearer.scope.unwrap_or_default(),
        })
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tokens")
            .field("issuer", &self.issuer)
            .field("lifetime_seconds", &self.lifetime_seconds)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Users;
    use serde_json::json;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn tokens(lifetime_seconds: i64) -> Tokens {
        Tokens::new(&Secret::new(SECRET), "http://gateway", lifetime_seconds).unwrap()
    }

    fn user() -> std::sync::Arc<User> {
        let text = "[[users]]\nusername = 'u'\nemail = 'u@a.fr'";
        Users::parse(text).unwrap().by_name("u").unwrap()
    }

    fn signed(claims: &serde_json::Value, secret: &str) -> String {
        let key = EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
    }

    #[test]
    fn a_token_names_its_user() {
        let tokens = tokens(1_800);
        let identity = tokens.verify(&tokens.issue(&user()).unwrap()).unwrap();
        assert_eq!(identity.email, "u@a.fr");
    }

    #[test]
    fn a_token_is_over_to_the_second() {
        let tokens = tokens(-1);
        let token = tokens.issue(&user()).unwrap();
        assert_eq!(tokens.verify(&token), Err(AuthFailure::Expired));
    }

    #[test]
    fn foreign_and_broken_tokens_are_refused() {
        let tokens = tokens(1_800);
        let good = json!({ "iss": "http://gateway", "aud": ["account"], "exp": 9_999_999_999_i64, "email": "u@a.fr" });
        let changed = |key: &str, value: serde_json::Value| {
            let mut claims = good.clone();
            claims[key] = value;
            tokens.verify(&signed(&claims, SECRET))
        };
        assert!(changed("x", json!(1)).is_ok());
        assert_eq!(changed("aud", json!("other")), Err(AuthFailure::Audience));
        assert_eq!(
            changed("iss", json!("other")),
            Err(AuthFailure::Undecodable)
        );
        assert_eq!(changed("email", json!(null)), Err(AuthFailure::Undecodable));
        assert_eq!(
            changed("nbf", json!(9_999_999_998_i64)),
            Err(AuthFailure::Undecodable)
        );
        assert_eq!(
            changed("iat", json!(9_999_999_998_i64)),
            Err(AuthFailure::Undecodable)
        );
        let forged = signed(&good, "another secret of thirty-two bytes");
        assert_eq!(tokens.verify(&forged), Err(AuthFailure::Undecodable));
        assert_eq!(tokens.verify("a.b.c"), Err(AuthFailure::Undecodable));
        let unsigned = "eyJhbGciOiJub25lIn0.eyJlbWFpbCI6InVAYS5mciJ9.";
        assert_eq!(tokens.verify(unsigned), Err(AuthFailure::Undecodable));
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(Tokens::new(&Secret::new("short"), "x", 1).is_err());
    }
}
