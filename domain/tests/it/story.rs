//! Random logs of one to three stations, made to hit boundaries.
//!
//! Conflicts, copies, records out of order, late, too late and from the future, unknown runs, stale
//! and silent charge points, sessions that overlap, withdrawals, moves, changes of power, and gaps
//! in the ticks; under two policies that make silence short.

pub(crate) mod change;
mod display;
pub(crate) mod event;
pub(crate) mod moment;

use domain::status::StatusPayload;
use domain::{ChargePointId, Policy, Span, StationId, Timestamp, TimestampMicros};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::build::{payload, session, status};
use crate::task::{DirectoryItem, Item, Log};
use change::{Change, changes};
use event::{Event, What, events};

/// When every story begins: a full hour.
pub(crate) const BEGIN: Timestamp = Timestamp::from_ms(1_736_121_600_000);

/// As `qc-1`, with days of silence shortened to hours, and fewer cuts.
pub(crate) fn policy() -> Policy {
    Policy {
        id: "test-short".into(),
        stale_after: Span::from_hours(2),
        inactive_after: Span::from_hours(5),
        unknown_grace: Span::from_hours(1),
        close_grace: Span::from_minutes(15),
        late_limit: Span::from_hours(4),
        cut_every: Span::from_minutes(15),
        ..Policy::qc_1()
    }
}

/// No parameter as in `qc-1`: windows close after the next one has ended, no limit is a whole hour.
pub(crate) fn other_policy() -> Policy {
    Policy {
        id: "test-other".into(),
        stale_after: Span::from_minutes(50),
        inactive_after: Span::from_minutes(190),
        unknown_grace: Span::from_minutes(25),
        close_grace: Span::from_minutes(80),
        late_limit: Span::from_minutes(160),
        cut_every: Span::from_minutes(20),
        future_tolerance: Span::from_minutes(10),
        fresh_limit: Span::from_seconds(45),
        success_energy_wh: 100,
        success_short: Span::from_seconds(30),
        success_long: Span::from_minutes(10),
        recovery_classes: [
            Span::from_minutes(10),
            Span::from_minutes(90),
            Span::from_hours(4),
        ],
        abnormal_energy_percent: 150,
        saturated_percent: 30,
        overloaded_percent: 70,
        ..Policy::qc_1()
    }
}

/// When ticks are written: every so many minutes, but for some hours.
#[derive(Debug, Clone)]
pub(crate) struct Ticks {
    every_minutes: i64,
    /// First hour and length of a silence.
    gap_hours: (i64, i64),
}

/// How large a story is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) hours: i64,
    pub(crate) events: usize,
    pub(crate) changes: usize,
    pub(crate) charge_points: usize,
}

/// What most properties are tried on.
pub(crate) const USUAL: Size = Size {
    hours: 9,
    events: 40,
    changes: 6,
    charge_points: 5,
};

/// A random log.
#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) policy: Policy,
    pub(crate) hours: i64,
    /// Charge points of each station.
    stations: Vec<usize>,
    pub(crate) events: Vec<Event>,
    pub(crate) changes: Vec<Change>,
    ticks: Ticks,
    /// Whether the task reads the directory before all else.
    is_foreseen: bool,
}

/// A record, and where it stands in the log: by this key, then as listed.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) received_at: Timestamp,
    pub(crate) item: Item,
}

/// Stories of the usual size.
pub(crate) fn stories() -> impl Strategy<Value = Story> {
    stories_of(USUAL, prop_oneof![Just(policy()), Just(other_policy())])
}

/// Stories of the usual size, whose directory is known from the beginning.
pub(crate) fn foreseen_stories() -> impl Strategy<Value = Story> {
    stories().prop_map(Story::foreseen)
}

