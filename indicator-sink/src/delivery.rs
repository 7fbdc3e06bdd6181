//! One range on its way: dead letters, then rows, again and in parts until all of it is stored.
//!
//! It ends with the range stored, or abandoned because the partition went or the process leaves.
//! The decisions are those of [`crate::disposition`]; the waits are here.

use std::sync::Arc;
use std::time::Duration;

use platform::backoff::Backoff;
use platform::kafka::producer::SendError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::batch::{Range, Refused};
use crate::dead_letters::{DeadLetters, dead_letter};
use crate::disposition::{Disposition, Reason, Refusal};
use crate::health::Health;
use crate::metrics::Metrics;
use crate::topic::Topic;
use crate::writer::{Part, RowWriter, WriteError};

/// How long to wait before an insert that may succeed next time.
const RETRY_MIN: Duration = Duration::from_millis(250);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// How long to wait for an operator.
const CONFIGURATION_WAIT: Duration = Duration::from_secs(30);

/// Tries after which an unknown error is one for an operator.
const UNKNOWN_TRIES: u32 = 10;

/// Failures after which the data are believed to be at fault; a cut connection may look the same.
const DATA_TRIES: u32 = 2;

/// Dead letters of one range above which the fault is not in single records.
const MAX_DEAD_LETTERS: usize = 100;

/// What a range became.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stored {
    /// Rows written.
    pub rows: usize,
    /// Records sent to `dead-letter`.
    pub dead_letters: usize,
    /// Records that could not even be set aside: those *of* the two topics for that.
    pub dropped: usize,
    /// Whether it was written in parts.
    pub is_split: bool,
}

/// The range was not stored, and need not be: its partition went, or the process leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abandoned;

/// Why a part is not written.
enum Failure {
    Abandoned,
    Data(WriteError),
}

/// Delivers ranges. Clones share everything.
#[derive(Debug)]
pub struct Delivery<W, D> {
    writer: Arc<W>,
    dead_letters: Arc<D>,
    metrics: Metrics,
    health: Health,
    backoff: Backoff,
}

impl<W, D> Clone for Delivery<W, D> {
    fn clone(&self) -> Self {
        Self {
            writer: Arc::clone(&self.writer),
            dead_letters: Arc::clone(&self.dead_letters),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            backoff: self.backoff,
        }
    }
}

impl<W: RowWriter, D: DeadLetters> Delivery<W, D> {
    /// Delivers through `writer` and `dead_letters`.
    pub fn new(writer: W, dead_letters: D, metrics: Metrics, health: Health) -> Self {
        Self {
            writer: Arc::new(writer),
            dead_letters: Arc::new(dead_letters),
            metrics,
            health,
            backoff: Backoff::new(RETRY_MIN, RETRY_MAX, 1.0).unwrap_or(Backoff::STANDARD),
        }
    }

    /// The writer, for the audit.
    pub fn writer(&self) -> &W {
        &self.writer
    }

    /// How long to wait before attempt number `attempt` + 1.
    pub fn delay(&self, attempt: u32) -> Duration {
        self.backoff.delay(attempt)
    }

    /// Stores all of `range`.
    ///
    /// # Errors
    /// When `abandon` is cancelled before that.
    pub async fn deliver(
        &self,
        range: &Range,
        abandon: &CancellationToken,
    ) -> Result<Stored, Abandoned> {
        let mut stored = Stored::default();
        for refused in &range.refused {
            self.set_aside(range, refused, &mut stored, abandon).await?;
        }
        let mut parts = vec![(range.from, range.to)];
        while let Some((from, to)) = parts.pop() {
            let part = Part { range, from, to };
            let rows = rows_in(part);
            if rows.is_empty() {
                continue;
            }
            match self.store(part, abandon).await {
                Ok(()) => stored.rows += rows.len(),
                Err(Failure::Abandoned) => return Err(Abandoned),
                Err(Failure::Data(error)) => match rows.as_slice() {
                    [_] if stored.dead_letters >= MAX_DEAD_LETTERS => {
                        self.wait_for_operator(part, &error, abandon).await?;
                        parts.push((from, to));
                    }
                    [offset] => {
                        let refused = refused_by_store(*offset, &error);
                        self.set_aside(range, &refused, &mut stored, abandon)
                            .await?;
                    }
                    _ => {
                        log_division(part, &error);
                        stored.is_split = true;
                        let middle = from + (to - from) / 2;
                        // The first half is taken first.
                        parts.extend([(middle, to), (from, middle)]);
                    }
                },
            }
        }
        self.health.store_works();
        Ok(stored)
    }

