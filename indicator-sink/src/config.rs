//! Command line and environment, parsed once.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use platform::avro::RegistryArgs;
use platform::kafka::KafkaArgs;
use platform::secret::Secret;
use platform::shutdown::ShutdownArgs;
use platform::telemetry::TelemetryArgs;

use crate::batch::Limits;
use crate::dictionary::DictionaryArgs;
use crate::export::ExportArgs;
use crate::indicator::IndicatorsArgs;
use crate::migrate::{Flavour, RetentionArgs};
use crate::rollup::RollupArgs;
use crate::seed::SeedArgs;

/// Kafka to ClickHouse: raw events, the directory, indicators and failure episodes.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Config {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: RunArgs,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one, and it lives as long as the process"
)]
pub enum Command {
    /// Read the topics and write the tables (the default)
    Run(RunArgs),
    /// Bring the database to the present schema
    Migrate(MigrateArgs),
    /// Load territories and operational units
    Seed(SeedArgs),
    /// Compute roll-ups of named days again, or compare them with their base
    Rollup(RollupArgs),
    /// Compute the coded indicators
    Indicators(IndicatorsArgs),
    /// Print the data dictionary
    Dictionary(DictionaryArgs),
    /// Print a view as CSV, Parquet, Arrow or JSON
    Export(ExportArgs),
}

impl Config {
    /// The command, `run` by default.
    pub fn into_command(self) -> Command {
        self.command.unwrap_or(Command::Run(self.run))
    }

    /// How log lines look.
    pub fn telemetry(&self) -> &TelemetryArgs {
        match &self.command {
            None => &self.run.telemetry,
            Some(Command::Run(args)) => &args.telemetry,
            Some(Command::Migrate(args)) => &args.telemetry,
            Some(Command::Seed(args)) => &args.telemetry,
            Some(Command::Rollup(args)) => &args.telemetry,
            Some(Command::Indicators(args)) => &args.telemetry,
            Some(Command::Dictionary(args)) => &args.telemetry,
            Some(Command::Export(args)) => &args.telemetry,
        }
    }
}

/// Flags of `run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Flags about the database.
    #[command(flatten)]
    pub clickhouse: ClickHouseArgs,
    /// Flags about Kafka.
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// Flags about the registry.
    #[command(flatten)]
    pub registry: RegistryArgs,
    /// Flags of this service.
    #[command(flatten)]
    pub sink: SinkArgs,
    /// Flags about the end.
    #[command(flatten)]
    pub shutdown: ShutdownArgs,
    /// Flags about the log.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// Flags of `migrate`.
#[derive(Debug, Clone, Args)]
pub struct MigrateArgs {
    /// Change nothing; leave with 1 when something is missing
    #[arg(long, conflicts_with = "print")]
    pub check: bool,
    /// Change nothing; print every statement as it would be executed
    #[arg(long)]
    pub print: bool,
    /// What the database runs on: one server, replicas, or shards with replicas
    #[arg(long, env = "CLICKHOUSE_FLAVOUR", value_enum, default_value_t = Flavour::Plain)]
    pub flavour: Flavour,
    /// Name of the cluster, for replicas and shards
    #[arg(
        long,
        env = "CLICKHOUSE_CLUSTER",
        value_name = "NAME",
        default_value = "qualicharge"
    )]
    pub cluster: String,
    /// Flags about how long rows stay.
    #[command(flatten)]
    pub retention: RetentionArgs,
    /// Flags about the database.
    #[command(flatten)]
    pub clickhouse: ClickHouseArgs,
    /// Flags about the log.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,
}

/// Flags about the database.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "ClickHouse")]
pub struct ClickHouseArgs {
    /// Address of the HTTP interface
    #[arg(
        long,
        env = "CLICKHOUSE_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:18123"
    )]
    pub clickhouse_url: String,
    /// Database that holds our tables
    #[arg(
        long,
        env = "CLICKHOUSE_DATABASE",
        value_name = "NAME",
        default_value = "qualicharge"
    )]
    pub clickhouse_database: String,
    /// User
    #[arg(
        long,
        env = "CLICKHOUSE_USER",
        value_name = "NAME",
        default_value = "default"
    )]
    pub clickhouse_user: String,
    /// Password of that user
    #[arg(
        long,
        env = "CLICKHOUSE_PASSWORD",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub clickhouse_password: Option<Secret>,
    /// File that holds the password
    #[arg(long, env = "CLICKHOUSE_PASSWORD_FILE", value_name = "PATH",
          value_parser = Secret::from_file, conflicts_with = "clickhouse_password")]
    pub clickhouse_password_file: Option<Secret>,
    /// Tables are replicated: `on` makes an insert wait for a quorum of replicas
    #[arg(long, env = "CLICKHOUSE_REPLICATED", value_enum, default_value_t = Switch::Off)]
    pub clickhouse_replicated: Switch,
}

