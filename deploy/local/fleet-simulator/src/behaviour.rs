//! What happens at a charge point: vehicles come and go, equipment fails, communication is lost.
//!
//! First the intervals are drawn, each kind by itself: visits, reservations, failures, losses of
//! communication. Then they are laid over each other and become statuses: one for every change of
//! what the operator's back office would show.

pub mod failure;
pub mod overlay;
pub mod visit;

use domain::status::StatusPayload;
use domain::{ConnectorState, Occupancy, ServiceState, Span, Timestamp};

use crate::dice::Dice;
use crate::fleet::FleetPoint;
use overlay::{Layer, Shown};
pub use visit::Visit;

/// The time in which a fleet lives, `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub start: Timestamp,
    /// The first instant after.
    pub end: Timestamp,
}

impl Period {
    /// Its length.
    pub fn length(self) -> Span {
        self.end - self.start
    }
}

/// An interval in which a layer covers those below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cover {
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after.
    pub end: Timestamp,
    /// What covers.
    pub layer: Layer,
}

/// A status that a charge point shows from an instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shows {
    /// From when on.
    pub at: Timestamp,
    /// What it says.
    pub payload: StatusPayload,
}

/// What an operator sends of one charge point.
#[derive(Debug, Clone, Default)]
pub struct Life {
    /// Its statuses, by event time.
    pub statuses: Vec<Shows>,
    /// Its visits, by start.
    pub visits: Vec<Visit>,
    /// How many failures were drawn, those of its station included.
    pub failures: u64,
}

/// What holds for all charge points of a station.
#[derive(Debug, Clone)]
pub struct StationLife {
    /// How many more visits than usual.
    pub popularity: f64,
    /// Power cuts and lost lines that concern every charge point.
    pub covers: Vec<Cover>,
    /// The instant from which its operator is silent.
    pub silent_from: Timestamp,
    /// Whether its operator sends the states of connectors.
    pub sends_connectors: bool,
}

/// How an operator shows what happens at a charge point.
#[derive(Debug, Clone, Copy)]
struct Habits {
    /// Occupancy is known.
    knows_occupancy: bool,
    /// States of connectors are sent.
    sends_connectors: bool,
    /// The charge point has a CCS connector, else one of type 2.
    is_dc: bool,
}

impl StationLife {
    /// Draws it; `silent_percent` of the stations fall silent within the period.
    pub fn draw(dice: &mut Dice, period: Period, silent_percent: f64) -> Self {
        let falls_silent = dice.chance(silent_percent);
        let silence = period.start + dice.span(Span::ZERO, period.length());
        Self {
            popularity: dice.factor(0.5),
            covers: failure::of_station(dice, period),
            silent_from: if falls_silent { silence } else { period.end },
            sends_connectors: dice.chance(30.0),
        }
    }
}

/// The life of a charge point: its real visits when they are known, else invented ones.
pub fn life(
    dice: &mut Dice,
    point: &FleetPoint,
    station: &StationLife,
    period: Period,
    real: Option<Vec<Visit>>,
) -> Life {
    let own = failure::of_charge_point(dice, period);
    let (visits, mut covers) = if let Some(visits) = real {
        let covers = failure::between(&visits, own, &station.covers);
        (visits, covers)
    } else {
        let covers = [own, station.covers.clone()].concat();
        (visit::invent(dice, point, station, period, &covers), covers)
    };
    let failures = covers
        .iter()
        .filter(|cover| cover.layer != Layer::Loss)
        .count() as u64;
    if point.is_reservable() {
        covers.extend(visit::reservations(dice, &visits, period));
    }
    covers.extend(visits.iter().map(|visit| Cover {
        start: visit.plugged_in,
        end: visit.unplugged,
        layer: Layer::Visit,
    }));
    let first = first_status(dice, period);
    let habits = Habits {
        knows_occupancy: !dice.chance(4.0),
        sends_connectors: station.sends_connectors,
        is_dc: point.is_dc(),
    };
    let shown = overlay::flatten(&covers, first, station.silent_from);
    let mut statuses: Vec<Shows> = Vec::new();
    for (at, shown) in shown {
        let payload = habits.payload(shown);
        if statuses.last().is_none_or(|last| last.payload != payload) {
            statuses.push(Shows { at, payload });
        }
    }
    let statuses = repeat(dice, &statuses, station.silent_from);
    let visits = visits
        .into_iter()
        .filter(|visit| visit.end < station.silent_from)
        .collect();
    Life {
        statuses,
        visits,
        failures,
    }
}

/// When the first status is sent: mostly within the first three quarters of an hour, sometimes half
/// a day later, and by a few charge points never.
fn first_status(dice: &mut Dice, period: Period) -> Timestamp {
    match dice.unit() {
        ..0.02 => period.end,
        ..0.06 => period.start + dice.span(Span::ZERO, Span::from_hours(12)),
        _ => period.start + dice.span(Span::ZERO, Span::from_minutes(45)),
    }
}

/// Adds statuses that say nothing new: every hour for a few charge points, else now and then.
fn repeat(dice: &mut Dice, statuses: &[Shows], until: Timestamp) -> Vec<Shows> {
    let is_hourly = dice.chance(5.0);
    let mut repeated = Vec::new();
    for (index, shows) in statuses.iter().enumerate() {
        repeated.push(*shows);
        let next = statuses.get(index + 1).map_or(until, |next| next.at);
        let mut again = shows.at
            + if is_hourly {
                Span::from_hours(1)
            } else {
                dice.span(Span::from_minutes(1), Span::from_minutes(30))
            };
        if is_hourly {
            while again < next {
                repeated.push(Shows {
                    at: again,
                    ..*shows
                });
                again = again + Span::from_hours(1);
            }
        } else if dice.chance(4.0) && again < next {
            repeated.push(Shows {
                at: again,
                ..*shows
            });
        }
    }
    repeated
}

impl Habits {
    fn payload(self, shown: Shown) -> StatusPayload {
        let (service_state, occupancy, connector) = match shown {
            Shown::Lost => (
                ServiceState::Unknown,
                Occupancy::Unknown,
                ConnectorState::Unknown,
            ),
            Shown::Failed => (
                ServiceState::OutOfService,
                Occupancy::Unknown,
                ConnectorState::OutOfService,
            ),
            Shown::FailedOccupied => (
                ServiceState::OutOfService,
                Occupancy::Occupied,
                ConnectorState::OutOfService,
            ),
            Shown::Occupied => (
                ServiceState::InService,
                Occupancy::Occupied,
                ConnectorState::Working,
            ),
            Shown::Reserved => (
                ServiceState::InService,
                Occupancy::Reserved,
                ConnectorState::Working,
            ),
            Shown::Free => (
                ServiceState::InService,
                Occupancy::Free,
                ConnectorState::Working,
            ),
        };
        let hides_occupancy = service_state == ServiceState::InService && !self.knows_occupancy;
        let connector = self.sends_connectors.then_some(connector);
        StatusPayload {
            service_state,
            occupancy: if hides_occupancy {
                Occupancy::Unknown
            } else {
                occupancy
            },
            connector_type_2: connector.filter(|_| !self.is_dc),
            connector_ccs: connector.filter(|_| self.is_dc),
            connector_chademo: None,
            connector_ef: None,
        }
    }
}
