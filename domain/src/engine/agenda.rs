//! The agenda: which stations a cut must look at, when it need not look at all.
//!
//! Nothing of it is stored: it follows from the ledgers. Looking at a station without need changes
//! nothing, so instants of silence may be expected too early, but never too late.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::time::Timestamp;

/// What is on the agenda for one station.
#[derive(Debug, Clone, Copy, Default)]
struct Item {
    is_due: bool,
    is_changed: bool,
    /// When it is next in `silences`.
    expected_at: Option<Timestamp>,
}

/// Stations with something to decide, that silence will change, and with state to store.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    items: Vec<Item>,
    due: Vec<u32>,
    changed: Vec<u32>,
    silences: BinaryHeap<Reverse<(Timestamp, u32)>>,
}

impl Agenda {
    /// Makes room for the next station.
    pub(super) fn add(&mut self) {
        self.items.push(Item::default());
    }

    /// Notes that a station has something to decide.
    pub(super) fn note_due(&mut self, station: u32) {
        if let Some(item) = self.items.get_mut(station as usize)
            && !std::mem::replace(&mut item.is_due, true)
        {
            self.due.push(station);
        }
    }

    /// Notes that the state of a station changed.
    pub(super) fn note_changed(&mut self, station: u32) {
        if let Some(item) = self.items.get_mut(station as usize)
            && !std::mem::replace(&mut item.is_changed, true)
        {
            self.changed.push(station);
        }
    }

    /// Looks at a station, so that a look soon after is fast: something of what is noted.
    pub(super) fn glance(&self, station: u32) -> u32 {
        let item = self.items.get(station as usize);
        item.map_or(0, |item| u32::from(item.is_due))
    }

    /// Notes that silence changes a station at an instant, if nothing does before.
    pub(super) fn expect_silence(&mut self, station: u32, at: Timestamp) {
        if let Some(item) = self.items.get_mut(station as usize)
            && item.expected_at.is_none_or(|expected| at < expected)
        {
            item.expected_at = Some(at);
            self.silences.push(Reverse((at, station)));
        }
    }

    /// Writes down the stations that a cut must look at, in any order; each is then due.
    pub(super) fn due(&mut self, cut: Timestamp, stations: &mut Vec<u32>) {
        while let Some(&Reverse((at, station))) = self.silences.peek()
            && at < cut
        {
            self.silences.pop();
            let item = self.items.get_mut(station as usize);
            if let Some(item) = item.filter(|item| item.expected_at == Some(at)) {
                item.expected_at = None;
                self.note_due(station);
            }
        }
        stations.clear();
        std::mem::swap(&mut self.due, stations);
    }

    /// Whether a station is due, and from now on no longer.
    pub(super) fn take_due(&mut self, station: u32) -> bool {
        let item = self.items.get_mut(station as usize);
        item.is_some_and(|item| std::mem::take(&mut item.is_due))
    }

    /// Writes down the stations whose state changed since the last call, in any order.
    pub(super) fn drain_changed(&mut self, stations: &mut Vec<u32>) {
        for &station in &self.changed {
            if let Some(item) = self.items.get_mut(station as usize) {
                item.is_changed = false;
            }
        }
        stations.clear();
        std::mem::swap(&mut self.changed, stations);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(agenda: &mut Agenda, cut: i64) -> Vec<u32> {
        let mut stations = vec![7];
        agenda.due(Timestamp::from_ms(cut), &mut stations);
        stations
    }

    #[test]
    fn only_the_earliest_silence_of_a_station_counts() {
        let mut agenda = Agenda::default();
        agenda.add();
        agenda.add();
        let at = Timestamp::from_ms;
        for instant in [30, 10, 20] {
            agenda.expect_silence(1, at(instant));
        }
        assert!(due(&mut agenda, 10).is_empty());
        assert_eq!(due(&mut agenda, 11), [1]);
        assert!(agenda.take_due(1) && !agenda.take_due(1) && !agenda.take_due(0));
        assert!(due(&mut agenda, 40).is_empty(), "30 was replaced by 10");
    }

    #[test]
    fn a_station_is_noted_once() {
        let mut agenda = Agenda::default();
        agenda.add();
        for _ in 0..2 {
            agenda.note_due(0);
            agenda.note_changed(0);
        }
        assert_eq!(due(&mut agenda, 0), [0]);
        let mut changed = vec![7];
        agenda.drain_changed(&mut changed);
        assert_eq!(changed, [0]);
        agenda.drain_changed(&mut changed);
        assert!(changed.is_empty());
    }
}
