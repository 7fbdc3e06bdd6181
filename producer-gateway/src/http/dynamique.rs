//! Statuses and sessions, one or many; [`validate`] says what would become of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use domain::{RequestId, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::admission::{Admission, admit};
use super::body::Decoded;
use super::handling::Handling;
use super::operation::Operation;
use super::publication::{keep_refused, publish};
use super::tally::Tally;
use super::{Gateway, body};
use crate::auth::Caller;
use crate::dead_letter::letters;
use crate::error::detail::{Detail, Shape};
use crate::error::{Absent, Failure, Foreign, GatewayError, put_list};
use crate::publisher::{Event, Message};
use crate::request::{Reception, Terms};
use crate::submission::event::{Context, Kind, Parsed, judge, judge_quickly, messages};
use crate::submission::{Entry, Judgement, Origin, Step};

mod dry_run;

pub use dry_run::validate;

/// How many warnings are listed.
pub const MAX_WARNINGS: usize = 100;
/// How many errors are listed.
pub const MAX_ERRORS: usize = 1_000;

/// `POST /dynamique/status/`.
pub async fn create_status(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let done = submit(&gateway, (Kind::Status, Shape::Single), request).await;
    done.unwrap_or_else(Failure::into_response)
}

/// `POST /dynamique/status/bulk`.
pub async fn create_statuses(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let done = submit(&gateway, (Kind::Status, Shape::List), request).await;
    done.unwrap_or_else(Failure::into_response)
}

/// `POST /dynamique/session/`.
pub async fn create_session(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let done = submit(&gateway, (Kind::Session, Shape::Single), request).await;
    done.unwrap_or_else(Failure::into_response)
}

/// `POST /dynamique/session/bulk`.
pub async fn create_sessions(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let done = submit(&gateway, (Kind::Session, Shape::List), request).await;
    done.unwrap_or_else(Failure::into_response)
}

/// What was decided about a request.
struct Decision {
    ids: Vec<Uuid>,
    messages: Vec<Message>,
    ages_seconds: Vec<f64>,
    dead_letters: Vec<Message>,
    first_step: Option<Step>,
    details: Vec<Detail>,
    errors: Vec<Entry>,
    warnings: Vec<Entry>,
    tally: Tally,
}

async fn submit(
    gateway: &Arc<Gateway>,
    (kind, shape): (Kind, Shape),
    request: Request,
) -> Result<Response, Failure> {
    let (parts, mut raw) = request.into_parts();
    let admission = admit(gateway, (&parts, &mut raw), operation(kind, shape)).await?;
    let publisher = Arc::clone(gateway.publisher()?);
    let handling = match shape {
        Shape::List => Handling::asked(&parts.uri, &parts.headers)?,
        Shape::Single | Shape::Either => Handling::Strict,
    };
    let received = body::take(gateway, &parts.headers, raw).await?;
    let task = Task::new(gateway, &admission, &parts);
    let decide = move |decoded: Decoded| task.decide(kind, shape, &decoded);
    let mut decision = received
        .decided(gateway, (kind.name(), &admission.trail), decide)
        .await?;
    let refused = std::mem::take(&mut decision.dead_letters);
    keep_refused(gateway, &publisher, &admission.caller, refused);
    let counts = (decision.tally.accepted(), decision.tally.refused());
    let is_refused = decision.first_step.is_some();
    if (is_refused && handling == Handling::Strict) || decision.ids.is_empty() {
        admission.trail.note(|note| note.refused = counts.1);
        decision.tally.refuse_all();
        gateway
            .metrics
            .judged(kind.name(), &decision.tally, (&decision.errors, &[]));
        return Err(refusal((kind, shape), handling, decision));
    }
    gateway.take_items(kind.name(), &decision.tally)?;
    let messages = std::mem::take(&mut decision.messages);
    publish(gateway, messages, &admission.trail).await?;
    gateway.metrics.aged(kind.name(), &decision.ages_seconds);
    let told = (decision.errors.as_slice(), decision.warnings.as_slice());
    gateway.metrics.judged(kind.name(), &decision.tally, told);
    admission
        .trail
        .note(|note| (note.accepted, note.refused) = counts);
    Ok(created(shape, handling, &decision))
}

fn operation(kind: Kind, shape: Shape) -> Operation {
    match (kind, shape) {
        (_, Shape::Either) => Operation::Validate,
        (Kind::Status, Shape::Single) => Operation::Status,
        (Kind::Status, Shape::List) => Operation::StatusBulk,
        (Kind::Session, Shape::Single) => Operation::Session,
        (Kind::Session, Shape::List) => Operation::SessionBulk,
    }
}

/// By whom a body was sent that is to be decided about.
struct Task {
    gateway: Arc<Gateway>,
    caller: Caller,
    request_id: RequestId,
}

impl Task {
    fn new(gateway: &Arc<Gateway>, admission: &Admission, parts: &Parts) -> Self {
        let id = parts.extensions.get::<RequestId>().copied();
        Self {
            gateway: Arc::clone(gateway),
            caller: admission.caller.clone(),
            request_id: id.unwrap_or(RequestId(Uuid::nil())),
        }
    }

