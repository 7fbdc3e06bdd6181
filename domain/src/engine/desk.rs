//! The desk: where a station is spread out to be looked at, cleared for the next one.
//!
//! It holds no state. It exists so that a cut over many stations allocates nothing per station.

use super::charge_point_ledger::{ChargePointLedger, Scope, axes};
use super::decision::Decision;
use super::directory::Directory;
use super::failures::{Dimensions, Failure, list_failures};
use super::hour::Hour;
use super::presence::Spans;
use super::report::Standing;
use super::sessions::{Judged, count};
use super::station_hour::StationHour;
use super::sweep::{Change, Piece, add_sweep, combine, list_changes};
use crate::time::Timestamp;
use crate::timeline::{Mark, Segment};
use crate::window::Window;

/// One station at one cut.
#[derive(Debug, Default)]
pub(super) struct Desk {
    /// The windows looked at.
    pub(super) targets: Vec<Window>,
    /// The station's hours, one per target.
    pub(super) totals: Vec<StationHour>,
    /// Its combined line.
    pub(super) pieces: Vec<Piece>,
    /// Of each charge point: for which hours it has records.
    spans: Vec<Spans>,
    changes: Vec<Change>,
    /// Of the charge point looked at last.
    pub(super) hour: Hour,
    /// Of the charge point laid out last.
    pub(super) failures: Vec<Failure>,
    pub(super) marks: Vec<Mark>,
    pub(super) segments: Vec<Segment>,
    judged: Vec<Judged>,
}

impl Desk {
    /// Clears the desk for the next station, and its targets.
    pub(super) fn clear(&mut self) {
        self.targets.clear();
        self.totals.clear();
        self.spans.clear();
        self.changes.clear();
    }

    /// Lays out one more charge point: its line, which starts at `from` among those of the station.
    pub(super) fn lay_out(
        &mut self,
        ledger: &ChargePointLedger,
        (scope, from): (Scope, Timestamp),
        decision: &Decision<'_>,
    ) {
        self.segments.clear();
        if !ledger.is_idle() {
            let (marks, segments) = (&mut self.marks, &mut self.segments);
            ledger.draw(scope, decision, marks, segments);
        }
        list_failures(
            &ledger.carry.trace,
            axes(&self.segments),
            &mut self.failures,
        );
        list_changes(&self.segments, from, &mut self.changes);
        self.spans.push(ledger.spans());
        let judged = &mut self.judged;
        ledger
            .sessions
            .judge(&ledger.directory, decision.policy, judged);
    }

    /// Opens one hour of the station per target.
    pub(super) fn open_totals(&mut self) {
        self.totals
            .resize_with(self.targets.len(), StationHour::new);
    }

    /// Works out the hour of the charge point laid out last in a target, and adds it to the
    /// station's: how its record stands; none where there is no record.
    pub(super) fn look_at(
        &mut self,
        index: usize,
        ledger: &ChargePointLedger,
        decision: &Decision<'_>,
    ) -> Option<(Window, Standing)> {
        let window = *self.targets.get(index)?;
        let is_present = self.spans.last().is_some_and(|spans| spans.holds(window));
        let last = ledger.windows.last(window, is_present, decision);
        if !is_present && last.is_none() {
            return None;
        }
        let covered = (window.start(), decision.covered_end(window));
        let dimensions = ledger.directory.dimensions(window.start());
        let line = (self.segments.as_slice(), self.failures.as_slice());
        self.hour = Hour::of(covered, line, dimensions, decision.policy);
        let vector = &mut self.hour.vector;
        let policy = decision.policy;
        ledger.statuses.count(window, covered.1, policy, vector);
        count(&self.judged, covered, policy, vector);
        self.totals.get_mut(index)?.add(&self.hour);
        Some((window, (last, is_present)))
    }

    /// Combines the charge points laid out on `reach`, and completes the station's hours.
    pub(super) fn combine(&mut self, reach: (Timestamp, Timestamp), decision: &Decision<'_>) {
        combine(&mut self.changes, reach, &mut self.pieces);
        for (&window, total) in self.targets.iter().zip(&mut self.totals) {
            let covered = (window.start(), decision.covered_end(window));
            total.state_at_end =
                add_sweep(&self.pieces, covered, decision.policy, &mut total.sweep);
        }
    }

    /// The directory at an instant, summed over the charge points (of which `directories` are the
    /// entries, in the order in which they were laid out) that have a record for its window.
    pub(super) fn installed<'d>(
        &self,
        directories: impl Iterator<Item = &'d Directory>,
        instant: Timestamp,
    ) -> Dimensions {
        let window = Window::of(instant);
        let mut total = Dimensions::default();
        for (directory, spans) in directories.zip(&self.spans) {
            if spans.holds(window) {
                total.add(&directory.dimensions(instant));
            }
        }
        total
    }
}
