//! From what happens to what arrives: delays, duplicates, conflicts, disorder and invalid items.
//!
//! Every item is received at a multiple of the step. The same item is never received twice at the
//! same instant: a gateway would publish it once. Statuses are received at most 24 h after their
//! event and 60 s before it, so each valid one is accepted and none is too late.

pub mod invalid;
pub mod planned;

use domain::status::StatusPayload;
use domain::{Occupancy, ServiceState, Span, Timestamp, TimestampMicros};

use crate::behaviour::{Life, Period, Shows, Visit};
use crate::dice::Dice;
use crate::fleet::FleetPoint;
use crate::item::{SessionItem, StatusItem, WireTime};
use planned::{Body, Planned};

/// The oldest status that a gateway accepts.
const OLDEST_STATUS: Span = Span::from_hours(24);
/// The longest delay of a late item; less than a status may have, by more than a step.
const LONGEST_DELAY: Span = Span::from_hours(23);
/// How long after the end of the period the last item is received, at most.
pub const LAST_RECEPTION: Span = Span::from_hours(24);

/// How badly items arrive, each in percent of the items.
#[derive(Debug, Clone, Copy, PartialEq, clap::Args)]
pub struct Imperfection {
    /// Items sent again later, percent.
    #[arg(long, default_value_t = 2.0)]
    pub duplicate_percent: f64,
    /// Items received 5 min to 23 h after the event (some sessions 26 h to 60 h), percent.
    #[arg(long, default_value_t = 2.0)]
    pub late_percent: f64,
    /// Items that wait 1 to 12 min, so that younger ones overtake them, percent.
    #[arg(long, default_value_t = 4.0)]
    pub disorder_percent: f64,
    /// Invalid items, which the gateway refuses, percent.
    #[arg(long, default_value_t = 1.0)]
    pub invalid_percent: f64,
    /// Items followed by another content for the same instant, percent.
    #[arg(long, default_value_t = 1.0)]
    pub conflict_percent: f64,
    /// Stations whose operator falls silent within the period, percent of the stations.
    #[arg(long, default_value_t = 2.0)]
    pub silent_percent: f64,
}

/// Plans the deliveries of one charge point.
#[derive(Debug)]
pub struct Courier<'a> {
    /// Chance, from the stream of the charge point.
    pub dice: &'a mut Dice,
    /// How badly items arrive.
    pub imperfection: Imperfection,
    /// Receptions are multiples of it.
    pub step: Span,
    /// When the fleet lives.
    pub period: Period,
    /// What was planned so far.
    pub planned: Vec<Planned>,
}

