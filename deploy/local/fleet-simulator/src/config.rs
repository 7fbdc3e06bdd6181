//! The command line.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use domain::{Span, Timestamp, TimestampMicros};

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
    /// Real sessions in place of invented ones: JSON Lines, gzip or not; needs `--statique`.
    #[arg(long, requires = "statique")]
    pub sessions: Option<PathBuf>,
    /// First instant of the real sessions to take, RFC 3339; default: `--days` before `--to`.
    #[arg(long, value_parser = instant)]
    pub from: Option<Timestamp>,
    /// First instant after the real sessions to take, RFC 3339; default: the last one of the file with
    /// the time of day of `--end`.
    #[arg(long, value_parser = instant)]
    pub to: Option<Timestamp>,
    /// Moves the real sessions by whole days, so that `--to` lies on the day before `--end`. They are
    /// always moved; the flag says so.
    #[arg(long)]
    pub shift: bool,
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

/// Reads an instant of the command line: RFC 3339, or `now`, which is the start of this minute.
fn instant(text: &str) -> anyhow::Result<Timestamp> {
    if text == "now" {
        return Ok(now().floor(Span::from_minutes(1)));
    }
    let instant: jiff::Timestamp = text.parse().context("expected RFC 3339, or now")?;
    Ok(TimestampMicros::from_us(instant.as_microsecond()).floor())
}
