//! Where rows go: one insert for a part of a range, one for the audit of ranges.

mod clickhouse;
mod recording;

pub use self::clickhouse::{ClickHouse, InsertSettings};
pub use recording::RecordingWriter;

use crate::batch::Range;
use crate::disposition::{self, Disposition};
use crate::row::SinkBatchRow;

/// A part of a range: the records with offsets in `[from, to)`.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    /// The range.
    pub range: &'a Range,
    /// The first offset.
    pub from: i64,
    /// The offset after it.
    pub to: i64,
}

/// An insert that failed, or whose outcome is not known.
#[derive(Debug, thiserror::Error)]
#[error("insert into {table} failed")]
pub struct WriteError {
    /// The table.
    pub table: &'static str,
    /// What the client said.
    pub source: ::clickhouse::error::Error,
}

impl WriteError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        disposition::of(&self.source)
    }

    /// It as a sentence with its cause.
    pub fn sentence(&self) -> String {
        format!("{self}: {}", self.source)
    }
}

/// Writes rows. The same part written twice is in the table once.
pub trait RowWriter: Send + Sync + 'static {
    /// Writes the rows of `part`, all or none, and returns when they can be read.
    fn write(&self, part: Part<'_>) -> impl Future<Output = Result<(), WriteError>> + Send;

    /// Writes the rows of `part` without payloads, for records that are refused with them.
    fn write_bare(&self, part: Part<'_>) -> impl Future<Output = Result<(), WriteError>> + Send;

    /// Whether the audit of this range, by this group, is there.
    fn is_audited(
        &self,
        row: &SinkBatchRow,
    ) -> impl Future<Output = Result<bool, WriteError>> + Send;

    /// Writes the audit of ranges under the name `token`.
    fn audit(
        &self,
        rows: &[SinkBatchRow],
        token: &str,
    ) -> impl Future<Output = Result<(), WriteError>> + Send;
}
