//! Reads topic `charge-point` into the directory: from the beginning to the end, then on.
//!
//! On a thread of its own, with partitions chosen by hand and no group: every gateway has all of
//! it. A record that cannot be read is logged and passed over, and the entry before it stays.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use anyhow::Context;
use domain::ChargePoint;
use domain::contract::CHARGE_POINT;
use domain::wire::Decoder;
use platform::avro::{RegistryClient, unframe};
use platform::kafka::KafkaArgs;
use platform::kafka::consumer::{Consumer, Event, Offset, TopicPartition, is_fatal};
use rdkafka::Message as _;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Directory;

/// How long one poll waits: as soon as this the thread sees a shutdown.
const POLL: Duration = Duration::from_millis(200);

/// What the follower needs.
#[derive(Debug)]
pub struct Follower {
    /// The table that it fills.
    pub directory: Directory,
    /// Where schemas come from.
    pub registry: RegistryClient,
    /// The runtime on which the registry is asked.
    pub runtime: Handle,
    /// Ends the reading.
    pub shutdown: CancellationToken,
}

impl Follower {
    /// Reads until shutdown; calls `loaded` once, when every partition was read to its end.
    ///
    /// # Errors
    /// When the client is of no use any more.
    pub fn run(
        self,
        kafka: &KafkaArgs,
        client_id: &str,
        loaded: impl FnOnce(),
    ) -> anyhow::Result<()> {
        let mut config = kafka.consumer_config(client_id, client_id);
        // The end of each partition is what the start waits for.
        config.set("enable.partition.eof", "true");
        let consumer = Consumer::new(&config).context("opening the directory consumer")?;
        let partitions: Vec<_> = (0..self.directory.partitions)
            .map(|partition| {
                (
                    TopicPartition::new(CHARGE_POINT.topic, partition),
                    Offset::Beginning,
                )
            })
            .collect();
        consumer
            .take_up(&partitions)
            .context("assigning the directory's partitions")?;
        let mut loaded = Some(loaded);
        let mut unread: BTreeSet<_> = (0..self.directory.partitions).collect();
        let mut decoders = HashMap::new();
        while !self.shutdown.is_cancelled() {
            match consumer.poll(POLL) {
                Some(Event::Record(record)) => {
                    self.take(
                        record.partition(),
                        (record.offset(), record.key(), record.payload()),
                        &mut decoders,
                    );
                    self.directory
                        .reached(record.partition(), record.offset() + 1);
                }
                Some(Event::PartitionEof(partition)) => {
                    unread.remove(&partition);
                }
                Some(Event::Error(error)) if is_fatal(&error) => {
                    return Err(error).context("reading the directory");
                }
                Some(Event::Error(error)) => tracing::warn!(%error, "directory cannot be read"),
                Some(Event::Assigned(_) | Event::Revoked(_) | Event::Lost(_)) | None => {}
            }
            if unread.is_empty()
                && let Some(loaded) = loaded.take()
            {
                loaded();
            }
        }
        Ok(())
    }

    fn take(
        &self,
        partition: i32,
        (offset, key, value): (i64, Option<&[u8]>, Option<&[u8]>),
        decoders: &mut HashMap<u32, Decoder<ChargePoint>>,
    ) {
        let id = key.and_then(|key| std::str::from_utf8(key).ok());
        let read = value.map(|value| self.decode(value, decoders)).transpose();
        match (id, read) {
            (Some(id), Ok(entry)) => self.directory.apply(partition, id, entry),
            (None, _) => {
                tracing::error!(
                    partition,
                    offset,
                    reason = "no_key",
                    "directory record passed over"
                );
            }
            (_, Err(error)) => {
                let error = format!("{error:#}");
                tracing::error!(
                    partition,
                    offset,
                    reason = "unreadable",
                    error,
                    "directory record passed over"
                );
            }
        }
    }

    fn decode(
        &self,
        value: &[u8],
        decoders: &mut HashMap<u32, Decoder<ChargePoint>>,
    ) -> anyhow::Result<ChargePoint> {
        let (id, avro) = unframe(value)?;
        if let Some(decoder) = decoders.get(&id) {
            return Ok(decoder.decode(avro)?);
        }
        let asked = async {
            tokio::select! {
                schema = self.registry.schema_by_id(id) => schema.map_err(anyhow::Error::from),
                () = self.shutdown.cancelled() => Err(anyhow::anyhow!("shutdown was requested")),
            }
        };
        let decoder = Decoder::for_writer(&self.runtime.block_on(asked)?)?;
        let entry = decoder.decode(avro)?;
        decoders.insert(id, decoder);
        Ok(entry)
    }
}
