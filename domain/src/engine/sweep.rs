//! The sweep of a station: how its charge points combine at each instant (chapter 8).

use super::hour::Hour;
use crate::indicator::{StationState, StationSweep};
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::timeline::{Axis, LineState, Segment};

/// How many charge points are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    free: i64,
    occupied: i64,
    up: i64,
    down: i64,
    unknown: i64,
    silent: i64,
}

impl Tally {
    fn add(&mut self, state: LineState, step: i64) {
        match state {
            LineState::Absent => {}
            LineState::Silent => self.silent += step,
            LineState::UnknownShort | LineState::UnknownLong => self.unknown += step,
            LineState::OutOfService => self.down += step,
            LineState::Free => {
                self.up += step;
                self.free += step;
            }
            LineState::Occupied => {
                self.up += step;
                self.occupied += step;
            }
            LineState::Reserved | LineState::InService => self.up += step,
        }
    }

    /// Kleene OR over the active charge points; if none is active, silence hides withdrawal.
    pub(super) const fn any(&self) -> Axis {
        if self.up > 0 {
            Axis::Up
        } else if self.unknown > 0 {
            Axis::Unknown
        } else if self.down > 0 {
            Axis::Down
        } else if self.silent > 0 {
            Axis::Silent
        } else {
            Axis::Absent
        }
    }

    /// QualiCharge's group state: the first line of the table that applies.
    pub(super) const fn state(&self, policy: &Policy) -> StationState {
        let active = self.up + self.down + self.unknown;
        if active == 0 {
            StationState::Inactive
        } else if self.up == 0 && self.down > 0 {
            StationState::OutOfService
        } else if self.up == 0 {
            StationState::Unknown
        } else if self.occupied == 0 {
            StationState::Idle
        } else if 100 * self.free < policy.saturated_percent * active {
            StationState::Saturated
        } else if 100 * self.free < policy.overloaded_percent * active {
            StationState::Overloaded
        } else {
            StationState::Active
        }
    }

    fn count(&self, length_ms: i64, policy: &Policy, sweep: &mut StationSweep) {
        match self.any() {
            Axis::Up => sweep.any_up_ms += length_ms,
            Axis::Unknown => sweep.any_unknown_ms += length_ms,
            Axis::Down => sweep.all_down_ms += length_ms,
            Axis::Silent | Axis::Absent => return,
        }
        if self.down > 0 {
            sweep.some_down_ms += length_ms;
        } else if self.unknown > 0 {
            sweep.every_unknown_ms += length_ms;
        } else {
            sweep.every_up_ms += length_ms;
        }
        match self.state(policy) {
            StationState::Idle => sweep.idle_ms += length_ms,
            StationState::Active => sweep.active_ms += length_ms,
            StationState::Overloaded => sweep.overloaded_ms += length_ms,
            StationState::Saturated => sweep.saturated_ms += length_ms,
            StationState::OutOfService => sweep.out_of_service_station_ms += length_ms,
            StationState::Unknown | StationState::Inactive => {}
        }
    }
}

/// How the charge points combine on `[start, end)`, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) tally: Tally,
}

/// A charge point leaves one state and enters another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    at: Timestamp,
    left: LineState,
    entered: LineState,
}

/// Lists the changes of one more line from `from` on.
pub(super) fn list_changes(line: &[Segment], from: Timestamp, changes: &mut Vec<Change>) {
    let mut left = LineState::Absent;
    let seen = line.partition_point(|segment| segment.end <= from);
    for segment in line.get(seen..).unwrap_or_default() {
        let entered = segment.state;
        let at = segment.start.max(from);
        changes.push(Change { at, left, entered });
        left = entered;
    }
}

/// Combines the changes of all lines on `[from, to)` into `pieces`: in order, without a gap.
pub(super) fn combine(
    changes: &mut [Change],
    (from, to): (Timestamp, Timestamp),
    pieces: &mut Vec<Piece>,
) {
    changes.sort_unstable_by_key(|change| change.at);
    pieces.clear();
    let mut tally = Tally::default();
    let mut start = from;
    for change in changes {
        if start < change.at {
            let end = change.at;
            pieces.push(Piece { start, end, tally });
            start = end;
        }
        tally.add(change.left, -1);
        tally.add(change.entered, 1);
    }
    if start < to {
        let end = to;
        pieces.push(Piece { start, end, tally });
    }
}

