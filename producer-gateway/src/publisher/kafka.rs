//! Messages to Kafka, one awaited completion per call.

use std::time::Duration;

use platform::kafka::KafkaArgs;
use platform::kafka::producer::{Producer, SendError};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::{Encoder, Message, PublishError, Published, Publisher};

/// How long a full queue is waited for: not at all, the client shall come again.
const QUEUE_TIMEOUT: Duration = Duration::ZERO;

/// The real log.
#[derive(Debug)]
pub struct Kafka {
    producer: Producer,
    encoder: Encoder,
}

impl Kafka {
    /// Gives a message up after `ack_timeout`.
    ///
    /// # Errors
    /// When the client refuses its configuration.
    pub fn new(
        args: &KafkaArgs,
        client_id: &str,
        ack_timeout: Duration,
        encoder: Encoder,
    ) -> Result<Self, KafkaError> {
        let config = args.producer_config(client_id, ack_timeout);
        Ok(Self {
            producer: Producer::new(&config, QUEUE_TIMEOUT)?,
            encoder,
        })
    }

    /// Waits until nothing is on its way any more. Blocks.
    ///
    /// # Errors
    /// When that takes longer than `timeout`.
    pub fn flush(&self, timeout: Duration) -> Result<(), KafkaError> {
        self.producer.flush(timeout)
    }
}

impl Publisher for Kafka {
    fn publish(&self, messages: Vec<Message>) -> Published<'_> {
        if let Some(encoded) = self.encoder.encoded(&messages) {
            let events = encoded.iter();
            let delivery = self.producer.start(events.map(|event| event.parts()));
            return Box::pin(async move { delivery.ended().await.map_err(not_acknowledged) });
        }
        let records = messages.iter().map(|message| self.encoder.record(message));
        let sending = self.producer.send_all(records.collect());
        Box::pin(async move { sending.await.map_err(not_acknowledged) })
    }

    fn in_flight(&self) -> usize {
        self.producer.in_flight()
    }
}

fn not_acknowledged(error: SendError) -> PublishError {
    let (retry_after_seconds, reason) = advice(&error.source);
    PublishError {
        retry_after_seconds,
        reason,
        source: Some(Box::new(error)),
    }
}

/// Seconds until another attempt makes sense, and the word for metrics.
fn advice(error: &KafkaError) -> (u32, &'static str) {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::QueueFull) => (1, "queue_full"),
        Some(RDKafkaErrorCode::MessageTimedOut | RDKafkaErrorCode::AllBrokersDown) => {
            (5, "timeout")
        }
        Some(RDKafkaErrorCode::InvalidTimestamp) => (1, "timestamp"),
        _ => (1, "other"),
    }
}
