//! What an error means for the one who met it: try again, set the record aside, or give up.
//!
//! Every error of a boundary is judged here, in one match each; nothing else decides.

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::decode::DecodeError;
use crate::input::InputError;
use crate::output::OutputError;
use crate::restore::RestoreError;

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// Leave it and come back. For a worker: drop producer and state, and restore.
    Retry,
    /// Set the record aside and go on.
    DeadLetter(Refusal),
    /// End the process with the reason.
    Fatal,
}

/// Why a record was set aside: the word in its header `reason` and in the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Refusal {
    /// An event whose window is final.
    TooLate,
    /// An event that happened after it was received.
    FromTheFuture,
    /// It has no timestamp, so it has no place in time.
    NoTimestamp,
    /// Its value is not framed.
    NotFramed,
    /// The registry does not know its schema.
    NoSchema,
    /// Its schema cannot be read as ours.
    IncompatibleSchema,
    /// Its bytes are not what its schema says.
    Undecodable,
    /// Its key is no id.
    WrongKey,
}

impl Refusal {
    /// The word.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::TooLate => "too_late",
            Self::FromTheFuture => "from_the_future",
            Self::NoTimestamp => "no_timestamp",
            Self::NotFramed => "not_framed",
            Self::NoSchema => "no_schema",
            Self::IncompatibleSchema => "incompatible_schema",
            Self::Undecodable => "undecodable",
            Self::WrongKey => "wrong_key",
        }
    }
}

/// Why a worker stops what it is doing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkerError {
    /// Nothing can be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// Nothing can be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The state cannot be restored.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The membership of the group is over.
    #[error(
        "the membership of the consumer group ended: see that no other process has this instance id"
    )]
    Membership(#[source] KafkaError),
    /// The group cannot be joined.
    #[error("the consumer group cannot be joined")]
    Join(#[source] KafkaError),
}

/// Whether somebody else goes by the worker's name, or the brokers think so: a worker that hung, or
/// that an outage separated from them, meets this once; two workers of one name meet it for ever.
pub(crate) fn is_fenced(error: &WorkerError) -> bool {
    match error {
        WorkerError::Output(error) | WorkerError::Restore(RestoreError::Output(error)) => {
            matches!(error, OutputError::Fenced { .. })
        }
        WorkerError::Membership(error) => {
            error.rdkafka_error_code() == Some(RDKafkaErrorCode::FencedInstanceId)
        }
        WorkerError::Input(_) | WorkerError::Restore(_) | WorkerError::Join(_) => false,
    }
}

/// Judges a record that cannot be decoded.
pub(crate) fn of_record(error: &DecodeError) -> Disposition {
    match error {
        DecodeError::Pending(_) => Disposition::Retry,
        DecodeError::NoTimestamp => Disposition::DeadLetter(Refusal::NoTimestamp),
        DecodeError::Framing(_) => Disposition::DeadLetter(Refusal::NotFramed),
        DecodeError::NoSchema(_) => Disposition::DeadLetter(Refusal::NoSchema),
        DecodeError::Schema { .. } => Disposition::DeadLetter(Refusal::IncompatibleSchema),
        DecodeError::Bytes(_) => Disposition::DeadLetter(Refusal::Undecodable),
        DecodeError::Key => Disposition::DeadLetter(Refusal::WrongKey),
    }
}

/// Judges what stopped a worker.
pub(crate) fn of_worker(error: &WorkerError) -> Disposition {
    match error {
        WorkerError::Input(
            InputError::Unavailable(_) | InputError::Lane { .. } | InputError::Stalled { .. },
        )
        | WorkerError::Output(OutputError::Broken { .. } | OutputError::Fenced { .. })
        | WorkerError::Membership(_) => Disposition::Retry,
        WorkerError::Input(InputError::OffsetGone { .. } | InputError::Client(_))
        | WorkerError::Output(OutputError::Client { .. })
        | WorkerError::Restore(
            RestoreError::NoProgress { .. }
            | RestoreError::Sequence { .. }
            | RestoreError::Record { .. }
            | RestoreError::NoPosition { .. }
            | RestoreError::State { .. },
        )
        | WorkerError::Join(_) => Disposition::Fatal,
        WorkerError::Restore(RestoreError::Input(error)) => match error {
            InputError::Unavailable(_) | InputError::Lane { .. } | InputError::Stalled { .. } => {
                Disposition::Retry
            }
            InputError::OffsetGone { .. } | InputError::Client(_) => Disposition::Fatal,
        },
        WorkerError::Restore(RestoreError::Output(error)) => match error {
            OutputError::Broken { .. } | OutputError::Fenced { .. } => Disposition::Retry,
            OutputError::Client { .. } => Disposition::Fatal,
        },
    }
}
