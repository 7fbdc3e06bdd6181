//! Table `charge_point_status`: every accepted status once, copies included.

use clickhouse::Row;
use domain::ChargePointStatus;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Archived, Source, Unstorable, code, unit};

/// A row of `charge_point_status`.
#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "each field is the column of that name, documented by its comment"
)]
pub struct ChargePointStatusRow<'a> {
    pub operational_unit: &'a str,
    pub charge_point_id: &'a str,
    pub event_time: i64,
    pub station_id: &'a str,
    pub horodatage: i64,
    pub received_at: i64,
    pub etat_pdc: i8,
    pub occupation_pdc: i8,
    pub etat_prise_type_2: Option<i8>,
    pub etat_prise_type_combo_ccs: Option<i8>,
    pub etat_prise_type_chademo: Option<i8>,
    pub etat_prise_type_ef: Option<i8>,
    #[serde(with = "clickhouse::serde::uuid")]
    pub event_id: Uuid,
    #[serde(with = "clickhouse::serde::uuid")]
    pub request_id: Uuid,
    pub submitted_by: &'a str,
    pub source_topic: &'a str,
    pub source_partition: u16,
    pub source_offset: u64,
}

impl Archived for ChargePointStatus {
    const TABLE: &'static str = "charge_point_status";
    type Row = ChargePointStatusRow<'static>;

    fn row<'a>(&'a self, source: Source<'a>) -> ChargePointStatusRow<'a> {
        let payload = &self.payload;
        ChargePointStatusRow {
            operational_unit: unit(self.charge_point_id.as_str()),
            charge_point_id: self.charge_point_id.as_str(),
            event_time: self.event_time.floor().as_ms(),
            station_id: self.station_id.as_str(),
            horodatage: self.event_time.as_us(),
            received_at: self.received_at.as_ms(),
            etat_pdc: code::service_state(payload.service_state),
            occupation_pdc: code::occupancy(payload.occupancy),
            etat_prise_type_2: code::connector(payload.connector_type_2),
            etat_prise_type_combo_ccs: code::connector(payload.connector_ccs),
            etat_prise_type_chademo: code::connector(payload.connector_chademo),
            etat_prise_type_ef: code::connector(payload.connector_ef),
            event_id: self.event_id.0,
            request_id: self.request_id.0,
            submitted_by: &self.submitted_by,
            source_topic: source.topic,
            source_partition: source.partition,
            source_offset: source.offset,
        }
    }

    fn check(&self) -> Result<(), Unstorable> {
        super::check_instant("event_time", self.event_time.floor())?;
        super::check_instant("received_at", self.received_at)
    }

    fn partition_day(&self) -> i64 {
        super::day(self.event_time.floor())
    }
}
