//! Messages as Kafka records: topic, partition, key, framed Avro, timestamp, headers.

use domain::contract::{
    CHARGE_POINT, CHARGE_POINT_STATUS, CHARGE_SESSION, DEAD_LETTER_TOPIC, TICK_HEADER,
};
use domain::wire::Record as _;
use domain::{ChargePointStatus, ChargeSession, EventId, StationId, Timestamp};
use platform::avro::frame_into;
use platform::kafka::partition::partition_of;
use platform::kafka::producer::{Parts, Record};
use rdkafka::message::{Header, OwnedHeaders};

use super::{Event, Message, RefusedItem};
use crate::submission::event::Kind;

/// What an event or an entry takes as Avro, roughly, in bytes.
const USUAL_BYTES: usize = 256;

/// The registry's ids of the schemas that we write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaIds {
    /// Of `charge-point-value`.
    pub charge_point: u32,
    /// Of `charge-point-status-value`.
    pub status: u32,
    /// Of `charge-session-value`.
    pub session: u32,
}

/// Encodes messages. All joined topics have the same number of partitions.
#[derive(Debug, Clone, Copy)]
pub struct Encoder {
    ids: SchemaIds,
    partitions: i32,
}

impl Encoder {
    /// Encodes under the schemas `ids`, for topics of `partitions` partitions.
    pub fn new(ids: SchemaIds, partitions: i32) -> Self {
        Self { ids, partitions }
    }

    /// The number of partitions of the joined topics.
    pub fn partitions(&self) -> i32 {
        self.partitions
    }

    /// The Kafka record of a message.
    pub fn record(&self, message: &Message) -> Record {
        match message {
            Message::Status(status) => {
                let value = framed(self.ids.status, |out| status.encode(out));
                let (key, at) = (status.station_id.as_str(), status.received_at);
                self.joined(
                    CHARGE_POINT_STATUS.topic,
                    &status.station_id,
                    key,
                    (Some(value), at),
                )
            }
            Message::Session(session) => {
                let value = framed(self.ids.session, |out| session.encode(out));
                let (key, at) = (session.station_id.as_str(), session.received_at);
                self.joined(
                    CHARGE_SESSION.topic,
                    &session.station_id,
                    key,
                    (Some(value), at),
                )
            }
            Message::ChargePoint(entry) => {
                let value = framed(self.ids.charge_point, |out| entry.encode(out));
                let (key, at) = (entry.charge_point_id().as_str(), entry.updated_at);
                self.joined(
                    CHARGE_POINT.topic,
                    entry.station_id(),
                    key,
                    (Some(value), at),
                )
            }
            Message::Removal {
                charge_point_id,
                station_id,
                at,
            } => {
                let key = charge_point_id.as_str();
                self.joined(CHARGE_POINT.topic, station_id, key, (None, *at))
            }
            Message::Tick {
                topic,
                partition,
                at,
                instance,
            } => Record {
                partition: Some(*partition),
                timestamp_ms: Some(at.as_ms()),
                headers: Some(headers([(TICK_HEADER, instance.as_ref())])),
                ..to_topic(topic)
            },
            Message::Refused(item) => refused(item),
        }
    }

    /// Events, encoded one behind the other.
    pub fn events(&self, events: impl ExactSizeIterator<Item = Event>) -> Encoded {
        let mut encoded = Encoded::with_room_for(events.len());
        for event in events {
            match event {
                Event::Status(status) => encoded.push_status(&status, self),
                Event::Session(session) => encoded.push_session(&session, self),
            }
        }
        encoded
    }

    /// Messages, encoded one behind the other, when they are events and nothing else.
    pub fn encoded(&self, messages: &[Message]) -> Option<Encoded> {
        let mut encoded = Encoded::with_room_for(messages.len());
        for message in messages {
            match message {
                Message::Status(status) => encoded.push_status(status, self),
                Message::Session(session) => encoded.push_session(session, self),
                Message::ChargePoint(_)
                | Message::Removal { .. }
                | Message::Tick { .. }
                | Message::Refused(_) => return None,
            }
        }
        Some(encoded)
    }

