//! The agenda: which stations a cut must look at, when it need not look at all.
//!
//! Nothing of it is stored: it follows from the ledgers.

use std::collections::BTreeSet;

use super::station_ledger::StationBook;
use crate::id::StationId;
use crate::time::Timestamp;

/// Stations with something to decide, that silence will change, and with state to store.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    pending: BTreeSet<StationId>,
    /// At most one instant per station.
    silences: BTreeSet<(Timestamp, StationId)>,
    changed: BTreeSet<StationId>,
}

impl Agenda {
    /// Notes that a station has something to decide.
    pub(super) fn note_pending(&mut self, station_id: &StationId, book: &mut StationBook) {
        if !std::mem::replace(&mut book.is_noted, true) {
            self.pending.insert(station_id.clone());
        }
    }

    /// Notes that the state of a station changed.
    pub(super) fn note_changed(&mut self, station_id: &StationId, book: &mut StationBook) {
        if !std::mem::replace(&mut book.is_listed, true) {
            self.changed.insert(station_id.clone());
        }
    }

    /// The stations whose state changed since the last call, in order.
    pub(super) fn drain_changed(&mut self) -> BTreeSet<StationId> {
        std::mem::take(&mut self.changed)
    }

    /// Notes that silence changes a station at `next`, and no longer at `last`.
    pub(super) fn move_silence(
        &mut self,
        station_id: &StationId,
        last: Option<Timestamp>,
        next: Option<Timestamp>,
    ) {
        if last != next {
            if let Some(last) = last {
                self.silences.remove(&(last, station_id.clone()));
            }
            self.silences
                .extend(next.map(|next| (next, station_id.clone())));
        }
    }

    /// The stations to look at in a cut that need not look at all, in order.
    pub(super) fn due(&mut self, cut: Timestamp) -> BTreeSet<StationId> {
        let mut due = std::mem::take(&mut self.pending);
        while self.silences.first().is_some_and(|(at, _)| *at < cut) {
            due.extend(self.silences.pop_first().map(|(_, station_id)| station_id));
        }
        due
    }
}
