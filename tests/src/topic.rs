//! Topics as they are, and as nobody should use them: bytes of one's own choice, and copies, past the
//! gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
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

/// A record as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The partition.
    pub partition: i32,
    /// The key, empty when it has none.
    pub key: Vec<u8>,
    /// The value; none for a tick or a removal.
    pub value: Option<Vec<u8>>,
    /// The Kafka timestamp, ms.
    pub timestamp_ms: i64,
}

impl Stored {
    /// The id of a status or session: the first field of its Avro record, after the five bytes that
    /// name the schema.
    pub fn event_id(&self) -> Option<u128> {
        let bytes = self.value.as_ref()?.get(5..21)?;
        Some(u128::from_be_bytes(bytes.try_into().ok()?))
    }
}

/// Reads all of a topic that is committed, each partition to its present end.
///
/// # Errors
/// Fails when the broker does not answer.
pub fn read(bootstrap: &str, topic: &str) -> Result<Vec<Stored>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "e2e-read")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(topic), LIMIT)?;
    let found = metadata.topics().first().context("no such topic")?;
    let mut all = TopicPartitionList::new();
    for partition in found.partitions() {
        all.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    let mut open = found.partitions().len();
    ensure!(open > 0, "topic {topic} has no partition");
    consumer.assign(&all)?;
    let mut stored = Vec::new();
    while open > 0 {
        match consumer.poll(LIMIT) {
            Some(Ok(message)) => stored.push(Stored {
                partition: message.partition(),
                key: message.key().unwrap_or_default().to_vec(),
                value: message.payload().map(<[u8]>::to_vec),
                timestamp_ms: message.timestamp().to_millis().unwrap_or_default(),
            }),
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(error)) => return Err(error.into()),
            None => bail!(
                "topic {topic} was not read to its end in {} s",
                LIMIT.as_secs()
            ),
        }
    }
    Ok(stored)
}

/// The offset after the last record of each partition, whatever is compacted away.
///
/// # Errors
/// Fails when the broker does not answer.
pub fn ends(bootstrap: &str, topic: &str) -> Result<Vec<i64>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .create()?;
    let metadata = consumer.fetch_metadata(Some(topic), LIMIT)?;
    let found = metadata.topics().first().context("no such topic")?;
    let partitions = 0..i32::try_from(found.partitions().len())?;
    partitions
        .map(|partition| Ok(consumer.fetch_watermarks(topic, partition, LIMIT)?.1))
        .collect()
}

/// What a group has committed in the three inputs of the processor, by topic and partition.
///
/// # Errors
/// Fails when the broker does not answer.
pub fn committed(bootstrap: &str, group: &str) -> Result<BTreeMap<(String, i32), i64>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .create()?;
    let mut asked = TopicPartitionList::new();
    for topic in ["charge-point", "charge-point-status", "charge-session"] {
        for partition in 0..24 {
            asked.add_partition(topic, partition);
        }
    }
    let answered = consumer.committed_offsets(asked, LIMIT)?;
    let mut committed = BTreeMap::new();
    for element in answered.elements() {
        if let Offset::Offset(offset) = element.offset() {
            committed.insert((element.topic().to_owned(), element.partition()), offset);
        }
    }
    Ok(committed)
}

/// How often each event id is in a topic.
///
/// # Errors
/// Fails when the broker does not answer, or a value is too short for an id.
pub fn event_ids(bootstrap: &str, topic: &str) -> Result<BTreeMap<u128, usize>> {
    let mut ids = BTreeMap::new();
    for stored in read(bootstrap, topic)? {
        if stored.value.is_some() {
            let id = stored.event_id().context("a value without an id")?;
            *ids.entry(id).or_default() += 1;
        }
    }
    Ok(ids)
}

/// Writes the first record in `partitions` of a topic that has a value once more: the same bytes, at its
/// end.
///
/// # Errors
/// Fails when there is none, or the broker refuses it.
pub fn repeat_first(
    bootstrap: &str,
    topic: &str,
    partitions: impl Iterator<Item = i32>,
) -> Result<()> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "e2e-repeat")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut all = TopicPartitionList::new();
    for partition in partitions {
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
