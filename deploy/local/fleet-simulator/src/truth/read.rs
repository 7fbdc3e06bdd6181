//! From the files of a fleet to what the log holds of each charge point.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use domain::charge_point::whole_thousandths;
use domain::{ChargePointId, Span, StationId, Timestamp};
use oracle::{ChargePointLog, Entry, SessionRecord, StatusRecord};
use serde::Deserialize;
use serde_json::Value;

use crate::item::{SessionItem, StatusItem};
use crate::lines;
use crate::plan::{Delivery, Folder, Kind};

/// The delay that a backfill gives to statuses.
const BACKFILL_STATUS_DELAY: Span = Span::from_seconds(30);
/// The delay that a backfill gives to sessions, from their end on.
const BACKFILL_SESSION_DELAY: Span = Span::from_minutes(10);

/// Which files say what was accepted, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Source {
    /// `deliveries.jsonl`: its valid items, received as planned.
    Deliveries,
    /// `statuses.jsonl` and `sessions.jsonl`, as a backfill publishes them: received 30 s after the
    /// event or 10 min after the end of the session, and a repeated item once.
    Files,
}

/// The logs by charge point, and how many records name none of them.
#[derive(Debug, Default)]
pub struct Logs {
    /// Every charge point of the directory.
    pub by_charge_point: BTreeMap<ChargePointId, ChargePointLog>,
    /// Records of charge points that are not in the directory; a gateway refuses them.
    pub unknown_charge_points: u64,
    /// Records read. Their order decides between records of equal reception.
    records: i64,
}

/// What matters here of a line of the directory.
#[derive(Deserialize)]
struct DirectoryLine {
    id_pdc_itinerance: String,
    id_station_itinerance: String,
    puissance_nominale: Value,
}

/// Reads directory and records of the fleet in `folder`.
///
/// # Errors
/// When a file cannot be read, a line cannot be understood, or deliveries do not stand in the order
/// of their reception.
pub fn read(folder: &Folder, source: Source) -> anyhow::Result<Logs> {
    let mut logs = Logs::default();
    lines::for_each(&folder.statique(), |line| logs.add_charge_point(&line))?;
    match source {
        Source::Deliveries => logs.read_deliveries(folder)?,
        Source::Files => logs.read_files(folder)?,
    }
    Ok(logs)
}

impl Logs {
    fn add_charge_point(&mut self, line: &DirectoryLine) -> anyhow::Result<()> {
        let charge_point_id = ChargePointId::parse(&line.id_pdc_itinerance)?;
        let kilowatts = match &line.puissance_nominale {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let log = ChargePointLog {
            charge_point_id: charge_point_id.clone(),
            station_id: StationId::parse(&line.id_station_itinerance)?,
            entry: Entry::unchanging(whole_thousandths(
                kilowatts.context("puissance_nominale is not a number")?,
            )),
            statuses: Vec::new(),
            sessions: Vec::new(),
        };
        self.by_charge_point.insert(charge_point_id, log);
        Ok(())
    }

    fn read_deliveries(&mut self, folder: &Folder) -> anyhow::Result<()> {
        let mut clock = Timestamp::default();
        lines::for_each(&folder.deliveries(), |delivery: Delivery| {
            let received_at = delivery.received_at();
            if received_at < clock {
                bail!(
                    "received_at_ms {} goes back: sort the deliveries",
                    delivery.received_at_ms
                );
            }
            clock = received_at;
            match delivery.kind {
                _ if !delivery.valid => Ok(()),
                Kind::Status => {
                    self.add_status(&serde_json::from_str(delivery.item.get())?, |_| received_at)
                }
                Kind::Session => {
                    self.add_session(&serde_json::from_str(delivery.item.get())?, |_| received_at);
                    Ok(())
                }
            }
        })
    }

    fn read_files(&mut self, folder: &Folder) -> anyhow::Result<()> {
        lines::for_each(&folder.statuses(), |item| {
            self.add_status(&item, |event_time| event_time + BACKFILL_STATUS_DELAY)
        })?;
        lines::for_each(&folder.sessions(), |item| {
            self.add_session(&item, |end| end + BACKFILL_SESSION_DELAY);
            Ok(())
        })?;
        for log in self.by_charge_point.values_mut() {
            // Stable: records of one instant keep the order of their file.
            log.statuses.sort_by_key(|status| status.received_at);
            log.sessions.sort_by_key(|session| session.received_at);
            let mut seen = BTreeSet::new();
            log.statuses
                .retain(|status| seen.insert((status.event_time, status.payload)));
            let mut seen = BTreeSet::new();
            log.sessions
                .retain(|session| seen.insert((session.start, session.end, session.energy_wh)));
        }
        Ok(())
    }

    fn add_status(
        &mut self,
        item: &StatusItem,
        received_at: impl Fn(Timestamp) -> Timestamp,
    ) -> anyhow::Result<()> {
        let event_time = item.horodatage.floor();
        let received_at = received_at(event_time);
        let record = StatusRecord {
            event_time,
            received_at,
            stamp: received_at,
            offset: self.next_offset(),
            payload: item.payload()?,
        };
        match self.log_of(&item.id_pdc_itinerance) {
            Some(log) => log.statuses.push(record),
            None => self.unknown_charge_points += 1,
        }
        Ok(())
    }

    fn add_session(&mut self, item: &SessionItem, received_at: impl Fn(Timestamp) -> Timestamp) {
        let end = item.end.floor();
        let received_at = received_at(end);
        let record = SessionRecord {
            start: item.start.floor(),
            end,
            energy_wh: item.energy_wh(),
            received_at,
            stamp: received_at,
            offset: self.next_offset(),
        };
        match self.log_of(&item.id_pdc_itinerance) {
            Some(log) => log.sessions.push(record),
            None => self.unknown_charge_points += 1,
        }
    }

    fn next_offset(&mut self) -> i64 {
        self.records += 1;
        self.records
    }

    fn log_of(&mut self, charge_point_id: &str) -> Option<&mut ChargePointLog> {
        self.by_charge_point
            .get_mut(&ChargePointId::parse(charge_point_id).ok()?)
    }
}
