//! One range on its way: does what [`crate::flight`] says, again and again until it is done.
//!
//! It ends with the range committed, or without: because the partition went or the process leaves.
//! The order is that of the flight, the decisions are those of [`crate::disposition`]; the waits
//! are here.

use std::sync::Arc;
use std::time::Duration;

use platform::kafka::consumer::TopicPartition;
use platform::kafka::producer::SendError;
use platform::wall_clock::{SystemClock, WallClock as _};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::audit::Auditor;
use crate::batch::{Range, Refused};
use crate::commit::{Commits, Committed, Next};
use crate::dead_letters::{DeadLetters, dead_letter};
use crate::disposition::{CONFIGURATION_WAIT, Disposition, backoff};
use crate::flight::{Flight, Span, Step, Stored};
use crate::health::Health;
use crate::intent::Intent;
use crate::metrics::{Metrics, in_seconds};
use crate::row::SinkBatchRow;
use crate::writer::{Part, RowWriter, WriteError};

/// Failures after which the data are believed to be at fault; a cut connection may look the same.
const DATA_TRIES: u32 = 2;

/// Whose ranges these are, for the audit, and what may be set aside of each.
#[derive(Debug, Clone)]
pub struct Sender {
    /// The consumer group.
    pub group: String,
    /// The name of this instance.
    pub instance: String,
    /// Records of one range that are set aside at the most.
    pub max_dead_letters: usize,
}

/// What the thread that polls has to know before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// An insert passed.
    Passed,
    /// There are too many parts: larger ranges would help.
    SlowDown,
    /// Nothing goes until somebody repairs something.
    Blocked,
    /// All rows can be read; audit and commit are still to come.
    Stored,
}

/// Why a range is not committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Its partition went, or the process leaves.
    Abandoned,
    /// The group says that the partition belongs to somebody else.
    NotOurs,
}

/// How a range goes on its way.
pub struct Way<'a> {
    /// Cancelled when it is to be abandoned.
    pub abandon: &'a CancellationToken,
    /// Takes the news.
    pub tell: &'a (dyn Fn(News) + Send + Sync),
}

impl std::fmt::Debug for Way<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Way").finish_non_exhaustive()
    }
}

/// Delivers ranges. Clones share everything.
#[derive(Debug)]
pub struct Delivery<W, D> {
    /// Writes rows.
    pub writer: Arc<W>,
    /// Takes refused records.
    pub dead_letters: Arc<D>,
    /// Commits.
    pub commits: Commits,
    /// Writes audits.
    pub auditor: Auditor,
    /// Counts.
    pub metrics: Metrics,
    /// Says whether rows can be stored.
    pub health: Health,
    /// Whose ranges these are.
    pub sender: Arc<Sender>,
}

impl<W, D> Clone for Delivery<W, D> {
    fn clone(&self) -> Self {
        Self {
            writer: Arc::clone(&self.writer),
            dead_letters: Arc::clone(&self.dead_letters),
            commits: self.commits.clone(),
            auditor: self.auditor.clone(),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            sender: Arc::clone(&self.sender),
        }
    }
}

impl<W: RowWriter, D: DeadLetters> Delivery<W, D> {
    /// Stores all of `range`, audits and commits it.
    ///
    /// # Errors
    /// When it is abandoned before that, or not ours.
    pub async fn deliver(&self, range: &Range, way: &Way<'_>) -> Result<Stored, Stopped> {
        let mut flight = Flight::of(range, self.sender.max_dead_letters);
        if flight.stored().is_replay {
            self.metrics.intent_replayed(range.topic);
        }
        loop {
            match flight.step() {
                Step::Intend(intent) => {
                    self.commit(range, range.from, Some(intent), way).await?;
                }
                Step::SetAside(refused) => self.set_aside(range, &refused, way).await?,
                Step::Drop(refused) => self.note_refused(range, &refused),
                Step::Insert(span) => {
                    let part = Part {
                        range,
                        from: span.from,
                        to: span.to,
                    };
                    if let Some(error) = self.store(part, span, way).await? {
                        log_refusal(part, &error);
                        flight.refused(error.sentence());
                        continue;
                    }
                    (way.tell)(News::Passed);
                }
                Step::Wait => self.wait_for_operator(range, way).await?,
                Step::Audit => {
                    let stored = flight.stored();
                    self.metrics.settled(range, stored, SystemClock.now_ms());
                    (way.tell)(News::Stored);
                    let row = audit_row(&self.sender, range, stored);
                    unless(way, self.auditor.audit(row))
                        .await?
                        .ok_or(Stopped::Abandoned)?;
                }
                Step::Commit => {
                    self.commit(range, range.to, None, way).await?;
                    let now = in_seconds(SystemClock.now_ms());
                    self.metrics.last_progress.set(now);
                }
                Step::Landed => return Ok(flight.stored()),
            }
            flight.done();
        }
    }

    /// Commits, however often it takes.
    async fn commit(
        &self,
        range: &Range,
        offset: i64,
        intent: Option<Intent>,
        way: &Way<'_>,
    ) -> Result<(), Stopped> {
        let next = Next {
            partition: TopicPartition::new(range.topic.name(), range.partition),
            offset,
            intent,
        };
        let mut attempt = 0;
        loop {
            let commit = self.commits.commit(next.clone(), way.abandon);
            let error = match unless(way, commit).await?.ok_or(Stopped::Abandoned)? {
                Committed::Done => return Ok(()),
                Committed::NotOurs(error) => {
                    tracing::warn!(topic = range.topic.name(), partition = range.partition, %error,
                        "partition is not ours any more, its range is dropped");
                    return Err(Stopped::NotOurs);
                }
                Committed::Later(error) => error,
            };
            tracing::warn!(topic = range.topic.name(), partition = range.partition, attempt, %error,
                "offset was not committed");
            wait(backoff().delay(attempt), way).await?;
            attempt += 1;
        }
    }

