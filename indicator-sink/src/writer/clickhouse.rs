//! Rows into ClickHouse: one `INSERT` per part, `RowBinary` with names and types, LZ4.

use std::time::Duration;

use clickhouse::error::Result as ClientResult;
use clickhouse::{Client, RowOwned, RowWrite};

use super::{Part, RowWriter, WriteError};
use crate::record::{Kept, Records};
use crate::row::{Archived, SinkBatchRow, Source};

/// Time that a block may take on its way into the socket.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// Time that the server may take to answer. It bounds how late a frozen process can still insert.
const END_TIMEOUT: Duration = Duration::from_mins(1);

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// As they are.
    Whole,
    /// Without payloads.
    Bare,
}

/// The name of a part: the same in every attempt, another one without payloads.
fn token(part: Part<'_>, form: Form) -> String {
    let token = part.range.token(part.from, part.to);
    match form {
        Form::Whole => token,
        Form::Bare => format!("{token}-bare"),
    }
}

/// Settings of every insert, which an operator may change.
#[derive(Debug, Clone, Copy)]
pub struct InsertSettings {
    /// Whether a quorum of replicas has to have the rows (`insert_quorum=auto`).
    pub is_replicated: bool,
}

/// The writer.
#[derive(Clone)]
pub struct ClickHouse {
    client: Client,
}

impl std::fmt::Debug for ClickHouse {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ClickHouse").finish_non_exhaustive()
    }
}

impl ClickHouse {
    /// A writer over `client`, which names the database.
    pub fn new(client: Client, settings: InsertSettings) -> Self {
        let mut client = client
            // Written when acknowledged; rows are batched here, not in the server.
            .with_setting("async_insert", "0")
            // A block whose token the table knows is dropped, in dependent views as well.
            .with_setting("insert_deduplicate", "1")
            .with_setting("deduplicate_blocks_in_dependent_materialized_views", "1")
            // The sink bounds the days of a range itself.
            .with_setting("max_partitions_per_insert_block", "0");
        if settings.is_replicated {
            client = client.with_setting("insert_quorum", "auto");
        }
        Self { client }
    }

    async fn insert<T: Archived>(
        &self,
        kept: &[Kept<T>],
        part: Part<'_>,
        form: Form,
    ) -> ClientResult<()> {
        let start = kept.partition_point(|kept| kept.offset < part.from);
        let end = kept.partition_point(|kept| kept.offset < part.to);
        let kept = kept.get(start..end).unwrap_or_default();
        if kept.is_empty() {
            return Ok(());
        }
        let mut insert = self
            .client
            .insert::<T::Row>(T::TABLE)
            .await?
            .with_setting("insert_deduplication_token", token(part, form))
            .with_timeouts(Some(SEND_TIMEOUT), Some(END_TIMEOUT));
        for kept in kept {
            let source = Source {
                topic: part.range.topic.name(),
                partition: u16::try_from(part.range.partition).unwrap_or(u16::MAX),
                offset: u64::try_from(kept.offset).unwrap_or(0),
            };
            let row = match form {
                Form::Whole => kept.record.row(source),
                Form::Bare => kept.record.bare_row(source),
            };
            insert.write(&row).await?;
        }
        insert.end().await
    }

    /// Inserts rows that own what they hold, under the name `token`.
    ///
    /// # Errors
    /// What the client said.
    pub async fn insert_owned<R: RowOwned + RowWrite>(
        &self,
        table: &str,
        rows: &[R],
        token: &str,
    ) -> ClientResult<()> {
        let mut insert = self
            .client
            .insert::<R>(table)
            .await?
            .with_setting("insert_deduplication_token", token)
            .with_timeouts(Some(SEND_TIMEOUT), Some(END_TIMEOUT));
        for row in rows {
            insert.write(row).await?;
        }
        insert.end().await
    }

    async fn insert_part(&self, part: Part<'_>, form: Form) -> ClientResult<()> {
        match &part.range.records {
            Records::ChargePoint(kept) => self.insert(kept, part, form).await,
            Records::ChargePointStatus(kept) => self.insert(kept, part, form).await,
            Records::ChargeSession(kept) => self.insert(kept, part, form).await,
            Records::ChargePointIndicator(kept) => self.insert(kept, part, form).await,
            Records::StationIndicator(kept) => self.insert(kept, part, form).await,
            Records::FailureEpisode(kept) => self.insert(kept, part, form).await,
            Records::DeadLetter(kept) | Records::LateEvent(kept) => {
                self.insert(kept, part, form).await
            }
        }
    }

    /// Forgets the columns of tables after a failure: a migration may have changed them meanwhile.
    async fn failed(&self, table: &'static str, source: clickhouse::error::Error) -> WriteError {
        if matches!(source, clickhouse::error::Error::SchemaMismatch(_)) {
            self.client.clear_cached_metadata().await;
        }
        WriteError { table, source }
    }
}

impl RowWriter for ClickHouse {
    async fn write(&self, part: Part<'_>) -> Result<(), WriteError> {
        match self.insert_part(part, Form::Whole).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.failed(part.range.topic.table(), error).await),
        }
    }

    async fn write_bare(&self, part: Part<'_>) -> Result<(), WriteError> {
        match self.insert_part(part, Form::Bare).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.failed(part.range.topic.table(), error).await),
        }
    }

    async fn is_audited(&self, row: &SinkBatchRow) -> Result<bool, WriteError> {
        let query = "SELECT count() FROM sink_batch WHERE consumer_group = ? AND topic = ? \
                     AND partition = ? AND table_name = ? AND from_offset = ? AND to_offset = ?";
        let count = self
            .client
            .query(query)
            .bind(&row.consumer_group)
            .bind(&row.topic)
            .bind(row.partition)
            .bind(&row.table_name)
            .bind(row.from_offset)
            .bind(row.to_offset)
            .fetch_one::<u64>()
            .await;
        match count {
            Ok(count) => Ok(count > 0),
            Err(error) => Err(self.failed("sink_batch", error).await),
        }
    }

    async fn audit(&self, rows: &[SinkBatchRow], token: &str) -> Result<(), WriteError> {
        match self.insert_owned("sink_batch", rows, token).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.failed("sink_batch", error).await),
        }
    }
}
