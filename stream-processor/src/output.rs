//! Where records go: the trait towards Kafka. Everything happens within transactions.

use platform::kafka::producer::Record;

use crate::topology::Lane;

pub(crate) mod kafka;

/// Why a transaction did not happen, or may not have.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutputError {
    /// Another producer goes by our name: a newer one took over, or the brokers gave us up.
    #[error(
        "the transactions of {name} belong to a newer producer: see that no other process has its instance id"
    )]
    Fenced {
        /// The worker's name.
        name: String,
        /// What the client said.
        source: BoxError,
    },
    /// The transaction is broken, or its outcome unknown. It is never tried again: the state is
    /// restored, and tells.
    #[error("the transaction failed while trying to {action}")]
    Broken {
        /// What was tried.
        action: &'static str,
        /// What the client said.
        source: BoxError,
    },
    /// The client cannot be made, or may not do what it should.
    #[error("the producer {name} cannot be set up")]
    Client {
        /// The worker's name.
        name: String,
        /// What the client said.
        source: BoxError,
    },
}

/// An error of a client.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The sink of records of one worker. Every call is one step of a transaction, and may be the last
/// thing that the process does.
pub(crate) trait Output {
    /// What the group knew of a member when it assigned partitions to it.
    type Group;

    /// Begins a transaction.
    fn begin(&mut self) -> Result<(), OutputError>;

    /// Adds a record to the transaction. It is on its way then, not yet in Kafka.
    fn send(&mut self, record: &Record) -> Result<(), OutputError>;

    /// Waits until every record sent is in Kafka.
    fn drain(&mut self) -> Result<(), OutputError>;

    /// Adds next offsets of the inputs to the transaction, as the member that `group` tells of. Refused
    /// when the group does not know that member any more.
    fn offsets(&mut self, offsets: &[(Lane, i64)], group: &Self::Group) -> Result<(), OutputError>;

    /// Ends the transaction: records and offsets become visible at once, or never.
    fn commit(&mut self) -> Result<(), OutputError>;

    /// Gives the transaction up.
    fn abort(&mut self) -> Result<(), OutputError>;
}
