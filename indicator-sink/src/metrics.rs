//! What the sink counts. Records in = rows + ticks + tombstones + dead letters.

use std::time::Duration;

use platform::metrics::{self, COUNTS, SECONDS, counter_vec, histogram_vec, int_gauge_vec};
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Registry,
};

use crate::batch::Range;
use crate::disposition::{Disposition, Reason};
use crate::flight::Stored;
use crate::topic::{Null, Topic};

/// What is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitKind {
    /// What is about to be written.
    Intent,
    /// That it is written.
    Final,
}

impl CommitKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Final => "final",
        }
    }
}

/// The metrics; clones share them.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "the help text of each metric says what it counts"
)]
pub struct Metrics {
    pub records: IntCounterVec,
    pub rows: IntCounterVec,
    pub inserts: IntCounterVec,
    pub insert_duration: HistogramVec,
    pub batch_rows: HistogramVec,
    pub batch_bytes: HistogramVec,
    pub retries: IntCounterVec,
    pub intent_replays: IntCounterVec,
    pub splits: IntCounterVec,
    pub dead_letters: IntCounterVec,
    pub window_to_row: Histogram,
    pub record_to_row: HistogramVec,
    pub oldest_unflushed: GaugeVec,
    pub lag: IntGaugeVec,
    pub paused_partitions: IntGaugeVec,
    pub inflight_inserts: IntGauge,
    pub buffered_bytes: IntGauge,
    pub commit_duration: HistogramVec,
    pub rebalances: IntCounterVec,
    pub consumers_lost: IntCounterVec,
    pub partition_parts: IntGaugeVec,
    pub rollup_age: GaugeVec,
    pub rollup_failures: IntCounterVec,
    pub rollup_mismatches: IntGauge,
    pub last_progress: Gauge,
}

impl Metrics {
    /// Registers every metric in `registry`.
    ///
    /// # Errors
    /// When a name is taken.
    #[expect(clippy::too_many_lines, reason = "one statement per metric")]
    pub fn new(registry: &Registry) -> metrics::Result<Self> {
        let counter = |name: &str, help: &str, labels: &[&str]| {
            counter_vec(registry, &format!("qualicharge_sink_{name}"), help, labels)
        };
        let histogram = |name: &str, help: &str, buckets: &[f64], labels: &[&str]| {
            let name = format!("qualicharge_sink_{name}");
            histogram_vec(registry, &name, help, buckets, labels)
        };
        Ok(Self {
            records: counter(
                "records_total",
                "Records read and settled, by what became of them.",
                &["topic", "outcome"],
            )?,
            rows: counter("rows_total", "Rows written.", &["table"])?,
            inserts: counter(
                "inserts_total",
                "Inserts, by outcome.",
                &["table", "outcome"],
            )?,
            insert_duration: histogram(
                "insert_duration_seconds",
                "Duration of a successful insert, seconds.",
                SECONDS,
                &["table"],
            )?,
            batch_rows: histogram("batch_rows", "Rows of a range.", COUNTS, &["table"])?,
            batch_bytes: histogram(
                "batch_bytes",
                "Keys and values of a range, bytes.",
                metrics::BYTES,
                &["table"],
            )?,
            retries: counter(
                "retries_total",
                "Inserts that failed and are repeated, by reason.",
                &["table", "reason"],
            )?,
            intent_replays: counter(
                "intent_replays_total",
                "Ranges read again because an earlier attempt had intended them.",
                &["topic"],
            )?,
            splits: counter("splits_total", "Ranges written in parts.", &["table"])?,
            dead_letters: counter(
                "dead_letters_total",
                "Records set aside, by reason.",
                &["topic", "reason"],
            )?,
            window_to_row: metrics::histogram(
                registry,
                "qualicharge_sink_window_to_row_seconds",
                "From the processor's clock of the earliest figure of a range to its row, seconds.",
                SECONDS,
            )?,
            record_to_row: histogram(
                "record_to_row_seconds",
                "From the earliest record timestamp of a range to its rows, seconds.",
                SECONDS,
                &["table"],
            )?,
            oldest_unflushed: metrics::gauge_vec(
                registry,
                "qualicharge_sink_oldest_unflushed_timestamp_seconds",
                "Earliest record timestamp held and not written, seconds since the epoch; 0: none.",
                &["topic"],
            )?,
            lag: int_gauge_vec(
                registry,
                "qualicharge_sink_lag_records",
                "Offsets between the committed one and the end of the partition.",
                &["topic", "partition"],
            )?,
            paused_partitions: int_gauge_vec(
                registry,
                "qualicharge_sink_paused_partitions",
                "Partitions that are not fetched, by reason.",
                &["reason"],
            )?,
            inflight_inserts: metrics::int_gauge(
                registry,
                "qualicharge_sink_inflight_inserts",
                "Ranges on their way into ClickHouse.",
            )?,
            buffered_bytes: metrics::int_gauge(
                registry,
                "qualicharge_sink_buffered_bytes",
                "Records held and not stored, as they came and as they are decoded, about, bytes.",
            )?,
            commit_duration: histogram(
                "commit_duration_seconds",
                "Duration of a commit, seconds.",
                SECONDS,
                &["kind"],
            )?,
            rebalances: counter("rebalances_total", "Changes of the assignment.", &["kind"])?,
            consumers_lost: counter(
                "consumers_lost_total",
                "Consumers that were of no use any more and are replaced, by reason.",
                &["reason"],
            )?,
            partition_parts: int_gauge_vec(
                registry,
                "qualicharge_sink_partition_parts_max",
                "Active parts of the partition of a table that has most of them.",
                &["table"],
            )?,
            rollup_age: metrics::gauge_vec(
                registry,
                "qualicharge_sink_rollup_age_seconds",
                "Since a refreshable view was last refreshed, seconds.",
                &["view"],
            )?,
            rollup_failures: counter(
                "rollup_failures_total",
                "Refreshes of a view that failed, as far as they are seen: one in 30 s at the most.",
                &["view"],
            )?,
            rollup_mismatches: metrics::int_gauge(
                registry,
                "qualicharge_sink_rollup_mismatches",
                "Hours whose roll-up is not the sum of its base.",
            )?,
            last_progress: metrics::gauge(
                registry,
                "qualicharge_sink_last_progress_timestamp_seconds",
                "When offsets were last committed, seconds since the epoch.",
            )?,
        })
    }

