//! What the database says of itself: parts, and the roll-ups that it makes by itself.

use std::time::Duration;

use clickhouse::{Client, Row};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(30);

/// The greatest number of active parts of a partition, by table.
const PARTS: &str = "SELECT table, max(parts) AS parts FROM (\
                     SELECT table, partition_id, count() AS parts FROM system.parts \
                     WHERE database = currentDatabase() AND active GROUP BY table, partition_id) \
                     GROUP BY table ORDER BY table";

/// Seconds since the last success of each refreshable view, and whether the last try failed.
const REFRESHES: &str = "SELECT view, toFloat64(dateDiff('second', \
                         ifNull(last_success_time, toDateTime(0)), now())) AS age_seconds, \
                         exception != '' AS is_failing \
                         FROM system.view_refreshes \
                         WHERE database = currentDatabase() ORDER BY view";

/// Hours whose roll-up is not the sum of its base, once there is a view for that.
const MISMATCHES: &str = "SELECT count() FROM v_rollup_mismatch";

#[derive(Debug, Row, Deserialize)]
struct Parts {
    table: String,
    parts: u64,
}

#[derive(Debug, Row, Deserialize)]
struct Refresh {
    view: String,
    age_seconds: f64,
    is_failing: bool,
}

/// Asks until `until` is cancelled.
///
/// # Errors
/// Never: what cannot be asked is asked again.
pub async fn run(client: Client, metrics: Metrics, until: CancellationToken) -> anyhow::Result<()> {
    loop {
        let asked = until.run_until_cancelled(ask(&client, &metrics)).await;
        match asked {
            None => return Ok(()),
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::debug!(%error, "the database says nothing of itself"),
        }
        let waited = until.run_until_cancelled(tokio::time::sleep(EVERY)).await;
        if waited.is_none() {
            return Ok(());
        }
    }
}

/// Asks once and shows the answers.
///
/// # Errors
/// When the database does not answer.
pub async fn ask(client: &Client, metrics: &Metrics) -> clickhouse::error::Result<()> {
    for Parts { table, parts } in client.query_raw(PARTS).fetch_all::<Parts>().await? {
        let parts = i64::try_from(parts).unwrap_or(i64::MAX);
        metrics
            .partition_parts
            .with_label_values(&[&table])
            .set(parts);
    }
    let refreshes = client.query_raw(REFRESHES).fetch_all::<Refresh>().await?;
    for refresh in &refreshes {
        let view = &[refresh.view.as_str()];
        let age = &metrics.rollup_age;
        age.with_label_values(view).set(refresh.age_seconds);
        let failures = metrics.rollup_failures.with_label_values(view);
        failures.inc_by(u64::from(refresh.is_failing));
    }
    if !refreshes.is_empty() {
        let mismatches: u64 = client.query_raw(MISMATCHES).fetch_one().await?;
        let mismatches = i64::try_from(mismatches).unwrap_or(i64::MAX);
        metrics.rollup_mismatches.set(mismatches);
    }
    Ok(())
}
