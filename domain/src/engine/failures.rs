//! Failure episodes along a line: opening, shares of time, flags and end (chapter 6).
//!
//! The same rules serve a charge point and a station, whose line is the Kleene OR of its charge
//! points. What lies before the horizon is carried in as the state just before it and the episode
//! open then.

use smol_str::SmolStr;

use crate::episode::{EpisodeEnd, EpisodeFlags, EpisodeOutcome};
use crate::time::Timestamp;
use crate::timeline::Axis;

/// What the directory says of a place at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Dimensions {
    /// Nominal power, W; 0 when unknown.
    pub(super) power_w: i64,
    /// Municipality; empty when unknown.
    pub(super) code_insee_commune: SmolStr,
}

impl Dimensions {
    /// Adds the power of another place; the first known municipality stays.
    pub(super) fn add(&mut self, other: &Self) {
        self.power_w = self.power_w.saturating_add(other.power_w);
        if self.code_insee_commune.is_empty() {
            self.code_insee_commune = other.code_insee_commune.clone();
        }
    }
}

/// An episode that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenFailure {
    pub(super) opened_at: Timestamp,
    pub(super) flags: EpisodeFlags,
    pub(super) out_of_service_ms: i64,
    pub(super) unknown_ms: i64,
    /// The directory at the opening; set when the opening is folded.
    pub(super) dimensions: Option<Dimensions>,
}

/// An episode, open or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) opened_at: Timestamp,
    pub(super) flags: EpisodeFlags,
    pub(super) outcome: EpisodeOutcome,
    pub(super) end: Option<EpisodeEnd>,
    pub(super) dimensions: Option<Dimensions>,
}

impl Failure {
    /// When it ended.
    pub(super) fn closed_at(&self) -> Option<Timestamp> {
        self.end.map(|end| end.closed_at)
    }

    /// Whether it was open during the millisecond before `instant`.
    pub(super) fn is_open_before(&self, instant: Timestamp) -> bool {
        self.opened_at < instant && self.closed_at().is_none_or(|closed| closed >= instant)
    }
}

/// How failures stand at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct FailureTrace {
    /// State just before.
    pub(super) before: Axis,
    /// The episode open then; apart, since few are.
    pub(super) open: Option<Box<OpenFailure>>,
}

impl FailureTrace {
    /// Goes along a line.
    pub(super) fn follow(&mut self, line: impl Iterator<Item = (Timestamp, Timestamp, Axis)>) {
        let mut walk = Walk {
            before: self.before,
            open: self.open.take().map(|open| *open),
        };
        for (start, end, axis) in line {
            let _ended = walk.step(start, end, axis);
        }
        self.before = walk.before;
        self.open = walk.open.map(Box::new);
    }
}

/// A [`FailureTrace`] on its way along a line: it allocates nothing.
#[derive(Debug)]
struct Walk {
    before: Axis,
    open: Option<OpenFailure>,
}

impl Walk {
    /// Goes along one segment `[start, end)` of the line; returns the episode that ends at its start.
    fn step(&mut self, start: Timestamp, end: Timestamp, axis: Axis) -> Option<Failure> {
        let length_ms = (end - start).as_ms();
        let before = std::mem::replace(&mut self.before, axis);
        match axis {
            Axis::Up => self.close(start, EpisodeOutcome::Returned),
            Axis::Absent => self.close(start, EpisodeOutcome::Withdrawn),
            Axis::Down => {
                let open = self.open.get_or_insert_with(|| opening(start, before));
                open.out_of_service_ms += length_ms;
                None
            }
            Axis::Unknown => {
                if let Some(open) = &mut self.open {
                    open.flags.unknown_inside = true;
                    open.unknown_ms += length_ms;
                }
                None
            }
            Axis::Silent => None,
        }
    }

    /// The episode open at the end of the line.
    fn into_open(self) -> Option<Failure> {
        self.open.map(|open| Failure {
            opened_at: open.opened_at,
            flags: open.flags,
            outcome: EpisodeOutcome::Open,
            end: None,
            dimensions: open.dimensions,
        })
    }

    fn close(&mut self, closed_at: Timestamp, outcome: EpisodeOutcome) -> Option<Failure> {
        self.open.take().map(|open| Failure {
            opened_at: open.opened_at,
            flags: open.flags,
            outcome,
            end: Some(EpisodeEnd {
                closed_at,
                time_to_return_ms: (closed_at - open.opened_at).as_ms(),
                out_of_service_ms: open.out_of_service_ms,
                unknown_ms: open.unknown_ms,
            }),
            dimensions: open.dimensions,
        })
    }
}

fn opening(opened_at: Timestamp, before: Axis) -> OpenFailure {
    OpenFailure {
        opened_at,
        flags: EpisodeFlags {
            left_censored: before == Axis::Absent,
            onset_uncertain: matches!(before, Axis::Unknown | Axis::Silent),
            unknown_inside: false,
        },
        out_of_service_ms: 0,
        unknown_ms: 0,
        dimensions: None,
    }
}

/// Writes down the episodes of a line: the one carried in, and all that open on it, in order.
pub(super) fn list_failures(
    carried: &FailureTrace,
    line: impl Iterator<Item = (Timestamp, Timestamp, Axis)>,
    failures: &mut Vec<Failure>,
) {
    failures.clear();
    let mut walk = Walk {
        before: carried.before,
        open: carried.open.as_deref().cloned(),
    };
    failures.extend(line.filter_map(|(start, end, axis)| walk.step(start, end, axis)));
    failures.extend(walk.into_open());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(axes: &[Axis]) -> Vec<Failure> {
        let line = axes.iter().zip(0_i64..).map(|(&axis, index)| {
            let at = |n: i64| Timestamp::from_ms(n * 1000);
            (at(index), at(index + 1), axis)
        });
        let mut failures = Vec::new();
        list_failures(&FailureTrace::default(), line, &mut failures);
        failures
    }

    #[test]
    fn an_episode_spans_unknown_time_and_keeps_its_shares() {
        let all = run(&[Axis::Up, Axis::Down, Axis::Unknown, Axis::Down, Axis::Up]);
        let [failure] = all.as_slice() else {
            panic!("one episode, found {all:?}")
        };
        let end = failure.end.unwrap();
        assert_eq!(failure.outcome, EpisodeOutcome::Returned);
        assert!(failure.flags.unknown_inside && !failure.flags.onset_uncertain);
        let shares = (end.time_to_return_ms, end.out_of_service_ms, end.unknown_ms);
        assert_eq!(shares, (3000, 2000, 1000));
    }

    #[test]
    fn what_precedes_the_opening_decides_the_flags() {
        for (before, left_censored, onset_uncertain) in [
            (Axis::Absent, true, false),
            (Axis::Silent, false, true),
            (Axis::Unknown, false, true),
            (Axis::Up, false, false),
        ] {
            let all = run(&[before, Axis::Down]);
            let flags = all.last().unwrap().flags;
            assert_eq!(
                (flags.left_censored, flags.onset_uncertain),
                (left_censored, onset_uncertain)
            );
        }
    }

    #[test]
    fn a_withdrawal_ends_an_episode_and_silence_does_not() {
        let all = run(&[Axis::Up, Axis::Down, Axis::Unknown, Axis::Silent]);
        assert_eq!(all.last().unwrap().outcome, EpisodeOutcome::Open);
        let all = run(&[Axis::Up, Axis::Down, Axis::Absent]);
        assert_eq!(all.last().unwrap().outcome, EpisodeOutcome::Withdrawn);
    }
}
