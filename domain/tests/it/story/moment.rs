//! Instants that hit boundaries: window edges, cuts, limits of the policy, each ± 1 ms.

use domain::{Policy, Span, Timestamp, Window};
use proptest::prelude::*;
use proptest::sample::select;

/// A limit of the policy after an earlier event.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    None,
    Stale,
    Inactive,
    Grace,
    StaleAndGrace,
    Class(usize),
}

/// When something happens.
#[derive(Debug, Clone)]
pub(crate) enum Moment {
    /// At the start of an hour, ± 1 ms.
    Edge { hour: i64, nudge_ms: i64 },
    /// At a cut, ± 1 ms.
    Cut { number: i64, nudge_ms: i64 },
    /// Somewhere.
    Anywhere { ms: i64 },
    /// Where a limit of an earlier event ends, ± 1 ms, at the same charge point.
    After {
        event: usize,
        limit: Limit,
        nudge_ms: i64,
    },
}

/// How long after it happened something is received.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Delay {
    /// Within a minute.
    Prompt { ms: i64 },
    /// At the bound of a fresh status, ± 1 ms.
    Fresh { nudge_ms: i64 },
    /// Before it happened, within the tolerance or at its bound, ± 1 ms.
    Ahead { percent: i64, nudge_ms: i64 },
    /// At one of the next cuts, ± 1 ms.
    Cut { cuts: i64, nudge_ms: i64 },
    /// When the window closes, ± 1 ms.
    Closing { nudge_ms: i64 },
    /// Between closing and final.
    Late { percent: i64 },
    /// When the window is final, ± 1 ms.
    Final { nudge_ms: i64 },
    /// After the window is final.
    TooLate { minutes: i64 },
}

fn nudge_ms() -> impl Strategy<Value = i64> {
    select(vec![0, 0, -1, 1])
}

/// Moments within so many hours.
pub(crate) fn moments(hours: i64) -> impl Strategy<Value = Moment> {
    let limits = vec![
        Limit::None,
        Limit::None,
        Limit::Stale,
        Limit::Inactive,
        Limit::Grace,
        Limit::StaleAndGrace,
        Limit::Class(0),
        Limit::Class(1),
        Limit::Class(2),
    ];
    prop_oneof![
        2 => (0..hours, nudge_ms()).prop_map(|(hour, nudge_ms)| Moment::Edge { hour, nudge_ms }),
        1 => (0..hours * 3, nudge_ms())
            .prop_map(|(number, nudge_ms)| Moment::Cut { number, nudge_ms }),
        2 => (0..hours * 3_600_000).prop_map(|ms| Moment::Anywhere { ms }),
        3 => (any::<prop::sample::Index>(), select(limits), nudge_ms()).prop_map(
            |(event, limit, nudge_ms)| {
                let event = event.index(1 << 16);
                Moment::After { event, limit, nudge_ms }
            }
        ),
    ]
}

/// Delays of all kinds, most of them short.
pub(crate) fn delays() -> impl Strategy<Value = Delay> {
    prop_oneof![
        8 => (0..60_000_i64).prop_map(|ms| Delay::Prompt { ms }),
        1 => nudge_ms().prop_map(|nudge_ms| Delay::Fresh { nudge_ms }),
        2 => (select(vec![50, 100, 100, 150_i64]), nudge_ms())
            .prop_map(|(percent, nudge_ms)| Delay::Ahead { percent, nudge_ms }),
        2 => (1..4_i64, nudge_ms()).prop_map(|(cuts, nudge_ms)| Delay::Cut { cuts, nudge_ms }),
        2 => nudge_ms().prop_map(|nudge_ms| Delay::Closing { nudge_ms }),
        3 => (0..100_i64).prop_map(|percent| Delay::Late { percent }),
        2 => nudge_ms().prop_map(|nudge_ms| Delay::Final { nudge_ms }),
        1 => (0..90_i64).prop_map(|minutes| Delay::TooLate { minutes }),
    ]
}

impl Moment {
    /// The index of the earlier event that it follows, among so many.
    pub(crate) fn follows(&self, earlier: usize) -> Option<usize> {
        match self {
            Self::After { event, .. } => event.checked_rem(earlier),
            Self::Edge { .. } | Self::Cut { .. } | Self::Anywhere { .. } => None,
        }
    }

    /// The instant, in a story that begins at `begin`, given the earlier events.
    pub(crate) fn at(&self, begin: Timestamp, earlier: &[Timestamp], policy: &Policy) -> Timestamp {
        match *self {
            Self::Edge { hour, nudge_ms } => begin + Span::from_ms(hour * 3_600_000 + nudge_ms),
            Self::Cut { number, nudge_ms } => {
                begin + Span::from_ms(number * policy.cut_every.as_ms() + nudge_ms)
            }
            Self::Anywhere { ms } => begin + Span::from_ms(ms),
            Self::After {
                limit, nudge_ms, ..
            } => {
                let followed = self.follows(earlier.len());
                let from = followed.map_or(begin, |index| earlier[index]);
                let from = match limit {
                    Limit::None => from,
                    Limit::Stale => from + policy.stale_after,
                    Limit::Inactive => from + policy.inactive_after,
                    Limit::Grace => from + policy.unknown_grace,
                    Limit::StaleAndGrace => from + policy.stale_after + policy.unknown_grace,
                    Limit::Class(class) => from + policy.recovery_classes[class],
                };
                from + Span::from_ms(nudge_ms)
            }
        }
    }
}

impl Delay {
    /// When something is received that is counted at `placed` and over at `latest`.
    pub(crate) fn received_at(
        self,
        (placed, latest): (Timestamp, Timestamp),
        policy: &Policy,
    ) -> Timestamp {
        let window = Window::of(placed);
        let nudged = |at: Timestamp, nudge_ms| (at + Span::from_ms(nudge_ms)).max(latest);
        let closing = window.end() + policy.close_grace;
        let last = window.end() + policy.late_limit;
        match self {
            Self::Prompt { ms } => latest + Span::from_ms(ms),
            Self::Fresh { nudge_ms } => latest + policy.fresh_limit + Span::from_ms(nudge_ms),
            Self::Ahead { percent, nudge_ms } => {
                let ahead_ms = policy.future_tolerance.as_ms() * percent / 100;
                latest - Span::from_ms(ahead_ms + nudge_ms)
            }
            Self::Cut { cuts, nudge_ms } => {
                let cut = latest.floor(policy.cut_every);
                cut + Span::from_ms(cuts * policy.cut_every.as_ms() + nudge_ms)
            }
            Self::Closing { nudge_ms } => nudged(closing, nudge_ms),
            Self::Late { percent } => {
                let length_ms = (last - closing).as_ms() * percent / 100;
                nudged(closing, length_ms)
            }
            Self::Final { nudge_ms } => nudged(last, nudge_ms),
            Self::TooLate { minutes } => nudged(last, minutes * 60_000),
        }
    }
}