/// Stories of a size under one of some policies.
pub(crate) fn stories_of(
    size: Size,
    policies: impl Strategy<Value = Policy>,
) -> impl Strategy<Value = Story> {
    let Size {
        hours,
        events: most_events,
        changes: most_changes,
        charge_points,
    } = size;
    let station = prop_oneof![4 => 1..3_usize, 1 => 1..=charge_points];
    let ticks = (select(vec![20, 5, 60_i64]), (0..hours + 4, 0..4_i64));
    let ticks = ticks.prop_map(|(every_minutes, gap_hours)| Ticks {
        every_minutes,
        gap_hours,
    });
    (
        policies,
        vec(station, 1..=3),
        vec(events(hours), 1..most_events),
        vec(changes(hours), 0..=most_changes),
        ticks,
    )
        .prop_map(move |(policy, stations, events, changes, ticks)| Story {
            policy,
            hours,
            stations,
            events,
            changes,
            ticks,
            is_foreseen: false,
        })
}

/// A charge point of the story.
#[derive(Debug, Clone)]
struct Place {
    id: ChargePointId,
    /// Its station, and the others in turn.
    homes: Vec<StationId>,
    power_kw: f64,
    /// Whether the directory has it.
    is_listed: bool,
}

impl Story {
    /// The same, with a directory that is known from the beginning.
    pub(crate) fn foreseen(self) -> Self {
        Self {
            is_foreseen: true,
            ..self
        }
    }

    fn places(&self) -> Vec<Place> {
        let count = self.stations.len();
        let station_id = |station: usize| StationId::parse(&format!("FRTSTP{station}")).unwrap();
        let mut places = Vec::new();
        for (station, &charge_points) in self.stations.iter().enumerate() {
            for number in 0..charge_points {
                let id = format!("FRTSTE{station}{number}");
                places.push(Place {
                    id: ChargePointId::parse(&id).unwrap(),
                    homes: (0..count)
                        .map(|step| station_id((station + step) % count))
                        .collect(),
                    power_kw: [7.4, 22.0, 150.0][number % 3],
                    is_listed: number != 2,
                });
            }
        }
        places
    }

    /// Whose event it is, and when it happens: of an event that follows another, that one's.
    fn occasions(&self, charge_points: usize) -> Vec<(usize, Timestamp)> {
        let mut occasions: Vec<(usize, Timestamp)> = Vec::new();
        for event in &self.events {
            let instants: Vec<_> = occasions.iter().map(|&(_, at)| at).collect();
            let at = event.moment.at(BEGIN, &instants, &self.policy);
            let followed = event.moment.follows(occasions.len());
            let charge_point = followed.map_or(event.charge_point, |index| occasions[index].0);
            occasions.push((charge_point % charge_points, self.wrapped(at)));
        }
        occasions
    }

    /// Brings an instant back into the hours of the story.
    fn wrapped(&self, at: Timestamp) -> Timestamp {
        let length_ms = self.hours * 3_600_000;
        match (at - BEGIN).as_ms() {
            0.. => BEGIN + Span::from_ms((at - BEGIN).as_ms() % length_ms),
            _ => at,
        }
    }

