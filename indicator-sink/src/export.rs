//! Any view as a file: CSV, Parquet, Arrow, JSON lines, or the open-data form of IRVE.
//!
//! The database makes the format; the bytes pass through as they come.

use std::io::Write as _;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use clickhouse::Client;
use domain::calendar;
use domain::charge_point::Day;
use platform::telemetry::TelemetryArgs;

use crate::config::ClickHouseArgs;
use crate::literal;

/// Columns that say when a row is about, the first one that a view has decides.
const TIMES: [&str; 9] = [
    "window_start",
    "day",
    "month",
    "started_at",
    "event_time",
    "timestamp",
    "opened_at",
    "horodatage",
    "updated_at",
];

/// Flags of `export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// The view, for example `v_unit_day`, `v_irve_statique`, `v_irve_dynamique`
    #[arg(value_name = "VIEW", value_parser = view)]
    pub view: String,
    /// First day, Europe/Paris, of a view that has a time
    #[arg(long, value_name = "DAY", value_parser = literal::day)]
    pub from: Option<Day>,
    /// Last day, Europe/Paris
    #[arg(long, value_name = "DAY", value_parser = literal::day)]
    pub to: Option<Day>,
    /// Form of the file
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub format: Format,
    /// Flags about the database.
    #[command(flatten)]
    pub clickhouse: ClickHouseArgs,
    /// Flags about the log.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// Form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Comma-separated values with a head; null is empty. With the views `v_irve_…`: the open-data form
    Csv,
    /// Apache Parquet
    Parquet,
    /// Apache Arrow, stream
    Arrow,
    /// One JSON object per line
    Json,
}

impl Format {
    /// The name that ClickHouse gives it.
    fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSVWithNames",
            Self::Parquet => "Parquet",
            Self::Arrow => "ArrowStream",
            Self::Json => "JSONEachRow",
        }
    }
}

/// The name of an analyst view.
fn view(name: &str) -> Result<String, String> {
    let is_name = |text: &str| {
        text.chars()
            .all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_')
    };
    if name.starts_with("v_") && is_name(name) {
        return Ok(name.to_owned());
    }
    Err(format!(
        "{name} is not an analyst view: they are named v_…, see docs/data-dictionary.md"
    ))
}

/// Runs `indicator-sink export`.
///
/// # Errors
/// When the database refuses, or standard output breaks.
pub async fn command(args: &ExportArgs) -> anyhow::Result<()> {
    let client = args.clickhouse.client();
    let query = query(&client, &args.view, args.from, args.to).await?;
    // Open data: null is empty, and lines end as the schema's validators expect.
    let mut bytes = client
        .query_raw(&query)
        .with_setting("format_csv_null_representation", "")
        .fetch_bytes(args.format.name())
        .with_context(|| format!("exporting {}", args.view))?;
    let mut output = std::io::stdout().lock();
    while let Some(part) = bytes
        .next()
        .await
        .with_context(|| format!("exporting {}", args.view))?
    {
        output
            .write_all(&part)
            .context("writing to standard output")?;
    }
    output.flush().context("writing to standard output")
}

/// The query for a view, limited to days if it has a time.
///
/// # Errors
/// When there is no such view, or days are given and it has no time.
pub async fn query(
    client: &Client,
    view: &str,
    from: Option<Day>,
    to: Option<Day>,
) -> anyhow::Result<String> {
    let columns = client
        .query("SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = ? ORDER BY position")
        .bind(view)
        .fetch_all::<(String, String)>()
        .await
        .context("asking system.columns")?;
    anyhow::ensure!(
        !columns.is_empty(),
        "there is no view {view}: run `indicator-sink migrate`, or see docs/data-dictionary.md"
    );
    if from.is_none() && to.is_none() {
        return Ok(format!("SELECT * FROM {view}"));
    }
    let time = TIMES
        .iter()
        .find_map(|time| columns.iter().find(|(name, _)| name == time));
    let (name, kind) =
        time.with_context(|| format!("{view} has no time: leave out --from and --to"))?;
    let is_day = kind.starts_with("Date") && !kind.starts_with("DateTime");
    let bound = |day: Day| {
        if is_day {
            format!("toDate('{}')", literal::date(day))
        } else {
            literal::instant(calendar::start_of(day))
        }
    };
    let after = from.map(|day| format!("{name} >= {}", bound(day)));
    let before = to.map(|day| format!("{name} < {}", bound(Day(day.0 + 1))));
    let conditions: Vec<String> = after.into_iter().chain(before).collect();
    Ok(format!(
        "SELECT * FROM {view} WHERE {}",
        conditions.join(" AND ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_analyst_views_are_exported() {
        assert!(view("v_unit_day").is_ok());
        for wrong in ["charge_point", "v_a; DROP TABLE x", "v_é", "x_status"] {
            assert!(view(wrong).is_err(), "{wrong}");
        }
    }
}
