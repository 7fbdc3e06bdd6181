//! What happens at a charge point: a status or a session, and how it is sent.

use domain::{ConnectorState, Occupancy, Policy, ServiceState, Span, Timestamp};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::moment::{Delay, Moment, delays, moments};

/// What an event says.
#[derive(Debug, Clone)]
pub(crate) enum What {
    Status {
        service_state: ServiceState,
        occupancy: Occupancy,
        connector: Option<ConnectorState>,
    },
    Session {
        length: Length,
        energy: Energy,
    },
}

/// How long a session lasts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Length {
    Minutes(i64),
    Short { nudge_ms: i64 },
    Long { nudge_ms: i64 },
}

/// What a session delivers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Energy {
    Wh(i64),
    Success {
        nudge_wh: i64,
    },
    /// At the bound of what its charge point can deliver.
    Abnormal {
        nudge_wh: i64,
    },
}

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) charge_point: usize,
    pub(crate) moment: Moment,
    pub(crate) what: What,
    pub(crate) delay: Delay,
    /// Sent once more this long after, ms.
    pub(crate) again_ms: Option<i64>,
    /// What is cut off: microseconds beyond the millisecond.
    pub(crate) micros: i64,
}

fn what() -> impl Strategy<Value = What> {
    let connector = option::weighted(0.1, select(ConnectorState::ALL.as_slice()));
    let status = (
        select(ServiceState::ALL.as_slice()),
        select(Occupancy::ALL.as_slice()),
        connector,
    );
    let status = status.prop_map(|(service_state, occupancy, connector)| What::Status {
        service_state,
        occupancy,
        connector,
    });
    let nudge = || select(vec![0, 1, -1_i64]);
    let length = prop_oneof![
        4 => (0..90_i64).prop_map(Length::Minutes),
        1 => nudge().prop_map(|nudge_ms| Length::Short { nudge_ms }),
        1 => nudge().prop_map(|nudge_ms| Length::Long { nudge_ms }),
    ];
    let energy = prop_oneof![
        2 => (0..30_000_i64).prop_map(Energy::Wh),
        1 => nudge().prop_map(|nudge_wh| Energy::Success { nudge_wh }),
        1 => nudge().prop_map(|nudge_wh| Energy::Abnormal { nudge_wh }),
    ];
    let session = (length, energy).prop_map(|(length, energy)| What::Session { length, energy });
    prop_oneof![4 => status, 1 => session]
}

/// Events within so many hours.
pub(crate) fn events(hours: i64) -> impl Strategy<Value = Event> {
    let again = option::weighted(0.2, prop_oneof![3 => 1..3_600_000_i64, 1 => Just(0)]);
    let micros = select(vec![0, 0, 999_i64]);
    (0..16_usize, moments(hours), what(), delays(), again, micros).prop_map(
        |(charge_point, moment, what, delay, again_ms, micros)| Event {
            charge_point,
            moment,
            what,
            delay,
            again_ms,
            micros,
        },
    )
}

impl Length {
    /// From `start` on.
    pub(crate) fn end(self, start: Timestamp, policy: &Policy) -> Timestamp {
        match self {
            Self::Minutes(minutes) => start + Span::from_minutes(minutes),
            Self::Short { nudge_ms } => start + policy.success_short + Span::from_ms(nudge_ms),
            Self::Long { nudge_ms } => start + policy.success_long + Span::from_ms(nudge_ms),
        }
    }
}

impl Energy {
    /// In Wh, of a session of that length at that power.
    pub(crate) fn in_wh(self, length: Span, power_w: i64, policy: &Policy) -> i64 {
        let wh = match self {
            Self::Wh(wh) => wh,
            Self::Success { nudge_wh } => policy.success_energy_wh + nudge_wh,
            Self::Abnormal { nudge_wh } => {
                let limit = policy.abnormal_energy_percent * power_w * length.as_ms();
                limit / 360_000_000 + nudge_wh
            }
        };
        wh.max(0)
    }
}
