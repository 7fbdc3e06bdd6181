//! Poll → decode → batch → write → commit: the thread that owns the consumer.
//!
//! It waits for no table, no registry and no commit: ranges, schemas and positions are tasks that
//! report back, commits have a thread of their own. It does wait for brokers where the client must be
//! asked in its own thread: every ten seconds whether a partition stands still (5 s at the most), and
//! when a partition is moved back. One range of a partition is on its way at a time, and the partition goes on
//! collecting meanwhile. What it decides is in [`crate::batch`], [`crate::flight`] and
//! [`crate::disposition`].

mod gauges;
mod lane;
mod lanes;
mod pace;
mod probe;
mod report;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use platform::admin::Heartbeat;
use platform::avro::RegistryClient;
use platform::kafka::consumer::{Consumer, Event, TopicPartition, is_fatal};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::audit::Auditor;
use crate::batch::Limits;
use crate::commit::CommitThread;
use crate::dead_letters::DeadLetters;
use crate::delivery::{Delivery, Sender};
use crate::health::Health;
use crate::metrics::Metrics;
use crate::topic::Topic;
use crate::writer::RowWriter;
use lanes::{Key, Lanes};

/// How long a poll waits when nothing comes: the most that a report waits for.
const POLL: Duration = Duration::from_millis(10);

/// Records taken between two looks at the reports.
const POLL_RECORDS: usize = 2_000;

/// How long partitions that go to another member are waited for.
const REVOKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Audits begun in one flush interval at the most, while ranges are small.
const AUDITS_PER_FLUSH: u32 = 4;

/// What the sink has to know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose ranges these are.
    pub sender: Sender,
    /// When a range is closed.
    pub limits: Limits,
    /// Inserts at the same time.
    pub max_inflight: usize,
    /// What may be held in memory, about, bytes.
    pub max_buffered_bytes: usize,
    /// How long the end may take.
    pub drain_timeout: Duration,
    /// A consumer that looks for the end of a partition.
    pub probe: ClientConfig,
}

/// What the sink works with.
#[derive(Debug)]
pub struct Tools<W, D> {
    /// Writes rows.
    pub writer: W,
    /// Takes refused records.
    pub dead_letters: D,
    /// Knows schemas.
    pub registry: RegistryClient,
    /// Counts.
    pub metrics: Metrics,
    /// Says whether rows can be stored.
    pub health: Health,
    /// Shows that the thread moves.
    pub heartbeat: Heartbeat,
    /// Runs the tasks.
    pub runtime: Handle,
}

/// What tasks work with.
#[derive(Debug)]
struct Work<W, D> {
    delivery: Delivery<W, D>,
    registry: RegistryClient,
    metrics: Metrics,
    runtime: Handle,
}

/// Partitions that go to another member as soon as their ranges are committed.
#[derive(Debug)]
struct Leaving {
    partitions: Vec<TopicPartition>,
    deadline: Instant,
}

/// The sink: one consumer and the partitions that are its own.
#[derive(Debug)]
pub struct Sink<W, D> {
    consumer: Arc<Consumer>,
    lanes: Lanes<W, D>,
    commit_thread: CommitThread,
    leaving: Option<Leaving>,
    heartbeat: Heartbeat,
    measured_at: Option<Instant>,
}

