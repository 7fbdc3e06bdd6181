//! The only place that commits.
//!
//! One transaction holds what the tasks of a worker published since the last one, the state that
//! explains it, and the positions from which it would be done again. It begins with the first record
//! and ends when [`Limits`] say so, before partitions are given away, and before the process ends.
//! Whatever goes wrong, it is given up whole: the state in memory then runs ahead of the changelog
//! and has to be restored, so every error here ends the assignment.
//!
//! A commit is taken step by step, and the order of the steps is what keeps two owners of a partition
//! apart. Everything is in Kafka before the offsets are sent; the offsets are refused once the group
//! has given the partition to somebody else; so whatever commits lies before the next owner's fence.
//!
//! Without transactions (`at-least-once`) the steps are the same, with the positions as the one that
//! counts: they are written when everything else is in Kafka. What lies behind the last position of a
//! changelog has not happened, and the next owner takes it back ([`crate::restore`]).

use std::time::Duration;

use platform::kafka::batch_producer;
use platform::kafka::consumer::{self, TopicPartition, offset_list};
use platform::kafka::producer::Record;
use platform::wall_clock::{SystemClock, WallClock as _};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerGroupMetadata};
use rdkafka::error::KafkaResult;
use rdkafka::producer::{BaseProducer, Producer as _};
use tokio::time::Instant;

use crate::config::Guarantee;
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
    /// Time since the first cut in it: figures are waited for, and cuts are rare. Long enough for the
    /// other tasks of the worker to take theirs.
    pub(crate) after_cut: Duration,
    /// Records in it.
    pub(crate) records: usize,
    /// Bytes of keys and values in it.
    pub(crate) bytes: usize,
}

impl Limits {
    /// The limits with a given interval: 20,000 records, 8 MiB, 20 ms after a cut.
    pub(crate) const fn every(interval: Duration) -> Self {
        Self {
            interval,
            after_cut: Duration::from_millis(20),
            records: 20_000,
            bytes: 8 << 20,
        }
    }

    /// Those of a replay: a hundred times as much, since each commit writes the state of all that was
    /// touched. The records are with the brokers meanwhile; only their readers have to wait.
    pub(crate) const fn of_replay(interval: Duration) -> Self {
        Self {
            interval,
            after_cut: interval,
            records: 2_000_000,
            bytes: 800 << 20,
        }
    }
}

/// The end of a transaction, step by step. It is taken to the end or given up, never tried again.
#[derive(Debug)]
pub(crate) struct Ending {
    step: Step,
    /// Positions that may be written once everything else is in Kafka: without transactions, what a
    /// position stands for must be there before it.
    deferred: Vec<Record>,
    offsets: Vec<(Lane, i64)>,
}

/// The next step of an ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Drain,
    Positions,
    Offsets,
    Commit,
}

impl Ending {
    /// Ends a transaction that moves the inputs to `offsets`, if it moves any, with the records
    /// `deferred` until everything else is in Kafka.
    pub(crate) const fn new(offsets: Vec<(Lane, i64)>, deferred: Vec<Record>) -> Self {
        Self {
            step: Step::Drain,
            deferred,
            offsets,
        }
    }

