//! The statuses of one charge point that can still change a window (chapter 4).

use super::copies::{Copies, Novelty, Writing};
use super::payload::Packed;
use super::shelf::Shelves;
use crate::indicator::Vector;
use crate::policy::Policy;
use crate::quality::is_inconsistent;
use crate::status::StatusPayload;
use crate::time::{Span, Timestamp};
use crate::timeline::{Mark, MarkKind};
use crate::window::Window;

/// All records of one event time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) at: Timestamp,
    pub(super) copies: Copies<Packed>,
}

// The state holds several of each charge point.
const _: () = assert!(size_of::<Identity>() == 24);

impl Identity {
    /// What it says.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            at: self.at,
            kind: MarkKind::of(self.copies.winner().unpack()),
        }
    }
}

/// The statuses from the horizon on, by event time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Statuses(pub(super) Vec<Identity>);

impl Statuses {
    /// Applies one record: at once when it is the newest, else after a binary search.
    pub(super) fn observe(
        &mut self,
        at: Timestamp,
        payload: StatusPayload,
        writing: Writing,
        shelves: &mut Shelves,
    ) -> Novelty {
        let payload = Packed::from(payload);
        let is_newest = self.0.last().is_none_or(|last| last.at < at);
        let index = if is_newest {
            self.0.len()
        } else {
            self.index_of(at)
        };
        if let Some(known) = self.0.get_mut(index).filter(|known| known.at == at) {
            return known.copies.observe(at, payload, writing);
        }
        shelves.statuses.make_room(&mut self.0);
        let copies = Copies::new(at, payload, writing);
        self.0.insert(index, Identity { at, copies });
        Novelty::Identity
    }

    /// Looks at the newest one, so that a look soon after is fast: something of it.
    pub(super) fn glance(&self) -> u32 {
        let newest = self.0.last();
        newest.map_or(0, |newest| u32::from(newest.at > Timestamp::MIN))
    }

    /// The index of the first one at or after an instant.
    fn index_of(&self, at: Timestamp) -> usize {
        self.0.partition_point(|identity| identity.at < at)
    }

    /// Those from an instant on.
    pub(super) fn since(&self, at: Timestamp) -> &[Identity] {
        self.0.get(self.index_of(at)..).unwrap_or_default()
    }

    /// Those before an instant.
    pub(super) fn until(&self, at: Timestamp) -> &[Identity] {
        self.0.get(..self.index_of(at)).unwrap_or_default()
    }

    /// The winners, in order.
    pub(super) fn winners(&self) -> impl DoubleEndedIterator<Item = Mark> {
        self.0.iter().map(Identity::mark)
    }

    /// Drops what lies before the horizon.
    pub(super) fn fold(&mut self, horizon: Timestamp, shelves: &mut Shelves) {
        let index = self.index_of(horizon);
        self.0.drain(..index);
        shelves.statuses.take_back(&mut self.0);
    }

    /// Adds the identities of `window` with an event time before `covered_end`.
    pub(super) fn count(
        &self,
        window: Window,
        covered_end: Timestamp,
        policy: &Policy,
        vector: &mut Vector,
    ) {
        let seen = self.since(window.start()).iter();
        for identity in seen.take_while(|identity| identity.at < covered_end) {
            let copies = &identity.copies;
            let received_at = copies.first(identity.at).received_at;
            let is_late = received_at >= window.closes_at(policy);
            let delay = (received_at - identity.at).max(Span::ZERO);
            vector.statuses += 1;
            vector.duplicate_statuses += copies.duplicates();
            vector.conflicting_statuses += copies.conflicts();
            vector.late_statuses += i64::from(is_late);
            vector.inconsistent_statuses += i64::from(is_inconsistent(copies.winner().unpack()));
            vector.status_delay_ms += delay.as_ms();
            vector.fresh_statuses += i64::from(delay <= policy.fresh_limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{Occupancy, ServiceState};

    #[test]
    fn statuses_stand_by_event_time_whatever_the_order_of_arrival() {
        let payload = StatusPayload {
            service_state: ServiceState::InService,
            occupancy: Occupancy::Free,
            connector_type_2: None,
            connector_ccs: None,
            connector_chademo: None,
            connector_ef: None,
        };
        let at = Timestamp::from_ms;
        let mut statuses = Statuses::default();
        let mut shelves = Shelves::default();
        for (event_time, expected) in [
            (10, Novelty::Identity),
            (30, Novelty::Identity),
            (20, Novelty::Identity),
            (20, Novelty::Copy),
            (5, Novelty::Identity),
        ] {
            let writing = Writing {
                received_at: at(40),
                offset: 0,
            };
            let novelty = statuses.observe(at(event_time), payload, writing, &mut shelves);
            assert_eq!(novelty, expected);
        }
        let times = |statuses: &Statuses| -> Vec<_> {
            statuses.winners().map(|mark| mark.at.as_ms()).collect()
        };
        assert_eq!(times(&statuses), [5, 10, 20, 30]);
        statuses.fold(at(20), &mut shelves);
        assert_eq!(times(&statuses), [20, 30]);
    }
}
