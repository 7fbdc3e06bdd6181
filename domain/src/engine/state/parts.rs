//! The parts that the ledgers of charge points and of stations share.

use std::sync::Arc;

use super::super::emission::{EmittedEpisode, EmittedWindow, EpisodeLog, WindowLog};
use super::super::failures::{Dimensions, FailureTrace, OpenFailure};
use crate::episode::EpisodeFlags;
use crate::indicator::Phase;
use crate::timeline::Axis;
use crate::window::Window;
use crate::wire::binary::{
    put_array, put_boolean, put_int, put_long, put_optional, put_optional_timestamp, put_string,
    put_symbol, put_timestamp,
};
use crate::wire::{Reader, WireError};

pub(super) fn put_dimensions(out: &mut Vec<u8>, dimensions: &Dimensions) {
    put_long(out, dimensions.power_w);
    put_string(out, &dimensions.code_insee_commune);
}

pub(super) fn read_dimensions(reader: &mut Reader<'_>) -> Result<Dimensions, WireError> {
    Ok(Dimensions {
        power_w: reader.long()?,
        code_insee_commune: Arc::from(reader.string()?),
    })
}

pub(super) fn put_trace(out: &mut Vec<u8>, trace: &FailureTrace) {
    put_symbol(out, &Axis::ALL, &trace.before);
    put_optional(out, trace.open.as_ref(), |out, open| {
        put_timestamp(out, open.opened_at);
        put_boolean(out, open.flags.left_censored);
        put_boolean(out, open.flags.onset_uncertain);
        put_boolean(out, open.flags.unknown_inside);
        put_long(out, open.out_of_service_ms);
        put_long(out, open.unknown_ms);
        put_optional(out, open.dimensions.as_ref(), put_dimensions);
    });
}

pub(super) fn read_trace(reader: &mut Reader<'_>) -> Result<FailureTrace, WireError> {
    Ok(FailureTrace {
        before: reader.symbol(&Axis::ALL)?,
        open: reader.optional(|reader| {
            Ok(OpenFailure {
                opened_at: reader.timestamp()?,
                flags: EpisodeFlags {
                    left_censored: reader.boolean()?,
                    onset_uncertain: reader.boolean()?,
                    unknown_inside: reader.boolean()?,
                },
                out_of_service_ms: reader.long()?,
                unknown_ms: reader.long()?,
                dimensions: reader.optional(read_dimensions)?,
            })
        })?,
    })
}

pub(super) fn put_windows(out: &mut Vec<u8>, log: &WindowLog) {
    put_array(out, &log.0, |out, (window, emitted)| {
        put_timestamp(out, window.start());
        put_symbol(out, &Phase::ALL, &emitted.phase);
        put_int(out, emitted.revision);
        put_long(out, emitted.digest);
    });
}

pub(super) fn read_windows(reader: &mut Reader<'_>) -> Result<WindowLog, WireError> {
    let windows = reader.array(|reader| {
        let window = Window::of(reader.timestamp()?);
        let emitted = EmittedWindow {
            phase: reader.symbol(&Phase::ALL)?,
            revision: reader.int()?,
            digest: reader.long()?,
        };
        Ok((window, emitted))
    })?;
    Ok(WindowLog(windows.into_iter().collect()))
}

pub(super) fn put_episodes(out: &mut Vec<u8>, log: &EpisodeLog) {
    put_array(out, &log.0, |out, (&opened_at, emitted)| {
        put_timestamp(out, opened_at);
        put_optional_timestamp(out, emitted.closed_at);
        put_boolean(out, emitted.is_retracted);
        put_int(out, emitted.revision);
        put_long(out, emitted.digest);
    });
}

pub(super) fn read_episodes(reader: &mut Reader<'_>) -> Result<EpisodeLog, WireError> {
    let episodes = reader.array(|reader| {
        let opened_at = reader.timestamp()?;
        let emitted = EmittedEpisode {
            closed_at: reader.optional(Reader::timestamp)?,
            is_retracted: reader.boolean()?,
            revision: reader.int()?,
            digest: reader.long()?,
        };
        Ok((opened_at, emitted))
    })?;
    Ok(EpisodeLog(episodes.into_iter().collect()))
}
