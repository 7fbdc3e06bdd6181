//! Which partitions are ours: the worker as a member of the consumer group.
//!
//! The member subscribes to `charge-point-status` alone, and a partition number assigned to it means
//! that number of every topic. So the three inputs of a task can never be assigned to different
//! members, whatever the assignor, the order of topics or a member with old metadata; with a
//! subscription to all three that would rest on equal counts and on every member's equal view.
//! The member reads nothing: its partitions are paused, and another client reads what it was told.
//!
//! The protocol is eager (`range`): on every change all partitions are revoked, committed, and
//! restored by whoever has them then. Nobody can commit while the group changes, so the generation
//! known at the assignment is the right one for as long as the assignment lasts.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::disposition::WorkerError;
use crate::input::InputError;
use crate::topology::Lane;

pub(crate) mod kafka;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Partitions are ours: see [`Membership::partitions`].
    Assigned,
    /// They are about to be given to others: commit, then [`Membership::let_go`].
    Revoked,
    /// They were given to others already: drop everything, then [`Membership::let_go`].
    Lost,
}

/// The member.
pub(crate) trait Membership {
    /// What the group knew of the member when it assigned partitions to it.
    type Group;

    /// Waits at most `timeout` for a change. Must be called regularly.
    ///
    /// # Errors
    /// When the membership is over.
    fn poll(&mut self, timeout: Duration) -> Result<Option<Change>, WorkerError>;

    /// The partitions that are ours, in order; none until the group has spoken.
    fn partitions(&self) -> Option<&[i32]>;

    /// What the group knew of us when it assigned them. A member that has lost its partitions since
    /// cannot commit with it.
    fn group(&self) -> Option<Self::Group>;

    /// Whether the group has more members than partitions, and nothing is left for this one. The group
    /// does not say so: it is a member, and nothing was assigned for a while.
    fn is_spare(&mut self) -> bool;

    /// The offset behind everything written to each lane, decided or not.
    ///
    /// # Errors
    /// When the brokers do not answer.
    fn written(&mut self, lanes: &[Lane]) -> Result<BTreeMap<Lane, i64>, InputError>;

    /// Lets all partitions go.
    ///
    /// # Errors
    /// When the client refuses.
    fn let_go(&mut self) -> Result<(), WorkerError>;
}
