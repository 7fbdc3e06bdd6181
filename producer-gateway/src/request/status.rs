//! The status: fields, states and the bounds on its instant.

use domain::status::StatusPayload;
use domain::{ConnectorState, Occupancy, ServiceState, Span, Timestamp, TimestampMicros};
use serde_json::Value;

use super::calendar::render_instant;
use super::fields::Fields;
use super::quick::{Key, Scalar, Scalars, symbol};
use super::violation::{Code, Mismatch, Violation};
use super::{Terms, instant, lax, render_age, render_span};

/// From this age on a status is flagged as not fresh.
const FRESH: Span = Span::from_minutes(5);

/// A status that is good in itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status<'a> {
    /// `id_pdc_itinerance` as sent.
    pub charge_point_id: &'a str,
    /// `horodatage`.
    pub event_time: TimestampMicros,
    /// When it counts as received.
    pub received_at: Timestamp,
    /// What it says.
    pub payload: StatusPayload,
}

impl<'a> Status<'a> {
    /// Reads a status.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the model.
    pub fn read(item: &'a Value, terms: &Terms) -> Result<Self, Vec<Violation>> {
        let mut fields = Fields::of(item)?;
        let service_state = fields.required("etat_pdc", service_state);
        let occupancy = fields.required("occupation_pdc", occupancy);
        let event_time = read_event_time(&mut fields, terms);
        let connector_type_2 = fields.optional("etat_prise_type_2", connector);
        let connector_ccs = fields.optional("etat_prise_type_combo_ccs", connector);
        let connector_chademo = fields.optional("etat_prise_type_chademo", connector);
        let connector_ef = fields.optional("etat_prise_type_ef", connector);
        let charge_point_id = fields.required("id_pdc_itinerance", lax::text);
        let built = || {
            let event_time = event_time?;
            Some(Self {
                charge_point_id: charge_point_id?,
                event_time,
                received_at: terms.received_at(event_time.floor()),
                payload: StatusPayload {
                    service_state: service_state?,
                    occupancy: occupancy?,
                    connector_type_2: connector_type_2?,
                    connector_ccs: connector_ccs?,
                    connector_chademo: connector_chademo?,
                    connector_ef: connector_ef?,
                },
            })
        };
        let built = built();
        fields.finish(built)
    }

    /// Reads a status in which nothing is wrong or unusual; none says nothing about it.
    pub(super) fn quick(fields: &Scalars<'a>, terms: &Terms) -> Option<Self> {
        let event_time = fields.instant(Key::Horodatage)?;
        let received_at = terms.received_at(event_time.floor());
        let is_timely = event_time <= TimestampMicros::from(received_at + terms.clock_skew)
            && event_time >= TimestampMicros::from(received_at - terms.max_status_age);
        let connector = |key| match fields.get(key) {
            None | Some(Scalar::Null) => Some(None),
            Some(_) => symbol(
                fields.text(key)?,
                &ConnectorState::ALL,
                ConnectorState::symbol,
            )
            .map(Some),
        };
        is_timely.then_some(())?;
        let (state, occupancy) = (fields.text(Key::EtatPdc)?, fields.text(Key::OccupationPdc)?);
        Some(Self {
            charge_point_id: fields.text(Key::IdPdcItinerance)?,
            event_time,
            received_at,
            payload: StatusPayload {
                service_state: symbol(state, &ServiceState::ALL, ServiceState::symbol)?,
                occupancy: symbol(occupancy, &Occupancy::ALL, Occupancy::symbol)?,
                connector_type_2: connector(Key::EtatPriseType2)?,
                connector_ccs: connector(Key::EtatPriseTypeComboCcs)?,
                connector_chademo: connector(Key::EtatPriseTypeChademo)?,
                connector_ef: connector(Key::EtatPriseTypeEf)?,
            },
        })
    }

    /// What is remarkable about it: a code, its field and a sentence each.
    pub fn flags(&self) -> Vec<(Code, Option<&'static str>, String)> {
        let mut flags = Vec::new();
        let age = self.received_at - self.event_time.floor();
        if age > FRESH {
            let sentence = format!(
                "horodatage is {} old, expected at most 5 min",
                render_span(age)
            );
            flags.push((Code::StatusNotFresh, Some("horodatage"), sentence));
        }
        let is_occupied = self.payload.occupancy == Occupancy::Occupied;
        if is_occupied && self.payload.service_state != ServiceState::InService {
            let state = self.payload.service_state.symbol();
            let sentence = format!("occupation_pdc is occupe while etat_pdc is {state}");
            flags.push((Code::OccupiedOutOfService, Some("occupation_pdc"), sentence));
        }
        flags
    }
}

fn service_state(value: &Value) -> Result<ServiceState, Mismatch> {
    lax::symbol(value, &ServiceState::ALL, ServiceState::symbol)
}

fn occupancy(value: &Value) -> Result<Occupancy, Mismatch> {
    lax::symbol(value, &Occupancy::ALL, Occupancy::symbol)
}

fn connector(value: &Value) -> Result<ConnectorState, Mismatch> {
    lax::symbol(value, &ConnectorState::ALL, ConnectorState::symbol)
}

