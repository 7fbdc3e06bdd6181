//! The time of day, for `--end now` and for live traffic; nothing else here reads it.

use domain::{Timestamp, TimestampMicros};

/// This instant.
pub fn now() -> Timestamp {
    TimestampMicros::from_us(jiff::Timestamp::now().as_microsecond()).floor()
}
