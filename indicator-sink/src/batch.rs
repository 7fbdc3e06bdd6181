//! A range of one partition, from its first offset to the one after its last: what it holds, and
//! when it is full. Pure: records and instants in, ranges out.
//!
//! Invariants: ranges of a partition follow one another without gap or overlap; a sealed range
//! never changes; its rows are a pure function of its records. A range that was intended before
//! ends exactly where it was to end, whatever the limits are. Offsets may have holes: a range is
//! complete when its last record, or a later one, has come, never by counting.

mod range;

use std::collections::BTreeSet;
use std::time::Duration;

use rdkafka::Message;
use tokio::time::Instant;

pub use range::{Original, Range, Refused};

use crate::intent::{Intent, Position};
use crate::record::Verdict;
use crate::schema::Decoders;
use crate::topic::Topic;

/// When a range is closed.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Rows.
    pub rows: usize,
    /// Keys and values, bytes.
    pub bytes: usize,
    /// Distinct days of its rows: each is a part for ClickHouse to write.
    pub days: usize,
    /// Time since its first record.
    pub age: Duration,
}

/// Collects the records of one partition into ranges.
#[derive(Debug)]
pub struct Batch {
    range: Range,
    /// Whether the first offset is known: it is that of the first record where none is committed.
    is_anchored: bool,
    /// Where the range in hand has to end, because an earlier attempt said so.
    intended: Option<Intent>,
    /// An intended range that is complete, and when it began to be collected.
    whole: Option<(Range, Instant)>,
    days: BTreeSet<i64>,
    opened_at: Option<Instant>,
}

impl Batch {
    /// A partition that stands at `position`; where nothing is committed, at its first record.
    pub fn new(topic: Topic, partition: i32, position: Position) -> Self {
        Self {
            range: Range::starting_at(topic, partition, position.next.unwrap_or(0)),
            is_anchored: position.next.is_some(),
            intended: position.intent,
            whole: None,
            days: BTreeSet::new(),
            opened_at: None,
        }
    }

    /// Takes a record in, unless its schema is to be fetched first; then it is to be offered again.
    pub fn add(&mut self, record: &impl Message, decoders: &Decoders, now: Instant) -> Verdict {
        if self
            .intended
            .is_some_and(|intent| record.offset() >= intent.to)
        {
            self.complete(now);
        }
        let verdict = self.range.records.accept(record, decoders);
        match &verdict {
            Verdict::NeedsSchema(_) => return verdict,
            Verdict::Null => self.range.nulls += 1,
            Verdict::Row(facts) => {
                self.days.insert(facts.partition_day);
                self.range.keep(record, *facts);
            }
            Verdict::Refused(refusal) => self.range.refuse(record, refusal.clone()),
        }
        if !self.is_anchored {
            self.range.from = record.offset();
            self.is_anchored = true;
        }
        self.range.extend(record);
        self.opened_at.get_or_insert(now);
        // The last record of an intended range lay just before its end.
        if self
            .intended
            .is_some_and(|intent| record.offset() + 1 == intent.to)
        {
            self.complete(now);
        }
        verdict
    }

    /// Closes the range that was intended: nothing more of it can come.
    pub fn complete(&mut self, now: Instant) {
        let Some(intent) = self.intended.take() else {
            return;
        };
        let next = Range::starting_at(self.range.topic, self.range.partition, intent.to);
        let mut range = std::mem::replace(&mut self.range, next);
        range.to = intent.to;
        range.replayed = Some(intent);
        self.whole = Some((range, self.opened_at.take().unwrap_or(now)));
        self.days.clear();
    }

    /// The offset at which an intended range that is not complete has to end.
    pub fn awaits(&self) -> Option<i64> {
        self.intended.map(|intent| intent.to)
    }

    /// The offset after the last record that it holds.
    pub fn next(&self) -> i64 {
        self.range.to
    }

    /// Whether there is nothing that could be sealed now.
    pub fn is_empty(&self) -> bool {
        self.whole.is_none() && (self.opened_at.is_none() || self.intended.is_some())
    }

    /// Whether what would be sealed next has nothing to write, only offsets to move.
    pub fn is_rowless(&self) -> bool {
        match &self.whole {
            Some((range, _)) => range.is_rowless(),
            None => self.range.is_rowless(),
        }
    }

    /// When the first record of what would be sealed next came.
    pub fn opened_at(&self) -> Option<Instant> {
        match &self.whole {
            Some((_, opened_at)) => Some(*opened_at),
            None => self.opened_at,
        }
    }

