//! Taking a cut at one station: what is emitted, folded and kept as pending (chapters 3 and 9).

use super::Output;
use super::arena::Arena;
use super::charge_point_ledger::{ChargePointLedger, Scope};
use super::decision::Decision;
use super::desk::Desk;
use super::directory::Directory;
use super::failures::list_failures;
use super::report::Reporter;
use super::roster::Roster;
use super::shelf::Shelves;
use super::station_ledger::StationLedger;
use super::sweep::{axes, axes_until};
use crate::indicator::Phase;
use crate::time::Timestamp;
use crate::window::Window;

/// What a cut needs at every station.
#[derive(Debug)]
pub(super) struct Cutting<'a, F> {
    pub(super) decision: Decision<'a>,
    /// The windows that this cut concerns at every station.
    pub(super) timely: &'a [Window],
    pub(super) roster: &'a Roster,
    pub(super) charge_points: &'a mut Arena<ChargePointLedger>,
    pub(super) desk: &'a mut Desk,
    pub(super) shelves: &'a mut Shelves,
    pub(super) publish: &'a mut F,
}

impl<F: FnMut(Output)> Cutting<'_, F> {
    /// Decides everything that the cut decides about a station and its charge points. `is_due` says
    /// whether anything but the time has changed. Whether some state is to be stored.
    pub(super) fn take(&mut self, number: u32, station: &mut StationLedger, is_due: bool) -> bool {
        let decision = self.decision;
        let pending_from = if is_due {
            station.pending_from(self.charge_points)
        } else {
            None
        };
        self.desk.clear();
        match pending_from {
            None => self.desk.targets.extend_from_slice(self.timely),
            Some(from) => self.desk.targets.extend(targets(&decision, Some(from))),
        }
        let is_calm = self.is_calm(station);
        let looks_at_episodes = is_due && !is_calm;
        let Some(scope) = self.scope(is_calm, looks_at_episodes) else {
            return is_due && self.settle(station);
        };
        let from = scope.from.unwrap_or_else(|| start_of(station, &decision));
        let mut is_dirty = false;
        self.desk.open_totals();
        for &member in &station.members {
            let reach = (scope, from);
            is_dirty |= self.report_charge_point((number, member), reach, looks_at_episodes);
        }
        self.desk.combine((from, scope.to), &decision);
        self.report_station(number, station, looks_at_episodes);
        if decision.finishes() {
            is_dirty |= self.fold(station);
        }
        is_dirty |= is_due && self.settle(station);
        is_dirty || station.book.is_dirty
    }

    /// Whether neither the station nor any of its charge points has a failure that can still change,
    /// and what is pending brings none.
    fn is_calm(&self, station: &StationLedger) -> bool {
        let book = &station.book;
        let is_calm = |&member: &u32| self.charge_points.get(member).is_calm();
        book.trace.open.is_none()
            && book.episodes.0.is_empty()
            && station.members.iter().all(is_calm)
    }

    /// Which part of the lines the targets need: only that from the first on if the station is calm
    /// and nothing is folded, only that up to the last if no episode is looked at. None if nothing
    /// is needed.
    fn scope(&self, is_calm: bool, looks_at_episodes: bool) -> Option<Scope> {
        let targets = &self.desk.targets;
        if targets.is_empty() && !looks_at_episodes {
            return None;
        }
        let first = targets.first().map(|window| window.start());
        let last = targets
            .last()
            .map(|&window| self.decision.covered_end(window));
        Some(Scope {
            from: first.filter(|_| is_calm && !self.decision.finishes()),
            to: last
                .filter(|_| !looks_at_episodes)
                .unwrap_or(self.decision.cut),
        })
    }

    /// Ends the cut at a station: keeps as pending only what lies after it. Whether some state is to
    /// be stored.
    fn settle(&mut self, station: &mut StationLedger) -> bool {
        let mut is_dirty = false;
        for &member in &station.members {
            let ledger = self.charge_points.get_mut(member);
            ledger.settle(&self.decision, self.shelves);
            is_dirty |= ledger.is_dirty;
        }
        station.book.is_dirty |= station.book.windows.settle(self.shelves);
        is_dirty || station.book.is_dirty
    }

    /// Reports a charge point of a station. Whether its state is to be stored.
    fn report_charge_point(
        &mut self,
        (station, member): (u32, u32),
        reach: (Scope, Timestamp),
        looks_at_episodes: bool,
    ) -> bool {
        let decision = &self.decision;
        let mut reporter = Reporter {
            station_id: self.roster.station_id(station),
            decision,
            publish: &mut *self.publish,
            is_dirty: false,
        };
        let ledger = self.charge_points.get_mut(member);
        let charge_point_id = self.roster.charge_point_id(member);
        self.desk.lay_out(ledger, reach, decision);
        for index in 0..self.desk.targets.len() {
            if let Some((window, standing)) = self.desk.look_at(index, ledger, decision) {
                let seen = (window, &self.desk.hour);
                reporter.hour(charge_point_id, seen, standing, &mut ledger.windows);
            }
        }
        if looks_at_episodes {
            let directory = &ledger.directory;
            let place = |opened_at| directory.dimensions(opened_at);
            let failures = &self.desk.failures;
            reporter.episodes(Some(charge_point_id), failures, place, &mut ledger.episodes);
        }
        ledger.is_dirty |= reporter.is_dirty;
        ledger.is_dirty
    }

    /// Reports what only the station can tell, once its charge points are laid out and combined.
    fn report_station(
        &mut self,
        number: u32,
        station: &mut StationLedger,
        looks_at_episodes: bool,
    ) {
        let StationLedger { members, book } = station;
        let mut reporter = Reporter {
            station_id: self.roster.station_id(number),
            decision: &self.decision,
            publish: &mut *self.publish,
            is_dirty: false,
        };
        for (&window, total) in self.desk.targets.iter().zip(&self.desk.totals) {
            if total.charge_points > 0 {
                let standing = (book.windows.last(window, true, &self.decision), true);
                reporter.station_hour((window, total), standing, &mut book.windows);
            }
        }
        if looks_at_episodes {
            let line = axes(&self.desk.pieces);
            list_failures(&book.trace, line, &mut self.desk.failures);
            let (desk, charge_points) = (&*self.desk, &*self.charge_points);
            let place = |opened_at| desk.installed(directories(members, charge_points), opened_at);
            reporter.episodes(None, &desk.failures, place, &mut book.episodes);
        }
        book.is_dirty |= reporter.is_dirty;
    }

    /// Folds what is final, where there is anything; whether there was. The station's line is folded
    /// with that of any of its charge points, since it cannot be drawn without it.
    fn fold(&mut self, station: &mut StationLedger) -> bool {
        let decision = &self.decision;
        let horizon = decision.horizon();
        let StationLedger { members, book } = station;
        let has_past = |&member: &u32| self.charge_points.get(member).has_past(horizon);
        let before = book.trace.before;
        let mut line = axes_until(&self.desk.pieces, horizon);
        if line.any(|(_, _, axis)| axis != before) || members.iter().any(has_past) {
            let line = axes_until(&self.desk.pieces, horizon);
            book.trace.follow(line);
            if let Some(open) = &mut book.trace.open {
                let opened_at = open.opened_at;
                let (desk, charge_points) = (&*self.desk, &*self.charge_points);
                open.dimensions.get_or_insert_with(|| {
                    desk.installed(directories(members, charge_points), opened_at)
                });
            }
            book.horizon = Some(horizon);
            book.is_dirty = true;
        }
        book.is_dirty |= book.episodes.fold(horizon);
        let mut is_dirty = false;
        for &member in &*members {
            let ledger = self.charge_points.get_mut(member);
            if ledger.has_past(horizon) {
                let scratch = (&mut self.desk.marks, &mut self.desk.segments);
                ledger.fold(horizon, decision, scratch, self.shelves);
            }
            ledger.forget(horizon);
            is_dirty |= ledger.is_dirty;
        }
        is_dirty
    }

    /// Takes down, just before a change at `instant` of the charge point `changing`, what the closed
    /// windows that it touches have said: of the charge point and of its station. The decision is
    /// that of the last cut.
    pub(super) fn capture(
        &mut self,
        changing: u32,
        instant: Timestamp,
        station: &mut StationLedger,
    ) {
        let decision = self.decision;
        let first = Window::of(instant.max(decision.horizon()));
        let windows = std::iter::successors(Some(first), |window| Some(window.next()));
        let closed = windows.take_while(|&window| decision.had_closed(window));
        self.desk.clear();
        self.desk.targets.extend(closed);
        let count = self.desk.targets.len();
        let log = &self.charge_points.get(changing).windows;
        // What is captured of a charge point is captured of its station, too.
        if log.has_captured(first, count) {
            return;
        }
        self.desk.open_totals();
        let to = decision.cut;
        let reach = (Scope { from: None, to }, start_of(station, &decision));
        for &member in &station.members {
            let ledger = self.charge_points.get_mut(member);
            self.desk.lay_out(ledger, reach, &decision);
            for index in 0..count {
                let seen = self.desk.look_at(index, ledger, &decision);
                let Some(&window) = self.desk.targets.get(index) else {
                    continue;
                };
                if member == changing && ledger.windows.captured(window).is_none() {
                    let emitted = seen.filter(|(_, (last, _))| last.is_some());
                    let digest = emitted.map(|_| self.desk.hour.digest());
                    ledger.windows.capture(window, digest, self.shelves);
                }
            }
        }
        self.desk.combine((reach.1, to), &decision);
        for (&window, total) in self.desk.targets.iter().zip(&self.desk.totals) {
            if station.book.windows.captured(window).is_none() {
                let digest = (total.charge_points > 0).then(|| total.digest());
                station.book.windows.capture(window, digest, self.shelves);
            }
        }
        station.book.is_dirty = true;
    }
}

/// Where the line of a station starts: all before it is folded, or empty.
fn start_of(station: &StationLedger, decision: &Decision<'_>) -> Timestamp {
    let horizon = station.book.horizon;
    horizon.unwrap_or_else(|| decision.first_window().start())
}

/// The windows whose records can change at a cut, at a station where something changed from
/// `pending_from` on.
pub(super) fn targets(
    decision: &Decision<'_>,
    pending_from: Option<Timestamp>,
) -> impl Iterator<Item = Window> {
    let is_touched = move |window: Window| pending_from.is_some_and(|from| from < window.end());
    decision
        .windows()
        .filter(move |&window| match decision.phase(window) {
            Phase::Final => true,
            Phase::Closed | Phase::Corrected => decision.closes_now(window) || is_touched(window),
            Phase::Provisional => decision.has_provisional,
        })
}

/// The directory entries of charge points.
fn directories<'a>(
    members: &'a [u32],
    charge_points: &'a Arena<ChargePointLedger>,
) -> impl Iterator<Item = &'a Directory> {
    let ledgers = members.iter().map(|&member| charge_points.get(member));
    ledgers.map(|ledger| &ledger.directory)
}
