//! The roster: every station and charge point has a number, in the order in which they came.
//!
//! Numbers are for looking things up; whatever is published goes by id ([`Roster::in_order`]), so
//! that it does not depend on who came first.

use std::hash::{BuildHasher, Hash};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::arena::Arena;
use crate::id::{ChargePointId, StationId};

/// A charge point at a station. One that moved has several.
#[derive(Debug)]
struct Place {
    charge_point_id: ChargePointId,
    station: u32,
}

/// A number, with the hash under which it is found.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    number: u32,
}

/// Who has which number.
#[derive(Debug, Default)]
pub(super) struct Roster {
    hasher: DefaultHashBuilder,
    station_ids: Vec<StationId>,
    stations: HashTable<Entry>,
    places: Arena<Place>,
    charge_points: HashTable<Entry>,
    /// Stations by id, and of each its index there; current while `is_ranked`.
    by_id: Vec<u32>,
    ranks: Vec<u32>,
    is_ranked: bool,
}

impl Roster {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "any 32 bits of a good hash are a good hash"
    )]
    fn hash(&self, id: &impl Hash) -> u32 {
        self.hasher.hash_one(id) as u32
    }

    /// The number of a station, if it has one.
    pub(super) fn station(&self, id: &StationId) -> Option<u32> {
        let is_it = |entry: &Entry| self.station_ids.get(entry.number as usize) == Some(id);
        let found = self.stations.find(spread(self.hash(id)), is_it);
        found.map(|entry| entry.number)
    }

    /// Gives a new station its number.
    pub(super) fn add_station(&mut self, id: &StationId) -> u32 {
        let number = u32::try_from(self.station_ids.len()).unwrap_or(u32::MAX);
        let hash = self.hash(id);
        self.station_ids.push(id.clone());
        let entry = Entry { hash, number };
        self.stations
            .insert_unique(spread(hash), entry, |entry| spread(entry.hash));
        self.is_ranked = false;
        number
    }

    /// The number of a charge point at a station, if it has one.
    pub(super) fn charge_point(&self, station_id: &StationId, id: &ChargePointId) -> Option<u32> {
        let is_it = |entry: &Entry| {
            let place = self.places.get(entry.number);
            place.charge_point_id == *id
                && self.station_ids.get(place.station as usize) == Some(station_id)
        };
        let found = self.charge_points.find(spread(self.hash(id)), is_it);
        found.map(|entry| entry.number)
    }

    /// Gives a new charge point at a station its number.
    pub(super) fn add_charge_point(&mut self, station: u32, id: &ChargePointId) -> u32 {
        let hash = self.hash(id);
        let number = self.places.push(Place {
            charge_point_id: id.clone(),
            station,
        });
        let entry = Entry { hash, number };
        self.charge_points
            .insert_unique(spread(hash), entry, |entry| spread(entry.hash));
        number
    }

    /// The numbers of a charge point, one for each station where it is or was.
    pub(super) fn places_of(&self, id: &ChargePointId) -> impl Iterator<Item = u32> {
        let candidates = self.charge_points.iter_hash(spread(self.hash(id)));
        candidates
            .map(|entry| entry.number)
            .filter(move |&number| self.charge_point_id(number) == id)
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

/// The table takes its bucket from the low bits and its tag from the high ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

#[cfg(test)]
mod tests {
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
