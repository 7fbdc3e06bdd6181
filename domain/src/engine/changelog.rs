//! The engine's way into the changelog and back: what changed, everything, and a restore.

use super::boundary::{RestoreError, StateRecord};
use super::decision::Decision;
use super::state::{self, StateKey};
use super::{Engine, expect};
use crate::clock::ClockSnapshot;
use crate::time::Timestamp;
use crate::wire::WireError;

impl Engine {
    /// The state of everything that changed since the last call, by station, charge points first.
    pub fn drain_dirty(&mut self) -> Vec<StateRecord> {
        self.roster.rank();
        let mut changed = std::mem::take(&mut self.looked_at);
        self.agenda.drain_changed(&mut changed);
        self.roster.sort(&mut changed);
        let mut records = Vec::new();
        for &number in &changed {
            self.put_state(number, std::mem::take, &mut records);
        }
        self.looked_at = changed;
        records
    }

    /// The state of everything, by station, charge points first: what a compacted changelog holds.
    pub fn snapshot(&mut self) -> Vec<StateRecord> {
        self.roster.rank();
        let mut records = Vec::new();
        for number in self.roster.in_order().to_vec() {
            self.put_state(number, |_| true, &mut records);
        }
        records
    }

    /// Appends the state of a station and its charge points, of each that `is_wanted` by its mark of
    /// having changed.
    fn put_state(
        &mut self,
        number: u32,
        is_wanted: impl Fn(&mut bool) -> bool,
        records: &mut Vec<StateRecord>,
    ) {
        let station = self.stations.get_mut(number);
        let station_id = self.roster.station_id(number);
        for &member in &station.members {
            let ledger = self.charge_points.get_mut(member);
            if is_wanted(&mut ledger.is_dirty) {
                let ids = (station_id, self.roster.charge_point_id(member));
                records.push(state::of_charge_point(ids, ledger, &self.policy_id));
            }
        }
        if is_wanted(&mut station.book.is_dirty) {
            records.push(state::of_station(
                station_id,
                &station.book,
                &self.policy_id,
            ));
        }
    }

    /// Takes back one record of the state, before anything is observed. Any order; the last of a key
    /// wins. [`Self::resume`] ends it.
    ///
    /// # Errors
    /// Says which key or value is not the engine's.
    pub fn restore(&mut self, key: &str, value: &[u8]) -> Result<(), RestoreError> {
        let parsed = StateKey::parse(key).ok_or_else(|| RestoreError::Key(key.to_owned()))?;
        let failed = |source| RestoreError::Value {
            key: key.to_owned(),
            source,
        };
        let (policy, ledger) = state::decode(value).map_err(failed)?;
        if policy != self.policy.id {
            return Err(RestoreError::Policy {
                key: key.to_owned(),
                found: policy,
                expected: self.policy.id.clone(),
            });
        }
        match (parsed, ledger) {
            (StateKey::ChargePoint(station_id, id), state::Ledger::ChargePoint(ledger)) => {
                let number = self.number_of(&station_id, &id);
                *self.charge_points.get_mut(number) = *ledger;
            }
            (StateKey::Station(station_id), state::Ledger::Station(book)) => {
                let number = self.station_number_of(&station_id);
                self.stations.get_mut(number).book = *book;
            }
            (StateKey::ChargePoint(..), state::Ledger::Station(_))
            | (StateKey::Station(_), state::Ledger::ChargePoint(_)) => {
                return Err(failed(WireError::Schema));
            }
        }
        Ok(())
    }

    /// Goes on from where the clock stood when the state was stored: after the last call of
    /// [`Self::restore`], before anything is observed.
    pub fn resume(&mut self, clock: &ClockSnapshot) {
        self.cut_was(clock.next_cut.map(|next| next - self.policy.cut_every));
        let decision = Decision {
            policy: &self.policy,
            policy_id: &self.policy_id,
            cut: Timestamp::MIN,
            last_cut: self.last_cut,
            has_provisional: false,
        };
        for number in 0..self.stations.len() {
            let station = self.stations.get(number);
            expect(
                number,
                station,
                (&self.charge_points, &mut self.agenda),
                &decision,
            );
        }
    }
}
