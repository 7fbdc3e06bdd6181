//! Tables that no topic feeds: territories, and operational units.
//!
//! `territory` is loaded from the committed file, which `deploy/clickhouse/seed/territory.py` makes.
//! `operational_unit` is loaded from a file of the operator of this system, or, as long as there is
//! none, derived from the directory. Loading the same twice changes nothing.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use clickhouse::Client;
use platform::telemetry::TelemetryArgs;

use crate::config::ClickHouseArgs;
use crate::literal::say;
use crate::migrate::checksum;

/// Country, regions, departments, EPCI and municipalities, tab-separated with a head.
const TERRITORIES: &str = include_str!("../../deploy/clickhouse/seed/territory.tsv");

/// Rows of units that are derived have version 0: any file wins.
const DERIVED_UNITS: &str = "INSERT INTO operational_unit (code, name, version) \
     SELECT operational_unit, argMax(nom_operateur, (entries, nom_operateur)), 0 \
     FROM (SELECT operational_unit, nom_operateur, count() AS entries FROM charge_point FINAL \
           GROUP BY operational_unit, nom_operateur) \
     GROUP BY operational_unit \
     HAVING operational_unit NOT IN (SELECT code FROM operational_unit FINAL WHERE version > 0)";

/// Flags of `seed`.
#[derive(Debug, Clone, Args)]
pub struct SeedArgs {
    /// File with the operational units: CSV with the head
    /// code,name,amenageur,exploitant,type,status,version, versions from 1 on; without it, what the
    /// directory tells
    #[arg(long, value_name = "PATH")]
    pub units: Option<PathBuf>,
    /// Flags about the database.
    #[command(flatten)]
    pub clickhouse: ClickHouseArgs,
    /// Flags about the log.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// Runs `indicator-sink seed`.
///
/// # Errors
/// When a file cannot be read or the database refuses it.
pub async fn command(args: &SeedArgs) -> anyhow::Result<()> {
    let client = args.clickhouse.client();
    seed_territories(&client).await?;
    let units = match &args.units {
        None => None,
        Some(path) => Some(
            std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?,
        ),
    };
    seed_units(&client, units.as_deref()).await?;
    for table in ["territory", "operational_unit"] {
        let query = format!("SELECT count() FROM {table} FINAL");
        let rows: u64 = client.query_raw(&query).fetch_one().await?;
        say(&format!("{table}: {rows} rows"))?;
    }
    Ok(())
}

/// Loads the territories.
///
/// # Errors
/// What the database said.
pub async fn seed_territories(client: &Client) -> anyhow::Result<()> {
    insert(client, "territory", "TSVWithNames", TERRITORIES).await
}

/// Loads the operational units of a file, and derives the others from the directory.
///
/// # Errors
/// What the database said.
pub async fn seed_units(client: &Client, file: Option<&str>) -> anyhow::Result<()> {
    if let Some(file) = file {
        insert(client, "operational_unit", "CSVWithNames", file).await?;
    }
    let derived = client.query_raw(DERIVED_UNITS).execute().await;
    derived.context("deriving operational units from the directory")
}

/// Inserts a text with a head; the same text again is dropped by its token.
async fn insert(client: &Client, table: &str, format: &str, text: &str) -> anyhow::Result<()> {
    let columns = text.lines().next().unwrap_or_default().replace('\t', ",");
    let token = format!("{table}-{}", checksum(text));
    let statement = format!("INSERT INTO {table} ({columns}) FORMAT {format}");
    let mut body = client
        .insert_formatted_with(statement)
        .with_setting("insert_deduplication_token", token)
        .buffered();
    body.write_buffered(text.as_bytes());
    let done = body.end().await;
    done.with_context(|| format!("loading table {table}: has `indicator-sink migrate` been run"))
}
