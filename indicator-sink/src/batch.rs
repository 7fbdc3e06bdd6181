//! A range of one partition, from its first offset to the one after its last: what it holds, and
//! when it is full. Pure: records and instants in, ranges out.
//!
//! Invariants: ranges of a partition follow one another without gap or overlap; a sealed range
//! never changes; its rows are a pure function of its records. Offsets may have holes.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::Timestamp;
use rdkafka::Message;
use tokio::time::Instant;

use crate::disposition::Refusal;
use crate::record::{Facts, Records, Verdict};
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

/// A record that goes to `dead-letter`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where it lay.
    pub offset: i64,
    /// Why.
    pub refusal: Refusal,
}

/// The original of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Original<'a> {
    /// The key, if it has one.
    pub key: Option<&'a [u8]>,
    /// The value.
    pub value: &'a [u8],
    /// The Kafka timestamp, ms since the epoch, if it has one.
    pub timestamp_ms: Option<i64>,
}

/// Originals of the records of a range, one after the other in one block of memory.
#[derive(Debug, Default)]
struct Originals {
    bytes: Vec<u8>,
    spans: Vec<OriginalSpan>,
}

#[derive(Debug)]
struct OriginalSpan {
    offset: i64,
    timestamp_ms: Option<i64>,
    has_key: bool,
    start: usize,
    middle: usize,
    end: usize,
}

impl Originals {
    fn push(&mut self, record: &impl Message) {
        let start = self.bytes.len();
        self.bytes
            .extend_from_slice(record.key().unwrap_or_default());
        let middle = self.bytes.len();
        self.bytes
            .extend_from_slice(record.payload().unwrap_or_default());
        self.spans.push(OriginalSpan {
            offset: record.offset(),
            timestamp_ms: record.timestamp().to_millis(),
            has_key: record.key().is_some(),
            start,
            middle,
            end: self.bytes.len(),
        });
    }

    fn get(&self, offset: i64) -> Option<Original<'_>> {
        let index = self
            .spans
            .binary_search_by_key(&offset, |span| span.offset)
            .ok()?;
        let span = self.spans.get(index)?;
        let key = self.bytes.get(span.start..span.middle)?;
        Some(Original {
            key: span.has_key.then_some(key),
            value: self.bytes.get(span.middle..span.end)?,
            timestamp_ms: span.timestamp_ms,
        })
    }
}

/// A range of one partition.
#[derive(Debug)]
pub struct Range {
    /// The topic.
    pub topic: Topic,
    /// The partition.
    pub partition: i32,
    /// Its first offset.
    pub from: i64,
    /// The offset after it.
    pub to: i64,
    /// What becomes rows.
    pub records: Records,
    /// What goes to `dead-letter`.
    pub refused: Vec<Refused>,
    /// Records without a value.
    pub nulls: usize,
    /// The least and the greatest record timestamp, ms since the epoch.
    pub timestamps_ms: Option<(i64, i64)>,
    /// The earliest clock of the processor among its figures.
    pub computed_at: Option<Timestamp>,
    originals: Originals,
}

impl Range {
    fn starting_at(topic: Topic, partition: i32, from: i64) -> Self {
        Self {
            topic,
            partition,
            from,
            to: from,
            records: Records::none_of(topic),
            refused: Vec::new(),
            nulls: 0,
            timestamps_ms: None,
            computed_at: None,
            originals: Originals::default(),
        }
    }

    /// Whether it holds neither rows nor dead letters: then nothing is to be written.
    pub fn is_rowless(&self) -> bool {
        self.records.is_empty() && self.refused.is_empty()
    }

    /// Keys and values, bytes.
    pub fn size_bytes(&self) -> usize {
        self.originals.bytes.len()
    }

    /// The number of records in it.
    pub fn record_count(&self) -> usize {
        self.records.len() + self.refused.len() + self.nulls
    }

    /// The original of the record at `offset`, unless it has no value.
    pub fn original(&self, offset: i64) -> Option<Original<'_>> {
        self.originals.get(offset)
    }

    /// The name of the part `[from, to)` of this range: the same in every attempt to write it.
    pub fn token(&self, from: i64, to: i64) -> String {
        format!("{}-{}-{from}-{to}", self.topic.name(), self.partition)
    }
}