    /// Whether no further record may be added. An intended range is never full before its end.
    pub fn is_full(&self, limits: &Limits) -> bool {
        self.intended.is_none()
            && (self.range.records.len() >= limits.rows
                || self.range.size_bytes() >= limits.bytes
                || self.days.len() >= limits.days)
    }

    /// Whether there is something to be written now.
    pub fn is_due(&self, limits: &Limits, now: Instant) -> bool {
        if self.whole.is_some() || self.intended.is_some() {
            return self.whole.is_some();
        }
        let is_old = |opened_at| now.saturating_duration_since(opened_at) >= limits.age;
        self.is_full(limits) || self.opened_at.is_some_and(is_old)
    }

    /// What is held in memory, about, bytes.
    pub fn held_bytes(&self) -> usize {
        let whole = self
            .whole
            .as_ref()
            .map_or(0, |(range, _)| range.held_bytes());
        whole + self.range.held_bytes()
    }

    /// The least record timestamp held, ms since the epoch.
    pub fn first_timestamp_ms(&self) -> Option<i64> {
        let whole = self
            .whole
            .as_ref()
            .and_then(|(range, _)| range.timestamps_ms);
        let first = [whole, self.range.timestamps_ms];
        first.into_iter().flatten().map(|(first, _)| first).min()
    }

