//! The command line.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::{Span, Timestamp, TimestampMicros};
use serde::Serialize;

use crate::deliver::Imperfection;
use crate::now::now;
use crate::truth::read::Source;

/// Makes a seeded fleet of charge points with known truth, sends it, and measures what it meets.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Config {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Writes directory, history and planned deliveries of a fleet.
    Files(FilesArgs),
    /// Prints the exact indicators of a fleet at an instant of the clock.
    Truth(TruthArgs),
    /// Sends directory and planned deliveries to a gateway whose clock is simulated.
    Send(SendArgs),
    /// Sends live statuses at a constant rate and prints how long the acknowledgements took.
    Live(LiveArgs),
    /// Measures under load how long a status takes to become a row in ClickHouse.
    Freshness(FreshnessArgs),
    /// Sends requests of one kind and prints rate, latency and the gateway's CPU per item.
    Load(RequestsArgs),
}

/// Which fleet to make.
#[derive(Debug, Args)]
pub struct FilesArgs {
    /// Seed: the same seed and arguments give the same bytes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Size of an invented fleet, charge points, at least 1.
    #[arg(long, default_value_t = 50)]
    pub charge_points: u64,
    /// Length of the period, days, at least 1.
    #[arg(long, default_value_t = 7)]
    pub days: i64,
    /// End of the period: RFC 3339, or `now` (to the minute).
    #[arg(long, default_value = "now", value_parser = instant)]
    pub end: Timestamp,
    /// Folder for statique.jsonl, statuses.jsonl, sessions.jsonl, deliveries.jsonl and summary.json.
    #[arg(long)]
    pub out: PathBuf,
    /// Receptions are multiples of this, seconds, from 1 on; larger makes fewer and larger requests.
    #[arg(long, default_value_t = 60)]
    pub step_seconds: i64,
    /// A real directory in place of an invented one: IRVE statique as JSON Lines, gzip or not.
    #[arg(long)]
    pub statique: Option<PathBuf>,
    /// Real sessions in place of invented ones: JSON Lines, gzip or not; needs `--statique`. They are
    /// moved by whole days, so that `--to` lies on the day before `--end`.
    #[arg(long, requires = "statique")]
    pub sessions: Option<PathBuf>,
    /// First instant of the real sessions to take, RFC 3339; default: `--days` before `--to`.
    #[arg(long, value_parser = instant)]
    pub from: Option<Timestamp>,
    /// First instant after the real sessions to take, RFC 3339; default: the last one of the file with
    /// the time of day of `--end`.
    #[arg(long, value_parser = instant)]
    pub to: Option<Timestamp>,
    /// Takes whole stations of the real directory up to this many charge points, those with sessions
    /// first; default: all.
    #[arg(long)]
    pub max_charge_points: Option<u64>,
    /// How badly items arrive.
    #[command(flatten)]
    pub imperfection: Imperfection,
}

/// Which truth to compute, and where to write it.
#[derive(Debug, Args)]
pub struct TruthArgs {
    /// Folder of the fleet, as written by `files`.
    #[arg(long)]
    pub dir: PathBuf,
    /// Which files say what was accepted, and when.
    #[arg(long, value_enum, default_value = "deliveries")]
    pub source: Source,
    /// The clock, ms since the epoch: windows closed at its last multiple of 5 min are computed.
    #[arg(long)]
    pub clock_ms: i64,
    /// Writes the hours of charge points and stations to this file, as JSON Lines.
    #[arg(long)]
    pub hours: Option<PathBuf>,
    /// Writes the failure episodes of charge points and stations to this file, as JSON Lines.
    #[arg(long)]
    pub episodes: Option<PathBuf>,
}

/// The gateway and the account.
#[derive(Debug, Clone, Args)]
pub struct GatewayArgs {
    /// Base URL of the gateway's API.
    #[arg(long, default_value = "http://127.0.0.1:18000/api/v1")]
    pub url: String,
    /// Account, which must be of the units of the fleet.
    #[arg(long, env = "SIMULATOR_USERNAME", default_value = "operator")]
    pub username: String,
    /// Its password.
    #[arg(
        long,
        env = "SIMULATOR_PASSWORD",
        default_value = "charge-ahead",
        hide_env_values = true
    )]
    pub password: String,
}

/// What to send.
#[derive(Debug, Args)]
pub struct SendArgs {
    /// The gateway and the account.
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// Address of the gateway's admin port, where its clock is set.
    #[arg(long, default_value = "http://127.0.0.1:19000")]
    pub admin_url: String,
    /// Folder of the fleet, as written by `files`.
    #[arg(long)]
    pub dir: PathBuf,
    /// Sends the directory first.
    #[arg(long)]
    pub statique: bool,
    /// First line of deliveries.jsonl to send, counted from 0.
    #[arg(long, default_value_t = 0)]
    pub from_line: u64,
    /// First line of deliveries.jsonl not to send, counted from 0; default: send to the end.
    #[arg(long)]
    pub to_line: Option<u64>,
    /// Items per request at most, from 1 to 1000.
    #[arg(long, default_value_t = 1000, value_parser = batch_size)]
    pub batch: usize,
    /// Sets the clock to this at the end, ms since the epoch.
    #[arg(long, alias = "advance-to")]
    pub advance_to_ms: Option<i64>,
    /// How long a request is repeated until it is acknowledged, seconds.
    #[arg(long, default_value_t = 180)]
    pub patience_seconds: u64,
}

