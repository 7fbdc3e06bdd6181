//! The compatibility levels of a registry's subjects.

use std::fmt;
use std::str::FromStr;

/// What a registry promises about the versions of one subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompatibilityLevel {
    /// Nothing.
    None,
    /// A new schema reads what the latest wrote.
    Backward,
    /// A new schema reads what every former one wrote.
    BackwardTransitive,
    /// The latest schema reads what a new one writes.
    Forward,
    /// Every former schema reads what a new one writes.
    ForwardTransitive,
    /// Both directions, against the latest.
    Full,
    /// Both directions, against all.
    FullTransitive,
}

impl CompatibilityLevel {
    /// Returns the word of the registry's API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Backward => "BACKWARD",
            Self::BackwardTransitive => "BACKWARD_TRANSITIVE",
            Self::Forward => "FORWARD",
            Self::ForwardTransitive => "FORWARD_TRANSITIVE",
            Self::Full => "FULL",
            Self::FullTransitive => "FULL_TRANSITIVE",
        }
    }
}

impl fmt::Display for CompatibilityLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A word that is no compatibility level.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no compatibility level: use NONE, BACKWARD, FORWARD or FULL, or one with _TRANSITIVE"
)]
pub struct UnknownLevel(String);

impl FromStr for CompatibilityLevel {
    type Err = UnknownLevel;

    fn from_str(word: &str) -> Result<Self, UnknownLevel> {
        [
            Self::None,
            Self::Backward,
            Self::BackwardTransitive,
            Self::Forward,
            Self::ForwardTransitive,
            Self::Full,
            Self::FullTransitive,
        ]
        .into_iter()
        .find(|level| level.as_str() == word)
        .ok_or_else(|| UnknownLevel(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_read_back_from_its_word() {
        for word in ["NONE", "BACKWARD_TRANSITIVE", "FULL_TRANSITIVE", "FORWARD"] {
            assert_eq!(word.parse::<CompatibilityLevel>().unwrap().as_str(), word);
        }
        assert!("full".parse::<CompatibilityLevel>().is_err());
    }
}
