//! What tasks report back to the thread that owns the consumer, and the tasks that only ask.

use std::sync::mpsc::Sender;
use std::time::Duration;

use platform::avro::{RegistryClient, RegistryError};
use platform::backoff::Backoff;
use platform::kafka::consumer::TopicPartition;
use tokio::time::Instant;

use super::lanes::Key;
use super::probe::Found;
use crate::commit::{Commits, Positions, ReadError};
use crate::delivery::{News, Stopped};
use crate::disposition::{Reason, Refusal};
use crate::intent::UnknownIntent;
use crate::topic::Topic;

/// Time for which a schema id that the registry does not know is asked for again.
const UNKNOWN_PATIENCE: Duration = Duration::from_mins(1);

/// How long to wait before positions are asked for again.
const POSITIONS_WAIT: Duration = Duration::from_secs(1);

/// A lane in one of its lives: a partition may go and come back.
pub(super) type Life = (Key, u64);

/// For whom positions were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// For partitions that become ours, in this assignment.
    Assignment(u64),
    /// For a lane that begins anew.
    Lane(Life),
}

/// What a task reports.
#[derive(Debug)]
pub(super) enum Report {
    /// A range is on its way.
    News(Life, News),
    /// A range is committed up to this offset, or not.
    Ended(Life, Result<i64, Stopped>),
    /// Where partitions stand.
    Positions(Asked, Result<Positions, UnknownIntent>),
    /// What is left of an intended range from this offset on.
    Probed(Life, i64, anyhow::Result<Found>),
    /// Where a partition ends.
    End(Life, Option<i64>),
    /// A schema was fetched, or never will be.
    Schema {
        topic: Topic,
        id: u32,
        schema: Result<String, Refusal>,
    },
}

/// The thread outlives its tasks, except at the end, when nobody asks any more.
pub(super) fn report(sender: &Sender<Report>, report: Report) {
    if sender.send(report).is_err() {
        tracing::debug!("a task ended after the sink");
    }
}

/// Fetches a schema, however long the registry is away.
pub(super) async fn fetch_schema(registry: &RegistryClient, id: u32) -> Result<String, Refusal> {
    let start = Instant::now();
    let mut attempt = 0;
    loop {
        let error = match registry.schema_by_id(id).await {
            Ok(schema) => return Ok(schema),
            Err(error) => error,
        };
        let is_unknown = matches!(error, RegistryError::UnknownId { .. });
        if is_unknown && start.elapsed() >= UNKNOWN_PATIENCE {
            return Err(Refusal {
                reason: Reason::UnknownSchema,
                message: error.to_string(),
            });
        }
        tracing::warn!(id, attempt, %error, "schema was not fetched, its partition waits");
        tokio::time::sleep(Backoff::STANDARD.delay(attempt)).await;
        attempt += 1;
    }
}

/// Reads where partitions stand, however long the coordinator is away; none when the sink leaves.
pub(super) async fn read_positions(
    commits: &Commits,
    of: Vec<TopicPartition>,
) -> Option<Result<Positions, UnknownIntent>> {
    loop {
        match commits.positions(of.clone()).await {
            Ok(positions) => return Some(Ok(positions)),
            Err(ReadError::Unknown(error)) => return Some(Err(error)),
            Err(ReadError::Ended) => return None,
            Err(ReadError::Kafka(error)) => {
                tracing::warn!(%error, "committed offsets cannot be read");
            }
        }
        tokio::time::sleep(POSITIONS_WAIT).await;
    }
}
