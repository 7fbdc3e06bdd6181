//! QualiCharge's routes over HTTP: the router and what its handlers share.
//!
//! Each handler keeps the contract's order of checks: readiness and load, token, scope, size, body,
//! items, units, existence, publication. [`admission`] does the first, [`body`] the next;
//! [`crate::submission`] judges the items; [`envelope`] goes around everything.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, any, get, post};
use domain::Span;
use platform::admin::Readiness;
use tokio::sync::Semaphore;

use crate::auth::Auth;
use crate::clock::ReceptionClock;
use crate::config::AccessLog;
use crate::dead_letter::Budget;
use crate::directory::Directory;
use crate::error::GatewayError;
use crate::metrics::Metrics;
use crate::publisher::Publisher;

pub mod admin;
pub mod admission;
pub mod auth;
pub mod body;
pub mod dynamique;
pub mod envelope;
pub mod fallback;
pub mod form;
pub mod statique;

/// Bounds on requests.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a body as sent.
    pub max_body_bytes: usize,
    /// Bytes of a body once decompressed.
    pub max_decoded_bytes: usize,
    /// Decompressed bytes per byte sent, judged after 1 MiB.
    pub max_compression_ratio: usize,
    /// How long a body may take.
    pub body_timeout: Duration,
    /// Items of a list of statuses.
    pub status_bulk_max: usize,
    /// Items of a list of sessions.
    pub session_bulk_max: usize,
    /// Items of a list of static records.
    pub statique_bulk_max: usize,
    /// Items of a page unless the caller says otherwise.
    pub statique_page_size: usize,
    /// Items of a page at most.
    pub statique_page_max: usize,
    /// How far ahead an event may be.
    pub clock_skew: Span,
    /// How old a status may be.
    pub max_status_age: Span,
    /// How old the start of a session may be.
    pub max_session_age: Span,
    /// How long a write waits for the log, and then for the own directory.
    pub ack_timeout: Duration,
}

/// What all handlers share.
#[derive(Debug)]
pub struct Gateway {
    /// Who is let in.
    pub auth: Auth,
    /// Who exists.
    pub directory: Directory,
    /// The log; empty until its schemas are known.
    pub publisher: OnceLock<Arc<dyn Publisher>>,
    /// When something counts as received.
    pub clock: ReceptionClock,
    /// Bounds.
    pub limits: Limits,
    /// What `/ready` tells.
    pub readiness: Readiness,
    /// Whether requests are taken: from the first readiness on, also while a shutdown is announced.
    pub is_open: AtomicBool,
    /// Figures.
    pub metrics: Metrics,
    /// Requests at a time.
    pub requests: Arc<Semaphore>,
    /// One write of static data at a time: revisions are read, then written.
    pub static_writes: tokio::sync::Mutex<()>,
    /// How many refused items are kept per account.
    pub dead_letters: Budget,
    /// What absolute URLs begin with; without it the request's host.
    pub public_url: Option<String>,
    /// Which requests are logged.
    pub access_log: AccessLog,
}

impl Gateway {
    /// The log, once it can be written.
    ///
    /// # Errors
    /// Unavailable before.
    pub fn publisher(&self) -> Result<&Arc<dyn Publisher>, GatewayError> {
        self.publisher.get().ok_or(GatewayError::Unavailable(1))
    }
}

/// All routes.
pub fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/api/v1/auth/token", only(post(auth::create_token), "POST"))
        .route(
            "/api/v1/auth/whoami",
            only(get(auth::show_caller), "GET, HEAD"),
        )
        .route(
            "/api/v1/dynamique/status/",
            only(post(dynamique::create_status), "GET, HEAD, POST"),
        )
        .route(
            "/api/v1/dynamique/status/bulk",
            only(post(dynamique::create_statuses), "POST"),
        )
        .route(
            "/api/v1/dynamique/session/",
            only(post(dynamique::create_session), "POST"),
        )
        .route(
            "/api/v1/dynamique/session/bulk",
            only(post(dynamique::create_sessions), "POST"),
        )
        .route(
            "/api/v1/statique/",
            only(
                get(statique::list).post(statique::create),
                "GET, HEAD, POST",
            ),
        )
        .route(
            "/api/v1/statique/bulk",
            only(post(statique::create_many), "DELETE, GET, HEAD, POST, PUT"),
        )
        .route(
            "/api/v1/statique/{id}",
            only(
                get(statique::show)
                    .put(statique::update)
                    .delete(statique::decommission),
                "DELETE, GET, HEAD, PUT",
            ),
        )
        .route(
            "/api/v1/statique/{id}/up",
            only(post(statique::recommission), "POST"),
        )
        .fallback(fallback::absent)
        .layer(from_fn_with_state(Arc::clone(&gateway), envelope::wrap))
        .with_state(gateway)
}

/// Answers other methods with those that the path has, on either service.
fn only(methods: MethodRouter<Arc<Gateway>>, allowed: &'static str) -> MethodRouter<Arc<Gateway>> {
    let refusal = move || std::future::ready(GatewayError::MethodNotAllowed(allowed));
    methods.fallback_service(any(refusal).with_state(()))
}
