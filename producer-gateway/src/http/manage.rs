//! Stations of a company, for those who manage grid connections: across units.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use domain::{ChargePoint, Timestamp, TimestampMicros};
use serde::Serialize;
use serde_json::{Value, json};

use super::admission::admit;
use super::operation::Operation;
use super::{Gateway, form};
use crate::directory::Table;
use crate::error::detail::{Detail, Location};
use crate::error::{Absent, Failure, GatewayError};
use crate::request::calendar::render_instant;
use crate::request::contact;
use crate::request::instant::{self, Reading, Refusal};
use crate::request::violation::Code;

/// A station with a grid connection.
#[expect(
    clippy::struct_field_names,
    reason = "the names are those of the contract"
)]
#[derive(Serialize)]
struct Station<'a> {
    id_station_itinerance: &'a str,
    nom_station: &'a str,
    num_pdl: &'a str,
    updated_at: String,
}

/// `GET /manage/station/siren/{siren}`.
pub async fn stations(
    State(gateway): State<Arc<Gateway>>,
    Path(siren): Path<String>,
    request: Request,
) -> Response {
    list(&gateway, &siren, request)
        .await
        .unwrap_or_else(Failure::into_response)
}

async fn list(gateway: &Gateway, siren: &str, request: Request) -> Result<Response, Failure> {
    let (parts, mut raw) = request.into_parts();
    let _admission = admit(gateway, (&parts, &mut raw), Operation::Stations).await?;
    let pairs = form::pairs(parts.uri.query().unwrap_or_default());
    let after = form::last(&pairs, "after");
    let after = after.map(|text| past(text, gateway.clock.now()));
    let siren_fault = (!is_siren(siren)).then(|| no_siren(siren));
    let (after, after_fault) = match after.transpose() {
        Ok(after) => (after, None),
        Err(detail) => (None, Some(*detail)),
    };
    let details: Vec<_> = [siren_fault, after_fault].into_iter().flatten().collect();
    if !details.is_empty() {
        return Err(GatewayError::Invalid(details).into());
    }
    let table = gateway.directory.read();
    let newest = newest(&table, siren, after);
    if newest.is_empty() {
        return Err(GatewayError::Absent(Absent::Stations).into());
    }
    let stations: Vec<_> = newest.values().map(|entry| shown(entry)).collect();
    Ok(Json(stations).into_response())
}

/// The newest record of each station of a company that has a grid connection, ordered by station.
fn newest<'a>(
    table: &'a Table,
    siren: &str,
    after: Option<TimestampMicros>,
) -> BTreeMap<&'a str, &'a ChargePoint> {
    let mut newest: BTreeMap<&str, &ChargePoint> = BTreeMap::new();
    let of_company = table.entries().filter(|entry| {
        let has_pdl = entry
            .irve
            .num_pdl
            .as_ref()
            .is_some_and(|pdl| !pdl.is_empty());
        has_pdl && entry.irve.siren_amenageur == siren
    });
    for entry in of_company {
        let known = newest
            .entry(entry.station_id().as_str())
            .or_insert(entry.as_ref());
        if known.updated_at < entry.updated_at {
            *known = entry.as_ref();
        }
    }
    if let Some(after) = after {
        newest.retain(|_, entry| TimestampMicros::from(entry.updated_at) > after);
    }
    newest
}

fn shown(entry: &ChargePoint) -> Station<'_> {
    let updated_at = render_instant(TimestampMicros::from(entry.updated_at));
    Station {
        id_station_itinerance: entry.station_id().as_str(),
        nom_station: &entry.irve.nom_station,
        num_pdl: entry.irve.num_pdl.as_deref().unwrap_or_default(),
        updated_at: updated_at.replacen(' ', "T", 1).replace("+00:00", "Z"),
    }
}

fn is_siren(text: &str) -> bool {
    text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn no_siren(text: &str) -> Detail {
    let mismatch = contact::pattern(Code::FieldFormat, r"^\d{9}$");
    let loc = vec![Location::Name("path"), Location::Name("siren")];
    let mut detail = Detail::new(mismatch.kind, loc, mismatch.msg, json!(text));
    detail.ctx = mismatch.context;
    detail
}

/// An instant in the past: with an offset, or, without one, UTC.
fn past(text: &str, now: Timestamp) -> Result<TimestampMicros, Box<Detail>> {
    let value = Value::String(text.to_owned());
    let refuse = |kind, msg: String, reason: Option<&str>| {
        let loc = vec![Location::Name("query"), Location::Name("after")];
        let mut detail = Detail::new(kind, loc, msg, value.clone());
        detail.ctx = reason.map(|reason| json!({ "error": reason }));
        Box::new(detail)
    };
    match instant::read(&value) {
        Ok(Reading::Aware(us) | Reading::Naive(us)) => {
            let instant = TimestampMicros::from_us(us);
            if instant < TimestampMicros::from(now) {
                return Ok(instant);
            }
            let msg = "Input should be in the past".to_owned();
            Err(refuse("datetime_past", msg, None))
        }
        Err(Refusal::Type) => {
            let msg = "Input should be a valid datetime".to_owned();
            Err(refuse("datetime_type", msg, None))
        }
        Err(Refusal::Text(reason)) => {
            let msg = format!("Input should be a valid datetime or date, {reason}");
            Err(refuse("datetime_from_date_parsing", msg, Some(reason)))
        }
        Err(Refusal::Number(reason)) => {
            let msg = format!("Input should be a valid datetime, {reason}");
            Err(refuse("datetime_parsing", msg, Some(reason)))
        }
    }
}