    /// A record that lies where its station lies.
    fn joined(
        &self,
        topic: &str,
        station_id: &StationId,
        key: &str,
        (value, at): (Option<Vec<u8>>, Timestamp),
    ) -> Record {
        Record {
            topic: topic.to_owned(),
            partition: Some(partition_of(
                station_id.as_str().as_bytes(),
                self.partitions,
            )),
            key: Some(key.as_bytes().to_vec()),
            value,
            timestamp_ms: Some(at.as_ms()),
            headers: None,
        }
    }
}

/// Encoded events: their bytes lie in one buffer, so that an event costs no allocation.
#[derive(Debug, Default)]
pub struct Encoded {
    bytes: Vec<u8>,
    places: Vec<Place>,
}

#[derive(Debug)]
struct Place {
    kind: Kind,
    id: EventId,
    at: Timestamp,
    partition: i32,
    /// Where the key begins, where it ends and the value begins, where that ends.
    bounds: [usize; 3],
}

/// An encoded event.
#[derive(Debug)]
pub struct EncodedEvent<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: EventId,
    /// When it was received.
    pub at: Timestamp,
    partition: i32,
    key: &'a [u8],
    value: &'a [u8],
}

impl Encoded {
    fn with_room_for(events: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(events * USUAL_BYTES),
            places: Vec::with_capacity(events),
        }
    }

    fn push_status(&mut self, status: &ChargePointStatus, encoder: &Encoder) {
        let place = (Kind::Status, status.event_id, status.received_at);
        self.push(place, &status.station_id, encoder.partitions, |out| {
            frame_into(encoder.ids.status, out);
            status.encode(out);
        });
    }

    fn push_session(&mut self, session: &ChargeSession, encoder: &Encoder) {
        let place = (Kind::Session, session.event_id, session.received_at);
        self.push(place, &session.station_id, encoder.partitions, |out| {
            frame_into(encoder.ids.session, out);
            session.encode(out);
        });
    }

    fn push(
        &mut self,
        (kind, id, at): (Kind, EventId, Timestamp),
        station_id: &StationId,
        partitions: i32,
        encode: impl FnOnce(&mut Vec<u8>),
    ) {
        let key = station_id.as_str().as_bytes();
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key);
        let middle = self.bytes.len();
        encode(&mut self.bytes);
        self.places.push(Place {
            kind,
            id,
            at,
            partition: partition_of(key, partitions),
            bounds: [start, middle, self.bytes.len()],
        });
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The events in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = EncodedEvent<'_>> {
        let bytes = |from, to| self.bytes.get(from..to).unwrap_or_default();
        self.places.iter().map(move |place| {
            let [start, middle, end] = place.bounds;
            EncodedEvent {
                kind: place.kind,
                id: place.id,
                at: place.at,
                partition: place.partition,
                key: bytes(start, middle),
                value: bytes(middle, end),
            }
        })
    }
}

impl<'a> EncodedEvent<'a> {
    /// The Kafka record.
    pub fn parts(&self) -> Parts<'a> {
        Parts {
            topic: match self.kind {
                Kind::Status => CHARGE_POINT_STATUS.topic,
                Kind::Session => CHARGE_SESSION.topic,
            },
            partition: Some(self.partition),
            key: Some(self.key),
            value: Some(self.value),
            timestamp_ms: Some(self.at.as_ms()),
        }
    }
}

fn refused(item: &RefusedItem) -> Record {
    let texts = item
        .headers
        .iter()
        .map(|(name, text)| (*name, text.as_str()));
    Record {
        key: Some(item.key.clone().into_bytes()),
        value: Some(item.value.clone()),
        timestamp_ms: Some(item.received_at.as_ms()),
        headers: Some(headers(texts)),
        ..to_topic(DEAD_LETTER_TOPIC)
    }
}