/// The load of live traffic.
#[derive(Debug, Clone, Args)]
pub struct LoadArgs {
    /// Statuses per second, greater than 0.
    #[arg(long, default_value_t = 100.0)]
    pub rate: f64,
    /// How long, seconds.
    #[arg(long, default_value_t = 30)]
    pub seconds: u64,
    /// Statuses per request, from 1 to 1000.
    #[arg(long, default_value_t = 20, value_parser = batch_size)]
    pub batch: usize,
    /// Seed of the order of the charge points and of what they say.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Which live traffic to send.
#[derive(Debug, Args)]
pub struct LiveArgs {
    /// The gateway and the account.
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// Folder of the fleet, as written by `files`.
    #[arg(long)]
    pub dir: PathBuf,
    /// The load.
    #[command(flatten)]
    pub load: LoadArgs,
    /// Writes the result to this file, as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
}

/// Where the archive is.
#[derive(Debug, Clone, Args)]
pub struct ClickHouseArgs {
    /// Address of ClickHouse's HTTP interface.
    #[arg(long, env = "CLICKHOUSE_URL", default_value = "http://127.0.0.1:18123")]
    pub clickhouse_url: String,
    /// Its database.
    #[arg(long, env = "CLICKHOUSE_DATABASE", default_value = "qualicharge")]
    pub clickhouse_database: String,
    /// User; default: none is named.
    #[arg(long, env = "CLICKHOUSE_USER")]
    pub clickhouse_user: Option<String>,
    /// Password of the user.
    #[arg(long, env = "CLICKHOUSE_PASSWORD", hide_env_values = true)]
    pub clickhouse_password: Option<String>,
}

/// What to measure.
#[derive(Debug, Args)]
pub struct FreshnessArgs {
    /// The gateway and the account.
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// The archive.
    #[command(flatten)]
    pub clickhouse: ClickHouseArgs,
    /// Folder of the fleet, as written by `files`.
    #[arg(long)]
    pub dir: PathBuf,
    /// The load beside the probes.
    #[command(flatten)]
    pub load: LoadArgs,
    /// Statuses whose way is followed, spread over the seconds; at least 1.
    #[arg(long, default_value_t = 100)]
    pub probes: usize,
    /// Writes the result to this file, as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
}

/// What requests of a measurement hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LoadKind {
    /// Statuses.
    Status,
    /// Sessions.
    Session,
    /// Statuses without a token, which are refused.
    Refused,
}

/// Which requests to send, and whose CPU to read.
#[derive(Debug, Args)]
pub struct RequestsArgs {
    /// The gateway and the account.
    #[command(flatten)]
    pub gateway: GatewayArgs,
    /// Folder of the fleet, as written by `files`.
    #[arg(long)]
    pub dir: PathBuf,
    /// What the requests hold.
    #[arg(long, value_enum, default_value = "status")]
    pub kind: LoadKind,
    /// Items per request, from 1 to 1000.
    #[arg(long, default_value_t = 1, value_parser = batch_size)]
    pub batch: usize,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 32)]
    pub connections: usize,
    /// Requests per second, whatever the answers take; default: as fast as they are answered.
    #[arg(long)]
    pub rate: Option<f64>,
    /// How long, seconds.
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// The same load before anything is measured, seconds.
    #[arg(long, default_value_t = 2)]
    pub warm_up_seconds: u64,
    /// Compresses the bodies.
    #[arg(long)]
    pub gzip: bool,
    /// Process of the gateway, whose CPU and memory are read.
    #[arg(long)]
    pub pid: Option<u32>,
    /// Process of the broker, whose CPU is read.
    #[arg(long)]
    pub broker_pid: Option<u32>,
    /// Writes the result to this file, as JSON.
    #[arg(long)]
    pub json: Option<PathBuf>,
}

/// Reads the number of items of a request: what the gateway takes in one.
fn batch_size(text: &str) -> anyhow::Result<usize> {
    let size = text.parse().context("expected a number")?;
    anyhow::ensure!((1..=1000).contains(&size), "expected 1 to 1000");
    Ok(size)
}

/// Reads an instant of the command line: RFC 3339, or `now`, which is the start of this minute.
fn instant(text: &str) -> anyhow::Result<Timestamp> {
    if text == "now" {
        return Ok(now().floor(Span::from_minutes(1)));
    }
    let instant: jiff::Timestamp = text.parse().context("expected RFC 3339, or now")?;
    Ok(TimestampMicros::from_us(instant.as_microsecond()).floor())
}
