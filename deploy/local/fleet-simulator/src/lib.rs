//! A seeded fleet of charge points with known truth: made, computed, sent and measured.
pub mod config;
pub mod item;
pub mod lines;
pub mod plan;
pub mod truth;

use std::io::Write;

use config::{Command, Config};

/// Carries out one command; its result goes to stdout as JSON.
///
/// # Errors
/// When a file, the gateway or ClickHouse fails the command.
pub fn run(config: &Config) -> anyhow::Result<()> {
    match &config.command {
        Command::Truth(arguments) => print(&truth::report::run(arguments)?),
    }
}

/// Writes a result to stdout.
fn print(result: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, result)?;
    writeln!(out)?;
    Ok(())
}
