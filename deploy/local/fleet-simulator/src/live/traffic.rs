//! Statuses of a fleet, one charge point after the other.
//!
//! A charge point that its history leaves out of service or unknown stays so: live traffic does not
//! end the failures that are there to be seen.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::ensure;
use domain::status::StatusPayload;
use domain::{Occupancy, ServiceState, Span, Timestamp};

use crate::dice::Dice;
use crate::fleet::DirectoryRow;
use crate::item::{StatusItem, WireTime};
use crate::lines;
use crate::plan::Folder;

/// The stream of live traffic.
const LIVE_STREAM: u64 = u64::MAX - 1;
/// Percent of the statuses that begin a failure.
const FAILURE_PERCENT: f64 = 0.05;
/// Median length of a failure that begins live.
const MEDIAN_FAILURE: Span = Span::from_minutes(5);

/// A charge point and what it said last.
#[derive(Debug, Clone)]
struct Point {
    charge_point_id: String,
    occupancy: Occupancy,
    /// Out of service until then.
    down_until: Option<Timestamp>,
}

/// The next statuses of a fleet.
#[derive(Debug)]
pub struct Traffic {
    points: Vec<Point>,
    next: usize,
    dice: Dice,
}

impl Traffic {
    /// The traffic of the charge points that are in service at the end of the fleet's history, in a
    /// seeded order.
    ///
    /// # Errors
    /// When the files cannot be read, or no charge point is left.
    pub fn of(folder: &Folder, seed: u64) -> anyhow::Result<Self> {
        let silent = out_of_service(folder)?;
        let mut dice = Dice::new(seed, LIVE_STREAM);
        let mut points: Vec<(u64, Point)> = Vec::new();
        lines::for_each(&folder.statique(), |row: DirectoryRow| {
            let charge_point_id = row
                .get("id_pdc_itinerance")
                .and_then(|id| id.as_str())
                .unwrap_or_default()
                .to_owned();
            if !silent.contains(&charge_point_id) {
                points.push((
                    dice.below(u64::MAX),
                    Point {
                        charge_point_id,
                        occupancy: Occupancy::Free,
                        down_until: None,
                    },
                ));
            }
            Ok(())
        })?;
        ensure!(
            !points.is_empty(),
            "no charge point of {} is in service",
            folder.statique().display()
        );
        points.sort_by_key(|(order, _)| *order);
        Ok(Self {
            points: points.into_iter().map(|(_, point)| point).collect(),
            next: 0,
            dice,
        })
    }

    /// The JSON array of the next statuses, the first one of this instant and each a millisecond
    /// older than the one before, so that no charge point says two things at one instant.
    ///
    /// # Errors
    /// Never: statuses are JSON.
    pub fn next_batch(&mut self, length: usize, now: Timestamp) -> anyhow::Result<String> {
        let mut items = Vec::new();
        let mut at = now;
        while items.len() < length {
            items.push(self.next_status(at));
            at = at - Span::from_ms(1);
        }
        Ok(serde_json::to_string(&items)?)
    }

    /// The next status: vehicles come and go in turn, and now and then a charge point fails.
    pub fn next_status(&mut self, at: Timestamp) -> StatusItem {
        let index = self.next_index(at);
        let fails = self.dice.chance(FAILURE_PERCENT);
        let point = &mut self.points[index];
        let (service_state, occupancy) = if fails {
            point.down_until = Some(at + self.dice.log_normal(MEDIAN_FAILURE, 1.0));
            (ServiceState::OutOfService, Occupancy::Unknown)
        } else {
            point.down_until = None;
            point.occupancy = if point.occupancy == Occupancy::Free {
                Occupancy::Occupied
            } else {
                Occupancy::Free
            };
            (ServiceState::InService, point.occupancy)
        };
        let payload = StatusPayload {
            service_state,
            occupancy,
            connector_type_2: None,
            connector_ccs: None,
            connector_chademo: None,
            connector_ef: None,
        };
        StatusItem::new(&point.charge_point_id, WireTime::from(at), &payload)
    }

    /// The next charge point that is not out of service; the very next one when all are.
    fn next_index(&mut self, at: Timestamp) -> usize {
        let first = self.next;
        loop {
            let index = self.next;
            self.next = (self.next + 1) % self.points.len();
            let is_down = self.points[index]
                .down_until
                .is_some_and(|until| at < until);
            if !is_down || self.next == first {
                return index;
            }
        }
    }
}

/// The charge points whose last status in the history is not in service.
fn out_of_service(folder: &Folder) -> anyhow::Result<BTreeSet<String>> {
    let mut last: BTreeMap<String, bool> = BTreeMap::new();
    if folder.statuses().is_file() {
        lines::for_each(&folder.statuses(), |item: StatusItem| {
            let is_in_service = item.etat_pdc == ServiceState::InService.symbol();
            last.insert(item.id_pdc_itinerance, is_in_service);
            Ok(())
        })?;
    }
    Ok(last
        .into_iter()
        .filter(|(_, is_in_service)| !is_in_service)
        .map(|(id, _)| id)
        .collect())
}
