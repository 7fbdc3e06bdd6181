//! Partitions that the client has lost sight of: there is something to read, and it does not come.
//!
//! After an outage of a broker, librdkafka (2.12) can take nonsense for news of partition leaders, and
//! leave a partition without a broker for good; no error is reported, and every other partition goes on.
//! Only a new client helps. Where a fetch stands is told by the client's own statistics, which count
//! markers of transactions as well; where a partition ends, by the brokers.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::TopicPartition;

/// How often in a row a partition may be seen standing still: at ten seconds each, a minute.
const MOST_SEEN: u32 = 6;

/// What was seen of the partitions of a consumer.
#[derive(Debug, Default)]
pub(super) struct Standstill {
    /// From which offset the client fetches next.
    positions: BTreeMap<TopicPartition, i64>,
    /// What the owner does not want to read now.
    paused: BTreeSet<TopicPartition>,
    /// Where a partition stands with something to read, and how often that was seen.
    seen: BTreeMap<TopicPartition, (i64, u32)>,
    /// When it was looked last.
    looked: Option<Instant>,
}

impl Standstill {
    /// Whether the last look is so long ago; then this is one.
    pub(super) fn is_due(&mut self, every: Duration) -> bool {
        let is_due = self.looked.is_none_or(|at| at.elapsed() >= every);
        if is_due {
            self.looked = Some(Instant::now());
        }
        is_due
    }

    /// Other partitions are read from now on.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Notes that partitions are read or not.
    pub(super) fn pause(&mut self, partitions: &[TopicPartition], is_paused: bool) {
        for partition in partitions {
            self.seen.remove(partition);
            if is_paused {
                self.paused.insert(partition.clone());
            } else {
                self.paused.remove(partition);
            }
        }
    }

    /// Notes from where the client fetches.
    pub(super) fn fetches(&mut self, partition: TopicPartition, from: i64) {
        self.positions.insert(partition, from);
    }

    /// The partitions whose ends are worth a question.
    pub(super) fn watched(&self) -> Vec<TopicPartition> {
        let read = self.positions.keys();
        let read = read.filter(|partition| !self.paused.contains(partition));
        read.cloned().collect()
    }

    /// Takes the ends of partitions in, once for each look. Returns one that has stood still for too long.
    pub(super) fn look(&mut self, ends: &[(TopicPartition, i64)]) -> Option<TopicPartition> {
        for (partition, end) in ends {
            let Some(&position) = self.positions.get(partition) else {
                continue;
            };
            if position >= *end || position < 0 {
                self.seen.remove(partition);
                continue;
            }
            let times = match self.seen.get(partition) {
                Some((at, times)) if *at == position => times + 1,
                _ => 0,
            };
            self.seen.insert(partition.clone(), (position, times));
            if times > MOST_SEEN {
                return Some(partition.clone());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partition() -> TopicPartition {
        TopicPartition::new("a", 3)
    }

    /// Looks `times` with the position at `position` and the end at 10.
    fn look(standstill: &mut Standstill, position: i64, times: u32) -> Option<TopicPartition> {
        standstill.fetches(partition(), position);
        (0..times).find_map(|_| standstill.look(&[(partition(), 10)]))
    }

    #[test]
    fn a_partition_with_something_to_read_that_does_not_move_is_told() {
        let mut standstill = Standstill::default();
        assert_eq!(look(&mut standstill, 5, MOST_SEEN + 1), None);
        assert_eq!(look(&mut standstill, 6, MOST_SEEN + 1), None);
        assert_eq!(look(&mut standstill, 6, 2), Some(partition()));
    }

    #[test]
    fn one_at_its_end_may_stand_still_for_ever() {
        let mut standstill = Standstill::default();
        assert_eq!(look(&mut standstill, 10, 100), None);
    }

    #[test]
    fn one_that_is_paused_is_not_watched_and_begins_anew_when_resumed() {
        let mut standstill = Standstill::default();
        assert_eq!(look(&mut standstill, 5, MOST_SEEN + 1), None);
        standstill.pause(&[partition()], true);
        assert!(standstill.watched().is_empty());
        standstill.pause(&[partition()], false);
        assert_eq!(standstill.watched(), [partition()]);
        assert_eq!(look(&mut standstill, 5, MOST_SEEN + 1), None);
    }
}
