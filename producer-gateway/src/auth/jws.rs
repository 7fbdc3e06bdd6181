//! A signed token taken apart: header, payload, signature. Nothing of it is believed before its
//! signature is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

/// The parts of a token in the compact form `header.payload.signature`.
#[derive(Debug)]
pub struct Jws<'a> {
    /// What it says it is signed with; whether that is allowed is the verifier's to say.
    pub algorithm: Algorithm,
    /// Which key it says it is signed with.
    pub key_id: Option<String>,
    message: &'a str,
    payload: &'a str,
    signature: &'a str,
}

#[derive(Deserialize)]
struct Header {
    alg: Algorithm,
    kid: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
}

impl<'a> Jws<'a> {
    /// Takes a token apart; none when it is not one, when its algorithm is unknown (`none` is), or
    /// when its header demands an extension.
    pub fn split(token: &'a str) -> Option<Self> {
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        if payload.contains('.') {
            return None;
        }
        let header = URL_SAFE_NO_PAD.decode(header).ok()?;
        let header: Header = serde_json::from_slice(&header).ok()?;
        if header.crit.is_some() {
            return None;
        }
        Some(Self {
            algorithm: header.alg,
            key_id: header.kid,
            message,
            payload,
            signature,
        })
    }

    /// Whether `key` has signed it with the algorithm that it names. Compares in constant time.
    pub fn is_signed_by(&self, key: &DecodingKey) -> bool {
        let message = self.message.as_bytes();
        jsonwebtoken::crypto::verify(self.signature, message, key, self.algorithm).unwrap_or(false)
    }

    /// The claims, as bytes.
    pub fn payload(&self) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD.decode(self.payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_header(header: &str) -> String {
        format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header))
    }

    #[test]
    fn what_is_no_token_is_not_taken_apart() {
        for text in ["", ".", "..", "a.b.c", "a.b", "e30.e30.e30"] {
            assert!(Jws::split(text).is_none(), "{text}");
        }
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"NONE"}"#,
            r#"{"alg":"HS256","crit":["b64"]}"#,
            r#"{"alg":1}"#,
        ] {
            assert!(Jws::split(&with_header(header)).is_none(), "{header}");
        }
        assert!(Jws::split("eyJhbGciOiJIUzI1NiJ9.e30.e30.AAAA").is_none());
    }

    #[test]
    fn the_header_names_algorithm_and_key() {
        let token = with_header(r#"{"alg":"RS256","kid":"a","typ":"JWT"}"#);
        let jws = Jws::split(&token).unwrap();
        assert_eq!(jws.algorithm, Algorithm::RS256);
        assert_eq!(jws.key_id.as_deref(), Some("a"));
        assert_eq!(jws.payload().unwrap(), b"{}");
        assert!(!jws.is_signed_by(&DecodingKey::from_secret(b"x")));
    }
}
