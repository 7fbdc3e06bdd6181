//! [`FailureEpisode`] on the wire.

use super::binary::{
    put_boolean, put_bytes, put_int, put_long, put_optional, put_string, put_symbol,
};
use super::{Reader, Record, WireError};
use crate::contract::{Contract, FAILURE_EPISODE};
use crate::episode::{EntityType, EpisodeEnd, EpisodeFlags, EpisodeOutcome, FailureEpisode};

fn put_end(out: &mut Vec<u8>, end: Option<EpisodeEnd>) {
    put_optional(out, end.map(|end| end.closed_at.as_ms()), put_long);
    put_optional(out, end.map(|end| end.time_to_return_ms), put_long);
    put_optional(out, end.map(|end| end.out_of_service_ms), put_long);
    put_optional(out, end.map(|end| end.unknown_ms), put_long);
}

fn read_end(reader: &mut Reader<'_>) -> Result<Option<EpisodeEnd>, WireError> {
    let closed_at = reader.optional(Reader::instant)?;
    let time_to_return_ms = reader.optional(Reader::long)?;
    let out_of_service_ms = reader.optional(Reader::long)?;
    let unknown_ms = reader.optional(Reader::long)?;
    match (closed_at, time_to_return_ms, out_of_service_ms, unknown_ms) {
        (None, None, None, None) => Ok(None),
        (Some(closed_at), Some(time_to_return_ms), Some(out_of_service_ms), Some(unknown_ms)) => {
            Ok(Some(EpisodeEnd {
                closed_at,
                time_to_return_ms,
                out_of_service_ms,
                unknown_ms,
            }))
        }
        _ => Err(WireError::Schema),
    }
}

impl Record for FailureEpisode {
    const CONTRACT: Contract = FAILURE_EPISODE;

    fn encode(&self, out: &mut Vec<u8>) {
        put_string(out, &self.policy);
        put_symbol(out, &EntityType::ALL, &self.entity_type());
        put_bytes(out, self.station_id.as_bytes());
        put_optional(out, self.charge_point_id.as_ref(), |out, id| {
            put_bytes(out, id.as_bytes());
        });
        put_long(out, self.opened_at.as_ms());
        put_symbol(out, &EpisodeOutcome::ALL, &self.outcome);
        put_end(out, self.end);
        put_boolean(out, self.flags.left_censored);
        put_boolean(out, self.flags.onset_uncertain);
        put_boolean(out, self.flags.unknown_inside);
        put_string(out, &self.code_insee_commune);
        put_long(out, self.power_w);
        put_int(out, self.revision);
        put_long(out, self.version.as_ms());
        put_long(out, self.computed_at.as_ms());
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let policy = reader.string()?.into();
        let entity_type = reader.symbol(&EntityType::ALL)?;
        let station_id = reader.station_id()?;
        let charge_point_id = reader.optional(Reader::charge_point_id)?;
        let episode = Self {
            policy,
            station_id,
            charge_point_id,
            opened_at: reader.instant()?,
            outcome: reader.symbol(&EpisodeOutcome::ALL)?,
            end: read_end(reader)?,
            flags: EpisodeFlags {
                left_censored: reader.boolean()?,
                onset_uncertain: reader.boolean()?,
                unknown_inside: reader.boolean()?,
            },
            code_insee_commune: reader.string()?.into(),
            power_w: reader.long()?,
            revision: reader.int()?,
            version: reader.instant()?,
            computed_at: reader.instant()?,
        };
        if episode.entity_type() == entity_type {
            Ok(episode)
        } else {
            Err(WireError::Schema)
        }
    }
}
