//! The statuses of one charge point that can still change a window (chapter 4).

use std::collections::BTreeMap;

use super::copies::{Copies, Novelty, Writing};
use crate::indicator::Vector;
use crate::policy::Policy;
use crate::status::{Occupancy, ServiceState, StatusPayload};
use crate::time::{Span, Timestamp};
use crate::timeline::{Mark, MarkKind};
use crate::window::Window;

/// The statuses from the horizon on, by event time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Statuses(pub(super) BTreeMap<Timestamp, Copies<StatusPayload>>);

impl Statuses {
    /// Applies one record.
    pub(super) fn observe(
        &mut self,
        event_time: Timestamp,
        payload: StatusPayload,
        writing: Writing,
    ) -> Novelty {
        let copies = self.0.entry(event_time).or_default();
        copies.observe(payload, writing)
    }

    /// The winners, in order.
    pub(super) fn winners(&self) -> impl DoubleEndedIterator<Item = Mark> {
        self.0.iter().filter_map(|(&at, copies)| {
            let kind = MarkKind::of(copies.winner()?);
            Some(Mark { at, kind })
        })
    }

    /// Adds the identities of `window` with an event time before `covered_end`.
    pub(super) fn count(
        &self,
        window: Window,
        covered_end: Timestamp,
        policy: &Policy,
        vector: &mut Vector,
    ) {
        for (&event_time, copies) in self.0.range(window.start()..covered_end) {
            let Some(first) = copies.first() else {
                continue;
            };
            let is_late = first.received_at >= window.closes_at(policy);
            let delay = (first.received_at - event_time).max(Span::ZERO);
            vector.statuses += 1;
            vector.duplicate_statuses += copies.duplicates();
            vector.conflicting_statuses += copies.conflicts();
            vector.late_statuses += i64::from(is_late);
            vector.inconsistent_statuses += i64::from(copies.winner().is_some_and(is_inconsistent));
            vector.status_delay_ms += delay.as_ms();
            vector.fresh_statuses += i64::from(delay <= policy.fresh_limit);
        }
    }
}

/// Occupied while out of service or unknown (rule 37).
fn is_inconsistent(payload: StatusPayload) -> bool {
    payload.occupancy == Occupancy::Occupied && payload.service_state != ServiceState::InService
}
