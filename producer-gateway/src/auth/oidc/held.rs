//! The keys in force, and when the provider may be asked for others. Pure: the present is a
//! parameter.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::keys::{Key, KeySet};
use super::provider::Fetched;

/// How long after a question for an unknown key no other one is asked.
pub const UNKNOWN_KEY_PAUSE: Duration = Duration::from_secs(30);
/// How long the last good keys serve while the provider is down, from the moment they grew old.
const LAST_GOOD: Duration = Duration::from_hours(24);

/// What is known of a key.
#[derive(Debug)]
pub enum Found {
    /// It is in force.
    Key(Arc<Key>),
    /// There is no such key, as the provider said lately.
    Unknown,
    /// There is no such key here, and the provider may be asked.
    Ask,
    /// There are no keys, or the provider could not be asked for this one.
    NoKeys,
}

/// The keys in force.
#[derive(Debug, Default)]
pub struct Held {
    keys: Option<(KeySet, Instant)>,
    number: u64,
    good_for: Duration,
    asked_for_unknown: Option<Instant>,
    has_failed: bool,
}

impl Held {
    /// The number of these keys; none when there are none, or they are too old.
    pub fn number(&self, now: Instant) -> Option<u64> {
        self.in_force(now).map(|_keys| self.number)
    }

    /// What is known of the key with this id.
    pub fn find(&self, id: &str, now: Instant) -> Found {
        let Some(keys) = self.in_force(now) else {
            return Found::NoKeys;
        };
        if let Some(key) = keys.find(id) {
            return Found::Key(key);
        }
        let asked = self.asked_for_unknown;
        if asked.is_none_or(|at| now - at >= UNKNOWN_KEY_PAUSE) {
            return Found::Ask;
        }
        if self.has_failed {
            Found::NoKeys
        } else {
            Found::Unknown
        }
    }

    fn in_force(&self, now: Instant) -> Option<&KeySet> {
        self.keys
            .as_ref()
            .filter(|(_keys, since)| now - *since < self.good_for + LAST_GOOD)
            .map(|(keys, _since)| keys)
    }

    /// Says that the provider is asked for a key that is not known.
    pub fn asked_for_unknown(&mut self, now: Instant) {
        self.asked_for_unknown = Some(now);
    }

    /// Takes over what the provider said; true when its keys are others than before.
    pub fn fetched(&mut self, fetched: Fetched, now: Instant) -> bool {
        let is_new = self
            .keys
            .as_ref()
            .is_none_or(|(keys, _since)| *keys != fetched.keys);
        if is_new {
            self.number += 1;
        }
        self.keys = Some((fetched.keys, now));
        self.good_for = fetched.good_for;
        self.has_failed = false;
        is_new
    }

    /// Says that the provider did not answer.
    pub fn failed(&mut self) {
        self.has_failed = true;
    }

    /// How long the provider need not be asked.
    pub fn good_for(&self) -> Duration {
        self.good_for
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    fn fetched(set: &str) -> Fetched {
        Fetched {
            keys: KeySet::parse(set.as_bytes()).unwrap(),
            good_for: Duration::from_mins(10),
        }
    }

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn an_unknown_key_may_be_asked_for_every_thirty_seconds() {
        let start = Instant::now();
        let mut held = Held::default();
        assert!(matches!(held.find("a", start), Found::NoKeys));
        held.fetched(fetched(SET), start);
        assert!(matches!(held.find("a", start), Found::Key(_)));
        assert!(matches!(held.find("b", start), Found::Ask));
        held.asked_for_unknown(start);
        held.fetched(fetched(SET), start);
        assert!(matches!(held.find("b", after(start, 29)), Found::Unknown));
        assert!(matches!(held.find("b", after(start, 30)), Found::Ask));
        assert!(matches!(held.find("a", after(start, 29)), Found::Key(_)));
    }

    #[test]
    fn an_unknown_key_cannot_be_judged_while_the_provider_is_down() {
        let start = Instant::now();
        let mut held = Held::default();
        held.fetched(fetched(SET), start);
        held.asked_for_unknown(start);
        held.failed();
        assert!(matches!(held.find("b", after(start, 1)), Found::NoKeys));
        assert!(matches!(held.find("a", after(start, 1)), Found::Key(_)));
    }

    #[test]
    fn the_last_good_keys_serve_a_day() {
        let start = Instant::now();
        let mut held = Held::default();
        held.fetched(fetched(SET), start);
        held.failed();
        let end = 600 + 24 * 3_600;
        assert_eq!(held.number(after(start, end - 1)), Some(1));
        assert_eq!(held.number(after(start, end)), None);
        assert!(matches!(held.find("a", after(start, end)), Found::NoKeys));
    }

    #[test]
    fn the_number_changes_with_the_keys_only() {
        let now = Instant::now();
        let mut held = Held::default();
        assert!(held.fetched(fetched(SET), now));
        assert!(!held.fetched(fetched(SET), now));
        assert_eq!(held.number(now), Some(1));
        assert!(held.fetched(fetched(&SET.replace("\"a\"", "\"b\"")), now));
        assert_eq!(held.number(now), Some(2));
    }
}
