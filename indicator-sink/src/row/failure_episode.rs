//! Table `failure_episode`: one episode, open or ended.

use clickhouse::Row;
use domain::{EpisodeOutcome, FailureEpisode, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Archived, Source, Unstorable, code, count, unit};

/// A row of `failure_episode`.
#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "each field is the column of that name, documented by its comment"
)]
pub struct FailureEpisodeRow<'a> {
    pub policy: &'a str,
    pub operational_unit: &'a str,
    pub entity_type: i8,
    pub station_id: &'a str,
    pub charge_point_id: &'a str,
    pub opened_at: i64,
    pub outcome: i8,
    pub closed_at: Option<i64>,
    pub time_to_return_ms: Option<u64>,
    pub out_of_service_ms: Option<u64>,
    pub unknown_ms: Option<u64>,
    pub left_censored: bool,
    pub onset_uncertain: bool,
    pub unknown_inside: bool,
    pub code_insee_commune: &'a str,
    pub power_w: u32,
    pub revision: u32,
    pub version: u64,
    pub is_deleted: u8,
    pub computed_at: i64,
    pub source_topic: &'a str,
    pub source_partition: u16,
    pub source_offset: u64,
}

impl Archived for FailureEpisode {
    const TABLE: &'static str = "failure_episode";
    type Row = FailureEpisodeRow<'static>;

    fn row<'a>(&'a self, source: Source<'a>) -> FailureEpisodeRow<'a> {
        let end = self.end;
        FailureEpisodeRow {
            policy: &self.policy,
            operational_unit: unit(self.station_id.as_str()),
            entity_type: code::entity_type(self.entity_type()),
            station_id: self.station_id.as_str(),
            charge_point_id: self.charge_point_id.as_ref().map_or("", |id| id.as_str()),
            opened_at: self.opened_at.as_ms(),
            outcome: code::outcome(self.outcome),
            closed_at: end.map(|end| end.closed_at.as_ms()),
            time_to_return_ms: end.map(|end| count(end.time_to_return_ms)),
            out_of_service_ms: end.map(|end| count(end.out_of_service_ms)),
            unknown_ms: end.map(|end| count(end.unknown_ms)),
            left_censored: self.flags.left_censored,
            onset_uncertain: self.flags.onset_uncertain,
            unknown_inside: self.flags.unknown_inside,
            code_insee_commune: &self.code_insee_commune,
            power_w: super::small(self.power_w),
            revision: super::small(self.revision),
            version: count(self.version.as_ms()),
            is_deleted: u8::from(self.outcome == EpisodeOutcome::Retracted),
            computed_at: self.computed_at.as_ms(),
            source_topic: source.topic,
            source_partition: source.partition,
            source_offset: source.offset,
        }
    }

    fn check(&self) -> Result<(), Unstorable> {
        super::check_instant("opened_at", self.opened_at)?;
        super::check_small("power_w", self.power_w)?;
        super::check_small("revision", self.revision.into())?;
        super::check_instant("version", self.version)?;
        super::check_instant("computed_at", self.computed_at)?;
        let Some(end) = self.end else {
            return Ok(());
        };
        super::check_instant("closed_at", end.closed_at)?;
        super::check_counts(
            &["time_to_return_ms", "out_of_service_ms", "unknown_ms"],
            &[end.time_to_return_ms, end.out_of_service_ms, end.unknown_ms],
        )
    }

    fn partition_day(&self) -> i64 {
        super::day(self.opened_at)
    }

    fn computed_at(&self) -> Option<Timestamp> {
        Some(self.computed_at)
    }
}
