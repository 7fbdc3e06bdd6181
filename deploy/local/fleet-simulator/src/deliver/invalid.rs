//! Items that the gateway must refuse, each with its code.

use domain::{Span, Timestamp};
use serde_json::{Value, json};

use super::planned::Planned;
use crate::dice::Dice;
use crate::fleet::FleetPoint;
use crate::item::WireTime;
use crate::plan::Kind;

/// The ways in which a status can be wrong.
#[derive(Debug, Clone, Copy)]
enum WrongStatus {
    UnknownChargePoint,
    ForeignUnit,
    TooOld,
    InTheFuture,
    WrongState,
    NoInstant,
    NoTimeZone,
}

/// The ways in which a session can be wrong.
#[derive(Debug, Clone, Copy)]
enum WrongSession {
    UnknownChargePoint,
    StartAfterEnd,
    TooLong,
    EnergyOutOfRange,
    InTheFuture,
}

const WRONG_STATUSES: [WrongStatus; 7] = [
    WrongStatus::UnknownChargePoint,
    WrongStatus::ForeignUnit,
    WrongStatus::TooOld,
    WrongStatus::InTheFuture,
    WrongStatus::WrongState,
    WrongStatus::NoInstant,
    WrongStatus::NoTimeZone,
];

const WRONG_SESSIONS: [WrongSession; 5] = [
    WrongSession::UnknownChargePoint,
    WrongSession::StartAfterEnd,
    WrongSession::TooLong,
    WrongSession::EnergyOutOfRange,
    WrongSession::InTheFuture,
];

/// The largest distance of an event time ahead of its reception that is accepted.
const TOLERANCE: Span = Span::from_seconds(60);
/// One millisecond, the smallest step over a limit.
const A_MOMENT: Span = Span::from_ms(1);
/// The largest step over a limit.
const FAR_BEYOND: Span = Span::from_hours(2);

/// An invalid item, as if `point` had sent it.
pub fn item(dice: &mut Dice, point: &FleetPoint, received_at: Timestamp) -> Planned {
    let attempt = Attempt {
        own: &point.charge_point_id,
        nowhere: format!("{}ENOWHERE{}", point.unit(), dice.below(1000)),
        received_at,
        recently: received_at - dice.span(Span::from_seconds(1), Span::from_minutes(2)),
        beyond: dice.span(A_MOMENT, FAR_BEYOND),
    };
    if dice.chance(60.0) {
        let mistake = dice
            .pick(&WRONG_STATUSES)
            .copied()
            .unwrap_or(WrongStatus::TooOld);
        let (code, item) = attempt.status(mistake);
        Planned::invalid(received_at, Kind::Status, code, item)
    } else {
        let mistake = dice
            .pick(&WRONG_SESSIONS)
            .copied()
            .unwrap_or(WrongSession::TooLong);
        let (code, item) = attempt.session(mistake);
        Planned::invalid(received_at, Kind::Session, code, item)
    }
}

/// What an invalid item is made of.
struct Attempt<'a> {
    /// A charge point of the fleet.
    own: &'a str,
    /// A charge point of its unit that does not exist.
    nowhere: String,
    /// When it is received.
    received_at: Timestamp,
    /// Shortly before.
    recently: Timestamp,
    /// How far it lies over a limit of time.
    beyond: Span,
}

impl Attempt<'_> {
    /// Code and item of a wrong status.
    fn status(&self, mistake: WrongStatus) -> (&'static str, Value) {
        let good = status(self.own, self.recently);
        match mistake {
            WrongStatus::UnknownChargePoint => {
                ("charge_point_unknown", status(&self.nowhere, self.recently))
            }
            WrongStatus::ForeignUnit => ("unit_forbidden", status("FRXXXE00000101", self.recently)),
            WrongStatus::TooOld => {
                let too_old = self.received_at - Span::from_hours(24) - self.beyond;
                ("status_too_old", status(self.own, too_old))
            }
            WrongStatus::InTheFuture => ("status_in_future", status(self.own, self.ahead())),
            WrongStatus::WrongState => ("field_value", with(good, "etat_pdc", json!("en_panne"))),
            WrongStatus::NoInstant => ("field_missing", without(good, "horodatage")),
            WrongStatus::NoTimeZone => {
                let naive = WireTime::from(self.recently).to_string().replace('Z', "");
                ("timezone_missing", with(good, "horodatage", json!(naive)))
            }
        }
    }

    /// Code and item of a wrong session.
    fn session(&self, mistake: WrongSession) -> (&'static str, Value) {
        let earlier = self.recently - Span::from_minutes(30);
        let session = |start, end| session(self.own, start, end);
        match mistake {
            WrongSession::UnknownChargePoint => {
                let good = session(earlier, self.recently);
                (
                    "charge_point_unknown",
                    with(good, "id_pdc_itinerance", json!(self.nowhere)),
                )
            }
            WrongSession::StartAfterEnd => (
                "session_start_after_end",
                session(self.recently, self.recently - self.beyond),
            ),
            WrongSession::TooLong => {
                let start = self.recently - Span::from_days(7) - self.beyond;
                ("session_too_long", session(start, self.recently))
            }
            WrongSession::EnergyOutOfRange => {
                let good = session(earlier, self.recently);
                (
                    "session_energy_out_of_range",
                    with(good, "energy", json!(1000.5)),
                )
            }
            WrongSession::InTheFuture => ("session_in_future", session(earlier, self.ahead())),
        }
    }

    /// An instant further ahead of the reception than is accepted.
    fn ahead(&self) -> Timestamp {
        self.received_at + TOLERANCE + self.beyond
    }
}

fn status(charge_point_id: &str, horodatage: Timestamp) -> Value {
    json!({
        "id_pdc_itinerance": charge_point_id,
        "etat_pdc": "en_service",
        "occupation_pdc": "libre",
        "horodatage": WireTime::from(horodatage),
    })
}

fn session(charge_point_id: &str, start: Timestamp, end: Timestamp) -> Value {
    json!({
        "id_pdc_itinerance": charge_point_id,
        "start": WireTime::from(start),
        "end": WireTime::from(end),
        "energy": 3.5,
    })
}

fn with(mut item: Value, field: &str, value: Value) -> Value {
    if let Some(fields) = item.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
    item
}

fn without(mut item: Value, field: &str) -> Value {
    if let Some(fields) = item.as_object_mut() {
        fields.remove(field);
    }
    item
}
