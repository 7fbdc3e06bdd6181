//! How much state a task has: a book of the keys in its changelog and the lengths of their values,
//! kept as they are written, without the keys themselves.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use domain::engine::StateRecord;

/// How much state a task has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct StateSize {
    /// Entities.
    pub(crate) keys: usize,
    /// Their keys and values.
    pub(crate) bytes: usize,
}

/// The book. Two keys of one hash, one in 10^9 for a million keys, count as one.
#[derive(Clone, Debug, Default)]
pub(crate) struct StateBook {
    lengths: HashMap<u64, u32>,
    bytes: usize,
}

impl StateBook {
    /// Notes what is written.
    pub(crate) fn note(&mut self, record: &StateRecord) {
        let mut hasher = DefaultHasher::new();
        record.key.hash(&mut hasher);
        let hash = hasher.finish();
        let before = match &record.value {
            Some(value) => {
                let length = record.key.len() + value.len();
                self.bytes += length;
                let length = u32::try_from(length).unwrap_or(u32::MAX);
                self.lengths.insert(hash, length)
            }
            None => self.lengths.remove(&hash),
        };
        let before = before.map_or(0, |length| usize::try_from(length).unwrap_or(0));
        self.bytes = self.bytes.saturating_sub(before);
    }

    /// The size now.
    pub(crate) fn size(&self) -> StateSize {
        StateSize {
            keys: self.lengths.len(),
            bytes: self.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, value: Option<&[u8]>) -> StateRecord {
        StateRecord {
            key: key.to_owned(),
            value: value.map(<[u8]>::to_vec),
        }
    }

    #[test]
    fn a_key_counts_with_its_last_value_and_not_at_all_when_deleted() {
        let mut book = StateBook::default();
        for value in [&b"12345"[..], b"1"] {
            book.note(&record("a", Some(value)));
        }
        book.note(&record("bc", Some(b"123")));
        assert_eq!(book.size(), StateSize { keys: 2, bytes: 7 });
        book.note(&record("a", None));
        book.note(&record("unknown", None));
        assert_eq!(book.size(), StateSize { keys: 1, bytes: 5 });
    }
}
