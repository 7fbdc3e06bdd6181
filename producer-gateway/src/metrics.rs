//! The gateway's figures: typed handles, registered once.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use platform::metrics::{
    BYTES, COUNTS, SECONDS, counter, counter_vec, histogram, histogram_vec, int_gauge,
    int_gauge_vec, registry,
};
use prometheus::{
    Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Registry,
};

use crate::auth::AuthFailure;
use crate::submission::Entry;

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
    pub kafka_ack_duration: Histogram,
    pub kafka_queue_records: IntGauge,
    pub kafka_produce_errors: IntCounterVec,
    pub ticks: IntCounterVec,
    pub dead_letters: IntCounterVec,
    pub directory_charge_points: IntGaugeVec,
    pub directory_load_duration: IntGauge,
    pub directory_visible: Histogram,
    pub auth_failures: IntCounterVec,
    pub load_shed: IntCounterVec,
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
                &["kind", "outcome"],
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
                &["outcome"],
            )?,
            directory_charge_points: int_gauge_vec(
                &r,
                "qualicharge_gateway_directory_charge_points",
                "Charge points in the directory.",
                &["state"],
            )?,
            directory_load_duration: int_gauge(
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
                "Requests of nobody we let in.",
                &["reason"],
            )?,
            load_shed: counter_vec(
                &r,
                "qualicharge_gateway_load_shed_total",
                "Requests turned away to protect the process.",
                &["reason"],
            )?,
            ticks_skipped: counter(
                &r,
                "qualicharge_gateway_ticks_skipped_total",
                "Rounds of ticks left out because the simulated clock is not set.",
            )?,
            registry: r,
        })
    }

    /// Counts a request that was turned away.
    pub fn shed(&self, reason: &str) {
        self.load_shed.with_label_values(&[reason]).inc();
    }

    /// Counts a request of nobody we let in.
    pub fn auth_failed(&self, failure: AuthFailure) {
        self.auth_failures
            .with_label_values(&[failure.reason()])
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

    /// Counts what became of the items of a request.
    pub fn judged(
        &self,
        kind: &str,
        (accepted, refused): (usize, usize),
        errors: &[Entry],
        warnings: &[Entry],
    ) {
        let add = |outcome: &str, items: usize| {
            let counter = self.items.with_label_values(&[kind, outcome]);
            counter.inc_by(u64::try_from(items).unwrap_or(u64::MAX));
        };
        add("accepted", accepted);
        add("refused", refused);
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
}
