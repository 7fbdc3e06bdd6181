//! A mock cluster, clients of it, and waiting for what they report.

use std::time::Duration;

use platform::kafka::KafkaArgs;
use platform::kafka::consumer::{Consumer, Event, TopicPartition};
use platform::kafka::producer::{Producer, Record};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use tokio::time::Instant;

pub(crate) const TOPIC: &str = "charge-session";
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) type Cluster = MockCluster<'static, DefaultProducerContext>;

/// Starts one broker with one topic of `partitions` partitions.
pub(crate) fn cluster(partitions: i32) -> Cluster {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, partitions, 1).unwrap();
    cluster
}

pub(crate) fn args(cluster: &Cluster) -> KafkaArgs {
    KafkaArgs::plaintext(&cluster.bootstrap_servers())
}

pub(crate) fn producer(cluster: &Cluster) -> Producer {
    let config = args(cluster).producer_config("test", TIMEOUT);
    Producer::new(&config, TIMEOUT).unwrap()
}

pub(crate) fn consumer(cluster: &Cluster, client_id: &str) -> Consumer {
    let mut config = args(cluster).consumer_config(client_id, "group");
    // A rebalance is noticed at the next heartbeat.
    config.set("heartbeat.interval.ms", "100");
    // The mock waits 3 s for the first members and this long for members to join again.
    config.set("session.timeout.ms", "4000");
    let consumer = Consumer::new(&config).unwrap();
    consumer.subscribe(&[TOPIC]).unwrap();
    consumer
}

pub(crate) fn record(partition: i32, value: &str) -> Record {
    Record {
        topic: TOPIC.to_owned(),
        partition: Some(partition),
        key: Some(b"FRFASP33004".to_vec()),
        value: Some(value.as_bytes().to_vec()),
        timestamp_ms: Some(1_700_000_000_000),
        headers: None,
    }
}

/// Polls until `accept` returns something.
pub(crate) fn wait_for<T>(
    consumer: &Consumer,
    mut accept: impl FnMut(Event<'_>) -> Option<T>,
) -> T {
    let start = Instant::now();
    while start.elapsed() < TIMEOUT {
        let event = consumer.poll(Duration::from_millis(20));
        if let Some(accepted) = event.and_then(&mut accept) {
            return accepted;
        }
    }
    panic!("nothing of the kind within {TIMEOUT:?}")
}

pub(crate) fn wait_for_assignment(consumer: &Consumer) -> Vec<TopicPartition> {
    wait_for(consumer, |event| match event {
        Event::Assigned(partitions) if !partitions.is_empty() => Some(partitions),
        _ => None,
    })
}
