//! The headers of a record that was set aside, for `dead-letter` and `late-event`.
//!
//! Such a record carries the original key and value bytes untouched, has no schema, and says in
//! its headers where it came from and why it is here. Numbers are decimal text, so that any Kafka
//! tool shows them. Every header is written and read back by name in one place: this file.

use rdkafka::message::{Header, Headers, Message, OwnedHeaders};

/// The service that set the record aside, such as `stream-processor`.
pub const ORIGIN: &str = "origin";
/// Why, as a word from that service's list of reasons, such as `no_schema`.
pub const REASON: &str = "reason";
/// Why, in a sentence for a person.
pub const MESSAGE: &str = "message";
/// The topic that the record was read from.
pub const TOPIC: &str = "topic";
/// The partition that it was read from.
pub const PARTITION: &str = "partition";
/// Its offset there.
pub const OFFSET: &str = "offset";
/// Its Kafka timestamp (`received_at`), ms since the epoch; absent if it had none.
pub const TIMESTAMP: &str = "timestamp";

/// Where a record came from and why it was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The service that set the record aside.
    pub origin: String,
    /// Why, as a word.
    pub reason: String,
    /// Why, as a sentence.
    pub message: String,
    /// The topic that it was read from.
    pub topic: String,
    /// The partition that it was read from.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Its Kafka timestamp, ms since the epoch.
    pub timestamp_ms: Option<i64>,
}

/// Headers that do not describe a record that was set aside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A header is missing.
    #[error("header {0} is missing: the record was not set aside by one of our services")]
    Missing(&'static str),
    /// A header holds something else.
    #[error("header {name} is {value:?}, expected {expected}")]
    Wrong {
        /// The header's name.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
}

impl DeadLetter {
    /// Describes `record`, set aside by service `origin` for `reason`.
    pub fn of(record: &impl Message, origin: &str, reason: &str, message: String) -> Self {
        Self {
            origin: origin.to_owned(),
            reason: reason.to_owned(),
            message,
            topic: record.topic().to_owned(),
            partition: record.partition(),
            offset: record.offset(),
            timestamp_ms: record.timestamp().to_millis(),
        }
    }

    /// Returns the Kafka headers.
    pub fn to_headers(&self) -> OwnedHeaders {
        let texts = [
            (ORIGIN, self.origin.clone()),
            (REASON, self.reason.clone()),
            (MESSAGE, self.message.clone()),
            (TOPIC, self.topic.clone()),
            (PARTITION, self.partition.to_string()),
            (OFFSET, self.offset.to_string()),
        ];
        let timestamp = self.timestamp_ms.map(|ms| (TIMESTAMP, ms.to_string()));
        texts.into_iter().chain(timestamp).fold(
            OwnedHeaders::new_with_capacity(7),
            |headers, (key, text)| {
                headers.insert(Header {
                    key,
                    value: Some(&text),
                })
            },
        )
    }

    /// Reads the headers back.
    ///
    /// # Errors
    /// When a header is missing or does not hold what it should.
    pub fn from_headers(headers: &impl Headers) -> Result<Self, HeaderError> {
        let timestamp_ms = match find(headers, TIMESTAMP)? {
            Some(text) => Some(number(TIMESTAMP, text)?),
            None => None,
        };
        Ok(Self {
            origin: required(headers, ORIGIN)?.to_owned(),
            reason: required(headers, REASON)?.to_owned(),
            message: required(headers, MESSAGE)?.to_owned(),
            topic: required(headers, TOPIC)?.to_owned(),
            partition: number(PARTITION, required(headers, PARTITION)?)?,
            offset: number(OFFSET, required(headers, OFFSET)?)?,
            timestamp_ms,
        })
    }
}

fn required<'a>(headers: &'a impl Headers, name: &'static str) -> Result<&'a str, HeaderError> {
    find(headers, name)?.ok_or(HeaderError::Missing(name))
}

/// Returns the last header called `name`, as Kafka's own tools do.
fn find<'a>(headers: &'a impl Headers, name: &'static str) -> Result<Option<&'a str>, HeaderError> {
    let value = (0..headers.count())
        .rev()
        .filter_map(|index| headers.try_get(index))
        .find(|header| header.key == name)
        .and_then(|header| header.value);
    value
        .map(|bytes| {
            std::str::from_utf8(bytes).map_err(|_error| HeaderError::Wrong {
                name,
                value: String::from_utf8_lossy(bytes).into_owned(),
                expected: "UTF-8 text",
            })
        })
        .transpose()
}

fn number<T: std::str::FromStr>(name: &'static str, text: &str) -> Result<T, HeaderError> {
    text.parse().map_err(|_error| HeaderError::Wrong {
        name,
        value: text.to_owned(),
        expected: "a decimal integer in range",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::Timestamp;
    use rdkafka::message::OwnedMessage;

    fn dead_letter() -> DeadLetter {
        let record = OwnedMessage::new(
            Some(vec![1]),
            None,
            "charge-point-status".to_owned(),
            Timestamp::CreateTime(1_700_000_000_123),
            17,
            9_000_000_001,
            None,
        );
        let message = "schema 7 is unknown".to_owned();
        DeadLetter::of(&record, "stream-processor", "no_schema", message)
    }

    fn text<'a>(headers: &'a OwnedHeaders, name: &'static str) -> &'a str {
        find(headers, name).unwrap().unwrap()
    }

    #[test]
    fn every_header_holds_what_its_name_says() {
        let headers = dead_letter().to_headers();
        assert_eq!(text(&headers, "origin"), "stream-processor");
        assert_eq!(text(&headers, "reason"), "no_schema");
        assert_eq!(text(&headers, "message"), "schema 7 is unknown");
        assert_eq!(text(&headers, "topic"), "charge-point-status");
        assert_eq!(text(&headers, "partition"), "17");
        assert_eq!(text(&headers, "offset"), "9000000001");
        assert_eq!(text(&headers, "timestamp"), "1700000000123");
        assert_eq!(headers.count(), 7);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let with = dead_letter();
        assert_eq!(DeadLetter::from_headers(&with.to_headers()), Ok(with));
        let mut without = dead_letter();
        without.timestamp_ms = None;
        assert_eq!(DeadLetter::from_headers(&without.to_headers()), Ok(without));
    }

    #[test]
    fn a_missing_or_wrong_header_is_named() {
        let missing = DeadLetter::from_headers(&OwnedHeaders::new());
        assert_eq!(missing, Err(HeaderError::Missing(ORIGIN)));
        let headers = dead_letter().to_headers().insert(Header {
            key: PARTITION,
            value: Some("many"),
        });
        let error = DeadLetter::from_headers(&headers).unwrap_err();
        assert!(error.to_string().contains("header partition is \"many\""));
    }
}
