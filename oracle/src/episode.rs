//! Failure episodes of charge points and of stations (chapter 6).

use domain::episode::{EpisodeEnd, EpisodeFlags};
use domain::{EpisodeOutcome, ServiceState, Span, Timestamp};

use crate::line::{Axis, Interval, Mark, state_at, time_in};

/// One failure, open or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Episode {
    /// Start of the failure.
    pub opened_at: Timestamp,
    /// How it stands.
    pub outcome: EpisodeOutcome,
    /// How it ended; none while it is open.
    pub end: Option<EpisodeEnd>,
    /// What is uncertain about it.
    pub flags: EpisodeFlags,
}

impl Episode {
    /// Whether it is open in the millisecond before `instant`.
    pub fn is_open_before(&self, instant: Timestamp) -> bool {
        self.opened_at < instant && self.end.is_none_or(|end| end.closed_at >= instant)
    }

    /// An episode that opens at `opened_at`, after what the line shows just before: nothing or a
    /// withdrawal (left-censored), or silence or no knowledge (an uncertain onset).
    fn opening(opened_at: Timestamp, line: &[Interval<Axis>]) -> Self {
        let before = state_at(line, opened_at - Span::from_ms(1)).unwrap_or(Axis::Absent);
        Self {
            opened_at,
            outcome: EpisodeOutcome::Open,
            end: None,
            flags: EpisodeFlags {
                left_censored: before == Axis::Absent,
                onset_uncertain: matches!(before, Axis::Unknown | Axis::Silent),
                unknown_inside: false,
            },
        }
    }

    /// The episode, ended at `closed_at`.
    fn ended(self, outcome: EpisodeOutcome, closed_at: Timestamp, line: &[Interval<Axis>]) -> Self {
        let inside = (self.opened_at, closed_at);
        let time_ms = |wanted| time_in(line, inside, |axis| axis == wanted).as_ms();
        let end = EpisodeEnd {
            closed_at,
            time_to_return_ms: (closed_at - self.opened_at).as_ms(),
            out_of_service_ms: time_ms(Axis::Down),
            unknown_ms: time_ms(Axis::Unknown),
        };
        Self {
            outcome,
            end: Some(end),
            ..self
        }
    }
}

/// The episodes of a charge point: opened by a down winner when none is open, closed by the next up
/// winner or withdrawal. `line` is what its `marks` draw.
pub fn of_charge_point(marks: &[Mark], line: &[Interval<Axis>]) -> Vec<Episode> {
    let mut episodes: Vec<Episode> = Vec::new();
    let mut open: Option<Episode> = None;
    for mark in marks {
        match (mark.says.map(|says| says.service_state), open.take()) {
            (Some(ServiceState::OutOfService), None) => {
                open = Some(Episode::opening(mark.at, line));
            }
            (Some(ServiceState::InService), Some(episode)) => {
                episodes.push(episode.ended(EpisodeOutcome::Returned, mark.at, line));
            }
            (None, Some(episode)) => {
                episodes.push(episode.ended(EpisodeOutcome::Withdrawn, mark.at, line));
            }
            (Some(ServiceState::Unknown), Some(mut episode)) => {
                episode.flags.unknown_inside = true;
                open = Some(episode);
            }
            (Some(ServiceState::OutOfService), still_open) => open = still_open,
            (Some(ServiceState::InService | ServiceState::Unknown) | None, None) => {}
        }
    }
    episodes.extend(open);
    episodes
}

/// The episodes of a station: the same by its Kleene OR line.
pub fn of_station(line: &[Interval<Axis>]) -> Vec<Episode> {
    let mut episodes: Vec<Episode> = Vec::new();
    let mut open: Option<Episode> = None;
    for interval in line {
        match (interval.state, open.take()) {
            (Axis::Down, None) => open = Some(Episode::opening(interval.start, line)),
            (Axis::Up, Some(episode)) => {
                episodes.push(episode.ended(EpisodeOutcome::Returned, interval.start, line));
            }
            (Axis::Absent, Some(episode)) => {
                episodes.push(episode.ended(EpisodeOutcome::Withdrawn, interval.start, line));
            }
            (Axis::Unknown, Some(mut episode)) => {
                episode.flags.unknown_inside = true;
                open = Some(episode);
            }
            (Axis::Down | Axis::Silent, still_open) => open = still_open,
            (Axis::Up | Axis::Absent | Axis::Unknown, None) => {}
        }
    }
    episodes.extend(open);
    episodes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of one-second intervals from 0 on.
    fn line(states: &[Axis]) -> Vec<Interval<Axis>> {
        let seconds = (0..).map(|second| Timestamp::from_ms(second * 1000));
        let bounds = seconds.clone().zip(seconds.skip(1));
        let intervals = bounds.zip(states).map(|((start, end), state)| Interval {
            start,
            end,
            state: *state,
        });
        intervals.collect()
    }

    #[test]
    fn what_precedes_the_opening_decides_the_flags() {
        let flags = |before: Axis| of_station(&line(&[before, Axis::Down]))[0].flags;
        assert!(flags(Axis::Absent).left_censored && !flags(Axis::Absent).onset_uncertain);
        assert!(flags(Axis::Silent).onset_uncertain && !flags(Axis::Silent).left_censored);
        assert!(flags(Axis::Unknown).onset_uncertain);
        assert_eq!(flags(Axis::Up), EpisodeFlags::default());
        assert!(of_station(&line(&[Axis::Down]))[0].flags.left_censored);
    }

    #[test]
    fn neither_unknown_nor_silent_time_ends_a_failure() {
        use Axis::{Down, Silent, Unknown, Up};
        let episodes = of_station(&line(&[Up, Down, Unknown, Silent, Down, Up]));
        let end = EpisodeEnd {
            closed_at: Timestamp::from_ms(5000),
            time_to_return_ms: 4000,
            out_of_service_ms: 2000,
            unknown_ms: 1000,
        };
        assert_eq!(episodes.len(), 1);
        assert_eq!(episodes[0].end, Some(end));
        assert!(episodes[0].flags.unknown_inside);
    }

    #[test]
    fn a_station_whose_last_charge_point_is_withdrawn_ends_its_failure() {
        let episodes = of_station(&line(&[Axis::Down, Axis::Absent, Axis::Down]));
        let outcomes = episodes.iter().map(|each| each.outcome);
        let expected = [EpisodeOutcome::Withdrawn, EpisodeOutcome::Open];
        assert!(outcomes.eq(expected));
        assert!(episodes.iter().all(|each| each.flags.left_censored));
    }
}