    /// Closes a range; the next one begins where it ends. None when there is nothing to close.
    pub fn seal(&mut self) -> Option<Range> {
        if let Some((range, _)) = self.whole.take() {
            return Some(range);
        }
        if self.intended.is_some() {
            return None;
        }
        self.opened_at.take()?;
        self.days.clear();
        let (topic, partition, to) = (self.range.topic, self.range.partition, self.range.to);
        let next = Range::starting_at(topic, partition, to);
        Some(std::mem::replace(&mut self.range, next))
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::Timestamp as KafkaTimestamp;
    use rdkafka::message::OwnedMessage;

    use super::*;

    const LIMITS: Limits = Limits {
        rows: 3,
        bytes: 1_000,
        days: 2,
        age: Duration::from_secs(1),
    };

    const HOUR_MS: i64 = 3_600_000;

    fn record(offset: i64, timestamp_ms: i64, value: Option<&[u8]>) -> OwnedMessage {
        OwnedMessage::new(
            value.map(<[u8]>::to_vec),
            Some(b"k".to_vec()),
            "dead-letter".to_owned(),
            KafkaTimestamp::CreateTime(timestamp_ms),
            4,
            offset,
            None,
        )
    }

    fn at(next: Option<i64>) -> Position {
        Position { next, intent: None }
    }

    fn batch(next: Option<i64>) -> Batch {
        Batch::new(Topic::DeadLetter, 4, at(next))
    }

    fn replay(next: i64, to: i64) -> Batch {
        let intent = Some(Intent {
            to,
            is_split: false,
        });
        let next = Some(next);
        Batch::new(Topic::DeadLetter, 4, Position { next, intent })
    }

    fn add(batch: &mut Batch, record: &OwnedMessage) {
        let verdict = batch.add(record, &Decoders::default(), Instant::now());
        assert!(!matches!(verdict, Verdict::NeedsSchema(_)));
    }

    #[test]
    fn ranges_follow_one_another_over_holes() {
        let mut batch = batch(Some(10));
        add(&mut batch, &record(12, 5, Some(b"a")));
        add(&mut batch, &record(15, 3, None));
        let range = batch.seal().unwrap();
        assert_eq!((range.from, range.to), (10, 16));
        assert_eq!((range.records.len(), range.nulls), (1, 1));
        assert_eq!(range.timestamps_ms, Some((3, 5)));
        assert_eq!(range.token(range.from, range.to), "dead-letter-4-10-16");
        assert!(batch.seal().is_none());
        add(&mut batch, &record(20, 5, Some(b"a")));
        let range = batch.seal().unwrap();
        assert_eq!((range.from, range.to), (16, 21));
    }

    #[test]
    fn without_a_committed_offset_the_first_record_begins_the_range() {
        let mut batch = batch(None);
        add(&mut batch, &record(7, 5, Some(b"a")));
        let range = batch.seal().unwrap();
        assert_eq!((range.from, range.to), (7, 8));
    }

    #[test]
    fn a_range_is_full_by_rows_bytes_or_days() {
        let mut by_rows = batch(Some(0));
        (0..2).for_each(|offset| add(&mut by_rows, &record(offset, 5, Some(b"a"))));
        assert!(!by_rows.is_full(&LIMITS));
        add(&mut by_rows, &record(2, 5, Some(b"a")));
        assert!(by_rows.is_full(&LIMITS));
        let mut by_bytes = batch(Some(0));
        add(&mut by_bytes, &record(0, 5, Some(&[0; 999])));
        assert!(by_bytes.is_full(&LIMITS));
        let mut by_days = batch(Some(0));
        add(&mut by_days, &record(0, 23 * HOUR_MS, Some(b"a")));
        assert!(!by_days.is_full(&LIMITS));
        add(&mut by_days, &record(1, 25 * HOUR_MS, Some(b"a")));
        assert!(by_days.is_full(&LIMITS));
        let _range = by_days.seal().unwrap();
        assert!(!by_days.is_full(&LIMITS));
    }

    #[tokio::test(start_paused = true)]
    async fn a_range_is_due_a_second_after_its_first_record() {
        let mut batch = batch(Some(0));
        assert!(!batch.is_due(&LIMITS, Instant::now()));
        add(&mut batch, &record(0, 5, None));
        tokio::time::advance(Duration::from_millis(600)).await;
        add(&mut batch, &record(1, 5, None));
        assert!(!batch.is_due(&LIMITS, Instant::now()));
        tokio::time::advance(Duration::from_millis(400)).await;
        assert!(batch.is_due(&LIMITS, Instant::now()));
        let range = batch.seal().unwrap();
        assert!(range.is_rowless());
        assert!(!batch.is_due(&LIMITS, Instant::now()));
    }

    #[test]
    fn the_original_of_a_refused_record_is_kept_byte_by_byte() {
        let mut batch = Batch::new(Topic::ChargeSession, 4, at(Some(0)));
        add(&mut batch, &record(3, 99, Some(&[1, 2, 3])));
        add(&mut batch, &record(4, 98, Some(&[4])));
        let range = batch.seal().unwrap();
        assert_eq!(range.refused.len(), 2);
        let original = range.original(4).unwrap();
        assert_eq!(
            (original.key, original.value),
            (Some(&b"k"[..]), &[4_u8][..])
        );
        assert_eq!(original.timestamp_ms, Some(98));
        assert!(range.original(5).is_none());
    }

    #[test]
    fn a_record_whose_schema_is_not_known_yet_is_not_taken_in() {
        let mut batch = Batch::new(Topic::ChargeSession, 4, at(None));
        let framed = record(3, 99, Some(&[0, 0, 0, 0, 9, 1]));
        let verdict = batch.add(&framed, &Decoders::default(), Instant::now());
        assert_eq!(verdict, Verdict::NeedsSchema(9));
        assert!(batch.is_empty());
    }

    #[test]
    fn an_intended_range_ends_where_it_was_to_end_whatever_the_limits_are() {
        let mut batch = replay(10, 16);
        for offset in 10..15 {
            add(
                &mut batch,
                &record(offset, offset * 48 * HOUR_MS, Some(&[0; 900])),
            );
            assert!(!batch.is_full(&LIMITS) && batch.is_empty());
            assert!(!batch.is_due(&LIMITS, Instant::now() + LIMITS.age));
            assert!(batch.seal().is_none());
        }
        add(&mut batch, &record(15, 5, Some(b"a")));
        assert!(batch.is_due(&LIMITS, Instant::now()));
        let range = batch.seal().unwrap();
        assert_eq!((range.from, range.to, range.records.len()), (10, 16, 6));
        assert!(range.replayed.is_some());
        add(&mut batch, &record(16, 5, Some(b"a")));
        let range = batch.seal().unwrap();
        assert_eq!((range.from, range.to, range.replayed), (16, 17, None));
    }

    #[test]
    fn a_later_record_completes_an_intended_range_whose_last_records_are_gone() {
        let mut batch = replay(10, 16);
        add(&mut batch, &record(11, 5, Some(b"a")));
        add(&mut batch, &record(20, 5, Some(b"b")));
        let range = batch.seal().unwrap();
        assert_eq!((range.from, range.to, range.records.len()), (10, 16, 1));
        let range = batch.seal().unwrap();
        assert_eq!((range.from, range.to, range.records.len()), (16, 21, 1));
    }

    #[test]
    fn an_intended_range_of_which_nothing_is_left_is_complete_when_it_is_said() {
        let mut batch = replay(10, 16);
        assert_eq!(batch.awaits(), Some(16));
        batch.complete(Instant::now());
        assert_eq!(batch.awaits(), None);
        let range = batch.seal().unwrap();
        assert!(range.is_rowless());
        assert_eq!((range.from, range.to), (10, 16));
    }
}
