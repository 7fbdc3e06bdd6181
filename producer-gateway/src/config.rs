//! The command line: every flag, its environment name, unit, range and default.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, value_parser};
use domain::Span;
use platform::avro::RegistryArgs;
use platform::kafka::KafkaArgs;
use platform::secret::Secret;
use platform::shutdown::ShutdownArgs;
use platform::telemetry::TelemetryArgs;

use crate::http::Limits;

pub mod backfill;

pub use backfill::BackfillArgs;

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
    /// Reads a password from standard input and prints its argon2id hash
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
    /// Address that the API is served on
    #[arg(
        long,
        env = "GATEWAY_LISTEN",
        default_value = "127.0.0.1:18000",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,

    /// Address of /metrics, /live and /ready
    #[arg(
        long,
        env = "GATEWAY_ADMIN_LISTEN",
        default_value = "127.0.0.1:19000",
        value_name = "ADDRESS"
    )]
    pub admin_listen: SocketAddr,

    /// What absolute URLs in answers begin with; without it, the host that the request names
    #[arg(long, env = "GATEWAY_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

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

    /// Requests that are logged
    #[arg(long, env = "GATEWAY_ACCESS_LOG", value_enum, default_value_t = AccessLog::Errors)]
    pub access_log: AccessLog,

    /// Accounts
    #[command(flatten)]
    pub accounts: AccountArgs,

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

/// Who is let in.
#[derive(Debug, Args)]
#[command(next_help_heading = "Accounts")]
pub struct AccountArgs {
    /// TOML file with accounts and groups; needed
    #[arg(long, env = "GATEWAY_USERS_FILE", value_name = "PATH")]
    pub users_file: Option<PathBuf>,

    /// Secret that signs tokens, 32 bytes or more; needed, here or in a file
    #[arg(
        long,
        env = "GATEWAY_TOKEN_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub token_secret: Option<Secret>,

    /// File that holds that secret
    #[arg(long, env = "GATEWAY_TOKEN_SECRET_FILE", value_name = "PATH",
          value_parser = Secret::from_file, conflicts_with = "token_secret")]
    pub token_secret_file: Option<Secret>,

    /// Issuer that tokens name
    #[arg(
        long,
        env = "GATEWAY_TOKEN_ISSUER",
        default_value = "http://127.0.0.1:18000",
        value_name = "URL"
    )]
    pub token_issuer: String,

    /// Seconds that a token is good for, 1 to 86400
    #[arg(long, env = "GATEWAY_TOKEN_LIFETIME_SECONDS", default_value_t = 1800, value_name = "SECONDS",
          value_parser = value_parser!(i64).range(1..=86_400))]
    pub token_lifetime_seconds: i64,
}

/// How much is taken.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Bytes of a body as sent, 1 KiB to 1 GiB
    #[arg(long, env = "GATEWAY_MAX_BODY_BYTES", default_value_t = 8 << 20, value_name = "BYTES",
          value_parser = value_parser!(u32).range(1_024..=1 << 30))]
    pub max_body_bytes: u32,

    /// Bytes of a body once decompressed, 1 KiB to 1 GiB
    #[arg(long, env = "GATEWAY_MAX_DECODED_BYTES", default_value_t = 64 << 20, value_name = "BYTES",
          value_parser = value_parser!(u32).range(1_024..=1 << 30))]
    pub max_decoded_bytes: u32,

    /// Decompressed bytes per byte sent, judged from 1 MiB on, 1 to 10000
    #[arg(long, env = "GATEWAY_MAX_COMPRESSION_RATIO", default_value_t = 250, value_name = "RATIO",
          value_parser = value_parser!(u32).range(1..=10_000))]
    pub max_compression_ratio: u32,

    /// Requests that are handled at a time, 1 to 100000; more are answered 503
    #[arg(long, env = "GATEWAY_MAX_IN_FLIGHT_REQUESTS", default_value_t = 1024, value_name = "COUNT",
          value_parser = value_parser!(u32).range(1..=100_000))]
    pub max_in_flight_requests: u32,

    /// Statuses of one request, 1 to 100000
    #[arg(long, env = "GATEWAY_STATUS_BULK_MAX", default_value_t = 1000, value_name = "COUNT",
          value_parser = value_parser!(u32).range(1..=100_000))]
    pub status_bulk_max: u32,

    /// Sessions of one request, 1 to 100000
    #[arg(long, env = "GATEWAY_SESSION_BULK_MAX", default_value_t = 1000, value_name = "COUNT",
          value_parser = value_parser!(u32).range(1..=100_000))]
    pub session_bulk_max: u32,

    /// Static records of one request, 1 to 100000
    #[arg(long, env = "GATEWAY_STATIQUE_BULK_MAX", default_value_t = 1000, value_name = "COUNT",
          value_parser = value_parser!(u32).range(1..=100_000))]
    pub statique_bulk_max: u32,

    /// Static records of a page unless the caller says otherwise, 1 to 10000
    #[arg(long, env = "GATEWAY_STATIQUE_PAGE_SIZE", default_value_t = 10, value_name = "COUNT",
          value_parser = value_parser!(u32).range(1..=10_000))]
    pub statique_page_size: u32,

    /// Static records of a page at most, 1 to 10000
    #[arg(long, env = "GATEWAY_STATIQUE_PAGE_MAX", default_value_t = 100, value_name = "COUNT",
          value_parser = value_parser!(u32).range(1..=10_000))]
    pub statique_page_max: u32,
}

