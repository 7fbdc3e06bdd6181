//! What must be there before work is welcome: topics, schemas, the directory, a clock that fits.
//!
//! What is missing and will not come by itself (a topic, a schema) ends the start with expected,
//! found and remedy; what is only down (Kafka, the registry) is waited for.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use domain::contract::{CHARGE_POINT, CHARGE_POINT_STATUS, CHARGE_SESSION, DEAD_LETTER_TOPIC};
use domain::{Contract, Span, Timestamp};
use platform::avro::{RegistryArgs, RegistryClient};
use platform::kafka::KafkaArgs;
use platform::kafka::topics::{TopicAdmin, TopicList};
use platform::shutdown::Tasks;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::RunArgs;
use crate::directory::change::{Author, removal};
use crate::directory::follow::Follower;
use crate::http::Gateway;
use crate::http::publication::publish;
use crate::http::trail::Trail;
use crate::publisher::{Encoder, Kafka, SchemaIds};
use crate::{newest, tick, watch};

/// What `/ready` waits for.
pub const CONDITIONS: [&str; 4] = ["topics", "schemas", "directory", "clock"];
/// How far a record in the topics may lie ahead of the own clock.
const MAX_AHEAD: Span = Span::from_seconds(60);
/// Batches are small, since a request waits for its own: zstd sets up more than it compresses.
pub const COMPRESSION: &str = "compression.type=lz4";
/// How long a clock that lags is left alone.
const CLOCK_PAUSE: Duration = Duration::from_secs(1);
/// The topics that the gateway needs.
pub const TOPICS: [&str; 4] = [
    CHARGE_POINT.topic,
    CHARGE_POINT_STATUS.topic,
    CHARGE_SESSION.topic,
    DEAD_LETTER_TOPIC,
];

/// The list of topics.
///
/// # Errors
/// When it cannot be parsed, which a test rules out.
pub fn topics() -> anyhow::Result<TopicList> {
    Ok(TopicList::parse(include_str!(
        "../../deploy/kafka/topics.yaml"
    ))?)
}

/// The number of partitions of the joined topics.
///
/// # Errors
/// When the list does not hold them.
pub fn partitions(topics: &TopicList) -> anyhow::Result<i32> {
    let joined = topics.select(&[CHARGE_POINT.topic])?;
    joined
        .topics()
        .first()
        .map(|topic| topic.partitions)
        .context("topic charge-point is not listed")
}

/// The registry's ids of the schemas that we write. Waits while the registry is down.
///
/// # Errors
/// When a schema is not registered.
pub async fn schema_ids(registry: &RegistryClient) -> anyhow::Result<SchemaIds> {
    let id_of =
        |contract: Contract| async move { registry.id_of(contract.subject, contract.schema).await };
    Ok(SchemaIds {
        charge_point: id_of(CHARGE_POINT).await?,
        status: id_of(CHARGE_POINT_STATUS).await?,
        session: id_of(CHARGE_SESSION).await?,
    })
}

/// Starts the directory's thread, and the task that makes the gateway ready and then ticks.
///
/// # Errors
/// When a client or the thread cannot be made.
pub fn spawn(
    tasks: &mut Tasks,
    gateway: Arc<Gateway>,
    args: RunArgs,
    topics: TopicList,
) -> anyhow::Result<()> {
    let shutdown = tasks.shutdown();
    let prepared = CancellationToken::new();
    let loaded = CancellationToken::new();
    let follower = Follower {
        directory: gateway.directory.clone(),
        registry: registry(&args.registry)?,
        runtime: Handle::current(),
        shutdown: shutdown.clone(),
    };
    let kafka = args.kafka.clone();
    let client_id = format!("{}-directory", args.instance_id);
    let (may_start, has_loaded, shared) = (prepared.clone(), loaded.clone(), Arc::clone(&gateway));
    tasks.spawn_thread("directory", move || {
        let runtime = follower.runtime.clone();
        let is_asked = runtime.block_on(first_of(&may_start, &follower.shutdown));
        if !is_asked {
            return Ok(());
        }
        let start = Instant::now();
        follower.run(&kafka, &client_id, || {
            let seconds = start.elapsed().as_secs_f64();
            shared.metrics.directory_load_duration.set(seconds);
            let (active, decommissioned) = shared.directory.read().counts();
            tracing::info!(
                active,
                decommissioned,
                elapsed_ms = start.elapsed().as_millis(),
                "directory loaded"
            );
            has_loaded.cancel();
        })
    })?;
    let watching = watch::run(
        Arc::clone(&gateway),
        (args.kafka.clone(), args.instance_id.clone()),
        shutdown.clone(),
    );
    tasks.spawn("watch", watching);
    tasks.spawn("start", async move {
        let prepare = prepare(&gateway, &args, &topics, (&prepared, &loaded));
        let publisher = tokio::select! {
            publisher = prepare => publisher?,
            () = shutdown.cancelled() => return Ok(()),
        };
        let instance = Arc::from(args.instance_id.as_str());
        let interval = Duration::from_secs(args.times.tick_interval_seconds);
        let partitions = partitions(&topics)?;
        tick::run(&gateway, &instance, (partitions, interval), &shutdown).await;
        let flush = tokio::task::spawn_blocking(move || publisher.flush(Duration::from_secs(2)));
        flush
            .await
            .context("flushing the producer")?
            .context("flushing the producer")
    });
    Ok(())
}

