//! The gateway's figures: typed handles, registered once.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use domain::Span;
use platform::admin::Readiness;
use platform::metrics::{
    BYTES, COUNTS, SECONDS, counter, counter_vec, gauge, gauge_vec, histogram, histogram_vec,
    int_gauge, int_gauge_vec, registry,
};
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Registry,
};

use crate::auth::AuthError;
use crate::http::tally::Tally;
use crate::submission::Entry;

mod ready;

use ready::ReadyCollector;

/// Upper bounds for the age of events, seconds: 1 s to 60 days.
const AGES: &[f64] = &[
    1.0,
    10.0,
    60.0,
    300.0,
    900.0,
    3_600.0,
    14_400.0,
    86_400.0,
    604_800.0,
    1_296_000.0,
    5_184_000.0,
];

/// All figures. The help text of each says what it counts.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "each field is its metric, whose help text is below"
)]
pub struct Metrics {
    pub registry: Registry,
    pub http_requests: IntCounterVec,
    pub http_request_duration: HistogramVec,
    pub requests_in_flight: IntGauge,
    pub items: IntCounterVec,
    pub items_rejected: IntCounterVec,
    pub items_flagged: IntCounterVec,
    pub batch_items: HistogramVec,
    pub body_bytes: HistogramVec,
    pub decoded_bytes: HistogramVec,
    pub event_age: HistogramVec,
    pub last_event: GaugeVec,
    pub kafka_ack_duration: Histogram,
    pub kafka_queue_records: IntGauge,
    pub kafka_produce_errors: IntCounterVec,
    pub ticks: IntCounterVec,
    pub dead_letters: IntCounterVec,
    pub directory_charge_points: IntGaugeVec,
    pub directory_lag_records: IntGauge,
    pub directory_load_duration: Gauge,
    pub directory_visible: Histogram,
    pub auth_failures: IntCounterVec,
    pub users_reload: IntCounterVec,
    pub oidc_refreshes: IntCounterVec,
    pub load_shed: IntCounterVec,
    pub rate_limited: IntCounterVec,
    pub clock_ahead: Gauge,
    pub ticks_skipped: IntCounter,
}

impl Metrics {
    /// Registers all figures.
    ///
    /// # Errors
    /// When a name is taken.
    #[expect(clippy::too_many_lines, reason = "a list: one entry per figure")]
    pub fn new(version: &str) -> Result<Self, prometheus::Error> {
        let r = registry("gateway", version)?;
        Ok(Self {
            http_requests: counter_vec(
                &r,
                "qualicharge_gateway_http_requests_total",
                "Requests answered.",
                &["route", "method", "code"],
            )?,
            http_request_duration: histogram_vec(
                &r,
                "qualicharge_gateway_http_request_duration_seconds",
                "Time from the head of a request to its answer, seconds.",
                SECONDS,
                &["route"],
            )?,
            requests_in_flight: int_gauge(
                &r,
                "qualicharge_gateway_http_requests_in_flight",
                "Requests being handled.",
            )?,
            items: counter_vec(
                &r,
                "qualicharge_gateway_items_total",
                "Items by what became of them.",
                &["kind", "unit", "outcome"],
            )?,
            items_rejected: counter_vec(
                &r,
                "qualicharge_gateway_items_rejected_total",
                "Reasons for which items were refused.",
                &["kind", "code"],
            )?,
            items_flagged: counter_vec(
                &r,
                "qualicharge_gateway_items_flagged_total",
                "Reasons for which accepted items were flagged.",
                &["kind", "code"],
            )?,
            batch_items: histogram_vec(
                &r,
                "qualicharge_gateway_batch_items",
                "Items of a request.",
                COUNTS,
                &["kind"],
            )?,
            body_bytes: histogram_vec(
                &r,
                "qualicharge_gateway_body_bytes",
                "Bodies as sent, bytes.",
                BYTES,
                &["kind"],
            )?,
            decoded_bytes: histogram_vec(
                &r,
                "qualicharge_gateway_decoded_bytes",
                "Bodies without compression, bytes.",
                BYTES,
                &["kind"],
            )?,
            event_age: histogram_vec(
                &r,
                "qualicharge_gateway_event_age_seconds",
                "Reception minus event time of accepted events, seconds.",
                AGES,
                &["kind"],
            )?,
            last_event: gauge_vec(
                &r,
                "qualicharge_gateway_operator_last_event_timestamp_seconds",
                "Newest event of a unit that was accepted, seconds since the epoch.",
                &["unit", "kind"],
            )?,
            kafka_ack_duration: histogram(
                &r,
                "qualicharge_gateway_kafka_ack_duration_seconds",
                "Time until all records of a request were acknowledged, seconds.",
                SECONDS,
            )?,
            kafka_queue_records: int_gauge(
                &r,
                "qualicharge_gateway_kafka_queue_records",
                "Records on their way to Kafka.",
            )?,
            kafka_produce_errors: counter_vec(
                &r,
                "qualicharge_gateway_kafka_produce_errors_total",
                "Publications that were not acknowledged.",
                &["reason"],
            )?,
            ticks: counter_vec(
                &r,
                "qualicharge_gateway_ticks_total",
                "Rounds of ticks, one record per partition.",
                &["outcome"],
            )?,
            dead_letters: counter_vec(
                &r,
                "qualicharge_gateway_dead_letters_total",
                "Refused items by whether they were kept.",
                &["reason", "outcome"],
            )?,
            directory_charge_points: int_gauge_vec(
                &r,
                "qualicharge_gateway_directory_charge_points",
                "Charge points in the directory.",
                &["state"],
            )?,
            directory_lag_records: int_gauge(
                &r,
                "qualicharge_gateway_directory_lag_records",
                "Records of topic charge-point that the directory has not applied yet.",
            )?,
            directory_load_duration: gauge(
                &r,
                "qualicharge_gateway_directory_load_duration_seconds",
                "Time the directory took to load at start, seconds.",
            )?,
            directory_visible: histogram(
                &r,
                "qualicharge_gateway_directory_visible_seconds",
                "Time from a static write to its own visibility, seconds.",
                SECONDS,
            )?,
            auth_failures: counter_vec(
                &r,
                "qualicharge_gateway_auth_failures_total",
                "Requests and logins that went no further than that.",
                &["reason"],
            )?,
            users_reload: counter_vec(
                &r,
                "qualicharge_gateway_users_reload_total",
                "Readings of the users file after the first.",
                &["outcome"],
            )?,
            oidc_refreshes: counter_vec(
                &r,
                "qualicharge_gateway_oidc_refreshes_total",
                "Questions to the identity provider for its keys.",
                &["outcome"],
            )?,
            load_shed: counter_vec(
                &r,
                "qualicharge_gateway_load_shed_total",
                "Requests turned away to protect the process.",
                &["reason"],
            )?,
            rate_limited: counter_vec(
                &r,
                "qualicharge_gateway_rate_limited_total",
                "Requests and logins answered 429.",
                &["level"],
            )?,
            clock_ahead: gauge(
                &r,
                "qualicharge_gateway_clock_ahead_seconds",
                "Newest record in the event topics minus the own clock, seconds.",
            )?,
            ticks_skipped: counter(
                &r,
                "qualicharge_gateway_ticks_skipped_total",
                "Rounds of ticks left out because the simulated clock is not set.",
            )?,
            registry: r,
        })
    }

