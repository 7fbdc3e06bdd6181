//! Flags and environment, parsed once.

use std::net::SocketAddr;
use std::num::NonZeroU8;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::{Parser, ValueEnum};
use domain::Policy;
use platform::avro::RegistryArgs;
use platform::kafka::KafkaArgs;
use platform::shutdown::ShutdownArgs;
use platform::telemetry::TelemetryArgs;

use crate::commit::Limits;
use crate::topology::{Names, PARTITIONS};

/// The application whose figures everybody reads.
const LIVE_APPLICATION: &str = "stream-processor";

/// The time between two commits, while somebody waits for the figures.
const LIVE_INTERVAL: Duration = Duration::from_millis(200);

/// The longest time between two commits into live topics: a transaction must end before the brokers end
/// it, and the readers wait for it.
const LONGEST_LIVE_INTERVAL: Duration = Duration::from_secs(10);

/// The time between two commits of a replay into topics that others read: for so long they wait for
/// the live figures behind those of an open transaction.
const REPLAY_INTERVAL: Duration = Duration::from_secs(5);

/// The time between two commits of a replay into topics of its own, where nobody waits.
const SECLUDED_INTERVAL: Duration = Duration::from_secs(30);

/// What an open transaction may last before the brokers end it. It bounds for how long a worker
/// that hangs can hold back the readers of the outputs, and must exceed a broker's restart.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(30);

/// As [`TRANSACTION_TIMEOUT`], of a replay, whose transactions are long.
const REPLAY_TRANSACTION_TIMEOUT: Duration = Duration::from_mins(5);

/// Something that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is done.
    On,
    /// It is left out.
    Off,
}

/// What the process is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Verb {
    /// Read, count, publish, until a signal
    Run,
    /// Compute again what the topics hold, up to where they ended at the start, and leave
    Replay,
}

/// How often an output is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Guarantee {
    /// Once, in transactions
    ExactlyOnce,
    /// Once or more, without transactions: the last version of a key is the same
    AtLeastOnce,
}

/// Where a replay writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Destination {
    /// To topics of its own, `<application id>-<topic>`, which it makes
    Own,
    /// To the topics that everybody reads, under the keys of its policy; nothing is set aside again
    Live,
}

/// Folds statuses and sessions into hourly indicators and failure episodes, exactly once
#[derive(Clone, Debug, Parser)]
#[command(name = "stream-processor", version)]
pub struct Config {
    /// What to do
    #[arg(value_enum, default_value_t = Verb::Run)]
    pub verb: Verb,

    /// Print inputs, store and outputs, and leave
    #[arg(long)]
    pub describe: bool,

