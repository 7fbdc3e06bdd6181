//! Presence: for which windows a charge point has a record (chapter 4, *known*).
//!
//! From the window of its earliest applied event on, up to and including that of its withdrawal,
//! and again from its next status. A session makes known what was never seen; it does not bring
//! back what was withdrawn.

use domain::{Timestamp, Window};

/// What happens to the presence, in the order that decides at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Status,
    Session,
    Withdrawal,
}

/// Windows from the first to the last, both with a record; the last of a span that goes on is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    first: Window,
    last: Option<Window>,
}

/// All spans of a charge point, in order.
pub fn spans(
    statuses: &[Timestamp],
    sessions: &[Timestamp],
    withdrawals: &[Timestamp],
) -> Vec<Span> {
    let mut turns: Vec<(Timestamp, Turn)> = Vec::new();
    turns.extend(statuses.iter().map(|at| (*at, Turn::Status)));
    turns.extend(sessions.iter().map(|at| (*at, Turn::Session)));
    turns.extend(withdrawals.iter().map(|at| (*at, Turn::Withdrawal)));
    turns.sort_unstable();

    let mut spans: Vec<Span> = Vec::new();
    let mut was_withdrawn = false;
    for (at, turn) in turns {
        let open = spans.last_mut().filter(|span| span.last.is_none());
        match (turn, open) {
            (Turn::Withdrawal, Some(span)) => span.last = Some(Window::of(at)),
            (Turn::Session, None) if was_withdrawn => {}
            (Turn::Status | Turn::Session, None) => spans.push(Span {
                first: Window::of(at),
                last: None,
            }),
            (Turn::Status | Turn::Session, Some(_)) | (Turn::Withdrawal, None) => {}
        }
        was_withdrawn |= turn == Turn::Withdrawal;
    }
    spans
}

/// Whether there is a record for `window`.
pub fn holds(spans: &[Span], window: Window) -> bool {
    spans
        .iter()
        .any(|span| span.first <= window && span.last.is_none_or(|last| window <= last))
}
