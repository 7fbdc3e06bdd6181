//! Writing to a topic as nobody should: bytes of one's own choice, past the gateway.

use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

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
