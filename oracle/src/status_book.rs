//! The statuses of a charge point by identity: copies, conflicts and the winner (chapter 4).

use std::collections::BTreeMap;

use domain::status::StatusPayload;
use domain::{Occupancy, Policy, ServiceState, Span, Timestamp, Window};

use crate::count;
use crate::log::StatusRecord;

/// All records of one charge point with the same event time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusIdentity {
    /// The instant that they share.
    pub event_time: Timestamp,
    /// The payload whose first copy is the latest.
    pub winner: StatusPayload,
    /// Payloads beyond the first.
    pub conflicts: i64,
    /// Copies beyond the first of each payload.
    pub duplicates: i64,
    /// When the first copy of all was received.
    pub first_received: Timestamp,
}

/// The identities of `records`, by event time.
pub fn identities(records: &[StatusRecord]) -> Vec<StatusIdentity> {
    let mut by_event_time: BTreeMap<Timestamp, Vec<StatusRecord>> = BTreeMap::new();
    for record in records {
        by_event_time
            .entry(record.event_time)
            .or_default()
            .push(*record);
    }
    let groups = by_event_time.into_iter();
    groups
        .filter_map(|(event_time, copies)| identity(event_time, copies))
        .collect()
}

/// The identity of the records with one event time; none when there is no record.
fn identity(event_time: Timestamp, mut copies: Vec<StatusRecord>) -> Option<StatusIdentity> {
    copies.sort_by_key(|copy| (copy.received_at, copy.offset));
    // In that order, the first time that a payload is met is its first copy.
    let mut first_copies: Vec<&StatusRecord> = Vec::new();
    for copy in &copies {
        let is_known = first_copies
            .iter()
            .any(|first| first.payload == copy.payload);
        if !is_known {
            first_copies.push(copy);
        }
    }
    let payloads = first_copies.len();
    Some(StatusIdentity {
        event_time,
        winner: first_copies.last()?.payload,
        conflicts: count(payloads - 1),
        duplicates: count(copies.len() - payloads),
        first_received: first_copies.first()?.received_at,
    })
}

impl StatusIdentity {
    /// Whether the first copy of all came after its window had closed.
    pub fn is_late(&self, policy: &Policy) -> bool {
        self.first_received >= Window::of(self.event_time).end() + policy.close_grace
    }

    /// Reception of the first copy minus event time, at least 0.
    pub fn delay(&self) -> Span {
        (self.first_received - self.event_time).max(Span::ZERO)
    }

    /// Whether the winner is occupied while out of service or unknown (rule 37).
    pub fn is_inconsistent(&self) -> bool {
        self.winner.service_state != ServiceState::InService
            && self.winner.occupancy == Occupancy::Occupied
    }
}
