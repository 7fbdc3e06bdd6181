//! Table `rejected_event`: records of `dead-letter` and `late-event`, from their headers.
//!
//! Such a record is always kept: a header that is missing or unreadable leaves its column empty,
//! an instant out of range is moved to the nearest one that fits.

use std::collections::BTreeMap;
use std::fmt;

use clickhouse::Row;
use domain::Timestamp;
use rdkafka::Message;
use rdkafka::message::Headers as _;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::{Archived, LAST_INSTANT_MS, Source, Unstorable};

/// The namespace of rejection ids: UUIDv5 of where the event came from.
const REJECTION_NAMESPACE: Uuid = Uuid::from_u128(0x6c1d_2f3a_90b4_5e57_8a0d_41c2_7be9_53f8);

/// Bytes of a payload that are kept.
const MAX_PAYLOAD_BYTES: usize = 64 * 1024;

/// Bytes that need not be text, for a `String` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes<'a>(pub &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(BytesVisitor)
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Bytes<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("bytes")
    }

    fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Bytes<'de>, E> {
        Ok(Bytes(bytes))
    }
}

/// A row of `rejected_event`.
#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "each field is the column of that name, documented by its comment"
)]
pub struct RejectedEventRow<'a> {
    pub operational_unit: &'a str,
    pub origin_time: i64,
    #[serde(with = "clickhouse::serde::uuid")]
    pub rejection_id: Uuid,
    pub disposition: i8,
    pub origin: &'a str,
    pub kind: &'a str,
    pub reason: &'a str,
    pub rule: u16,
    pub field: &'a str,
    pub message: &'a str,
    pub request_id: &'a str,
    pub item_index: i32,
    pub account: &'a str,
    pub origin_topic: &'a str,
    pub origin_partition: i32,
    pub origin_offset: i64,
    pub lateness_ms: i64,
    #[serde(borrow)]
    pub record_key: Bytes<'a>,
    #[serde(borrow)]
    pub payload: Bytes<'a>,
    pub payload_bytes: u32,
    pub source_topic: &'a str,
    pub source_partition: u16,
    pub source_offset: u64,
}

/// A record of `dead-letter` or `late-event`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    headers: BTreeMap<String, String>,
    is_late: bool,
    origin_time: Timestamp,
    key: Vec<u8>,
    payload: Vec<u8>,
    payload_bytes: usize,
}

impl Rejection {
    /// Reads a record; it cannot fail.
    pub fn of(record: &impl Message, is_late: bool) -> Self {
        let headers = headers_of(record);
        let number = |name: &str| headers.get(name).and_then(|text| text.parse::<i64>().ok());
        let origin_time_ms = number("received-at")
            .or_else(|| number("timestamp"))
            .or_else(|| record.timestamp().to_millis())
            .unwrap_or(0);
        let payload = record.payload().unwrap_or_default();
        Self {
            is_late,
            origin_time: Timestamp::from_ms(origin_time_ms.clamp(0, LAST_INSTANT_MS)),
            key: record.key().unwrap_or_default().to_vec(),
            payload: payload.iter().copied().take(MAX_PAYLOAD_BYTES).collect(),
            payload_bytes: payload.len(),
            headers,
        }
    }

    fn text(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn number<T: std::str::FromStr>(&self, name: &str, absent: T) -> T {
        self.text(name).parse().unwrap_or(absent)
    }

    /// The kind of event: the header, or what the topic carries.
    fn kind(&self) -> &str {
        match (self.text("kind"), self.text("topic")) {
            ("", "charge-point-status") => "status",
            ("", "charge-session") => "session",
            ("", "charge-point") => "statique",
            (kind, _) => kind,
        }
    }

    /// UUIDv5 of `origin/request id/index`, else of `origin/topic/partition/offset`, else of the
    /// record's own coordinates.
    fn id(&self, source: Source<'_>) -> Uuid {
        let origin = self.text("origin");
        let has = |name: &str| !self.text(name).is_empty();
        let name = if has("request-id") && has("index") {
            format!(
                "{origin}/{}/{}",
                self.text("request-id"),
                self.text("index")
            )
        } else if has("topic") && has("partition") && has("offset") {
            let [topic, partition, offset] =
                ["topic", "partition", "offset"].map(|name| self.text(name));
            format!("{origin}/{topic}/{partition}/{offset}")
        } else {
            format!("/{}/{}/{}", source.topic, source.partition, source.offset)
        };
        Uuid::new_v5(&REJECTION_NAMESPACE, name.as_bytes())
    }
}

fn headers_of(record: &impl Message) -> BTreeMap<String, String> {
    let Some(headers) = record.headers() else {
        return BTreeMap::new();
    };
    let text = |value: Option<&[u8]>| String::from_utf8_lossy(value.unwrap_or_default()).into();
    (0..headers.count())
        .filter_map(|index| headers.try_get(index))
        .map(|header| (header.key.to_owned(), text(header.value)))
        .collect()
}

impl Archived for Rejection {
    const TABLE: &'static str = "rejected_event";
    type Row = RejectedEventRow<'static>;

