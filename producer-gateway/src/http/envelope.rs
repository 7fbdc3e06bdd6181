//! What goes around every request: its id, who sends it, a net for panics, compression, figures,
//! and a line in the log.

use std::sync::Arc;

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use domain::RequestId;
use tokio::time::Instant;
use uuid::Uuid;

use super::access_log::Line;
use super::client::{Client, Peer};
use super::rate::Standing;
use super::trail::{Note, Trail};
use super::{Gateway, packing};
use crate::error::GatewayError;

/// The header that names a request: ours in answers, the client's own in requests.
const REQUEST_ID: &str = "x-request-id";

/// What is kept of a request while it is handled.
struct Head {
    id: String,
    method: Method,
    route: String,
    headers: HeaderMap,
    client: Client,
    start: Instant,
}

/// Handles one request.
pub async fn wrap(
    State(gateway): State<Arc<Gateway>>,
    mut request: Request,
    next: Next,
) -> Response {
    let start = Instant::now();
    let id = RequestId(Uuid::now_v7());
    let extensions = request.extensions();
    let route = extensions
        .get::<MatchedPath>()
        .map_or("other", MatchedPath::as_str)
        .to_owned();
    let peer = extensions.get::<Peer>().copied();
    let client = gateway.proxies.client(peer, request.headers());
    let head = Head {
        id: id.0.to_string(),
        method: request.method().clone(),
        route,
        headers: logged(request.headers()),
        client: client.clone(),
        start,
    };
    let takes_gzip = packing::is_accepted(request.headers());
    let trail = Trail::default();
    request.extensions_mut().insert(id);
    request.extensions_mut().insert(client);
    request.extensions_mut().insert(trail.clone());
    gateway.metrics.requests_in_flight.inc();
    // On a task of its own: a panic ends the task, not the process, and a client that hangs up
    // does not leave a write half done.
    let handled = tokio::spawn(next.run(request)).await;
    gateway.metrics.requests_in_flight.dec();
    let response = handled.unwrap_or_else(|error| {
        let route = &head.route;
        tracing::error!(%error, route, "handler panicked");
        GatewayError::Internal.into_response()
    });
    let mut response = packing::pack(response, takes_gzip).await;
    let note = trail.read();
    mark(response.headers_mut(), &head.id, note.standing);
    finish(&gateway, &head, &response, &note);
    response
}

/// The headers that the log may show.
fn logged(headers: &HeaderMap) -> HeaderMap {
    let names = [REQUEST_ID, "idempotency-key", "user-agent"];
    let present = names.into_iter().filter_map(|name| {
        let value = headers.get(name)?.clone();
        Some((HeaderName::from_static(name), value))
    });
    present.collect()
}

fn mark(headers: &mut HeaderMap, id: &str, standing: Option<Standing>) {
    let mut set = |name: &'static str, text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    };
    set(REQUEST_ID, id.to_owned());
    if let Some(standing) = standing {
        let Standing {
            name,
            rate,
            left,
            next_seconds,
        } = standing;
        let policy = format!("\"{name}\";q={};w={}", rate.rate, rate.per);
        set("ratelimit-policy", policy);
        set("ratelimit", format!("\"{name}\";r={left};t={next_seconds}"));
    }
}

fn finish(gateway: &Gateway, head: &Head, response: &Response, note: &Note) {
    let (route, status) = (head.route.as_str(), response.status());
    let elapsed = head.start.elapsed();
    gateway
        .metrics
        .requested(route, &head.method, status, elapsed);
    if !gateway.access_log.watches(&head.method, route, status) {
        return;
    }
    let shown = |name: &str| head.headers.get(name)?.to_str().ok();
    let line = Line {
        request_id: &head.id,
        client_request_id: shown(REQUEST_ID),
        idempotency_key: shown("idempotency-key"),
        address: head.client.address,
        user_agent: shown("user-agent"),
        method: &head.method,
        route,
        status,
        bytes_out: response.body().size_hint().exact().unwrap_or_default(),
        elapsed,
    };
    gateway.access_log.write(&line, note);
}
