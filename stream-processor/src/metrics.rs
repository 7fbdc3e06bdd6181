//! The processor's metrics.
//!
//! Records are counted when the transaction that used them is committed, not when they are read:
//! what is done again after a failure is counted once, and in = used + refused always holds.

use platform::metrics::{
    Result, SECONDS, counter_vec, gauge, gauge_vec, histogram, histogram_vec, int_gauge_vec,
};
use prometheus::{Gauge, GaugeVec, Histogram, HistogramVec, IntCounterVec, IntGaugeVec, Registry};

use crate::disposition::{self, WorkerError};
use crate::membership::Change;
use crate::state::book::StateSize;
use crate::tally::{Fate, Tally};
use crate::task::Waiting;
use crate::topology::{Lane, Source};

/// The handles. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    records_in: IntCounterVec,
    records_used: IntCounterVec,
    records_refused: IntCounterVec,
    records_out: IntCounterVec,
    pauses: IntCounterVec,
    event_age: HistogramVec,
    windows: IntCounterVec,
    transactions: IntCounterVec,
    rebalances: IntCounterVec,
    failures: IntCounterVec,
    /// Time from the end of intake to the end of a commit, seconds.
    pub(crate) commit_duration: Histogram,
    /// Time to restore the tasks of one assignment, seconds.
    pub(crate) restore_duration: Histogram,
    gauges: Gauges,
}

/// What is shown of the present.
#[derive(Clone, Debug)]
struct Gauges {
    clock: GaugeVec,
    lag: IntGaugeVec,
    lag_written: IntGaugeVec,
    state_keys: IntGaugeVec,
    state_bytes: IntGaugeVec,
    clock_step: GaugeVec,
    waiting: IntGaugeVec,
    last_commit: Gauge,
}

impl Gauges {
    fn new(registry: &Registry) -> Result<Self> {
        Ok(Self {
            clock: gauge_vec(
                registry,
                "qualicharge_processor_clock_timestamp_seconds",
                "Clock of a task: everything before it has been seen.",
                &["partition"],
            )?,
            lag: int_gauge_vec(
                registry,
                "qualicharge_processor_lag_records",
                "Records between the position of a task and the last stable offset of an input.",
                &["topic", "partition"],
            )?,
            lag_written: int_gauge_vec(
                registry,
                "qualicharge_processor_lag_written_records",
                "Records between the position of a task and the last one written to an input, \
                 committed or not.",
                &["topic", "partition"],
            )?,
            state_keys: int_gauge_vec(
                registry,
                "qualicharge_processor_state_keys",
                "Keys of a task's state in the changelog.",
                &["partition"],
            )?,
            state_bytes: int_gauge_vec(
                registry,
                "qualicharge_processor_state_bytes",
                "Keys and values of a task's state in the changelog, bytes.",
                &["partition"],
            )?,
            clock_step: gauge_vec(
                registry,
                "qualicharge_processor_clock_step_seconds",
                "Largest step of a task's clock within ten seconds: how far ticks are apart.",
                &["partition"],
            )?,
            waiting: int_gauge_vec(
                registry,
                "qualicharge_processor_waiting_inputs",
                "Inputs of a task whose next record waits, by reason.",
                &["partition", "reason"],
            )?,
            last_commit: gauge(
                registry,
                "qualicharge_processor_last_commit_timestamp_seconds",
                "Time of the last committed transaction.",
            )?,
        })
    }
}

/// Age of events, duration of commits, duration of restores.
fn durations(registry: &Registry) -> Result<(HistogramVec, Histogram, Histogram)> {
    let duration = |name, help| histogram(registry, name, help, SECONDS);
    let event_age = histogram_vec(
        registry,
        "qualicharge_processor_event_age_seconds",
        "From the reception of the earliest record of a transaction to its commit, by topic.",
        SECONDS,
        &["topic"],
    )?;
    let commit_duration = duration(
        "qualicharge_processor_commit_duration_seconds",
        "Time that a commit takes: state, delivery of all records, offsets, end.",
    )?;
    let restore_duration = duration(
        "qualicharge_processor_restore_duration_seconds",
        "Time from the assignment of partitions until their state is restored.",
    )?;
    Ok((event_age, commit_duration, restore_duration))
}

impl Metrics {
    /// Registers the metrics.
    ///
    /// # Errors
    /// When a name is taken.
    pub fn new(registry: &Registry) -> Result<Self> {
        let counter = |name, help, labels: &[&str]| counter_vec(registry, name, help, labels);
        let (event_age, commit_duration, restore_duration) = durations(registry)?;
        Ok(Self {
            event_age,
            commit_duration,
            restore_duration,
            records_in: counter(
                "qualicharge_processor_records_in_total",
                "Records read whose transaction was committed, by topic.",
                &["topic"],
            )?,
            records_used: counter(
                "qualicharge_processor_records_used_total",
                "Records used, by topic and outcome.",
                &["topic", "outcome"],
            )?,
            records_refused: counter(
                "qualicharge_processor_records_refused_total",
                "Records set aside to late-event or dead-letter, by topic and reason.",
                &["topic", "reason"],
            )?,
            records_out: counter(
                "qualicharge_processor_records_out_total",
                "Records written, by topic.",
                &["topic"],
            )?,
            pauses: counter(
                "qualicharge_processor_pauses_total",
                "How often an input of a task began to wait, by reason.",
                &["reason"],
            )?,
            windows: counter(
                "qualicharge_processor_windows_total",
                "Hours published, by entity and phase.",
                &["entity", "phase"],
            )?,
            transactions: counter(
                "qualicharge_processor_transactions_total",
                "Transactions, by outcome.",
                &["outcome"],
            )?,
            rebalances: counter(
                "qualicharge_processor_rebalances_total",
                "Changes of the partitions of a worker, by kind.",
                &["kind"],
            )?,
            failures: counter(
                "qualicharge_processor_worker_failures_total",
                "Failures after which a worker drops its state and restores it, by kind.",
                &["kind"],
            )?,
            gauges: Gauges::new(registry)?,
        })
    }

