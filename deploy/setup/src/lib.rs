//! Makes a cluster and a registry what the services expect, or says how they differ.
//!
//! | command | does |
//! |---|---|
//! | `topics` | creates the missing topics of `deploy/kafka/topics.yaml`, compares the others |
//! | `schemas` | sets each subject's compatibility level, then registers `schemas/*-value.avsc` |
//!
//! With `--check` neither changes anything. Both print a table and can be repeated at will: what is
//! there already is left alone. The process leaves with 0 when everything is as listed, with 1 when
//! something differs or fails, with 2 when the command line is wrong.

use std::io::Write;

pub use config::{Command, Config};

mod config;
mod schemas;
mod table;
mod topics;

/// What was found in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it is the exit code"]
pub enum Outcome {
    /// Everything is as listed.
    AsListed,
    /// Something is not; the table says what.
    Differs,
}

/// Runs the command of `config` and writes its table to `output`.
///
/// # Errors
/// When Kafka or the registry does not answer in time or refuses, or `output` cannot be written.
pub async fn run(config: Config, output: impl Write) -> anyhow::Result<Outcome> {
    match config.command {
        Command::Topics(args) => topics::run(&args, output).await,
        Command::Schemas(args) => schemas::run(&args, output).await,
    }
}
