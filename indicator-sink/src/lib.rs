//! Kafka to ClickHouse: raw events, the directory, indicators and failure episodes.
//!
//! **Guarantee.** Every record is stored exactly once, also without `FINAL`. Before a range is
//! inserted, the group is told where it ends; killed anywhere after that, the sink, or whoever takes
//! its partition up, reads exactly that range again, and the name of the insert keeps the table from
//! storing it twice. A range is committed only after its rows, its dead letters and its audit are
//! acknowledged. Where the name is forgotten (a process frozen between intent and insert for 10,000
//! inserts, offsets that were reset), rows are repeated with equal keys: every table is an upsert,
//! so `FINAL` stays exact.
//!
//! | room | job |
//! |---|---|
//! | [`config`], [`metrics`], [`health`], [`watch`] | flags · what is counted · what `/ready` says of the store · what the database says of itself |
//! | [`topic`], [`schema`], [`record`] | what is read, and how it is decoded |
//! | [`row`] | record → row, pure |
//! | [`batch`], [`intent`] | ranges of one partition, pure · what is said before one is written |
//! | [`flight`] | what is to be done for a range, in which order, pure |
//! | [`disposition`] | what an error means |
//! | [`writer`], [`dead_letters`], [`audit`] | where rows and refused records go, and the account of both |
//! | [`delivery`] | one range on its way: again, in parts, until it is committed |
//! | [`mod@sink`] | the thread that polls; [`commit`] the only commits |
//! | [`migrate`], [`seed`] | the schema of the database, and what no topic brings |
//! | [`rollup`], [`indicator`] | sums by unit and territory, coded indicators: computed in the database |
//! | [`dictionary`], [`export`] | what the database says of itself · views as files |

pub mod audit;
pub mod batch;
pub mod commit;
pub mod config;
pub mod dead_letters;
pub mod delivery;
pub mod dictionary;
pub mod disposition;
pub mod export;
pub mod flight;
pub mod health;
pub mod indicator;
pub mod intent;
pub mod literal;
pub mod metrics;
pub mod migrate;
pub mod record;
pub mod rollup;
pub mod row;
pub mod schema;
pub mod seed;
pub mod sink;
pub mod topic;
pub mod watch;
pub mod writer;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use platform::admin::{self, Admin, Liveness, Readiness};
use platform::avro::RegistryClient;
use platform::kafka::consumer::Consumer;
use platform::kafka::producer::Producer;
use platform::kafka::topics::{TopicAdmin, TopicList};
use platform::shutdown::Tasks;
use rdkafka::ClientConfig;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::config::{Command, Config, OnTruncation, RunArgs};
use crate::delivery::Sender;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::sink::{Settings, Tools};
use crate::topic::Topic;
use crate::writer::{ClickHouse, InsertSettings};

/// The name of this service towards Kafka.
const SERVICE: &str = "indicator-sink";

/// The list of topics.
const TOPICS: &str = include_str!("../../deploy/kafka/topics.yaml");

/// How long the poll loop may stand still before `/live` says so.
const STUCK_AFTER: Duration = Duration::from_mins(1);

/// How long a dead letter may be on its way before it is sent again.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait for a database that is not there, or behind.
const MIGRATIONS_WAIT: Duration = Duration::from_secs(2);

/// Kept back from the time that the end may take, for leaving the group.
const LEAVE_TIME: Duration = Duration::from_secs(2);

/// Does what the command line says, until it is done or `shutdown` is cancelled.
///
/// # Errors
/// What ended it: see the message.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    match config.into_command() {
        Command::Run(args) => serve(args, shutdown).await,
        Command::Migrate(args) => migrate::command(&args).await,
        Command::Seed(args) => seed::command(&args).await,
        Command::Rollup(args) => rollup::command(&args).await,
        Command::Indicators(args) => indicator::command(&args).await,
        Command::Dictionary(args) => dictionary::command(&args).await,
        Command::Export(args) => export::command(&args).await,
    }
}

