//! An instant that may be missing, in the room of one: the state holds many of them.

use crate::time::Timestamp;

/// Stands for none: no record can be of it.
const NONE: Timestamp = Timestamp::from_ms(i64::MAX);

/// An instant or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MaybeInstant(Timestamp);

impl MaybeInstant {
    /// The instant.
    pub(super) fn get(self) -> Option<Timestamp> {
        (self.0 != NONE).then_some(self.0)
    }
}

impl Default for MaybeInstant {
    fn default() -> Self {
        Self(NONE)
    }
}

impl From<Option<Timestamp>> for MaybeInstant {
    fn from(value: Option<Timestamp>) -> Self {
        Self(value.unwrap_or(NONE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_comes_back_and_none_too() {
        for value in [None, Some(Timestamp::MIN), Some(Timestamp::from_ms(0))] {
            assert_eq!(MaybeInstant::from(value).get(), value);
        }
        assert_eq!(MaybeInstant::default().get(), None);
    }
}
