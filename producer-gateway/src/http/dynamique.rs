//! Statuses and sessions, one or many.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::{RequestId, Timestamp};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::admission::admit;
use super::envelope::Note;
use super::{Gateway, body, form};
use crate::auth::{Caller, Scope};
use crate::dead_letter::letters;
use crate::error::detail::{Detail, Location, Shape};
use crate::error::{Absent, Failure, Foreign, GatewayError, put_list};
use crate::publisher::{Event, Message, PublishError};
use crate::request::{Reception, Terms, lax};
use crate::submission::event::{Context, Kind, judge, messages};
use crate::submission::{Entry, Judgement, Origin, Step};

/// How many warnings are listed.
pub const MAX_WARNINGS: usize = 100;
/// How many errors are listed.
pub const MAX_ERRORS: usize = 1_000;

/// Whether one bad item refuses its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// It does.
    Strict,
    /// The good ones are published. Asked for in the query, or by `Prefer`, which is confirmed.
    Partial {
        /// Whether the header asked.
        by_preference: bool,
    },
}

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
    ids: Vec<String>,
    messages: Vec<Message>,
    ages_seconds: Vec<f64>,
    dead_letters: Vec<Message>,
    first_step: Option<Step>,
    details: Vec<Detail>,
    errors: Vec<Entry>,
    warnings: Vec<Entry>,
    refused: usize,
}

async fn submit(
    gateway: &Arc<Gateway>,
    (kind, shape): (Kind, Shape),
    request: Request,
) -> Result<Response, Failure> {
    let (parts, raw) = request.into_parts();
    let admission = admit(gateway, &parts.headers, Scope::DynamicCreate)?;
    let publisher = Arc::clone(gateway.publisher()?);
    let handling = match shape {
        Shape::Single => Handling::Strict,
        Shape::List => handling(&parts.uri, &parts.headers)?,
    };
    let received = body::receive(&parts.headers, raw, &gateway.limits).await?;
    let request_id = parts
        .extensions
        .get::<RequestId>()
        .copied()
        .unwrap_or(RequestId(uuid::Uuid::nil()));
    let task = Task {
        gateway: Arc::clone(gateway),
        caller: admission.caller.clone(),
        request_id,
        kind,
        shape,
    };
    let decision = if received.bytes.len() > body::OFF_WORKERS_BYTES {
        let decided = tokio::task::spawn_blocking(move || task.decide(received)).await;
        decided.map_err(|_panic| GatewayError::Internal)??
    } else {
        task.decide(received)?
    };
    let mut decision = decision;
    keep_refused(
        gateway,
        &publisher,
        &admission.caller,
        std::mem::take(&mut decision.dead_letters),
    );
    let is_refused = decision.first_step.is_some();
    if (is_refused && handling == Handling::Strict) || decision.ids.is_empty() {
        gateway
            .metrics
            .judged(kind.name(), (0, decision.refused), &decision.errors, &[]);
        return Err(refusal(kind, shape, handling, decision));
    }
    publish(gateway, std::mem::take(&mut decision.messages)).await?;
    let ages = gateway.metrics.event_age.with_label_values(&[kind.name()]);
    decision
        .ages_seconds
        .iter()
        .for_each(|age| ages.observe(*age));
    let counts = (decision.ids.len(), decision.refused);
    gateway
        .metrics
        .judged(kind.name(), counts, &decision.errors, &decision.warnings);
    let account = admission.caller.user.username.clone();
    let note = Note {
        account,
        accepted: counts.0,
        refused: counts.1,
    };
    Ok(created(shape, handling, (decision, note)))
}

/// A body to be decided about, and by whom it was sent.
struct Task {
    gateway: Arc<Gateway>,
    caller: Caller,
    request_id: RequestId,
    kind: Kind,
    shape: Shape,
}