impl ClickHouseArgs {
    /// A client for the server, without a database.
    pub fn server(&self) -> clickhouse::Client {
        let mut client = clickhouse::Client::default()
            .with_url(&self.clickhouse_url)
            .with_user(&self.clickhouse_user);
        let password = self.clickhouse_password.as_ref();
        if let Some(password) = password.or(self.clickhouse_password_file.as_ref()) {
            client = client.with_password(password.expose());
        }
        client
    }

    /// A client for our database.
    pub fn client(&self) -> clickhouse::Client {
        self.server().with_database(&self.clickhouse_database)
    }
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// What to do when records between the committed offset and the log's start are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OnTruncation {
    /// Stop: records were lost, a person has to know.
    Fail,
    /// Go on with the first record that is left.
    Earliest,
}

/// Flags of this service.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sink")]
pub struct SinkArgs {
    /// Address of `/metrics`, `/live` and `/ready`
    #[arg(
        long,
        env = "SINK_ADMIN_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:19002"
    )]
    pub admin_listen: SocketAddr,
    /// Consumer group; another one replays everything into the same tables
    #[arg(
        long,
        env = "SINK_GROUP",
        value_name = "GROUP",
        default_value = "indicator-sink"
    )]
    pub group: String,
    /// Name of this instance, different for each: a restart under the same name takes its
    /// partitions up at once
    #[arg(
        long,
        env = "SINK_INSTANCE_ID",
        value_name = "NAME",
        default_value = "indicator-sink-0"
    )]
    pub instance_id: String,
    /// Milliseconds from the first record of a range to its insert, 10 to 60000
    #[arg(long, env = "SINK_FLUSH_INTERVAL_MS", value_name = "MS", default_value_t = 1000,
          value_parser = clap::value_parser!(u64).range(10..=60_000))]
    pub flush_interval_ms: u64,
    /// Rows of a range at the most, 1 to 1000000
    #[arg(long, env = "SINK_MAX_BATCH_ROWS", value_name = "ROWS", default_value_t = 50_000,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_batch_rows: u32,
    /// Keys and values of a range at the most, MiB, 1 to 128
    #[arg(long, env = "SINK_MAX_BATCH_MIB", value_name = "MIB", default_value_t = 16,
          value_parser = clap::value_parser!(u32).range(1..=128))]
    pub max_batch_mib: u32,
    /// Distinct days of a range at the most, 1 to 1000
    #[arg(long, env = "SINK_MAX_BATCH_DAYS", value_name = "DAYS", default_value_t = 60,
          value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub max_batch_days: u32,
    /// Inserts at the same time, 1 to 64
    #[arg(long, env = "SINK_MAX_INFLIGHT_INSERTS", value_name = "NUMBER", default_value_t = 4,
          value_parser = clap::value_parser!(u16).range(1..=64))]
    pub max_inflight_inserts: u16,
    /// Records held, as they came and as they are decoded, MiB, 16 to 65536; above it nothing is
    /// fetched until half is left
    #[arg(long, env = "SINK_MAX_BUFFERED_MIB", value_name = "MIB", default_value_t = 256,
          value_parser = clap::value_parser!(u32).range(16..=65_536))]
    pub max_buffered_mib: u32,
    /// Records of one range that are set aside at the most, 0 to 65535; above it the range waits
    /// for somebody who looks
    #[arg(
        long,
        env = "SINK_MAX_DEAD_LETTERS",
        value_name = "NUMBER",
        default_value_t = 100
    )]
    pub max_dead_letters: u16,
    /// What to do when records that were not read yet are gone from the log
    #[arg(long, env = "SINK_ON_TRUNCATION", value_enum, default_value_t = OnTruncation::Fail)]
    pub on_truncation: OnTruncation,
}

impl SinkArgs {
    /// When a range is closed.
    pub fn limits(&self) -> Limits {
        Limits {
            rows: in_memory(self.max_batch_rows),
            bytes: in_memory(self.max_batch_mib) << 20,
            days: in_memory(self.max_batch_days),
            age: Duration::from_millis(self.flush_interval_ms),
        }
    }

    /// What may be held in memory, about, bytes.
    pub fn max_buffered_bytes(&self) -> usize {
        in_memory(self.max_buffered_mib) << 20
    }
}

fn in_memory(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_is_the_default_and_takes_the_same_flags() {
        let flags = ["--flush-interval-ms", "50", "--group", "shadow"];
        for head in [vec!["indicator-sink"], vec!["indicator-sink", "run"]] {
            let config = Config::try_parse_from(head.into_iter().chain(flags)).unwrap();
            let Command::Run(args) = config.into_command() else {
                panic!("not run");
            };
            assert_eq!(args.sink.group, "shadow");
            assert_eq!(args.sink.limits().age, Duration::from_millis(50));
            assert_eq!(args.sink.limits().bytes, 16 * 1024 * 1024);
        }
    }

    #[test]
    fn a_value_out_of_range_names_its_flag() {
        let error =
            Config::try_parse_from(["indicator-sink", "--flush-interval-ms", "1"]).unwrap_err();
        assert!(error.to_string().contains("--flush-interval-ms"), "{error}");
    }
}
