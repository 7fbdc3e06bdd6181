//! Table `charge_point_hour`: one hour of one charge point.

use clickhouse::Row;
use domain::{ChargePointIndicator, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Archived, Source, Unstorable, code, count, unit};

/// A row of `charge_point_hour`.
#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "each field is the column of that name, documented by its comment"
)]
pub struct ChargePointHourRow<'a> {
    pub policy: &'a str,
    pub operational_unit: &'a str,
    pub station_id: &'a str,
    pub charge_point_id: &'a str,
    pub window_start: u32,
    pub code_insee_commune: &'a str,
    pub power_w: u32,
    pub free_ms: u64,
    pub occupied_ms: u64,
    pub reserved_ms: u64,
    pub in_service_ms: u64,
    pub out_of_service_ms: u64,
    pub unknown_short_ms: u64,
    pub unknown_long_ms: u64,
    pub closed_ms: u64,
    pub inactive_ms: u64,
    pub failures: u64,
    pub returns: u64,
    pub time_to_return_ms: u64,
    pub returns_under_2h: u64,
    pub returns_2h_to_24h: u64,
    pub returns_24h_to_7d: u64,
    pub returns_over_7d: u64,
    pub statuses: u64,
    pub duplicate_statuses: u64,
    pub conflicting_statuses: u64,
    pub late_statuses: u64,
    pub inconsistent_statuses: u64,
    pub status_delay_ms: u64,
    pub fresh_statuses: u64,
    pub sessions: u64,
    pub duplicate_sessions: u64,
    pub flagged_sessions: u64,
    pub successful_sessions_2min: u64,
    pub successful_sessions_3min: u64,
    pub session_ms: u64,
    pub energy_wh: u64,
    pub flagged_energy_wh: u64,
    pub state_at_end: i8,
    pub open_failures_at_end: u64,
    pub oldest_open_failure_ms: u64,
    pub phase: i8,
    pub revision: u32,
    pub version: u64,
    pub computed_at: i64,
    pub source_topic: &'a str,
    pub source_partition: u16,
    pub source_offset: u64,
}

impl Archived for ChargePointIndicator {
    const TABLE: &'static str = "charge_point_hour";
    type Row = ChargePointHourRow<'static>;

    fn row<'a>(&'a self, source: Source<'a>) -> ChargePointHourRow<'a> {
        let vector = &self.vector;
        ChargePointHourRow {
            policy: &self.policy,
            operational_unit: unit(self.charge_point_id.as_str()),
            station_id: self.station_id.as_str(),
            charge_point_id: self.charge_point_id.as_str(),
            window_start: super::seconds(self.window.start()),
            code_insee_commune: &self.code_insee_commune,
            power_w: super::small(self.power_w),
            free_ms: count(vector.free_ms),
            occupied_ms: count(vector.occupied_ms),
            reserved_ms: count(vector.reserved_ms),
            in_service_ms: count(vector.in_service_ms),
            out_of_service_ms: count(vector.out_of_service_ms),
            unknown_short_ms: count(vector.unknown_short_ms),
            unknown_long_ms: count(vector.unknown_long_ms),
            closed_ms: count(vector.closed_ms),
            inactive_ms: count(vector.inactive_ms),
            failures: count(vector.failures),
            returns: count(vector.returns),
            time_to_return_ms: count(vector.time_to_return_ms),
            returns_under_2h: count(vector.returns_under_2h),
            returns_2h_to_24h: count(vector.returns_2h_to_24h),
            returns_24h_to_7d: count(vector.returns_24h_to_7d),
            returns_over_7d: count(vector.returns_over_7d),
            statuses: count(vector.statuses),
            duplicate_statuses: count(vector.duplicate_statuses),
            conflicting_statuses: count(vector.conflicting_statuses),
            late_statuses: count(vector.late_statuses),
            inconsistent_statuses: count(vector.inconsistent_statuses),
            status_delay_ms: count(vector.status_delay_ms),
            fresh_statuses: count(vector.fresh_statuses),
            sessions: count(vector.sessions),
            duplicate_sessions: count(vector.duplicate_sessions),
            flagged_sessions: count(vector.flagged_sessions),
            successful_sessions_2min: count(vector.successful_sessions_2min),
            successful_sessions_3min: count(vector.successful_sessions_3min),
            session_ms: count(vector.session_ms),
            energy_wh: count(vector.energy_wh),
            flagged_energy_wh: count(vector.flagged_energy_wh),
            state_at_end: code::charge_point_state(self.state_at_end),
            open_failures_at_end: count(self.gauges.open_failures_at_end),
            oldest_open_failure_ms: count(self.gauges.oldest_open_failure_ms),
            phase: code::phase(self.emission.phase),
            revision: super::small(self.emission.revision),
            version: count(self.emission.version.as_ms()),
            computed_at: self.emission.computed_at.as_ms(),
            source_topic: source.topic,
            source_partition: source.partition,
            source_offset: source.offset,
        }
    }

    fn check(&self) -> Result<(), Unstorable> {
        super::check_instant("window_start", self.window.start())?;
        super::check_emission(&self.emission)?;
        super::check_small("power_w", self.power_w)?;
        super::check_counts(&domain::indicator::Vector::NAMES, &self.vector.to_array())?;
        super::check_gauges(self.gauges)
    }

    fn partition_day(&self) -> i64 {
        super::day(self.window.start())
    }

    fn computed_at(&self) -> Option<Timestamp> {
        Some(self.emission.computed_at)
    }
}