impl Task {
    /// Decompresses, parses and judges; publishes nothing.
    fn decide(&self, received: body::Received) -> Result<Decision, GatewayError> {
        let (limits, metrics) = (&self.gateway.limits, &self.gateway.metrics);
        let name = self.kind.name();
        metrics
            .body_bytes
            .with_label_values(&[name])
            .observe(float(received.bytes.len()));
        let decoded = received.decode(limits)?;
        metrics
            .decoded_bytes
            .with_label_values(&[name])
            .observe(float(decoded.bytes.len()));
        let received_at = self.gateway.clock.now();
        let max = match self.kind {
            Kind::Status => limits.status_bulk_max,
            Kind::Session => limits.session_bulk_max,
        };
        let items = decoded.parse(self.shape, max)?;
        metrics
            .batch_items
            .with_label_values(&[name])
            .observe(float(items.len()));
        let table = self.gateway.directory.read();
        let context = Context {
            caller: &self.caller,
            table: &table,
            terms: Terms {
                reception: Reception::At(received_at),
                clock_skew: limits.clock_skew,
                max_status_age: limits.max_status_age,
                max_session_age: limits.max_session_age,
            },
            request_id: self.request_id,
        };
        let judgement = judge(self.kind, &items, &context);
        let origin = Origin {
            submitted_by: self.caller.user.username.clone(),
            request_id: self.request_id,
            received_at,
        };
        let dead_letters = letters(
            name,
            &judgement.refused,
            &items,
            (&self.caller, &table),
            &origin,
        );
        Ok(Decision::of(
            self.shape,
            judgement,
            dead_letters,
            received_at,
        ))
    }
}

