//! A station's book on the wire, its policy apart.

use super::super::station_ledger::StationBook;
use super::parts::{put_episodes, put_trace, put_windows, read_episodes, read_trace, read_windows};
use crate::wire::binary::put_optional_timestamp;
use crate::wire::{Reader, WireError};

pub(super) fn put(out: &mut Vec<u8>, book: &StationBook) {
    put_optional_timestamp(out, book.horizon);
    put_trace(out, &book.trace);
    put_windows(out, &book.windows);
    put_episodes(out, &book.episodes);
}

pub(super) fn read(reader: &mut Reader<'_>) -> Result<StationBook, WireError> {
    Ok(StationBook {
        horizon: reader.optional(Reader::timestamp)?,
        trace: read_trace(reader)?,
        windows: read_windows(reader)?,
        episodes: read_episodes(reader)?,
        ..StationBook::default()
    })
}
