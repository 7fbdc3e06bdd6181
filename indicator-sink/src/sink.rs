//! Poll → decode → batch → write → commit: the thread that owns the consumer.
//!
//! It never waits for ClickHouse or the registry: ranges, audits and schemas are tasks that report
//! back. One range of a partition is on its way at a time, and the partition goes on collecting
//! meanwhile. What it decides is in [`crate::batch`] and [`crate::disposition`].

mod lane;
mod lanes;
mod report;

use std::time::Duration;

use anyhow::Context as _;
use platform::admin::Heartbeat;
use platform::avro::RegistryClient;
use platform::kafka::consumer::{Consumer, Event, Offset, TopicPartition, is_fatal};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::batch::Limits;
use crate::commit::{Committed, commit};
use crate::dead_letters::DeadLetters;
use crate::delivery::Delivery;
use crate::metrics::Metrics;
use crate::topic::Topic;
use crate::writer::RowWriter;
use lanes::{Key, Lanes};

/// How long a poll waits when nothing comes: the most that a report waits for.
const POLL: Duration = Duration::from_millis(10);

/// Records taken between two looks at the reports.
const POLL_RECORDS: usize = 2_000;

/// How long a request to the group's coordinator may take.
const COORDINATOR_TIMEOUT: Duration = Duration::from_secs(10);

/// How long partitions that go to another member are waited for.
const REVOKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long to wait before a commit that failed is tried again.
const COMMIT_RETRY: Duration = Duration::from_secs(1);

/// What the sink has to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The consumer group.
    pub group: String,
    /// The name of this instance.
    pub instance: String,
    /// When a range is closed.
    pub limits: Limits,
    /// Inserts at the same time.
    pub max_inflight: usize,
    /// Keys and values held at the most, bytes.
    pub max_buffered_bytes: usize,
    /// How long the end may take.
    pub drain_timeout: Duration,
}

/// What the sink works with.
#[derive(Debug)]
pub struct Tools<W, D> {
    /// Writes ranges.
    pub delivery: Delivery<W, D>,
    /// Knows schemas.
    pub registry: RegistryClient,
    /// Counts.
    pub metrics: Metrics,
    /// Shows that the thread moves.
    pub heartbeat: Heartbeat,
    /// Runs the tasks.
    pub runtime: Handle,
}

/// The sink: one consumer and the partitions that are its own.
#[derive(Debug)]
pub struct Sink<W, D> {
    consumer: Consumer,
    lanes: Lanes<W, D>,
    commit_after: Option<Instant>,
}

impl<W: RowWriter, D: DeadLetters> Sink<W, D> {
    /// A sink over `consumer`, which has not joined its group yet.
    pub fn new(consumer: Consumer, settings: Settings, tools: Tools<W, D>) -> Self {
        Self {
            consumer,
            lanes: Lanes::new(settings, tools),
            commit_after: None,
        }
    }

    /// Works until `shutdown` is cancelled, then writes and commits what it holds.
    ///
    /// # Errors
    /// When the consumer is of no use any more, or records are gone from the log.
    pub fn run(mut self, shutdown: &CancellationToken) -> anyhow::Result<()> {
        let topics = Topic::ALL.map(Topic::name);
        self.consumer
            .subscribe(&topics)
            .context("joining the consumer group")?;
        while !shutdown.is_cancelled() {
            self.poll(shutdown)?;
            self.work(Instant::now());
        }
        tracing::info!("writing what is held");
        self.lanes.begin_draining();
        let everything = self.lanes.keys();
        let timeout = self.lanes.settings().drain_timeout;
        if self.settle(&everything, timeout) {
            tracing::info!("everything is written and committed");
        } else {
            tracing::warn!("not everything was written in time, the next start reads it again");
        }
        self.lanes.remove(&everything);
        Ok(())
    }

    /// Takes events until there is none, or enough for one look at the reports.
    fn poll(&mut self, shutdown: &CancellationToken) -> anyhow::Result<()> {
        let now = Instant::now();
        let mut timeout = POLL;
        for _ in 0..POLL_RECORDS {
            let Some(event) = self.consumer.poll(timeout) else {
                break;
            };
            timeout = Duration::ZERO;
            match event {
                Event::Record(record) => self.lanes.take(&self.consumer, &record, now),
                Event::Assigned(partitions) => return self.assigned(&partitions, shutdown),
                Event::Revoked(partitions) => return self.revoked(&partitions),
                Event::Lost(partitions) => return self.lost(&partitions),
                Event::PartitionEof(_) => {}
                Event::Error(error) => judge(error)?,
            }
        }
        Ok(())
    }

