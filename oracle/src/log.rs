//! What the log holds of one charge point at one station, and which of its records count.

use domain::status::StatusPayload;
use domain::{ChargePointId, Policy, Span, StationId, Timestamp, Window};

use crate::entry::Entry;

/// One status, as a gateway accepted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRecord {
    /// From when the state holds.
    pub event_time: Timestamp,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// The clock of its partition just after it.
    pub stamp: Timestamp,
    /// Its place in the partition.
    pub offset: i64,
    /// What it says.
    pub payload: StatusPayload,
}

/// One session, as a gateway accepted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRecord {
    /// Start of the recharge.
    pub start: Timestamp,
    /// End of the recharge.
    pub end: Timestamp,
    /// Energy delivered, Wh.
    pub energy_wh: i64,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// The clock of its partition just after it.
    pub stamp: Timestamp,
    /// Its place in the partition.
    pub offset: i64,
}

/// A charge point at a station and all records that name both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargePointLog {
    /// The charge point.
    pub charge_point_id: ChargePointId,
    /// Its station.
    pub station_id: StationId,
    /// What the directory says of it there.
    pub entry: Entry,
    /// Its statuses.
    pub statuses: Vec<StatusRecord>,
    /// Its sessions.
    pub sessions: Vec<SessionRecord>,
}

/// What becomes of a record, copies apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It counts.
    Applied,
    /// Its window was final.
    TooLate {
        /// Stamp − event time; of a session, stamp − start.
        lateness: Span,
    },
    /// It lies too far ahead of its reception.
    FromTheFuture {
        /// Event time − `received_at`; of a session, end − `received_at`.
        ahead: Span,
    },
}

/// The fate of a record: `placed` puts it into a window, `latest` must not lie ahead.
fn fate(
    (placed, latest): (Timestamp, Timestamp),
    (received_at, stamp): (Timestamp, Timestamp),
    policy: &Policy,
) -> Fate {
    if latest > received_at + policy.future_tolerance {
        let ahead = latest - received_at;
        Fate::FromTheFuture { ahead }
    } else if stamp >= Window::of(placed).end() + policy.late_limit {
        let lateness = stamp - placed;
        Fate::TooLate { lateness }
    } else {
        Fate::Applied
    }
}

impl StatusRecord {
    /// What becomes of it (chapter 3).
    pub fn fate(&self, policy: &Policy) -> Fate {
        let times = (self.event_time, self.event_time);
        fate(times, (self.received_at, self.stamp), policy)
    }

    /// Whether a cut sees it: stamped before the cut, neither too late nor from the future.
    pub fn is_applied(&self, cut: Timestamp, policy: &Policy) -> bool {
        self.stamp < cut && self.fate(policy) == Fate::Applied
    }
}

impl SessionRecord {
    /// What becomes of it in the processor's book (chapters 3 and 10).
    pub fn fate(&self, policy: &Policy) -> Fate {
        let times = (self.start, self.end);
        fate(times, (self.received_at, self.stamp), policy)
    }

    /// Whether a cut sees it: stamped before the cut, and before the window of its start was final.
    pub fn is_applied(&self, cut: Timestamp, policy: &Policy) -> bool {
        self.stamp < cut && self.fate(policy) == Fate::Applied
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(start: Timestamp, received_at: Timestamp) -> SessionRecord {
        SessionRecord {
            start,
            end: start,
            energy_wh: 0,
            received_at,
            stamp: received_at,
            offset: 0,
        }
    }

    #[test]
    fn a_session_counts_until_the_window_of_its_start_is_final() {
        let policy = Policy::qc_1();
        let start = Timestamp::from_ms(0);
        let final_at = start + Span::from_hours(26);
        let cut = final_at + Span::from_hours(1);
        let before = final_at - Span::from_ms(1);
        assert!(session(start, before).is_applied(cut, &policy));
        assert!(!session(start, final_at).is_applied(cut, &policy));
    }

    #[test]
    fn a_cut_does_not_see_the_record_stamped_at_it() {
        let policy = Policy::qc_1();
        let at = Timestamp::from_ms(600_000);
        assert!(!session(at, at).is_applied(at, &policy));
        assert!(session(at, at).is_applied(at + policy.cut_every, &policy));
    }
}
