//! Whether a request may begin: readiness, load, token, scope. Nothing of its body is read.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::http::{HeaderMap, HeaderValue, header};
use tokio::sync::OwnedSemaphorePermit;

use super::Gateway;
use crate::auth::{Caller, Scope};
use crate::error::{Failure, GatewayError};

/// A request that may begin; holds its place until dropped.
#[derive(Debug)]
pub struct Admission {
    /// Who sends it.
    pub caller: Caller,
    _place: OwnedSemaphorePermit,
}

/// Admits a request that needs `scope`.
///
/// # Errors
/// Unavailable, not authenticated, or not permitted; the body is unread then.
pub fn admit(gateway: &Gateway, headers: &HeaderMap, scope: Scope) -> Result<Admission, Failure> {
    check(gateway, headers, scope).map_err(|error| {
        let failure = Failure::from(error);
        if has_body(headers) {
            failure.unread()
        } else {
            failure
        }
    })
}

fn has_body(headers: &HeaderMap) -> bool {
    let is_empty = |length: &HeaderValue| length.as_bytes() == b"0";
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers
            .get(header::CONTENT_LENGTH)
            .is_some_and(|length| !is_empty(length))
}

fn check(gateway: &Gateway, headers: &HeaderMap, scope: Scope) -> Result<Admission, GatewayError> {
    if !gateway.is_open.load(Ordering::Relaxed) {
        gateway.metrics.shed("not_ready");
        return Err(GatewayError::Unavailable(1));
    }
    let Ok(place) = Arc::clone(&gateway.requests).try_acquire_owned() else {
        gateway.metrics.shed("in_flight");
        return Err(GatewayError::Unavailable(1));
    };
    let caller = authenticate(gateway, headers)?;
    if !caller.may(scope) {
        return Err(GatewayError::MissingScope);
    }
    Ok(Admission {
        caller,
        _place: place,
    })
}

/// Who sends a request.
///
/// # Errors
/// Not authenticated.
pub fn authenticate(gateway: &Gateway, headers: &HeaderMap) -> Result<Caller, GatewayError> {
    gateway.auth.caller(headers).map_err(|failure| {
        gateway.metrics.auth_failed(failure);
        GatewayError::Unauthenticated(failure)
    })
}
