//! What a task publishes, as Kafka records: indicators, episodes, late events, dead letters.
//!
//! Outputs go to the partition number of the task. What is set aside goes to that number modulo the
//! partitions there; since these divide the task's, that is where its key belongs.

use domain::engine::Output;
use domain::{Span, key};
use platform::avro;
use platform::dead_letter::DeadLetter;
use platform::kafka::producer::Record;
use rdkafka::message::{Header, OwnedHeaders};

use crate::disposition::Refusal;
use crate::input::InputRecord;
use crate::topology::SET_ASIDE_PARTITIONS;

/// Our name in the header `origin`.
const ORIGIN: &str = "stream-processor";

/// Header: the operational unit that sent the event.
pub(crate) const UNIT: &str = "unit";

/// Header: how late the event was, ms; negative for one from the future.
pub(crate) const LATENESS: &str = "lateness-ms";

/// The registry's ids of what we write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SchemaIds {
    /// Of `charge-point-indicator`.
    pub(crate) charge_point_indicator: u32,
    /// Of `station-indicator`.
    pub(crate) station_indicator: u32,
    /// Of `failure-episode`.
    pub(crate) failure_episode: u32,
    /// Of the state changelog.
    pub(crate) changelog: u32,
}

/// An output of task `partition`, as it goes to its topic. Its timestamp is the cut that made it, so
/// a replay writes the same bytes.
pub(crate) fn output(output: &Output, partition: i32, ids: &SchemaIds) -> Record {
    match output {
        Output::ChargePoint(it) => {
            let key = key::of_charge_point_indicator(it);
            let at = it.emission.version.as_ms();
            record(it, ids.charge_point_indicator, partition, (key, at))
        }
        Output::Station(it) => {
            let key = key::of_station_indicator(it);
            let at = it.emission.version.as_ms();
            record(it, ids.station_indicator, partition, (key, at))
        }
        Output::Episode(it) => {
            let key = key::of_failure_episode(it);
            record(
                it,
                ids.failure_episode,
                partition,
                (key, it.version.as_ms()),
            )
        }
    }
}

fn record<T: domain::wire::Record>(
    content: &T,
    schema: u32,
    partition: i32,
    (key, timestamp_ms): (String, i64),
) -> Record {
    let mut value = Vec::with_capacity(512);
    avro::frame_into(schema, &mut value);
    content.encode(&mut value);
    Record {
        topic: T::CONTRACT.topic.to_owned(),
        partition: Some(partition),
        key: Some(key.into_bytes()),
        value: Some(value),
        timestamp_ms: Some(timestamp_ms),
        headers: None,
    }
}

/// Why an event was late.
#[derive(Clone, Debug)]
pub(crate) struct Late<'a> {
    /// Too late, or from the future.
    pub(crate) refusal: Refusal,
    /// The unit that sent it.
    pub(crate) unit: &'a str,
    /// Stamp − event time; negative for an event from the future.
    pub(crate) lateness: Span,
}

/// An event that changes nothing any more, as it goes to `late-event`.
pub(crate) fn late_event(original: &InputRecord, late: &Late<'_>) -> Record {
    let lateness_ms = late.lateness.as_ms();
    let message = match late.refusal {
        Refusal::FromTheFuture => {
            format!("the event lies {} ms after its reception", -lateness_ms)
        }
        _ => format!("the event came {lateness_ms} ms late: its window is final"),
    };
    let headers = headers(original, late.refusal, message)
        .insert(Header {
            key: UNIT,
            value: Some(late.unit),
        })
        .insert(Header {
            key: LATENESS,
            value: Some(&lateness_ms.to_string()),
        });
    set_aside(original, domain::contract::LATE_EVENT_TOPIC, headers)
}

/// A record that cannot be processed, as it goes to `dead-letter`.
pub(crate) fn dead_letter(original: &InputRecord, refusal: Refusal, message: String) -> Record {
    let headers = headers(original, refusal, message);
    set_aside(original, domain::contract::DEAD_LETTER_TOPIC, headers)
}

/// The original's headers, followed by ours: of two with one name, the last counts.
fn headers(original: &InputRecord, refusal: Refusal, message: String) -> OwnedHeaders {
    use rdkafka::message::Headers as _;
    let ours = DeadLetter {
        origin: ORIGIN.to_owned(),
        reason: refusal.word().to_owned(),
        message,
        topic: original.lane.source.topic().to_owned(),
        partition: original.lane.partition,
        offset: original.offset,
        timestamp_ms: original.timestamp_ms,
    }
    .to_headers();
    let kept = original.headers.clone().unwrap_or_default();
    ours.iter().fold(kept, |headers, header| {
        headers.insert(Header {
            key: header.key,
            value: header.value,
        })
    })
}

fn set_aside(original: &InputRecord, topic: &str, headers: OwnedHeaders) -> Record {
    Record {
        topic: topic.to_owned(),
        partition: Some(original.lane.partition % SET_ASIDE_PARTITIONS),
        key: original.key.clone(),
        value: original.value.clone(),
        timestamp_ms: None,
        headers: Some(headers),
    }
}
