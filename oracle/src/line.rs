//! The line of a charge point: intervals without gaps, each in one state (chapter 5).

use domain::status::StatusPayload;
use domain::{ChargePointState, Occupancy, Policy, ServiceState, Span, Timestamp};

use crate::status_book::StatusIdentity;

/// Something that holds from an instant to another, `[start, end)`, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval<S> {
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after.
    pub end: Timestamp,
    /// What holds throughout.
    pub state: S,
}

/// Side of the availability axis: the three values of Kleene's logic, and two kinds of neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// In service.
    Up,
    /// Out of service.
    Down,
    /// Not known, or no longer believed.
    Unknown,
    /// Inactive through silence.
    Silent,
    /// Inactive: nothing came yet, or it is withdrawn.
    Absent,
}

/// A state, and its side of the axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// One of the nine states.
    pub state: ChargePointState,
    /// Its side; tells the two kinds of inactive apart.
    pub axis: Axis,
}

/// From when on something else holds: a winning status, or a withdrawal (none).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// The instant.
    pub at: Timestamp,
    /// What the status says; none for a withdrawal.
    pub says: Option<StatusPayload>,
}

/// Winners and withdrawals before `until`, in order; of one millisecond only the withdrawal.
pub fn marks(
    statuses: &[StatusIdentity],
    withdrawals: &[Timestamp],
    until: Timestamp,
) -> Vec<Mark> {
    let winners = statuses.iter().map(|status| Mark {
        at: status.event_time,
        says: Some(status.winner),
    });
    let kept = winners.filter(|mark| !withdrawals.contains(&mark.at));
    let mut marks: Vec<Mark> = kept.collect();
    marks.extend(withdrawals.iter().map(|at| Mark {
        at: *at,
        says: None,
    }));
    marks.retain(|mark| mark.at < until);
    marks.sort_by_key(|mark| mark.at);
    marks
}

/// The line from `from` to `until`: absent before the first mark, then as each mark says until the
/// next one.
pub fn draw(
    marks: &[Mark],
    (from, until): (Timestamp, Timestamp),
    policy: &Policy,
) -> Vec<Interval<Standing>> {
    let first = marks.first().map_or(until, |mark| mark.at);
    let mut line = Line::new(from);
    line.push(from, first, ABSENT);
    for (index, mark) in marks.iter().enumerate() {
        let next = marks.get(index + 1).map_or(until, |next| next.at);
        let stale_from = mark.at + policy.stale_after;
        let inactive_from = mark.at + policy.inactive_after;
        match mark.says.map(|says| (says.service_state, says.occupancy)) {
            None => line.push(mark.at, next, ABSENT),
            Some((ServiceState::OutOfService, _)) => line.push(mark.at, next, DOWN),
            Some((ServiceState::InService, occupancy)) => {
                line.push(mark.at, next.min(stale_from), up(occupancy));
                line.push(stale_from, next.min(inactive_from), UNKNOWN);
                line.push(inactive_from.max(stale_from), next, SILENT);
            }
            Some((ServiceState::Unknown, _)) => {
                line.push(mark.at, next.min(inactive_from), UNKNOWN);
                line.push(inactive_from, next, SILENT);
            }
        }
    }
    age_unknown_runs(&line.intervals, policy.unknown_grace)
}

const ABSENT: Standing = Standing {
    state: ChargePointState::Inactive,
    axis: Axis::Absent,
};
const SILENT: Standing = Standing {
    state: ChargePointState::Inactive,
    axis: Axis::Silent,
};
const DOWN: Standing = Standing {
    state: ChargePointState::OutOfService,
    axis: Axis::Down,
};
/// Its age is decided when the whole line is known.
const UNKNOWN: Standing = Standing {
    state: ChargePointState::UnknownShort,
    axis: Axis::Unknown,
};

/// What a charge point in service is, by its occupancy.
const fn up(occupancy: Occupancy) -> Standing {
    let state = match occupancy {
        Occupancy::Free => ChargePointState::Free,
        Occupancy::Occupied => ChargePointState::Occupied,
        Occupancy::Reserved => ChargePointState::Reserved,
        Occupancy::Unknown => ChargePointState::InService,
    };
    Standing {
        state,
        axis: Axis::Up,
    }
}

/// Splits every maximal run of unknown intervals into its first `grace` and the rest.
fn age_unknown_runs(intervals: &[Interval<Standing>], grace: Span) -> Vec<Interval<Standing>> {
    const LONG: Standing = Standing {
        state: ChargePointState::UnknownLong,
        axis: Axis::Unknown,
    };
    let mut line = Line::new(intervals.first().map_or(Timestamp::MIN, |each| each.start));
    let mut run_start: Option<Timestamp> = None;
    for interval in intervals {
        if interval.state.axis == Axis::Unknown {
            let grace_end = *run_start.get_or_insert(interval.start) + grace;
            line.push(interval.start, interval.end.min(grace_end), UNKNOWN);
            line.push(interval.start.max(grace_end), interval.end, LONG);
        } else {
            run_start = None;
            line.push(interval.start, interval.end, interval.state);
        }
    }
    line.intervals
}

/// Intervals under construction.
#[derive(Debug)]
struct Line {
    from: Timestamp,
    intervals: Vec<Interval<Standing>>,
}

impl Line {
    const fn new(from: Timestamp) -> Self {
        Self {
            from,
            intervals: Vec::new(),
        }
    }

    /// Adds what is left of an interval after the start of the line, unless it is empty.
    fn push(&mut self, start: Timestamp, end: Timestamp, state: Standing) {
        let start = start.max(self.from);
        if start < end {
            self.intervals.push(Interval { start, end, state });
        }
    }
}

/// What holds at `instant`; none outside the line.
pub fn state_at<S: Copy>(line: &[Interval<S>], instant: Timestamp) -> Option<S> {
    let inside = |interval: &&Interval<S>| interval.start <= instant && instant < interval.end;
    line.iter().find(inside).map(|interval| interval.state)
}

/// How long the line is in one of the states that `is_counted` names, within `[start, end)`.
pub fn time_in<S: Copy>(
    line: &[Interval<S>],
    (start, end): (Timestamp, Timestamp),
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
