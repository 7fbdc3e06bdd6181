//! Topics as nobody should use them: bytes of one's own choice, and copies, past the gateway.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// How long a broker may take to acknowledge.
const LIMIT: Duration = Duration::from_secs(30);

/// A record to write.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The key.
    pub key: &'a str,
    /// The value.
    pub value: &'a [u8],
    /// The Kafka timestamp, ms.
    pub timestamp_ms: i64,
}

/// Writes a record and waits for the broker.
///
/// # Errors
/// Fails when the broker refuses it.
pub fn write(bootstrap: &str, record: Raw<'_>) -> Result<()> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("acks", "all")
        .create()?;
    let raw = BaseRecord::to(record.topic)
        .partition(record.partition)
        .key(record.key)
        .payload(record.value)
        .timestamp(record.timestamp_ms);
    producer
        .send(raw)
        .map_err(|(error, _)| error)
        .context("queueing a record")?;
    producer.flush(LIMIT).context("waiting for the broker")?;
    Ok(())
}

/// Writes the first record of a topic that has a value once more: the same bytes, at its end.
///
/// # Errors
/// Fails when there is none, or the broker refuses it.
pub fn repeat_first(bootstrap: &str, topic: &str, partitions: i32) -> Result<()> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "e2e-repeat")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut all = TopicPartitionList::new();
    for partition in 0..partitions {
        all.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&all)?;
    while let Some(message) = consumer.poll(LIMIT) {
        let message = message?;
        let (Some(Ok(key)), Some(value)) = (message.key_view::<str>(), message.payload()) else {
            continue;
        };
        let timestamp_ms = message.timestamp().to_millis().unwrap_or_default();
        let partition = message.partition();
        return write(
            bootstrap,
            Raw {
                topic,
                partition,
                key,
                value,
                timestamp_ms,
            },
        );
    }
    bail!("topic {topic} has no record with a value")
}
