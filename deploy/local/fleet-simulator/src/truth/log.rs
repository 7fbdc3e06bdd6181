//! What the log holds of one charge point, and which of its records count.

use domain::status::StatusPayload;
use domain::{ChargePointId, Policy, StationId, Timestamp, Window};

/// One status, as a gateway accepted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRecord {
    /// From when the state holds.
    pub event_time: Timestamp,
    /// When it was accepted; in a log in this order also its stamp.
    pub received_at: Timestamp,
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
    /// When it was accepted; in a log in this order also its stamp.
    pub received_at: Timestamp,
}

/// A charge point of the directory and its records, in the order of the log: by `received_at`, then
/// by offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargePointLog {
    /// The charge point.
    pub charge_point_id: ChargePointId,
    /// Its station.
    pub station_id: StationId,
    /// Nominal power, W; 0 when unknown.
    pub power_w: i64,
    /// Its statuses.
    pub statuses: Vec<StatusRecord>,
    /// Its sessions.
    pub sessions: Vec<SessionRecord>,
}

impl StatusRecord {
    /// Whether the status is applied at `cut`: stamped before it, neither too late nor from the
    /// future (chapter 3).
    pub fn is_applied(&self, cut: Timestamp, policy: &Policy) -> bool {
        let too_late = self.received_at >= Window::of(self.event_time).final_at(policy);
        let from_the_future = self.event_time > self.received_at + policy.future_tolerance;
        self.received_at < cut && !too_late && !from_the_future
    }
}

impl SessionRecord {
    /// Whether the session is in the processor's book at `cut`: stamped before it, and before the
    /// window of its start was final (chapters 3 and 10).
    pub fn is_applied(&self, cut: Timestamp, policy: &Policy) -> bool {
        let after_final = self.received_at >= Window::of(self.start).final_at(policy);
        self.received_at < cut && !after_final
    }
}

#[cfg(test)]
mod tests {
    use domain::Span;

    use super::*;

    #[test]
    fn a_session_counts_until_the_window_of_its_start_is_final() {
        let policy = Policy::qc_1();
        let start = Timestamp::from_ms(0);
        let final_at = start + Span::from_hours(26);
        let received = |received_at| SessionRecord {
            start,
            end: start,
            energy_wh: 0,
            received_at,
        };
        let cut = final_at + Span::from_hours(1);
        assert!(received(final_at - Span::from_ms(1)).is_applied(cut, &policy));
        assert!(!received(final_at).is_applied(cut, &policy));
    }

    #[test]
    fn a_cut_does_not_see_the_record_stamped_at_it() {
        let policy = Policy::qc_1();
        let at = Timestamp::from_ms(600_000);
        let session = SessionRecord {
            start: at,
            end: at,
            energy_wh: 0,
            received_at: at,
        };
        assert!(!session.is_applied(at, &policy));
        assert!(session.is_applied(at + policy.cut_every, &policy));
    }
}
