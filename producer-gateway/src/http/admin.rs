//! What the admin port serves besides figures and readiness: the simulated clock.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Gateway;

/// `GET /clock` and `PUT /clock` with `{"now_ms": N}`; 404 unless the clock is simulated.
pub fn routes(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/clock", get(show).put(set))
        .with_state(gateway)
}

async fn show(State(gateway): State<Arc<Gateway>>) -> Response {
    let now = gateway.clock.now();
    match gateway.clock.manual() {
        Some(_) => Json(json!({ "now_ms": now.as_ms() })).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn set(State(gateway): State<Arc<Gateway>>, Json(body): Json<Value>) -> Response {
    let Some(clock) = gateway.clock.manual() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let now_ms = body
        .get("now_ms")
        .and_then(Value::as_i64)
        .filter(|ms| *ms >= 0);
    let Some(now_ms) = now_ms else {
        let message = json!({ "message": "expected {\"now_ms\": milliseconds since the epoch}" });
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(message)).into_response();
    };
    let before = gateway.clock.now().as_ms();
    clock.set_ms(now_ms);
    let status = if now_ms < before {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    (
        status,
        Json(json!({ "now_ms": gateway.clock.now().as_ms() })),
    )
        .into_response()
}
