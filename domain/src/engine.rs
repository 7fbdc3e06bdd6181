//! The engine: folds the events of one partition into indicator records and failure episodes.
//!
//! Pure and deterministic: the same records, stamps and cuts give the same outputs and the same
//! state, byte for byte. It knows no offsets to commit, no topics and no clock; the caller admits
//! records by [`crate::TaskClock`] and calls [`Engine::take_cut`] when a cut is due.
//!
//! State is bounded: per charge point the statuses and sessions of windows that are not final
//! (about 26 h), a carry-in for all before, and of the emitted records what does not follow from the
//! rules. A cut looks only at windows that are not final, and at those only where something is due.
//! The state of a charge point at rest does not change from hour to hour.
//!
//! What the specification leaves open is decided so:
//! - A record is emitted again also when the power or the municipality in it changed, since a
//!   directory record read late has to correct at the next cut.
//! - A withdrawal stays on the timeline even when a later version has no `deleted_at`; one that a
//!   later version repeats acts once. One older
//!   than the oldest window that is not final acts at the start of that window. A null record
//!   withdraws at its Kafka timestamp, a change of station at the version's `updated_at`.
//! - A status of the millisecond of a withdrawal is counted, but never enters the timeline.
//! - A session after a withdrawal brings no record, even where nothing came before it; only a
//!   status does.
//! - A charge point that has a record for a window, of whatever phase, keeps it (wholly inactive)
//!   when a withdrawal read later would not have made one: a key cannot be taken back. It is the one
//!   case in which a final hour depends on what was published before (`docs/adr/0010`).
//! - Episodes show the timeline up to the cut, like the gauges. A retracted one has neither end
//!   nor flags. `computed_at` is the cut.
//! - A station's episode ends as withdrawn when all its charge points are withdrawn; if one is
//!   inactive through silence instead, it stays open. Its opening is left-censored when nothing or
//!   only withdrawn charge points precede it. Its power is the sum over the charge points that
//!   have a record for the hour of the opening; its municipality the first known one.
//! - A power of 0 is an unknown power. A session is from the future by its end.

mod agenda;
mod arena;
mod boundary;
mod changelog;
mod charge_point_ledger;
mod copies;
mod cutting;
mod decision;
mod desk;
mod digest;
mod directory;
mod episode_log;
mod failures;
mod foresight;
mod hour;
mod index;
mod maybe_instant;
mod payload;
mod presence;
mod report;
mod roster;
mod sessions;
mod shelf;
mod state;
mod station_hour;
mod station_ledger;
mod statuses;
mod sweep;
mod window_log;

pub use boundary::{Arrival, DirectoryChange, Outcome, Output, RestoreError, StateRecord};

use agenda::Agenda;
use arena::Arena;
use charge_point_ledger::ChargePointLedger;
use copies::{Novelty, Writing};
use cutting::Cutting;
use decision::Decision;
use desk::Desk;
use directory::{Change, Version};
use failures::Dimensions;
use foresight::Foresight;
use roster::Roster;
use sessions::SessionKey;
use shelf::Shelves;
use smol_str::SmolStr;
use station_ledger::StationLedger;

use crate::charge_point::ChargePoint;
use crate::clock::Cut;
use crate::id::{ChargePointId, StationId};
use crate::lateness::{Lateness, Reception};
use crate::policy::Policy;
use crate::session::ChargeSession;
use crate::status::ChargePointStatus;
use crate::time::Timestamp;
use crate::window::Window;

/// Everything known of one partition.
#[derive(Debug)]
pub struct Engine {
    policy: Policy,
    policy_id: SmolStr,
    has_provisional: bool,
    last_cut: Option<Timestamp>,
    /// The start of the oldest window that is not final; none before the first cut.
    horizon: Option<Timestamp>,
    /// All windows before it have closed; none before the first cut.
    closed_until: Option<Timestamp>,
    roster: Roster,
    charge_points: Arena<ChargePointLedger>,
    stations: Arena<StationLedger>,
    agenda: Agenda,
    desk: Desk,
    shelves: Shelves,
    foresight: Foresight,
    /// Of the last cut and the last drain, so that they need no other room: the stations looked at.
    looked_at: Vec<u32>,
}

