//! What tasks report back to the thread that owns the consumer, and the schema task.

use std::time::Duration;

use platform::avro::{RegistryClient, RegistryError};
use platform::backoff::Backoff;
use tokio::time::Instant;

use super::lanes::Key;
use crate::batch::Range;
use crate::delivery::{Abandoned, Stored};
use crate::disposition::{Reason, Refusal};
use crate::topic::Topic;

/// Time for which a schema id that the registry does not know is asked for again.
const UNKNOWN_PATIENCE: Duration = Duration::from_mins(1);

/// A lane in one of its lives: a partition may go and come back.
pub(super) type Life = (Key, u64);

/// What a task reports.
#[derive(Debug)]
pub(super) enum Report {
    /// A range is stored, or was abandoned.
    Delivered {
        life: Life,
        range: Box<Range>,
        result: Result<Stored, Abandoned>,
    },
    /// The audit of ranges is stored: their lanes and next offsets.
    Audited(Vec<(Life, i64)>),
    /// A schema was fetched, or never will be.
    Schema {
        topic: Topic,
        id: u32,
        schema: Result<String, Refusal>,
    },
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
