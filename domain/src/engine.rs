//! The engine: folds the events of one partition into indicator records and failure episodes.

use crate::charge_point::ChargePoint;
use crate::clock::Cut;
use crate::episode::FailureEpisode;
use crate::id::ChargePointId;
use crate::indicator::{ChargePointIndicator, StationIndicator};
use crate::lateness::{Lateness, Reception};
use crate::policy::Policy;
use crate::session::ChargeSession;
use crate::status::ChargePointStatus;
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

/// Everything known of one partition.
#[derive(Debug)]
pub struct Engine {
    policy: Policy,
}

impl Engine {
    /// An engine that knows nothing. Without `provisional`, no record of that phase is made.
    pub fn new(policy: Policy, _provisional: bool) -> Self {
        Self { policy }
    }

    /// Applies a change of the directory. It does not move the clock.
    pub fn observe_charge_point(&mut self, _change: DirectoryChange<'_>) {}

    /// Applies a status stamped before the next cut.
    pub fn observe_status(&mut self, status: &ChargePointStatus, arrival: Arrival) -> Outcome {
        let reception = Reception {
            received_at: status.received_at,
            stamp: arrival.stamp,
        };
        match Lateness::of(status.event_time.floor(), reception, &self.policy) {
            Lateness::InTime | Lateness::Late => Outcome::Counted,
            Lateness::TooLate { lateness } => Outcome::TooLate { lateness },
            Lateness::FromTheFuture { ahead } => Outcome::FromTheFuture { ahead },
        }
    }

    /// Applies a session stamped before the next cut.
    pub fn observe_session(&mut self, session: &ChargeSession, arrival: Arrival) -> Outcome {
        let reception = Reception {
            received_at: session.received_at,
            stamp: arrival.stamp,
        };
        match Lateness::of(session.start.floor(), reception, &self.policy) {
            Lateness::InTime | Lateness::Late => Outcome::Counted,
            Lateness::TooLate { .. } => Outcome::AfterFinal,
            Lateness::FromTheFuture { ahead } => Outcome::FromTheFuture { ahead },
        }
    }

    /// Takes a cut: appends what changed to `outputs`, in a fixed order.
    pub fn take_cut(&mut self, _cut: Cut, _outputs: &mut Vec<Output>) {}

    /// The state of everything that changed since the last call, in a fixed order.
    pub fn drain_dirty(&mut self) -> Vec<StateRecord> {
        Vec::new()
    }

    /// Takes back one record of the state. Any order; the last of a key wins.
    ///
    /// # Errors
    /// Says which key or value is not the engine's.
    pub fn restore(&mut self, key: &str, _value: &[u8]) -> Result<(), RestoreError> {
        if key.starts_with("charge-point|") || key.starts_with("station|") {
            Ok(())
        } else {
            Err(RestoreError::Key(key.to_owned()))
        }
    }
}