    fn row<'a>(&'a self, source: Source<'a>) -> RejectedEventRow<'a> {
        RejectedEventRow {
            operational_unit: self.text("unit"),
            origin_time: self.origin_time.as_ms(),
            rejection_id: self.id(source),
            disposition: if self.is_late { 2 } else { 1 },
            origin: self.text("origin"),
            kind: self.kind(),
            reason: self.text("reason"),
            rule: self.number("rule", 0),
            field: self.text("field"),
            message: self.text("message"),
            request_id: self.text("request-id"),
            item_index: self.number("index", -1),
            account: self.text("account"),
            origin_topic: self.text("topic"),
            origin_partition: self.number("partition", -1),
            origin_offset: self.number("offset", -1),
            lateness_ms: self.number("lateness-ms", -1),
            record_key: Bytes(&self.key),
            payload: Bytes(&self.payload),
            payload_bytes: u32::try_from(self.payload_bytes).unwrap_or(u32::MAX),
            source_topic: source.topic,
            source_partition: source.partition,
            source_offset: source.offset,
        }
    }

    fn bare_row<'a>(&'a self, source: Source<'a>) -> RejectedEventRow<'a> {
        let nothing = Bytes(&[]);
        RejectedEventRow {
            record_key: nothing,
            payload: nothing,
            ..self.row(source)
        }
    }

    fn check(&self) -> Result<(), Unstorable> {
        Ok(())
    }

    fn partition_day(&self) -> i64 {
        super::day(self.origin_time)
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::Timestamp as KafkaTimestamp;
    use rdkafka::message::{Header, OwnedHeaders, OwnedMessage};

    use super::*;

    fn record(headers: &[(&str, &str)], offset: i64) -> OwnedMessage {
        let headers = headers
            .iter()
            .fold(OwnedHeaders::new(), |all, (key, value)| {
                all.insert(Header {
                    key,
                    value: Some(*value),
                })
            });
        OwnedMessage::new(
            Some(vec![0xff, 0x00, 1]),
            Some(b"FRS63P1".to_vec()),
            "dead-letter".to_owned(),
            KafkaTimestamp::CreateTime(1_700_000_000_000),
            3,
            offset,
            Some(headers),
        )
    }

    fn source(offset: u64) -> Source<'static> {
        Source {
            topic: "dead-letter",
            partition: 3,
            offset,
        }
    }

    #[test]
    fn a_refusal_of_the_gateway_keeps_every_header() {
        let headers = [
            ("origin", "producer-gateway"),
            ("kind", "status"),
            ("reason", "status_too_old"),
            ("rule", "43"),
            ("field", "horodatage"),
            ("message", "older than 24 h"),
            ("index", "7"),
            ("unit", "FRS63"),
            ("account", "operator"),
            ("request-id", "r-1"),
            ("received-at", "1600000000123"),
        ];
        let rejection = Rejection::of(&record(&headers, 5), false);
        let row = rejection.row(source(5));
        let texts = (row.origin, row.kind, row.reason, row.field, row.message);
        assert_eq!(
            texts,
            (
                "producer-gateway",
                "status",
                "status_too_old",
                "horodatage",
                "older than 24 h"
            )
        );
        assert_eq!(
            (row.rule, row.item_index, row.origin_time),
            (43, 7, 1_600_000_000_123)
        );
        let who = (row.operational_unit, row.account, row.request_id);
        assert_eq!(who, ("FRS63", "operator", "r-1"));
        assert_eq!(
            (row.origin_partition, row.origin_offset, row.lateness_ms),
            (-1, -1, -1)
        );
        assert_eq!(row.payload.0, [0xff, 0x00, 1]);
        assert_eq!((row.disposition, row.payload_bytes), (1, 3));
    }

    #[test]
    fn an_event_set_aside_again_keeps_its_id() {
        let of_processor = [
            ("origin", "stream-processor"),
            ("topic", "charge-session"),
            ("partition", "4"),
            ("offset", "99"),
            ("lateness-ms", "1000"),
        ];
        let first = Rejection::of(&record(&of_processor, 5), true);
        let second = Rejection::of(&record(&of_processor, 6), true);
        assert_eq!(
            first.row(source(5)).rejection_id,
            second.row(source(6)).rejection_id
        );
        assert_eq!(first.row(source(5)).kind, "session");
        assert_eq!(first.row(source(5)).disposition, 2);
        let bare = Rejection::of(&record(&[], 5), false);
        assert_ne!(
            bare.row(source(5)).rejection_id,
            bare.row(source(6)).rejection_id
        );
        assert_eq!(bare.row(source(5)).origin_time, 1_700_000_000_000);
    }

    #[test]
    fn a_long_payload_is_cut_and_its_size_kept() {
        let mut record = record(&[], 5);
        record = record.set_payload(Some(vec![7; MAX_PAYLOAD_BYTES + 9]));
        let rejection = Rejection::of(&record, false);
        let row = rejection.row(source(5));
        assert_eq!(row.payload.0.len(), MAX_PAYLOAD_BYTES);
        assert_eq!(row.payload_bytes as usize, MAX_PAYLOAD_BYTES + 9);
    }
}
