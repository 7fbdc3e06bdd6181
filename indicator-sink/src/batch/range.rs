//! A range of one partition: what it holds, and the originals of its records.

use domain::Timestamp;
use rdkafka::Message;

use crate::disposition::Refusal;
use crate::intent::Intent;
use crate::record::{Facts, Records};
use crate::topic::Topic;

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
    /// What an earlier attempt intended, if this is its repetition.
    pub replayed: Option<Intent>,
    originals: Originals,
}

impl Range {
    /// An empty range that begins at `from`.
    pub(super) fn starting_at(topic: Topic, partition: i32, from: i64) -> Self {
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
            replayed: None,
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

    /// What it holds in memory, about: its records as they came and as they are decoded, bytes.
    pub fn held_bytes(&self) -> usize {
        // The texts of a decoded record are about as long as the record was.
        2 * self.size_bytes() + self.records.len() * self.records.unit_bytes()
    }

    /// Takes a record in that becomes a row.
    pub(super) fn keep(&mut self, record: &impl Message, facts: Facts) {
        let earliest = [self.computed_at, facts.computed_at];
        self.computed_at = earliest.into_iter().flatten().min();
        self.originals.push(record);
    }

    /// Takes a record in that is set aside.
    pub(super) fn refuse(&mut self, record: &impl Message, refusal: Refusal) {
        self.originals.push(record);
        self.refused.push(Refused {
            offset: record.offset(),
            refusal,
        });
    }

    /// Moves its end behind a record that was taken in.
    pub(super) fn extend(&mut self, record: &impl Message) {
        self.to = record.offset() + 1;
        if let Some(ms) = record.timestamp().to_millis() {
            let (first, last) = self.timestamps_ms.unwrap_or((ms, ms));
            self.timestamps_ms = Some((first.min(ms), last.max(ms)));
        }
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