    /// Address of `/metrics`, `/live` and `/ready`
    #[arg(
        long,
        env = "PROCESSOR_ADMIN_LISTEN",
        default_value = "127.0.0.1:19001",
        value_name = "ADDRESS"
    )]
    pub admin_listen: SocketAddr,

    /// Threads that share the partitions, 1 to 24; by default one for each core
    #[arg(long, env = "PROCESSOR_WORKERS", value_name = "COUNT",
          value_parser = clap::value_parser!(u8).range(1..=24))]
    pub workers: Option<u8>,

    /// Provisional results of the running hour: `off` for a replay of history
    #[arg(long, env = "PROCESSOR_PROVISIONAL", value_enum, default_value_t = Switch::On)]
    pub provisional: Switch,

    /// How often an output is written
    #[arg(long, env = "PROCESSOR_GUARANTEE", value_enum,
          default_value_t = Guarantee::ExactlyOnce)]
    pub guarantee: Guarantee,

    /// Parameters of the figures, a TOML file of `domain::policy::Parameters` with an id of its own;
    /// by default policy `qc-1`. A state made under another policy is refused: replay
    #[arg(long, env = "PROCESSOR_POLICY_FILE", value_name = "FILE")]
    pub policy_file: Option<PathBuf>,

    /// Where a replay writes
    #[arg(long, env = "PROCESSOR_REPLAY_INTO", value_enum, default_value_t = Destination::Own)]
    pub into: Destination,

    /// Milliseconds between two commits, 10 to 60000, live at most 10000: what a result waits for at
    /// the most, and what is done again after a crash; by default 200, in a replay 30000, where nobody
    /// waits and the state of an entity is written once for many events, or 5000 into live topics
    #[arg(long, env = "PROCESSOR_COMMIT_INTERVAL_MS", value_name = "MS",
          value_parser = clap::value_parser!(u64).range(10..=60_000))]
    pub commit_interval_ms: Option<u64>,

    /// Name of this process among those of the application, the same after a restart: two
    /// processes that run at once must not share it
    #[arg(
        long,
        env = "PROCESSOR_INSTANCE_ID",
        default_value = "0",
        value_name = "NAME"
    )]
    pub instance_id: String,

    /// Name of the consumer group, and the beginning of the names of the transactions and of the
    /// topic that keeps the state, `<name>-state-changelog`. A replay needs another than the live one
    #[arg(
        long,
        env = "PROCESSOR_APPLICATION_ID",
        default_value = LIVE_APPLICATION,
        value_name = "NAME"
    )]
    pub application_id: String,

    /// Kafka.
    #[command(flatten)]
    pub kafka: KafkaArgs,

    /// Schema registry.
    #[command(flatten)]
    pub registry: RegistryArgs,

    /// Logging.
    #[command(flatten)]
    pub telemetry: TelemetryArgs,

    /// Life.
    #[command(flatten)]
    pub shutdown: ShutdownArgs,

    /// A blow at a step, for tests.
    #[cfg(debug_assertions)]
    #[command(flatten)]
    pub fail: crate::failpoint::Args,
}

impl Config {
    /// The number of workers: as asked, or the cores, but never more than there are partitions.
    pub(crate) fn worker_count(&self) -> u8 {
        let most = u8::try_from(PARTITIONS).unwrap_or(u8::MAX);
        let cores = || {
            let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            u8::try_from(cores).unwrap_or(u8::MAX)
        };
        self.workers
            .unwrap_or_else(cores)
            .clamp(NonZeroU8::MIN.get(), most)
    }

    /// When a transaction ends.
    pub(crate) fn limits(&self) -> Limits {
        let asked = self.commit_interval_ms.map(Duration::from_millis);
        match (self.verb, self.into) {
            (Verb::Run, _) => Limits::every(asked.unwrap_or(LIVE_INTERVAL)),
            (Verb::Replay, Destination::Live) => {
                Limits::of_replay(asked.unwrap_or(REPLAY_INTERVAL))
            }
            (Verb::Replay, Destination::Own) => {
                Limits::of_replay(asked.unwrap_or(SECLUDED_INTERVAL))
            }
        }
    }

    /// What a transaction may last before the brokers end it.
    pub(crate) const fn transaction_timeout(&self) -> Duration {
        match self.verb {
            Verb::Run => TRANSACTION_TIMEOUT,
            Verb::Replay => REPLAY_TRANSACTION_TIMEOUT,
        }
    }

    /// The names of the topics that are written.
    pub(crate) fn names(&self) -> Names {
        match (self.verb, self.into) {
            (Verb::Run, _) => Names::live(&self.application_id),
            (Verb::Replay, Destination::Own) => Names::own(&self.application_id),
            (Verb::Replay, Destination::Live) => Names::beside(&self.application_id),
        }
    }

    /// The policy: the one of the file, or the default.
    ///
    /// # Errors
    /// When the file cannot be read, or is no policy.
    pub(crate) fn policy(&self) -> anyhow::Result<Policy> {
        let Some(file) = &self.policy_file else {
            return Ok(Policy::qc_1());
        };
        let name = file.display();
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {name}"))?;
        toml::from_str(&text).with_context(|| format!("{name} is no policy"))
    }

