//! The parts that the ledgers of charge points and of stations share.

use smol_str::SmolStr;

use super::super::episode_log::{EmittedEpisode, EpisodeLog};
use super::super::failures::{Dimensions, FailureTrace, OpenFailure};
use super::super::window_log::{Capture, Draft, Run, WindowLog};
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
        code_insee_commune: SmolStr::new(reader.string()?),
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
            Ok(Box::new(OpenFailure {
                opened_at: reader.timestamp()?,
                flags: EpisodeFlags {
                    left_censored: reader.boolean()?,
                    onset_uncertain: reader.boolean()?,
                    unknown_inside: reader.boolean()?,
                },
                out_of_service_ms: reader.long()?,
                unknown_ms: reader.long()?,
                dimensions: reader.optional(read_dimensions)?,
            }))
        })?,
    })
}

pub(super) fn put_drafts(out: &mut Vec<u8>, log: &WindowLog) {
    put_array(out, log.drafts.as_slice(), |out, draft| {
        put_timestamp(out, draft.window.start());
        put_int(out, draft.revision);
        put_long(out, draft.digest);
    });
}

pub(super) fn read_drafts(reader: &mut Reader<'_>) -> Result<Vec<Draft>, WireError> {
    reader.array(|reader| {
        Ok(Draft {
            window: Window::of(reader.timestamp()?),
            revision: reader.int()?,
            digest: reader.long()?,
        })
    })
}

/// Complete windows, and what they said before the changes that the next cut decides.
pub(super) fn put_settled(out: &mut Vec<u8>, log: &WindowLog) {
    put_array(out, log.runs.as_slice(), |out, run| {
        put_timestamp(out, run.first.start());
        put_timestamp(out, run.last.start());
        put_symbol(out, &Phase::ALL, &run.phase);
        put_int(out, run.revision);
    });
    put_array(out, log.captures.as_slice(), |out, capture| {
        put_timestamp(out, capture.window.start());
        put_optional(out, capture.digest, put_long);
    });
}

pub(super) fn read_settled(
    reader: &mut Reader<'_>,
    drafts: Vec<Draft>,
) -> Result<WindowLog, WireError> {
    let runs = reader.array(|reader| {
        Ok(Run {
            first: Window::of(reader.timestamp()?),
            last: Window::of(reader.timestamp()?),
            phase: reader.symbol(&Phase::ALL)?,
            revision: reader.int()?,
        })
    })?;
    let captures = reader.array(|reader| {
        Ok(Capture {
            window: Window::of(reader.timestamp()?),
            digest: reader.optional(Reader::long)?,
        })
    })?;
    Ok(WindowLog {
        drafts: drafts.into(),
        runs: runs.into(),
        captures: captures.into(),
    })
}

pub(super) fn put_episodes(out: &mut Vec<u8>, log: &EpisodeLog) {
    put_array(out, log.0.as_slice(), |out, emitted| {
        put_timestamp(out, emitted.opened_at);
        put_optional_timestamp(out, emitted.closed_at);
        put_boolean(out, emitted.is_retracted);
        put_int(out, emitted.revision);
        put_long(out, emitted.digest);
    });
}

pub(super) fn read_episodes(reader: &mut Reader<'_>) -> Result<EpisodeLog, WireError> {
    let episodes = reader.array(|reader| {
        Ok(EmittedEpisode {
            opened_at: reader.timestamp()?,
            closed_at: reader.optional(Reader::timestamp)?,
            is_retracted: reader.boolean()?,
            revision: reader.int()?,
            digest: reader.long()?,
        })
    })?;
    Ok(EpisodeLog(episodes.into()))
}
