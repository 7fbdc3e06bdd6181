//! The line of states of a charge point: intervals without gaps (chapter 5).

use domain::{ChargePointState, Occupancy, Policy, ServiceState, Span, Timestamp};

use super::status_book::StatusIdentity;

/// A state from an instant to another, `[start, end)`, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval<S> {
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after.
    pub end: Timestamp,
    /// The state throughout.
    pub state: S,
}

/// The states of a charge point from `from` to `until`: inactive before the first winner, then as
/// each winner says until the next one.
pub fn draw(
    winners: &[StatusIdentity],
    from: Timestamp,
    until: Timestamp,
    policy: &Policy,
) -> Vec<Interval<ChargePointState>> {
    let first = winners.first().map_or(until, |winner| winner.event_time);
    let mut line = Line::default();
    line.push(from, first, ChargePointState::Inactive);
    for (index, winner) in winners.iter().enumerate() {
        let next = winners.get(index + 1).map_or(until, |next| next.event_time);
        let inactive_from = winner.event_time + policy.inactive_after;
        match winner.winner.service_state {
            ServiceState::OutOfService => {
                line.push(winner.event_time, next, ChargePointState::OutOfService);
            }
            ServiceState::InService => {
                let stale_from = winner.event_time + policy.stale_after;
                line.push(
                    winner.event_time,
                    next.min(stale_from),
                    occupancy_state(winner.winner.occupancy),
                );
                line.push(
                    stale_from,
                    next.min(inactive_from),
                    ChargePointState::UnknownShort,
                );
                line.push(inactive_from, next, ChargePointState::Inactive);
            }
            ServiceState::Unknown => {
                line.push(
                    winner.event_time,
                    next.min(inactive_from),
                    ChargePointState::UnknownShort,
                );
                line.push(inactive_from, next, ChargePointState::Inactive);
            }
        }
    }
    age_unknown_runs(&line.intervals, policy.unknown_grace)
}

/// What a charge point in service is, by its occupancy.
fn occupancy_state(occupancy: Occupancy) -> ChargePointState {
    match occupancy {
        Occupancy::Free => ChargePointState::Free,
        Occupancy::Occupied => ChargePointState::Occupied,
        Occupancy::Reserved => ChargePointState::Reserved,
        Occupancy::Unknown => ChargePointState::InService,
    }
}

/// Splits every maximal run of unknown intervals into its first `grace` and the rest.
fn age_unknown_runs(
    intervals: &[Interval<ChargePointState>],
    grace: Span,
) -> Vec<Interval<ChargePointState>> {
    let mut line = Line::default();
    let mut run_start: Option<Timestamp> = None;
    for interval in intervals {
        if interval.state == ChargePointState::UnknownShort {
            let grace_end = *run_start.get_or_insert(interval.start) + grace;
            line.push(
                interval.start,
                interval.end.min(grace_end),
                ChargePointState::UnknownShort,
            );
            line.push(
                interval.start.max(grace_end),
                interval.end,
                ChargePointState::UnknownLong,
            );
        } else {
            run_start = None;
            line.push(interval.start, interval.end, interval.state);
        }
    }
    line.intervals
}

/// Intervals under construction.
#[derive(Debug, Default)]
struct Line {
    intervals: Vec<Interval<ChargePointState>>,
}

impl Line {
    /// Adds an interval unless it is empty.
    fn push(&mut self, start: Timestamp, end: Timestamp, state: ChargePointState) {
        if start < end {
            self.intervals.push(Interval { start, end, state });
        }
    }
}

/// The state that holds at `instant`; none outside the line.
pub fn state_at<S: Copy>(line: &[Interval<S>], instant: Timestamp) -> Option<S> {
    let after = line.partition_point(|interval| interval.start <= instant);
    let interval = line.get(after.checked_sub(1)?)?;
    (instant < interval.end).then_some(interval.state)
}

/// How long the line is in one of the states that `is_counted` names, within `[start, end)`.
pub fn time_in<S: Copy>(
    line: &[Interval<S>],
    start: Timestamp,
    end: Timestamp,
    is_counted: impl Fn(S) -> bool,
) -> Span {
    let mut total_ms = 0;
    for interval in line {
        let clipped = interval.end.min(end) - interval.start.max(start);
        if clipped > Span::ZERO && is_counted(interval.state) {
            total_ms += clipped.as_ms();
        }
    }
    Span::from_ms(total_ms)
}
