//! The newest record of each partition: how far the clock of the topics has come.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, ensure};
use domain::Timestamp;
use platform::kafka::KafkaArgs;
use platform::kafka::consumer::{Consumer, Event, Offset, TopicPartition, is_fatal};
use rdkafka::Message as _;
use tokio::time::Instant;

/// How long the brokers may take for one topic.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long one poll waits.
const POLL: Duration = Duration::from_millis(100);

/// The timestamp of the last record of each partition of `topic`; empty ones are left out. Blocks.
///
/// # Errors
/// When the brokers do not answer.
pub fn of_topic(
    kafka: &KafkaArgs,
    client_id: &str,
    topic: &str,
    partitions: i32,
) -> anyhow::Result<BTreeMap<i32, Timestamp>> {
    let mut config = kafka.consumer_config(client_id, client_id);
    // An end without a record before it tells that there is none.
    config.set("enable.partition.eof", "true");
    let consumer = Consumer::new(&config).context("opening a consumer")?;
    let start = Instant::now();
    let mut last = BTreeMap::new();
    for partition in 0..partitions {
        let partition = TopicPartition::new(topic, partition);
        let (low, high) = ends(&consumer, &partition, start)?;
        if high > low {
            last.insert(partition.partition, (partition, Offset::Offset(high - 1)));
        }
    }
    let wanted: Vec<_> = last.values().cloned().collect();
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    consumer.take_up(&wanted).context("assigning partitions")?;
    let mut newest = BTreeMap::new();
    while !last.is_empty() {
        ensure!(
            start.elapsed() < TIMEOUT,
            "the last records of topic {topic} did not come: see whether Kafka answers"
        );
        match consumer.poll(POLL) {
            Some(Event::Record(record)) => {
                if let Some(ms) = record.timestamp().to_millis() {
                    newest.insert(record.partition(), Timestamp::from_ms(ms));
                }
                last.remove(&record.partition());
            }
            Some(Event::PartitionEof(partition)) => {
                last.remove(&partition);
            }
            Some(Event::Error(error)) if is_fatal(&error) => return Err(error.into()),
            _ => {}
        }
    }
    Ok(newest)
}

/// The first and the next offset of a partition. A broker that has just come back leads nothing for a
/// moment, so it is asked again until the time is over.
fn ends(
    consumer: &Consumer,
    partition: &TopicPartition,
    start: Instant,
) -> anyhow::Result<(i64, i64)> {
    loop {
        match consumer.watermarks(partition, TIMEOUT) {
            Ok(ends) => return Ok(ends),
            Err(error) if start.elapsed() >= TIMEOUT => {
                return Err(error).with_context(|| format!("asking for the end of {partition}"));
            }
            // Nothing is assigned yet, so this only waits.
            Err(_) => drop(consumer.poll(POLL)),
        }
    }
}
