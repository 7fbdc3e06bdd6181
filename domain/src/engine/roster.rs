//! The roster: every station and charge point has a number, in the order in which they came.
//!
//! Numbers are for looking things up; whatever is published goes by id ([`Roster::in_order`]), so
//! that it does not depend on who came first.

use super::arena::Arena;
use super::index::{Index, hash_of};
use crate::id::{ChargePointId, StationId};

/// A charge point at a station. One that moved has several. Never in two lines of a cache.
#[derive(Debug)]
#[repr(align(64))]
struct Place {
    charge_point_id: ChargePointId,
    station: u32,
}

/// Who has which number.
#[derive(Debug, Default)]
pub(super) struct Roster {
    station_ids: Vec<StationId>,
    stations: Index,
    places: Arena<Place>,
    charge_points: Index,
    /// Stations by id, and of each its index there; current while `is_ranked`.
    by_id: Vec<u32>,
    ranks: Vec<u32>,
    is_ranked: bool,
}

impl Roster {
    /// The number of a station, if it has one.
    pub(super) fn station(&self, id: &StationId) -> Option<u32> {
        let mut candidates = self.stations.candidates(hash_of(id.words()));
        candidates.find(|&number| self.station_id(number) == id)
    }

    /// Gives a new station its number.
    pub(super) fn add_station(&mut self, id: &StationId) -> u32 {
        let number = u32::try_from(self.station_ids.len()).unwrap_or(u32::MAX);
        self.station_ids.push(id.clone());
        self.stations.insert(hash_of(id.words()), number);
        self.is_ranked = false;
        number
    }

    /// The number of a charge point at a station, if it has one.
    pub(super) fn charge_point(&self, station_id: &StationId, id: &ChargePointId) -> Option<u32> {
        let mut candidates = self.charge_points.candidates(hash_of(id.words()));
        candidates.find(|&number| self.is_at(number, station_id, id))
    }

    /// Whether a number is that of a charge point at a station.
    pub(super) fn is_at(&self, number: u32, station_id: &StationId, id: &ChargePointId) -> bool {
        let place = self.places.get(number);
        place.charge_point_id == *id && self.station_id(place.station) == station_id
    }

    /// Gives a new charge point at a station its number.
    pub(super) fn add_charge_point(&mut self, station: u32, id: &ChargePointId) -> u32 {
        let number = self.places.push(Place {
            charge_point_id: id.clone(),
            station,
        });
        self.charge_points.insert(hash_of(id.words()), number);
        number
    }

    /// The index by which charge points are found.
    pub(super) const fn index(&self) -> &Index {
        &self.charge_points
    }

    /// The numbers of a charge point, one for each station where it is or was.
    pub(super) fn places_of(&self, id: &ChargePointId) -> impl Iterator<Item = u32> {
        let candidates = self.charge_points.candidates(hash_of(id.words()));
        candidates.filter(move |&number| self.charge_point_id(number) == id)
    }

    /// The id of a charge point.
    pub(super) fn charge_point_id(&self, number: u32) -> &ChargePointId {
        &self.places.get(number).charge_point_id
    }

    /// The station of a charge point.
    pub(super) fn station_of(&self, number: u32) -> u32 {
        self.places.get(number).station
    }