/// Waits for the first of two tokens; true when it is `wanted`.
async fn first_of(wanted: &CancellationToken, other: &CancellationToken) -> bool {
    tokio::select! {
        () = wanted.cancelled() => true,
        () = other.cancelled() => false,
    }
}

/// A client of the registry.
///
/// # Errors
/// When no client can be built for the address.
pub fn registry(args: &RegistryArgs) -> anyhow::Result<RegistryClient> {
    RegistryClient::new(args).context("opening the registry client")
}

async fn prepare(
    gateway: &Arc<Gateway>,
    args: &RunArgs,
    topics: &TopicList,
    (prepared, loaded): (&CancellationToken, &CancellationToken),
) -> anyhow::Result<Arc<Kafka>> {
    let readiness = &gateway.readiness;
    let admin = TopicAdmin::new(&args.kafka, &args.instance_id)?;
    admin.verify(topics, &TOPICS).await?;
    readiness.done("topics");
    let ids = schema_ids(&registry(&args.registry)?).await?;
    readiness.done("schemas");
    let encoder = Encoder::new(ids, partitions(topics)?);
    let ack_timeout = gateway.limits.ack_timeout;
    let kafka_args = queued(args)?;
    let kafka = Kafka::new(&kafka_args, &args.instance_id, ack_timeout, encoder)?;
    let kafka = Arc::new(kafka);
    prepared.cancel();
    set_clock(gateway, args, encoder.partitions()).await?;
    readiness.done("clock");
    loaded.cancelled().await;
    let shared: Arc<Kafka> = Arc::clone(&kafka);
    gateway.publisher.get_or_init(|| shared);
    repair(gateway).await;
    readiness.done("directory");
    gateway.is_open.store(true, Ordering::SeqCst);
    tracing::info!("gateway ready");
    Ok(kafka)
}

/// The connection with what the flags say about batches and the queue.
fn queued(args: &RunArgs) -> anyhow::Result<KafkaArgs> {
    // Requests are refused before the queue is full, so that no request is sent in part; ticks and
    // refused items have what is above.
    let queue = u64::from(args.limits.max_queued_records) * 2;
    let ours = [
        format!("linger.ms={}", args.times.linger_milliseconds),
        format!("queue.buffering.max.messages={queue}"),
        COMPRESSION.to_owned(),
    ];
    preferring(&args.kafka, &ours)
}

/// The connection with properties of ours; the operator's own win over them.
///
/// # Errors
/// When one is no property, which a test rules out.
pub fn preferring(kafka: &KafkaArgs, ours: &[String]) -> anyhow::Result<KafkaArgs> {
    let mut kafka = kafka.clone();
    for (place, property) in ours.iter().enumerate() {
        kafka.kafka_properties.insert(place, property.parse()?);
    }
    Ok(kafka)
}

/// The newest record of both event topics.
///
/// # Errors
/// When the brokers do not answer.
pub async fn newest_record(
    kafka: &KafkaArgs,
    instance: &str,
    partitions: i32,
) -> anyhow::Result<Option<Timestamp>> {
    let (kafka, client_id) = (kafka.clone(), format!("{instance}-clock"));
    let read = move || {
        let mut newest = None;
        for topic in [CHARGE_POINT_STATUS.topic, CHARGE_SESSION.topic] {
            let of_topic = newest::of_topic(&kafka, &client_id, topic, partitions)?;
            newest = newest.max(of_topic.into_values().max());
        }
        Ok(newest)
    };
    tokio::task::spawn_blocking(read)
        .await
        .context("reading the newest records")?
}

/// A simulated clock takes up where the topics are; the system's must not lag behind them.
async fn set_clock(gateway: &Gateway, args: &RunArgs, partitions: i32) -> anyhow::Result<()> {
    let newest = newest_record(&args.kafka, &args.instance_id, partitions).await?;
    let Some(newest) = newest else { return Ok(()) };
    if let Some(manual) = gateway.clock.manual() {
        manual.set_ms(newest.as_ms());
        return Ok(());
    }
    gateway.metrics.clock_is_ahead(newest - gateway.clock.now());
    while newest > gateway.clock.now() + MAX_AHEAD {
        let ahead_ms = (newest - gateway.clock.now()).as_ms();
        tracing::warn!(
            ahead_ms,
            "records in the topics lie ahead of this clock, waiting: check its time"
        );
        tokio::time::sleep(CLOCK_PAUSE).await;
    }
    Ok(())
}

/// Removes what station changes left behind that were cut between their two records.
async fn repair(gateway: &Gateway) {
    let leftovers = gateway.directory.read().leftovers();
    if leftovers.is_empty() {
        return;
    }
    let author = Author {
        username: "repair",
        received_at: gateway.clock.now(),
    };
    let removals = leftovers
        .iter()
        .map(|entry| removal(entry, author))
        .collect();
    let repaired = publish(gateway, removals, &Trail::default()).await.is_ok();
    tracing::warn!(
        entries = leftovers.len(),
        repaired,
        "directory entries left in old partitions"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_joined_topics_have_the_same_number_of_partitions() {
        let topics = topics().unwrap();
        let partitions = partitions(&topics).unwrap();
        let joined = topics
            .select(&[CHARGE_POINT_STATUS.topic, CHARGE_SESSION.topic])
            .unwrap();
        assert!(
            joined
                .topics()
                .iter()
                .all(|topic| topic.partitions == partitions)
        );
        assert!(topics.select(&TOPICS).is_ok());
    }
}
