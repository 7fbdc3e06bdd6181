//! Random logs of one station of three: conflicts, copies, late records, unknown runs, sessions
//! that overlap, withdrawals, and gaps in the ticks. Under a policy that makes silence short.

use domain::{ChargePoint, Occupancy, Policy, ServiceState, Span, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::build::{at, entry, payload, session, status};
use crate::task::{Item, Log};

pub(crate) const CHARGE_POINTS: [&str; 3] = ["FRTSTETEST1", "FRTSTETEST2", "FRTSTETEST3"];

/// When every story begins: a full hour.
pub(crate) const BEGIN: Timestamp = Timestamp::from_ms(1_736_121_600_000);

/// The hours in which something happens.
const HOURS: i64 = 20;

/// Event times lie on a grid, so that identities collide.
const GRID_MINUTES: i64 = 10;

/// As `qc-1`, with days of silence shortened to hours.
pub(crate) fn policy() -> Policy {
    Policy {
        id: "test-short".into(),
        stale_after: Span::from_hours(2),
        inactive_after: Span::from_hours(7),
        unknown_grace: Span::from_hours(1),
        late_limit: Span::from_hours(6),
        ..Policy::qc_1()
    }
}

/// What an event says.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    Status(ServiceState, Occupancy),
    Session { minutes: i64, energy_wh: i64 },
}

/// One record, never too late: what, of which charge point, when, and how long after it was received.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    charge_point: usize,
    grid: i64,
    delay_seconds: i64,
    what: What,
    /// Sent once more this long after.
    again_seconds: Option<i64>,
}

/// A random log.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    events: Vec<Event>,
    /// When each charge point is withdrawn, minutes.
    withdrawals: Vec<Option<i64>>,
    /// A stretch without ticks: first hour and length.
    gap: (i64, i64),
}

fn what() -> impl Strategy<Value = What> {
    let service = select(ServiceState::ALL.as_slice());
    let status = (service, select(Occupancy::ALL.as_slice()))
        .prop_map(|(service, occupancy)| What::Status(service, occupancy));
    let session = (0..90_i64, 0..30_000_i64)
        .prop_map(|(minutes, energy_wh)| What::Session { minutes, energy_wh });
    prop_oneof![4 => status, 1 => session]
}

fn event() -> impl Strategy<Value = Event> {
    let delay = prop_oneof![
        6 => 0..600_i64,
        2 => 600..9_000_i64,
        1 => -50..0_i64,
    ];
    let again = proptest::option::weighted(0.2, 1..3_600_i64);
    (
        0..3_usize,
        0..HOURS * 60 / GRID_MINUTES,
        delay,
        what(),
        again,
    )
        .prop_map(
            |(charge_point, grid, delay_seconds, what, again_seconds)| Event {
                charge_point,
                grid,
                delay_seconds,
                what,
                again_seconds,
            },
        )
}

/// Stories of up to 50 events; withdrawals only where asked for.
pub(crate) fn stories(withdrawal_share: f64) -> impl Strategy<Value = Story> {
    let withdrawal = (0.0..1.0, 0..HOURS * 60)
        .prop_map(move |(luck, minutes)| (luck < withdrawal_share).then_some(minutes));
    let gap = (0..HOURS, 0..6_i64);
    (vec(event(), 1..50), vec(withdrawal, 3), gap).prop_map(|(events, withdrawals, gap)| Story {
        events,
        withdrawals,
        gap,
    })
}

impl Event {
    pub(crate) fn time(&self) -> Timestamp {
        BEGIN + Span::from_minutes(self.grid * GRID_MINUTES)
    }

    /// The record; `number` makes its reception distinct.
    fn item(&self, number: usize, later_seconds: i64) -> Item {
        let charge_point = CHARGE_POINTS[self.charge_point];
        let number = Span::from_ms(i64::try_from(number).unwrap());
        let delay = Span::from_seconds(self.delay_seconds + later_seconds);
        let start = self.time();
        match self.what {
            What::Status(service, occupancy) => {
                let payload = payload(service, occupancy);
                Item::Status(status(charge_point, start, start + delay + number, payload))
            }
            What::Session { minutes, energy_wh } => {
                let end = start + Span::from_minutes(minutes);
                let received_at = end + delay + number;
                Item::Session(session(charge_point, (start, end), received_at, energy_wh))
            }
        }
    }
}

impl Story {
    /// The records, copies included, in the order of reception.
    pub(crate) fn items(&self) -> Vec<Item> {
        let mut items = Vec::new();
        for event in &self.events {
            items.push(event.item(items.len(), 0));
            if let Some(later) = event.again_seconds {
                items.push(event.item(items.len(), later));
            }
        }
        items.sort_by_key(Item::received_at);
        items
    }

    /// Two powers per charge point, and the withdrawals.
    pub(crate) fn directory(&self) -> Vec<ChargePoint> {
        let mut entries = Vec::new();
        for (index, id) in CHARGE_POINTS.into_iter().enumerate() {
            let power_kw = [7.4, 22.0, 150.0][index];
            entries.push(entry(id, power_kw, at(0)));
            let mut second = entry(id, power_kw * 2.0, BEGIN + Span::from_hours(8));
            second.revision = 2;
            entries.push(second.clone());
            if let Some(minutes) = self.withdrawals.get(index).copied().flatten() {
                second.revision = 3;
                second.deleted_at = Some(BEGIN + Span::from_minutes(minutes));
                second.updated_at = second.updated_at + Span::from_hours(40);
                entries.push(second);
            }
        }
        entries
    }

    /// When the last window in which something happens is final, and then some.
    pub(crate) fn end() -> Timestamp {
        BEGIN + Span::from_hours(HOURS + 4 + 10)
    }

    pub(crate) fn log_of(&self, items: Vec<Item>) -> Log {
        let from = BEGIN + Span::from_hours(self.gap.0);
        let to = from + Span::from_hours(self.gap.1);
        Log::with_ticks(items, Self::end(), |tick| tick < from || to <= tick)
    }

    pub(crate) fn log(&self) -> Log {
        self.log_of(self.items())
    }
}