/// `received_at − max age ≤ horodatage ≤ received_at + skew`, both ends accepted.
fn read_event_time(fields: &mut Fields<'_>, terms: &Terms) -> Option<TimestampMicros> {
    const FIELD: &str = "horodatage";
    let event_time = fields.required(FIELD, instant::aware)?;
    let received_at = terms.received_at(event_time.floor());
    if event_time > TimestampMicros::from(received_at + terms.clock_skew) {
        let ahead = render_span(event_time.floor() - received_at);
        let limit = render_span(terms.clock_skew);
        let mismatch = Mismatch::new(
            Code::StatusInFuture,
            "datetime_past",
            "Input should be in the past",
        );
        fields.refuse(
            FIELD,
            mismatch,
            format!("{FIELD} is {ahead} ahead, at most {limit}"),
        );
        return None;
    }
    if event_time < TimestampMicros::from(received_at - terms.max_status_age) {
        let age = render_span(received_at - event_time.floor());
        let limit = render_span(terms.max_status_age);
        let shown = render_instant(event_time);
        let rule = format!("{shown} is older than {}", render_age(terms.max_status_age));
        let mismatch = Mismatch::value_error(Code::StatusTooOld, &rule);
        fields.refuse(
            FIELD,
            mismatch,
            format!("{FIELD} is {age} old, at most {limit}"),
        );
        return None;
    }
    Some(event_time)
}

#[cfg(test)]
mod tests {
    use super::super::Reception;
    use super::*;
    use serde_json::json;

    /// 2026-11-23T17:10:00Z.
    const NOW: Timestamp = Timestamp::from_ms(1_795_453_800_000);

    fn status(changes: &Value) -> Value {
        let mut item = json!({
            "id_pdc_itinerance": "FRFASE3300401", "etat_pdc": "en_service",
            "occupation_pdc": "libre", "horodatage": "2026-11-23T17:09:50.662496Z",
        });
        for (key, value) in changes.as_object().unwrap() {
            item[key] = value.clone();
        }
        item
    }

    fn codes(changes: &Value) -> Vec<Code> {
        let item = status(changes);
        let result = Status::read(&item, &Terms::standard(Reception::At(NOW)));
        result
            .err()
            .unwrap_or_default()
            .iter()
            .map(Violation::code)
            .collect()
    }

    #[test]
    fn a_plain_status_is_read() {
        let item = status(
            &json!({ "etat_prise_type_2": "fonctionnel", "etat_prise_type_ef": null, "other": 1 }),
        );
        let status = Status::read(&item, &Terms::standard(Reception::At(NOW))).unwrap();
        assert_eq!(status.event_time.as_us(), 1_795_453_790_662_496);
        assert_eq!(
            status.payload.connector_type_2,
            Some(ConnectorState::Working)
        );
        assert_eq!(status.received_at, NOW);
        assert!(status.flags().is_empty());
    }

    #[test]
    fn both_ends_of_the_age_are_accepted() {
        assert!(codes(&json!({ "horodatage": "2026-11-23T17:11:00Z" })).is_empty());
        assert_eq!(
            codes(&json!({ "horodatage": "2026-11-23T17:11:00.000001Z" })),
            [Code::StatusInFuture]
        );
        assert!(codes(&json!({ "horodatage": "2026-11-22T17:10:00Z" })).is_empty());
        assert_eq!(
            codes(&json!({ "horodatage": "2026-11-22T17:09:59.999999Z" })),
            [Code::StatusTooOld]
        );
    }

    #[test]
    fn a_status_that_is_too_old_is_told_in_both_languages() {
        let item = status(&json!({ "horodatage": "2026-11-22T16:08:50.662496Z" }));
        let refused = Status::read(&item, &Terms::standard(Reception::At(NOW))).unwrap_err();
        assert_eq!(
            refused[0].mismatch.msg,
            "Value error, 2026-11-22 16:08:50.662496+00:00 is older than 1 day, 0:00:00"
        );
        assert_eq!(refused[0].message, "horodatage is 25 h old, at most 24 h");
        assert_eq!(refused[0].rule(), Some(43));
    }

    #[test]
    fn violations_come_in_the_order_of_the_model() {
        let item =
            json!({ "horodatage": "soon", "occupation_pdc": "Libre", "id_pdc_itinerance": 7 });
        let refused = Status::read(&item, &Terms::standard(Reception::At(NOW))).unwrap_err();
        let fields: Vec<_> = refused
            .iter()
            .filter_map(|violation| violation.field)
            .collect();
        assert_eq!(
            fields,
            [
                "etat_pdc",
                "occupation_pdc",
                "horodatage",
                "id_pdc_itinerance"
            ]
        );
    }

    #[test]
    fn an_item_that_is_no_object_is_refused_whole() {
        let refused = Status::read(&Value::Null, &Terms::standard(Reception::At(NOW))).unwrap_err();
        assert_eq!((refused.len(), refused[0].code()), (1, Code::ItemType));
    }

    #[test]
    fn old_and_contradictory_statuses_are_flagged() {
        let item = status(&json!({
            "etat_pdc": "hors_service", "occupation_pdc": "occupe", "horodatage": "2026-11-23T17:04:59Z",
        }));
        let status = Status::read(&item, &Terms::standard(Reception::At(NOW))).unwrap();
        let codes: Vec<_> = status.flags().into_iter().map(|flag| flag.0).collect();
        assert_eq!(codes, [Code::StatusNotFresh, Code::OccupiedOutOfService]);
    }

    #[test]
    fn history_is_received_after_its_event() {
        let item = status(&json!({ "horodatage": 1_600_000_000 }));
        let terms = Terms::standard(Reception::After(Span::from_seconds(30)));
        assert_eq!(
            Status::read(&item, &terms).unwrap().received_at.as_ms(),
            1_600_000_030_000
        );
    }
}
