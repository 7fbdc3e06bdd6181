//! Messages to the log: what is sent, how it is encoded, and the promise that it is there.
//!
//! [`Publisher`] has two implementations: [`Kafka`] and, for tests, [`Recording`]. Neither decides
//! anything. A call returns when every message is acknowledged, or when one is not known to be.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use domain::{
    ChargePoint, ChargePointId, ChargePointStatus, ChargeSession, EventId, StationId, Timestamp,
};

pub mod encoding;
pub mod kafka;
pub mod recording;

pub use encoding::{Encoder, SchemaIds};
pub use kafka::Kafka;
pub use recording::Recording;

/// An item that was refused, kept for its operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedItem {
    /// Station id, or, when it is not known, the charge point id.
    pub key: String,
    /// The item as JSON.
    pub value: Vec<u8>,
    /// When it was received.
    pub received_at: Timestamp,
    /// `reason`, `rule`, `unit` and their like, in order.
    pub headers: Vec<(&'static str, String)>,
}

/// What is sent to the log.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A status.
    Status(ChargePointStatus),
    /// A session.
    Session(ChargeSession),
    /// A version of a directory entry.
    ChargePoint(Arc<ChargePoint>),
    /// Removes a directory entry from the partition of the station that it left.
    Removal {
        /// The entry.
        charge_point_id: ChargePointId,
        /// The station that it left.
        station_id: StationId,
        /// When.
        at: Timestamp,
    },
    /// Moves the clock of one partition.
    Tick {
        /// The topic.
        topic: &'static str,
        /// The partition.
        partition: i32,
        /// To when.
        at: Timestamp,
        /// The gateway that says so.
        instance: Arc<str>,
    },
    /// An item that was refused.
    Refused(RefusedItem),
}

/// An accepted event of either kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A status.
    Status(ChargePointStatus),
    /// A session.
    Session(ChargeSession),
}

impl Event {
    /// Its id.
    pub fn id(&self) -> EventId {
        match self {
            Self::Status(status) => status.event_id,
            Self::Session(session) => session.event_id,
        }
    }
}

impl From<Event> for Message {
    fn from(event: Event) -> Self {
        match event {
            Event::Status(status) => Self::Status(status),
            Event::Session(session) => Self::Session(session),
        }
    }
}

/// Messages that are not known to be in the log. They may be there.
#[derive(Debug, thiserror::Error)]
#[error("messages are not known to be in the log: send them again")]
pub struct PublishError {
    /// When another attempt makes sense.
    pub retry_after_seconds: u32,
    /// The word for metrics.
    pub reason: &'static str,
    /// What the client said.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The end of a publication.
pub type Published<'a> = Pin<Box<dyn Future<Output = Result<(), PublishError>> + Send + 'a>>;

/// Brings messages to the log.
pub trait Publisher: Send + Sync + std::fmt::Debug {
    /// Sends `messages` in order and waits until all are acknowledged.
    fn publish(&self, messages: Vec<Message>) -> Published<'_>;

    /// How many messages are on their way.
    fn in_flight(&self) -> usize;
}
