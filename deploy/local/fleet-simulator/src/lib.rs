//! A seeded fleet of charge points with known truth: made, computed, sent and measured.
//!
//! [`fleet`] and [`real`] say who exists, [`behaviour`] what happens, [`deliver`] how it arrives;
//! [`files`] writes it. [`truth`] reads those files and computes every indicator from the records
//! alone: it knows nothing of how they were made, and shares nothing with the engine.
pub mod behaviour;
pub mod config;
pub mod deliver;
pub mod dice;
pub mod files;
pub mod fleet;
pub mod item;
pub mod lines;
pub mod now;
pub mod plan;
pub mod real;
pub mod truth;

use std::io::Write;

use config::{Command, Config};

/// Carries out one command; its result goes to stdout as one line of JSON.
///
/// # Errors
/// When a file, the gateway or ClickHouse fails the command.
pub fn run(config: &Config) -> anyhow::Result<()> {
    match &config.command {
        Command::Files(arguments) => print(&files::run(arguments)?),
        Command::Truth(arguments) => print(&truth::report::run(arguments)?),
    }
}

/// Writes a result to stdout.
fn print(result: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, result)?;
    writeln!(out)?;
    Ok(())
}