    /// Parses and judges; publishes nothing.
    fn decide(
        &self,
        kind: Kind,
        shape: Shape,
        decoded: &Decoded,
    ) -> Result<Decision, GatewayError> {
        let received_at = self.gateway.clock.now();
        if let Some(decision) = self.decide_quickly((kind, shape), decoded, received_at) {
            return Ok(decision);
        }
        let items = decoded.parse(shape, self.bulk_max(kind))?;
        self.gateway.metrics.batched(kind.name(), items.len());
        let table = self.gateway.directory.read();
        let context = Context {
            caller: &self.caller,
            table: &table,
            terms: self.terms(received_at),
            request_id: self.request_id,
        };
        let judgement = judge(kind, &items, &context);
        let origin = Origin {
            submitted_by: self.caller.user.username.clone(),
            request_id: self.request_id,
            received_at,
        };
        let dead_letters = letters(
            kind.name(),
            &judgement.refused,
            &items,
            (&self.caller, &table),
            &origin,
        );
        drop(table);
        let mut decision = Decision::of(shape, judgement, received_at, &self.caller);
        decision.dead_letters = dead_letters;
        Ok(decision)
    }

    /// Decides about a body of which every item is accepted; none when one may not be.
    fn decide_quickly(
        &self,
        (kind, shape): (Kind, Shape),
        decoded: &Decoded,
        received_at: Timestamp,
    ) -> Option<Decision> {
        let (terms, max) = (self.terms(received_at), self.bulk_max(kind));
        let items = Parsed::read_quickly((kind, shape), decoded.json()?, (max, &terms))?;
        let table = self.gateway.directory.read();
        let context = Context {
            caller: &self.caller,
            table: &table,
            terms,
            request_id: self.request_id,
        };
        let judgement = judge_quickly(&items, &context)?;
        drop(table);
        self.gateway.metrics.batched(kind.name(), items.len());
        Some(Decision::of(shape, judgement, received_at, &self.caller))
    }

    fn bulk_max(&self, kind: Kind) -> usize {
        match kind {
            Kind::Status => self.gateway.limits.status_bulk_max,
            Kind::Session => self.gateway.limits.session_bulk_max,
        }
    }

    fn terms(&self, received_at: Timestamp) -> Terms {
        let limits = &self.gateway.limits;
        Terms {
            reception: Reception::At(received_at),
            clock_skew: limits.clock_skew,
            max_status_age: limits.max_status_age,
            max_session_age: limits.max_session_age,
        }
    }
}

impl Decision {
    fn of(
        shape: Shape,
        judgement: Judgement<Event>,
        received_at: Timestamp,
        caller: &Caller,
    ) -> Self {
        let mut tally = Tally::default();
        tally.refuse(&judgement.refused, caller);
        let mut ids = Vec::with_capacity(judgement.accepted.len());
        let mut ages_seconds = Vec::with_capacity(judgement.accepted.len());
        for (_, event) in &judgement.accepted {
            let (id, at) = match event {
                Event::Status(status) => (&status.charge_point_id, status.event_time),
                Event::Session(session) => (&session.charge_point_id, session.end),
            };
            tally.accept(id.as_str(), Some(at.floor()));
            ids.push(event.id().0);
            let age_ms = u64::try_from((received_at - at.floor()).as_ms()).unwrap_or_default();
            ages_seconds.push(std::time::Duration::from_millis(age_ms).as_secs_f64());
        }
        Self {
            ids,
            ages_seconds,
            tally,
            first_step: judgement.first_step(),
            details: Detail::of_refusals(shape, &judgement.refused),
            errors: judgement.errors(),
            warnings: judgement.warnings,
            messages: messages(judgement.accepted),
            dead_letters: Vec::new(),
        }
    }
}

/// The body of a 201.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    ids: Ids<'a>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// The ids of accepted items.
#[derive(Serialize)]
#[serde(untagged)]
enum Ids<'a> {
    One { id: Uuid },
    Many { size: usize, items: &'a [Uuid] },
}

fn created(shape: Shape, handling: Handling, decision: &Decision) -> Response {
    let mut more = Map::new();
    if !decision.errors.is_empty() {
        put_list(&mut more, "errors", &decision.errors, MAX_ERRORS);
    }
    if !decision.warnings.is_empty() {
        put_list(&mut more, "warnings", &decision.warnings, MAX_WARNINGS);
    }
    let ids = match (shape, decision.ids.first()) {
        (Shape::Single, Some(id)) => Ids::One { id: *id },
        _ => Ids::Many {
            size: decision.ids.len(),
            items: &decision.ids,
        },
    };
    let mut response = (StatusCode::CREATED, Json(Answer { ids, more })).into_response();
    handling.confirm(&mut response);
    response
}

/// The failure of a request of which nothing was published.
fn refusal((kind, shape): (Kind, Shape), handling: Handling, decision: Decision) -> Failure {
    let error = match (handling, decision.first_step) {
        (Handling::Partial { .. }, _) | (_, None) => GatewayError::NothingAccepted,
        (Handling::Strict, Some(Step::Validation)) => GatewayError::Invalid(decision.details),
        (Handling::Strict, Some(Step::Unit)) => GatewayError::Foreign(match (shape, kind) {
            (Shape::Single, Kind::Status) => Foreign::Status,
            (Shape::Single, Kind::Session) => Foreign::Session,
            (Shape::List | Shape::Either, _) => Foreign::Submission,
        }),
        (Handling::Strict, Some(_)) => GatewayError::Absent(match shape {
            Shape::Single => Absent::ChargePoint,
            Shape::List | Shape::Either => Absent::AttachedChargePoints,
        }),
    };
    error.with_errors(decision.errors).handled(handling)
}
