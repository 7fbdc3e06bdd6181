//! Creates and updates.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use domain::{RequestId, Timestamp};
use serde_json::{Map, Value, json};

use super::{BULK, author, carry_out, check_owner, find, places_of, shown};
use crate::auth::{Caller, unit_of};
use crate::dead_letter::letters;
use crate::directory::change::upsert;
use crate::error::detail::{Detail, Shape};
use crate::error::{Absent, Failure, Foreign, GatewayError, put_list};
use crate::http::Gateway;
use crate::http::admission::admit;
use crate::http::body::{self, Decoded};
use crate::http::dynamique::{MAX_ERRORS, MAX_WARNINGS};
use crate::http::handling::Handling;
use crate::http::locks::Held;
use crate::http::operation::Operation;
use crate::http::publication::keep_refused;
use crate::http::tally::Tally;
use crate::http::trail::Trail;
use crate::request::StaticRow;
use crate::request::statique::{Legacy, StaticTerms};
use crate::submission::statique::{Existing, judge};
use crate::submission::{Entry, Judgement, Origin, Step};

/// The kind of a static record, for metrics and headers.
const KIND: &str = "statique";

/// `POST /statique/`.
pub async fn create(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let how = (Shape::Single, Existing::Refused);
    submit(&gateway, how, request)
        .await
        .unwrap_or_else(Failure::into_response)
}

/// `POST /statique/bulk`.
pub async fn create_many(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let how = (Shape::List, Existing::Updated);
    submit(&gateway, how, request)
        .await
        .unwrap_or_else(Failure::into_response)
}

/// `PUT /statique/{id}`.
pub async fn update(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    put(&gateway, &id, request)
        .await
        .unwrap_or_else(Failure::into_response)
}

/// `PUT /statique/bulk`, where `bulk` is an id.
pub async fn update_bulk(gateway: State<Arc<Gateway>>, request: Request) -> Response {
    update(gateway, Path(BULK.to_owned()), request).await
}

/// A body that was read and parsed.
struct Parsed {
    items: Vec<Value>,
    received_at: Timestamp,
}

async fn parse(
    gateway: &Arc<Gateway>,
    (shape, trail): (Shape, &Trail),
    received: body::Received,
) -> Result<Parsed, GatewayError> {
    let shared = Arc::clone(gateway);
    let parse = move |decoded: Decoded| {
        let received_at = shared.clock.now();
        let items = decoded.parse(shape, shared.limits.statique_bulk_max)?;
        shared.metrics.batched(KIND, items.len());
        Ok(Parsed { items, received_at })
    };
    received.decided(gateway, (KIND, trail), parse).await
}

/// Locks what rows write, as far as they can be read.
async fn lock(gateway: &Gateway, items: &[Value]) -> Held {
    let text =
        |item: &Value, field: &str| item.get(field)?.as_str().map(str::trim).map(str::to_owned);
    let names: Vec<_> = items
        .iter()
        .filter_map(|item| {
            let id = text(item, "id_pdc_itinerance")?;
            Some((id, text(item, "id_station_itinerance")))
        })
        .collect();
    let rows = || {
        names
            .iter()
            .map(|(id, station)| (id.as_str(), station.as_deref()))
    };
    gateway
        .static_writes
        .lock(|| places_of(gateway, rows()))
        .await
}

/// What became of the rows, by unit.
fn tally(judgement: &Judgement<StaticRow>, caller: &Caller) -> Tally {
    let mut tally = Tally::default();
    tally.refuse(&judgement.refused, caller);
    for (_, row) in &judgement.accepted {
        tally.accept(row.irve.id_pdc_itinerance.as_str(), None);
    }
    tally
}

async fn submit(
    gateway: &Arc<Gateway>,
    (shape, existing): (Shape, Existing),
    request: Request,
) -> Result<Response, Failure> {
    let (parts, mut raw) = request.into_parts();
    let operation = match existing {
        Existing::Refused => Operation::StatiqueCreate,
        Existing::Updated => Operation::StatiqueBulk,
    };
    let admission = admit(gateway, (&parts, &mut raw), operation).await?;
    let (caller, trail) = (&admission.caller, &admission.trail);
    let handling = match shape {
        Shape::List => Handling::asked(&parts.uri, &parts.headers)?,
        Shape::Single | Shape::Either => Handling::Strict,
    };
    let received = body::take(gateway, &parts.headers, raw).await?;
    let parsed = parse(gateway, (shape, trail), received).await?;
    let writing = lock(gateway, &parsed.items).await;
    let terms = StaticTerms::at(parsed.received_at, Legacy::Refused);
    let how = (terms, existing);
    let judgement = judge(&parsed.items, caller, &gateway.directory.read(), how);
    let request_id = parts.extensions.get::<RequestId>().copied();
    keep(gateway, caller, (&judgement, &parsed), request_id)?;
    let errors = judgement.errors();
    let mut tally = tally(&judgement, caller);
    trail.note(|note| note.refused = tally.refused());
    let is_refused = judgement.first_step().is_some() && handling == Handling::Strict;
    if is_refused || judgement.accepted.is_empty() {
        tally.refuse_all();
        gateway.metrics.judged(KIND, &tally, (&errors, &[]));
        let error = refusal(shape, handling, &judgement);
        return Err(error.with_errors(errors).handled(handling));
    }
    gateway.take_items(KIND, &tally)?;
    let rows: Vec<_> = judgement.accepted.into_iter().map(|(_, row)| row).collect();
    let author = author(caller, parsed.received_at);
    let change = upsert(&gateway.directory.read(), &rows, author);
    carry_out(gateway, &change, trail).await?;
    drop(writing);
    let told = (errors.as_slice(), judgement.warnings.as_slice());
    gateway.metrics.judged(KIND, &tally, told);
    trail.note(|note| note.accepted = rows.len());
    let mut response = created(&rows, &errors, &judgement.warnings);
    handling.confirm(&mut response);
    Ok(response)
}

