//! What goes around every request: its id, a net for panics, figures, and a line in the log.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use domain::RequestId;
use tokio::time::Instant;
use uuid::Uuid;

use super::Gateway;
use crate::config::AccessLog;
use crate::error::GatewayError;

/// The header that names a request.
const REQUEST_ID: &str = "x-request-id";

/// What a handler tells about a request, for the log.
#[derive(Debug, Clone, Default)]
pub struct Note {
    /// The account.
    pub account: String,
    /// Items accepted.
    pub accepted: usize,
    /// Items refused.
    pub refused: usize,
}

/// Handles one request.
pub async fn wrap(
    State(gateway): State<Arc<Gateway>>,
    mut request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let id = RequestId(Uuid::now_v7());
    request.extensions_mut().insert(id);
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| "other".to_owned());
    gateway.metrics.requests_in_flight.inc();
    // On a task of its own: a panic ends the task, not the process, and a client that hangs up
    // does not leave a write half done.
    let handled = tokio::spawn(next.run(request)).await;
    gateway.metrics.requests_in_flight.dec();
    let mut response = handled.unwrap_or_else(|error| {
        tracing::error!(%error, route, "handler panicked");
        GatewayError::Internal.into_response()
    });
    if let Ok(value) = HeaderValue::from_str(&id.0.to_string()) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    gateway
        .metrics
        .requested(&route, &method, response.status(), start.elapsed());
    if is_logged(gateway.access_log, &method, &route, response.status()) {
        log((&method, &route, id), &response, start);
    }
    response
}

fn is_logged(access_log: AccessLog, method: &Method, route: &str, status: StatusCode) -> bool {
    match access_log {
        AccessLog::Off => false,
        AccessLog::All => true,
        AccessLog::Errors => {
            let is_write = *method != Method::GET && *method != Method::HEAD;
            let is_watched =
                route.contains("/auth/token") || (is_write && route.contains("/statique"));
            status.is_client_error() || status.is_server_error() || is_watched
        }
    }
}

fn log((method, route, id): (&Method, &str, RequestId), response: &Response, start: Instant) {
    let note = response
        .extensions()
        .get::<Note>()
        .cloned()
        .unwrap_or_default();
    let elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(
        request_id = %id.0,
        account = note.account,
        %method,
        route,
        status = response.status().as_u16(),
        accepted = note.accepted,
        refused = note.refused,
        elapsed_ms,
        "request"
    );
}