    /// Takes the next step. Returns whether the transaction is committed.
    ///
    /// # Errors
    /// The transaction did not happen, or nobody knows.
    pub(crate) fn step<O: Output>(
        &mut self,
        output: &mut O,
        group: Option<&O::Group>,
    ) -> Result<bool, OutputError> {
        match self.step {
            Step::Drain => {
                output.drain()?;
                self.step = if self.deferred.is_empty() {
                    Step::Offsets
                } else {
                    Step::Positions
                };
            }
            Step::Positions => {
                for record in self.deferred.drain(..) {
                    output.send(&record)?;
                }
                self.step = Step::Drain;
            }
            Step::Offsets => {
                if !self.offsets.is_empty() {
                    let group = group.ok_or_else(|| OutputError::Broken {
                        action: "commit offsets",
                        source: "the worker is no member of its group".into(),
                    })?;
                    output.offsets(&self.offsets, group)?;
                }
                self.step = Step::Commit;
            }
            Step::Commit => {
                output.commit()?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The transaction of a worker.
#[derive(Debug)]
pub(crate) struct Transaction {
    limits: Limits,
    is_open: bool,
    since: Option<Instant>,
    cut_since: Option<Instant>,
    ending: Option<(Ending, Instant)>,
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
            cut_since: None,
            ending: None,
            records: 0,
            bytes: 0,
            tally: Tally::default(),
        }
    }

    /// Has something to commit, although nothing was added yet.
    pub(crate) fn expect(&mut self) {
        self.since.get_or_insert_with(Instant::now);
    }

    /// Adds what a task did.
    pub(crate) fn add<O: Output>(
        &mut self,
        effects: &mut Effects,
        output: &mut O,
    ) -> Result<(), OutputError> {
        self.expect();
        if std::mem::take(&mut effects.has_cut) {
            self.cut_since.get_or_insert_with(Instant::now);
        }
        self.tally.add(&std::mem::take(&mut effects.tally));
        for record in effects.records.drain(..) {
            self.send(&record, output)?;
        }
        Ok(())
    }

    fn send<O: Output>(&mut self, record: &Record, output: &mut O) -> Result<(), OutputError> {
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
        let is_past = |since: Option<Instant>, limit| since.is_some_and(|it| it.elapsed() >= limit);
        is_past(self.since, self.limits.interval)
            || is_past(self.cut_since, self.limits.after_cut)
            || self.records >= self.limits.records
            || self.bytes >= self.limits.bytes
    }

    /// Whether nothing was done since the last commit.
    pub(crate) const fn is_empty(&self) -> bool {
        self.since.is_none() && !self.is_open
    }

    /// Whether a commit has begun and is not over.
    pub(crate) const fn is_ending(&self) -> bool {
        self.ending.is_some()
    }

    /// Begins the commit: adds state and positions of the tasks that moved.
    ///
    /// # Errors
    /// The transaction did not happen: the tasks have to be restored.
    pub(crate) fn end<'a, O: Output>(
        &mut self,
        tasks: impl Iterator<Item = &'a mut Task>,
        output: &mut O,
        rules: &Rules,
    ) -> Result<(), OutputError> {
        let start = Instant::now();
        let mut offsets = Vec::new();
        let mut deferred = Vec::new();
        for task in tasks.filter(|task| task.has_moved()) {
            let mut records = task.drain_state(rules);
            if rules.guarantee == Guarantee::AtLeastOnce {
                deferred.extend(records.pop());
            }
            for record in records {
                self.send(&record, output)?;
            }
            offsets.extend(next_offsets(task));
        }
        for record in &deferred {
            self.tally.written(&record.topic);
        }
        if !deferred.is_empty() && !self.is_open {
            output.begin()?;
            self.is_open = true;
        }
        if self.is_open {
            self.ending = Some((Ending::new(offsets, deferred), start));
        } else {
            *self = Self::new(self.limits);
        }
        Ok(())
    }

    /// Takes the next step of a commit that has begun. Returns whether it is over.
    ///
    /// # Errors
    /// The transaction did not happen, or nobody knows: the tasks have to be restored.
    pub(crate) fn step<O: Output>(
        &mut self,
        output: &mut O,
        group: Option<&O::Group>,
        metrics: &Metrics,
    ) -> Result<bool, OutputError> {
        let Some((ending, start)) = &mut self.ending else {
            return Ok(true);
        };
        if !ending.step(output, group)? {
            return Ok(false);
        }
        let elapsed = start.elapsed();
        metrics.committed(&self.tally, SystemClock.now_ms());
        metrics.commit_duration.observe(elapsed.as_secs_f64());
        tracing::debug!(
            records = self.records,
            size_bytes = self.bytes,
            elapsed_ms = elapsed.as_millis(),
            "committed"
        );
        *self = Self::new(self.limits);
        Ok(true)
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

/// Commits next offsets without a transaction, and waits for the answer: a member that the group does
/// not know any more is refused.
#[expect(clippy::disallowed_methods, reason = "this is the file that commits")]
pub(crate) fn plainly(
    member: &BaseConsumer<consumer::Context>,
    offsets: &[(TopicPartition, i64)],
) -> KafkaResult<()> {
    member.commit(&offset_list(offsets)?, CommitMode::Sync)
}

/// Ends the client's transaction. Everything must have been delivered before.
#[expect(clippy::disallowed_methods, reason = "this is the file that commits")]
pub(crate) fn transaction(
    client: &BaseProducer<batch_producer::Context>,
    timeout: Duration,
) -> KafkaResult<()> {
    client.commit_transaction(timeout)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Broker, MemoryOutput};

    #[tokio::test(start_paused = true)]
    async fn figures_of_a_cut_wait_shorter_than_what_waits_for_one() {
        let mut output = MemoryOutput::new(&Broker::default());
        let interval = Duration::from_millis(200);
        for (has_cut, limits, due_after_ms) in [
            (false, Limits::every(interval), 200),
            (true, Limits::every(interval), 20),
            (true, Limits::of_replay(interval), 200),
        ] {
            let mut transaction = Transaction::new(limits);
            let mut effects = Effects {
                has_cut,
                ..Effects::default()
            };
            transaction.add(&mut effects, &mut output).unwrap();
            transaction.add(&mut effects, &mut output).unwrap();
            tokio::time::advance(Duration::from_millis(due_after_ms - 1)).await;
            assert!(!transaction.is_due(), "{has_cut} {due_after_ms}");
            tokio::time::advance(Duration::from_millis(1)).await;
            assert!(transaction.is_due(), "{has_cut} {due_after_ms}");
        }
    }
}