/// A record of which only the topic is known.
fn to_topic(topic: &str) -> Record {
    Record {
        topic: topic.to_owned(),
        ..Record::default()
    }
}

fn framed(id: u32, encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(USUAL_BYTES);
    frame_into(id, &mut out);
    encode(&mut out);
    out
}

fn headers<'a>(texts: impl IntoIterator<Item = (&'static str, &'a str)>) -> OwnedHeaders {
    texts
        .into_iter()
        .fold(OwnedHeaders::new(), |headers, (key, text)| {
            headers.insert(Header {
                key,
                value: Some(text),
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::status::StatusPayload;
    use domain::{
        ChargePointId, ChargePointStatus, EventId, Occupancy, RequestId, ServiceState,
        TimestampMicros,
    };
    use rdkafka::message::Headers as _;
    use uuid::Uuid;

    fn encoder() -> Encoder {
        Encoder::new(
            SchemaIds {
                charge_point: 1,
                status: 0x0102_0304,
                session: 3,
            },
            24,
        )
    }

    #[test]
    fn a_status_lies_in_the_partition_of_its_station() {
        let status = ChargePointStatus {
            event_id: EventId(Uuid::nil()),
            charge_point_id: ChargePointId::parse("FRFASE3300401").unwrap(),
            station_id: StationId::parse("FRFASP33004").unwrap(),
            event_time: TimestampMicros::from_us(1),
            received_at: Timestamp::from_ms(7),
            payload: StatusPayload {
                service_state: ServiceState::InService,
                occupancy: Occupancy::Free,
                connector_type_2: None,
                connector_ccs: None,
                connector_chademo: None,
                connector_ef: None,
            },
            request_id: RequestId(Uuid::nil()),
            submitted_by: "u".into(),
        };
        let message = Message::Status(status.clone());
        let record = encoder().record(&message);
        let encoded = encoder().encoded(&[message]).unwrap();
        let events: Vec<_> = encoded.iter().map(|event| event.parts()).collect();
        assert_eq!(events, [record.parts()]);
        assert_eq!(
            (record.topic.as_str(), record.partition),
            ("charge-point-status", Some(12))
        );
        assert_eq!(
            (record.key.as_deref(), record.timestamp_ms),
            (Some(&b"FRFASP33004"[..]), Some(7))
        );
        let value = record.value.unwrap();
        let (id, avro) = platform::avro::unframe(&value).unwrap();
        let decoder = domain::wire::Decoder::for_writer(CHARGE_POINT_STATUS.schema).unwrap();
        assert_eq!((id, decoder.decode(avro)), (0x0102_0304, Ok(status)));
    }

    #[test]
    fn a_tick_has_neither_key_nor_value() {
        let record = encoder().record(&Message::Tick {
            topic: "charge-session",
            partition: 5,
            at: Timestamp::from_ms(9),
            instance: "gateway-1".into(),
        });
        assert!(record.key.is_none() && record.value.is_none());
        assert_eq!((record.partition, record.timestamp_ms), (Some(5), Some(9)));
        let headers = record.headers.unwrap();
        assert_eq!(headers.get(0).key, "tick");
        assert_eq!(headers.get(0).value, Some(&b"gateway-1"[..]));
    }

    #[test]
    fn a_removal_lies_where_the_entry_lay() {
        let record = encoder().record(&Message::Removal {
            charge_point_id: ChargePointId::parse("FRFASE3300401").unwrap(),
            station_id: StationId::parse("FRPD1PCORGLG").unwrap(),
            at: Timestamp::from_ms(9),
        });
        assert_eq!((record.partition, record.value), (Some(18), None));
        assert_eq!(record.key.as_deref(), Some(&b"FRFASE3300401"[..]));
    }
}
