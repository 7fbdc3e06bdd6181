//! One partition of ours: what it collects, what is on its way, and why it may be paused.

use std::collections::VecDeque;

use rdkafka::message::OwnedMessage;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::batch::Batch;
use crate::topic::Topic;

/// Why a partition is not fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hold {
    /// A schema is being fetched.
    Schema,
    /// Its range is full and another one is on its way.
    Full,
    /// Too much is held in all.
    Memory,
    /// Its table takes nothing until somebody repairs something.
    Store,
}

impl Hold {
    pub(super) const ALL: [Self; 4] = [Self::Schema, Self::Full, Self::Memory, Self::Store];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Full => "full",
            Self::Memory => "memory",
            Self::Store => "store",
        }
    }
}

/// A range on its way.
#[derive(Debug)]
pub(super) struct Flight {
    /// What it holds in memory, about, bytes.
    pub(super) held_bytes: usize,
    /// Whether an insert is under way: a range without rows has only its audit before it.
    pub(super) is_inserting: bool,
}

/// Whether a partition gives and takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It collects and writes.
    Works,
    /// It goes to another member: only what is on its way ends.
    Leaves,
    /// It waits to hear where it stands: records are not taken in.
    Waits,
}

/// A partition.
#[derive(Debug)]
pub(super) struct Lane {
    /// Which life of the partition this is.
    pub(super) number: u64,
    pub(super) topic: Topic,
    pub(super) stage: Stage,
    pub(super) batch: Batch,
    /// The next offset that the group has.
    pub(super) committed: i64,
    /// When something came last, and whether somebody looks why nothing does.
    pub(super) heard_at: Instant,
    pub(super) is_probed: bool,
    pub(super) flight: Option<Flight>,
    /// Records that wait for a schema, in order.
    pub(super) parked: VecDeque<OwnedMessage>,
    /// Cancelled when the partition goes.
    pub(super) abandon: CancellationToken,
    holds: Vec<Hold>,
}

impl Lane {
    pub(super) fn new(number: u64, topic: Topic, batch: Batch, now: Instant) -> Self {
        Self {
            number,
            topic,
            stage: Stage::Works,
            committed: batch.next(),
            batch,
            heard_at: now,
            is_probed: false,
            flight: None,
            parked: VecDeque::new(),
            abandon: CancellationToken::new(),
            holds: Vec::new(),
        }
    }

    /// Adds or removes a hold; true when that pauses or resumes the partition.
    pub(super) fn set_hold(&mut self, hold: Hold, is_on: bool) -> bool {
        let was_paused = self.is_paused();
        self.holds.retain(|other| *other != hold);
        if is_on {
            self.holds.push(hold);
        }
        was_paused != self.is_paused()
    }

    pub(super) fn has(&self, hold: Hold) -> bool {
        self.holds.contains(&hold)
    }

    pub(super) fn is_paused(&self) -> bool {
        !self.holds.is_empty()
    }

    /// What is held in memory, about, bytes.
    pub(super) fn held_bytes(&self) -> usize {
        let flight = self.flight.as_ref().map_or(0, |flight| flight.held_bytes);
        self.batch.held_bytes() + flight
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::Position;

    #[test]
    fn a_partition_is_paused_by_the_first_hold_and_resumed_by_the_last() {
        let batch = Batch::new(Topic::ChargeSession, 0, Position::default());
        let mut lane = Lane::new(1, Topic::ChargeSession, batch, Instant::now());
        assert!(lane.set_hold(Hold::Full, true));
        assert!(!lane.set_hold(Hold::Memory, true));
        assert!(!lane.set_hold(Hold::Full, true));
        assert!(!lane.set_hold(Hold::Full, false));
        assert!(lane.is_paused());
        assert!(lane.set_hold(Hold::Memory, false));
        assert!(!lane.set_hold(Hold::Schema, false));
    }
}
