//! Who exists, and at which station: the table of topic `charge-point` in memory.
//!
//! The table rule: within a partition the later offset wins, and a null value removes that
//! partition's entry; if two partitions hold one id, the higher revision is in force. [`follow`]
//! feeds the table from Kafka; [`change`] works out what a write has to publish.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use domain::{ChargePoint, ChargePointId, StationId};
use platform::kafka::partition::partition_of;
use tokio::sync::watch;

pub mod change;
pub mod follow;

/// The directory. Clones share it.
#[derive(Debug, Clone)]
pub struct Directory {
    table: Arc<RwLock<Table>>,
    changes: watch::Sender<u64>,
    partitions: i32,
    /// The next offset of each partition.
    positions: Arc<[AtomicI64]>,
}

/// The entries, by id and by station.
#[derive(Debug, Default)]
pub struct Table {
    by_id: HashMap<Box<str>, Slot>,
    ordered: BTreeSet<ChargePointId>,
    by_station: HashMap<StationId, BTreeSet<ChargePointId>>,
    decommissioned: usize,
}

/// What the partitions say about one id: one entry nearly always, and then nothing is allocated for
/// the others.
#[derive(Debug)]
struct Slot {
    in_force: (i32, Arc<ChargePoint>),
    others: Vec<(i32, Arc<ChargePoint>)>,
}

impl Slot {
    /// What is left of a slot, perhaps nothing, once `partition` says `entry`.
    fn updated(
        slot: Option<Self>,
        partition: i32,
        entry: Option<Arc<ChargePoint>>,
    ) -> Option<Self> {
        let (first, others) = slot.map_or((None, Vec::new()), |slot| {
            (Some(slot.in_force), slot.others)
        });
        let mut all = others;
        all.extend(first);
        all.retain(|(held, _)| *held != partition);
        all.extend(entry.map(|entry| (partition, entry)));
        let winner = (0..all.len()).max_by_key(|at| all[*at].1.revision)?;
        let in_force = all.swap_remove(winner);
        if all.is_empty() {
            all = Vec::new();
        }
        Some(Self {
            in_force,
            others: all,
        })
    }

    fn in_force(&self) -> &Arc<ChargePoint> {
        &self.in_force.1
    }
}

impl Directory {
    /// An empty directory of a topic with `partitions` partitions.
    pub fn new(partitions: i32) -> Self {
        Self {
            table: Arc::default(),
            changes: watch::Sender::new(0),
            partitions,
            positions: (0..partitions).map(|_| AtomicI64::new(0)).collect(),
        }
    }

    /// How many partitions the topic has.
    pub fn partitions(&self) -> i32 {
        self.partitions
    }

    /// Notes that a partition was read up to `next`.
    pub fn reached(&self, partition: i32, next: i64) {
        let place = usize::try_from(partition).ok();
        if let Some(position) = place.and_then(|place| self.positions.get(place)) {
            position.store(next, Ordering::Relaxed);
        }
    }

    /// The next offset of each partition.
    pub fn positions(&self) -> impl Iterator<Item = (i32, i64)> {
        let positions = self.positions.iter();
        (0..).zip(positions.map(|position| position.load(Ordering::Relaxed)))
    }

    /// The partition in which a station's entries lie.
    pub fn partition_of(&self, station_id: &StationId) -> i32 {
        partition_of(station_id.as_str().as_bytes(), self.partitions)
    }

    /// Applies one record of a partition: an entry, or its removal.
    pub fn apply(&self, partition: i32, id: &str, entry: Option<ChargePoint>) {
        if let Ok(id) = ChargePointId::parse(id) {
            let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
            table.apply(partition, id, entry);
        }
        self.changes
            .send_modify(|changes| *changes = changes.wrapping_add(1));
    }

    /// The table as it stands; let it go soon.
    pub fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `is_visible` holds; false when it does not within `timeout`.
    pub async fn wait_until(&self, timeout: Duration, is_visible: impl Fn(&Table) -> bool) -> bool {
        let mut changes = self.changes.subscribe();
        let seen = async {
            while !is_visible(&self.read()) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::time::timeout(timeout, seen).await.is_ok()
    }
}

impl Table {
    /// The entry in force of an id, decommissioned or not.
    pub fn find(&self, id: &str) -> Option<&Arc<ChargePoint>> {
        self.by_id.get(id).map(Slot::in_force)
    }

    /// The entries of a station, ordered by id, decommissioned or not.
    pub fn of_station(&self, station_id: &StationId) -> impl Iterator<Item = &Arc<ChargePoint>> {
        let ids = self.by_station.get(station_id).into_iter().flatten();
        ids.filter_map(|id| self.find(id.as_str()))
    }

    /// The entries of active charge points, ordered by id, from those of `unit` only when given.
    pub fn active<'a>(
        &'a self,
        unit: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<ChargePoint>> {
        let from = unit.and_then(|unit| ChargePointId::parse(unit).ok());
        let from = from.map_or(Bound::Unbounded, Bound::Included);
        self.ordered
            .range((from, Bound::Unbounded))
            .take_while(move |id| unit.is_none_or(|unit| id.as_str().starts_with(unit)))
            .filter_map(|id| self.find(id.as_str()))
            .filter(|entry| entry.deleted_at.is_none())
    }