/// How long things take, and how old they may be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Times")]
pub struct TimeArgs {
    /// Seconds that an event may lie ahead of its reception, 0 to 3600
    #[arg(long, env = "GATEWAY_CLOCK_SKEW_SECONDS", default_value_t = 60, value_name = "SECONDS",
          value_parser = value_parser!(i64).range(0..=3_600))]
    pub clock_skew_seconds: i64,

    /// Seconds that a status may be old, 60 to 86400: windows are final an hour after that
    #[arg(long, env = "GATEWAY_MAX_STATUS_AGE_SECONDS", default_value_t = 86_400, value_name = "SECONDS",
          value_parser = value_parser!(i64).range(60..=86_400))]
    pub max_status_age_seconds: i64,

    /// Seconds that the start of a session may be old, 60 to 31536000
    #[arg(long, env = "GATEWAY_MAX_SESSION_AGE_SECONDS", default_value_t = 31_536_000, value_name = "SECONDS",
          value_parser = value_parser!(i64).range(60..=31_536_000))]
    pub max_session_age_seconds: i64,

    /// Seconds until a record that Kafka does not acknowledge is given up, 1 to 60: below the
    /// clients' time-out, so that a stall is a 503
    #[arg(long, env = "GATEWAY_ACK_TIMEOUT_SECONDS", default_value_t = 4, value_name = "SECONDS",
          value_parser = value_parser!(u64).range(1..=60))]
    pub ack_timeout_seconds: u64,

    /// Seconds between ticks, 1 to 300: silence reaches the windows as soon as that
    #[arg(long, env = "GATEWAY_TICK_INTERVAL_SECONDS", default_value_t = 5, value_name = "SECONDS",
          value_parser = value_parser!(u64).range(1..=300))]
    pub tick_interval_seconds: u64,

    /// Seconds that a body may take to arrive, 1 to 3600
    #[arg(long, env = "GATEWAY_BODY_TIMEOUT_SECONDS", default_value_t = 30, value_name = "SECONDS",
          value_parser = value_parser!(u64).range(1..=3_600))]
    pub body_timeout_seconds: u64,

    /// Seconds between `/ready` turning 503 and the end of accepting, 0 to 300: time for a load
    /// balancer to notice
    #[arg(long, env = "GATEWAY_SHUTDOWN_DELAY_SECONDS", default_value_t = 5, value_name = "SECONDS",
          value_parser = value_parser!(u64).range(0..=300))]
    pub shutdown_delay_seconds: u64,
}

impl RunArgs {
    /// The bounds on requests.
    pub fn limits(&self) -> Limits {
        let (limits, times) = (&self.limits, &self.times);
        let size = |value: u32| usize::try_from(value).unwrap_or(usize::MAX);
        Limits {
            max_body_bytes: size(limits.max_body_bytes),
            max_decoded_bytes: size(limits.max_decoded_bytes),
            max_compression_ratio: size(limits.max_compression_ratio),
            body_timeout: Duration::from_secs(times.body_timeout_seconds),
            status_bulk_max: size(limits.status_bulk_max),
            session_bulk_max: size(limits.session_bulk_max),
            statique_bulk_max: size(limits.statique_bulk_max),
            statique_page_size: size(limits.statique_page_size),
            statique_page_max: size(limits.statique_page_max),
            clock_skew: Span::from_seconds(times.clock_skew_seconds),
            max_status_age: Span::from_seconds(times.max_status_age_seconds),
            max_session_age: Span::from_seconds(times.max_session_age_seconds),
            ack_timeout: Duration::from_secs(times.ack_timeout_seconds),
        }
    }
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
