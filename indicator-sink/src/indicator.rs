//! Coded indicators: QualiCharge's and ours, computed in ClickHouse into table `indicator`.
//!
//! Each code, variant and period is one `INSERT … SELECT` that names its period, so that it can be
//! repeated, back-filled and tested. It writes only rows that differ from those that are stored: a
//! second run writes none. A key that has vanished gets a row that hides it.
//!
//! A run covers the days asked for, or yesterday, the two days before and every day whose sessions
//! changed since the last run; and the weeks, months, quarters and years that contain them.

mod code;
mod facts;
mod quality;
mod statement;

use std::collections::BTreeSet;

use anyhow::Context as _;
use clap::Args;
use clickhouse::Client;
use domain::Timestamp;
use domain::calendar::{self, Grain, Period};
use domain::charge_point::Day;
use platform::telemetry::TelemetryArgs;
use platform::wall_clock::{SystemClock, WallClock as _};

use crate::config::ClickHouseArgs;
use crate::literal::{self, say};

pub use code::{CODES, Categories, Code, Formula};
pub use facts::{DirectoryAt, Facts};
pub use quality::Rule;
pub use statement::{Statement, Stretch, statements};

/// Statuses and hours of so many days may still change.
const OPEN_DAYS: i32 = 3;

/// Flags of `indicators`.
#[derive(Debug, Clone, Args)]
pub struct IndicatorsArgs {
    /// First day, Europe/Paris, for example 2026-03-29; without it, what may have changed
    #[arg(long, value_name = "DAY", value_parser = literal::day)]
    pub from: Option<Day>,
    /// Last day, Europe/Paris, of those from --from on; without it, yesterday
    #[arg(long, value_name = "DAY", value_parser = literal::day, requires = "from")]
    pub to: Option<Day>,
    /// Only periods of this length: h, d, w, m, q or y; without it, all but h
    #[arg(long, value_name = "LETTER", value_parser = ["h", "d", "w", "m", "q", "y"])]
    pub period: Option<String>,
    /// Change nothing; print every statement as it would be executed
    #[arg(long)]
    pub print: bool,
    /// Flags about the database.
    #[command(flatten)]
    pub clickhouse: ClickHouseArgs,
    /// Flags about the log.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// Runs `indicator-sink indicators`.
///
/// # Errors
/// When the database refuses a statement.
pub async fn command(args: &IndicatorsArgs) -> anyhow::Result<()> {
    let now = Timestamp::from_ms(SystemClock.now_ms());
    let client = args.clickhouse.client();
    let days = match args.from {
        Some(from) => {
            let to = args.to.unwrap_or(Day(calendar::day_of(now).0 - 1));
            (from.0..=to.0).map(Day).collect()
        }
        None => changed_days(&client, now).await?,
    };
    let stretches = stretches(&days, args.period.as_deref());
    if args.print {
        for stretch in stretches {
            for statement in statements(stretch, now)? {
                say(&format!(
                    "-- {}\n{};\n",
                    statement.title,
                    statement.sql.trim()
                ))?;
            }
        }
        return Ok(());
    }
    let start = clock_of(&client).await?;
    for stretch in &stretches {
        run(&client, *stretch, now).await?;
    }
    let written = rows_since(&client, start).await?;
    say(&format!(
        "{} periods of {} days, {written} rows written",
        stretches.len(),
        days.len()
    ))
}

/// Computes every code of a stretch of time.
///
/// # Errors
/// What the database said.
pub async fn run(client: &Client, stretch: Stretch, now: Timestamp) -> anyhow::Result<()> {
    for statement in statements(stretch, now)? {
        let done = client.query_raw(&statement.sql).execute().await;
        done.with_context(|| format!("computing {}", statement.title))?;
    }
    Ok(())
}

/// The stretches of time that touch `days`, the shorter ones first, for they are means of them.
pub fn stretches(days: &BTreeSet<Day>, only: Option<&str>) -> Vec<Stretch> {
    if only == Some("h") {
        return days.iter().flat_map(|day| Stretch::hours(*day)).collect();
    }
    let periods = Grain::ALL.into_iter().flat_map(|grain| {
        let of_day = |day: &Day| Period::of(grain, calendar::start_of(*day));
        days.iter().map(of_day).collect::<BTreeSet<Period>>()
    });
    periods
        .map(Stretch::of)
        .filter(|stretch| only.is_none_or(|letter| letter == stretch.letter))
        .collect()
}

/// Days whose figures may have changed since the last run.
async fn changed_days(client: &Client, now: Timestamp) -> anyhow::Result<BTreeSet<Day>> {
    let today = calendar::day_of(now).0;
    let query = "SELECT DISTINCT toInt32(toDate(started_at, 'Europe/Paris')) FROM distinct_session \
                 WHERE version >= (SELECT if(count() = 0, now64(3) - INTERVAL 1 DAY, max(version) - INTERVAL 2 MINUTE) \
                 FROM indicator)";
    let changed = client.query_raw(query).fetch_all::<i32>().await;
    let changed = changed
        .context("asking which days have new sessions: has `indicator-sink migrate` been run")?;
    let ended = changed.into_iter().filter(|day| *day < today);
    Ok(ended.chain(today - OPEN_DAYS..today).map(Day).collect())
}

async fn clock_of(client: &Client) -> anyhow::Result<i64> {
    let query = "SELECT toUnixTimestamp64Milli(now64(3))";
    let clock = client.query_raw(query).fetch_one::<i64>().await;
    clock.context("asking the database for its clock")
}

async fn rows_since(client: &Client, start: i64) -> anyhow::Result<u64> {
    let query =
        format!("SELECT count() FROM indicator WHERE toUnixTimestamp64Milli(version) >= {start}");
    let rows = client.query_raw(&query).fetch_one::<u64>().await;
    rows.context("counting the rows that were written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_brings_the_periods_that_contain_it_each_once() {
        let days: BTreeSet<Day> = ["2026-03-30", "2026-03-31", "2026-04-01"]
            .map(|day| literal::day(day).unwrap())
            .into();
        let letters: String = stretches(&days, None)
            .iter()
            .map(|one| one.letter)
            .collect();
        assert_eq!(letters, "dddwmmqqy");
        assert_eq!(stretches(&days, Some("q")).len(), 2);
        assert_eq!(stretches(&days, Some("h")).len(), 72);
    }
}
