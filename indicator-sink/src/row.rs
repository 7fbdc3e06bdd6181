//! Records as rows: column names, units, and what a table cannot hold.
//!
//! A row is a pure function of its record and of where that lay in Kafka: no clock, no lookup, no
//! state. Rows borrow from their record. A record is checked before it is kept, so that making its
//! row cannot fail.

mod charge_point;
mod charge_point_hour;
mod charge_point_status;
mod charge_session;
mod code;
mod failure_episode;
mod policy;
mod rejected_event;
mod sink_batch;
mod station_hour;

pub use charge_point::ChargePointRow;
pub use charge_point_hour::ChargePointHourRow;
pub use charge_point_status::ChargePointStatusRow;
pub use charge_session::ChargeSessionRow;
pub use failure_episode::FailureEpisodeRow;
pub use policy::PolicyRow;
pub use rejected_event::{Bytes, RejectedEventRow, Rejection};
pub use sink_batch::SinkBatchRow;
pub use station_hour::StationHourRow;

use domain::indicator::{Emission, FailureGauges};
use domain::{OperationalUnit, Timestamp};

/// The end of `DateTime` in ClickHouse: 2106-02-07, in ms since the epoch.
const LAST_INSTANT_MS: i64 = u32::MAX as i64 * 1000;

/// Milliseconds in a UTC day.
const DAY_MS: i64 = 86_400_000;

/// Where a record lay: part of its row.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: u16,
    /// The offset.
    pub offset: u64,
}

/// A value that its column cannot hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{column} is {value}, which its column cannot hold")]
pub struct Unstorable {
    column: &'static str,
    value: i64,
}

impl Unstorable {
    /// Names the column and the value.
    pub(crate) const fn range(column: &'static str, value: i64) -> Self {
        Self { column, value }
    }
}

/// A record that becomes one row of one table.
pub trait Archived: Send + Sync + 'static {
    /// The table.
    const TABLE: &'static str;

    /// The row, as long as it borrows from nothing.
    type Row: clickhouse::RowWrite;

    /// The row of a record that passed [`Archived::check`].
    fn row<'a>(&'a self, source: Source<'a>) -> <Self::Row as clickhouse::Row>::Value<'a>;

    /// The row without payload, where there is one.
    fn bare_row<'a>(&'a self, source: Source<'a>) -> <Self::Row as clickhouse::Row>::Value<'a> {
        self.row(source)
    }

    /// Refuses a record with a value that its column cannot hold.
    ///
    /// # Errors
    /// Names the column and the value.
    fn check(&self) -> Result<(), Unstorable>;

    /// The day of the instant that chooses the partition of the row, in days since the epoch.
    fn partition_day(&self) -> i64;

    /// The processor's clock at the emission, for figures.
    fn computed_at(&self) -> Option<Timestamp> {
        None
    }
}

/// The operational unit of an id: its first five characters.
fn unit(id: &str) -> &str {
    let end = id
        .char_indices()
        .nth(OperationalUnit::LENGTH)
        .map_or(id.len(), |(index, _)| index);
    id.get(..end).unwrap_or(id)
}

/// A count, which [`check_counts`] has found not to be negative.
fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A number that [`check_small`] has found to fit.
fn small(value: impl Into<i64>) -> u32 {
    u32::try_from(value.into().max(0)).unwrap_or(u32::MAX)
}

/// Seconds since the epoch of an instant that [`check_instant`] has found to fit.
fn seconds(instant: Timestamp) -> u32 {
    small(instant.as_ms() / 1000)
}

fn day(instant: Timestamp) -> i64 {
    instant.as_ms().div_euclid(DAY_MS)
}

fn check_instant(column: &'static str, instant: Timestamp) -> Result<(), Unstorable> {
    if (0..=LAST_INSTANT_MS).contains(&instant.as_ms()) {
        Ok(())
    } else {
        Err(Unstorable::range(column, instant.as_ms()))
    }
}

fn check_small(column: &'static str, value: i64) -> Result<(), Unstorable> {
    u32::try_from(value)
        .map(drop)
        .map_err(|_| Unstorable::range(column, value))
}

fn check_counts(columns: &[&'static str], values: &[i64]) -> Result<(), Unstorable> {
    match columns.iter().zip(values).find(|(_, value)| **value < 0) {
        None => Ok(()),
        Some((column, value)) => Err(Unstorable::range(column, *value)),
    }
}

fn check_gauges(gauges: FailureGauges) -> Result<(), Unstorable> {
    check_counts(
        &["open_failures_at_end", "oldest_open_failure_ms"],
        &[gauges.open_failures_at_end, gauges.oldest_open_failure_ms],
    )
}

fn check_emission(emission: &Emission) -> Result<(), Unstorable> {
    check_small("revision", emission.revision.into())?;
    check_instant("version", emission.version)?;
    check_instant("computed_at", emission.computed_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_of_a_short_or_accented_id_is_cut_between_characters() {
        assert_eq!(unit("FRS63E0012"), "FRS63");
        assert_eq!(unit("FR"), "FR");
        assert_eq!(unit("éàüöïxyz"), "éàüöï");
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        let error = check_counts(&["a_ms", "b_ms"], &[0, -3]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "b_ms is -3, which its column cannot hold"
        );
        assert!(check_small("power_w", 1 << 32).is_err());
        assert!(check_instant("event_time", Timestamp::from_ms(LAST_INSTANT_MS)).is_ok());
        assert!(check_instant("event_time", Timestamp::from_ms(LAST_INSTANT_MS + 1)).is_err());
    }
}
