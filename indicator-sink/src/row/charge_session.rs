//! Table `charge_session`: every accepted session once, copies included.

use clickhouse::Row;
use domain::ChargeSession;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Archived, Source, Unstorable, count, unit};

/// A row of `charge_session`.
#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "each field is the column of that name, documented by its comment"
)]
pub struct ChargeSessionRow<'a> {
    pub operational_unit: &'a str,
    pub charge_point_id: &'a str,
    pub started_at: i64,
    pub ended_at: i64,
    pub station_id: &'a str,
    pub energy_wh: u64,
    pub received_at: i64,
    #[serde(with = "clickhouse::serde::uuid")]
    pub event_id: Uuid,
    #[serde(with = "clickhouse::serde::uuid")]
    pub request_id: Uuid,
    pub submitted_by: &'a str,
    pub source_topic: &'a str,
    pub source_partition: u16,
    pub source_offset: u64,
}

impl Archived for ChargeSession {
    const TABLE: &'static str = "charge_session";
    type Row = ChargeSessionRow<'static>;

    fn row<'a>(&'a self, source: Source<'a>) -> ChargeSessionRow<'a> {
        ChargeSessionRow {
            operational_unit: unit(self.charge_point_id.as_str()),
            charge_point_id: self.charge_point_id.as_str(),
            started_at: self.start.floor().as_ms(),
            ended_at: self.end.floor().as_ms(),
            station_id: self.station_id.as_str(),
            energy_wh: count(self.energy_wh),
            received_at: self.received_at.as_ms(),
            event_id: self.event_id.0,
            request_id: self.request_id.0,
            submitted_by: &self.submitted_by,
            source_topic: source.topic,
            source_partition: source.partition,
            source_offset: source.offset,
        }
    }

    fn check(&self) -> Result<(), Unstorable> {
        super::check_instant("started_at", self.start.floor())?;
        super::check_instant("ended_at", self.end.floor())?;
        super::check_instant("received_at", self.received_at)?;
        super::check_counts(&["energy_wh"], &[self.energy_wh])
    }

    fn partition_day(&self) -> i64 {
        super::day(self.start.floor())
    }
}