    /// Looks at the reports, starts what is due, commits what is done.
    fn work(&mut self, now: Instant) {
        self.lanes.tools().heartbeat.beat();
        self.lanes.hear(&self.consumer, now);
        self.lanes.dispatch(&self.consumer, now);
        self.commit(now);
        self.lanes.measure();
    }

    fn commit(&mut self, now: Instant) {
        if self.commit_after.is_some_and(|after| now < after) {
            return;
        }
        let offsets = self.lanes.uncommitted();
        if offsets.is_empty() {
            return;
        }
        let start = Instant::now();
        let committed = commit(&self.consumer, &offsets);
        self.lanes.tools().metrics.committed(start.elapsed());
        self.commit_after = None;
        match committed {
            Committed::Done => self.lanes.committed(&offsets),
            Committed::NotOurs(error) => {
                tracing::warn!(%error, "offsets are not ours to commit any more");
                self.lanes.committed(&offsets);
            }
            Committed::Later(error) => {
                tracing::warn!(%error, "offsets were not committed");
                self.commit_after = Some(now + COMMIT_RETRY);
            }
        }
    }

    fn assigned(
        &mut self,
        partitions: &[TopicPartition],
        shutdown: &CancellationToken,
    ) -> anyhow::Result<()> {
        self.lanes.tools().metrics.rebalance("assigned");
        let committed = loop {
            match self.consumer.committed(partitions, COORDINATOR_TIMEOUT) {
                Ok(committed) => break committed,
                Err(error) if shutdown.is_cancelled() => {
                    return Err(error).context("reading the committed offsets");
                }
                Err(error) => tracing::warn!(%error, "committed offsets cannot be read"),
            }
            self.lanes.tools().heartbeat.beat();
        };
        let mut starts = Vec::with_capacity(committed.len());
        for (partition, next) in committed {
            self.lanes.insert(&partition, next);
            starts.push((partition, next.map_or(Offset::Beginning, Offset::Offset)));
        }
        tracing::info!(partitions = starts.len(), "partitions assigned");
        self.consumer
            .take_up(&starts)
            .context("taking partitions up")
    }

    fn revoked(&mut self, partitions: &[TopicPartition]) -> anyhow::Result<()> {
        self.lanes.tools().metrics.rebalance("revoked");
        tracing::info!(
            partitions = partitions.len(),
            "partitions go to another member"
        );
        let keys = keys_of(partitions);
        if !self.settle(&keys, REVOKE_TIMEOUT) {
            tracing::warn!("ranges in flight are abandoned, their next owner writes them again");
        }
        self.lanes.remove(&keys);
        self.consumer
            .let_go(partitions)
            .context("letting partitions go")
    }

    fn lost(&mut self, partitions: &[TopicPartition]) -> anyhow::Result<()> {
        self.lanes.tools().metrics.rebalance("lost");
        tracing::warn!(partitions = partitions.len(), "partitions were lost");
        self.lanes.remove(&keys_of(partitions));
        self.consumer
            .let_go(partitions)
            .context("letting lost partitions go")
    }

    /// Waits until nothing of `keys` is on its way and all of it is committed.
    fn settle(&mut self, keys: &[Key], timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        loop {
            let now = Instant::now();
            self.lanes.tools().heartbeat.beat();
            self.lanes.hear(&self.consumer, now);
            self.lanes.dispatch_for_settling(&self.consumer, now);
            self.commit(now);
            if self.lanes.is_settled(keys) {
                return true;
            }
            if now >= deadline {
                return false;
            }
            self.lanes.wait_for_report(POLL);
        }
    }
}

fn keys_of(partitions: &[TopicPartition]) -> Vec<Key> {
    partitions.iter().filter_map(lanes::key_of).collect()
}

/// Says which errors of the consumer end the sink.
fn judge(error: KafkaError) -> anyhow::Result<()> {
    let code = error.rdkafka_error_code();
    if code == Some(RDKafkaErrorCode::AutoOffsetReset) {
        let remedy = "records between the committed offset and the start of the log are gone: \
                      find out why, then start with --on-truncation=earliest";
        return Err(error).context(remedy);
    }
    if is_fatal(&error) {
        return Err(error).context("the consumer is of no use any more");
    }
    if code != Some(RDKafkaErrorCode::PartitionEOF) {
        tracing::warn!(%error, "consumer reports an error");
    }
    Ok(())
}
