//! Tokens whose signature was found good, so that it is checked once per token and not per request.
//!
//! Only the signature is remembered: the time is checked at every request, and so is the user,
//! so that nothing that is taken from an account outlives the taking. Kept are digests, never
//! tokens. Bounded: two generations of `GENERATION` entries; only verified tokens get in, so
//! that nobody without an account can fill it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest as _, Sha256};

use super::claims::Identity;

/// Tokens of a generation; about 250 bytes each, 5 MB for both generations.
const GENERATION: usize = 10_000;

/// A digest that stands for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest of a token. That it is a cryptographic one keeps the time of a look-up from
    /// telling anything about tokens that are good.
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }
}

/// A verified token and the keys it was verified with.
#[derive(Debug, Clone)]
struct Entry {
    identity: Arc<Identity>,
    key_set: u64,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<TokenDigest, Entry>,
    old: HashMap<TokenDigest, Entry>,
}

/// The verified tokens.
#[derive(Debug, Default)]
pub struct VerifiedTokens(RwLock<Generations>);

impl VerifiedTokens {
    /// The bearer of a token that was verified with the keys of `key_set`.
    pub fn find(&self, digest: TokenDigest, key_set: u64) -> Option<Arc<Identity>> {
        let generations = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let entry = generations.young.get(&digest);
        let (entry, is_old) = match entry {
            Some(entry) => (entry.clone(), false),
            None => (generations.old.get(&digest)?.clone(), true),
        };
        drop(generations);
        if entry.key_set != key_set {
            return None;
        }
        let identity = Arc::clone(&entry.identity);
        if is_old {
            self.insert(digest, entry);
        }
        Some(identity)
    }

    /// Remembers a token that was verified with the keys of `key_set`.
    pub fn remember(&self, digest: TokenDigest, identity: Arc<Identity>, key_set: u64) {
        self.insert(digest, Entry { identity, key_set });
    }

    fn insert(&self, digest: TokenDigest, entry: Entry) {
        let mut generations = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if generations.young.len() >= GENERATION {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(digest, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::claims::{Terms, check};

    fn identity() -> Arc<Identity> {
        let terms = Terms {
            issuer: "i".to_owned(),
            audience: "a".to_owned(),
        };
        let claims = br#"{"iss":"i","aud":"a","exp":10,"email":"u@a.fr"}"#;
        Arc::new(check(claims, &terms, 0).unwrap())
    }

    #[test]
    fn a_token_is_known_as_long_as_its_keys_are_in_force() {
        let tokens = VerifiedTokens::default();
        let digest = TokenDigest::of("a.b.c");
        assert!(tokens.find(digest, 1).is_none());
        tokens.remember(digest, identity(), 1);
        assert!(tokens.find(digest, 1).is_some());
        assert!(tokens.find(digest, 2).is_none());
        assert!(tokens.find(TokenDigest::of("a.b.d"), 1).is_none());
    }

    #[test]
    fn the_number_of_tokens_is_bounded_and_those_in_use_stay() {
        let tokens = VerifiedTokens::default();
        let used = TokenDigest::of("used");
        let identity = identity();
        tokens.remember(used, Arc::clone(&identity), 0);
        for number in 0..5 * GENERATION {
            let digest = TokenDigest::of(&number.to_string());
            tokens.remember(digest, Arc::clone(&identity), 0);
            if number % 1_000 == 0 {
                assert!(tokens.find(used, 0).is_some(), "{number}");
            }
        }
        let generations = tokens.0.read().unwrap();
        assert!(generations.young.len() + generations.old.len() <= 2 * GENERATION);
    }
}
