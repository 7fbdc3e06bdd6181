//! Roll-ups: what the refreshable views compute, and the same for days that a person names.
//!
//! A view recomputes what was touched since its watermark, from the base with `FINAL`, and writes
//! whole rows: nothing is ever added to a sum, so a correction cannot count twice. `rebuild` runs the
//! same `SELECT`s day by day, for a new policy, a corrected directory, or a database that was away
//! for more than a day; its rows carry the watermark of the target plus 1 ms, so that they win and
//! yet no change that the view has not seen is passed over. `verify` compares the lineage columns of
//! `unit_hour` with the base and, if asked, rebuilds the days that differ.

use anyhow::Context as _;
use clap::{Args, Subcommand};
use clickhouse::{Client, Row};
use domain::calendar;
use domain::charge_point::Day;
use platform::telemetry::TelemetryArgs;
use serde::Deserialize;

use crate::config::ClickHouseArgs;
use crate::literal::{self, say};
use crate::migrate::render;

/// One roll-up.
#[derive(Debug, Clone, Copy)]
pub struct Rollup {
    /// Its name: that of its file, and of its view without `_rmv`.
    pub name: &'static str,
    /// The table that it fills.
    pub target: &'static str,
    /// Its `SELECT`, with marks; it reads `touched`.
    select: &'static str,
    /// `touched` for the days from `{from}` to before `{to}`, both instants.
    touched: &'static str,
}

/// All roll-ups, each after those that it reads.
pub const ROLLUPS: [Rollup; 6] = [
    Rollup {
        name: "distinct_session",
        target: "distinct_session",
        select: include_str!("../../deploy/clickhouse/rollup/distinct_session.sql"),
        touched: "SELECT operational_unit, charge_point_id, {from} AS lo, {to} - INTERVAL 1 MILLISECOND AS hi \
                  FROM charge_session WHERE started_at >= {from} AND started_at < {to} \
                  GROUP BY operational_unit, charge_point_id",
    },
    Rollup {
        name: "unit_hour",
        target: "unit_hour",
        select: include_str!("../../deploy/clickhouse/rollup/unit_hour.sql"),
        touched: "SELECT policy, operational_unit, window_start FROM charge_point_hour \
                  WHERE window_start >= {from} AND window_start < {to} AND phase != 'provisional' \
                  UNION DISTINCT SELECT policy, operational_unit, window_start FROM station_hour \
                  WHERE window_start >= {from} AND window_start < {to} AND phase != 'provisional' \
                  UNION DISTINCT SELECT policy, operational_unit, toStartOfHour(started_at) AS window_start \
                  FROM distinct_session WHERE started_at >= {from} AND started_at < {to} \
                  UNION DISTINCT SELECT policy, operational_unit, window_start FROM unit_hour \
                  WHERE window_start >= {from} AND window_start < {to}",
    },
    Rollup {
        name: "territory_hour",
        target: "territory_hour",
        select: include_str!("../../deploy/clickhouse/rollup/territory_hour.sql"),
        touched: "SELECT policy, window_start FROM unit_hour \
                  WHERE window_start >= {from} AND window_start < {to} \
                  UNION DISTINCT SELECT policy, window_start FROM territory_hour \
                  WHERE window_start >= {from} AND window_start < {to}",
    },
    Rollup {
        name: "unit_day",
        target: "unit_day",
        select: include_str!("../../deploy/clickhouse/rollup/unit_day.sql"),
        touched: "SELECT DISTINCT policy, operational_unit, toDate(window_start, 'Europe/Paris') AS day \
                  FROM unit_hour WHERE window_start >= {from} AND window_start < {to} \
                  UNION DISTINCT SELECT policy, operational_unit, day FROM unit_day \
                  WHERE day >= toDate({from}, 'Europe/Paris') AND day < toDate({to}, 'Europe/Paris')",
    },
    Rollup {
        name: "territory_day",
        target: "territory_day",
        select: include_str!("../../deploy/clickhouse/rollup/territory_day.sql"),
        touched: DAYS_OF_TERRITORIES,
    },
    Rollup {
        name: "territory_day_epci",
        target: "territory_day",
        select: include_str!("../../deploy/clickhouse/rollup/territory_day_epci.sql"),
        touched: DAYS_OF_TERRITORIES,
    },
];

const DAYS_OF_TERRITORIES: &str = "SELECT DISTINCT policy, toDate(window_start, 'Europe/Paris') AS day \
     FROM unit_hour WHERE window_start >= {from} AND window_start < {to} \
     UNION DISTINCT SELECT policy, day FROM territory_day \
     WHERE day >= toDate({from}, 'Europe/Paris') AND day < toDate({to}, 'Europe/Paris')";

/// The `SELECT` of a refreshable view, with marks; `None` when there is no such view.
pub fn select(name: &str) -> Option<&'static str> {
    if name == "latest_status" {
        return Some(include_str!(
            "../../deploy/clickhouse/rollup/latest_status.sql"
        ));
    }
    let found = ROLLUPS.iter().find(|rollup| rollup.name == name);
    found.map(|rollup| rollup.select)
}

