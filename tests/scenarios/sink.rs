//! The sink stores every record exactly once, also without `FINAL`: killed at every step, frozen, fenced, in
//! company, and with the database killed under it. The table of the statuses is a plain one here,
//! with a sum over it, since a replacing table would hide a copy.

mod crash;
mod fenced;
mod killer;
mod outage;

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::archive::Archive;
use e2e::service::Service;
use e2e::stack::{Stack, checked, free_ports};
use e2e::{statuses, topic, wait};

/// How long it may take until everything is stored.
const PATIENCE: Duration = Duration::from_mins(3);

/// Makes the table of statuses a plain one that refuses poison, and adds the sum.
const PLAIN: [&str; 5] = [
    "CREATE TABLE plain AS charge_point_status ENGINE = MergeTree \
     ORDER BY (source_partition, source_offset) \
     SETTINGS non_replicated_deduplication_window = 10000",
    "DROP TABLE charge_point_status SYNC",
    "RENAME TABLE plain TO charge_point_status",
    "CREATE TABLE status_sum (source_partition UInt16, rows UInt64) ENGINE = SummingMergeTree \
     ORDER BY source_partition SETTINGS non_replicated_deduplication_window = 10000",
    "CREATE MATERIALIZED VIEW status_sum_mv TO status_sum AS \
     SELECT source_partition, count() AS rows FROM charge_point_status GROUP BY source_partition",
];

/// Starts Kafka, registry and ClickHouse with topics, schemas and tables, the plain one among them.
async fn start() -> Result<(Stack, Archive)> {
    let stack = Stack::start(&[])?;
    for step in ["topics", "schemas"] {
        checked(&stack.run("stream-setup", &[step])?)?;
    }
    checked(&stack.run("indicator-sink", &["migrate", "--retention=off"])?)?;
    let archive = Archive::at(stack.clickhouse());
    for statement in PLAIN {
        archive.rows(statement).await?;
    }
    let refuse = format!(
        "ALTER TABLE charge_point_status ADD CONSTRAINT good CHECK submitted_by != '{}'",
        statuses::POISON
    );
    archive.rows(&refuse).await?;
    Ok((stack, archive))
}

/// Starts a sink; `clickhouse` is where it finds the database.
fn sink(
    stack: &Stack,
    name: &str,
    clickhouse: &str,
    settings: &[(&str, String)],
) -> Result<Service> {
    let [port] = free_ports()?;
    let mut all = vec![
        ("CLICKHOUSE_URL", clickhouse.to_owned()),
        ("SINK_INSTANCE_ID", name.to_owned()),
        ("SINK_ADMIN_LISTEN", format!("127.0.0.1:{port}")),
        ("SINK_FLUSH_INTERVAL_MS", "50".to_owned()),
        ("KAFKA_PROPERTIES", "session.timeout.ms=6000".to_owned()),
    ];
    all.extend_from_slice(settings);
    Service::spawn_with(stack, "indicator-sink", &all)
}

/// Waits until as many rows are stored as there have to be, or more.
async fn stored(archive: &Archive, rows: i64) -> Result<()> {
    wait::until("all rows", PATIENCE, async || {
        let found = archive
            .number("SELECT toInt64(count()) FROM charge_point_status")
            .await?;
        ensure!(found >= rows, "{found} rows of {rows}");
        Ok(())
    })
    .await
}

/// Waits until every partition of the statuses is audited up to its end.
async fn audited(archive: &Archive, records: i64) -> Result<()> {
    let query = "SELECT toInt64(sum(end)) FROM (SELECT max(to_offset) AS end FROM sink_batch \
                 WHERE topic = 'charge-point-status' GROUP BY partition)";
    wait::until("all audits", PATIENCE, async || {
        let found = archive.number(query).await?;
        ensure!(found == records, "{found} offsets of {records}");
        Ok(())
    })
    .await
}

/// Rows that are there more than once.
async fn copies(archive: &Archive) -> Result<i64> {
    archive
        .number(
            "SELECT toInt64(count() - uniqExact(source_partition, source_offset)) \
             FROM charge_point_status",
        )
        .await
}

/// The plain table, the sum over it and the audit all say `rows`, and no range is missing.
async fn compare(archive: &Archive, rows: i64) -> Result<()> {
    let questions = [
        ("rows", "SELECT toInt64(count()) FROM charge_point_status"),
        (
            "distinct rows",
            "SELECT toInt64(uniqExact(source_partition, source_offset)) FROM charge_point_status",
        ),
        ("sum", "SELECT toInt64(sum(rows)) FROM status_sum"),
        (
            "audited rows",
            "SELECT toInt64(sum(rows)) FROM sink_batch FINAL WHERE topic = 'charge-point-status'",
        ),
    ];
    for (what, query) in questions {
        let found = archive.number(query).await?;
        ensure!(found == rows, "{what}: {found}, expected {rows}");
    }
    let gaps = archive
        .number("SELECT toInt64(count()) FROM v_sink_gap")
        .await?;
    ensure!(gaps == 0, "{gaps} gaps in the audit");
    Ok(())
}

/// How many records topic `dead-letter` has, each counted once.
fn dead_letters(stack: &Stack) -> Result<usize> {
    let all = topic::read(&stack.kafka(), "dead-letter")?;
    let distinct: std::collections::BTreeSet<_> =
        all.into_iter().map(|record| record.value).collect();
    Ok(distinct.len())
}
