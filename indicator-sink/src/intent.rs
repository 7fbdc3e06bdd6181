//! What a commit says beside its offset: the range that is about to be written.
//!
//! Offset N with `{"v":1,"to":M}` means that `[N, M)` was intended; whoever takes the partition up
//! reads exactly that range first, so that it is written under the same name as before.

use serde::{Deserialize, Serialize};

/// The form of the text that this version writes, and the only one that it reads.
const VERSION: u64 = 1;

/// A range that was intended, from the committed offset on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Intent {
    /// The offset after it.
    pub to: i64,
    /// Whether it is written in parts.
    pub is_split: bool,
}

/// Where a partition stands in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The next offset; none when nothing was committed.
    pub next: Option<i64>,
    /// What was intended from there on.
    pub intent: Option<Intent>,
}

/// Metadata of a commit that this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the metadata {0:?} of the committed offset is unknown: start the version of the sink that wrote it"
)]
pub struct UnknownIntent(String);

#[derive(Serialize, Deserialize)]
struct Text {
    v: u64,
    to: i64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    split: bool,
}

impl Intent {
    /// The text of a commit that intends this, or nothing.
    pub fn text_of(intent: Option<Self>) -> String {
        intent.map_or_else(String::new, |intent| {
            let (to, split) = (
                intent.to,
                if intent.is_split {
                    r#","split":true"#
                } else {
                    ""
                },
            );
            format!(r#"{{"v":{VERSION},"to":{to}{split}}}"#)
        })
    }
}

impl Position {
    /// Reads what the group has; an intent that ends before it begins means nothing.
    ///
    /// # Errors
    /// When the metadata are not ours.
    pub fn of(next: Option<i64>, metadata: &str) -> Result<Self, UnknownIntent> {
        let Some(from) = next else {
            return Ok(Self::default());
        };
        if metadata.is_empty() {
            return Ok(Self { next, intent: None });
        }
        match serde_json::from_str::<Text>(metadata) {
            Ok(Text {
                v: VERSION,
                to,
                split,
            }) => {
                let intent = Intent {
                    to,
                    is_split: split,
                };
                Ok(Self {
                    next,
                    intent: Some(intent).filter(|intent| intent.to > from),
                })
            }
            Ok(_) | Err(_) => Err(UnknownIntent(metadata.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for is_split in [false, true] {
            let intent = Some(Intent { to: 9, is_split });
            let position = Position {
                next: Some(3),
                intent,
            };
            assert_eq!(
                Position::of(Some(3), &Intent::text_of(intent)),
                Ok(position)
            );
        }
        let plain = Intent {
            to: 9,
            is_split: false,
        };
        assert_eq!(Intent::text_of(Some(plain)), r#"{"v":1,"to":9}"#);
        assert_eq!(Intent::text_of(None), "");
        let position = Position {
            next: Some(3),
            intent: None,
        };
        assert_eq!(Position::of(Some(3), ""), Ok(position));
    }

    #[test]
    fn an_unknown_text_is_refused_and_an_empty_range_means_nothing() {
        for text in ["x", r#"{"v":2,"to":9}"#, r#"{"to":9}"#, "{}"] {
            let error = Position::of(Some(3), text).unwrap_err();
            assert!(error.to_string().contains("is unknown"), "{error}");
        }
        let position = Position::of(Some(9), r#"{"v":1,"to":9}"#).unwrap();
        assert_eq!(position.intent, None);
    }
}