/// Flags of `rollup`.
#[derive(Debug, Clone, Args)]
pub struct RollupArgs {
    /// What to do.
    #[command(subcommand)]
    pub action: RollupAction,
    /// Flags about the log.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// What to do with roll-ups.
#[derive(Debug, Clone, Subcommand)]
pub enum RollupAction {
    /// Compute the sessions and roll-ups of whole days again
    Rebuild(RebuildArgs),
    /// Compare the roll-ups with their base; leave with 1 when they differ
    Verify(VerifyArgs),
}

/// Flags of `rollup rebuild`.
#[derive(Debug, Clone, Args)]
pub struct RebuildArgs {
    /// First day, Europe/Paris, for example 2026-03-29
    #[arg(long, value_name = "DAY", value_parser = literal::day)]
    pub from: Day,
    /// Last day, Europe/Paris
    #[arg(long, value_name = "DAY", value_parser = literal::day)]
    pub to: Day,
    /// Flags about the database.
    #[command(flatten)]
    pub clickhouse: ClickHouseArgs,
}

/// Flags of `rollup verify`.
#[derive(Debug, Clone, Args)]
pub struct VerifyArgs {
    /// How far to look back, days, 1 to 3660
    #[arg(long, value_name = "DAYS", default_value_t = 25,
          value_parser = clap::value_parser!(u32).range(1..=3_660))]
    pub days: u32,
    /// Rebuild the days that differ
    #[arg(long)]
    pub repair: bool,
    /// Flags about the database.
    #[command(flatten)]
    pub clickhouse: ClickHouseArgs,
}

/// Runs `indicator-sink rollup`.
///
/// # Errors
/// When the database refuses a statement, or roll-ups differ and are not repaired.
pub async fn command(args: &RollupArgs) -> anyhow::Result<()> {
    match &args.action {
        RollupAction::Rebuild(args) => {
            let client = args.clickhouse.client();
            for day in args.from.0..=args.to.0 {
                rebuild(&client, Day(day)).await?;
                say(&format!("rebuilt {}", literal::date(Day(day))))?;
            }
            Ok(())
        }
        RollupAction::Verify(args) => verify_command(args).await,
    }
}

async fn verify_command(args: &VerifyArgs) -> anyhow::Result<()> {
    let client = args.clickhouse.client();
    let differing = verify(&client, args.days).await?;
    for (day, groups) in &differing {
        let date = literal::date(*day);
        say(&format!(
            "{date}: {groups} hours of units differ from their base"
        ))?;
        if args.repair {
            rebuild(&client, *day).await?;
            say(&format!("rebuilt {date}"))?;
        }
    }
    let left = if args.repair {
        verify(&client, args.days).await?
    } else {
        differing
    };
    anyhow::ensure!(
        left.is_empty(),
        "{} days of roll-ups differ from their base: run `indicator-sink rollup verify --repair`; \
         a refresh in the last minutes may explain them",
        left.len()
    );
    say("roll-ups are the sums of their base")
}

/// Computes every roll-up of one day of Europe/Paris again.
///
/// # Errors
/// What the database said.
pub async fn rebuild(client: &Client, day: Day) -> anyhow::Result<()> {
    for rollup in &ROLLUPS {
        let statement = rebuilding(rollup, day)?;
        let done = client.query_raw(&statement).execute().await;
        done.with_context(|| format!("rebuilding {} of {}", rollup.name, literal::date(day)))?;
    }
    Ok(())
}

fn rebuilding(rollup: &Rollup, day: Day) -> anyhow::Result<String> {
    let Rollup { target, .. } = rollup;
    let from = literal::instant(calendar::start_of(day));
    let to = literal::instant(calendar::start_of(Day(day.0 + 1)));
    let touched = rollup.touched.replace("{from}", &from).replace("{to}", &to);
    let version =
        format!("(SELECT max(version) + INTERVAL 1 MILLISECOND FROM {target}) AS version");
    let select = render(rollup.select)?.replace("now64(3) AS version", &version);
    Ok(format!(
        "INSERT INTO {target} WITH touched AS ({touched}) {select}"
    ))
}

/// Returns the days of Europe/Paris whose roll-ups differ from their base, and how many hours of
/// units do.
///
/// # Errors
/// What the database said.
pub async fn verify(client: &Client, days: u32) -> anyhow::Result<Vec<(Day, u64)>> {
    #[derive(Row, Deserialize)]
    struct Differing {
        day: i32,
        groups: u64,
    }
    let query = format!(
        "SELECT toInt32(toDate(window_start, 'Europe/Paris')) AS day, count() AS groups \
         FROM v_rollup_mismatch WHERE window_start >= now() - INTERVAL {days} DAY \
         GROUP BY day ORDER BY day"
    );
    let found = client.query_raw(&query).fetch_all::<Differing>().await;
    let found = found.context("asking v_rollup_mismatch: has `indicator-sink migrate` been run")?;
    Ok(found
        .into_iter()
        .map(|one| (Day(one.day), one.groups))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rebuild_names_its_day_and_does_not_move_the_watermark_beyond_a_millisecond() {
        for rollup in &ROLLUPS {
            // The day of summer time: 23 hours, from 23:00 to 22:00 UTC.
            let day = literal::day("2026-03-29").unwrap();
            let statement = rebuilding(rollup, day).unwrap();
            assert!(
                statement.contains("'2026-03-28 23:00:00.000'"),
                "{statement}"
            );
            assert!(
                statement.contains("'2026-03-29 22:00:00.000'"),
                "{statement}"
            );
            let version = format!("INTERVAL 1 MILLISECOND FROM {}) AS version", rollup.target);
            assert!(statement.contains(&version), "{statement}");
            assert!(!statement.contains("now64"), "{statement}");
            assert!(!statement.contains("{{"), "{statement}");
        }
    }
}
