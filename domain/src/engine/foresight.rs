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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Arrival, Outcome};
    use crate::id::{ChargePointId, EventId, RequestId, StationId};
    use crate::policy::Policy;
    use crate::status::{Occupancy, ServiceState, StatusPayload};
    use crate::time::{Span, Timestamp, TimestampMicros};

    const NOW: Timestamp = Timestamp::from_ms(1_736_121_600_000);

    fn status(number: usize) -> ChargePointStatus {
        ChargePointStatus {
            event_id: EventId(uuid::Uuid::nil()),
            charge_point_id: ChargePointId::parse(&format!("FRS63E{number}")).unwrap(),
            station_id: StationId::parse("FRS63P0001").unwrap(),
            event_time: TimestampMicros::from(NOW),
            received_at: NOW,
            payload: StatusPayload {
                service_state: ServiceState::InService,
                occupancy: Occupancy::Free,
                connector_type_2: None,
                connector_ccs: None,
                connector_chademo: None,
                connector_ef: None,
            },
            request_id: RequestId(uuid::Uuid::nil()),
            submitted_by: "tester".into(),
        }
    }

    fn observe(engine: &mut Engine, status: &ChargePointStatus) -> Outcome {
        let (stamp, offset) = (status.received_at, 0);
        engine.observe_status(status, Arrival { stamp, offset })
    }

    /// An engine that knows charge points, and a status of each.
    fn engine_of(charge_points: usize) -> (Engine, Vec<ChargePointStatus>) {
        let mut engine = Engine::new(Policy::qc_1(), false);
        let statuses: Vec<_> = (0..charge_points).map(status).collect();
        for status in &statuses {
            assert_eq!(observe(&mut engine, status), Outcome::Counted);
        }
        (engine, statuses)
    }

    #[test]
    fn as_many_are_foreseen_as_there_is_room_for_and_each_in_its_turn() {
        let (mut engine, statuses) = engine_of(Engine::FORESIGHT + 8);
        engine.foresee(statuses.iter().rev());
        let found: Vec<u32> = std::iter::from_fn(|| engine.foresight.next()).collect();
        let last = u32::try_from(statuses.len()).unwrap();
        let expected: Vec<u32> = (0..last).rev().take(Engine::FORESIGHT).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_unknown_or_set_aside_leaves_the_turn_to_the_next() {
        let (mut engine, statuses) = engine_of(3);
        let [first, _, third] = statuses.as_slice() else {
            panic!("three, found {statuses:?}")
        };
        let mut ahead = first.clone();
        ahead.event_time = TimestampMicros::from(NOW + Span::from_days(1));
        let unknown = status(3);
        engine.foresee([&ahead, &unknown, third]);
        let outcome = observe(&mut engine, &ahead);
        assert!(matches!(outcome, Outcome::FromTheFuture { .. }));
        assert_eq!(observe(&mut engine, &unknown), Outcome::Counted);
        assert_eq!(engine.foresight.next(), Some(2));
    }
}
