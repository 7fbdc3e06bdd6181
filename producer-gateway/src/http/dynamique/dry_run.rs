//! The dry run: the same checks as a real request in partial mode, the ids that it would get, and
//! nothing published, kept or counted against a unit.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Map, Value, json};

use super::{MAX_ERRORS, MAX_WARNINGS, Task};
use crate::error::detail::{Detail, Location, Shape};
use crate::error::{Failure, GatewayError, put_list};
use crate::http::admission::admit;
use crate::http::body::{self, Decoded};
use crate::http::operation::Operation;
use crate::http::{Gateway, form};
use crate::publisher::Event;
use crate::request::lax;
use crate::submission::event::{Context, Kind, judge};
use crate::submission::{Entry, Judgement};

/// The kinds by name.
const KINDS: [Kind; 2] = [Kind::Status, Kind::Session];

/// `POST /dynamique/validate`.
pub async fn validate(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    dry_run(&gateway, request)
        .await
        .unwrap_or_else(Failure::into_response)
}

async fn dry_run(gateway: &Arc<Gateway>, request: Request) -> Result<Response, Failure> {
    let (parts, mut raw) = request.into_parts();
    let admission = admit(gateway, (&parts, &mut raw), Operation::Validate).await?;
    let kind = kind(&parts.uri)?;
    let received = body::take(gateway, &parts.headers, raw).await?;
    let task = Task::new(gateway, &admission, &parts);
    let decide = move |decoded: Decoded| task.examine(kind, &decoded);
    let name = kind.map_or("status", Kind::name);
    let answer = received
        .decided(gateway, (name, &admission.trail), decide)
        .await?;
    Ok(Json(Value::Object(answer)).into_response())
}

/// The kind that the query names.
fn kind(uri: &Uri) -> Result<Option<Kind>, GatewayError> {
    let pairs = form::pairs(uri.query().unwrap_or_default());
    let Some(text) = form::last(&pairs, "kind") else {
        return Ok(None);
    };
    let value = Value::String(text.to_owned());
    let read = lax::symbol(&value, &KINDS, Kind::name);
    read.map(Some).map_err(|mismatch| {
        let loc = vec![Location::Name("query"), Location::Name("kind")];
        let mut detail = Detail::new(mismatch.kind, loc, mismatch.msg, value.clone());
        detail.ctx = mismatch.context;
        GatewayError::Invalid(vec![detail])
    })
}

/// Without a kind in the query an item tells its own.
fn kind_of(item: &Value) -> Kind {
    let has = |field| item.get(field).is_some();
    if has("start") || has("end") || has("energy") {
        Kind::Session
    } else {
        Kind::Status
    }
}

impl Task {
    fn examine(
        &self,
        kind: Option<Kind>,
        decoded: &Decoded,
    ) -> Result<Map<String, Value>, GatewayError> {
        let received_at = self.gateway.clock.now();
        let limits = &self.gateway.limits;
        let any = limits.status_bulk_max.max(limits.session_bulk_max);
        let max = kind.map_or(any, |kind| self.bulk_max(kind));
        let items = decoded.parse(Shape::Either, max)?;
        let table = self.gateway.directory.read();
        let context = Context {
            caller: &self.caller,
            table: &table,
            terms: self.terms(received_at),
            request_id: self.request_id,
        };
        let mut together = Judgement::default();
        let mut seen = Vec::new();
        for one in KINDS {
            let of_kind = |item: &Value| kind.unwrap_or_else(|| kind_of(item)) == one;
            let (places, chosen): (Vec<_>, Vec<_>) = items
                .iter()
                .enumerate()
                .filter(|(_, item)| of_kind(item))
                .map(|(place, item)| (place, item.clone()))
                .unzip();
            if !chosen.is_empty() {
                seen.push(one);
                join(&mut together, judge(one, &chosen, &context), &places);
            }
            self.gateway.metrics.examined(one.name(), chosen.len());
        }
        drop(table);
        let kind = kind.or(match seen.as_slice() {
            [one] => Some(*one),
            _ => None,
        });
        Ok(report(kind, items.len(), &together))
    }
}

/// Adds a judgement whose items stood at `places`.
fn join(together: &mut Judgement<Event>, part: Judgement<Event>, places: &[usize]) {
    let place = |index: usize| places.get(index).copied().unwrap_or(index);
    let accepted = part.accepted.into_iter();
    together
        .accepted
        .extend(accepted.map(|(index, event)| (place(index), event)));
    together
        .refused
        .extend(part.refused.into_iter().map(|mut refusal| {
            refusal.index = place(refusal.index);
            refusal
        }));
    let warnings = part.warnings.into_iter();
    together.warnings.extend(warnings.map(|entry| Entry {
        index: place(entry.index),
        ..entry
    }));
    together.accepted.sort_by_key(|(index, _)| *index);
    together.refused.sort_by_key(|refusal| refusal.index);
    together.warnings.sort_by_key(|entry| entry.index);
}

fn report(kind: Option<Kind>, size: usize, judgement: &Judgement<Event>) -> Map<String, Value> {
    let ids: Vec<_> = judgement
        .accepted
        .iter()
        .map(|(_, event)| event.id().0.to_string())
        .collect();
    let mut answer = Map::new();
    answer.insert("kind".to_owned(), json!(kind.map(Kind::name)));
    answer.insert("size".to_owned(), json!(size));
    answer.insert("accepted".to_owned(), json!(ids.len()));
    answer.insert("items".to_owned(), json!(ids));
    put_list(&mut answer, "errors", &judgement.errors(), MAX_ERRORS);
    put_list(&mut answer, "warnings", &judgement.warnings, MAX_WARNINGS);
    answer
}