    /// Refuses what would touch the figures of the live application, or hold them back.
    ///
    /// # Errors
    /// Says what, and what to choose instead.
    pub(crate) fn check(&self, policy: &Policy) -> anyhow::Result<()> {
        let interval = self.limits().interval;
        let is_live = self.verb == Verb::Run || self.into == Destination::Live;
        ensure!(
            !is_live || interval <= LONGEST_LIVE_INTERVAL,
            "a commit every {interval:?} would hold back who reads the live topics, and outlast a \
             transaction: choose a --commit-interval-ms up to {}",
            LONGEST_LIVE_INTERVAL.as_millis()
        );
        if self.verb == Verb::Run {
            return Ok(());
        }
        ensure!(
            self.application_id != LIVE_APPLICATION,
            "a replay as {LIVE_APPLICATION} would change the live state: give it an \
             --application-id of its own"
        );
        ensure!(
            self.into == Destination::Own || policy.id != Policy::DEFAULT_ID,
            "a replay of policy {} into the live topics would write over live figures: choose \
             --into own, or another policy",
            policy.id
        );
        Ok(())
    }

    /// The name of worker `index`: static member of the group, id of its transactions, owner of its
    /// fences. It does not change in a restart, so a restarted worker takes its partitions over at
    /// once and ends the transaction that it left open.
    pub(crate) fn worker_name(&self, index: u8) -> String {
        format!("{}-{}-{index}", self.application_id, self.instance_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    #[expect(clippy::too_many_lines, reason = "the help is as long as it is")]
    fn help_names_every_flag_with_its_variable_and_default() {
        // Without the values, which are the tester's own.
        let command = Config::command().mut_args(|argument| argument.hide_env_values(true));
        let help = command.term_width(100).render_long_help().to_string();
        let lines: Vec<_> = help.lines().map(str::trim_end).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        Folds statuses and sessions into hourly indicators and failure episodes, exactly once

        Usage: stream-processor [OPTIONS] [VERB]

        Arguments:
          [VERB]
                  What to do

                  Possible values:
                  - run:    Read, count, publish, until a signal
                  - replay: Compute again what the topics hold, up to where they ended at the start, and
                    leave

                  [default: run]

        Options:
              --describe
                  Print inputs, store and outputs, and leave

              --admin-listen <ADDRESS>
                  Address of `/metrics`, `/live` and `/ready`

                  [env: PROCESSOR_ADMIN_LISTEN]
                  [default: 127.0.0.1:19001]

              --workers <COUNT>
                  Threads that share the partitions, 1 to 24; by default one for each core

                  [env: PROCESSOR_WORKERS]

              --provisional <PROVISIONAL>
                  Provisional results of the running hour: `off` for a replay of history

                  Possible values:
                  - on:  It is done
                  - off: It is left out

                  [env: PROCESSOR_PROVISIONAL]
                  [default: on]

              --guarantee <GUARANTEE>
                  How often an output is written

                  Possible values:
                  - exactly-once:  Once, in transactions
                  - at-least-once: Once or more, without transactions: the last version of a key is the same

                  [env: PROCESSOR_GUARANTEE]
                  [default: exactly-once]

              --policy-file <FILE>
                  Parameters of the figures, a TOML file of `domain::policy::Parameters` with an id of its
                  own; by default policy `qc-1`. A state made under another policy is refused: replay

                  [env: PROCESSOR_POLICY_FILE]

              --into <INTO>
                  Where a replay writes

                  Possible values:
                  - own:  To topics of its own, `<application id>-<topic>`, which it makes
                  - live: To the topics that everybody reads, under the keys of its policy; nothing is set
                    aside again

                  [env: PROCESSOR_REPLAY_INTO]
                  [default: own]

              --commit-interval-ms <MS>
                  Milliseconds between two commits, 10 to 60000, live at most 10000: what a result waits for
                  at the most, and what is done again after a crash; by default 200, in a replay 30000,
                  where nobody waits and the state of an entity is written once for many events, or 5000
                  into live topics

                  [env: PROCESSOR_COMMIT_INTERVAL_MS]

              --instance-id <NAME>
                  Name of this process among those of the application, the same after a restart: two
                  processes that run at once must not share it

                  [env: PROCESSOR_INSTANCE_ID]
                  [default: 0]

              --application-id <NAME>
                  Name of the consumer group, and the beginning of the names of the transactions and of the
                  topic that keeps the state, `<name>-state-changelog`. A replay needs another than the live
                  one

                  [env: PROCESSOR_APPLICATION_ID]
                  [default: stream-processor]

          -h, --help
                  Print help (see a summary with '-h')

          -V, --version
                  Print version

        Kafka:
              --kafka-bootstrap <BROKERS>
                  Brokers to start from, `host:port`, separated by commas

                  [env: KAFKA_BOOTSTRAP]
                  [default: 127.0.0.1:19092]

              --kafka-security-protocol <KAFKA_SECURITY_PROTOCOL>
                  Protection of the connection; the two with `sasl` need a user

                  Possible values:
                  - plaintext:      Neither encrypted nor authenticated
                  - ssl:            Encrypted
                  - sasl-plaintext: Authenticated but not encrypted
                  - sasl-ssl:       Encrypted and authenticated

                  [env: KAFKA_SECURITY_PROTOCOL]
                  [default: plaintext]

              --kafka-sasl-mechanism <KAFKA_SASL_MECHANISM>
                  Proof of identity, with `sasl-plaintext` and `sasl-ssl`

                  Possible values:
                  - PLAIN:         Name and password in clear; only with `sasl-ssl`
                  - SCRAM-SHA-256: Salted challenge and response with SHA-256
                  - SCRAM-SHA-512: Salted challenge and response with SHA-512

                  [env: KAFKA_SASL_MECHANISM]
                  [default: SCRAM-SHA-512]

              --kafka-username <NAME>
                  User, with `sasl-plaintext` and `sasl-ssl`

                  [env: KAFKA_USERNAME]

              --kafka-password <SECRET>
                  Password of that user

                  [env: KAFKA_PASSWORD]

              --kafka-password-file <PATH>
                  File that holds the password

                  [env: KAFKA_PASSWORD_FILE]

              --kafka-property <KEY=VALUE>
                  One more librdkafka property; may be repeated, wins over ours. In the environment,
                  properties are separated by `;`

                  [env: KAFKA_PROPERTIES]

        Schema registry:
              --schema-registry-url <URL>
                  Address of the Confluent-compatible registry API

                  [env: SCHEMA_REGISTRY_URL]
                  [default: http://127.0.0.1:18081/apis/ccompat/v7]

              --schema-registry-user <NAME>
                  User for basic authentication; without it requests carry none

                  [env: SCHEMA_REGISTRY_USER]

              --schema-registry-password <SECRET>
                  Password of that user

                  [env: SCHEMA_REGISTRY_PASSWORD]

              --schema-registry-password-file <PATH>
                  File that holds the password

                  [env: SCHEMA_REGISTRY_PASSWORD_FILE]

        Logging:
              --log-format <LOG_FORMAT>
                  Look of the log lines on standard error

                  Possible values:
                  - text: One readable line per event, coloured when standard error is a terminal
                  - json: One JSON object per line

                  [env: LOG_FORMAT]
                  [default: text]

              --log-filter <FILTER>
                  What is logged: a level (`error warn info debug trace`), or levels per module such as
                  `info,platform=debug`

                  [env: LOG_FILTER]
                  [default: info]

        Life:
              --shutdown-timeout-seconds <SECONDS>
                  Seconds that draining may take after the first signal, 1 to 3600; afterwards the process
                  gives up and leaves with 1

                  [env: SHUTDOWN_TIMEOUT_SECONDS]
                  [default: 30]
        ");
    }

    #[test]
    fn the_verb_may_be_left_out() {
        let parse = |arguments: &[&str]| Config::try_parse_from(arguments).unwrap().verb;
        assert_eq!(parse(&["x"]), Verb::Run);
        assert_eq!(parse(&["x", "run", "--workers", "3"]), Verb::Run);
    }

    #[test]
    fn only_a_replay_into_its_own_topics_may_hold_them_back_for_long() {
        let check = |arguments: &str| {
            let config = Config::try_parse_from(arguments.split(' ')).unwrap();
            config.check(&Policy::qc_1()).map_err(|it| it.to_string())
        };
        let refused = check("x --commit-interval-ms 10001").unwrap_err();
        assert!(refused.contains("up to 10000"), "{refused}");
        assert_eq!(check("x --commit-interval-ms 10000"), Ok(()));
        assert_eq!(check("x replay --application-id again"), Ok(()));
    }
}