/// Collects the records of one partition into ranges.
#[derive(Debug)]
pub struct Batch {
    range: Range,
    /// Whether the first offset is known: it is that of the first record where none is committed.
    is_anchored: bool,
    days: BTreeSet<i64>,
    opened_at: Option<Instant>,
}

impl Batch {
    /// A partition whose next offset is `next`, or, when nothing is committed, its first record.
    pub fn new(topic: Topic, partition: i32, next: Option<i64>) -> Self {
        Self {
            range: Range::starting_at(topic, partition, next.unwrap_or(0)),
            is_anchored: next.is_some(),
            days: BTreeSet::new(),
            opened_at: None,
        }
    }

    /// Takes a record in, unless its schema is to be fetched first; then it is to be offered again.
    pub fn add(&mut self, record: &impl Message, decoders: &Decoders, now: Instant) -> Verdict {
        let verdict = self.range.records.accept(record, decoders);
        match &verdict {
            Verdict::NeedsSchema(_) => return verdict,
            Verdict::Null => self.range.nulls += 1,
            Verdict::Row(facts) => {
                self.note(*facts);
                self.range.originals.push(record);
            }
            Verdict::Refused(refusal) => {
                self.range.originals.push(record);
                self.range.refused.push(Refused {
                    offset: record.offset(),
                    refusal: refusal.clone(),
                });
            }
        }
        self.extend(record, now);
        verdict
    }

    fn note(&mut self, facts: Facts) {
        self.days.insert(facts.partition_day);
        let earliest = [self.range.computed_at, facts.computed_at];
        self.range.computed_at = earliest.into_iter().flatten().min();
    }

    fn extend(&mut self, record: &impl Message, now: Instant) {
        let offset = record.offset();
        if !self.is_anchored {
            self.range.from = offset;
            self.is_anchored = true;
        }
        self.range.to = offset + 1;
        if let Some(ms) = record.timestamp().to_millis() {
            let (first, last) = self.range.timestamps_ms.unwrap_or((ms, ms));
            self.range.timestamps_ms = Some((first.min(ms), last.max(ms)));
        }
        self.opened_at.get_or_insert(now);
    }

    /// Whether it holds no record.
    pub fn is_empty(&self) -> bool {
        self.opened_at.is_none()
    }

    /// Whether there is nothing to write, only offsets to move.
    pub fn is_rowless(&self) -> bool {
        self.range.is_rowless()
    }

    /// When its first record came.
    pub fn opened_at(&self) -> Option<Instant> {
        self.opened_at
    }

    /// Whether no further record may be added.
    pub fn is_full(&self, limits: &Limits) -> bool {
        self.range.records.len() >= limits.rows
            || self.range.size_bytes() >= limits.bytes
            || self.days.len() >= limits.days
    }

    /// Whether it is to be written.
    pub fn is_due(&self, limits: &Limits, now: Instant) -> bool {
        let is_old = |opened_at| now.saturating_duration_since(opened_at) >= limits.age;
        self.is_full(limits) || self.opened_at.is_some_and(is_old)
    }

    /// Keys and values held, bytes.
    pub fn size_bytes(&self) -> usize {
        self.range.size_bytes()
    }

    /// The least record timestamp held, ms since the epoch.
    pub fn first_timestamp_ms(&self) -> Option<i64> {
        self.range.timestamps_ms.map(|(first, _)| first)
    }

    /// Closes the range; the next one begins where it ends. None when it holds no record.
    pub fn seal(&mut self) -> Option<Range> {
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

    fn batch(next: Option<i64>) -> Batch {
        Batch::new(Topic::DeadLetter, 4, next)
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
        let mut batch = Batch::new(Topic::ChargeSession, 4, Some(0));
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
        let mut batch = Batch::new(Topic::ChargeSession, 4, None);
        let framed = record(3, 99, Some(&[0, 0, 0, 0, 9, 1]));
        let verdict = batch.add(&framed, &Decoders::default(), Instant::now());
        assert_eq!(verdict, Verdict::NeedsSchema(9));
        assert!(batch.is_empty());
    }
}
