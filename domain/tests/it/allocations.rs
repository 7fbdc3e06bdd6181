//! Once a fleet has been at its fullest, no event asks for memory.

use domain::engine::Arrival;
use domain::wire::{Decoder, Record};
use domain::{
    ChargePointStatus, ChargeSession, Cut, Engine, Occupancy, Policy, ServiceState, Span, Timestamp,
};

use crate::build::{payload, session, status};

const BEGIN: Timestamp = Timestamp::from_ms(1_736_121_600_000);

/// Charge points; each is busy on another day.
const CHARGE_POINTS: i64 = 7;

/// Days until the busy day of a charge point comes round again.
const WEEK: i64 = 7;

/// One partition and its engine, hour after hour.
struct Fleet {
    engine: Engine,
    decoder: Decoder<ChargePointStatus>,
    hour: i64,
    /// Allocations made while events were decoded and applied.
    allocations: u64,
}

impl Fleet {
    fn new() -> Self {
        Self {
            engine: Engine::new(Policy::qc_1(), false),
            decoder: Decoder::for_writer(ChargePointStatus::CONTRACT.schema).unwrap(),
            hour: 0,
            allocations: 0,
        }
    }

    /// Statuses of an hour, encoded: on a busy day many, else one in six hours. The last is sent
    /// again, one comes out of order, and once a day one is late.
    fn statuses(&self, number: i64, from: Timestamp) -> Vec<(Timestamp, Vec<u8>)> {
        let is_busy = self.hour / 24 % WEEK == number;
        let count = if is_busy {
            3
        } else {
            i64::from(self.hour % 6 == 0)
        };
        let mut minutes: Vec<(i64, i64)> = (0..count).map(|n| (20 * n, 20 * n)).collect();
        if count > 0 {
            minutes.extend([(20 * count - 20, 20 * count - 19), (5, 30)]);
        }
        if self.hour % 24 == 9 + number {
            minutes.push((-200, 40));
        }
        let record = |(at, received): (i64, i64)| {
            let at = from + Span::from_minutes(at);
            let received_at = from + Span::from_minutes(received) + Span::from_ms(number);
            let says = payload(ServiceState::InService, Occupancy::Free);
            let mut bytes = Vec::new();
            status(&format!("FRTSTETEST{number}"), at, received_at, says).encode(&mut bytes);
            (received_at, bytes)
        };
        minutes.into_iter().map(record).collect()
    }

    /// A session that ends in the hour, twice a day, of which the start is in an hour that has closed.
    fn sessions(&self, number: i64, from: Timestamp) -> Vec<ChargeSession> {
        let is_due = self.hour % 12 == number;
        let times = (from - Span::from_minutes(90), from + Span::from_minutes(2));
        let received_at = from + Span::from_minutes(15);
        let record = || session(&format!("FRTSTETEST{number}"), times, received_at, 9_000);
        is_due.then(record).into_iter().collect()
    }

    fn play_hour(&mut self) {
        let from = BEGIN + Span::from_hours(self.hour);
        let of_all = |of: &dyn Fn(i64) -> Vec<(Timestamp, Vec<u8>)>| {
            let mut all: Vec<_> = (0..CHARGE_POINTS).flat_map(of).collect();
            all.sort_by_key(|(received_at, _)| *received_at);
            all
        };
        let mut statuses = of_all(&|number| self.statuses(number, from))
            .into_iter()
            .peekable();
        let sessions: Vec<_> = (0..CHARGE_POINTS)
            .flat_map(|n| self.sessions(n, from))
            .collect();
        let cut_every = Policy::qc_1().cut_every;
        let mut at = from;
        while at < from + Span::from_hours(1) {
            at = at + cut_every;
            while let Some((stamp, bytes)) = statuses.next_if(|(received_at, _)| *received_at < at)
            {
                let arrival = Arrival {
                    stamp,
                    offset: stamp.as_ms(),
                };
                let info = allocation_counter::measure(|| {
                    let record = self.decoder.decode(&bytes).unwrap();
                    self.engine.foresee([&record]);
                    let _counted = self.engine.observe_status(&record, arrival);
                });
                self.allocations += info.count_total;
            }
            let is_before = |record: &&ChargeSession| {
                at - cut_every <= record.received_at && record.received_at < at
            };
            for record in sessions.iter().filter(is_before) {
                let arrival = Arrival {
                    stamp: record.received_at,
                    offset: record.start.floor().as_ms(),
                };
                let info = allocation_counter::measure(|| {
                    let _counted = self.engine.observe_session(record, arrival);
                });
                self.allocations += info.count_total;
            }
            self.engine.take_cut(Cut { at, quiet: false }, &mut |_| {});
            let _stored = self.engine.drain_dirty();
        }
        self.hour += 1;
    }
}

#[test]
fn the_room_of_a_busy_day_is_lent_to_the_next() {
    let mut fleet = Fleet::new();
    let mut kept_after = |days: i64| {
        let info = allocation_counter::measure(|| {
            for _ in 0..24 * days {
                fleet.play_hour();
            }
        });
        info.bytes_current
    };
    let _first = kept_after(3);
    // Seventy and more statuses of 24 bytes stand on the busy day of each.
    let of_one = 128 * 24;
    let kept = kept_after(2 * WEEK);
    assert!(kept < of_one, "{kept} bytes more than after three days");
}

#[test]
fn in_the_steady_state_no_status_and_no_session_allocates() {
    let mut fleet = Fleet::new();
    for _ in 0..24 * 2 * WEEK {
        fleet.play_hour();
    }
    assert!(fleet.allocations > 0, "lists have to grow first");
    fleet.allocations = 0;
    for _ in 0..24 * WEEK {
        fleet.play_hour();
    }
    assert_eq!(fleet.allocations, 0);
}
