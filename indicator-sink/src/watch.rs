//! What the database says of itself: parts, and the roll-ups that it makes by itself.

use std::collections::BTreeMap;
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

/// Seconds since the last success of each refreshable view, and when its last try failed, 0 if it did
/// not or if another one is under way.
const REFRESHES: &str = "SELECT view, toFloat64(dateDiff('second', \
                         ifNull(last_success_time, toDateTime(0)), now())) AS age_seconds, \
                         if(exception != '' AND status != 'Running', \
                         toUnixTimestamp(ifNull(last_refresh_time, toDateTime(0))), 0) AS failed_at \
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
    failed_at: u32,
}

/// When each view failed last, so that a failure is counted once, however often it is looked at.
#[derive(Debug, Default)]
struct Failures {
    last: BTreeMap<String, u32>,
}

impl Failures {
    /// Notes that the last try of `view` failed at `failed_at`, in seconds since the epoch, 0 if it did
    /// not. Returns whether that is a failure not seen before.
    fn is_new(&mut self, view: &str, failed_at: u32) -> bool {
        failed_at > 0 && self.last.insert(view.to_owned(), failed_at) != Some(failed_at)
    }
}

/// Asks until `until` is cancelled.
///
/// # Errors
/// Never: what cannot be asked is asked again.
pub async fn run(client: Client, metrics: Metrics, until: CancellationToken) -> anyhow::Result<()> {
    let mut failures = Failures::default();
    loop {
        let ask = ask(&client, &metrics, &mut failures);
        let asked = until.run_until_cancelled(ask).await;
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
async fn ask(
    client: &Client,
    metrics: &Metrics,
    failures: &mut Failures,
) -> clickhouse::error::Result<()> {
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
        let is_new = failures.is_new(&refresh.view, refresh.failed_at);
        let counter = metrics.rollup_failures.with_label_values(view);
        counter.inc_by(u64::from(is_new));
    }
    if !refreshes.is_empty() {
        let mismatches: u64 = client.query_raw(MISMATCHES).fetch_one().await?;
        let mismatches = i64::try_from(mismatches).unwrap_or(i64::MAX);
        metrics.rollup_mismatches.set(mismatches);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_counted_once_and_the_next_one_again() {
        let mut failures = Failures::default();
        let looks = [
            ("a", 0),
            ("a", 7),
            ("a", 7),
            ("b", 7),
            ("a", 0),
            ("a", 7),
            ("a", 9),
        ];
        let new = looks.map(|(view, failed_at)| failures.is_new(view, failed_at));
        assert_eq!(new, [false, true, false, true, false, false, true]);
    }
}
