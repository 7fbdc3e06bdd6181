//! Poll → decode → batch → write → commit: the thread that owns the consumer.
//!
//! It waits for no table, no registry and no commit: ranges, schemas and positions are tasks that
//! report back, commits have a thread of their own. It does wait for brokers where the client must be
//! asked in its own thread: every ten seconds whether a partition stands still (5 s at the most), and
//! when a partition is moved back. One range of a partition is on its way at a time, and the partition goes on
//! collecting meanwhile. What it decides is in [`crate::batch`], [`crate::flight`] and
//! [`crate::disposition`].
//!
//! A consumer that is of no use any more is replaced by [`run`]: everything held is dropped, what was
//! intended stands, and the next consumer reads it again. How often is said in `loss`.

mod bound;
mod gauges;
mod lane;
mod lanes;
mod loss;
mod pace;
mod probe;
mod report;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use platform::admin::Heartbeat;
use platform::avro::RegistryClient;
use platform::backoff::Backoff;
use platform::kafka::consumer::{Consumer, Event, TopicPartition};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaResult;
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
use loss::{Losses, judge};
pub use loss::{MOST_LOST, SinkError};

/// How long a poll waits when nothing comes: the most that a report waits for.
const POLL: Duration = Duration::from_millis(10);

/// Records taken between two looks at the reports.
const POLL_RECORDS: usize = 2_000;

/// How often the client is heard while the sink rests: a rebalance may wait for an answer.
const HEAR_EVERY: Duration = Duration::from_secs(1);

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
    /// Consumers that may be lost in ten minutes: [`MOST_LOST`].
    pub most_lost: usize,
}

/// What the sink works with. Clones share it.
#[derive(Debug)]
pub struct Tools<W, D> {
    /// Writes rows.
    pub writer: Arc<W>,
    /// Takes refused records.
    pub dead_letters: Arc<D>,
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

impl<W, D> Clone for Tools<W, D> {
    fn clone(&self) -> Self {
        Self {
            writer: Arc::clone(&self.writer),
            dead_letters: Arc::clone(&self.dead_letters),
            registry: self.registry.clone(),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            heartbeat: self.heartbeat.clone(),
            runtime: self.runtime.clone(),
        }
    }
}

/// Works until `shutdown` is cancelled, with one consumer from `connect` after the other.
///
/// # Errors
/// When no consumer can be made, too many were lost, or another one would not help.
pub fn run<W: RowWriter, D: DeadLetters>(
    connect: impl Fn() -> KafkaResult<Consumer>,
    settings: &Settings,
    tools: &Tools<W, D>,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let mut losses = Losses::new(settings.most_lost);
    loop {
        let consumer = connect().context("creating the consumer")?;
        let sink = Sink::new(consumer, settings.clone(), tools.clone())?;
        let (doing, source) = match sink.run(shutdown) {
            Ok(()) => return Ok(()),
            Err(SinkError::Fatal(error)) => return Err(error),
            Err(SinkError::Lost { doing, source }) => (doing, source),
        };
        tools.metrics.consumer_lost(loss::reason(&source));
        let noted = losses.note(Instant::now());
        let error = anyhow::Error::new(SinkError::Lost { doing, source });
        if shutdown.is_cancelled() {
            return Err(error);
        }
        let Some(attempt) = noted else {
            return Err(error.context(format!(
                "{} consumers were lost in ten minutes: see that no other process has this \
                 --instance-id, and that the brokers are well",
                settings.most_lost + 1
            )));
        };
        let reason = format!("{error:#}");
        tracing::warn!(
            attempt,
            error = reason,
            "consumer was lost, another one takes its place"
        );
        tools.health.consumer_is_there(false);
        let pause = Backoff::STANDARD.delay(attempt);
        let rest = async { tokio::time::timeout(pause, shutdown.cancelled()).await };
        if tools.runtime.block_on(rest).is_ok() {
            tracing::info!("shutdown without a consumer: what it held is read again");
            return Ok(());
        }
        tools.heartbeat.beat();
        tools.health.consumer_is_there(true);
    }
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
struct Sink<W, D> {
    consumer: Arc<Consumer>,
    lanes: Lanes<W, D>,
    commit_thread: CommitThread,
    leaving: Option<Leaving>,
    heartbeat: Heartbeat,
    measured_at: Option<Instant>,
    heard_at: Instant,
}

impl<W: RowWriter, D: DeadLetters> Sink<W, D> {
    /// A sink over `consumer`, which has not joined its group yet.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    fn new(consumer: Consumer, settings: Settings, tools: Tools<W, D>) -> anyhow::Result<Self> {
        let (consumer, writer) = (Arc::new(consumer), tools.writer);
        let (metrics, runtime) = (tools.metrics, tools.runtime);
        let (commit_thread, commits) =
            CommitThread::start(Arc::clone(&consumer), metrics.clone(), runtime.clone())
                .context("starting the thread that commits")?;
        let patience = settings.limits.age / AUDITS_PER_FLUSH;
        let (audits, health) = (Arc::clone(&writer), tools.health.clone());
        let work = Work {
            delivery: Delivery {
                writer,
                dead_letters: tools.dead_letters,
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
            heard_at: Instant::now(),
        })
    }

    /// Works until `shutdown` is cancelled, then writes and commits what it holds.
    ///
    /// # Errors
    /// When the consumer is of no use any more, or records are gone from the log.
    fn run(mut self, shutdown: &CancellationToken) -> Result<(), SinkError> {
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

    fn work_until(&mut self, shutdown: &CancellationToken) -> Result<(), SinkError> {
        let topics = Topic::ALL.map(Topic::name);
        self.consumer
            .subscribe(&topics)
            .map_err(SinkError::lost("joining the consumer group"))?;
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
                let error = format!("{:#}", anyhow::Error::new(error));
                tracing::warn!(error, "while leaving");
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
    fn poll(&mut self) -> Result<(), SinkError> {
        let (now, consumer) = (Instant::now(), Arc::clone(&self.consumer));
        let rests = self.lanes.rests();
        if rests && now.saturating_duration_since(self.heard_at) < HEAR_EVERY {
            self.lanes.wait_for_report(POLL);
            return Ok(());
        }
        self.heard_at = now;
        let mut timeout = POLL;
        for _ in 0..if rests { 1 } else { POLL_RECORDS } {
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
    fn work(&mut self, now: Instant) -> Result<(), SinkError> {
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
    fn let_go(&mut self, now: Instant) -> Result<(), SinkError> {
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
            .map_err(SinkError::lost("letting partitions go"))
    }

    fn lost(&mut self, partitions: &[TopicPartition]) -> Result<(), SinkError> {
        self.lanes.work.metrics.rebalance("lost");
        tracing::warn!(partitions = partitions.len(), "partitions were lost");
        self.leaving = None;
        self.lanes.forget_arrival();
        self.lanes.remove(&keys_of(partitions));
        self.consumer
            .let_go(partitions)
            .map_err(SinkError::lost("letting lost partitions go"))
    }
}

fn keys_of(partitions: &[TopicPartition]) -> Vec<Key> {
    partitions.iter().filter_map(lanes::key_of).collect()
}