impl Courier<'_> {
    /// Plans all items of a charge point.
    pub fn deliver(&mut self, point: &FleetPoint, life: &Life) {
        for shows in &life.statuses {
            let horodatage = self.horodatage(point, shows.at);
            let item = StatusItem::new(&point.charge_point_id, horodatage, &shows.payload);
            let delay = self.status_delay(shows.at);
            self.plan(horodatage.floor(), shows.at + delay, Body::Status(item));
            self.contradict_status(point, shows, horodatage);
        }
        for visit in &life.visits {
            let delay = self.session_delay();
            self.plan(
                visit.start,
                visit.end + delay,
                Body::Session(session_item(point, visit)),
            );
            if self.dice.chance(self.imperfection.conflict_percent) {
                let other = Visit {
                    energy_wh: visit.energy_wh / 2 + 7,
                    ..*visit
                };
                let later = self.last_reception() + self.dice.span(self.step, Span::from_hours(3));
                self.plan(
                    visit.start,
                    later,
                    Body::Session(session_item(point, &other)),
                );
            }
        }
        self.refuse_some(point);
        self.separate_copies();
    }

    /// The event time as this operator writes it: to the second, millisecond or microsecond.
    fn horodatage(&mut self, point: &FleetPoint, at: Timestamp) -> WireTime {
        let micros = at.as_ms() * 1000;
        WireTime(TimestampMicros::from_us(match point.unit() {
            "FRSM2" => micros - micros.rem_euclid(1_000_000),
            "FRSM3" => micros + i64::try_from(self.dice.below(1000)).unwrap_or(0),
            _ => micros,
        }))
    }

    fn status_delay(&mut self, at: Timestamp) -> Span {
        let ordinary = self
            .dice
            .waiting_time(Span::from_seconds(10))
            .min(Span::from_seconds(55));
        if self.dice.chance(self.imperfection.late_percent) {
            self.long_delay(LONGEST_DELAY)
        } else if self.dice.chance(self.imperfection.disorder_percent) {
            self.dice
                .span(Span::from_minutes(1), Span::from_minutes(12))
        } else if self.dice.chance(0.5) && at + Span::from_hours(1) < self.period.end {
            self.dice.span(Span::from_seconds(-59), Span::ZERO) // a clock ahead of time
        } else {
            ordinary
        }
    }

    fn session_delay(&mut self) -> Span {
        let ordinary = self
            .dice
            .waiting_time(Span::from_minutes(3))
            .max(Span::from_seconds(20));
        if !self.dice.chance(self.imperfection.late_percent) {
            ordinary.min(Span::from_hours(1))
        } else if self.dice.chance(20.0) {
            // After the window of its start is final: lawful for a session, and only the archive counts it.
            self.dice.span(Span::from_hours(26), Span::from_hours(60))
        } else {
            self.long_delay(LONGEST_DELAY)
        }
    }

    /// A delay between 5 min and `most`, whose logarithm is uniform.
    fn long_delay(&mut self, most: Span) -> Span {
        let least = Span::from_minutes(5);
        #[expect(
            clippy::cast_precision_loss,
            reason = "durations are far below 2^53 ms"
        )]
        let ratio = most.as_ms() as f64 / least.as_ms() as f64;
        crate::dice::scaled(least, ratio.powf(self.dice.unit()))
    }

    /// Plans a valid item, and perhaps a copy of it later.
    fn plan(&mut self, event_time: Timestamp, received_at: Timestamp, body: Body) {
        let received_at = self.on_step(received_at);
        let latest = match &body {
            Body::Status(_) => self.latest_status(event_time),
            Body::Session(_) | Body::Invalid(_) => self.period.end + LAST_RECEPTION,
        };
        if self.dice.chance(self.imperfection.duplicate_percent) {
            let wait = self.dice.span(self.step, Span::from_hours(6));
            let copy = self.on_step(received_at + wait);
            if copy <= latest.min(self.period.end + LAST_RECEPTION) {
                self.planned
                    .push(Planned::valid(copy, event_time, body.clone()));
            }
        }
        self.planned
            .push(Planned::valid(received_at, event_time, body));
    }

    /// Perhaps plans another content for the instant of a status, received after it; and perhaps the
    /// first content once more after that, which does not bring it back.
    fn contradict_status(&mut self, point: &FleetPoint, shows: &Shows, horodatage: WireTime) {
        if !self.dice.chance(self.imperfection.conflict_percent) {
            return;
        }
        let later = self.last_reception() + self.dice.span(self.step, Span::from_hours(3));
        let again = later + self.dice.span(self.step, Span::from_hours(3));
        let event_time = horodatage.floor();
        if self.on_step(again) > self.latest_status(event_time) {
            return;
        }
        let other = contradiction(self.dice, shows.payload);
        let item =
            |payload| Body::Status(StatusItem::new(&point.charge_point_id, horodatage, payload));
        let comes_again = self.dice.chance(30.0);
        self.planned.push(Planned::valid(
            self.on_step(later),
            event_time,
            item(&other),
        ));
        if comes_again {
            self.planned.push(Planned::valid(
                self.on_step(again),
                event_time,
                item(&shows.payload),
            ));
        }
    }

    /// The latest reception of a status, with room for copies that are moved apart.
    fn latest_status(&self, event_time: Timestamp) -> Timestamp {
        event_time + OLDEST_STATUS - self.step - self.step
    }

    /// The latest reception of the item planned last.
    fn last_reception(&self) -> Timestamp {
        self.planned
            .last()
            .map_or(self.period.start, |planned| planned.received_at)
    }

    /// Plans invalid items beside some of the valid ones.
    fn refuse_some(&mut self, point: &FleetPoint) {
        let receptions: Vec<Timestamp> = self
            .planned
            .iter()
            .map(|planned| planned.received_at)
            .collect();
        for received_at in receptions {
            if self.dice.chance(self.imperfection.invalid_percent) {
                self.planned
                    .push(invalid::item(self.dice, point, received_at));
            }
        }
    }

    /// Moves copies of one item that would be received at the same instant apart.
    fn separate_copies(&mut self) {
        self.planned.sort_by_key(|planned| planned.received_at);
        let mut seen: std::collections::BTreeSet<(Timestamp, String)> =
            std::collections::BTreeSet::new();
        for planned in self.planned.iter_mut().filter(|planned| planned.is_valid()) {
            let content = planned.body.identity();
            while !seen.insert((planned.received_at, content.clone())) {
                planned.received_at = planned.received_at + self.step;
            }
        }
    }

    /// The first multiple of the step that is not before `instant`, and not after the last reception.
    fn on_step(&self, instant: Timestamp) -> Timestamp {
        let last = (self.period.end + LAST_RECEPTION).floor(self.step);
        (instant + self.step - Span::from_ms(1))
            .floor(self.step)
            .min(last)
    }
}

/// The item of the session of a visit.
fn session_item(point: &FleetPoint, visit: &Visit) -> SessionItem {
    #[expect(clippy::cast_precision_loss, reason = "at most 1,000,000 Wh")]
    let energy = visit.energy_wh as f64 / 1000.0;
    SessionItem {
        id_pdc_itinerance: point.charge_point_id.clone(),
        start: visit.start.into(),
        end: visit.end.into(),
        energy,
    }
}

/// Another payload for the same instant: mostly another occupancy, sometimes another service state.
fn contradiction(dice: &mut Dice, payload: StatusPayload) -> StatusPayload {
    let others = match (payload.service_state, payload.occupancy) {
        (ServiceState::InService, Occupancy::Free) => {
            (ServiceState::InService, Occupancy::Occupied)
        }
        (ServiceState::InService, _) => (ServiceState::InService, Occupancy::Free),
        (ServiceState::OutOfService | ServiceState::Unknown, _) => {
            (ServiceState::InService, Occupancy::Unknown)
        }
    };
    let failed = (ServiceState::OutOfService, Occupancy::Unknown);
    let is_other = (payload.service_state, payload.occupancy) != failed;
    let (service_state, occupancy) = if dice.chance(15.0) && is_other {
        failed
    } else {
        others
    };
    StatusPayload {
        service_state,
        occupancy,
        ..payload
    }
}
