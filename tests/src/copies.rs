//! Copies that reached the log beyond the plan: what a retry after a crash may add. They may change
//! the duplicate counts and nothing else.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::archive::Archive;

const HOUR_MS: i64 = 3_600_000;
/// A record beyond this is in the archive, but no longer counted: window end + 25 h.
const COUNTED_MS: i64 = 26 * HOUR_MS;

/// The two kinds of event, and where their copies are counted.
const KINDS: [Kind; 2] = [
    Kind {
        name: "status",
        table: "charge_point_status",
        instant: "event_time",
        field: "duplicate_statuses",
    },
    Kind {
        name: "session",
        table: "charge_session",
        instant: "started_at",
        field: "duplicate_sessions",
    },
];

struct Kind {
    name: &'static str,
    table: &'static str,
    instant: &'static str,
    field: &'static str,
}

/// The number of extra copies, by charge point, hour (its start, ms) and field that counts them.
pub type ExtraCopies = BTreeMap<(String, i64, &'static str), i64>;

/// Compares the raw archive with the planned deliveries.
///
/// # Errors
/// Fails when the archive holds less than the plan for any charge point and hour.
pub async fn extra_copies(archive: &Archive, deliveries: &[Value]) -> Result<ExtraCopies> {
    let mut extra = ExtraCopies::new();
    for kind in &KINDS {
        let mut planned = planned(kind, deliveries)?;
        let Kind { table, instant, .. } = kind;
        let sql = format!(
            "SELECT charge_point_id, toInt64(toUnixTimestamp(toStartOfHour({instant}))) * 1000 AS hour, \
             count() AS copies FROM {table} FINAL \
             WHERE toUnixTimestamp64Milli(received_at) < hour + {COUNTED_MS} GROUP BY charge_point_id, hour"
        );
        for row in archive.rows(&sql).await? {
            let point = row["charge_point_id"]
                .as_str()
                .context("a charge point")?
                .to_owned();
            let key = (point, row["hour"].as_i64().context("an hour")?, kind.field);
            let more =
                row["copies"].as_i64().context("a count")? - planned.remove(&key).unwrap_or(0);
            ensure!(more >= 0, "{key:?} lacks {} records", -more);
            if more > 0 {
                extra.insert(key, more);
            }
        }
        ensure!(
            planned.is_empty(),
            "no {} of {} planned hours arrived",
            kind.name,
            planned.len()
        );
    }
    Ok(extra)
}

fn planned(kind: &Kind, deliveries: &[Value]) -> Result<ExtraCopies> {
    let mut planned = ExtraCopies::new();
    let valid = |delivery: &&Value| delivery["kind"] == kind.name && delivery["valid"] == true;
    for delivery in deliveries.iter().filter(valid) {
        let item = &delivery["item"];
        let point = item["id_pdc_itinerance"]
            .as_str()
            .context("a charge point")?
            .to_owned();
        let instant = item.get("horodatage").unwrap_or(&item["start"]).as_str();
        let instant: jiff::Timestamp = instant.context("an instant")?.parse()?;
        let hour = instant.as_millisecond().div_euclid(HOUR_MS) * HOUR_MS;
        if delivery["received_at_ms"].as_i64().context("a reception")? < hour + COUNTED_MS {
            *planned.entry((point, hour, kind.field)).or_default() += 1;
        }
    }
    Ok(planned)
}
