//! Where refused records go: topic `dead-letter`, acknowledged before their range is committed.

use std::sync::{Arc, Mutex, PoisonError};

use platform::dead_letter::DeadLetter;
use platform::kafka::producer::{Producer, Record, SendError};

use crate::batch::{Range, Refused};

/// The name under which the sink sets records aside.
pub const ORIGIN: &str = "indicator-sink";

/// Takes refused records.
pub trait DeadLetters: Send + Sync + 'static {
    /// Sends records and returns when the brokers have them all.
    fn send(&self, records: Vec<Record>) -> impl Future<Output = Result<(), SendError>> + Send;
}

impl DeadLetters for Producer {
    fn send(&self, records: Vec<Record>) -> impl Future<Output = Result<(), SendError>> + Send {
        self.send_all(records)
    }
}

/// Remembers what it was given, for tests. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct RecordingDeadLetters(Arc<Mutex<Vec<Record>>>);

impl RecordingDeadLetters {
    /// What it was given, in order.
    pub fn sent(&self) -> Vec<Record> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl DeadLetters for RecordingDeadLetters {
    async fn send(&self, records: Vec<Record>) -> Result<(), SendError> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(records);
        Ok(())
    }
}

/// The record for topic `dead-letter`: the original bytes, and why it is there.
pub fn dead_letter(range: &Range, refused: &Refused) -> Record {
    let original = range.original(refused.offset);
    let headers = DeadLetter {
        origin: ORIGIN.to_owned(),
        reason: refused.refusal.reason.word().to_owned(),
        message: refused.refusal.message.clone(),
        topic: range.topic.name().to_owned(),
        partition: range.partition,
        offset: refused.offset,
        timestamp_ms: original.and_then(|original| original.timestamp_ms),
    };
    Record {
        topic: domain::contract::DEAD_LETTER_TOPIC.to_owned(),
        partition: None,
        key: original
            .and_then(|original| original.key)
            .map(<[u8]>::to_vec),
        value: original.map(|original| original.value.to_vec()),
        // The retention of the topic counts from the day when it was set aside.
        timestamp_ms: None,
        headers: Some(headers.to_headers()),
    }
}