    /// Counts an insert that the server acknowledged.
    pub fn insert_succeeded(&self, table: &str, duration: Duration) {
        self.inserts.with_label_values(&[table, "success"]).inc();
        let seconds = duration.as_secs_f64();
        self.insert_duration
            .with_label_values(&[table])
            .observe(seconds);
    }

    /// Counts an insert that failed.
    pub fn insert_failed(&self, table: &str, disposition: Disposition) {
        self.inserts.with_label_values(&[table, "failure"]).inc();
        self.retries
            .with_label_values(&[table, disposition.word()])
            .inc();
    }

    /// Shows how far a partition is behind.
    pub fn lags(&self, topic: Topic, partition: i32, records: i64) {
        self.lag
            .with_label_values(&[topic.name(), &partition.to_string()])
            .set(records);
    }

    /// Shows a partition no more: it went.
    pub fn lag_gone(&self, topic: Topic, partition: i32) {
        let labels = [topic.name(), &partition.to_string()];
        // One that was never shown is gone as well.
        drop(self.lag.remove_label_values(&labels));
    }

    /// Counts a range that is read again.
    pub fn intent_replayed(&self, topic: Topic) {
        self.intent_replays.with_label_values(&[topic.name()]).inc();
    }

    /// Counts a commit.
    pub fn committed(&self, kind: CommitKind, duration: Duration) {
        let seconds = duration.as_secs_f64();
        self.commit_duration
            .with_label_values(&[kind.word()])
            .observe(seconds);
    }

    /// Counts a change of the assignment.
    pub fn rebalance(&self, kind: &str) {
        self.rebalances.with_label_values(&[kind]).inc();
    }

    /// Counts a consumer that is of no use any more.
    pub fn consumer_lost(&self, reason: &str) {
        self.consumers_lost.with_label_values(&[reason]).inc();
    }

    /// Counts a record that was set aside.
    pub fn dead_letter(&self, topic: Topic, reason: Reason) {
        self.dead_letters
            .with_label_values(&[topic.name(), reason.word()])
            .inc();
    }

    /// Counts a range that is settled; `now_ms` is the time of day.
    pub fn settled(&self, range: &Range, stored: Stored, now_ms: i64) {
        let (topic, table) = (range.topic.name(), range.topic.table());
        let null = match range.topic.null() {
            Null::Tick => "tick",
            Null::Tombstone => "tombstone",
        };
        let outcomes = [
            ("row", stored.rows),
            (null, range.nulls),
            ("dead_letter", stored.dead_letters),
            ("dropped", stored.dropped),
        ];
        for (outcome, count) in outcomes {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            self.records
                .with_label_values(&[topic, outcome])
                .inc_by(count);
        }
        if range.is_rowless() {
            return;
        }
        let rows = u64::try_from(stored.rows).unwrap_or(u64::MAX);
        self.rows.with_label_values(&[table]).inc_by(rows);
        self.batch_rows
            .with_label_values(&[table])
            .observe(size(stored.rows));
        self.batch_bytes
            .with_label_values(&[table])
            .observe(size(range.size_bytes()));
        self.splits
            .with_label_values(&[table])
            .inc_by(u64::from(stored.is_split));
        if let Some((first, _)) = range.timestamps_ms {
            let seconds = seconds_between(first, now_ms);
            self.record_to_row
                .with_label_values(&[table])
                .observe(seconds);
        }
        if let Some(computed_at) = range.computed_at {
            let seconds = seconds_between(computed_at.as_ms(), now_ms);
            self.window_to_row.observe(seconds);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn size(value: usize) -> f64 {
    value as f64
}

/// Seconds since the epoch of an instant in ms.
#[expect(
    clippy::cast_precision_loss,
    reason = "ms since the epoch are far below 2^52"
)]
pub fn in_seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}

fn seconds_between(from_ms: i64, to_ms: i64) -> f64 {
    in_seconds(to_ms.saturating_sub(from_ms).max(0))
}
