//! Whether a request may begin: readiness, load, token, scope, rate. Its body is not looked at.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use tokio::sync::OwnedSemaphorePermit;

use super::body::discard::discard;
use super::operation::Operation;
use super::trail::Trail;
use super::{Gateway, auth};
use crate::auth::Caller;
use crate::error::{Failure, GatewayError};

/// A request that may begin; holds its place until dropped.
#[derive(Debug)]
pub struct Admission {
    /// Who sends it.
    pub caller: Caller,
    /// Where is written down what becomes of it.
    pub trail: Trail,
    _place: OwnedSemaphorePermit,
}

/// Admits a request for `operation`.
///
/// # Errors
/// Unavailable, not authenticated, not permitted, or too often; the body is not read then, or
/// [thrown away](discard) when it is small.
pub async fn admit(
    gateway: &Gateway,
    (parts, body): (&Parts, &mut Body),
    operation: Operation,
) -> Result<Admission, Failure> {
    match check(gateway, parts, operation).await {
        Ok(admission) => Ok(admission),
        Err(error) if discard(&parts.headers, body).await => Err(error.into()),
        Err(error) => Err(Failure::from(error).unread()),
    }
}

async fn check(
    gateway: &Gateway,
    parts: &Parts,
    operation: Operation,
) -> Result<Admission, GatewayError> {
    if !gateway.is_open.load(Ordering::Relaxed) {
        return Err(gateway.shed("not_ready"));
    }
    let Ok(place) = Arc::clone(&gateway.requests).try_acquire_owned() else {
        return Err(gateway.shed("in_flight"));
    };
    let caller = authenticate(gateway, &parts.headers).await?;
    let trail = Trail::of(&parts.extensions);
    trail.note(|note| note.account.clone_from(&caller.user.username));
    if !caller.may(operation.scope()) {
        return Err(GatewayError::MissingScope);
    }
    let granted = gateway
        .limiter
        .take_request(&caller.user.username, operation);
    let standing = granted.map_err(|exceeded| {
        trail.note(|note| note.standing = exceeded.standing);
        gateway.metrics.limited("account");
        GatewayError::TooMany(exceeded.retry_after_seconds)
    })?;
    trail.note(|note| note.standing = standing);
    Ok(Admission {
        caller,
        trail,
        _place: place,
    })
}

/// Who sends a request.
///
/// # Errors
/// Not authenticated.
pub async fn authenticate(gateway: &Gateway, headers: &HeaderMap) -> Result<Caller, GatewayError> {
    let caller = gateway.auth.caller(headers).await;
    caller.map_err(|error| auth::refuse(gateway, error))
}
