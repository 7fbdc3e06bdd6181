//! The keys that a provider publishes: a JSON Web Key Set, of which those are kept that sign tokens
//! in a way we accept.

use std::collections::HashMap;
use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// Keys of a set that are looked at: more than any provider has.
const MAX_KEYS: usize = 100;

/// A key, with the one algorithm that it is used with.
#[derive(Debug)]
pub struct Key {
    algorithm: Algorithm,
    verifying: DecodingKey,
    jwk: Jwk,
}

impl Key {
    /// The only algorithm that it is good for, whatever a token says.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What verifies.
    pub fn verifying(&self) -> &DecodingKey {
        &self.verifying
    }

    fn of(jwk: Jwk) -> Option<Self> {
        let is_for_signatures = jwk
            .common
            .public_key_use
            .as_ref()
            .is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
        let (algorithm, name) = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                (Algorithm::ES256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
            }
            _ => return None,
        };
        let is_ours = jwk.common.key_algorithm.is_none_or(|named| named == name);
        if !is_for_signatures || !is_ours {
            return None;
        }
        let verifying = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self {
            algorithm,
            verifying,
            jwk,
        })
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.jwk == other.jwk
    }
}

/// The keys of a provider, by id.
#[derive(Debug, PartialEq)]
pub struct KeySet(HashMap<String, Arc<Key>>);

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads a set; keys of other kinds, for other purposes or without an id are left out.
    ///
    /// # Errors
    /// When it is no set at all.
    pub fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        let published: Published = serde_json::from_slice(text)?;
        let mut keys = HashMap::new();
        for value in published.keys.into_iter().take(MAX_KEYS) {
            let jwk = serde_json::from_value::<Jwk>(value).ok();
            if let Some(key) = jwk.and_then(Key::of)
                && let Some(id) = key.jwk.common.key_id.clone()
            {
                keys.insert(id, Arc::new(key));
            }
        }
        Ok(Self(keys))
    }

    /// The key with this id.
    pub fn find(&self, id: &str) -> Option<Arc<Key>> {
        self.0.get(id).map(Arc::clone)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_keys_that_sign_in_an_accepted_way_are_kept() {
        let octets = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let rsa = |id: &str, more: &Value| {
            let mut key = json!({ "kty": "RSA", "kid": id, "n": octets, "e": "AQAB" });
            for (name, value) in more.as_object().unwrap() {
                key[name] = value.clone();
            }
            key
        };
        let set = json!({ "keys": [
            rsa("rsa", &json!({ "use": "sig", "alg": "RS256", "x5c": ["x"] })),
            rsa("bare", &json!({})),
            rsa("for-encryption", &json!({ "use": "enc" })),
            rsa("other-algorithm", &json!({ "alg": "RS512" })),
            rsa("oaep", &json!({ "alg": "RSA-OAEP" })),
            { "kty": "RSA", "n": octets, "e": "AQAB" },
            { "kty": "EC", "crv": "P-256", "kid": "ec", "x": octets, "y": octets },
            { "kty": "EC", "crv": "P-384", "kid": "ec-384", "x": octets, "y": octets },
            { "kty": "EC", "crv": "secp256k1", "kid": "ec-k1", "x": octets, "y": octets },
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": octets },
            { "kty": "oct", "kid": "secret", "k": octets },
            "no key",
        ]});
        let keys = KeySet::parse(set.to_string().as_bytes()).unwrap();
        let mut found: Vec<_> = keys.0.keys().map(String::as_str).collect();
        found.sort_unstable();
        assert_eq!(found, ["bare", "ec", "ed", "rsa"]);
        assert_eq!(keys.find("rsa").unwrap().algorithm(), Algorithm::RS256);
        assert_eq!(keys.find("ec").unwrap().algorithm(), Algorithm::ES256);
        assert_eq!(keys.find("ed").unwrap().algorithm(), Algorithm::EdDSA);
        assert!(KeySet::parse(b"{}").is_err() && KeySet::parse(b"").is_err());
    }
}
