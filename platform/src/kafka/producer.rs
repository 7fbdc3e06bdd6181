//! An idempotent producer for async code, with one completion per request.
//!
//! [`Producer::send_all`] returns when the brokers have every record, or when one was given up. A
//! counter shared by the records of a request is all that a record costs, instead of a future each.
//! librdkafka's callbacks run on a thread of the producer's own.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer as _, ProducerContext, ThreadedProducer};
use tokio::sync::Notify;
use tokio::time::Instant;

/// A record to be sent.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The topic.
    pub topic: String,
    /// The partition; without one the key decides.
    pub partition: Option<i32>,
    /// The key; none is a record that belongs to its partition and no entity.
    pub key: Option<Vec<u8>>,
    /// The value; none is a tombstone.
    pub value: Option<Vec<u8>>,
    /// The Kafka timestamp, ms since the epoch: `received_at`. Without one the client's present.
    pub timestamp_ms: Option<i64>,
    /// Headers.
    pub headers: Option<OwnedHeaders>,
}

/// A record without headers whose bytes are somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition; without one the key decides.
    pub partition: Option<i32>,
    /// The key; none is a record that belongs to its partition and no entity.
    pub key: Option<&'a [u8]>,
    /// The value; none is a tombstone.
    pub value: Option<&'a [u8]>,
    /// The Kafka timestamp, ms since the epoch. Without one the client's present.
    pub timestamp_ms: Option<i64>,
}

impl Record {
    /// The record without its headers.
    pub fn parts(&self) -> Parts<'_> {
        Parts {
            topic: &self.topic,
            partition: self.partition,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            timestamp_ms: self.timestamp_ms,
        }
    }
}

/// Records that were not delivered.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {total} records were not delivered to topic {topic}")]
pub struct SendError {
    /// How many are not known to be in Kafka. They may be there nevertheless.
    pub failed: usize,
    /// How many there were.
    pub total: usize,
    /// The topic of the first record of the request.
    pub topic: String,
    /// The first error.
    pub source: KafkaError,
}

/// How long a full queue is left alone before the next attempt.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(5);

/// The producer. Clones share one client and its thread.
#[derive(Clone)]
pub struct Producer {
    inner: Arc<ThreadedProducer<Context>>,
    queue_timeout: Duration,
}

impl Producer {
    /// Creates a producer from [`super::KafkaArgs::producer_config`]. A record that finds the queue
    /// full for `queue_timeout` is given up.
    ///
    /// # Errors
    /// When the client refuses its configuration.
    pub fn new(config: &ClientConfig, queue_timeout: Duration) -> KafkaResult<Self> {
        let inner = config.create_with_context(Context)?;
        Ok(Self {
            inner: Arc::new(inner),
            queue_timeout,
        })
    }

    /// Sends `records` and waits until the brokers have them all. None is fine.
    ///
    /// Dropping the future does not take records back.
    ///
    /// # Errors
    /// When at least one record was given up; then each may or may not be in Kafka.
    pub async fn send_all(&self, records: Vec<Record>) -> Result<(), SendError> {
        let Some(first) = records.first() else {
            return Ok(());
        };
        let delivery = Delivery::of(&first.topic, records.len());
        let (batch, total) = (&delivery.batch, delivery.total);
        let deadline = Instant::now() + self.queue_timeout;
        for (sent, record) in records.into_iter().enumerate() {
            if let Err(error) = self.enqueue(record, batch, deadline).await {
                batch.give_up(total - sent, error);
                break;
            }
        }
        delivery.ended().await
    }

    /// Queues `records` and returns what tells their end; none is fine. They are copied, so that
    /// their bytes may go. Does not wait: once the queue is full the rest is given up.
    pub fn start<'a>(&self, records: impl ExactSizeIterator<Item = Parts<'a>>) -> Delivery {
        let mut records = records.peekable();
        let total = records.len();
        let topic = records.peek().map_or("", |record| record.topic);
        let delivery = Delivery::of(topic, total);
        for (sent, record) in records.enumerate() {
            let message = base_record(record, Arc::clone(&delivery.batch));
            if let Err((error, _message)) = self.inner.send(message) {
                delivery.batch.give_up(total - sent, error);
                break;
            }
        }
        delivery
    }

    /// Waits until nothing is on its way any more, for the end of the process. Blocks.
    ///
    /// # Errors
    /// When that takes longer than `timeout`.
    pub fn flush(&self, timeout: Duration) -> KafkaResult<()> {
        self.inner.flush(timeout)
    }

    /// Returns how many records are on their way.
    pub fn in_flight(&self) -> usize {
        usize::try_from(self.inner.in_flight_count()).unwrap_or(0)
    }

    async fn enqueue(
        &self,
        mut record: Record,
        batch: &Arc<Batch>,
        deadline: Instant,
    ) -> Result<(), KafkaError> {
        loop {
            // The client takes the headers only when it takes the record.
            let headers = record.headers.take();
            let mut message = base_record(record.parts(), Arc::clone(batch));
            message.headers = headers;
            let (error, returned) = match self.inner.send(message) {
                Ok(()) => return Ok(()),
                Err((error, returned)) => (error, returned.headers),
            };
            let is_full = error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
            if !is_full || Instant::now() >= deadline {
                return Err(error);
            }
            record.headers = returned;
            tokio::time::sleep(QUEUE_FULL_PAUSE).await;
        }
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Producer")
            .field("queue_timeout", &self.queue_timeout)
            .finish_non_exhaustive()
    }
}