/// Adds the sweep over `[from, to)`, power apart, to `sweep`; the state of its last millisecond.
pub(super) fn add_sweep(
    pieces: &[Piece],
    (from, to): (Timestamp, Timestamp),
    policy: &Policy,
    sweep: &mut StationSweep,
) -> StationState {
    let mut state_at_end = StationState::Inactive;
    let first = pieces.partition_point(|piece| piece.end <= from);
    let rest = pieces.get(first..).unwrap_or_default().iter();
    for piece in rest.take_while(|piece| piece.start < to) {
        let length = piece.end.min(to) - piece.start.max(from);
        piece.tally.count(length.as_ms(), policy, sweep);
        state_at_end = piece.tally.state(policy);
    }
    state_at_end
}

/// Adds power × time of one charge point and hour, kW·ms, rounded down once per field.
pub(super) fn weigh(sweep: &mut StationSweep, hour: &Hour) {
    let weighed = |time_ms: i64| hour.dimensions.power_w.max(0).saturating_mul(time_ms) / 1000;
    sweep.up_kwms += weighed(hour.vector.up_ms());
    sweep.down_kwms += weighed(hour.vector.down_ms());
    sweep.required_kwms += weighed(hour.vector.required_ms());
}

/// What the failure rules see of a piece.
pub(super) fn axes(pieces: &[Piece]) -> impl Iterator<Item = (Timestamp, Timestamp, Axis)> {
    pieces
        .iter()
        .map(|piece| (piece.start, piece.end, piece.tally.any()))
}

/// Those pieces that start before `until`, clipped to it.
pub(super) fn axes_until(
    pieces: &[Piece],
    until: Timestamp,
) -> impl Iterator<Item = (Timestamp, Timestamp, Axis)> {
    axes(pieces)
        .take_while(move |&(start, _, _)| start < until)
        .map(move |(start, end, axis)| (start, end.min(until), axis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn tally(states: &[(LineState, i64)]) -> Tally {
        let mut tally = Tally::default();
        for &(state, count) in states {
            tally.add(state, count);
        }
        tally
    }

    #[test]
    fn a_station_is_saturated_below_a_tenth_and_overloaded_below_a_fifth_free() {
        let policy = Policy::qc_1();
        let state = |free, occupied| {
            tally(&[(LineState::Free, free), (LineState::Occupied, occupied)]).state(&policy)
        };
        assert_eq!(state(0, 1), StationState::Saturated);
        assert_eq!(state(1, 9), StationState::Overloaded);
        assert_eq!(state(1, 5), StationState::Overloaded);
        assert_eq!(state(1, 4), StationState::Active);
        assert_eq!(state(2, 8), StationState::Active);
        assert_eq!(state(1, 0), StationState::Idle);
        assert_eq!(state(0, 0), StationState::Inactive);
    }

    #[test]
    fn down_and_unknown_charge_points_count_among_the_active() {
        let policy = Policy::qc_1();
        let states = [
            (LineState::Free, 1),
            (LineState::Occupied, 1),
            (LineState::OutOfService, 4),
        ];
        assert_eq!(tally(&states).state(&policy), StationState::Overloaded);
        let states = [(LineState::OutOfService, 1), (LineState::UnknownShort, 1)];
        let mut sweep = StationSweep::default();
        tally(&states).count(5, &policy, &mut sweep);
        let expected = StationSweep {
            any_unknown_ms: 5,
            some_down_ms: 5,
            out_of_service_station_ms: 5,
            ..StationSweep::default()
        };
        assert_eq!(sweep, expected);
    }

    #[test]
    fn lines_that_change_at_one_instant_change_together() {
        let at = |ms| Timestamp::from_ms(ms);
        let segment = |start, end, state| Segment {
            start: at(start),
            end: at(end),
            state,
        };
        let first = [
            segment(0, 10, LineState::Free),
            segment(10, 20, LineState::OutOfService),
        ];
        let second = [
            segment(0, 10, LineState::OutOfService),
            segment(10, 20, LineState::Free),
        ];
        let (mut changes, mut pieces) = (Vec::new(), Vec::new());
        for line in [first.as_slice(), second.as_slice()] {
            list_changes(line, at(5), &mut changes);
        }
        combine(&mut changes, (at(5), at(20)), &mut pieces);
        let mut sweep = StationSweep::default();
        let covered = (at(5), at(5) + Span::from_ms(15));
        let _state = add_sweep(&pieces, covered, &Policy::qc_1(), &mut sweep);
        assert_eq!(
            (sweep.any_up_ms, sweep.all_down_ms, pieces.len()),
            (15, 0, 2)
        );
    }
}
