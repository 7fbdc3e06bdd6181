//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    /// Prints the exact indicators of a fleet at an instant of the clock.
    Truth(TruthArgs),
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