    /// The records, copies included, in the order of reception, and the directory.
    pub(crate) fn sent(&self) -> (Vec<Sent>, Vec<DirectoryItem>) {
        let places = self.places();
        let occasions = self.occasions(places.len());
        let instants: Vec<_> = occasions.iter().map(|&(_, at)| at).collect();
        let mut directory = Vec::new();
        let mut stays = Vec::new();
        for (index, place) in places.iter().enumerate() {
            let own = self.changes.iter().filter(|change| {
                let followed = change.moment.follows(occasions.len());
                let named = followed.map_or(change.charge_point, |event| occasions[event].0);
                named % places.len() == index
            });
            let at =
                |change: &Change| self.wrapped(change.moment.at(BEGIN, &instants, &self.policy));
            let mut own: Vec<_> = own.map(|change| (at(change), change)).collect();
            own.sort_by_key(|&(at, change)| change.updated_at(at));
            let known_from = BEGIN - Span::from_days(1);
            let first = (place.power_kw, known_from);
            let (items, own_stays) =
                change::records(&place.id, first, &place.homes, (&own, &self.policy));
            if place.is_listed {
                directory.extend(items);
                stays.push(own_stays);
            } else {
                stays.push(vec![(known_from, place.homes[0].clone())]);
            }
        }
        directory.sort_by_key(|item: &DirectoryItem| item.read_at);
        if self.is_foreseen {
            for item in &mut directory {
                item.read_at = BEGIN - Span::from_days(1);
            }
        }

        let mut sent = Vec::new();
        for (event, &(index, at)) in self.events.iter().zip(&occasions) {
            let copies = [Some(0), event.again_ms];
            for later_ms in copies.into_iter().flatten() {
                let place = &places[index];
                sent.push(self.record(event, (place, &stays[index]), at, later_ms));
            }
        }
        sent.sort_by_key(|sent| sent.received_at);
        (sent, directory)
    }

    fn record(
        &self,
        event: &Event,
        (place, stays): (&Place, &[(Timestamp, StationId)]),
        at: Timestamp,
        later_ms: i64,
    ) -> Sent {
        let policy = &self.policy;
        let received = |latest| {
            let received_at = event.delay.received_at((at, latest), policy);
            received_at + Span::from_ms(later_ms)
        };
        let micros = |at: Timestamp| TimestampMicros::from_us(at.as_ms() * 1000 + event.micros);
        match event.what {
            What::Status {
                service_state,
                occupancy,
                connector,
            } => {
                let received_at = received(at);
                let payload = StatusPayload {
                    connector_type_2: connector,
                    ..payload(service_state, occupancy)
                };
                let mut record = status(place.id.as_str(), at, received_at, payload);
                record.station_id = station_at(stays, received_at);
                record.event_time = micros(at);
                let item = Item::Status(record);
                Sent { received_at, item }
            }
            What::Session { length, energy } => {
                let end = length.end(at, policy);
                let received_at = received(end);
                let power_w = domain::charge_point::whole_thousandths(place.power_kw);
                let energy_wh = energy.in_wh(end - at, power_w, policy);
                let mut record = session(place.id.as_str(), (at, end), received_at, energy_wh);
                record.station_id = station_at(stays, received_at);
                record.start = micros(at);
                record.end = micros(end);
                let item = Item::Session(record);
                Sent { received_at, item }
            }
        }
    }

    /// The last hour at which a session may end, a limit may pass and a window become final.
    pub(crate) fn end(&self) -> Timestamp {
        BEGIN
            + Span::from_hours(self.hours + 4)
            + self.policy.late_limit.max(self.policy.stale_after)
    }

    /// Whether a tick is written at an instant.
    fn has_tick(&self, at: Timestamp) -> bool {
        let (first, length) = self.ticks.gap_hours;
        let from = BEGIN + Span::from_hours(first);
        let to = from + Span::from_hours(length);
        at == at.floor(Span::from_minutes(self.ticks.every_minutes)) && (at < from || to <= at)
    }

    /// The log of these records, in this order.
    pub(crate) fn log_of(&self, items: Vec<Item>, directory: Vec<DirectoryItem>) -> Log {
        let mut log = Log::with_ticks(items, self.end(), |tick| self.has_tick(tick));
        log.directory = directory;
        log
    }

    /// The log, in the order of reception.
    pub(crate) fn log(&self) -> Log {
        let (sent, directory) = self.sent();
        self.log_of(sent.into_iter().map(|sent| sent.item).collect(), directory)
    }
}

/// The station that the directory named when a gateway received a record.
fn station_at(stays: &[(Timestamp, StationId)], received_at: Timestamp) -> StationId {
    let last = stays.iter().rfind(|(from, _)| *from <= received_at);
    last.unwrap_or(&stays[0]).1.clone()
}