    /// The id of a station.
    #[expect(
        clippy::indexing_slicing,
        reason = "every number was given out by add_station, and nothing is taken out"
    )]
    pub(super) fn station_id(&self, number: u32) -> &StationId {
        &self.station_ids[number as usize]
    }

    /// Looks at the id of a station, so that a look soon after is fast: something of it.
    pub(super) fn glance(&self, station: u32) -> u32 {
        let bytes = self.station_id(station).as_bytes();
        bytes.first().map_or(0, |&first| u32::from(first))
    }

    /// All stations by id, as of the last [`Self::rank`].
    pub(super) fn in_order(&self) -> &[u32] {
        &self.by_id
    }

    /// Puts stations into the order of their ids, as of the last [`Self::rank`].
    pub(super) fn sort(&self, stations: &mut [u32]) {
        let ranks = &self.ranks;
        stations.sort_unstable_by_key(|&number| ranks.get(number as usize));
    }

    /// Finds out the order of the stations, if new ones came.
    pub(super) fn rank(&mut self) {
        if self.is_ranked {
            return;
        }
        let known = u32::try_from(self.by_id.len()).unwrap_or(u32::MAX);
        let all = u32::try_from(self.station_ids.len()).unwrap_or(u32::MAX);
        self.by_id.extend(known..all);
        let ids = &self.station_ids;
        self.by_id.sort_by_key(|&number| ids.get(number as usize));
        self.ranks.resize(ids.len(), 0);
        for (&number, rank) in self.by_id.iter().zip(0..) {
            if let Some(place) = self.ranks.get_mut(number as usize) {
                *place = rank;
            }
        }
        self.is_ranked = true;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_charge_point_that_moved_has_a_number_at_each_station() {
        let mut roster = Roster::default();
        let id = ChargePointId::parse("FRS63E0012").unwrap();
        let [second, first] = ["FRS63P0002", "FRS63P0001"].map(|id| StationId::parse(id).unwrap());
        let stations = [&second, &first].map(|id| roster.add_station(id));
        let numbers = stations.map(|station| roster.add_charge_point(station, &id));
        let found = [&second, &first].map(|station| roster.charge_point(station, &id));
        assert_eq!(found, numbers.map(Some));
        let mut places: Vec<_> = roster.places_of(&id).collect();
        places.sort_unstable();
        assert_eq!(places, numbers);
        assert_eq!(numbers.map(|number| roster.station_of(number)), stations);
        roster.rank();
        assert_eq!(roster.in_order(), [1, 0], "by id, not by arrival");
    }

    /// Two ids that have one hash.
    fn twins<T: Clone>(id: impl Fn(&str) -> T, hash: impl Fn(&T) -> u32) -> [T; 2] {
        let mut seen = BTreeMap::new();
        let mut later = (0..1_000_000).filter_map(|n| {
            let id = id(&format!("{n}"));
            let first = seen.insert(hash(&id), id.clone())?;
            Some([first, id])
        });
        later.next().unwrap()
    }

    #[test]
    fn charge_points_of_one_hash_are_told_apart() {
        let [one, other] = twins(
            |n| ChargePointId::parse(&format!("FRS63E{n}")).unwrap(),
            |id| hash_of(id.words()),
        );
        let mut roster = Roster::default();
        let station_id = StationId::parse("FRS63P0001").unwrap();
        let station = roster.add_station(&station_id);
        let number = roster.add_charge_point(station, &one);
        assert!(!roster.is_at(number, &station_id, &other));
        assert_eq!(roster.charge_point(&station_id, &other), None);
        assert_eq!(roster.places_of(&other).count(), 0);
        let second = roster.add_charge_point(station, &other);
        for (id, number) in [(&one, number), (&other, second)] {
            assert_eq!(roster.charge_point(&station_id, id), Some(number));
            assert_eq!(roster.places_of(id).collect::<Vec<_>>(), [number]);
        }
    }

    #[test]
    fn stations_of_one_hash_are_told_apart() {
        let [one, other] = twins(
            |n| StationId::parse(&format!("FRS63P{n}")).unwrap(),
            |id| hash_of(id.words()),
        );
        let mut roster = Roster::default();
        let number = roster.add_station(&one);
        assert_eq!(roster.station(&other), None);
        let second = roster.add_station(&other);
        assert_eq!(roster.station(&one), Some(number));
        assert_eq!(roster.station(&other), Some(second));
    }

    #[test]
    fn every_one_of_many_is_found_again() {
        let mut roster = Roster::default();
        let id = |n: u32| ChargePointId::parse(&format!("FRS63E{n}")).unwrap();
        let station = StationId::parse("FRS63P0001").unwrap();
        assert_eq!(roster.station(&station), None);
        let number = roster.add_station(&station);
        for n in 0..1000 {
            assert_eq!(roster.charge_point(&station, &id(n)), None);
            assert_eq!(roster.add_charge_point(number, &id(n)), n);
        }
        assert!((0..1000).all(|n| roster.charge_point(&station, &id(n)) == Some(n)));
        assert_eq!(roster.station(&station), Some(number));
    }
}
