//! The ledger of one station: its charge points, and what only the station can tell.
//!
//! A station has a record for every window for which one of its charge points has. Its episodes
//! follow the Kleene OR of its charge points instead of winners.

use std::collections::BTreeMap;

use super::Output;
use super::charge_point_ledger::{ChargePointLedger, View};
use super::emission::{Decision, EpisodeLog, WindowLog};
use super::failures::{Dimensions, FailureTrace, failures};
use super::report::Reporter;
use super::station_hour::StationHour;
use super::sweep::{Piece, axes, axes_until, combine, sweep};
use crate::id::{ChargePointId, StationId};
use crate::indicator::Phase;
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::window::Window;

/// What a station's own records need: kept beside its charge points.
#[derive(Debug, Default)]
pub(super) struct StationBook {
    /// All before it is folded into the trace; none before the first fold.
    pub(super) horizon: Option<Timestamp>,
    /// How failures of the station stood at the horizon.
    pub(super) trace: FailureTrace,
    pub(super) windows: WindowLog,
    pub(super) episodes: EpisodeLog,
    /// When the agenda expects silence to change the station. Not part of the state.
    pub(super) silent_at: Option<Timestamp>,
    /// Whether it differs from what was drained last. Not part of the state.
    pub(super) is_dirty: bool,
    /// Whether the agenda has the station as pending. Not part of the state.
    pub(super) is_noted: bool,
    /// Whether the agenda has the station as changed. Not part of the state.
    pub(super) is_listed: bool,
}

/// All that is known of one station.
#[derive(Debug, Default)]
pub(super) struct StationLedger {
    pub(super) charge_points: BTreeMap<ChargePointId, ChargePointLedger>,
    pub(super) book: StationBook,
}

impl StationLedger {
    /// Whether a part of it differs from what was drained last.
    pub(super) fn is_dirty(&self) -> bool {
        self.book.is_dirty || self.charge_points.values().any(|ledger| ledger.is_dirty)
    }

    /// Earliest instant that a change not yet decided touches.
    pub(super) fn pending_from(&self) -> Option<Timestamp> {
        let pending = self.charge_points.values();
        pending.filter_map(|ledger| ledger.pending_from).min()
    }

    /// The next instant, at or after `from`, at which silence makes one of its charge points
    /// inactive: it can change the Kleene OR without any event.
    pub(super) fn silent_at(&self, from: Timestamp, policy: &Policy) -> Option<Timestamp> {
        let ledgers = self.charge_points.values();
        let instants = ledgers.filter_map(|ledger| ledger.silent_at(policy));
        instants.filter(|&at| at >= from).min()
    }

    /// Decides everything that the cut decides about the station and its charge points.
    pub(super) fn take_cut(
        &mut self,
        station_id: &StationId,
        decision: &Decision<'_>,
        outputs: &mut Vec<Output>,
    ) {
        if self.is_idle() {
            return;
        }
        let mut reporter = Reporter {
            station_id,
            decision,
            outputs,
        };
        let targets = self.targets(decision);
        let views = self.report_charge_points(&targets, &mut reporter);
        let pieces = self.pieces(&views, decision);
        self.report_station(&targets, &views, &pieces, &mut reporter);
        self.fold(&views, &pieces, decision);
        for ledger in self.charge_points.values_mut() {
            ledger.settle(decision);
        }
    }

    fn is_idle(&self) -> bool {
        let mut ledgers = self.charge_points.values();
        self.book.windows.0.is_empty()
            && self.book.episodes.0.is_empty()
            && ledgers.all(|ledger| ledger.is_idle() && ledger.pending_from.is_none())
    }

    /// The windows whose records can change at this cut.
    fn targets(&self, decision: &Decision<'_>) -> Vec<Window> {
        let pending = self.pending_from();
        let is_touched = |window: Window| pending.is_some_and(|from| from < window.end());
        let is_target = |&window: &Window| match decision.phase(window) {
            Phase::Final => true,
            Phase::Closed | Phase::Corrected => decision.closes_now(window) || is_touched(window),
            Phase::Provisional => decision.has_provisional,
        };
        decision.windows().filter(is_target).collect()
    }

    fn report_charge_points(
        &mut self,
        targets: &[Window],
        reporter: &mut Reporter<'_>,
    ) -> Vec<View> {
        let mut views = Vec::with_capacity(self.charge_points.len());
        for (id, ledger) in &mut self.charge_points {
            let view = ledger.view(targets, reporter.decision);
            for (&window, hour) in targets.iter().zip(&view.hours) {
                if let Some(hour) = hour {
                    ledger.is_dirty |= reporter.hour(id, window, hour, &mut ledger.windows);
                }
            }
            let directory = &ledger.directory;
            let place = |opened_at| directory.dimensions(opened_at);
            let episodes = &mut ledger.episodes;
            ledger.is_dirty |= reporter.episodes(Some(id), &view.failures, place, episodes);
            views.push(view);
        }
        views
    }

    fn report_station(
        &mut self,
        targets: &[Window],
        views: &[View],
        pieces: &[Piece],
        reporter: &mut Reporter<'_>,
    ) {
        let decision = reporter.decision;
        let book = &mut self.book;
        for (index, &window) in targets.iter().enumerate() {
            let covered = (window.start(), decision.covered_end(window));
            let (sweep, state_at_end) = sweep(pieces, covered, decision.policy);
            let mut total = StationHour::new(sweep, state_at_end);
            for view in views {
                if let Some(Some(hour)) = view.hours.get(index) {
                    total.add(hour);
                }
            }
            if total.charge_points > 0 {
                book.is_dirty |= reporter.station_hour(window, &total, &mut book.windows);
            }
        }
        let standing = failures(&book.trace, axes(pieces));
        let charge_points = &self.charge_points;
        let place = |opened_at| installed(charge_points, views, opened_at);
        book.is_dirty |= reporter.episodes(None, &standing, place, &mut book.episodes);
    }

    fn pieces(&self, views: &[View], decision: &Decision<'_>) -> Vec<Piece> {
        let first = decision.first_window().start();
        let from = self.book.horizon.unwrap_or(first);
        let lines = views.iter().map(|view| view.segments.as_slice());
        combine(lines, (from, decision.cut))
    }

    fn fold(&mut self, views: &[View], pieces: &[Piece], decision: &Decision<'_>) {
        let horizon = decision.horizon();
        if self.book.horizon.is_some_and(|last| last >= horizon) {
            return;
        }
        let book = &mut self.book;
        for (start, end, axis) in axes_until(pieces, horizon) {
            let _ended = book.trace.follow(start, end, axis);
        }
        if let Some(open) = &mut book.trace.open {
            let opened_at = open.opened_at;
            let charge_points = &self.charge_points;
            open.dimensions
                .get_or_insert_with(|| installed(charge_points, views, opened_at));
        }
        book.episodes.fold(horizon);
        book.horizon = Some(horizon);
        book.is_dirty = true;
    }
}

/// The directory at an instant, summed over the charge points that have a record for its window.
fn installed(
    charge_points: &BTreeMap<ChargePointId, ChargePointLedger>,
    views: &[View],
    instant: Timestamp,
) -> Dimensions {
    let window = Window::of(instant);
    let mut total = Dimensions::default();
    for (ledger, view) in charge_points.values().zip(views) {
        if view.spans.holds(window) {
            total.add(&ledger.directory.dimensions(instant));
        }
    }
    total
}
