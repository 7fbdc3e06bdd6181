//! What crosses the boundary of the engine: arrivals and changes in, outcomes, outputs and state out.

use crate::charge_point::ChargePoint;
use crate::episode::FailureEpisode;
use crate::id::ChargePointId;
use crate::indicator::{ChargePointIndicator, StationIndicator};
use crate::time::{Span, Timestamp};
use crate::wire::WireError;

/// When and where a record was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// The clock of its partition just after it.
    pub stamp: Timestamp,
    /// Its offset: decides between records of equal `received_at`.
    pub offset: i64,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the caller counts it"]
pub enum Outcome {
    /// The first of its identity.
    Counted,
    /// A further copy.
    Duplicate,
    /// Another content for the same identity.
    Conflict,
    /// Its window is final: to `late-event`.
    TooLate {
        /// Stamp − event time.
        lateness: Span,
    },
    /// Its event time lies too far after `received_at`: to `late-event`.
    FromTheFuture {
        /// Event time − `received_at`.
        ahead: Span,
    },
    /// A session whose window is final: the archive's book has it.
    AfterFinal,
}

/// A change of the directory.
#[derive(Debug, Clone, Copy)]
pub enum DirectoryChange<'a> {
    /// A version of an entry, possibly with `deleted_at`.
    Put(&'a ChargePoint),
    /// A null record: the entry is withdrawn.
    Remove {
        /// The charge point.
        charge_point_id: &'a ChargePointId,
        /// The Kafka timestamp of the null record.
        at: Timestamp,
    },
}

/// A record to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To `charge-point-indicator`.
    ChargePoint(ChargePointIndicator),
    /// To `station-indicator`.
    Station(StationIndicator),
    /// To `failure-episode`.
    Episode(FailureEpisode),
}

/// One record of the state changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRecord {
    /// `charge-point|<station>|<charge point>` or `station|<station>`.
    pub key: String,
    /// Avro binary; none is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// State that cannot be restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The key is none of the engine's.
    #[error("state key {0:?} is none of the engine's: expected charge-point|… or station|…")]
    Key(String),
    /// The state was made under another policy.
    #[error("the state of {key} was made under policy {found}, expected {expected}: replay")]
    Policy {
        /// The key.
        key: String,
        /// The policy of the state.
        found: String,
        /// The policy of the engine.
        expected: String,
    },
    /// The value is no state of this version.
    #[error("the state of {key} cannot be read")]
    Value {
        /// The key.
        key: String,
        /// What is wrong with the value.
        #[source]
        source: WireError,
    },
}