    /// Writes one part, however often it takes.
    async fn store(&self, part: Part<'_>, abandon: &CancellationToken) -> Result<(), Failure> {
        let mut attempt = 0;
        let since = Instant::now();
        loop {
            let table = part.range.topic.table();
            let start = Instant::now();
            let Err(error) = self.writer.write(part).await else {
                self.metrics.insert_succeeded(table, start.elapsed());
                return Ok(());
            };
            attempt += 1;
            let disposition = match error.disposition() {
                Disposition::Unknown if attempt >= UNKNOWN_TRIES => Disposition::Configuration,
                disposition => disposition,
            };
            self.metrics.insert_failed(table, disposition);
            let delay = match disposition {
                Disposition::Data if attempt >= DATA_TRIES => return Err(Failure::Data(error)),
                Disposition::Configuration => CONFIGURATION_WAIT,
                Disposition::Retry
                | Disposition::SlowDown
                | Disposition::Data
                | Disposition::Unknown => self.backoff.delay(attempt - 1),
            };
            self.health.store_fails(disposition, since.elapsed());
            tracing::warn!(
                table,
                partition = part.range.partition,
                attempt,
                reason = disposition.word(),
                error = error.sentence(),
                "insert failed"
            );
            wait(delay, abandon).await.map_err(|_| Failure::Abandoned)?;
        }
    }

    /// Sends one record to `dead-letter`, however often it takes.
    async fn set_aside(
        &self,
        range: &Range,
        refused: &Refused,
        stored: &mut Stored,
        abandon: &CancellationToken,
    ) -> Result<(), Abandoned> {
        let (topic, reason) = (range.topic, refused.refusal.reason.word());
        tracing::warn!(
            topic = topic.name(),
            partition = range.partition,
            offset = refused.offset,
            reason,
            error = refused.refusal.message,
            "record set aside"
        );
        self.metrics.dead_letter(topic, refused.refusal.reason);
        if matches!(topic, Topic::DeadLetter | Topic::LateEvent) {
            stored.dropped += 1;
            return Ok(());
        }
        let mut attempt = 0;
        while let Err(error) = self.send(range, refused).await {
            tracing::warn!(topic = topic.name(), attempt, error = %error.source,
                "dead letter was not delivered");
            wait(self.backoff.delay(attempt), abandon).await?;
            attempt += 1;
        }
        stored.dead_letters += 1;
        Ok(())
    }

    /// So many records are refused that the fault is not in them: nothing more is set aside.
    async fn wait_for_operator(
        &self,
        part: Part<'_>,
        error: &WriteError,
        abandon: &CancellationToken,
    ) -> Result<(), Abandoned> {
        self.health
            .store_fails(Disposition::Configuration, Duration::ZERO);
        tracing::error!(
            topic = part.range.topic.name(),
            partition = part.range.partition,
            error = error.sentence(),
            "too many records of a range are refused, nothing more is set aside"
        );
        wait(CONFIGURATION_WAIT, abandon).await
    }

    async fn send(&self, range: &Range, refused: &Refused) -> Result<(), SendError> {
        self.dead_letters
            .send(vec![dead_letter(range, refused)])
            .await
    }
}

fn rows_in(part: Part<'_>) -> Vec<i64> {
    let mut offsets = part.range.records.offsets();
    offsets.retain(|offset| (part.from..part.to).contains(offset));
    offsets
}

fn refused_by_store(offset: i64, error: &WriteError) -> Refused {
    Refused {
        offset,
        refusal: Refusal {
            reason: Reason::RefusedByStore,
            message: error.sentence(),
        },
    }
}

fn log_division(part: Part<'_>, error: &WriteError) {
    tracing::warn!(
        topic = part.range.topic.name(),
        partition = part.range.partition,
        from = part.from,
        to = part.to,
        error = error.sentence(),
        "range is divided"
    );
}

async fn wait(delay: Duration, abandon: &CancellationToken) -> Result<(), Abandoned> {
    tokio::select! {
        () = abandon.cancelled() => Err(Abandoned),
        () = tokio::time::sleep(delay) => Ok(()),
    }
}
