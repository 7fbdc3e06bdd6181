//! The timeline of one charge point: from winning statuses and withdrawals to states.
//!
//! A pure function of the marks. Silence needs no timer: stale and inactive follow from the age of
//! the last mark, the grace of an unknown run from the start of the run.

use crate::indicator::ChargePointState;
use crate::policy::Policy;
use crate::status::{Occupancy, ServiceState, StatusPayload};
use crate::time::{Span, Timestamp};

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MarkKind {
    Free,
    Occupied,
    Reserved,
    InService,
    OutOfService,
    Unknown,
    /// Last, since it wins over a status of the same millisecond.
    Withdrawal,
}

impl MarkKind {
    /// All values, in the order of the schema of the state.
    pub(crate) const ALL: [Self; 7] = [
        Self::Free,
        Self::Occupied,
        Self::Reserved,
        Self::InService,
        Self::OutOfService,
        Self::Unknown,
        Self::Withdrawal,
    ];

    /// What a status says: the service state alone decides the axis, occupancy refines up only.
    pub(crate) fn of(payload: StatusPayload) -> Self {
        match payload.service_state {
            ServiceState::OutOfService => Self::OutOfService,
            ServiceState::Unknown => Self::Unknown,
            ServiceState::InService => match payload.occupancy {
                Occupancy::Free => Self::Free,
                Occupancy::Occupied => Self::Occupied,
                Occupancy::Reserved => Self::Reserved,
                Occupancy::Unknown => Self::InService,
            },
        }
    }
}

/// A winning status or a withdrawal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) at: Timestamp,
    pub(crate) kind: MarkKind,
}

impl Mark {
    /// When silence makes the charge point inactive; never after down or a withdrawal.
    pub(crate) fn silent_at(&self, policy: &Policy) -> Option<Timestamp> {
        match self.kind {
            MarkKind::Free
            | MarkKind::Occupied
            | MarkKind::Reserved
            | MarkKind::InService
            | MarkKind::Unknown => Some(self.at + policy.inactive_after),
            MarkKind::OutOfService | MarkKind::Withdrawal => None,
        }
    }
}

/// Side of the availability axis; inactive by silence apart from not seen yet or withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Axis {
    #[default]
    Absent,
    Silent,
    Unknown,
    Down,
    Up,
}

impl Axis {
    /// All values, in the order of the schema of the state.
    pub(crate) const ALL: [Self; 5] = [
        Self::Absent,
        Self::Silent,
        Self::Unknown,
        Self::Down,
        Self::Up,
    ];
}

/// The state of a charge point, the two kinds of inactive apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum LineState {
    /// Before the first winner, or from a withdrawal to the next winner.
    #[default]
    Absent,
    /// Inactive through silence.
    Silent,
    UnknownShort,
    UnknownLong,
    OutOfService,
    Free,
    Occupied,
    Reserved,
    InService,
}

impl LineState {
    pub(crate) const fn axis(self) -> Axis {
        match self {
            Self::Absent => Axis::Absent,
            Self::Silent => Axis::Silent,
            Self::UnknownShort | Self::UnknownLong => Axis::Unknown,
            Self::OutOfService => Axis::Down,
            Self::Free | Self::Occupied | Self::Reserved | Self::InService => Axis::Up,
        }
    }

    pub(crate) const fn state(self) -> ChargePointState {
        match self {
            Self::Absent | Self::Silent => ChargePointState::Inactive,
            Self::UnknownShort => ChargePointState::UnknownShort,
            Self::UnknownLong => ChargePointState::UnknownLong,
            Self::OutOfService => ChargePointState::OutOfService,
            Self::Free => ChargePointState::Free,
            Self::Occupied => ChargePointState::Occupied,
            Self::Reserved => ChargePointState::Reserved,
            Self::InService => ChargePointState::InService,
        }
    }
}

/// A state that holds on `[start, end)`, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
    pub(crate) state: LineState,
}

/// Draws the line of `marks` (in order, the last one before `from` included) on `[from, to)`:
/// appends its states to `segments`, in order, without a gap. `run_start` is the start of the
/// unknown run that reaches `from`; returned is that of the run that reaches `to`.
pub(crate) fn draw(
    marks: &[Mark],
    (from, to): (Timestamp, Timestamp),
    run_start: Option<Timestamp>,
    policy: &Policy,
    segments: &mut Vec<Segment>,
) -> Option<Timestamp> {
    let mut pen = Pen {
        from,
        to,
        unknown_grace: policy.unknown_grace,
        segments,
        run_start,
    };
    let first = marks.first().map_or(to, |mark| mark.at);
    pen.put(from, first, LineState::Absent);
    let nexts = marks.iter().skip(1).map(|mark| mark.at);
    for (mark, next) in marks.iter().zip(nexts.chain([to.max(first)])) {
        pen.follow(*mark, next, policy);
    }
    pen.run_start
}

