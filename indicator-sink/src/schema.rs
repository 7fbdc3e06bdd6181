//! Schema ids and how to decode their records: filled as ids are met, never emptied.

use std::collections::HashMap;

use domain::wire::{Decoder, Record};
use domain::{
    ChargePoint, ChargePointIndicator, ChargePointStatus, ChargeSession, FailureEpisode,
    StationIndicator,
};
use platform::avro;

use crate::disposition::{Reason, Refusal};
use crate::topic::Topic;

/// The decoders of one type, by schema id.
#[derive(Debug)]
pub struct Known<T>(HashMap<u32, Result<Decoder<T>, Refusal>>);

/// Why a value is not decoded.
#[derive(Debug, PartialEq, Eq)]
pub enum Undecoded {
    /// The schema with this id has not been fetched yet.
    Unknown(u32),
    /// It never will be.
    Refused(Refusal),
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Record> Known<T> {
    /// Decodes a value in Confluent framing.
    ///
    /// # Errors
    /// When its schema is not known yet, or the value cannot be decoded at all.
    pub fn decode(&self, framed: &[u8]) -> Result<T, Undecoded> {
        let refused = |reason, message: String| Undecoded::Refused(Refusal { reason, message });
        let (id, encoded) =
            avro::unframe(framed).map_err(|error| refused(Reason::NotFramed, error.to_string()))?;
        match self.0.get(&id) {
            None => Err(Undecoded::Unknown(id)),
            Some(Err(refusal)) => Err(Undecoded::Refused(refusal.clone())),
            Some(Ok(decoder)) => decoder
                .decode(encoded)
                .map_err(|error| refused(Reason::BadBytes, error.to_string())),
        }
    }

    fn learn(&mut self, id: u32, schema: Result<&str, Refusal>) {
        let decoder = schema.and_then(|schema| {
            Decoder::for_writer(schema).map_err(|error| Refusal {
                reason: Reason::IncompatibleSchema,
                message: format!("schema {id}: {error}"),
            })
        });
        self.0.insert(id, decoder);
    }
}

/// The decoders of all topics with a schema.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "each field holds the decoders of that type")]
pub struct Decoders {
    pub charge_point: Known<ChargePoint>,
    pub charge_point_status: Known<ChargePointStatus>,
    pub charge_session: Known<ChargeSession>,
    pub charge_point_indicator: Known<ChargePointIndicator>,
    pub station_indicator: Known<StationIndicator>,
    pub failure_episode: Known<FailureEpisode>,
}

impl Decoders {
    /// Notes the schema with `id`, met on `topic`, or why its records are refused.
    pub fn learn(&mut self, topic: Topic, id: u32, schema: Result<&str, Refusal>) {
        match topic {
            Topic::ChargePoint => self.charge_point.learn(id, schema),
            Topic::ChargePointStatus => self.charge_point_status.learn(id, schema),
            Topic::ChargeSession => self.charge_session.learn(id, schema),
            Topic::ChargePointIndicator => self.charge_point_indicator.learn(id, schema),
            Topic::StationIndicator => self.station_indicator.learn(id, schema),
            Topic::FailureEpisode => self.failure_episode.learn(id, schema),
            Topic::DeadLetter | Topic::LateEvent => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_was_not_met_is_asked_for_and_a_refused_one_is_not() {
        let mut decoders = Decoders::default();
        let framed = avro::frame(7, &[]);
        let decoded = decoders.charge_session.decode(&framed);
        assert_eq!(decoded, Err(Undecoded::Unknown(7)));
        decoders.learn(Topic::ChargeSession, 7, Ok(r#""string""#));
        let Err(Undecoded::Refused(refusal)) = decoders.charge_session.decode(&framed) else {
            panic!("a string was read as a session");
        };
        assert_eq!(refusal.reason, Reason::IncompatibleSchema);
        assert!(
            refusal.message.starts_with("schema 7: "),
            "{}",
            refusal.message
        );
    }

    #[test]
    fn bytes_without_a_frame_and_bytes_that_break_off_are_refused() {
        let mut decoders = Decoders::default();
        let reason = |decoded: Result<ChargeSession, Undecoded>| match decoded {
            Err(Undecoded::Refused(refusal)) => refusal.reason,
            other => panic!("{other:?}"),
        };
        let bare = decoders.charge_session.decode(b"{}");
        assert_eq!(reason(bare), Reason::NotFramed);
        let schema = domain::contract::CHARGE_SESSION.schema;
        decoders.learn(Topic::ChargeSession, 7, Ok(schema));
        let short = decoders.charge_session.decode(&avro::frame(7, &[1, 2]));
        assert_eq!(reason(short), Reason::BadBytes);
    }
}
