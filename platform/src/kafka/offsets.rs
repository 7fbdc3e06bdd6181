//! The next committable offset of each partition: pure bookkeeping between "done" and "committed".
//!
//! A next offset is the last processed offset + 1, the only number ever committed. It only grows
//! while a partition is ours; forgetting the partition is the only way back.

use std::collections::BTreeMap;

use super::consumer::TopicPartition;

/// What became of a report to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the caller counts it"]
pub enum Advance {
    /// The next offset grew.
    Moved,
    /// The next offset was there or further already: a repetition.
    Behind,
    /// The partition is not ours (any more); nothing was noted.
    NotOurs,
}

#[derive(Clone, Copy, Debug, Default)]
struct Position {
    next: Option<i64>,
    committed: Option<i64>,
}

/// Next offsets of the partitions that are ours.
#[derive(Clone, Debug, Default)]
pub struct OffsetLedger {
    positions: BTreeMap<TopicPartition, Position>,
}

impl OffsetLedger {
    /// Takes a partition in; it has no next offset until something was done.
    pub fn assigned(&mut self, partition: &TopicPartition) {
        self.positions.entry(partition.clone()).or_default();
    }

    /// Forgets a partition: what was not committed is processed again by its next owner.
    pub fn forget(&mut self, partition: &TopicPartition) {
        self.positions.remove(partition);
    }

    /// Notes that everything before `next_offset` is done.
    pub fn done_before(&mut self, partition: &TopicPartition, next_offset: i64) -> Advance {
        let Some(position) = self.positions.get_mut(partition) else {
            return Advance::NotOurs;
        };
        if position.next.is_some_and(|next| next >= next_offset) {
            return Advance::Behind;
        }
        position.next = Some(next_offset);
        Advance::Moved
    }

    /// Notes that the record at `offset` is done, and all before it.
    pub fn processed(&mut self, partition: &TopicPartition, offset: i64) -> Advance {
        self.done_before(partition, offset.saturating_add(1))
    }

    /// Returns the next offsets that are not committed yet, in order of topic and partition.
    pub fn uncommitted(&self) -> Vec<(TopicPartition, i64)> {
        self.positions
            .iter()
            .filter(|(_, position)| position.next > position.committed)
            .filter_map(|(partition, position)| Some((partition.clone(), position.next?)))
            .collect()
    }

    /// Notes that `offsets`, as returned by [`OffsetLedger::uncommitted`], were committed.
    pub fn committed(&mut self, offsets: &[(TopicPartition, i64)]) {
        for (partition, offset) in offsets {
            if let Some(position) = self.positions.get_mut(partition) {
                position.committed = position.committed.max(Some(*offset));
            }
        }
    }

    /// Returns the partitions that are ours, in order.
    pub fn partitions(&self) -> impl Iterator<Item = &TopicPartition> {
        self.positions.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(number: i32) -> TopicPartition {
        TopicPartition::new("charge-session", number)
    }

    fn ledger() -> OffsetLedger {
        let mut ledger = OffsetLedger::default();
        ledger.assigned(&partition(1));
        ledger.assigned(&partition(0));
        ledger
    }

    #[test]
    fn the_next_offset_is_one_past_the_last_processed() {
        let mut ledger = ledger();
        assert_eq!(ledger.processed(&partition(1), 41), Advance::Moved);
        assert_eq!(ledger.processed(&partition(0), 0), Advance::Moved);
        assert_eq!(
            ledger.uncommitted(),
            [(partition(0), 1), (partition(1), 42)]
        );
    }

    #[test]
    fn a_repetition_moves_nothing_back() {
        let mut ledger = ledger();
        assert_eq!(ledger.processed(&partition(1), 41), Advance::Moved);
        assert_eq!(ledger.processed(&partition(1), 40), Advance::Behind);
        assert_eq!(ledger.done_before(&partition(1), 42), Advance::Behind);
        assert_eq!(ledger.uncommitted(), [(partition(1), 42)]);
    }

    #[test]
    fn what_was_committed_is_not_offered_again() {
        let mut ledger = ledger();
        assert_eq!(ledger.processed(&partition(1), 41), Advance::Moved);
        let offered = ledger.uncommitted();
        assert_eq!(ledger.processed(&partition(1), 42), Advance::Moved);
        ledger.committed(&offered);
        assert_eq!(ledger.uncommitted(), [(partition(1), 43)]);
        ledger.committed(&ledger.uncommitted());
        ledger.committed(&offered);
        assert!(ledger.uncommitted().is_empty());
    }

    #[test]
    fn a_partition_that_was_taken_away_is_never_committed() {
        let mut ledger = ledger();
        assert_eq!(ledger.processed(&partition(1), 41), Advance::Moved);
        ledger.forget(&partition(1));
        assert!(ledger.uncommitted().is_empty());
        assert_eq!(ledger.processed(&partition(1), 42), Advance::NotOurs);
        assert!(ledger.uncommitted().is_empty());
        assert_eq!(ledger.partitions().count(), 1);
    }
}
