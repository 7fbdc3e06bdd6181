//! A seeded fleet of charge points with known truth: made, computed, sent and measured.
//!
//! [`fleet`] and [`real`] say who exists, [`behaviour`] what happens, [`deliver`] how it arrives;
//! [`files`] writes it; [`send`] plays it to a gateway. [`live`], [`load`] and [`freshness`] measure a
//! running system. [`truth`] reads those files and computes every indicator from the records
//! alone: it knows nothing of how they were made, and shares nothing with the engine.
pub mod behaviour;
pub mod config;
pub mod deliver;
pub mod dice;
pub mod files;
pub mod fleet;
pub mod freshness;
pub mod gateway;
pub mod item;
pub mod lines;
pub mod live;
pub mod load;
pub mod now;
pub mod plan;
pub mod quantile;
pub mod real;
pub mod send;
pub mod truth;

use std::future::Future;
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
        Command::Send(arguments) => print(&wait_for(send::run(arguments))?),
        Command::Live(arguments) => wait_for(live::run(arguments)),
        Command::Freshness(arguments) => wait_for(freshness::run(arguments)),
        Command::Load(arguments) => wait_for(load::run(arguments)),
    }
}

/// Runs a command that talks to the network.
fn wait_for<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Runtime::new()?.block_on(command)
}

/// Writes a result to stdout.
fn print(result: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, result)?;
    writeln!(out)?;
    Ok(())
}
