//! The audit of ranges: a row of `sink_batch` for each, several in one insert, since every insert
//! costs the server about as much as a thousand rows.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};
use uuid::Uuid;

use crate::disposition::Disposition;
use crate::health::Health;
use crate::row::SinkBatchRow;
use crate::writer::{RowWriter, WriteError};

/// The table.
pub const TABLE: &str = "sink_batch";

/// Rows of a range from which its audit is not waited with: the cost does not matter then.
const LARGE: u32 = 5_000;

struct Job {
    row: SinkBatchRow,
    done: oneshot::Sender<()>,
}

/// Writes audits. Clones share it.
#[derive(Debug, Clone)]
pub struct Auditor {
    // Bounded by the ranges on their way, one per partition.
    jobs: mpsc::UnboundedSender<Job>,
}

impl Auditor {
    /// Starts a task that collects audits for `patience` at the most.
    pub fn start<W: RowWriter>(
        writer: Arc<W>,
        health: Health,
        patience: Duration,
        runtime: &Handle,
    ) -> Self {
        let (jobs, queue) = mpsc::unbounded_channel();
        runtime.spawn(work(writer, health, patience, queue));
        Self { jobs }
    }

    /// Writes the audit of a range; none when nobody writes any more.
    pub async fn audit(&self, row: SinkBatchRow) -> Option<()> {
        let (done, is_done) = oneshot::channel();
        self.jobs.send(Job { row, done }).ok()?;
        is_done.await.ok()
    }
}

async fn work<W: RowWriter>(
    writer: Arc<W>,
    health: Health,
    patience: Duration,
    mut queue: mpsc::UnboundedReceiver<Job>,
) {
    while let Some(first) = queue.recv().await {
        let deadline = Instant::now() + patience;
        let mut jobs = vec![first];
        while jobs.iter().all(|job| job.row.rows < LARGE) {
            tokio::select! {
                () = sleep_until(deadline) => break,
                more = queue.recv() => match more {
                    Some(job) => jobs.push(job),
                    None => break,
                },
            }
        }
        while let Ok(job) = queue.try_recv() {
            jobs.push(job);
        }
        if write(writer.as_ref(), &health, &jobs).await {
            for job in jobs {
                if job.done.send(()).is_err() {
                    tracing::debug!("an audit was written for an abandoned range");
                }
            }
        }
    }
}

/// Writes the audits of `jobs`, however often it takes; false when nobody waits for them any more.
async fn write<W: RowWriter>(writer: &W, health: &Health, jobs: &[Job]) -> bool {
    let (mut attempt, since) = (0, Instant::now());
    loop {
        let error = match try_write(writer, jobs).await {
            Ok(()) => {
                health.store_works(TABLE);
                return true;
            }
            Err(error) => error,
        };
        attempt += 1;
        // There is nothing in an audit that could be divided or set aside.
        let disposition = match error.disposition().after(attempt) {
            Disposition::Data => Disposition::Configuration,
            other => other,
        };
        health.store_fails(TABLE, disposition, since.elapsed());
        let (reason, error) = (disposition.word(), error.sentence());
        tracing::warn!(attempt, reason, error, "audit was not written");
        if jobs.iter().all(|job| job.done.is_closed()) {
            return false;
        }
        sleep(disposition.delay(attempt)).await;
    }
}

async fn try_write<W: RowWriter>(writer: &W, jobs: &[Job]) -> Result<(), WriteError> {
    let mut rows = Vec::with_capacity(jobs.len());
    for job in jobs {
        // An earlier attempt may have come as far as here, with other ranges beside it.
        if !(job.row.replayed && writer.is_audited(&job.row).await?) {
            rows.push(job.row.clone());
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    writer.audit(&rows, &token(&rows)).await
}

/// One name for the audits of the same ranges, whoever writes them.
fn token(rows: &[SinkBatchRow]) -> String {
    let name = |row: &SinkBatchRow| {
        let (group, topic, partition) = (&row.consumer_group, &row.topic, row.partition);
        let (from, to) = (row.from_offset, row.to_offset);
        format!("{group}-{topic}-{partition}-{from}-{to}")
    };
    let names: Vec<_> = rows.iter().map(name).collect();
    match names.as_slice() {
        [one] => one.clone(),
        _ => Uuid::new_v5(&Uuid::NAMESPACE_OID, names.join("\n").as_bytes()).to_string(),
    }
}
