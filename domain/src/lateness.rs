//! Lateness: the one place that decides whether a record still counts.
//!
//! Late is a matter of `received_at`; too late a matter of the stamp, since a window that is final
//! for the task is final for every record after it.

use crate::policy::Policy;
use crate::time::{Span, Timestamp};
use crate::window::Window;

/// When a record came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reception {
    /// When a gateway accepted it.
    pub received_at: Timestamp,
    /// The clock of its partition just after it; never before `received_at`.
    pub stamp: Timestamp,
}

/// How a record relates to its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateness {
    /// Received before the window closed.
    InTime,
    /// Received after the window closed, before it is final: it corrects.
    Late,
    /// The window is final: it changes nothing.
    TooLate {
        /// Stamp − event time.
        lateness: Span,
    },
    /// The event lies after the reception by more than the tolerance: it changes nothing.
    FromTheFuture {
        /// Event time − `received_at`.
        ahead: Span,
    },
}

impl Lateness {
    /// Decides for an event at `event_time`, whose window is the hour that holds it.
    pub fn of(event_time: Timestamp, reception: Reception, policy: &Policy) -> Self {
        let window = Window::of(event_time);
        if event_time > reception.received_at + policy.future_tolerance {
            let ahead = event_time - reception.received_at;
            Self::FromTheFuture { ahead }
        } else if reception.stamp >= window.final_at(policy) {
            let lateness = reception.stamp - event_time;
            Self::TooLate { lateness }
        } else if reception.received_at >= window.closes_at(policy) {
            Self::Late
        } else {
            Self::InTime
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(event_minutes: i64, received_minutes: i64, stamp_minutes: i64) -> Lateness {
        let at = |minutes| Timestamp::from_ms(0) + Span::from_minutes(minutes);
        let reception = Reception {
            received_at: at(received_minutes),
            stamp: at(stamp_minutes),
        };
        Lateness::of(at(event_minutes), reception, &Policy::qc_1())
    }

    #[test]
    fn a_record_is_late_from_the_close_of_its_window_on() {
        assert_eq!(of(5, 69, 69), Lateness::InTime);
        assert_eq!(of(5, 70, 70), Lateness::Late);
    }

    #[test]
    fn a_record_is_too_late_once_its_stamp_reaches_the_final_cut() {
        let final_at = 60 + 25 * 60;
        assert_eq!(of(5, final_at - 1, final_at - 1), Lateness::Late);
        let lateness = Span::from_minutes(final_at - 5);
        assert_eq!(of(5, 6, final_at), Lateness::TooLate { lateness });
    }

    #[test]
    fn an_event_more_than_a_minute_ahead_is_from_the_future() {
        assert_eq!(of(5, 4, 4), Lateness::InTime);
        let ahead = Span::from_minutes(2);
        assert_eq!(of(5, 3, 3), Lateness::FromTheFuture { ahead });
    }
}
