//! A station's book on the wire, its policy apart.

use super::super::station_ledger::StationBook;
use super::parts::{
    put_drafts, put_episodes, put_settled, put_trace, read_drafts, read_episodes, read_settled,
    read_trace,
};
use crate::wire::binary::put_optional_timestamp;
use crate::wire::{Reader, WireError};

pub(super) fn put(out: &mut Vec<u8>, book: &StationBook) {
    put_optional_timestamp(out, book.horizon);
    put_trace(out, &book.trace);
    put_drafts(out, &book.windows);
    put_episodes(out, &book.episodes);
    put_settled(out, &book.windows);
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<StationBook, WireError> {
    let horizon = reader.optional(Reader::timestamp)?;
    let trace = read_trace(reader)?;
    let drafts = read_drafts(reader)?;
    let episodes = read_episodes(reader)?;
    Ok(StationBook {
        horizon,
        trace,
        windows: read_settled(reader, drafts)?,
        episodes,
        is_dirty: false,
    })
}
