//! The command line: every flag, its environment name, unit, range and default.

use clap::{Args, Parser, Subcommand, ValueEnum};
use platform::avro::RegistryArgs;
use platform::kafka::KafkaArgs;
use platform::shutdown::ShutdownArgs;
use platform::telemetry::TelemetryArgs;

pub mod auth;
pub mod backfill;
pub mod connection;
pub mod limits;

pub use auth::{AuthArgs, AuthMode};
pub use backfill::BackfillArgs;
pub use connection::ConnectionArgs;
pub use limits::{LimitArgs, TimeArgs};

/// QualiCharge's API over HTTP, acknowledged by Kafka. Without a command it runs the gateway.
#[derive(Debug, Parser)]
#[command(
    name = "producer-gateway",
    version,
    args_conflicts_with_subcommands = true
)]
pub struct Config {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The gateway's flags.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What the binary does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the gateway until SIGTERM
    Run(Box<RunArgs>),
    /// Publishes history from files, in the order in which it would have been received
    Backfill(Box<BackfillArgs>),
    /// Helps with the users file
    #[command(subcommand)]
    User(UserCommand),
}

/// What is done about users.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum UserCommand {
    /// Reads a password from the terminal or standard input and prints its argon2id hash
    HashPassword,
}

/// Where the present comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClockSource {
    /// The operating system.
    System,
    /// `PUT /clock` on the admin port; for tests only.
    Simulated,
}

/// Which requests are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AccessLog {
    /// 4xx, 5xx, logins and static writes.
    Errors,
    /// All.
    All,
    /// None.
    Off,
}

/// Flags of the gateway.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Connections
    #[command(flatten)]
    pub connection: ConnectionArgs,

    /// Name of this gateway in ticks and in the brokers' logs
    #[arg(
        long,
        env = "GATEWAY_INSTANCE_ID",
        default_value = "producer-gateway",
        value_name = "NAME"
    )]
    pub instance_id: String,

    /// Where `received_at` comes from; `simulated` is for tests: it is set with `PUT /clock` on the
    /// admin port
    #[arg(long, env = "GATEWAY_CLOCK", value_enum, default_value_t = ClockSource::System)]
    pub clock: ClockSource,

    /// Requests that are logged, one line of JSON each: failures, logins and static writes, or all,
    /// or none
    #[arg(long, env = "GATEWAY_ACCESS_LOG", value_enum, default_value_t = AccessLog::Errors)]
    pub access_log: AccessLog,

    /// Accounts
    #[command(flatten)]
    pub accounts: AuthArgs,

    /// Limits
    #[command(flatten)]
    pub limits: LimitArgs,

    /// Times
    #[command(flatten)]
    pub times: TimeArgs,

    /// Kafka
    #[command(flatten)]
    pub kafka: KafkaArgs,

    /// Schema registry
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Life
    #[command(flatten)]
    pub shutdown: ShutdownArgs,

    /// Logging
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn every_flag_is_documented_and_has_an_environment_name() {
        Config::command().debug_assert();
        for argument in Config::command().get_arguments() {
            let name = argument.get_id();
            assert!(argument.get_help().is_some(), "{name} has no help");
            assert!(
                argument.get_env().is_some(),
                "{name} has no environment name"
            );
        }
    }

    #[test]
    fn without_a_command_the_gateway_runs() {
        let bare = Config::try_parse_from(["x", "--tick-interval-seconds", "1"]).unwrap();
        assert!(bare.command.is_none());
        assert_eq!(bare.run.times.tick_interval_seconds, 1);
        let named = Config::try_parse_from(["x", "run", "--status-bulk-max", "7"]).unwrap();
        assert!(
            matches!(named.command, Some(Command::Run(run)) if run.limits().status_bulk_max == 7)
        );
    }

    #[test]
    fn a_wrong_value_is_refused_with_the_flag() {
        let error = Config::try_parse_from(["x", "--ack-timeout-seconds", "0"]).unwrap_err();
        assert!(
            error.to_string().contains("--ack-timeout-seconds"),
            "{error}"
        );
    }
}
