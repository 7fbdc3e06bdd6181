//! What an error means for the range in hand: try again, wait for an operator, or divide it.
//!
//! The codes are ClickHouse's, read from the text `Code: N. DB::Exception: …`.

use std::time::Duration;

use clickhouse::error::Error;
use platform::backoff::Backoff;

/// How long to wait before an insert that may succeed next time.
const RETRY_MIN: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// How long to wait for an operator.
pub const CONFIGURATION_WAIT: Duration = Duration::from_secs(30);

/// Tries after which an unknown error is one for an operator.
const UNKNOWN_TRIES: u32 = 10;

/// The waits between attempts.
pub fn backoff() -> Backoff {
    Backoff::new(RETRY_MIN, RETRY_MAX, 1.0).unwrap_or(Backoff::STANDARD)
}

/// Why a record goes to `dead-letter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The value is not in Confluent framing.
    NotFramed,
    /// The registry does not know the schema id.
    UnknownSchema,
    /// Records of that schema cannot be read as ours.
    IncompatibleSchema,
    /// The bytes are not a record of their schema.
    BadBytes,
    /// A value does not fit its column.
    OutOfRange,
    /// ClickHouse refuses this record and takes those around it.
    RefusedByStore,
}

impl Reason {
    /// The word in the header and in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotFramed => "not_framed",
            Self::UnknownSchema => "unknown_schema",
            Self::IncompatibleSchema => "incompatible_schema",
            Self::BadBytes => "bad_bytes",
            Self::OutOfRange => "out_of_range",
            Self::RefusedByStore => "refused_by_store",
        }
    }
}

/// Why a record goes to `dead-letter`, as a word and as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// As a word.
    pub reason: Reason,
    /// As a sentence.
    pub message: String,
}

/// What to do about a failed insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// The same insert again, with growing waits, without end.
    Retry,
    /// As retry, and larger ranges would help.
    SlowDown,
    /// Nothing can be inserted until an operator repairs something.
    Configuration,
    /// The data are at fault: once more, then in parts.
    Data,
    /// Not known: as retry for a while, then as configuration.
    Unknown,
}

impl Disposition {
    /// What it is after so many failures in a row.
    #[must_use]
    pub const fn after(self, attempts: u32) -> Self {
        match self {
            Self::Unknown if attempts >= UNKNOWN_TRIES => Self::Configuration,
            other => other,
        }
    }

    /// How long to wait after so many failures in a row.
    pub fn delay(self, attempts: u32) -> Duration {
        match self {
            Self::Configuration => CONFIGURATION_WAIT,
            Self::Retry | Self::SlowDown | Self::Data | Self::Unknown => {
                backoff().delay(attempts.saturating_sub(1))
            }
        }
    }

    /// The word in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::SlowDown => "slow_down",
            Self::Configuration => "configuration",
            Self::Data => "data",
            Self::Unknown => "unknown",
        }
    }
}

/// Decides about an error of the client.
pub fn of(error: &Error) -> Disposition {
    match error {
        Error::BadResponse(text) => of_response(text),
        Error::SchemaMismatch(_) | Error::InvalidParams(_) | Error::Unsupported(_) => {
            Disposition::Configuration
        }
        Error::Custom(_)
        | Error::InvalidTagEncoding(_)
        | Error::VariantDiscriminatorIsOutOfBound(_)
        | Error::SequenceMustHaveLength => Disposition::Data,
        // Network, timeout, a cut answer: the outcome is not known, the token makes it safe. The
        // enum is not exhaustive; what it may gain is met the same way.
        _ => Disposition::Retry,
    }
}

/// Returns ClickHouse's code of an error, if its answer had one.
pub fn code_of(error: &Error) -> Option<u32> {
    match error {
        Error::BadResponse(text) => code_in(text),
        _ => None,
    }
}

fn of_response(text: &str) -> Disposition {
    match code_in(text) {
        None
        | Some(
            3 | 32 | 107 | 159 | 164 | 202 | 203 | 209 | 210 | 225 | 241 | 242 | 279 | 285 | 286
            | 319 | 394 | 425 | 473 | 999 | 1002,
        ) => Disposition::Retry,
        Some(252) => Disposition::SlowDown,
        Some(16 | 36 | 47 | 60 | 62 | 73 | 81 | 115 | 192 | 193 | 194 | 497 | 516) => {
            Disposition::Configuration
        }
        Some(6 | 26 | 27 | 33 | 53 | 69 | 117 | 131 | 321 | 349 | 469 | 691) => Disposition::Data,
        Some(_) => Disposition::Unknown,
    }
}

fn code_in(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("Code: ")?;
    let digits = rest.split(|character: char| !character.is_ascii_digit());
    digits.into_iter().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(text: &str) -> Disposition {
        of(&Error::BadResponse(text.to_owned()))
    }

    #[test]
    fn the_code_decides() {
        let cases = [
            ("Code: 241. DB::Exception: memory", Disposition::Retry),
            ("Code: 252. DB::Exception: parts", Disposition::SlowDown),
            (
                "Code: 60. DB::Exception: no table",
                Disposition::Configuration,
            ),
            (
                "Code: 516. DB::Exception: password",
                Disposition::Configuration,
            ),
            ("Code: 469. DB::Exception: constraint", Disposition::Data),
            ("Code: 7777. DB::Exception: new", Disposition::Unknown),
            ("502 Bad Gateway", Disposition::Retry),
        ];
        for (text, expected) in cases {
            assert_eq!(response(text), expected, "{text}");
        }
        assert_eq!(
            code_of(&Error::BadResponse("Code: 60. x".to_owned())),
            Some(60)
        );
    }

    #[test]
    fn an_unknown_outcome_is_repeated_and_a_wrong_schema_is_not() {
        assert_eq!(of(&Error::TimedOut), Disposition::Retry);
        assert_eq!(of(&Error::NotEnoughData), Disposition::Retry);
        let mismatch = Error::SchemaMismatch("no column x".to_owned());
        assert_eq!(of(&mismatch), Disposition::Configuration);
    }
}
