//! Foresight: looks up what the next statuses need together, before they are applied one by one.
//!
//! With many charge points nearly every look goes to memory that no cache holds. Those for one
//! status follow from each other and wait for each other; those for several do not, so that the
//! processor makes them at once. Each pass below makes one look for every status, and does nothing
//! else.
//!
//! Nothing depends on it: what was foreseen is checked when it is used, and is looked up where it is
//! wrong or missing. It changes no state.

use arrayvec::ArrayVec;

use super::Engine;
use super::index::hash_of;
use crate::status::ChargePointStatus;

/// The numbers of the charge points of the statuses to come, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Foresight {
    numbers: ArrayVec<Option<u32>, { Engine::FORESIGHT }>,
    next: usize,
}

impl Foresight {
    /// What was foreseen for the next status.
    pub(super) fn next(&mut self) -> Option<u32> {
        let number = self.numbers.get(self.next)?;
        self.next += 1;
        *number
    }
}

impl Engine {
    /// How many statuses are foreseen at once.
    pub const FORESIGHT: usize = 32;

    /// Makes ready for the statuses that will be observed next, in this order; for the first
    /// [`Self::FORESIGHT`] of them. It changes nothing but the time that they take.
    pub fn foresee<'s>(&mut self, statuses: impl IntoIterator<Item = &'s ChargePointStatus>) {
        const AHEAD: usize = Engine::FORESIGHT;
        let statuses = statuses.into_iter().take(AHEAD);
        let hashes = statuses.map(|status| hash_of(status.charge_point_id.words()));
        let hashes: ArrayVec<u32, AHEAD> = hashes.collect();
        let index = self.roster.index();
        let mut seen = hashes
            .iter()
            .fold(0, |seen, &hash| seen ^ index.glance(hash));
        let likely = |&hash: &u32| index.candidates(hash).next();
        let numbers: ArrayVec<Option<u32>, AHEAD> = hashes.iter().map(likely).collect();
        let known = || numbers.iter().flatten();
        let stations = known().map(|&number| self.roster.station_of(number));
        let stations: ArrayVec<u32, AHEAD> = stations.collect();
        for &number in known() {
            seen ^= self.charge_points.get(number).glance();
        }
        for &station in &stations {
            seen ^= self.agenda.glance(station) ^ self.roster.glance(station);
        }
        for &number in known() {
            seen ^= self.charge_points.get(number).statuses.glance();
        }
        std::hint::black_box(seen);
        self.foresight = Foresight { numbers, next: 0 };
    }
}
