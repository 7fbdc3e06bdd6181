//! JSON to domain values, one list of violations per item. Pure.
//!
//! Everything that can be said about an item by looking at it alone is said here: lax values
//! ([`lax`], [`instant`]), the status, the session and the static record. Who may send it and
//! whether its charge point exists is the business of [`crate::submission`].
//!
//! Fields are judged in the model's order; rules across fields only once each field is good.
//! [`quick`] is the short way for bodies in which nothing is wrong.

use domain::{Span, Timestamp};

pub mod calendar;
pub mod contact;
pub mod fields;
pub mod instant;
pub mod lax;
pub mod quick;
pub mod session;
pub mod statique;
pub mod status;
pub mod territory;
pub mod violation;

pub use session::Session;
pub use statique::StaticRow;
pub use status::Status;
pub use violation::{Code, Mismatch, Violation};

/// When an item counts as received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// At this instant: the request's.
    At(Timestamp),
    /// This long after the event: history, in the order in which it would have come.
    After(Span),
}

/// The bounds under which items are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// When they count as received.
    pub reception: Reception,
    /// How far ahead of its reception an event may be.
    pub clock_skew: Span,
    /// How old a status may be.
    pub max_status_age: Span,
    /// How old the start of a session may be.
    pub max_session_age: Span,
}

impl Terms {
    /// The contract's bounds: 60 s ahead, 24 h for statuses, 365 days for sessions.
    pub const fn standard(reception: Reception) -> Self {
        Self {
            reception,
            clock_skew: Span::from_seconds(60),
            max_status_age: Span::from_hours(24),
            max_session_age: Span::from_days(365),
        }
    }

    /// When an event of `event_time` counts as received.
    fn received_at(&self, event_time: Timestamp) -> Timestamp {
        match self.reception {
            Reception::At(instant) => instant,
            Reception::After(delay) => event_time + delay,
        }
    }
}

/// A span in whole days or hours, as Python prints a `timedelta`.
fn render_age(span: Span) -> String {
    const DAY_MS: i64 = 86_400_000;
    let (days, rest) = (span.as_ms() / DAY_MS, span.as_ms() % DAY_MS / 1_000);
    let clock = format!("{}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60);
    match (days, rest) {
        (0, _) => clock,
        (1, _) => format!("1 day, {clock}"),
        (days, _) => format!("{days} days, {clock}"),
    }
}

/// A span in the largest whole unit, for a person: `25 h`, `366 d`.
fn render_span(span: Span) -> String {
    let seconds = span.as_ms() / 1_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}
