//! What a token claims about its bearer, and whether that holds. Pure: the present is a parameter.

use serde::Deserialize;

use super::AuthFailure;
use super::scope::Grants;

/// How far ahead `iat` and `nbf` may lie, ms: two gateways with disciplined clocks, one of which
/// verifies at once what the other has just issued. The end of a token's time has no such margin.
const AHEAD_MS: i64 = 1_000;

/// Whom tokens must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Who issued them.
    pub issuer: String,
    /// For whom they were issued.
    pub audience: String,
}

/// The bearer of a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account's e-mail.
    pub email: String,
    /// Scopes that the token adds.
    pub grants: Grants,
    /// When the token's time is over, ms since the epoch; that instant is over already.
    expires_ms: i64,
}

impl Identity {
    /// Whether the token's time is over.
    ///
    /// # Errors
    /// It is.
    pub fn check_time(&self, now_ms: i64) -> Result<(), AuthFailure> {
        if now_ms < self.expires_ms {
            Ok(())
        } else {
            Err(AuthFailure::Expired)
        }
    }
}

/// The claims that are read; times are seconds since the epoch, perhaps with a fraction.
#[derive(Deserialize)]
struct Claims {
    exp: f64,
    nbf: Option<f64>,
    iat: Option<f64>,
    iss: Option<String>,
    aud: Option<Audience>,
    email: Option<String>,
    email_verified: Option<Flag>,
    scope: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Some providers write truth values as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Flag {
    Boolean(bool),
    Text(String),
}

impl Flag {
    fn is_false(&self) -> bool {
        match self {
            Self::Boolean(value) => !value,
            Self::Text(text) => !text.eq_ignore_ascii_case("true"),
        }
    }
}

/// Reads the claims of a token whose signature is good, and checks them.
///
/// # Errors
/// Which of them does not hold; the time comes first, since a client renews on that.
pub fn check(payload: &[u8], terms: &Terms, now_ms: i64) -> Result<Identity, AuthFailure> {
    let claims: Claims =
        serde_json::from_slice(payload).map_err(|_unreadable| AuthFailure::Undecodable)?;
    let identity = Identity {
        email: claims.email.unwrap_or_default(),
        grants: Grants::of(claims.scope.as_deref().unwrap_or_default().split(' ')),
        expires_ms: millis(claims.exp),
    };
    identity.check_time(now_ms)?;
    let is_ahead = |seconds: f64| millis(seconds) > now_ms.saturating_add(AHEAD_MS);
    if claims.nbf.is_some_and(is_ahead) || claims.iat.is_some_and(is_ahead) {
        return Err(AuthFailure::Undecodable);
    }
    let is_for_us = match claims.aud {
        None => false,
        Some(Audience::One(name)) => name == terms.audience,
        Some(Audience::Many(names)) => names.contains(&terms.audience),
    };
    if !is_for_us {
        return Err(AuthFailure::Audience);
    }
    if claims.iss.as_ref() != Some(&terms.issuer) || identity.email.is_empty() {
        return Err(AuthFailure::Undecodable);
    }
    if claims.email_verified.is_some_and(|flag| flag.is_false()) {
        return Err(AuthFailure::Unverified);
    }
    Ok(identity)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, and times beyond the range are over or ahead alike"
)]
fn millis(seconds: f64) -> i64 {
    (seconds * 1_000.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW_MS: i64 = 1_795_453_800_500;
    const NOW: i64 = 1_795_453_800;

    fn with(change: &Value) -> Result<Identity, AuthFailure> {
        let mut claims = json!({
            "iss": "http://gateway", "sub": "u", "aud": "account", "iat": NOW, "exp": NOW + 60,
            "scope": "dynamic:create x", "email": "u@a.fr",
        });
        for (key, value) in change.as_object().unwrap() {
            claims[key] = value.clone();
        }
        let terms = Terms {
            issuer: "http://gateway".to_owned(),
            audience: "account".to_owned(),
        };
        check(claims.to_string().as_bytes(), &terms, NOW_MS)
    }

    #[test]
    fn good_claims_give_an_identity() {
        let identity = with(&json!({})).unwrap();
        assert_eq!(identity.email, "u@a.fr");
        assert_eq!(identity.grants, Grants::of(["dynamic:create"]));
        for change in [
            json!({ "aud": ["other", "account"] }),
            json!({ "scope": null, "iat": null, "more": [1] }),
            json!({ "nbf": NOW + 1, "iat": NOW + 1 }),
            json!({ "email_verified": true }),
            json!({ "email_verified": "true" }),
        ] {
            assert!(with(&change).is_ok(), "{change}");
        }
    }

    #[test]
    fn each_claim_that_does_not_hold_has_its_reason() {
        use AuthFailure::{Audience, Expired, Undecodable, Unverified};
        let cases = [
            (json!({ "exp": NOW }), Expired),
            (json!({ "exp": 0 }), Expired),
            (json!({ "exp": NOW - 1, "aud": "other" }), Expired),
            (json!({ "exp": null }), Undecodable),
            (json!({ "exp": "tomorrow" }), Undecodable),
            (json!({ "nbf": NOW + 2 }), Undecodable),
            (json!({ "iat": NOW + 2 }), Undecodable),
            (json!({ "iat": 1e300 }), Undecodable),
            (json!({ "aud": "other" }), Audience),
            (json!({ "aud": ["other"] }), Audience),
            (json!({ "aud": [] }), Audience),
            (json!({ "aud": null }), Audience),
            (json!({ "iss": "http://other" }), Undecodable),
            (json!({ "iss": null }), Undecodable),
            (json!({ "email": null }), Undecodable),
            (json!({ "email": "" }), Undecodable),
            (json!({ "email": 1 }), Undecodable),
            (json!({ "email_verified": false }), Unverified),
            (json!({ "email_verified": "false" }), Unverified),
        ];
        for (change, reason) in cases {
            assert_eq!(with(&change), Err(reason), "{change}");
        }
    }

    #[test]
    fn the_end_of_a_token_has_no_leeway() {
        let identity = with(&json!({ "exp": NOW + 60 })).unwrap();
        let end_ms = (NOW + 60) * 1_000;
        assert_eq!(identity.check_time(end_ms - 1), Ok(()));
        assert_eq!(identity.check_time(end_ms), Err(AuthFailure::Expired));
        assert!(with(&json!({ "exp": 1_795_453_800.6 })).is_ok());
    }
}
