//! QualiCharge's routes over HTTP: the router and what its handlers share.
//!
//! Each handler keeps the contract's order of checks: readiness and load, token, scope, size, body,
//! items, units, existence, publication. [`admission`] does the first, [`body`] the next;
//! [`crate::submission`] judges the items; [`envelope`] goes around everything.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::http::request::Parts;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, any, get, post};
use domain::Span;
use platform::admin::Readiness;
use tokio::sync::Semaphore;

use self::access_log::AccessLog;
use self::client::TrustedProxies;
use self::locks::StationLocks;
use self::rate::Limiter;
use self::serve::IsTls;
use self::tally::Tally;

use crate::auth::Auth;
use crate::clock::ReceptionClock;
use crate::dead_letter;
use crate::directory::Directory;
use crate::error::GatewayError;
use crate::metrics::Metrics;
use crate::publisher::Publisher;

pub mod access_log;
pub mod admin;
pub mod admission;
pub mod auth;
pub mod body;
pub mod budget;
pub mod client;
pub mod connection;
pub mod cors;
pub mod docs;
pub mod dynamique;
pub mod envelope;
pub mod fallback;
pub mod form;
pub mod handling;
pub mod locks;
pub mod manage;
pub mod operation;
pub mod packing;
pub mod publication;
pub mod rate;
pub mod serve;
pub mod statique;
pub mod tally;
pub mod tls;
pub mod trail;

/// What every path of the API begins with.
pub const BASE: &str = "/api/v1";
/// Where tokens are had for name and password.
const LOGIN: &str = "/auth/token";

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
    /// Bytes of bodies that are held at a time, sent and decompressed.
    pub max_in_flight_bytes: usize,
    /// Records on their way to the log at a time.
    pub max_queued_records: usize,
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
    /// Room for bodies.
    pub bodies: budget::Budget,
    /// Rate limits.
    pub limiter: Limiter,
    /// One write of a station's data at a time: revisions are read, then written.
    pub static_writes: StationLocks,
    /// How many refused items are kept per account.
    pub dead_letters: dead_letter::Budget,
    /// What absolute URLs begin with; without it the request's host.
    pub public_url: Option<String>,
    /// Who may speak for others.
    pub proxies: TrustedProxies,
    /// Sites whose pages may read answers.
    pub cors_origins: Vec<cors::Origin>,
    /// The log of requests.
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

    /// Turns a request away to protect the process, and counts why.
    pub fn shed(&self, reason: &str) -> GatewayError {
        self.metrics.shed(reason);
        GatewayError::Unavailable(1)
    }

    /// Takes the accepted items of each unit from what it may send.
    ///
    /// # Errors
    /// When a unit has sent too much.
    pub fn take_items(&self, kind: &'static str, tally: &Tally) -> Result<(), GatewayError> {
        let wanted = tally.units().map(|(unit, count)| (unit, count.accepted));
        self.limiter
            .take_items(kind, wanted.filter(|(_, items)| *items > 0))
            .map_err(|exceeded| {
                self.metrics.limited("unit");
                GatewayError::TooMany(exceeded.retry_after_seconds)
            })
    }

    /// What an absolute URL of ours begins with, as the client of a request sees us.
    pub fn origin(&self, parts: &Parts) -> String {
        if let Some(url) = &self.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let is_tls = parts.extensions.get::<IsTls>().is_some_and(|tls| tls.0);
        client::of(parts).origin(&parts.headers, &parts.uri, is_tls)
    }
}

/// All routes, each with the methods that its path has on either service.
#[expect(clippy::too_many_lines, reason = "a list: one entry each")]
pub fn router(gateway: Arc<Gateway>) -> Router {
    let routes = [
        (LOGIN, post(auth::create_token), "POST"),
        ("/auth/whoami", get(auth::show_caller), "GET, HEAD"),
        ("/openapi.json", get(docs::document), "GET, HEAD"),
        ("/docs", get(docs::page), "GET, HEAD"),
        ("/docs/{file}", get(docs::asset), "GET, HEAD"),
        (
            "/dynamique/status/",
            post(dynamique::create_status),
            "GET, HEAD, POST",
        ),
        (
            "/dynamique/status/bulk",
            post(dynamique::create_statuses),
            "GET, HEAD, POST",
        ),
        (
            "/dynamique/session/",
            post(dynamique::create_session),
            "POST",
        ),
        (
            "/dynamique/session/bulk",
            post(dynamique::create_sessions),
            "POST",
        ),
        ("/dynamique/validate", post(dynamique::validate), "POST"),
        (
            "/manage/station/siren/{siren}",
            get(manage::stations),
            "GET, HEAD",
        ),
        (
            "/statique/",
            get(statique::list).post(statique::create),
            "GET, HEAD, POST",
        ),
        (
            "/statique/bulk",
            get(statique::show_bulk)
                .post(statique::create_many)
                .put(statique::update_bulk)
                .delete(statique::decommission_bulk),
            "DELETE, GET, HEAD, POST, PUT",
        ),
        (
            "/statique/{id}",
            get(statique::show)
                .put(statique::update)
                .delete(statique::decommission),
            "DELETE, GET, HEAD, PUT",
        ),
        ("/statique/{id}/up", post(statique::recommission), "POST"),
    ];
    // Paths of indicator-api, which answers their GET: what else comes to them ends here.
    let elsewhere = [
        "/dynamique/status/{id}",
        "/dynamique/status/{id}/history",
        "/dynamique/session/check",
    ];
    // With an identity provider tokens come from there.
    let has_logins = gateway.auth.provider().is_none();
    let mut all = Router::new();
    for path in elsewhere {
        let none = only(MethodRouter::new(), "GET, HEAD");
        all = all.route(&format!("{BASE}{path}"), none);
    }
    for (path, methods, allowed) in routes {
        if path == LOGIN && !has_logins {
            continue;
        }
        all = all.route(&format!("{BASE}{path}"), only(methods, allowed));
    }
    all = all.fallback(fallback::absent);
    if let Some(cors) = cors::layer(&gateway.cors_origins) {
        all = all.layer(cors);
    }
    all.layer(from_fn_with_state(Arc::clone(&gateway), envelope::wrap))
        .with_state(gateway)
}

/// Answers other methods with those that the path has, on either service.
fn only(methods: MethodRouter<Arc<Gateway>>, allowed: &'static str) -> MethodRouter<Arc<Gateway>> {
    let refusal = move || std::future::ready(GatewayError::MethodNotAllowed(allowed));
    methods.fallback_service(any(refusal).with_state(()))
}