/// Sends the refused rows that may be kept to their topic.
fn keep(
    gateway: &Gateway,
    caller: &Caller,
    (judgement, parsed): (&Judgement<StaticRow>, &Parsed),
    request_id: Option<RequestId>,
) -> Result<(), GatewayError> {
    let origin = Origin {
        submitted_by: caller.user.username.clone(),
        request_id: request_id.unwrap_or(RequestId(uuid::Uuid::nil())),
        received_at: parsed.received_at,
    };
    let table = gateway.directory.read();
    let letters = letters(
        KIND,
        &judgement.refused,
        &parsed.items,
        (caller, &table),
        &origin,
    );
    drop(table);
    keep_refused(gateway, gateway.publisher()?, caller, letters);
    Ok(())
}

fn created(rows: &[StaticRow], errors: &[Entry], warnings: &[Entry]) -> Response {
    let ids: Vec<_> = rows
        .iter()
        .map(|row| row.irve.id_pdc_itinerance.as_str())
        .collect();
    let mut answer = Map::new();
    answer.insert("message".to_owned(), json!("Statique items created"));
    answer.insert("items".to_owned(), json!(ids));
    answer.insert("size".to_owned(), json!(ids.len()));
    if !errors.is_empty() {
        put_list(&mut answer, "errors", errors, MAX_ERRORS);
    }
    if !warnings.is_empty() {
        put_list(&mut answer, "warnings", warnings, MAX_WARNINGS);
    }
    (StatusCode::CREATED, Json(Value::Object(answer))).into_response()
}

/// The error of a request of which nothing was published.
fn refusal(shape: Shape, handling: Handling, judgement: &Judgement<StaticRow>) -> GatewayError {
    let id_of = |step: Step| {
        let refused = judgement
            .refused
            .iter()
            .find(|refusal| refusal.step == step);
        refused
            .and_then(|refusal| refusal.id.clone())
            .unwrap_or_default()
    };
    match (handling, judgement.first_step()) {
        (Handling::Partial { .. }, _) | (_, None) => GatewayError::NothingAccepted,
        (Handling::Strict, Some(step)) => match step {
            Step::Validation => {
                GatewayError::Invalid(Detail::of_refusals(shape, &judgement.refused))
            }
            Step::Unit => GatewayError::Foreign(Foreign::Submission),
            Step::UnknownUnit if shape == Shape::Single => {
                GatewayError::Absent(Absent::Unit(unit_of(&id_of(step)).to_owned()))
            }
            Step::UnknownUnit => GatewayError::Absent(Absent::Units),
            Step::Existence => GatewayError::Absent(Absent::UpdatedStatic),
            Step::Conflict => GatewayError::Exists(id_of(step)),
            Step::Station => GatewayError::InconsistentStation,
            Step::Location => GatewayError::InconsistentLocation,
        },
    }
}

async fn put(gateway: &Arc<Gateway>, id: &str, request: Request) -> Result<Response, Failure> {
    let (parts, mut raw) = request.into_parts();
    let admission = admit(gateway, (&parts, &mut raw), Operation::StatiqueUpdate).await?;
    let (caller, trail) = (&admission.caller, &admission.trail);
    let received = body::take(gateway, &parts.headers, raw).await?;
    let parsed = parse(gateway, (Shape::Single, trail), received).await?;
    let writing = lock(gateway, &parsed.items).await;
    let terms = StaticTerms::at(parsed.received_at, Legacy::Refused);
    let how = (terms, Existing::Updated);
    let judgement = judge(&parsed.items, caller, &gateway.directory.read(), how);
    let errors = judgement.errors();
    let mut tally = tally(&judgement, caller);
    let mut refuse = |error: GatewayError| {
        tally.refuse_all();
        gateway.metrics.judged(KIND, &tally, (&errors, &[]));
        if errors.is_empty() {
            Failure::from(error)
        } else {
            error.with_errors(errors.clone())
        }
    };
    if let Err(error) = check_put(gateway, caller, (id, &judgement)) {
        return Err(refuse(error));
    }
    gateway.take_items(KIND, &tally)?;
    let rows: Vec<_> = judgement.accepted.into_iter().map(|(_, row)| row).collect();
    let author = author(caller, parsed.received_at);
    let change = upsert(&gateway.directory.read(), &rows, author);
    carry_out(gateway, &change, trail).await?;
    drop(writing);
    gateway
        .metrics
        .judged(KIND, &tally, (&[], &judgement.warnings));
    trail.note(|note| note.accepted = 1);
    let entry = find(gateway, id).ok_or(GatewayError::Internal)?;
    Ok(shown(&entry))
}

/// Whether an update may be carried out: the record, the unit, then path and body, then existence.
fn check_put(
    gateway: &Gateway,
    caller: &Caller,
    (id, judgement): (&str, &Judgement<StaticRow>),
) -> Result<(), GatewayError> {
    let step = judgement.first_step();
    let refused = || refusal(Shape::Single, Handling::Strict, judgement);
    if step == Some(Step::Validation) {
        return Err(refused());
    }
    check_owner(caller, id)?;
    if step.is_some() {
        return Err(refused());
    }
    let mut sent = judgement.accepted.iter();
    if sent.any(|(_, row)| row.irve.id_pdc_itinerance.as_str() != id) {
        return Err(GatewayError::PathMismatch);
    }
    find(gateway, id)
        .filter(|entry| entry.deleted_at.is_none())
        .map(|_entry| ())
        .ok_or(GatewayError::Absent(Absent::UpdatedStatic))
}
