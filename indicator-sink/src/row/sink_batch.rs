//! Table `sink_batch`: one range of records that was written.

use clickhouse::Row;
use serde::{Deserialize, Serialize};

/// A row of `sink_batch`.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "each field is the column of that name, documented by its comment"
)]
pub struct SinkBatchRow {
    pub consumer_group: String,
    pub topic: String,
    pub partition: u16,
    pub table_name: String,
    pub from_offset: u64,
    pub to_offset: u64,
    pub rows: u32,
    pub dead_letters: u32,
    pub nulls: u32,
    pub bytes: u64,
    pub first_timestamp: i64,
    pub last_timestamp: i64,
    pub replayed: bool,
    pub split: bool,
    pub instance: String,
}
