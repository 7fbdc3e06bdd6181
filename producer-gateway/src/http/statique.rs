//! Static records: read, create, update, decommission.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use domain::{ChargePoint, Timestamp};
use tokio::time::Instant;

use super::Gateway;
use super::admission::admit;
use super::dynamique::publish;
use super::envelope::Note;
use crate::auth::{Caller, Scope};
use crate::directory::change::{Author, Change, decommission as decommissioned};
use crate::error::{Absent, Failure, Foreign, GatewayError};

pub mod answer;
mod read;
mod write;

pub use read::{list, show};
pub use write::{create, create_many, update};

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
    let admission = admit(gateway, request.headers(), Scope::StaticDelete)?;
    check_owner(&admission.caller, id)?;
    let writing = gateway.static_writes.lock().await;
    let received_at = gateway.clock.now();
    let entry = find(gateway, id).ok_or(GatewayError::Absent(Absent::Target))?;
    let author = author(&admission.caller, received_at);
    let until = (life == Life::Ended).then_some(received_at);
    if let Some(change) = decommissioned(&entry, until, author) {
        carry_out(gateway, &change).await?;
    }
    drop(writing);
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.extensions_mut().insert(note(&admission.caller, 1));
    Ok(response)
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

fn note(caller: &Caller, accepted: usize) -> Note {
    Note {
        account: caller.user.username.clone(),
        accepted,
        refused: 0,
    }
}

/// Publishes a change and waits until the own table shows it, all within the time for an
/// acknowledgement.
///
/// # Errors
/// Unavailable when the log does not acknowledge, or the table does not follow in time.
async fn carry_out(gateway: &Gateway, change: &Change) -> Result<(), GatewayError> {
    let timeout = gateway.limits.ack_timeout;
    let done = tokio::time::timeout(timeout, publish_and_see(gateway, change, timeout)).await;
    done.unwrap_or_else(|_elapsed| {
        let elapsed_ms = timeout.as_millis();
        tracing::warn!(elapsed_ms, "static write not visible in the directory");
        Err(GatewayError::Unavailable(1))
    })
}

async fn publish_and_see(
    gateway: &Gateway,
    change: &Change,
    timeout: Duration,
) -> Result<(), GatewayError> {
    publish(gateway, change.puts()).await?;
    if !change.removals.is_empty() {
        publish(gateway, change.removals.clone()).await?;
    }
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