impl<W: RowWriter, D: DeadLetters> Sink<W, D> {
    /// A sink over `consumer`, which has not joined its group yet.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn new(consumer: Consumer, settings: Settings, tools: Tools<W, D>) -> anyhow::Result<Self> {
        let (consumer, writer) = (Arc::new(consumer), Arc::new(tools.writer));
        let (metrics, runtime) = (tools.metrics, tools.runtime);
        let (commit_thread, commits) =
            CommitThread::start(Arc::clone(&consumer), metrics.clone(), runtime.clone())
                .context("starting the thread that commits")?;
        let patience = settings.limits.age / AUDITS_PER_FLUSH;
        let (audits, health) = (Arc::clone(&writer), tools.health.clone());
        let work = Work {
            delivery: Delivery {
                writer,
                dead_letters: Arc::new(tools.dead_letters),
                commits,
                auditor: Auditor::start(audits, health, patience, &runtime),
                metrics: metrics.clone(),
                health: tools.health,
                sender: Arc::new(settings.sender.clone()),
            },
            registry: tools.registry,
            metrics,
            runtime,
        };
        Ok(Self {
            lanes: Lanes::new(Arc::clone(&consumer), settings, work),
            consumer,
            commit_thread,
            leaving: None,
            heartbeat: tools.heartbeat,
            measured_at: None,
        })
    }

    /// Works until `shutdown` is cancelled, then writes and commits what it holds.
    ///
    /// # Errors
    /// When the consumer is of no use any more, or records are gone from the log.
    pub fn run(mut self, shutdown: &CancellationToken) -> anyhow::Result<()> {
        let worked = self.work_until(shutdown);
        if worked.is_ok() {
            self.drain();
        }
        // What is still on its way is abandoned: its intent stands.
        let everything = self.keys();
        self.lanes.remove(&everything);
        // The thread holds the consumer, which leaves the group when it is dropped here.
        self.commit_thread.end();
        worked
    }

    fn work_until(&mut self, shutdown: &CancellationToken) -> anyhow::Result<()> {
        let topics = Topic::ALL.map(Topic::name);
        self.consumer
            .subscribe(&topics)
            .context("joining the consumer group")?;
        while !shutdown.is_cancelled() {
            self.poll()?;
            self.work(Instant::now())?;
        }
        Ok(())
    }

    fn keys(&self) -> Vec<Key> {
        self.lanes.own.keys().copied().collect()
    }

    /// Writes and commits what is held.
    fn drain(&mut self) {
        tracing::info!("writing what is held");
        self.lanes.begin_draining();
        let everything = self.keys();
        let deadline = Instant::now() + self.lanes.settings.drain_timeout;
        while !self.lanes.is_settled(&everything) {
            let now = Instant::now();
            self.heartbeat.beat();
            if let Err(error) = self.lanes.hear(now) {
                tracing::warn!(error = format!("{error:#}"), "while leaving");
            }
            self.lanes.dispatch(now);
            if now >= deadline {
                tracing::warn!("not everything was written in time, the next start reads it again");
                return;
            }
            self.lanes.wait_for_report(POLL);
        }
        tracing::info!("everything is written and committed");
    }

    /// Takes events until there is none, or enough for one look at the reports.
    fn poll(&mut self) -> anyhow::Result<()> {
        let (now, consumer) = (Instant::now(), Arc::clone(&self.consumer));
        let mut timeout = POLL;
        for _ in 0..POLL_RECORDS {
            let Some(event) = consumer.poll(timeout) else {
                break;
            };
            timeout = Duration::ZERO;
            match event {
                Event::Record(record) => self.lanes.take(&record, now),
                Event::Assigned(partitions) => {
                    self.lanes.work.metrics.rebalance("assigned");
                    self.lanes.arrive(partitions);
                }
                Event::Revoked(partitions) => self.revoked(partitions, now),
                Event::Lost(partitions) => self.lost(&partitions)?,
                Event::PartitionEof(_) => {}
                Event::Error(error) => judge(error)?,
            }
        }
        Ok(())
    }

    /// Looks at the reports, starts what is due, lets partitions go.
    fn work(&mut self, now: Instant) -> anyhow::Result<()> {
        self.heartbeat.beat();
        self.lanes.hear(now)?;
        self.lanes.dispatch(now);
        self.let_go(now)?;
        if gauges::is_time(self.measured_at, now) {
            self.measured_at = Some(now);
            self.lanes.measure();
        }
        Ok(())
    }

    fn revoked(&mut self, partitions: Vec<TopicPartition>, now: Instant) {
        self.lanes.work.metrics.rebalance("revoked");
        tracing::info!(
            partitions = partitions.len(),
            "partitions go to another member"
        );
        self.lanes.forget_arrival();
        self.lanes.leave(&keys_of(&partitions));
        self.leaving = Some(Leaving {
            partitions,
            deadline: now + REVOKE_TIMEOUT,
        });
    }

    /// Lets partitions go whose ranges are committed, or for which it takes too long.
    fn let_go(&mut self, now: Instant) -> anyhow::Result<()> {
        let Some(leaving) = self.leaving.take() else {
            return Ok(());
        };
        let keys = keys_of(&leaving.partitions);
        let is_settled = self.lanes.is_settled(&keys);
        if !is_settled && now < leaving.deadline {
            self.leaving = Some(leaving);
            return Ok(());
        }
        if !is_settled {
            tracing::warn!("ranges in flight are abandoned, their next owner writes them again");
        }
        self.lanes.remove(&keys);
        self.consumer
            .let_go(&leaving.partitions)
            .context("letting partitions go")
    }

    fn lost(&mut self, partitions: &[TopicPartition]) -> anyhow::Result<()> {
        self.lanes.work.metrics.rebalance("lost");
        tracing::warn!(partitions = partitions.len(), "partitions were lost");
        self.leaving = None;
        self.lanes.forget_arrival();
        self.lanes.remove(&keys_of(partitions));
        self.consumer
            .let_go(partitions)
            .context("letting lost partitions go")
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
