//! Failure episodes of charge points and of stations (chapter 6).

use domain::{ChargePointState, ServiceState, Timestamp};

use super::line::{Interval, state_at, time_in};
use super::status_book::StatusIdentity;

/// What a charge point or a station is, for an episode: the three values of Kleene's logic, and
/// neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    /// In service.
    Up,
    /// Out of service.
    Down,
    /// Not known, or no longer believed.
    Unknown,
    /// Not active.
    Inactive,
}

/// How an episode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpisodeEnd {
    /// The return to service.
    pub closed_at: Timestamp,
    /// Time down inside, ms.
    pub out_of_service_ms: i64,
    /// Time unknown inside, ms.
    pub unknown_ms: i64,
}

/// One failure, open or returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Episode {
    /// Start of the failure.
    pub opened_at: Timestamp,
    /// How it ended; none while it is open.
    pub end: Option<EpisodeEnd>,
    /// Nothing precedes the opening.
    pub left_censored: bool,
    /// Just before the opening the state was unknown, stale, or inactive through silence.
    pub onset_uncertain: bool,
    /// It was unknown at some instant inside.
    pub unknown_inside: bool,
}

impl Episode {
    /// Whether it is open in the millisecond before `instant`.
    pub fn is_open_before(&self, instant: Timestamp) -> bool {
        self.opened_at < instant && self.end.is_none_or(|end| end.closed_at >= instant)
    }
}

/// The axis of a state of a charge point.
pub fn axis(state: ChargePointState) -> Axis {
    match state {
        ChargePointState::Free
        | ChargePointState::Occupied
        | ChargePointState::Reserved
        | ChargePointState::InService => Axis::Up,
        ChargePointState::OutOfService => Axis::Down,
        ChargePointState::UnknownShort | ChargePointState::UnknownLong => Axis::Unknown,
        ChargePointState::Inactive | ChargePointState::Closed => Axis::Inactive,
    }
}

/// The episodes of a charge point: opened by a down winner, closed by the next up winner.
pub fn of_charge_point(
    winners: &[StatusIdentity],
    line: &[Interval<ChargePointState>],
) -> Vec<Episode> {
    let axes: Vec<Interval<Axis>> = line
        .iter()
        .map(|interval| Interval {
            start: interval.start,
            end: interval.end,
            state: axis(interval.state),
        })
        .collect();
    let mut episodes: Vec<Episode> = Vec::new();
    let mut open: Option<Episode> = None;
    for (index, winner) in winners.iter().enumerate() {
        match (winner.winner.service_state, open.as_mut()) {
            (ServiceState::OutOfService, None) => {
                open = Some(opened(winner.event_time, index == 0, &axes));
            }
            (ServiceState::Unknown, Some(episode)) => episode.unknown_inside = true,
            (ServiceState::InService, Some(_)) => episodes.extend(
                open.take()
                    .map(|episode| closed(episode, winner.event_time, &axes)),
            ),
            (ServiceState::OutOfService, Some(_))
            | (ServiceState::InService | ServiceState::Unknown, None) => {}
        }
    }
    episodes.extend(open);
    episodes
}

/// The episodes of a station: the same by its Kleene OR line.
pub fn of_station(line: &[Interval<Axis>]) -> Vec<Episode> {
    let mut episodes: Vec<Episode> = Vec::new();
    let mut open: Option<Episode> = None;
    let mut was_active = false;
    for interval in line {
        match (interval.state, open.as_mut()) {
            (Axis::Down, None) => open = Some(opened(interval.start, !was_active, line)),
            (Axis::Unknown, Some(episode)) => episode.unknown_inside = true,
            (Axis::Up, Some(_)) => episodes.extend(
                open.take()
                    .map(|episode| closed(episode, interval.start, line)),
            ),
            (Axis::Down | Axis::Inactive, Some(_))
            | (Axis::Up | Axis::Unknown | Axis::Inactive, None) => {}
        }
        was_active |= interval.state != Axis::Inactive;
    }
    episodes.extend(open);
    episodes
}

/// An episode that opens at `opened_at`; nothing precedes one that is left-censored.
fn opened(opened_at: Timestamp, left_censored: bool, axes: &[Interval<Axis>]) -> Episode {
    let just_before = opened_at - domain::Span::from_ms(1);
    let uncertain = matches!(
        state_at(axes, just_before),
        Some(Axis::Unknown | Axis::Inactive)
    );
    Episode {
        opened_at,
        end: None,
        left_censored,
        onset_uncertain: uncertain && !left_censored,
        unknown_inside: false,
    }
}

/// The episode, returned at `closed_at`.
fn closed(episode: Episode, closed_at: Timestamp, axes: &[Interval<Axis>]) -> Episode {
    let time =
        |wanted| time_in(axes, episode.opened_at, closed_at, |state| state == wanted).as_ms();
    let end = EpisodeEnd {
        closed_at,
        out_of_service_ms: time(Axis::Down),
        unknown_ms: time(Axis::Unknown),
    };
    Episode {
        end: Some(end),
        ..episode
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of one-second intervals from 0 on.
    fn line(states: &[Axis]) -> Vec<Interval<Axis>> {
        let seconds = (0..).map(|second| Timestamp::from_ms(second * 1000));
        let bounds = seconds.clone().zip(seconds.skip(1));
        bounds
            .zip(states)
            .map(|((start, end), state)| Interval {
                start,
                end,
                state: *state,
            })
            .collect()
    }

    #[test]
    fn a_station_that_is_down_when_first_active_is_left_censored() {
        let episodes = of_station(&line(&[Axis::Inactive, Axis::Down, Axis::Up, Axis::Down]));
        let flags = episodes
            .iter()
            .map(|each| (each.left_censored, each.onset_uncertain));
        assert_eq!(flags.collect::<Vec<_>>(), [(true, false), (false, false)]);
        assert_eq!(
            episodes
                .iter()
                .map(|each| each.end.is_some())
                .collect::<Vec<_>>(),
            [true, false]
        );
    }

    #[test]
    fn a_station_that_went_silent_before_it_was_down_has_an_uncertain_onset() {
        let episodes = of_station(&line(&[Axis::Up, Axis::Inactive, Axis::Down]));
        assert!(episodes[0].onset_uncertain && !episodes[0].left_censored);
    }

    #[test]
    fn neither_unknown_nor_inactive_time_ends_a_failure() {
        let states = [
            Axis::Up,
            Axis::Down,
            Axis::Unknown,
            Axis::Inactive,
            Axis::Down,
            Axis::Up,
        ];
        let episodes = of_station(&line(&states));
        let end = EpisodeEnd {
            closed_at: Timestamp::from_ms(5000),
            out_of_service_ms: 2000,
            unknown_ms: 1000,
        };
        assert_eq!(episodes.len(), 1);
        assert_eq!(episodes[0].end, Some(end));
        assert!(episodes[0].unknown_inside);
    }
}