impl Engine {
    /// An engine that knows nothing. Without `provisional`, no record of that phase is made.
    pub fn new(policy: Policy, provisional: bool) -> Self {
        Self {
            policy_id: SmolStr::new(&policy.id),
            policy,
            has_provisional: provisional,
            last_cut: None,
            horizon: None,
            closed_until: None,
            roster: Roster::default(),
            charge_points: Arena::default(),
            stations: Arena::default(),
            agenda: Agenda::default(),
            desk: Desk::default(),
            shelves: Shelves::default(),
            foresight: Foresight::default(),
            looked_at: Vec::new(),
        }
    }

    /// Whether a change of this charge point's directory entry concerns the engine, whatever the
    /// station in it.
    pub fn knows(&self, charge_point_id: &ChargePointId) -> bool {
        self.roster.places_of(charge_point_id).next().is_some()
    }

    /// Applies a change of the directory. It does not move the clock.
    ///
    /// Give every `Put` to the engine of its station's partition, and every change also to each
    /// engine that [`Self::knows`] the charge point: it may have left a station there. A change
    /// given again changes nothing.
    pub fn observe_charge_point(&mut self, change: DirectoryChange<'_>) {
        match change {
            DirectoryChange::Put(entry) => self.put(entry),
            DirectoryChange::Remove {
                charge_point_id,
                at,
            } => {
                let revision = i64::MAX;
                self.withdraw_elsewhere(charge_point_id, None, Change { at, revision });
            }
        }
    }

    /// Applies a status stamped before the next cut.
    pub fn observe_status(&mut self, status: &ChargePointStatus, arrival: Arrival) -> Outcome {
        let foreseen = self.foresight.next();
        let event_time = status.event_time.floor();
        let reception = Reception {
            received_at: status.received_at,
            stamp: arrival.stamp,
        };
        match Lateness::of(event_time, reception, &self.policy) {
            Lateness::InTime | Lateness::Late => {}
            Lateness::TooLate { lateness } => return Outcome::TooLate { lateness },
            Lateness::FromTheFuture { ahead } => return Outcome::FromTheFuture { ahead },
        }
        if self.is_folded(event_time) {
            let lateness = arrival.stamp - event_time;
            return Outcome::TooLate { lateness };
        }
        let writing = Writing {
            received_at: status.received_at,
            offset: arrival.offset,
        };
        let ids = (&status.station_id, &status.charge_point_id);
        let number = foreseen
            .filter(|&number| self.roster.is_at(number, ids.0, ids.1))
            .unwrap_or_else(|| self.number_of(ids.0, ids.1));
        self.touch(number, event_time);
        let ledger = self.charge_points.get_mut(number);
        let shelves = &mut self.shelves;
        match ledger.observe_status(event_time, status.payload, writing, shelves) {
            Novelty::Identity => Outcome::Counted,
            Novelty::Content => Outcome::Conflict,
            Novelty::Copy => Outcome::Duplicate,
        }
    }

    /// Applies a session stamped before the next cut. Any further record of the same charge point,
    /// start and end is a duplicate, whatever its energy.
    pub fn observe_session(&mut self, session: &ChargeSession, arrival: Arrival) -> Outcome {
        let key = (session.start.floor(), session.end.floor());
        let reception = Reception {
            received_at: session.received_at,
            stamp: arrival.stamp,
        };
        let ahead = key.1 - reception.received_at;
        if ahead > self.policy.future_tolerance {
            return Outcome::FromTheFuture { ahead };
        }
        match Lateness::of(key.0, reception, &self.policy) {
            Lateness::InTime | Lateness::Late => {}
            Lateness::TooLate { .. } => return Outcome::AfterFinal,
            Lateness::FromTheFuture { ahead } => return Outcome::FromTheFuture { ahead },
        }
        if self.is_folded(key.0) {
            return Outcome::AfterFinal;
        }
        let writing = Writing {
            received_at: session.received_at,
            offset: arrival.offset,
        };
        let number = self.number_of(&session.station_id, &session.charge_point_id);
        self.touch_by_session(number, key);
        let ledger = self.charge_points.get_mut(number);
        match ledger.observe_session(key, session.energy_wh, writing, &mut self.shelves) {
            Novelty::Identity => Outcome::Counted,
            Novelty::Content | Novelty::Copy => Outcome::Duplicate,
        }
    }