impl Decision {
    fn of(
        shape: Shape,
        judgement: Judgement<Event>,
        dead_letters: Vec<Message>,
        received_at: Timestamp,
    ) -> Self {
        let age = |(_, event): &(usize, Event)| {
            let at = match event {
                Event::Status(status) => status.event_time,
                Event::Session(session) => session.end,
            };
            std::time::Duration::from_millis(
                u64::try_from((received_at - at.floor()).as_ms()).unwrap_or_default(),
            )
            .as_secs_f64()
        };
        Self {
            ids: judgement
                .accepted
                .iter()
                .map(|(_, event)| event.id().0.to_string())
                .collect(),
            ages_seconds: judgement.accepted.iter().map(age).collect(),
            first_step: judgement.first_step(),
            details: Detail::of_refusals(shape, &judgement.refused),
            errors: judgement.errors(),
            refused: judgement.refused.len(),
            warnings: judgement.warnings,
            messages: messages(judgement.accepted),
            dead_letters,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure of at most 2^53")]
fn float(count: usize) -> f64 {
    count as f64
}

/// Brings messages to the log.
///
/// # Errors
/// Unavailable when one is not known to be there.
pub async fn publish(gateway: &Gateway, messages: Vec<Message>) -> Result<(), GatewayError> {
    let publisher = gateway.publisher()?;
    let start = Instant::now();
    // The client library looks at its time-outs once a second only: a stall must be answered
    // before clients give up.
    let timeout = gateway.limits.ack_timeout;
    let acknowledged = tokio::time::timeout(timeout, publisher.publish(messages)).await;
    let acknowledged = acknowledged.unwrap_or(Err(PublishError {
        retry_after_seconds: 5,
        reason: "timeout",
        source: None,
    }));
    let metrics = &gateway.metrics;
    metrics
        .kafka_queue_records
        .set(i64::try_from(publisher.in_flight()).unwrap_or(i64::MAX));
    match acknowledged {
        Ok(()) => {
            metrics
                .kafka_ack_duration
                .observe(start.elapsed().as_secs_f64());
            Ok(())
        }
        Err(error) => {
            let cause = error.source.as_ref().map(ToString::to_string);
            tracing::warn!(
                reason = error.reason,
                error = cause,
                "request not acknowledged"
            );
            metrics
                .kafka_produce_errors
                .with_label_values(&[error.reason])
                .inc();
            Err(GatewayError::Unavailable(error.retry_after_seconds))
        }
    }
}

/// Sends refused items to their topic, within the account's budget; nobody waits for it.
pub fn keep_refused(
    gateway: &Gateway,
    publisher: &Arc<dyn crate::publisher::Publisher>,
    caller: &Caller,
    mut letters: Vec<Message>,
) {
    if letters.is_empty() {
        return;
    }
    let now = gateway.clock.now();
    let granted = gateway
        .dead_letters
        .take(&caller.user.username, now, letters.len());
    let count = |outcome: &str, letters: usize| {
        let counter = gateway.metrics.dead_letters.with_label_values(&[outcome]);
        counter.inc_by(u64::try_from(letters).unwrap_or(u64::MAX));
    };
    count("suppressed", letters.len() - granted);
    letters.truncate(granted);
    let (publisher, counter) = (Arc::clone(publisher), gateway.metrics.dead_letters.clone());
    tokio::spawn(async move {
        let letter_count = u64::try_from(letters.len()).unwrap_or(u64::MAX);
        let outcome = if publisher.publish(letters).await.is_ok() {
            "written"
        } else {
            "failed"
        };
        counter.with_label_values(&[outcome]).inc_by(letter_count);
    });
}

fn created(shape: Shape, handling: Handling, (decision, note): (Decision, Note)) -> Response {
    let mut answer = Map::new();
    if let (Shape::Single, Some(id)) = (shape, decision.ids.first()) {
        answer.insert("id".to_owned(), json!(id));
    } else {
        answer.insert("size".to_owned(), json!(decision.ids.len()));
        answer.insert("items".to_owned(), json!(decision.ids));
    }
    if !decision.errors.is_empty() {
        put_list(&mut answer, "errors", &decision.errors, MAX_ERRORS);
    }
    if !decision.warnings.is_empty() {
        put_list(&mut answer, "warnings", &decision.warnings, MAX_WARNINGS);
    }
    let mut response = (StatusCode::CREATED, Json(Value::Object(answer))).into_response();
    confirm(handling, &mut response);
    response.extensions_mut().insert(note);
    response
}

/// Confirms that the preference was followed.
pub fn confirm(handling: Handling, response: &mut Response) {
    if handling
        == (Handling::Partial {
            by_preference: true,
        })
    {
        let name = HeaderName::from_static("preference-applied");
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static("handling=lenient"));
    }
}

/// The failure of a request of which nothing was published.
fn refusal(kind: Kind, shape: Shape, handling: Handling, decision: Decision) -> Failure {
    let error = match (handling, decision.first_step) {
        (Handling::Partial { .. }, _) | (_, None) => GatewayError::NothingAccepted,
        (Handling::Strict, Some(Step::Validation)) => GatewayError::Invalid(decision.details),
        (Handling::Strict, Some(Step::Unit)) => GatewayError::Foreign(match (shape, kind) {
            (Shape::Single, Kind::Status) => Foreign::Status,
            (Shape::Single, Kind::Session) => Foreign::Session,
            (Shape::List, _) => Foreign::Submission,
        }),
        (Handling::Strict, Some(_)) => GatewayError::Absent(match shape {
            Shape::Single => Absent::ChargePoint,
            Shape::List => Absent::AttachedChargePoints,
        }),
    };
    error.with_errors(decision.errors)
}

/// How a list is to be handled: the query wins over `Prefer`.
///
/// # Errors
/// When the query says neither yes nor no.
pub fn handling(uri: &Uri, headers: &HeaderMap) -> Result<Handling, GatewayError> {
    let pairs = form::pairs(uri.query().unwrap_or_default());
    if let Some(text) = form::last(&pairs, "partial") {
        let value = Value::String(text.to_owned());
        let is_partial = lax::boolean(&value).map_err(|mismatch| {
            let loc = vec![Location::Name("query"), Location::Name("partial")];
            GatewayError::Invalid(vec![Detail::new(
                mismatch.kind,
                loc,
                mismatch.msg,
                value.clone(),
            )])
        })?;
        let partial = Handling::Partial {
            by_preference: false,
        };
        return Ok(if is_partial {
            partial
        } else {
            Handling::Strict
        });
    }
    let is_lenient = headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .any(|preference| {
            preference
                .replace([' ', '"'], "")
                .eq_ignore_ascii_case("handling=lenient")
        });
    let partial = Handling::Partial {
        by_preference: true,
    };
    Ok(if is_lenient {
        partial
    } else {
        Handling::Strict
    })
}
