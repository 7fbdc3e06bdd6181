//! The window: one hour `[start, end)`, aligned to the epoch, UTC.

use crate::policy::Policy;
use crate::time::{Span, Timestamp};

/// One hour, named by its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    start: Timestamp,
}

impl Window {
    /// The length of every window. All legal offsets of Europe/Paris are whole hours, so no day,
    /// month or year of its calendar cuts one.
    pub const LENGTH: Span = Span::from_hours(1);

    /// The window that holds `instant`.
    pub const fn of(instant: Timestamp) -> Self {
        Self {
            start: instant.floor(Self::LENGTH),
        }
    }

    /// The first instant inside.
    pub const fn start(self) -> Timestamp {
        self.start
    }

    /// The first instant after.
    pub fn end(self) -> Timestamp {
        self.start + Self::LENGTH
    }

    /// The window after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self { start: self.end() }
    }

    /// The window before this one.
    #[must_use]
    pub fn previous(self) -> Self {
        Self {
            start: self.start - Self::LENGTH,
        }
    }

    /// Whether `instant` lies inside.
    pub fn contains(self, instant: Timestamp) -> bool {
        self.start <= instant && instant < self.end()
    }

    /// The first cut at which the window is complete: end + close grace.
    pub fn closes_at(self, policy: &Policy) -> Timestamp {
        self.end() + policy.close_grace
    }

    /// The first cut at which the window never changes again: end + late limit.
    pub fn final_at(self, policy: &Policy) -> Timestamp {
        self.end() + policy.late_limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_its_start_and_not_its_end() {
        let window = Window::of(Timestamp::from_ms(3_600_000 + 5));
        assert_eq!(window.start(), Timestamp::from_ms(3_600_000));
        assert!(window.contains(window.start()));
        assert!(!window.contains(window.end()));
        assert_eq!(Window::of(window.end()), window.next());
        assert_eq!(window.next().previous(), window);
    }

    #[test]
    fn a_window_closes_ten_minutes_and_is_final_25_hours_after_its_end() {
        let window = Window::of(Timestamp::from_ms(0));
        let policy = Policy::qc_1();
        assert_eq!(
            window.closes_at(&policy) - window.end(),
            Span::from_minutes(10)
        );
        assert_eq!(
            window.final_at(&policy) - window.end(),
            Span::from_hours(25)
        );
    }
}
