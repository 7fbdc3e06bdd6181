//! Static records: read, create, update, decommission.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use domain::{ChargePoint, Timestamp};
use tokio::time::Instant;

use super::Gateway;
use super::admission::admit;
use super::operation::Operation;
use super::publication::publish;
use super::trail::Trail;
use crate::auth::Caller;
use crate::directory::change::{Author, Change, decommission as decommissioned};
use crate::error::{Absent, Failure, Foreign, GatewayError};

pub mod answer;
mod read;
mod write;

pub use read::{list, show, show_bulk};
pub use write::{create, create_many, update, update_bulk};

/// An id that is also the last word of a path of its own.
const BULK: &str = "bulk";

/// `DELETE /statique/{id}`.
pub async fn decommission(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    set_life(&gateway, &id, request, Life::Ended)
        .await
        .unwrap_or_else(Failure::into_response)
}

/// `DELETE /statique/bulk`, where `bulk` is an id.
pub async fn decommission_bulk(gateway: State<Arc<Gateway>>, request: Request) -> Response {
    decommission(gateway, Path(BULK.to_owned()), request).await
}

/// `POST /statique/{id}/up`.
pub async fn recommission(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    set_life(&gateway, &id, request, Life::Going)
        .await
        .unwrap_or_else(Failure::into_response)
}

/// Whether a charge point is in service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Going,
    Ended,
}

async fn set_life(
    gateway: &Gateway,
    id: &str,
    request: Request,
    life: Life,
) -> Result<Response, Failure> {
    let operation = match life {
        Life::Ended => Operation::StatiqueDecommission,
        Life::Going => Operation::StatiqueRecommission,
    };
    let (parts, mut raw) = request.into_parts();
    let admission = admit(gateway, (&parts, &mut raw), operation).await?;
    check_owner(&admission.caller, id)?;
    let writing = gateway
        .static_writes
        .lock(|| places_of(gateway, [(id, None)]))
        .await;
    let received_at = gateway.clock.now();
    let entry = find(gateway, id).ok_or(GatewayError::Absent(Absent::Target))?;
    let author = author(&admission.caller, received_at);
    let until = (life == Life::Ended).then_some(received_at);
    if let Some(change) = decommissioned(&entry, until, author) {
        carry_out(gateway, &change, &admission.trail).await?;
    }
    drop(writing);
    admission.trail.note(|note| note.accepted = 1);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What a write has to lock: each charge point, the station where it is now, and the one to which
/// it goes.
fn places_of<'a>(
    gateway: &Gateway,
    rows: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
) -> Vec<String> {
    let table = gateway.directory.read();
    let mut places = Vec::new();
    for (id, station) in rows {
        places.push(id.to_owned());
        places.extend(station.map(str::to_owned));
        let now = table.find(id).map(|entry| entry.station_id().to_string());
        places.extend(now);
    }
    places
}

fn check_owner(caller: &Caller, id: &str) -> Result<(), GatewayError> {
    if caller.owns(id) {
        Ok(())
    } else {
        Err(GatewayError::Foreign(Foreign::ChargePoint))
    }
}

fn find(gateway: &Gateway, id: &str) -> Option<Arc<ChargePoint>> {
    gateway.directory.read().find(id).map(Arc::clone)
}

fn author(caller: &Caller, received_at: Timestamp) -> Author<'_> {
    Author {
        username: &caller.user.username,
        received_at,
    }
}

/// Publishes a change and waits until the own table shows it, all within the time for an
/// acknowledgement.
///
/// # Errors
/// Unavailable when the log does not acknowledge, or the table does not follow in time.
async fn carry_out(gateway: &Gateway, change: &Change, trail: &Trail) -> Result<(), GatewayError> {
    let timeout = gateway.limits.ack_timeout;
    let done = tokio::time::timeout(timeout, publish_and_see(gateway, change, trail)).await;
    done.unwrap_or_else(|_elapsed| {
        let elapsed_ms = timeout.as_millis();
        tracing::warn!(elapsed_ms, "static write not visible in the directory");
        Err(GatewayError::Unavailable(1))
    })
}

async fn publish_and_see(
    gateway: &Gateway,
    change: &Change,
    trail: &Trail,
) -> Result<(), GatewayError> {
    publish(gateway, change.puts(), trail).await?;
    if !change.removals.is_empty() {
        publish(gateway, change.removals.clone(), trail).await?;
    }
    let timeout = gateway.limits.ack_timeout;
    let start = Instant::now();
    let directory = &gateway.directory;
    let is_seen = directory.wait_until(timeout, |table| change.is_visible(table));
    if !is_seen.await {
        return Err(GatewayError::Unavailable(1));
    }
    let elapsed = start.elapsed().as_secs_f64();
    gateway.metrics.directory_visible.observe(elapsed);
    Ok(())
}

/// One record as an answer.
fn shown(entry: &ChargePoint) -> Response {
    Json(answer::Statique(&entry.irve)).into_response()
}
