//! Where records come from: the trait towards Kafka, without a word about what they mean.
//!
//! Every partition of every source is a lane of its own, asked one at a time. What is not asked for
//! stays with the client, so a lane that has to wait for a cut costs no memory of ours, and pausing
//! a partition is nothing more than not asking.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::error::KafkaError;
use rdkafka::message::OwnedHeaders;

use crate::topology::Lane;

pub(crate) mod kafka;

/// Where a lane starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// At the first record that is there.
    Beginning,
    /// At this offset, which must still be there, or be the end.
    At(i64),
}

/// A bound of a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// The first record that is there.
    First,
    /// Behind the last record that can be read.
    End,
}

/// A record as it was written.
#[derive(Clone, Debug)]
pub(crate) struct InputRecord {
    /// Where it was read.
    pub(crate) lane: Lane,
    /// Its offset.
    pub(crate) offset: i64,
    /// Its Kafka timestamp, ms since the epoch: `received_at`, which the brokers have checked.
    pub(crate) timestamp_ms: Option<i64>,
    /// Its key.
    pub(crate) key: Option<Vec<u8>>,
    /// Its value; none is a tick, or a tombstone.
    pub(crate) value: Option<Vec<u8>>,
    /// Its headers.
    pub(crate) headers: Option<OwnedHeaders>,
}

/// Why nothing can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// The brokers do not answer, or answer that they are not ready.
    #[error("kafka does not answer a question about offsets")]
    Unavailable(#[source] KafkaError),
    /// The offset where a lane should start is gone.
    #[error(
        "{lane} has no record any more at the position of the state: it was deleted unread; \
         raise the retention, and replay into a new changelog"
    )]
    OffsetGone {
        /// The lane.
        lane: Lane,
    },
    /// The client cannot go on.
    #[error("reading {lane} failed: drop the client and restore")]
    Lane {
        /// The lane.
        lane: Lane,
        /// What the client said.
        source: KafkaError,
    },
    /// Records are there and do not come.
    #[error("records of {lane} are there and do not come: drop the client and restore")]
    Stalled {
        /// The lane.
        lane: Lane,
    },
    /// The client cannot be made or told what to read.
    #[error("the consumer cannot be set up")]
    Client(#[source] KafkaError),
}

/// The source of records of one worker.
pub(crate) trait Input {
    /// Begins to read lanes.
    fn open(&mut self, lanes: &[(Lane, Start)]) -> Result<(), InputError>;

    /// Stops reading lanes; what was not asked for is dropped.
    fn close(&mut self, lanes: &[Lane]) -> Result<(), InputError>;

    /// The next record of a lane, if one is there already. Records of one lane come in the order of
    /// their offsets; those of open or aborted transactions do not come.
    fn next(&mut self, lane: Lane) -> Result<Option<InputRecord>, InputError>;

    /// The offset after the last record of each lane, now.
    fn ends(&mut self, lanes: &[Lane]) -> Result<BTreeMap<Lane, i64>, InputError>;

    /// Waits at most `timeout` for something to happen. Serves the client, so it must be called
    /// regularly, if only with a timeout of zero.
    fn wait(&mut self, timeout: Duration) -> Result<(), InputError>;
}