/// Draws pieces, clipped to the reach of the line.
struct Pen<'s> {
    from: Timestamp,
    to: Timestamp,
    unknown_grace: Span,
    segments: &'s mut Vec<Segment>,
    run_start: Option<Timestamp>,
}

impl Pen<'_> {
    fn follow(&mut self, mark: Mark, next: Timestamp, policy: &Policy) {
        let stale = next.min(mark.at + policy.stale_after);
        let silent = next.min(mark.at + policy.inactive_after);
        let up = match mark.kind {
            MarkKind::Free => LineState::Free,
            MarkKind::Occupied => LineState::Occupied,
            MarkKind::Reserved => LineState::Reserved,
            MarkKind::InService => LineState::InService,
            MarkKind::OutOfService => return self.put(mark.at, next, LineState::OutOfService),
            MarkKind::Withdrawal => return self.put(mark.at, next, LineState::Absent),
            MarkKind::Unknown => {
                self.put_unknown(mark.at, silent);
                return self.put(silent, next, LineState::Silent);
            }
        };
        self.put(mark.at, stale, up);
        self.put_unknown(stale, silent);
        self.put(silent, next, LineState::Silent);
    }

    fn put(&mut self, start: Timestamp, end: Timestamp, state: LineState) {
        if self.push(start, end, state) {
            self.run_start = None;
        }
    }

    fn put_unknown(&mut self, start: Timestamp, end: Timestamp) {
        let start = start.max(self.from);
        if start < end.min(self.to) {
            let run_start = *self.run_start.get_or_insert(start);
            let long = (run_start + self.unknown_grace).max(start);
            self.push(start, end.min(long), LineState::UnknownShort);
            self.push(long, end, LineState::UnknownLong);
        }
    }

    fn push(&mut self, start: Timestamp, end: Timestamp, state: LineState) -> bool {
        let (start, end) = (start.max(self.from), end.min(self.to));
        let is_visible = start < end;
        if is_visible {
            self.segments.push(Segment { start, end, state });
        }
        is_visible
    }
}

/// Those of `segments` (in order, without a gap) that meet `[from, to)`, clipped to it.
pub(crate) fn clipped(
    segments: &[Segment],
    from: Timestamp,
    to: Timestamp,
) -> impl Iterator<Item = Segment> {
    let first = segments.partition_point(|segment| segment.end <= from);
    let rest = segments.get(first..).unwrap_or_default().iter();
    rest.take_while(move |segment| segment.start < to)
        .map(move |segment| Segment {
            start: segment.start.max(from),
            end: segment.end.min(to),
            state: segment.state,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(days: i64) -> Timestamp {
        Timestamp::from_ms(0) + Span::from_days(days)
    }

    fn draw(marks: &[(i64, MarkKind)], from: i64, to: i64) -> Vec<(i64, LineState)> {
        let marks: Vec<_> = marks
            .iter()
            .map(|&(days, kind)| Mark {
                at: day(days),
                kind,
            })
            .collect();
        let mut segments = Vec::new();
        let reach = (day(from), day(to));
        let _run_start = super::draw(&marks, reach, None, &Policy::qc_1(), &mut segments);
        let lengths = segments.iter();
        lengths
            .map(|segment| {
                (
                    (segment.end - segment.start).as_ms() / 86_400_000,
                    segment.state,
                )
            })
            .collect()
    }

    #[test]
    fn silence_is_believed_seven_days_then_stale_then_inactive() {
        let expected = [
            (2, LineState::Absent),
            (7, LineState::Free),
            (1, LineState::UnknownShort),
            (22, LineState::UnknownLong),
            (8, LineState::Silent),
        ];
        assert_eq!(draw(&[(2, MarkKind::Free)], 0, 40), expected);
    }

    #[test]
    fn down_never_goes_stale_and_a_withdrawal_ends_it() {
        let marks = [(0, MarkKind::OutOfService), (50, MarkKind::Withdrawal)];
        let expected = [(50, LineState::OutOfService), (10, LineState::Absent)];
        assert_eq!(draw(&marks, 0, 60), expected);
    }

    #[test]
    fn an_unknown_run_goes_on_from_stale_to_unknown() {
        let marks = [(0, MarkKind::Free), (9, MarkKind::Unknown)];
        let expected = [
            (7, LineState::Free),
            (1, LineState::UnknownShort),
            (1, LineState::UnknownLong),
            (3, LineState::UnknownLong),
        ];
        assert_eq!(draw(&marks, 0, 12), expected);
    }

    #[test]
    fn a_line_that_starts_within_a_run_keeps_its_age() {
        let marks = [Mark {
            at: day(0),
            kind: MarkKind::Unknown,
        }];
        let mut segments = Vec::new();
        let reach = (day(3), day(4));
        let policy = Policy::qc_1();
        let run_start = super::draw(&marks, reach, Some(day(0)), &policy, &mut segments);
        let states: Vec<_> = segments.iter().map(|segment| segment.state).collect();
        assert_eq!(states, [LineState::UnknownLong]);
        assert_eq!(run_start, Some(day(0)));
    }
}
