//! A producer for a thread of its own: send, drain, perhaps commit a transaction.
//!
//! It reports failures only (`delivery.report.only.error`), since reports cost as much as records;
//! what drained without a failure was delivered. Draining polls in steps of a millisecond: the
//! client's own flush waits 100 ms whenever something is in flight, and so does its commit.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, OwnedHeaders};
use rdkafka::producer::{BaseProducer, Producer as _, ProducerContext};
use tokio::time::Instant;

use super::producer::{Parts, Record, base_record};

/// How long one poll waits while draining.
const STEP: Duration = Duration::from_millis(1);

/// Why a batch is not in Kafka.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// Records were given up.
    #[error("{failed} records were not delivered, the first for topic {topic}")]
    Failed {
        /// How many.
        failed: usize,
        /// The topic of the first.
        topic: String,
        /// Its error.
        source: KafkaError,
    },
    /// The client takes no record.
    #[error("record for topic {topic} cannot be queued")]
    Refused {
        /// The topic.
        topic: String,
        /// The client's reason.
        source: KafkaError,
    },
    /// Records are still on their way.
    #[error("{in_flight} records were not delivered within {timeout:?}: see whether Kafka answers")]
    Timeout {
        /// How many.
        in_flight: usize,
        /// The time that was allowed.
        timeout: Duration,
    },
}

/// The producer.
pub struct BatchProducer {
    inner: BaseProducer<Context>,
}

impl BatchProducer {
    /// Creates a producer from [`super::KafkaArgs::producer_config`], to which a
    /// `transactional.id` may have been added.
    ///
    /// # Errors
    /// When the client refuses its configuration.
    pub fn new(config: &ClientConfig) -> KafkaResult<Self> {
        let mut config = config.clone();
        // See the module: a report for each record costs as much as the record.
        config.set("delivery.report.only.error", "true");
        let inner = config.create_with_context(Context::default())?;
        Ok(Self { inner })
    }

    /// Queues a record; waits up to `timeout` while the queue is full.
    ///
    /// # Errors
    /// When the queue stays full, or the client refuses the record.
    pub fn send(&self, record: &Record, timeout: Duration) -> Result<(), BatchError> {
        self.queue(&record.parts(), record.headers.as_ref(), timeout)
    }

    /// As [`Self::send`], to a topic other than the record's.
    ///
    /// # Errors
    /// When the queue stays full, or the client refuses the record.
    pub fn send_to(
        &self,
        topic: &str,
        record: &Record,
        timeout: Duration,
    ) -> Result<(), BatchError> {
        let parts = Parts {
            topic,
            ..record.parts()
        };
        self.queue(&parts, record.headers.as_ref(), timeout)
    }

    /// As [`Self::send`], of a record that is not owned and has no headers.
    ///
    /// # Errors
    /// When the queue stays full, or the client refuses the record.
    pub fn send_parts(&self, record: &Parts<'_>, timeout: Duration) -> Result<(), BatchError> {
        self.queue(record, None, timeout)
    }

    fn queue(
        &self,
        record: &Parts<'_>,
        headers: Option<&OwnedHeaders>,
        timeout: Duration,
    ) -> Result<(), BatchError> {
        let mut start = None;
        loop {
            let mut message = base_record(*record, ());
            message.headers = headers.cloned();
            let Err((source, _message)) = self.inner.send(message) else {
                return Ok(());
            };
            let is_full = source.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull);
            let waited = start.get_or_insert_with(Instant::now).elapsed();
            if !is_full || waited >= timeout {
                let topic = record.topic.to_owned();
                return Err(BatchError::Refused { topic, source });
            }
            self.inner.poll(STEP);
        }
    }

    /// Waits until everything sent so far is in Kafka, at most `timeout`.
    ///
    /// # Errors
    /// When records were given up since the last drain, or are still on their way.
    pub fn drain(&self, timeout: Duration) -> Result<(), BatchError> {
        let start = Instant::now();
        while self.in_flight() > 0 {
            if start.elapsed() >= timeout {
                let in_flight = self.in_flight();
                return Err(BatchError::Timeout { in_flight, timeout });
            }
            self.inner.poll(STEP);
        }
        // Failures may still wait in the queue of events.
        self.inner.poll(Duration::ZERO);
        self.inner.context().outcome()
    }

    /// Returns how many records are on their way, or failed and not yet reported.
    pub fn in_flight(&self) -> usize {
        usize::try_from(self.inner.in_flight_count()).unwrap_or(0)
    }

    /// Returns the client, for the transaction calls in `commit.rs`.
    pub fn client(&self) -> &BaseProducer<Context> {
        &self.inner
    }
}

impl fmt::Debug for BatchProducer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BatchProducer")
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Failure {
    failed: usize,
    topic: String,
    source: KafkaError,
}

/// The callbacks: they keep the first failure and count the rest.
#[derive(Debug, Default)]
pub struct Context {
    failure: Mutex<Option<Failure>>,
}

impl Context {
    fn note(&self, topic: &str, error: &KafkaError) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        match failure.as_mut() {
            Some(failure) => failure.failed += 1,
            None => {
                *failure = Some(Failure {
                    failed: 1,
                    topic: topic.to_owned(),
                    source: error.clone(),
                });
            }
        }
    }

    fn outcome(&self) -> Result<(), BatchError> {
        let failure = self
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match failure {
            None => Ok(()),
            Some(failure) => Err(BatchError::Failed {
                failed: failure.failed,
                topic: failure.topic,
                source: failure.source,
            }),
        }
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, detail: &str) {
        super::log_line(level, facility, detail);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "kafka client reports an error");
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, record)) = result {
            self.note(rdkafka::Message::topic(record), error);
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
            ..Record::default()
        }
    }

    fn unreachable(delivery_timeout: Duration) -> BatchProducer {
        let args = KafkaArgs::plaintext("127.0.0.1:1");
        BatchProducer::new(&args.producer_config("test", delivery_timeout)).unwrap()
    }

    #[test]
    fn records_that_were_given_up_fail_the_drain_once() {
        let producer = unreachable(Duration::from_millis(100));
        for _ in 0..3 {
            producer.send(&record(), Duration::ZERO).unwrap();
        }
        match producer.drain(Duration::from_secs(20)).unwrap_err() {
            BatchError::Failed { failed, topic, .. } => assert_eq!((failed, &*topic), (3, "a")),
            other => panic!("{other}"),
        }
        producer.drain(Duration::ZERO).unwrap();
    }

    #[test]
    fn a_drain_that_takes_too_long_tells_how_many_are_on_their_way() {
        let producer = unreachable(Duration::from_mins(1));
        producer.send(&record(), Duration::ZERO).unwrap();
        let error = producer.drain(Duration::from_millis(5)).unwrap_err();
        assert!(matches!(error, BatchError::Timeout { in_flight: 1, .. }));
    }
}
