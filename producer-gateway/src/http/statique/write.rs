//! Creates and updates.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use domain::{RequestId, Timestamp};
use serde_json::{Map, Value, json};

use super::{author, carry_out, check_owner, find, note, shown};
use crate::auth::{Caller, Scope, unit_of};
use crate::dead_letter::letters;
use crate::directory::change::upsert;
use crate::error::detail::{Detail, Shape};
use crate::error::{Absent, Failure, Foreign, GatewayError, put_list};
use crate::http::admission::admit;
use crate::http::dynamique::{Handling, MAX_ERRORS, MAX_WARNINGS, confirm, handling, keep_refused};
use crate::http::{Gateway, body};
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

/// A body that was read and parsed.
struct Parsed {
    items: Vec<Value>,
    received_at: Timestamp,
}

async fn parse(
    gateway: &Arc<Gateway>,
    shape: Shape,
    received: body::Received,
) -> Result<Parsed, GatewayError> {
    let gateway = Arc::clone(gateway);
    let parse = move || {
        let decoded = received.decode(&gateway.limits)?;
        let received_at = gateway.clock.now();
        let items = decoded.parse(shape, gateway.limits.statique_bulk_max)?;
        Ok(Parsed { items, received_at })
    };
    let parsed = tokio::task::spawn_blocking(parse).await;
    parsed.map_err(|_panic| GatewayError::Internal)?
}

async fn submit(
    gateway: &Arc<Gateway>,
    (shape, existing): (Shape, Existing),
    request: Request,
) -> Result<Response, Failure> {
    let (parts, raw) = request.into_parts();
    let admission = admit(gateway, &parts.headers, Scope::StaticCreate)?;
    let handling = match shape {
        Shape::Single => Handling::Strict,
        Shape::List => handling(&parts.uri, &parts.headers)?,
    };
    let received = body::receive(&parts.headers, raw, &gateway.limits).await?;
    let Parsed { items, received_at } = parse(gateway, shape, received).await?;
    let writing = gateway.static_writes.lock().await;
    let terms = StaticTerms::at(received_at, Legacy::Refused);
    let caller = &admission.caller;
    let judgement = judge(&items, caller, &gateway.directory.read(), (terms, existing));
    let request_id = parts.extensions.get::<RequestId>().copied();
    keep(
        gateway,
        caller,
        (&judgement, &items),
        (request_id, received_at),
    )?;
    let errors = judgement.errors();
    let is_refused = judgement.first_step().is_some() && handling == Handling::Strict;
    if is_refused || judgement.accepted.is_empty() {
        let counts = (0, judgement.refused.len());
        gateway.metrics.judged(KIND, counts, &errors, &[]);
        return Err(refusal(shape, handling, &judgement).with_errors(errors));
    }
    let rows: Vec<_> = judgement.accepted.into_iter().map(|(_, row)| row).collect();
    let change = upsert(
        &gateway.directory.read(),
        &rows,
        author(caller, received_at),
    );
    carry_out(gateway, &change).await?;
    drop(writing);
    let counts = (rows.len(), judgement.refused.len());
    gateway
        .metrics
        .judged(KIND, counts, &errors, &judgement.warnings);
    let mut response = created(&rows, &errors, &judgement.warnings);
    confirm(handling, &mut response);
    response.extensions_mut().insert(note(caller, rows.len()));
    Ok(response)
}

/// Sends the refused rows that may be kept to their topic.
fn keep(
    gateway: &Gateway,
    caller: &Caller,
    (judgement, items): (&Judgement<StaticRow>, &[Value]),
    (request_id, received_at): (Option<RequestId>, Timestamp),
) -> Result<(), GatewayError> {
    let origin = Origin {
        submitted_by: caller.user.username.clone(),
        request_id: request_id.unwrap_or(RequestId(uuid::Uuid::nil())),
        received_at,
    };
    let table = gateway.directory.read();
    let letters = letters(KIND, &judgement.refused, items, (caller, &table), &origin);
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
    let (parts, raw) = request.into_parts();
    let admission = admit(gateway, &parts.headers, Scope::StaticUpdate)?;
    let caller = &admission.caller;
    let received = body::receive(&parts.headers, raw, &gateway.limits).await?;
    let Parsed { items, received_at } = parse(gateway, Shape::Single, received).await?;
    let writing = gateway.static_writes.lock().await;
    let terms = StaticTerms::at(received_at, Legacy::Refused);
    let judgement = judge(
        &items,
        caller,
        &gateway.directory.read(),
        (terms, Existing::Updated),
    );
    let errors = judgement.errors();
    if judgement.first_step() == Some(Step::Validation) {
        return Err(refusal(Shape::Single, Handling::Strict, &judgement).with_errors(errors));
    }
    check_owner(caller, id)?;
    if judgement.first_step().is_some() {
        return Err(refusal(Shape::Single, Handling::Strict, &judgement).with_errors(errors));
    }
    let rows: Vec<_> = judgement.accepted.into_iter().map(|(_, row)| row).collect();
    if rows
        .iter()
        .any(|row| row.irve.id_pdc_itinerance.as_str() != id)
    {
        return Err(GatewayError::PathMismatch.into());
    }
    find(gateway, id)
        .filter(|entry| entry.deleted_at.is_none())
        .ok_or(GatewayError::Absent(Absent::UpdatedStatic))?;
    let change = upsert(
        &gateway.directory.read(),
        &rows,
        author(caller, received_at),
    );
    carry_out(gateway, &change).await?;
    drop(writing);
    let entry = find(gateway, id).ok_or(GatewayError::Internal)?;
    let mut response = shown(&entry);
    response.extensions_mut().insert(note(caller, 1));
    Ok(response)
}