/// Returns the client's form of a record, but for the headers.
pub(super) fn base_record<D: rdkafka::IntoOpaque>(
    record: Parts<'_>,
    opaque: D,
) -> BaseRecord<'_, [u8], [u8], D> {
    let mut message = BaseRecord::with_opaque_to(record.topic, opaque);
    message.key = record.key;
    message.payload = record.value;
    message.partition = record.partition;
    message.timestamp = record.timestamp_ms;
    message
}

/// Records on their way. Dropping it does not take them back.
#[derive(Debug)]
#[must_use = "records are in Kafka only once it has ended"]
pub struct Delivery {
    batch: Arc<Batch>,
    topic: String,
    total: usize,
}

impl Delivery {
    fn of(topic: &str, total: usize) -> Self {
        Self {
            batch: Arc::new(Batch::new(total)),
            topic: topic.to_owned(),
            total,
        }
    }

    /// Waits until the brokers have every record, or one was given up.
    ///
    /// # Errors
    /// When at least one record was given up; then each may or may not be in Kafka.
    pub async fn ended(self) -> Result<(), SendError> {
        if self.total > 0 {
            self.batch.finished.notified().await;
        }
        match self.batch.first_error.get() {
            None => Ok(()),
            Some(source) => Err(SendError {
                failed: self.batch.failed.load(Ordering::Acquire),
                total: self.total,
                topic: self.topic,
                source: source.clone(),
            }),
        }
    }
}

/// The records of one request.
#[derive(Debug)]
struct Batch {
    outstanding: AtomicUsize,
    failed: AtomicUsize,
    first_error: OnceLock<KafkaError>,
    finished: Notify,
}

impl Batch {
    fn new(records: usize) -> Self {
        Self {
            outstanding: AtomicUsize::new(records),
            failed: AtomicUsize::new(0),
            first_error: OnceLock::new(),
            finished: Notify::new(),
        }
    }

    fn give_up(&self, records: usize, error: KafkaError) {
        self.failed.fetch_add(records, Ordering::Release);
        self.first_error.get_or_init(|| error);
        self.end(records);
    }

    fn end(&self, records: usize) {
        if self.outstanding.fetch_sub(records, Ordering::AcqRel) == records {
            self.finished.notify_one();
        }
    }
}

/// The callbacks.
struct Context;

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, detail: &str) {
        super::log_line(level, facility, detail);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "kafka client reports an error");
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Arc<Batch>;

    fn delivery(&self, result: &DeliveryResult<'_>, batch: Arc<Batch>) {
        match result {
            Ok(_record) => batch.end(1),
            Err((error, _record)) => batch.give_up(1, error.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::KafkaArgs;

    fn record() -> Record {
        Record {
            topic: "a".to_owned(),
            key: Some(b"k".to_vec()),
            value: Some(b"v".to_vec()),
            ..Record::default()
        }
    }

    fn unreachable(timeout: Duration) -> Producer {
        let config = KafkaArgs::plaintext("127.0.0.1:1").producer_config("test", timeout);
        Producer::new(&config, timeout).unwrap()
    }

    #[tokio::test]
    async fn a_request_fails_once_when_its_records_time_out() {
        let producer = unreachable(Duration::from_millis(200));
        let error = producer
            .send_all(vec![record(), record(), record()])
            .await
            .unwrap_err();
        assert_eq!((error.failed, error.total), (3, 3));
        assert_eq!(
            error.to_string(),
            "3 of 3 records were not delivered to topic a"
        );
        assert_eq!(
            error.source.rdkafka_error_code(),
            Some(RDKafkaErrorCode::MessageTimedOut)
        );
        // The client lets go of a record a moment after its report.
        tokio::time::timeout(Duration::from_secs(10), async {
            while producer.in_flight() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await
        .unwrap();
    }

    #[tokio::test]
    async fn an_empty_request_is_delivered_at_once() {
        let producer = unreachable(Duration::from_mins(1));
        producer.send_all(Vec::new()).await.unwrap();
    }

    #[tokio::test]
    async fn records_that_find_the_queue_full_are_given_up_with_the_rest() {
        let mut config =
            KafkaArgs::plaintext("127.0.0.1:1").producer_config("test", Duration::from_millis(200));
        config.set("queue.buffering.max.messages", "2");
        let producer = Producer::new(&config, Duration::ZERO).unwrap();
        let record = record();
        let delivery = producer.start((0..5).map(|_| record.parts()));
        let error = delivery.ended().await.unwrap_err();
        assert_eq!((error.failed, error.total), (5, 5));
        assert_eq!(
            error.source.rdkafka_error_code(),
            Some(RDKafkaErrorCode::QueueFull)
        );
        producer.start(std::iter::empty()).ended().await.unwrap();
    }

    #[test]
    fn a_batch_ends_with_its_last_record_and_keeps_the_first_error() {
        let batch = Batch::new(3);
        batch.end(1);
        batch.give_up(1, KafkaError::Canceled);
        assert_eq!(batch.outstanding.load(Ordering::Relaxed), 1);
        batch.give_up(1, KafkaError::NoMessageReceived);
        assert_eq!(batch.failed.load(Ordering::Relaxed), 2);
        assert_eq!(batch.first_error.get(), Some(&KafkaError::Canceled));
    }
}
