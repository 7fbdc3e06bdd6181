//! How a process reaches Kafka: flags, and every librdkafka property that we set, with its why.
//!
//! | room | job |
//! |---|---|
//! | [`topics`] | the list of topics: create, verify, say what differs |
//! | [`consumer`] | callbacks become events on the thread that polls |
//! | [`producer`] | one awaited completion per request, from async code |
//! | [`batch_producer`] | send, drain, perhaps commit: for a thread of its own |
//! | [`partition`] | which partition a key belongs to |
//! | [`offsets`] | the next committable offset of each partition |
//!
//! Nothing here decides what happens to a record, and nothing here commits.

use std::str::FromStr;

use clap::{Args, ValueEnum};
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use crate::secret::Secret;

pub mod batch_producer;
pub mod consumer;
pub mod offsets;
pub mod partition;
pub mod producer;
pub mod topics;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SecurityProtocol {
    /// Neither encrypted nor authenticated.
    Plaintext,
    /// Encrypted.
    Ssl,
    /// Authenticated but not encrypted.
    SaslPlaintext,
    /// Encrypted and authenticated.
    SaslSsl,
}

/// How the client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SaslMechanism {
    /// Name and password in clear; only with `sasl-ssl`.
    #[value(name = "PLAIN")]
    Plain,
    /// Salted challenge and response with SHA-256.
    #[value(name = "SCRAM-SHA-256")]
    ScramSha256,
    /// Salted challenge and response with SHA-512.
    #[value(name = "SCRAM-SHA-512")]
    ScramSha512,
}

/// One librdkafka property as `key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    key: String,
    value: String,
}

/// A property that is not written as `key=value`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no property: write key=value, such as ssl.ca.location=/etc/ca.pem")]
pub struct PropertyError(String);

impl FromStr for Property {
    type Err = PropertyError;

    fn from_str(text: &str) -> Result<Self, PropertyError> {
        match text.split_once('=') {
            Some((key, value)) if !key.trim().is_empty() => Ok(Self {
                key: key.trim().to_owned(),
                value: value.to_owned(),
            }),
            _ => Err(PropertyError(text.to_owned())),
        }
    }
}

/// Flags for the connection to Kafka, flattened into every service.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Kafka")]
pub struct KafkaArgs {
    /// Brokers to start from, `host:port`, separated by commas
    #[arg(
        long = "kafka-bootstrap",
        env = "KAFKA_BOOTSTRAP",
        default_value = "127.0.0.1:19092",
        value_name = "BROKERS"
    )]
    pub kafka_bootstrap: String,

    /// Protection of the connection; the two with `sasl` need a user
    #[arg(long, env = "KAFKA_SECURITY_PROTOCOL", value_enum,
          default_value_t = SecurityProtocol::Plaintext)]
    pub kafka_security_protocol: SecurityProtocol,

    /// Proof of identity, with `sasl-plaintext` and `sasl-ssl`
    #[arg(long, env = "KAFKA_SASL_MECHANISM", value_enum,
          default_value_t = SaslMechanism::ScramSha512)]
    pub kafka_sasl_mechanism: SaslMechanism,

    /// User, with `sasl-plaintext` and `sasl-ssl`
    #[arg(long, env = "KAFKA_USERNAME", value_name = "NAME",
          required_if_eq_any([("kafka_security_protocol", "sasl-plaintext"),
                              ("kafka_security_protocol", "sasl-ssl")]))]
    pub kafka_username: Option<String>,

    /// Password of that user
    #[arg(
        long,
        env = "KAFKA_PASSWORD",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub kafka_password: Option<Secret>,

    /// File that holds the password
    #[arg(long, env = "KAFKA_PASSWORD_FILE", value_name = "PATH",
          value_parser = Secret::from_file, conflicts_with = "kafka_password")]
    pub kafka_password_file: Option<Secret>,

    /// One more librdkafka property; may be repeated, wins over ours. In the environment,
    /// properties are separated by `;`
    #[arg(
        long = "kafka-property",
        env = "KAFKA_PROPERTIES",
        value_name = "KEY=VALUE",
        value_delimiter = ';'
    )]
    pub kafka_properties: Vec<Property>,
}

