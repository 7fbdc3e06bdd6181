//! Presence: for which hours a charge point has a record.
//!
//! From the window of its earliest applied event on, up to and including that of its withdrawal,
//! and again from its next status. A session makes known what was never seen, but does not bring
//! back what was withdrawn, even before its first event. So a further event never takes a record
//! away; only the directory does.

use smallvec::SmallVec;

use crate::time::Timestamp;
use crate::window::Window;

/// Whether a charge point has records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Presence {
    /// No event yet.
    #[default]
    Unseen,
    /// Known.
    Present,
    /// Withdrawn.
    Withdrawn,
}

/// What happens to the presence, in the order that decides at the same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Occurrence {
    Status,
    Session,
    Withdrawal,
}

impl Presence {
    /// All values, in the order of the schema of the state.
    pub(super) const ALL: [Self; 3] = [Self::Unseen, Self::Present, Self::Withdrawn];

    fn after(self, occurrence: Occurrence) -> Self {
        match (occurrence, self) {
            (Occurrence::Status, _) | (Occurrence::Session, Self::Unseen) => Self::Present,
            (Occurrence::Withdrawal, _) => Self::Withdrawn,
            (Occurrence::Session, Self::Present | Self::Withdrawn) => self,
        }
    }
}

/// The hours with a record, from a horizon on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spans {
    /// First and last window of each span; the last of an unended span is none.
    spans: SmallVec<[(Option<Window>, Option<Window>); 1]>,
    /// The presence at the end.
    pub(super) last: Presence,
}

impl Spans {
    /// Follows `occurrences`, in any order, from the presence at the horizon.
    pub(super) fn of(carried: Presence, occurrences: &mut [(Timestamp, Occurrence)]) -> Self {
        occurrences.sort_unstable();
        let mut spans = SmallVec::new();
        if carried == Presence::Present {
            spans.push((None, None));
        }
        let mut presence = carried;
        for &mut (at, occurrence) in occurrences {
            let next = presence.after(occurrence);
            if next == Presence::Present && presence != Presence::Present {
                spans.push((Some(Window::of(at)), None));
            } else if presence == Presence::Present
                && next != presence
                && let Some((_, last)) = spans.last_mut()
            {
                *last = Some(Window::of(at));
            }
            presence = next;
        }
        Self {
            spans,
            last: presence,
        }
    }

    /// Whether the charge point has a record for `window`.
    pub(super) fn holds(&self, window: Window) -> bool {
        self.spans.iter().any(|&(first, last)| {
            first.is_none_or(|first| first <= window) && last.is_none_or(|last| window <= last)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn hours(carried: Presence, occurrences: &[(i64, Occurrence)]) -> Vec<i64> {
        let at = |hours| Timestamp::from_ms(0) + Span::from_hours(hours);
        let occurrences = occurrences.iter().map(|&(hours, o)| (at(hours), o));
        let mut occurrences: Vec<_> = occurrences.collect();
        let spans = Spans::of(carried, &mut occurrences);
        let held = |hour: &i64| spans.holds(Window::of(at(*hour)));
        (0..6).filter(held).collect()
    }

    #[test]
    fn the_record_of_the_withdrawal_is_the_last_until_the_next_status() {
        use Occurrence::{Session, Status, Withdrawal};
        let life = [(1, Status), (2, Withdrawal), (3, Session), (5, Status)];
        assert_eq!(hours(Presence::Unseen, &life), [1, 2, 5]);
        assert_eq!(hours(Presence::Present, &[(2, Withdrawal)]), [0, 1, 2]);
        assert_eq!(hours(Presence::Unseen, &[(4, Session)]), [4, 5]);
        assert_eq!(
            hours(Presence::Unseen, &[(3, Withdrawal), (4, Session)]),
            [0_i64; 0]
        );
    }
}
