//! The command line.

use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use platform::avro::RegistryArgs;
use platform::kafka::KafkaArgs;
use platform::telemetry::TelemetryArgs;

/// Creates or verifies the topics, and registers the schemas
#[derive(Debug, Parser)]
#[command(version, name = "stream-setup")]
pub struct Config {
    /// What to do
    #[command(subcommand)]
    pub command: Command,

    /// Log output
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create the missing topics of deploy/kafka/topics.yaml and compare the others
    Topics(TopicsArgs),
    /// Register schemas/*-value.avsc, each under its subject and compatibility level
    Schemas(SchemasArgs),
}

/// How to do it.
#[derive(Args, Clone, Copy, Debug)]
pub struct MannerArgs {
    /// Compare only, change nothing
    #[arg(long)]
    pub check: bool,

    /// Seconds to wait for a part that does not answer, 0 to 3600
    #[arg(long, env = "SETUP_WAIT_SECONDS", default_value_t = 60, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub wait_seconds: u64,
}

impl MannerArgs {
    /// Returns how long a part that does not answer is waited for.
    pub fn patience(&self) -> Duration {
        Duration::from_secs(self.wait_seconds)
    }
}

/// Flags of `topics`.
#[derive(Args, Debug)]
pub struct TopicsArgs {
    /// How to do it
    #[command(flatten)]
    pub manner: MannerArgs,

    /// Copies of each partition of a topic that is created, 1 to 9: 1 on one node, 3 in production
    #[arg(long, env = "SETUP_REPLICATION", default_value_t = 1, value_name = "COPIES",
          value_parser = clap::value_parser!(i32).range(1..=9))]
    pub replication: i32,

    /// Connection
    #[command(flatten)]
    pub kafka: KafkaArgs,
}

/// Flags of `schemas`.
#[derive(Args, Debug)]
pub struct SchemasArgs {
    /// How to do it
    #[command(flatten)]
    pub manner: MannerArgs,

    /// Connection
    #[command(flatten)]
    pub registry: RegistryArgs,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Config::command().debug_assert();
    }

    #[test]
    fn a_wrong_replication_is_refused_with_the_usage_exit_code() {
        let error =
            Config::try_parse_from(["stream-setup", "topics", "--replication", "0"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
    }
}