    /// Takes a cut: publishes what changed, by station, charge points first. Cuts are taken in
    /// order, and none is left out.
    pub fn take_cut(&mut self, cut: Cut, publish: &mut impl FnMut(Output)) {
        let has_provisional = self.has_provisional && !cut.quiet;
        let decision = Decision {
            policy: &self.policy,
            policy_id: &self.policy_id,
            cut: cut.at,
            last_cut: self.last_cut,
            has_provisional,
        };
        self.roster.rank();
        let mut due = std::mem::take(&mut self.looked_at);
        self.agenda.due(cut.at, &mut due);
        self.roster.sort(&mut due);
        let concerns_all = has_provisional || decision.closes_or_finishes();
        let concerned = if concerns_all {
            self.roster.in_order()
        } else {
            &due
        };
        let timely: Vec<Window> = cutting::targets(&decision, None).collect();
        let mut cutting = Cutting {
            decision,
            timely: &timely,
            roster: &self.roster,
            charge_points: &mut self.charge_points,
            desk: &mut self.desk,
            shelves: &mut self.shelves,
            publish,
        };
        for &number in concerned {
            let station = self.stations.get_mut(number);
            let is_due = self.agenda.take_due(number);
            if cutting.take(number, station, is_due) {
                self.agenda.note_changed(number);
            }
            if is_due {
                expect(
                    number,
                    station,
                    (cutting.charge_points, &mut self.agenda),
                    &decision,
                );
            }
        }
        self.looked_at = due;
        self.cut_was(Some(cut.at));
    }

    fn put(&mut self, entry: &ChargePoint) {
        let change = Change {
            at: entry.updated_at,
            revision: entry.revision,
        };
        self.withdraw_elsewhere(entry.charge_point_id(), Some(entry.station_id()), change);
        let number = self.number_of(entry.station_id(), entry.charge_point_id());
        let ledger = self.charge_points.get_mut(number);
        if let Some(deleted_at) = ledger.note_deleted_at(entry.deleted_at, change) {
            self.withdraw(number, deleted_at, change);
        }
        let dimensions = Dimensions {
            power_w: entry.power_w(),
            code_insee_commune: SmolStr::new(&entry.irve.code_insee_commune),
        };
        let version = Version { change, dimensions };
        let horizon = self.horizon;
        let ledger = self.charge_points.get(number);
        let from = ledger.would_register(&version, horizon);
        self.touch_if(number, from);
        let ledger = self.charge_points.get_mut(number);
        ledger.register(version, horizon);
    }

    /// Withdraws a charge point from every station but `here`.
    fn withdraw_elsewhere(
        &mut self,
        charge_point_id: &ChargePointId,
        here: Option<&StationId>,
        change: Change,
    ) {
        let places: Vec<u32> = self.roster.places_of(charge_point_id).collect();
        for number in places {
            let station_id = self.roster.station_id(self.roster.station_of(number));
            if Some(station_id) != here {
                self.withdraw(number, change.at, change);
            }
        }
    }

    fn withdraw(&mut self, number: u32, at: Timestamp, change: Change) {
        let horizon = self.horizon;
        let ledger = self.charge_points.get(number);
        let acts_at = ledger.would_withdraw(at, change, horizon);
        self.touch_if(number, acts_at);
        let ledger = self.charge_points.get_mut(number);
        ledger.withdraw(at, change, horizon);
    }

