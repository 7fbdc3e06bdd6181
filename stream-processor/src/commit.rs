//! The only place that commits.
//!
//! One transaction holds what the tasks of a worker published since the last one, the state that
//! explains it, and the positions from which it would be done again. It begins with the first record
//! and ends when [`Limits`] say so, before partitions are given away, and before the process ends.
//! Whatever goes wrong, it is given up whole: the state in memory then runs ahead of the changelog
//! and has to be restored, so every error here ends the assignment.

use std::time::Duration;

use platform::kafka::batch_producer;
use platform::kafka::consumer::{TopicPartition, offset_list};
use platform::wall_clock::{SystemClock, WallClock as _};
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{BaseProducer, Producer as _};
use tokio::time::Instant;

use crate::metrics::Metrics;
use crate::output::{Output, OutputError};
use crate::tally::Tally;
use crate::task::{Effects, Rules, Task};
use crate::topology::{Lane, Source};

/// When a transaction ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Time since the first change in it.
    pub(crate) interval: Duration,
    /// Records in it.
    pub(crate) records: usize,
    /// Bytes of keys and values in it.
    pub(crate) bytes: usize,
}

impl Limits {
    /// The limits with a given interval: 20,000 records, 8 MiB.
    pub(crate) const fn every(interval: Duration) -> Self {
        Self {
            interval,
            records: 20_000,
            bytes: 8 << 20,
        }
    }
}

/// The transaction of a worker.
#[derive(Debug)]
pub(crate) struct Transaction {
    limits: Limits,
    is_open: bool,
    since: Option<Instant>,
    records: usize,
    bytes: usize,
    tally: Tally,
}

impl Transaction {
    /// Creates a transaction without anything in it.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            is_open: false,
            since: None,
            records: 0,
            bytes: 0,
            tally: Tally::default(),
        }
    }

    /// Adds what a task did.
    pub(crate) fn add<O: Output>(
        &mut self,
        effects: &mut Effects,
        output: &mut O,
    ) -> Result<(), OutputError> {
        self.since.get_or_insert_with(Instant::now);
        self.tally.add(&std::mem::take(&mut effects.tally));
        for record in effects.records.drain(..) {
            self.send(&record, output)?;
        }
        Ok(())
    }

    fn send<O: Output>(
        &mut self,
        record: &platform::kafka::producer::Record,
        output: &mut O,
    ) -> Result<(), OutputError> {
        if !self.is_open {
            output.begin()?;
            self.is_open = true;
        }
        output.send(record)?;
        self.records += 1;
        self.bytes += record.key.as_ref().map_or(0, Vec::len);
        self.bytes += record.value.as_ref().map_or(0, Vec::len);
        self.tally.written(&record.topic);
        Ok(())
    }

    /// Whether it is time to commit.
    pub(crate) fn is_due(&self) -> bool {
        self.since.is_some_and(|since| {
            since.elapsed() >= self.limits.interval
                || self.records >= self.limits.records
                || self.bytes >= self.limits.bytes
        })
    }

    /// Adds state and positions of the tasks that moved, and commits.
    ///
    /// # Errors
    /// The transaction did not happen, or nobody knows: the tasks have to be restored.
    pub(crate) fn commit<'a, O: Output>(
        &mut self,
        tasks: impl Iterator<Item = &'a mut Task>,
        output: &mut O,
        (rules, metrics): (&Rules, &Metrics),
    ) -> Result<(), OutputError> {
        let start = Instant::now();
        let mut offsets = Vec::new();
        for task in tasks.filter(|task| task.has_moved()) {
            for record in task.drain_state(rules) {
                self.send(&record, output)?;
            }
            offsets.extend(next_offsets(task));
        }
        if self.is_open {
            output.commit(&offsets)?;
            metrics.committed(&self.tally, SystemClock.now_ms());
            metrics
                .commit_duration
                .observe(start.elapsed().as_secs_f64());
            tracing::debug!(
                records = self.records,
                size_bytes = self.bytes,
                elapsed_ms = start.elapsed().as_millis(),
                "committed"
            );
        }
        *self = Self::new(self.limits);
        Ok(())
    }

    /// Gives everything up that was not committed.
    ///
    /// # Errors
    /// When the producer has to be dropped.
    pub(crate) fn abort<O: Output>(
        &mut self,
        output: &mut O,
        metrics: &Metrics,
    ) -> Result<(), OutputError> {
        if std::mem::replace(self, Self::new(self.limits)).is_open {
            metrics.aborted();
            output.abort()?;
        }
        Ok(())
    }
}

/// The group's copy of the position: for lag, and so that a worker whose partitions belong to
/// somebody else is refused. What decides is the position record.
fn next_offsets(task: &Task) -> impl Iterator<Item = (Lane, i64)> {
    Source::INPUTS
        .map(|source| (task.lane(source), task.next_offset(source)))
        .into_iter()
}

/// Adds next offsets to the client's transaction, as a member of the group.
pub(crate) fn offsets(
    client: &BaseProducer<batch_producer::Context>,
    offsets: &[(TopicPartition, i64)],
    group: &ConsumerGroupMetadata,
    timeout: Duration,
) -> KafkaResult<()> {
    client.send_offsets_to_transaction(&offset_list(offsets)?, group, timeout)
}

/// Ends the client's transaction. Everything must have been delivered before.
#[expect(clippy::disallowed_methods, reason = "this is the file that commits")]
pub(crate) fn transaction(
    client: &BaseProducer<batch_producer::Context>,
    timeout: Duration,
) -> KafkaResult<()> {
    client.commit_transaction(timeout)
}