impl KafkaArgs {
    /// Returns arguments for an unprotected broker, as tests have it.
    pub fn plaintext(bootstrap: &str) -> Self {
        Self {
            kafka_bootstrap: bootstrap.to_owned(),
            kafka_security_protocol: SecurityProtocol::Plaintext,
            kafka_sasl_mechanism: SaslMechanism::ScramSha512,
            kafka_username: None,
            kafka_password: None,
            kafka_password_file: None,
            kafka_properties: Vec::new(),
        }
    }

    /// Returns what every client of ours has; `client_id` shows in the brokers' logs and metrics.
    pub fn client_config(&self, client_id: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.kafka_bootstrap)
            .set("client.id", client_id)
            // A broker that restarts is looked for every second at the most, instead of every ten:
            // the restart is over in seconds, and records are waiting.
            .set("reconnect.backoff.max.ms", "1000")
            // Partition leaders are learnt from errors, too; this bounds what a missed one costs.
            .set("topic.metadata.refresh.interval.ms", "60000")
            // Long-lived connections through a firewall must not die silently.
            .set("socket.keepalive.enable", "true")
            // A lost connection is business as usual and would fill the log.
            .set("log.connection.close", "false");
        self.secure(&mut config);
        config
    }

    /// Returns the configuration of a consumer in `group`: it neither commits nor resets by itself.
    pub fn consumer_config(&self, client_id: &str, group: &str) -> ClientConfig {
        let mut config = self.client_config(client_id);
        config
            .set("group.id", group)
            // Only `commit.rs` of a service commits: effect first, then commit.
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // A new group reads everything; a group whose offset is gone must not skip silently.
            .set("auto.offset.reset", "earliest")
            // A record of an open or aborted transaction has not happened.
            .set("isolation.level", "read_committed")
            // Partitions that stay with a member go on during a rebalance.
            .set("partition.assignment.strategy", "cooperative-sticky")
            // The protocol that transactions with consumer groups are proven with in librdkafka.
            .set("group.protocol", "classic")
            // The default of 1000 leaves the fetcher idle for a second after a full queue.
            .set("fetch.queue.backoff.ms", "10")
            // Bounds the memory of records that were fetched and not yet polled, 64 MiB.
            .set("queued.max.messages.kbytes", "65536")
            // How soon the group notices a member that died.
            .set("session.timeout.ms", "15000")
            // A member hears of a rebalance at its next heartbeat: partitions wait that long.
            .set("heartbeat.interval.ms", "1000");
        self.pass_through(&mut config);
        config
    }

    /// Returns the configuration of an idempotent producer that gives a record up after
    /// `delivery_timeout`.
    pub fn producer_config(
        &self,
        client_id: &str,
        delivery_timeout: std::time::Duration,
    ) -> ClientConfig {
        let mut config = self.client_config(client_id);
        config
            // No record is lost or doubled by a retry; implies acks=all, which is repeated because
            // the promise of a 201 rests on it.
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.timeout.ms", delivery_timeout.as_millis().to_string())
            // Java's partitioner, so that every tool finds a station where we put it.
            .set("partitioner", "murmur2_random")
            // Built in, and small keys and values that repeat compress well.
            .set("compression.type", "zstd")
            // Time to fill a batch; it is added to every acknowledged request.
            .set("linger.ms", "2")
            // Bounds the memory of records on their way, 64 MiB; a full queue is waited for.
            .set("queue.buffering.max.kbytes", "65536");
        self.pass_through(&mut config);
        config
    }

    fn secure(&self, config: &mut ClientConfig) {
        let protocol = match self.kafka_security_protocol {
            SecurityProtocol::Plaintext => "plaintext",
            SecurityProtocol::Ssl => "ssl",
            SecurityProtocol::SaslPlaintext => "sasl_plaintext",
            SecurityProtocol::SaslSsl => "sasl_ssl",
        };
        config.set("security.protocol", protocol);
        let is_sasl = matches!(
            self.kafka_security_protocol,
            SecurityProtocol::SaslPlaintext | SecurityProtocol::SaslSsl
        );
        if is_sasl {
            let mechanism = match self.kafka_sasl_mechanism {
                SaslMechanism::Plain => "PLAIN",
                SaslMechanism::ScramSha256 => "SCRAM-SHA-256",
                SaslMechanism::ScramSha512 => "SCRAM-SHA-512",
            };
            config.set("sasl.mechanism", mechanism);
            if let Some(user) = &self.kafka_username {
                config.set("sasl.username", user);
            }
            let password = self.kafka_password.as_ref();
            if let Some(password) = password.or(self.kafka_password_file.as_ref()) {
                config.set("sasl.password", password.expose());
            }
        }
        self.pass_through(config);
    }

    /// Sets the operator's own properties, which win over ours; a service that adds properties calls
    /// it again.
    pub fn pass_through(&self, config: &mut ClientConfig) {
        for property in &self.kafka_properties {
            config.set(&property.key, &property.value);
        }
    }
}

