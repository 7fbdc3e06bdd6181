//! The only file that commits, on a thread of its own, so that the thread that polls never waits for
//! a broker: next offsets with the intent beside them, and reading both back.
//!
//! Requests that wait at the same time are sent together. A request whose partition has gone in
//! the meantime is not sent.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use platform::kafka::consumer::{Consumer, TopicPartition, offset_list};
use rdkafka::Offset;
use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionList;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::intent::{Intent, Position, UnknownIntent};
use crate::metrics::{CommitKind, Metrics};

/// How long a request to the group's coordinator may take.
const COORDINATOR_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the end of one partition is asked for: commits wait meanwhile.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// Commits in one request.
const MAX_TOGETHER: usize = 1_000;

/// What became of a commit.
#[derive(Debug, Clone)]
#[must_use = "what was not committed is offered again"]
pub enum Committed {
    /// The group has it.
    Done,
    /// The partition is not ours any more: nothing may be written for it.
    NotOurs(KafkaError),
    /// The brokers did not take it: try again.
    Later(KafkaError),
}

/// What a partition is to stand at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The partition.
    pub partition: TopicPartition,
    /// Its next offset.
    pub offset: i64,
    /// What is about to be written from there on.
    pub intent: Option<Intent>,
}

impl Next {
    fn kind(&self) -> CommitKind {
        match self.intent {
            Some(_) => CommitKind::Intent,
            None => CommitKind::Final,
        }
    }
}

/// Why positions cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The brokers do not answer.
    #[error("committed offsets cannot be read")]
    Kafka(#[from] KafkaError),
    /// A commit of another version.
    #[error(transparent)]
    Unknown(#[from] UnknownIntent),
    /// The thread has ended.
    #[error("nothing is committed any more, the sink leaves")]
    Ended,
}

enum Job {
    Commit(Box<Commit>),
    Read(
        Vec<TopicPartition>,
        oneshot::Sender<Result<Positions, ReadError>>,
    ),
    End(TopicPartition, oneshot::Sender<Option<i64>>),
}

struct Commit {
    next: Next,
    abandon: CancellationToken,
    answer: oneshot::Sender<Committed>,
}

/// Partitions and where they stand.
pub type Positions = Vec<(TopicPartition, Position)>;

/// Asks the thread. Clones share it.
#[derive(Debug, Clone)]
pub struct Commits {
    // Bounded by the ranges on their way, one per partition.
    jobs: mpsc::UnboundedSender<Job>,
}

impl Commits {
    /// Commits, unless the partition goes before its turn; none when nobody commits any more.
    pub async fn commit(&self, next: Next, abandon: &CancellationToken) -> Option<Committed> {
        let (answer, answered) = oneshot::channel();
        let abandon = abandon.clone();
        let commit = Commit {
            next,
            abandon,
            answer,
        };
        self.jobs.send(Job::Commit(Box::new(commit))).ok()?;
        answered.await.ok()
    }

    /// Reads where partitions stand.
    ///
    /// # Errors
    /// When the brokers do not answer, or another version has committed.
    pub async fn positions(&self, of: Vec<TopicPartition>) -> Result<Positions, ReadError> {
        let (answer, answered) = oneshot::channel();
        let job = Job::Read(of, answer);
        self.jobs.send(job).map_err(|_| ReadError::Ended)?;
        answered.await.map_err(|_| ReadError::Ended)?
    }

    /// Reads the offset after the last record of a partition, if the brokers say it in time.
    pub async fn end(&self, partition: TopicPartition) -> Option<i64> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(Job::End(partition, answer)).ok()?;
        answered.await.ok()?
    }
}

/// The thread; it ends when `until` is cancelled, at the latest after the request in hand.
#[derive(Debug)]
pub struct CommitThread {
    handle: JoinHandle<()>,
    until: CancellationToken,
}