async fn serve(args: RunArgs, shutdown: CancellationToken) -> anyhow::Result<()> {
    let registry = platform::metrics::registry("sink", env!("CARGO_PKG_VERSION"))?;
    let metrics = Metrics::new(&registry)?;
    let (readiness, liveness) = (Readiness::new(shutdown.clone()), Liveness::default());
    readiness.waiting("migrations");
    readiness.waiting("topics");
    let heartbeat = liveness.heartbeat("poll", STUCK_AFTER);
    let listener = admin::bind(args.sink.admin_listen).await?;
    tracing::info!(address = %args.sink.admin_listen, "admin port open");
    let admin = Admin::new(registry, readiness.clone()).with_liveness(liveness);

    let mut tasks = Tasks::new(shutdown);
    let (until, drained) = (tasks.shutdown(), tasks.drained());
    tasks.spawn_background(
        "admin",
        async move { Ok(admin.serve(listener, drained).await?) },
    );
    let (runtime, timeout) = (Handle::current(), args.shutdown.timeout());
    let watched = (args.clickhouse.client(), metrics.clone());
    tasks.spawn_background("watch", watch::run(watched.0, watched.1, tasks.drained()));
    tasks.spawn_thread("sink", move || {
        let Some(()) = runtime
            .block_on(until.run_until_cancelled(prepare(&args, &readiness, &heartbeat)))
            .transpose()?
        else {
            return Ok(());
        };
        let tools = tools(&args, readiness, (metrics, heartbeat), runtime)?;
        let connect = || Consumer::new(&consumer_config(&args));
        sink::run(connect, &settings(&args), &tools, &until)
    })?;
    Ok(tasks.join(timeout).await?)
}

/// Waits until the database and the topics are as they have to be.
async fn prepare(
    args: &RunArgs,
    readiness: &Readiness,
    heartbeat: &admin::Heartbeat,
) -> anyhow::Result<()> {
    loop {
        heartbeat.beat();
        match migrate::missing_in(&args.clickhouse).await {
            Ok(missing) if missing.is_empty() => break,
            Ok(missing) => tracing::warn!(
                missing = missing.len(),
                "database is behind, waiting for `indicator-sink migrate`"
            ),
            Err(error) if error.is::<migrate::PlanError>() => return Err(error),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "database does not answer yet");
            }
        }
        tokio::time::sleep(MIGRATIONS_WAIT).await;
    }
    readiness.done("migrations");
    let list = TopicList::parse(TOPICS)?;
    let names = Topic::ALL.map(Topic::name);
    TopicAdmin::new(&args.kafka, SERVICE)?
        .verify(&list, &names)
        .await?;
    readiness.done("topics");
    Ok(())
}

/// What the sink works with, whatever becomes of its consumer.
fn tools(
    args: &RunArgs,
    readiness: Readiness,
    (metrics, heartbeat): (Metrics, admin::Heartbeat),
    runtime: Handle,
) -> anyhow::Result<Tools<ClickHouse, Producer>> {
    let config = args.kafka.producer_config(SERVICE, DELIVERY_TIMEOUT);
    let producer = Producer::new(&config, DELIVERY_TIMEOUT).context("creating the producer")?;
    let is_replicated = args.clickhouse.clickhouse_replicated == config::Switch::On;
    let writer = ClickHouse::new(args.clickhouse.client(), InsertSettings { is_replicated });
    Ok(Tools {
        writer: Arc::new(writer),
        dead_letters: Arc::new(producer),
        registry: RegistryClient::new(&args.registry)?,
        metrics,
        health: Health::new(readiness),
        heartbeat,
        runtime,
    })
}

/// What the sink has to know.
fn settings(args: &RunArgs) -> Settings {
    Settings {
        sender: Sender {
            group: args.sink.group.clone(),
            instance: args.sink.instance_id.clone(),
            max_dead_letters: args.sink.max_dead_letters.into(),
        },
        probe: probe_config(args),
        limits: args.sink.limits(),
        max_inflight: args.sink.max_inflight_inserts.into(),
        max_buffered_bytes: args.sink.max_buffered_bytes(),
        drain_timeout: args.shutdown.timeout().saturating_sub(LEAVE_TIME),
        most_lost: sink::MOST_LOST,
    }
}

fn consumer_config(args: &RunArgs) -> ClientConfig {
    let mut config = args.kafka.consumer_config(SERVICE, &args.sink.group);
    config
        // A restart under the same name takes its partitions up without a rebalance.
        .set("group.instance.id", &args.sink.instance_id)
        // An insert of a large range may outlast the usual time; a member that died is replaced
        // under its name anyhow.
        .set("session.timeout.ms", "30000");
    start_of_log(args, &mut config);
    args.kafka.pass_through(&mut config);
    config
}

/// A consumer that looks for the end of a partition, outside of the group.
fn probe_config(args: &RunArgs) -> ClientConfig {
    let mut config = args.kafka.consumer_config(SERVICE, &args.sink.group);
    // It has one partition, so that an end needs no topic.
    config.set("enable.partition.eof", "true");
    start_of_log(args, &mut config);
    config
}

fn start_of_log(args: &RunArgs, config: &mut ClientConfig) {
    if args.sink.on_truncation == OnTruncation::Fail {
        // A committed offset below the start of the log is an error, not a reason to skip.
        config.set("auto.offset.reset", "error");
    }
}
