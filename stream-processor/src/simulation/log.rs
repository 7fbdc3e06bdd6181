//! One partition: records and markers of transactions in order, and who may see them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use domain::contract;
use platform::kafka::producer::Record;

use crate::topology::Lane;

/// The number of a transaction, never used twice.
pub(crate) type TransactionId = u64;

/// All topics, in the order of their numbers.
pub(crate) const TOPICS: [&str; 9] = [
    contract::CHARGE_POINT.topic,
    contract::CHARGE_POINT_STATUS.topic,
    contract::CHARGE_SESSION.topic,
    contract::STATE_CHANGELOG.topic,
    contract::CHARGE_POINT_INDICATOR.topic,
    contract::STATION_INDICATOR.topic,
    contract::FAILURE_EPISODE.topic,
    contract::LATE_EVENT_TOPIC,
    contract::DEAD_LETTER_TOPIC,
];

/// A partition of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// Index in [`TOPICS`].
    pub(crate) topic: usize,
    /// The partition.
    pub(crate) partition: i32,
}

impl Place {
    /// The place where a record goes, which names its partition.
    pub(crate) fn of(record: &Record) -> Self {
        Self::named(&record.topic, record.partition.unwrap())
    }

    /// The place that a lane reads.
    pub(crate) fn read_by(lane: Lane) -> Self {
        Self::named(lane.source.topic(), lane.partition)
    }

    /// A partition of the topic called `topic`.
    pub(crate) fn named(topic: &str, partition: i32) -> Self {
        let topic = TOPICS.iter().position(|name| *name == topic).unwrap();
        Self { topic, partition }
    }
}

#[derive(Clone, Debug)]
enum Content {
    Record(Rc<Record>, Option<TransactionId>),
    Marker,
}

/// One partition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    entries: Vec<(i64, Content)>,
    end: i64,
    /// Transactions without a marker, with their first offset.
    open: Vec<(TransactionId, i64)>,
    aborted: BTreeSet<TransactionId>,
}

impl Log {
    /// Appends a record, of a transaction or visible at once.
    pub(crate) fn append(&mut self, record: Rc<Record>, transaction: Option<TransactionId>) {
        if let Some(id) = transaction
            && !self.open.iter().any(|(open, _)| *open == id)
        {
            self.open.push((id, self.end));
        }
        self.entries
            .push((self.end, Content::Record(record, transaction)));
        self.end += 1;
    }

    /// Writes the marker that ends a transaction here.
    pub(crate) fn mark(&mut self, transaction: TransactionId, is_commit: bool) {
        self.open.retain(|(open, _)| *open != transaction);
        if !is_commit {
            self.aborted.insert(transaction);
        }
        self.entries.push((self.end, Content::Marker));
        self.end += 1;
    }

    /// The offset after the last entry.
    pub(crate) const fn end(&self) -> i64 {
        self.end
    }

    /// The last stable offset: everything before it is decided.
    pub(crate) fn stable_end(&self) -> i64 {
        let first_open = self.open.iter().map(|(_, first)| *first).min();
        first_open.unwrap_or(self.end)
    }

    /// The first committed record at or after `from` and before `end`, and its offset.
    pub(crate) fn next(&self, from: i64, end: i64) -> Option<(i64, Rc<Record>)> {
        let end = end.min(self.stable_end());
        let start = self.entries.partition_point(|(offset, _)| *offset < from);
        let entries = self.entries[start..].iter();
        entries
            .take_while(|(offset, _)| *offset < end)
            .find_map(|(offset, content)| Some((*offset, Rc::clone(self.committed_in(content)?))))
    }

    /// All committed records, with their offsets.
    pub(crate) fn committed(&self) -> impl Iterator<Item = (i64, &Rc<Record>)> {
        let end = self.stable_end();
        let entries = self.entries.iter();
        entries
            .take_while(move |(offset, _)| *offset < end)
            .filter_map(|(offset, content)| Some((*offset, self.committed_in(content)?)))
    }

    fn committed_in<'a>(&self, content: &'a Content) -> Option<&'a Rc<Record>> {
        match content {
            Content::Record(_, Some(id)) if self.aborted.contains(id) => None,
            Content::Record(record, _) => Some(record),
            Content::Marker => None,
        }
    }

    /// Compacts what lies before `end`, or before the last stable offset: of each key the last
    /// committed record stays, at its offset.
    pub(crate) fn compact(&mut self, end: i64) {
        let end = end.min(self.stable_end());
        let mut last = BTreeMap::new();
        for (offset, record) in self.committed().take_while(|(offset, _)| *offset < end) {
            last.insert(record.key.clone(), offset);
        }
        let kept: BTreeSet<_> = last.into_values().collect();
        self.entries
            .retain(|(offset, _)| *offset >= end || kept.contains(offset));
    }
}
