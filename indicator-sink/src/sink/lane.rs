//! One partition of ours: what it collects, what is on its way, and why it may be paused.

use std::collections::VecDeque;

use rdkafka::message::OwnedMessage;
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
}

impl Hold {
    pub(super) const ALL: [Self; 3] = [Self::Schema, Self::Full, Self::Memory];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Full => "full",
            Self::Memory => "memory",
        }
    }
}

/// A range on its way.
#[derive(Debug)]
pub(super) struct Flight {
    /// Keys and values, bytes.
    pub(super) size_bytes: usize,
    /// Whether an insert is under way: a range without rows has only its audit before it.
    pub(super) is_inserting: bool,
}

/// A partition.
#[derive(Debug)]
pub(super) struct Lane {
    /// Which life of the partition this is.
    pub(super) number: u64,
    pub(super) topic: Topic,
    pub(super) batch: Batch,
    pub(super) flight: Option<Flight>,
    /// Records that wait for a schema, in order.
    pub(super) parked: VecDeque<OwnedMessage>,
    /// Cancelled when the partition goes.
    pub(super) abandon: CancellationToken,
    holds: Vec<Hold>,
}

impl Lane {
    pub(super) fn new(number: u64, topic: Topic, batch: Batch) -> Self {
        Self {
            number,
            topic,
            batch,
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

    /// Keys and values held, bytes.
    pub(super) fn size_bytes(&self) -> usize {
        self.batch.size_bytes() + self.flight.as_ref().map_or(0, |flight| flight.size_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_paused_by_the_first_hold_and_resumed_by_the_last() {
        let batch = Batch::new(Topic::ChargeSession, 0, None);
        let mut lane = Lane::new(1, Topic::ChargeSession, batch);
        assert!(lane.set_hold(Hold::Full, true));
        assert!(!lane.set_hold(Hold::Memory, true));
        assert!(!lane.set_hold(Hold::Full, true));
        assert!(!lane.set_hold(Hold::Full, false));
        assert!(lane.is_paused());
        assert!(lane.set_hold(Hold::Memory, false));
        assert!(!lane.set_hold(Hold::Schema, false));
    }
}