    /// Every entry in force.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<ChargePoint>> {
        self.by_id.values().map(Slot::in_force)
    }

    /// Entries that are not in force: a station change that was cut between its two records.
    pub fn leftovers(&self) -> Vec<Arc<ChargePoint>> {
        let is_old =
            |slot: &Slot, entry: &ChargePoint| slot.in_force().station_id() != entry.station_id();
        self.by_id
            .values()
            .flat_map(|slot| slot.others.iter().filter(|(_, entry)| is_old(slot, entry)))
            .map(|(_, entry)| Arc::clone(entry))
            .collect()
    }

    /// How many charge points are active and how many decommissioned.
    pub fn counts(&self) -> (usize, usize) {
        (self.by_id.len() - self.decommissioned, self.decommissioned)
    }

    fn apply(&mut self, partition: i32, id: ChargePointId, entry: Option<ChargePoint>) {
        let slot = self.by_id.remove(id.as_str());
        let before = slot.as_ref().map(|slot| Arc::clone(slot.in_force()));
        let slot = Slot::updated(slot, partition, entry.map(Arc::new));
        let after = slot.as_ref().map(|slot| Arc::clone(slot.in_force()));
        match slot {
            Some(slot) => {
                self.by_id.insert(id.as_str().into(), slot);
                if before.is_none() {
                    self.ordered.insert(id.clone());
                }
            }
            None => {
                self.ordered.remove(&id);
            }
        }
        let is_gone = |entry: &Option<Arc<ChargePoint>>| {
            usize::from(
                entry
                    .as_ref()
                    .is_some_and(|entry| entry.deleted_at.is_some()),
            )
        };
        self.decommissioned = self.decommissioned + is_gone(&after) - is_gone(&before);
        let stations = (
            before.as_ref().map(|e| e.station_id()),
            after.as_ref().map(|e| e.station_id()),
        );
        if stations.0 == stations.1 {
            return;
        }
        if let Some(station_id) = stations.0
            && let Some(ids) = self.by_station.get_mut(station_id)
        {
            ids.remove(&id);
            if ids.is_empty() {
                self.by_station.remove(station_id);
            }
        }
        if let Some(station_id) = stations.1 {
            self.by_station
                .entry(station_id.clone())
                .or_default()
                .insert(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::change::tests::entry;

    #[tokio::test]
    async fn the_higher_revision_is_in_force_whatever_the_partition() {
        let directory = Directory::new(24);
        directory.apply(1, "FRAAAE1", Some(entry("FRAAAE1", "FRAAAP1", 2)));
        directory.apply(2, "FRAAAE1", Some(entry("FRAAAE1", "FRAAAP2", 1)));
        let table = directory.read();
        assert_eq!(
            table.find("FRAAAE1").unwrap().station_id().as_str(),
            "FRAAAP1"
        );
        assert_eq!(table.leftovers().len(), 1);
        assert_eq!(table.leftovers()[0].station_id().as_str(), "FRAAAP2");
    }

    #[test]
    fn a_removal_concerns_its_own_partition_only() {
        let directory = Directory::new(24);
        directory.apply(1, "FRAAAE1", Some(entry("FRAAAE1", "FRAAAP1", 1)));
        directory.apply(2, "FRAAAE1", Some(entry("FRAAAE1", "FRAAAP2", 2)));
        directory.apply(1, "FRAAAE1", None);
        let station = StationId::parse("FRAAAP2").unwrap();
        assert_eq!(directory.read().of_station(&station).count(), 1);
        directory.apply(2, "FRAAAE1", None);
        assert_eq!(directory.read().counts(), (0, 0));
        assert_eq!(directory.read().of_station(&station).count(), 0);
    }

    #[test]
    fn active_points_are_listed_by_id_within_a_unit() {
        let directory = Directory::new(24);
        for id in ["FRBBBE1", "FRAAAE2", "FRAAAE1", "FRCCCE1"] {
            directory.apply(0, id, Some(entry(id, "FRAAAP1", 1)));
        }
        let mut gone = entry("FRAAAE0", "FRAAAP1", 1);
        gone.deleted_at = Some(gone.updated_at);
        directory.apply(0, "FRAAAE0", Some(gone));
        let table = directory.read();
        let ids = |unit| {
            table
                .active(unit)
                .map(|e| e.charge_point_id().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(Some("FRAAA")), ["FRAAAE1", "FRAAAE2"]);
        assert_eq!(ids(None).len(), 4);
        assert_eq!(table.counts(), (4, 1));
    }

    #[tokio::test]
    async fn a_wait_ends_with_the_change_or_with_the_time() {
        let directory = Directory::new(24);
        let other = directory.clone();
        let waiting = tokio::spawn(async move {
            other
                .wait_until(Duration::from_secs(4), |table| {
                    table.find("FRAAAE1").is_some()
                })
                .await
        });
        tokio::task::yield_now().await;
        directory.apply(1, "FRAAAE1", Some(entry("FRAAAE1", "FRAAAP1", 1)));
        assert!(waiting.await.unwrap());
        let soon = Duration::from_millis(5);
        assert!(
            !directory
                .wait_until(soon, |table| table.find("x").is_some())
                .await
        );
    }
}
