//! Truth against archive: charge point by charge point, hour by hour, episode by episode.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::archive::{Archive, Row};
use crate::copies::ExtraCopies;
use crate::fleet::Truth;

/// The columns that identify an hour, and those that stand beside the nested groups.
const HOUR_KEY: [&str; 4] = ["entity", "station_id", "charge_point_id", "window_start_ms"];
const HOUR_FIELDS: [&str; 4] = [
    "power_w",
    "state_at_end",
    "open_failures_at_end",
    "oldest_open_failure_ms",
];
const EPISODE_KEY: [&str; 4] = ["entity", "station_id", "charge_point_id", "opened_at_ms"];
const EPISODE_FIELDS: [&str; 8] = [
    "outcome",
    "closed_at_ms",
    "time_to_return_ms",
    "out_of_service_ms",
    "unknown_ms",
    "left_censored",
    "onset_uncertain",
    "unknown_inside",
];
/// Fields of the additive vector and of the station's own sweep.
const VECTOR_FIELDS: usize = 31;
const SWEEP_FIELDS: usize = 14;
/// How many differences are shown.
const SHOWN: usize = 10;

type Figures = BTreeMap<String, BTreeMap<String, Value>>;

/// Checks that every complete hour and every episode in the archive equals the truth, and that
/// neither side has one more.
///
/// # Errors
/// Shows the first differences.
pub async fn equal(archive: &Archive, truth: &Truth, extra: &ExtraCopies) -> Result<()> {
    let (points, stations): (Vec<&Row>, Vec<&Row>) = truth
        .hours
        .iter()
        .partition(|row| row["entity"] == "charge_point");
    let point = points.first().context("no hour of a charge point")?;
    let station = stations.first().context("no hour of a station")?;
    let vector = names(point, "vector", VECTOR_FIELDS)?;
    let sweep = names(station, "sweep", SWEEP_FIELDS)?;

    let mut expected = Figures::new();
    for row in &truth.hours {
        expected.insert(key(row, &HOUR_KEY), flat(row, &HOUR_FIELDS));
    }
    add_copies(&mut expected, &truth.hours, extra);
    let common = format!(
        "station_id, toInt64(toUnixTimestamp(window_start)) * 1000 AS window_start_ms, {}, {vector}",
        HOUR_FIELDS.join(", ")
    );
    let complete = "WHERE phase != 'provisional' AND policy = 'qc-1'";
    let mut found = Figures::new();
    for sql in [
        format!(
            "SELECT 'charge_point' AS entity, charge_point_id, {common} FROM charge_point_hour FINAL {complete}"
        ),
        format!(
            "SELECT 'station' AS entity, NULL AS charge_point_id, charge_points, {common}, {sweep} FROM station_hour FINAL {complete}"
        ),
    ] {
        insert_all(&mut found, archive.rows(&sql).await?, &HOUR_KEY);
    }
    same("hours", &expected, &found)?;
    episodes_equal(archive, truth).await
}

async fn episodes_equal(archive: &Archive, truth: &Truth) -> Result<()> {
    let expected = truth.episodes.iter();
    let expected = expected
        .map(|row| (key(row, &EPISODE_KEY), flat(row, &EPISODE_FIELDS)))
        .collect();
    let sql = "SELECT toString(entity_type) AS entity, station_id, nullIf(charge_point_id, '') AS charge_point_id, \
               toUnixTimestamp64Milli(opened_at) AS opened_at_ms, toString(outcome) AS outcome, \
               if(closed_at IS NULL, NULL, toUnixTimestamp64Milli(assumeNotNull(closed_at))) AS closed_at_ms, \
               time_to_return_ms, out_of_service_ms, unknown_ms, left_censored, onset_uncertain, unknown_inside \
               FROM failure_episode FINAL WHERE policy = 'qc-1'";
    let mut found = Figures::new();
    insert_all(&mut found, archive.rows(sql).await?, &EPISODE_KEY);
    same("episodes", &expected, &found)
}

/// The field names of a nested group, for a `SELECT`.
fn names(row: &Row, group: &str, length: usize) -> Result<String> {
    let fields = row[group]
        .as_object()
        .with_context(|| format!("no {group}"))?;
    ensure!(
        fields.len() == length,
        "{group} has {} fields, expected {length}",
        fields.len()
    );
    Ok(fields.keys().cloned().collect::<Vec<_>>().join(", "))
}

fn key(row: &Row, columns: &[&str]) -> String {
    let part = |column: &&str| match &row[*column] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    columns.iter().map(part).collect::<Vec<_>>().join(" ")
}

/// The named fields, those of the nested groups, and a station's number of charge points.
fn flat(row: &Row, fields: &[&str]) -> BTreeMap<String, Value> {
    let mut figures: BTreeMap<String, Value> = fields
        .iter()
        .map(|field| ((*field).to_owned(), row[*field].clone()))
        .collect();
    for group in ["vector", "sweep"] {
        if let Some(Value::Object(nested)) = row.get(group) {
            figures.extend(
                nested
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
        }
    }
    if let Some(points) = row.get("charge_points").filter(|points| !points.is_null()) {
        figures.insert("charge_points".to_owned(), points.clone());
    }
    figures
}

fn insert_all(figures: &mut Figures, rows: Vec<Row>, columns: &[&str]) {
    for mut row in rows {
        let key = key(&row, columns);
        for column in columns {
            row.remove(*column);
        }
        figures.insert(key, row.into_iter().collect());
    }
}

/// Adds the extra copies to the duplicates of the charge point's hour and of its station's.
fn add_copies(expected: &mut Figures, hours: &[Row], extra: &ExtraCopies) {
    for ((point, hour, field), copies) in extra {
        let of_hour = hours.iter().filter(|row| {
            row["charge_point_id"] == point.as_str() && row["window_start_ms"] == *hour
        });
        for row in of_hour {
            let mut station = row.clone();
            station.insert("entity".to_owned(), "station".into());
            station.insert("charge_point_id".to_owned(), Value::Null);
            for key in [key(row, &HOUR_KEY), key(&station, &HOUR_KEY)] {
                if let Some(Value::Number(counted)) = expected
                    .get_mut(&key)
                    .and_then(|figures| figures.get_mut(*field))
                {
                    *counted = (counted.as_i64().unwrap_or_default() + copies).into();
                }
            }
        }
    }
}

fn same(what: &str, expected: &Figures, found: &Figures) -> Result<()> {
    let mut report = String::new();
    let mut differences = 0;
    let keys: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    for key in keys {
        let difference = match (expected.get(key), found.get(key)) {
            (Some(_), None) => "missing in the archive".to_owned(),
            (None, Some(figures)) => format!("not in the truth: {figures:?}"),
            (Some(expected), Some(found)) if expected != found => unlike(expected, found),
            _ => continue,
        };
        differences += 1;
        if differences <= SHOWN {
            writeln!(report, "  {key}: {difference}")?;
        }
    }
    if differences == 0 {
        return Ok(());
    }
    bail!(
        "{differences} {what} differ ({} expected, {} found):\n{report}",
        expected.len(),
        found.len()
    )
}

fn unlike(expected: &BTreeMap<String, Value>, found: &BTreeMap<String, Value>) -> String {
    let fields: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    fields
        .into_iter()
        .filter(|field| expected.get(*field) != found.get(*field))
        .map(|field| {
            format!(
                "{field} {:?} != {:?}",
                expected.get(field),
                found.get(field)
            )
        })
        .collect::<Vec<_>>()
        .join(", ")
}
