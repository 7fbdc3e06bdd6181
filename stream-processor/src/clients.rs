//! What a worker needs from outside, made on demand: the trait behind which Kafka and the registry
//! are. A worker makes a new producer after every failure, and a new reader for every assignment.

use crate::decode::SchemaSource;
use crate::disposition::WorkerError;
use crate::input::{Input, InputError};
use crate::membership::Membership;
use crate::output::{Output, OutputError};

pub(crate) mod kafka;

/// Makes the clients of one worker.
pub(crate) trait Clients {
    /// What the group knew of a member when it assigned partitions to it.
    type Group;
    /// The member of the group.
    type Membership: Membership<Group = Self::Group>;
    /// The reader.
    type Input: Input;
    /// The transactional producer.
    type Output: Output<Group = Self::Group>;
    /// The registry.
    type Schemas: SchemaSource;

    /// Takes the transactions over: ends what an earlier producer of the worker's name left open, and
    /// keeps that one from going on.
    fn output(&mut self) -> Result<Self::Output, OutputError>;

    /// Joins the group.
    fn join(&mut self) -> Result<Self::Membership, WorkerError>;

    /// Makes a reader that reads nothing yet.
    fn input(&mut self) -> Result<Self::Input, InputError>;

    /// Makes a source of schemas.
    fn schemas(&mut self) -> Self::Schemas;
}
