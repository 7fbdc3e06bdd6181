//! The data dictionary: every table, view and column with its comment, as Markdown.
//!
//! It is made of what the database says of itself, so that it cannot say anything else. The file
//! `docs/data-dictionary.md` is compared with it by a test.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::Args;
use clickhouse::{Client, Row};
use platform::telemetry::TelemetryArgs;
use serde::Deserialize;

use crate::config::ClickHouseArgs;
use crate::literal::say;

const HEAD: &str = "# Data dictionary

Every table and view of ClickHouse with its columns. Written by the database:

```
indicator-sink dictionary > docs/data-dictionary.md
```

Read the views `v_…`: they hide withdrawn rows, lineage and other policies than the default one. The tables are upserts, read
them with `FINAL`. What the figures mean: [indicators.md](indicators.md); how to ask: [sample-queries.sql](sample-queries.sql).
";

/// Flags of `dictionary`.
#[derive(Debug, Clone, Args)]
pub struct DictionaryArgs {
    /// Flags about the database.
    #[command(flatten)]
    pub clickhouse: ClickHouseArgs,
    /// Flags about the log.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

#[derive(Debug, Row, Deserialize)]
struct Entry {
    table: String,
    comment: String,
    is_view: u8,
    key: String,
}

#[derive(Debug, Row, Deserialize)]
struct Column {
    table: String,
    name: String,
    r#type: String,
    comment: String,
}

/// Runs `indicator-sink dictionary`.
///
/// # Errors
/// When the database does not answer.
pub async fn command(args: &DictionaryArgs) -> anyhow::Result<()> {
    say(dictionary(&args.clickhouse.client()).await?.trim_end())
}

/// The dictionary of the database of `client`.
///
/// # Errors
/// When it does not answer.
pub async fn dictionary(client: &Client) -> anyhow::Result<String> {
    // A view that fills a table has that table's columns.
    let entries = "SELECT name AS table, comment, toUInt8(engine = 'View') AS is_view, sorting_key AS key \
                   FROM system.tables WHERE database = currentDatabase() AND engine != 'MaterializedView' \
                   ORDER BY engine != 'View' OR startsWith(name, 'x_'), startsWith(name, 'x_'), name";
    let entries = client.query_raw(entries).fetch_all::<Entry>().await;
    let entries = entries.context("asking system.tables")?;
    let columns = "SELECT table, name, type, comment FROM system.columns \
                   WHERE database = currentDatabase() ORDER BY table, position";
    let columns = client.query_raw(columns).fetch_all::<Column>().await;
    let columns = columns.context("asking system.columns")?;
    let mut text = HEAD.to_owned();
    for entry in &entries {
        let of_entry: Vec<_> = columns
            .iter()
            .filter(|column| column.table == entry.table)
            .collect();
        section(&mut text, entry, &of_entry).context("writing the dictionary")?;
    }
    Ok(text)
}

fn section(text: &mut String, entry: &Entry, columns: &[&Column]) -> std::fmt::Result {
    writeln!(text, "\n## {}\n\n{}", entry.table, entry.comment)?;
    if entry.is_view == 0 {
        writeln!(text, "\nKey: {}.", entry.key)?;
    }
    if columns.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n| column | type | meaning |\n|---|---|---|")?;
    for Column {
        name,
        r#type,
        comment,
        ..
    } in columns
    {
        writeln!(
            text,
            "| `{name}` | {type} | {} |",
            comment.replace('|', "\\|")
        )?;
    }
    Ok(())
}
