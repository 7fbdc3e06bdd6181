//! The admin port: `/metrics`, `/live` and `/ready`, apart from what the service serves.
//!
//! - `/ready` (`/readyz`): 200 when nothing is being waited for, otherwise 503 and the list of
//!   what is; also 503 from the moment shutdown is asked for.
//! - `/live` (`/healthz`): 503 when a [`Heartbeat`] is older than it may be. Liveness is progress,
//!   not a pulse.
//! - `/metrics`: the Prometheus text format.
//!
//! A service adds routes of its own with [`Admin::with_routes`].

use std::net::SocketAddr;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use prometheus::{Registry, TextEncoder};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use liveness::{Heartbeat, Liveness};
pub use readiness::Readiness;

mod liveness;
mod readiness;

/// The admin port cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address is taken or not ours.
    #[error("admin address {address} cannot be bound: choose another with --admin-listen")]
    Bind {
        /// The address as configured.
        address: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Accepting connections failed for good.
    #[error("admin port stopped serving")]
    Serve(#[source] std::io::Error),
}

/// What the admin port shows.
#[derive(Clone, Debug)]
pub struct Admin {
    registry: Registry,
    readiness: Readiness,
    liveness: Liveness,
    routes: Router,
}

impl Admin {
    /// Creates an admin port over `registry` and `readiness`, alive as long as it answers.
    pub fn new(registry: Registry, readiness: Readiness) -> Self {
        Self {
            registry,
            readiness,
            liveness: Liveness::default(),
            routes: Router::new(),
        }
    }

    /// Answers `/live` from `liveness`.
    #[must_use]
    pub fn with_liveness(mut self, liveness: Liveness) -> Self {
        self.liveness = liveness;
        self
    }

    /// Serves `routes` as well.
    #[must_use]
    pub fn with_routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Returns the router, for a test or a service that serves it itself.
    pub fn router(self) -> Router {
        let Self {
            registry,
            readiness,
            liveness,
            routes,
        } = self;
        let ready = get(show_ready).with_state(readiness);
        let live = get(show_live).with_state(liveness);
        Router::new()
            .route("/metrics", get(show_metrics).with_state(registry))
            .route("/ready", ready.clone())
            .route("/readyz", ready)
            .route("/live", live.clone())
            .route("/healthz", live)
            .merge(routes)
    }

    /// Serves on `listener` until `until` is cancelled. Pass the token that is cancelled last
    /// (`Tasks::drained`), so that `/ready` and `/metrics` answer while the service drains.
    ///
    /// # Errors
    /// When accepting fails for good.
    pub async fn serve(
        self,
        listener: TcpListener,
        until: CancellationToken,
    ) -> Result<(), AdminError> {
        axum::serve(listener, self.router())
            .with_graceful_shutdown(until.cancelled_owned())
            .await
            .map_err(AdminError::Serve)
    }
}

/// Binds `address`; port 0 lets the system choose, which the listener then tells.
///
/// # Errors
/// When the address is taken or not ours.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, AdminError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| AdminError::Bind { address, source })
}

/// Binds `address` and serves `/metrics`, `/ready` and `/live` until `until` is cancelled.
///
/// # Errors
/// When the address cannot be bound or accepting fails for good.
pub async fn serve(
    address: SocketAddr,
    registry: Registry,
    readiness: Readiness,
    until: CancellationToken,
) -> Result<(), AdminError> {
    let listener = bind(address).await?;
    tracing::info!(%address, "admin port open");
    Admin::new(registry, readiness).serve(listener, until).await
}

async fn show_ready(State(readiness): State<Readiness>) -> Response {
    let waiting_for = readiness.waiting_for();
    let ready = waiting_for.is_empty();
    let body = json!({ "ready": ready, "waiting_for": waiting_for });
    (status(ready), Json(body)).into_response()
}

async fn show_live(State(liveness): State<Liveness>) -> Response {
    let stuck = liveness.stuck();
    let live = stuck.is_empty();
    (status(live), Json(json!({ "live": live, "stuck": stuck }))).into_response()
}

async fn show_metrics(State(registry): State<Registry>) -> Response {
    match TextEncoder::new().encode_to_string(&registry.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be encoded");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn status(good: bool) -> StatusCode {
    if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    async fn get_text(address: SocketAddr, path: &str) -> (u16, String) {
        let answer = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .build()
            .unwrap()
            .get(format!("http://{address}{path}"))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    #[tokio::test]
    async fn the_port_answers_ready_live_metrics_and_added_routes() {
        let (shutdown, drained) = (CancellationToken::new(), CancellationToken::new());
        let registry = crate::metrics::registry("test", "1.2.3").unwrap();
        let readiness = Readiness::new(shutdown.clone());
        readiness.waiting("directory");
        let liveness = Liveness::default();
        let heartbeat = liveness.heartbeat("worker", Duration::from_mins(1));
        heartbeat.beat();
        let listener = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let admin = Admin::new(registry, readiness.clone())
            .with_liveness(liveness)
            .with_routes(Router::new().route("/extra", get(|| async { "more" })));
        let server = tokio::spawn(admin.serve(listener, drained.clone()));

        let waiting = r#"{"ready":false,"waiting_for":["directory"]}"#;
        assert_eq!(get_text(address, "/ready").await, (503, waiting.to_owned()));
        readiness.done("directory");
        let ready = r#"{"ready":true,"waiting_for":[]}"#;
        assert_eq!(get_text(address, "/readyz").await, (200, ready.to_owned()));
        let live = r#"{"live":true,"stuck":[]}"#;
        assert_eq!(get_text(address, "/healthz").await, (200, live.to_owned()));
        assert_eq!(get_text(address, "/extra").await.1, "more");
        let (status, metrics) = get_text(address, "/metrics").await;
        assert_eq!(status, 200);
        assert!(metrics.contains("version=\"1.2.3\"} 1"), "{metrics}");

        shutdown.cancel();
        assert_eq!(get_text(address, "/ready").await.0, 503);
        drained.cancel();
        server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_taken_address_is_named_with_the_flag_that_changes_it() {
        let listener = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let error = bind(listener.local_addr().unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("--admin-listen"), "{error}");
    }
}
