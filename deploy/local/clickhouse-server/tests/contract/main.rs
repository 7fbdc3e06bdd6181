//! What everything of ours relies on from a ClickHouse server, asked of the local one; or, with `CLICKHOUSE_URL`, of
//! that server. Tests in `process` always ask the local one, since they start, kill and restart it.

mod harness;
mod process;
mod rows;
mod tokens;
mod wire;