/// Hands a line of the client library to our log; the facility is its own short word.
fn log_line(level: RDKafkaLogLevel, facility: &str, detail: &str) {
    match level {
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error
        | RDKafkaLogLevel::Warning => tracing::warn!(facility, detail, "kafka client"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(facility, detail, "kafka client");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(facility, detail, "kafka client"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use std::time::Duration;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        kafka: KafkaArgs,
    }

    fn parse(arguments: &[&str]) -> Result<KafkaArgs, clap::Error> {
        let arguments = std::iter::once("x").chain(arguments.iter().copied());
        Command::try_parse_from(arguments).map(|command| command.kafka)
    }

    #[test]
    fn a_user_is_demanded_with_sasl_only() {
        assert!(parse(&[]).is_ok());
        let error = parse(&["--kafka-security-protocol", "sasl-ssl"]).unwrap_err();
        assert!(error.to_string().contains("--kafka-username"), "{error}");
    }

    #[test]
    fn sasl_arguments_reach_the_client() {
        let args = parse(&[
            "--kafka-security-protocol=sasl-ssl",
            "--kafka-sasl-mechanism=SCRAM-SHA-256",
            "--kafka-username=alice",
            "--kafka-password=wonder",
        ])
        .unwrap();
        let config = args.client_config("x");
        assert_eq!(config.get("security.protocol"), Some("sasl_ssl"));
        assert_eq!(config.get("sasl.mechanism"), Some("SCRAM-SHA-256"));
        assert_eq!(config.get("sasl.password"), Some("wonder"));
        assert!(!format!("{args:?}").contains("wonder"));
    }

    #[test]
    fn a_property_of_the_operator_wins() {
        let args = parse(&[
            "--kafka-property=linger.ms=7",
            "--kafka-property=ssl.ca.location=/a=b",
        ])
        .unwrap();
        let config = args.producer_config("x", Duration::from_secs(30));
        assert_eq!(config.get("linger.ms"), Some("7"));
        assert_eq!(config.get("ssl.ca.location"), Some("/a=b"));
        assert_eq!(config.get("message.timeout.ms"), Some("30000"));
        assert!(parse(&["--kafka-property=linger"]).is_err());
    }

    #[test]
    fn the_library_accepts_every_property_that_we_set() {
        let args = KafkaArgs::plaintext("127.0.0.1:1");
        let second = Duration::from_secs(1);
        args.client_config("x").create_native_config().unwrap();
        args.consumer_config("x", "g")
            .create_native_config()
            .unwrap();
        args.producer_config("x", second)
            .create_native_config()
            .unwrap();
    }
}