    /// Adds what a committed transaction did.
    pub(crate) fn committed(&self, tally: &Tally, now_ms: i64) {
        for ((source, fate), count) in &tally.fates {
            let labels = [source.topic(), fate.outcome()];
            let by_fate = match fate {
                Fate::Refused(_) => &self.records_refused,
                _ => &self.records_used,
            };
            by_fate.with_label_values(&labels).inc_by(*count);
            self.records_in
                .with_label_values(&[source.topic()])
                .inc_by(*count);
        }
        for ((entity, phase), count) in &tally.windows {
            self.windows
                .with_label_values(&[*entity, *phase])
                .inc_by(*count);
        }
        for (topic, count) in &tally.written {
            self.records_out.with_label_values(&[topic]).inc_by(*count);
        }
        for (reason, count) in &tally.pauses {
            self.pauses.with_label_values(&[reason]).inc_by(*count);
        }
        for (source, at_ms) in &tally.received {
            let age = self.event_age.with_label_values(&[source.topic()]);
            age.observe(seconds(now_ms.saturating_sub(*at_ms).max(0)));
        }
        self.transactions.with_label_values(&["committed"]).inc();
        self.gauges.last_commit.set(seconds(now_ms));
    }

    /// Counts a transaction that did not happen.
    pub(crate) fn aborted(&self) {
        self.transactions.with_label_values(&["aborted"]).inc();
    }

    /// Counts a change of the partitions of a worker.
    pub(crate) fn rebalanced(&self, change: Change) {
        let kind = match change {
            Change::Assigned => "assigned",
            Change::Revoked => "revoked",
            Change::Lost => "lost",
        };
        self.rebalances.with_label_values(&[kind]).inc();
    }

    /// Counts a failure after which a worker begins anew or ends.
    pub(crate) fn failed(&self, error: &WorkerError) {
        let kind = match error {
            error if disposition::is_fenced(error) => "fenced",
            WorkerError::Input(_) => "input",
            WorkerError::Output(_) => "output",
            WorkerError::Restore(_) => "restore",
            WorkerError::Membership(_) | WorkerError::Join(_) => "membership",
        };
        self.failures.with_label_values(&[kind]).inc();
        if matches!(error, WorkerError::Output(_)) {
            self.transactions.with_label_values(&["failed"]).inc();
        }
    }

    /// Shows how many inputs of a task wait for something.
    pub(crate) fn waiting(&self, partition: i32, reason: Waiting, inputs: usize) {
        let labels = [&*partition.to_string(), reason.word()];
        let inputs = i64::try_from(inputs).unwrap_or(i64::MAX);
        self.gauges.waiting.with_label_values(&labels).set(inputs);
    }

    /// Shows the largest step of the clock of a task, ms.
    pub(crate) fn clock_step(&self, partition: i32, step_ms: i64) {
        let partition = partition.to_string();
        let gauge = self.gauges.clock_step.with_label_values(&[&partition]);
        gauge.set(seconds(step_ms));
    }

    /// Shows the clock of a task.
    pub(crate) fn clock(&self, partition: i32, clock: domain::Timestamp) {
        self.gauges
            .clock
            .with_label_values(&[&partition.to_string()])
            .set(seconds(clock.as_ms()));
    }

    /// Shows how far an input of a task is behind what can be read.
    pub(crate) fn lag(&self, lane: Lane, records: i64) {
        let partition = lane.partition.to_string();
        let labels = [lane.source.topic(), &partition];
        self.gauges.lag.with_label_values(&labels).set(records);
    }

    /// Shows how far an input of a task is behind what is written.
    pub(crate) fn lag_written(&self, lane: Lane, records: i64) {
        let partition = lane.partition.to_string();
        let labels = [lane.source.topic(), &partition];
        let gauge = self.gauges.lag_written.with_label_values(&labels);
        gauge.set(records);
    }

    /// Shows the size of a task's state.
    pub(crate) fn state(&self, partition: i32, size: StateSize) {
        let partition = partition.to_string();
        let show = |gauge: &IntGaugeVec, number: usize| {
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            gauge.with_label_values(&[&partition]).set(number);
        };
        show(&self.gauges.state_keys, size.keys);
        show(&self.gauges.state_bytes, size.bytes);
    }

    /// Removes what is shown of a task that is not ours any more.
    pub(crate) fn forget(&self, partition: i32) {
        let partition = partition.to_string();
        // A value that was never set cannot be removed, which is as good.
        self.gauges.clock.remove_label_values(&[&partition]).ok();
        let gauges = [&self.gauges.state_keys, &self.gauges.state_bytes];
        for gauge in gauges {
            gauge.remove_label_values(&[&partition]).ok();
        }
        for reason in Waiting::ALL {
            let labels = [&*partition, reason.word()];
            self.gauges.waiting.remove_label_values(&labels).ok();
        }
        let clock_step = &self.gauges.clock_step;
        clock_step.remove_label_values(&[&partition]).ok();
        for source in Source::INPUTS {
            let labels = [source.topic(), &partition];
            self.gauges.lag.remove_label_values(&labels).ok();
            self.gauges.lag_written.remove_label_values(&labels).ok();
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "instants of our age fit 53 bits"
)]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}