    /// Writes one part, however often it takes; the error when its data are refused.
    async fn store(
        &self,
        part: Part<'_>,
        span: Span,
        way: &Way<'_>,
    ) -> Result<Option<WriteError>, Stopped> {
        let table = part.range.topic.table();
        let (mut attempt, since) = (0, Instant::now());
        loop {
            let start = Instant::now();
            let written = async {
                if span.is_bare {
                    self.writer.write_bare(part).await
                } else {
                    self.writer.write(part).await
                }
            };
            let Err(error) = unless(way, written).await? else {
                self.metrics.insert_succeeded(table, start.elapsed());
                self.health.store_works(table);
                return Ok(None);
            };
            attempt += 1;
            let disposition = error.disposition().after(attempt);
            self.metrics.insert_failed(table, disposition);
            match disposition {
                Disposition::Data if attempt >= DATA_TRIES => return Ok(Some(error)),
                Disposition::SlowDown => (way.tell)(News::SlowDown),
                Disposition::Configuration => (way.tell)(News::Blocked),
                Disposition::Data | Disposition::Retry | Disposition::Unknown => {}
            }
            self.health.store_fails(table, disposition, since.elapsed());
            let (partition, reason) = (part.range.partition, disposition.word());
            if disposition == Disposition::Configuration {
                let error = error.sentence();
                tracing::error!(table, partition, attempt, reason, error, "insert failed");
            } else {
                let error = error.sentence();
                tracing::warn!(table, partition, attempt, reason, error, "insert failed");
            }
            wait(disposition.delay(attempt), way).await?;
        }
    }

    /// Sends one record to `dead-letter`, however often it takes.
    async fn set_aside(
        &self,
        range: &Range,
        refused: &Refused,
        way: &Way<'_>,
    ) -> Result<(), Stopped> {
        self.note_refused(range, refused);
        let mut attempt = 0;
        while let Err(error) = unless(way, self.send(range, refused)).await? {
            tracing::warn!(topic = range.topic.name(), attempt, error = %error.source,
                "dead letter was not delivered");
            wait(backoff().delay(attempt), way).await?;
            attempt += 1;
        }
        Ok(())
    }

    fn note_refused(&self, range: &Range, refused: &Refused) {
        tracing::warn!(
            topic = range.topic.name(),
            partition = range.partition,
            offset = refused.offset,
            reason = refused.refusal.reason.word(),
            error = refused.refusal.message,
            "record set aside"
        );
        let reason = refused.refusal.reason;
        self.metrics.dead_letter(range.topic, reason);
    }

    async fn send(&self, range: &Range, refused: &Refused) -> Result<(), SendError> {
        let record = dead_letter(range, refused);
        self.dead_letters.send(vec![record]).await
    }

    /// So many records are refused that the fault is not in them: nothing more is set aside.
    async fn wait_for_operator(&self, range: &Range, way: &Way<'_>) -> Result<(), Stopped> {
        let (topic, disposition) = (range.topic, Disposition::Configuration);
        (way.tell)(News::Blocked);
        self.health
            .store_fails(topic.table(), disposition, Duration::ZERO);
        tracing::error!(
            topic = topic.name(),
            partition = range.partition,
            from = range.from,
            to = range.to,
            "too many records of a range are refused, nothing more is set aside"
        );
        wait(CONFIGURATION_WAIT, way).await
    }
}

fn log_refusal(part: Part<'_>, error: &WriteError) {
    tracing::warn!(
        topic = part.range.topic.name(),
        partition = part.range.partition,
        from = part.from,
        to = part.to,
        error = error.sentence(),
        "data are refused"
    );
}

/// Does something, unless the range is abandoned first.
async fn unless<T>(way: &Way<'_>, work: impl Future<Output = T>) -> Result<T, Stopped> {
    let done = way.abandon.run_until_cancelled(work).await;
    done.ok_or(Stopped::Abandoned)
}

async fn wait(delay: Duration, way: &Way<'_>) -> Result<(), Stopped> {
    unless(way, tokio::time::sleep(delay)).await
}

fn audit_row(sender: &Sender, range: &Range, stored: Stored) -> SinkBatchRow {
    let count = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let (first, last) = range.timestamps_ms.unwrap_or((0, 0));
    SinkBatchRow {
        consumer_group: sender.group.clone(),
        topic: range.topic.name().to_owned(),
        partition: u16::try_from(range.partition).unwrap_or(u16::MAX),
        table_name: range.topic.table().to_owned(),
        from_offset: u64::try_from(range.from).unwrap_or(0),
        to_offset: u64::try_from(range.to).unwrap_or(0),
        rows: count(stored.rows),
        dead_letters: count(stored.dead_letters),
        nulls: count(range.nulls),
        bytes: u64::try_from(range.size_bytes()).unwrap_or(u64::MAX),
        first_timestamp: first.max(0),
        last_timestamp: last.max(0),
        replayed: stored.is_replay,
        split: stored.is_split,
        instance: sender.instance.clone(),
    }
}