    /// Shows which of `dependencies` are there, as `readiness` knows them, and the users file, which
    /// is there as long as the process is.
    ///
    /// # Errors
    /// When they are shown already.
    pub fn show_readiness(
        &self,
        readiness: Readiness,
        dependencies: Vec<&'static str>,
    ) -> Result<(), prometheus::Error> {
        let dependencies = std::iter::once("users").chain(dependencies).collect();
        let collector = ReadyCollector::new(readiness, dependencies)?;
        self.registry.register(Box::new(collector))
    }

    /// Shows how far the topics are ahead of the own clock; negative when they are behind.
    pub fn clock_is_ahead(&self, ahead: Span) {
        self.clock_ahead.set(seconds(ahead.as_ms()));
    }

    /// Counts a request that was turned away.
    pub fn shed(&self, reason: &str) {
        self.load_shed.with_label_values(&[reason]).inc();
    }

    /// Counts a request or login that goes no further than that.
    pub fn auth_failed(&self, error: AuthError) {
        self.auth_failures
            .with_label_values(&[error.reason()])
            .inc();
    }

    /// Counts an answer.
    pub fn requested(&self, route: &str, method: &Method, status: StatusCode, elapsed: Duration) {
        let method = match method.as_str() {
            known @ ("GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS" | "PATCH") => known,
            _ => "other",
        };
        self.http_requests
            .with_label_values(&[route, method, status.as_str()])
            .inc();
        self.http_request_duration
            .with_label_values(&[route])
            .observe(elapsed.as_secs_f64());
    }

    /// Counts a request or a login that comes too often: `account`, `unit` or `login`.
    pub fn limited(&self, level: &str) {
        self.rate_limited.with_label_values(&[level]).inc();
    }

    /// Counts a body as it was sent.
    pub fn received(&self, kind: &str, bytes: usize) {
        self.body_bytes
            .with_label_values(&[kind])
            .observe(float(bytes));
    }

    /// Counts a body without its compression.
    pub fn decoded(&self, kind: &str, bytes: usize) {
        self.decoded_bytes
            .with_label_values(&[kind])
            .observe(float(bytes));
    }

    /// Counts the items of a request.
    pub fn batched(&self, kind: &str, items: usize) {
        self.batch_items
            .with_label_values(&[kind])
            .observe(float(items));
    }

    /// Counts how old accepted events were.
    pub fn aged(&self, kind: &str, ages_seconds: &[f64]) {
        let ages = self.event_age.with_label_values(&[kind]);
        for age in ages_seconds {
            ages.observe(*age);
        }
    }

    /// Counts items that were examined only.
    pub fn examined(&self, kind: &str, items: usize) {
        if items > 0 {
            self.count(kind, "other", "dry_run", items);
        }
    }

    /// Counts what became of the items of a request, with what was said about them.
    pub fn judged(&self, kind: &str, tally: &Tally, (errors, warnings): (&[Entry], &[Entry])) {
        for (unit, count) in tally.units() {
            self.count(kind, unit, "accepted", count.accepted);
            self.count(kind, unit, "refused", count.refused);
            if let Some(at) = count.last_event {
                let shown = self.last_event.with_label_values(&[unit, kind]);
                let seconds = seconds(at.as_ms());
                if seconds > shown.get() {
                    shown.set(seconds);
                }
            }
        }
        for entry in errors {
            self.items_rejected
                .with_label_values(&[kind, entry.code.name()])
                .inc();
        }
        for entry in warnings {
            self.items_flagged
                .with_label_values(&[kind, entry.code.name()])
                .inc();
        }
    }

    fn count(&self, kind: &str, unit: &str, outcome: &str, items: usize) {
        if items > 0 {
            let counter = self.items.with_label_values(&[kind, unit, outcome]);
            counter.inc_by(u64::try_from(items).unwrap_or(u64::MAX));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a figure of at most 2^53")]
fn float(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of at most 2^53")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1e3
}