    /// Notes which cut was the last.
    fn cut_was(&mut self, last_cut: Option<Timestamp>) {
        let start = |delay| last_cut.map(|cut| Window::of(cut - delay).start());
        self.horizon = start(self.policy.late_limit);
        self.closed_until = start(self.policy.close_grace);
        self.last_cut = last_cut;
    }

    /// Whether an event at `instant` can change nothing any more.
    fn is_folded(&self, instant: Timestamp) -> bool {
        self.horizon.is_some_and(|horizon| instant < horizon)
    }

    /// Makes ready for a change of the directory entry of a charge point. One without any record has
    /// none that the change could touch.
    fn touch_if(&mut self, number: u32, instant: Option<Timestamp>) {
        match instant {
            Some(instant) if !self.charge_points.get(number).is_idle() => {
                self.touch(number, instant);
            }
            Some(_) | None => {
                let station = self.roster.station_of(number);
                self.agenda.note_due(station);
                self.agenda.note_changed(station);
            }
        }
    }

    /// Makes ready for a session. One more record of a window always changes what it says, so that
    /// nothing has to be drawn where it changes no other.
    fn touch_by_session(&mut self, number: u32, key: SessionKey) {
        let ledger = self.charge_points.get_mut(number);
        let is_closed = self.closed_until.is_some_and(|until| key.0 < until);
        if !is_closed || !ledger.keeps_to_its_window(key) {
            self.touch(number, key.0);
            return;
        }
        let window = Window::of(key.0);
        ledger.windows.capture_as_changed(window, &mut self.shelves);
        let station = self.roster.station_of(number);
        let book = &mut self.stations.get_mut(station).book;
        book.windows.capture_as_changed(window, &mut self.shelves);
        book.is_dirty = true;
        self.agenda.note_due(station);
        self.agenda.note_changed(station);
    }

    /// Makes ready for a change of a charge point that touches windows from the one of `instant` on.
    fn touch(&mut self, number: u32, instant: Timestamp) {
        let station = self.roster.station_of(number);
        self.agenda.note_due(station);
        self.agenda.note_changed(station);
        if let Some(last_cut) = self.last_cut
            && self.closed_until.is_some_and(|until| instant < until)
        {
            let mut cutting = Cutting {
                decision: Decision {
                    policy: &self.policy,
                    policy_id: &self.policy_id,
                    cut: last_cut,
                    last_cut: Some(last_cut),
                    has_provisional: false,
                },
                timely: &[],
                roster: &self.roster,
                charge_points: &mut self.charge_points,
                desk: &mut self.desk,
                shelves: &mut self.shelves,
                publish: &mut |_| {},
            };
            cutting.capture(number, instant, self.stations.get_mut(station));
        }
    }

    /// The number of a charge point at a station, given now if it has none.
    fn number_of(&mut self, station_id: &StationId, charge_point_id: &ChargePointId) -> u32 {
        if let Some(number) = self.roster.charge_point(station_id, charge_point_id) {
            return number;
        }
        let station = self.station_number_of(station_id);
        let number = self.roster.add_charge_point(station, charge_point_id);
        self.charge_points.push(ChargePointLedger::default());
        let members = &mut self.stations.get_mut(station).members;
        let is_before = |&other: &u32| self.roster.charge_point_id(other) < charge_point_id;
        let index = members.partition_point(is_before);
        members.insert(index, number);
        number
    }

    /// The number of a station, given now if it has none.
    fn station_number_of(&mut self, station_id: &StationId) -> u32 {
        self.roster.station(station_id).unwrap_or_else(|| {
            self.agenda.add();
            self.stations.push(StationLedger::default());
            self.roster.add_station(station_id)
        })
    }
}

/// Notes when a station has to be looked at again without any event.
fn expect(
    number: u32,
    station: &StationLedger,
    (charge_points, agenda): (&Arena<ChargePointLedger>, &mut Agenda),
    decision: &Decision<'_>,
) {
    let silent_at = station.silent_at(decision.cut, charge_points, decision.policy);
    if let Some(at) = silent_at {
        agenda.expect_silence(number, at);
    }
    if station.pending_from(charge_points).is_some() {
        agenda.note_due(number);
    }
}