impl CommitThread {
    /// Starts it for the group of `consumer`.
    ///
    /// # Errors
    /// When the operating system refuses a thread.
    pub fn start(
        consumer: Arc<Consumer>,
        metrics: Metrics,
        runtime: Handle,
    ) -> std::io::Result<(Self, Commits)> {
        let (jobs, mut queue) = mpsc::unbounded_channel();
        let until = CancellationToken::new();
        let token = until.clone();
        let work = move || {
            while let Some(Some(job)) = runtime.block_on(token.run_until_cancelled(queue.recv())) {
                serve(&consumer, &metrics, job, &mut queue);
            }
        };
        let handle = std::thread::Builder::new()
            .name("commit".to_owned())
            .spawn(work)?;
        Ok((Self { handle, until }, Commits { jobs }))
    }

    /// Ends it and waits for that.
    pub fn end(self) {
        self.until.cancel();
        if self.handle.join().is_err() {
            tracing::error!("commit thread panicked");
        }
    }
}

/// Serves a job, and all commits that wait behind it.
fn serve(
    consumer: &Consumer,
    metrics: &Metrics,
    first: Job,
    queue: &mut mpsc::UnboundedReceiver<Job>,
) {
    let mut commits = Vec::new();
    let mut next = Some(first);
    while let Some(job) = next {
        match job {
            Job::Commit(commit) => commits.push(*commit),
            Job::Read(of, answer) => give(answer, read(consumer, &of)),
            Job::End(of, answer) => {
                let end = consumer.watermarks(&of, END_TIMEOUT).ok();
                give(answer, end.map(|(_, end)| end));
            }
        }
        next = queue
            .try_recv()
            .ok()
            .filter(|_| commits.len() < MAX_TOGETHER);
    }
    // Whose partition went gets no answer, and needs none.
    commits.retain(|commit| !commit.abandon.is_cancelled());
    if commits.is_empty() {
        return;
    }
    let start = Instant::now();
    let committed = commit(consumer, commits.iter().map(|commit| &commit.next));
    for commit in commits {
        metrics.committed(commit.next.kind(), start.elapsed());
        give(commit.answer, committed.clone());
    }
}

/// Answers, unless nobody waits for it any more.
fn give<T>(to: oneshot::Sender<T>, answer: T) {
    if to.send(answer).is_err() {
        tracing::debug!("an answer came too late");
    }
}

/// Commits for this member and waits for the answer.
fn commit<'a>(consumer: &Consumer, next: impl Iterator<Item = &'a Next>) -> Committed {
    match try_commit(consumer, next) {
        Ok(()) => Committed::Done,
        Err(error) => match error.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::FencedInstanceId
                | RDKafkaErrorCode::Fatal
                | RDKafkaErrorCode::AssignmentLost,
            ) => Committed::NotOurs(error),
            // A rebalance in progress as well: the partition may stay, or its end cancels the wait.
            _ => Committed::Later(error),
        },
    }
}

fn try_commit<'a>(consumer: &Consumer, next: impl Iterator<Item = &'a Next>) -> KafkaResult<()> {
    let mut list = TopicPartitionList::new();
    for next in next {
        let (topic, partition) = (&next.partition.topic, next.partition.partition);
        let mut element = list.add_partition(topic, partition);
        element.set_offset(Offset::Offset(next.offset))?;
        element.set_metadata(Intent::text_of(next.intent));
    }
    #[expect(clippy::disallowed_methods, reason = "this is the file that commits")]
    consumer.client().commit(&list, CommitMode::Sync)
}

fn read(consumer: &Consumer, of: &[TopicPartition]) -> Result<Positions, ReadError> {
    let unset: Vec<_> = of.iter().map(|partition| (partition.clone(), 0)).collect();
    let asked = offset_list(&unset)?;
    let client = consumer.client();
    let list = client.committed_offsets(asked, COORDINATOR_TIMEOUT)?;
    let position = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
        element.error()?;
        let next = match element.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        };
        let partition = TopicPartition::new(element.topic(), element.partition());
        Ok::<_, ReadError>((partition, Position::of(next, element.metadata())?))
    };
    list.elements().iter().map(position).collect()
}
