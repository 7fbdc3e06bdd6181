//! The engine: folds the events of one partition into indicator records and failure episodes.
//!
//! Pure and deterministic: the same records, stamps and cuts give the same outputs and the same
//! state, byte for byte. It knows no offsets to commit, no topics and no clock; the caller admits
//! records by [`crate::TaskClock`] and calls [`Engine::take_cut`] when a cut is due.
//!
//! State is bounded: per charge point the statuses and sessions of windows that are not final
//! (about 26 h), a carry-in for all before, and of each emitted record phase, revision and digest.
//! A cut looks only at windows that are not final, and at those only where something is due.
//!
//! What the specification leaves open is decided so:
//! - A record is emitted again also when the power or the municipality in it changed, since a
//!   directory record read late has to correct at the next cut.
//! - A withdrawal stays on the timeline even when a later version has no `deleted_at`. One older
//!   than the oldest window that is not final acts at the start of that window. A null record
//!   withdraws at its Kafka timestamp, a change of station at the version's `updated_at`.
//! - A status of the millisecond of a withdrawal is counted, but never enters the timeline.
//! - A session after a withdrawal brings no record, even where nothing came before it; only a
//!   status does.
//! - A charge point that has a record for a window keeps it (wholly inactive) when a withdrawal
//!   read later would not have made one: a key cannot be taken back.
//! - Episodes show the timeline up to the cut, like the gauges. A retracted one has neither end
//!   nor flags. `computed_at` is the cut.
//! - A station's episode ends as withdrawn when all its charge points are withdrawn; if one is
//!   inactive through silence instead, it stays open. Its opening is left-censored when nothing or
//!   only withdrawn charge points precede it. Its power is the sum over the charge points that
//!   have a record for the hour of the opening; its municipality the first known one.
//! - A power of 0 is an unknown power. A session is from the future by its end.

mod agenda;
mod charge_point_ledger;
mod copies;
mod directory;
mod emission;
mod failures;
mod hour;
mod presence;
mod report;
mod sessions;
mod state;
mod station_hour;
mod station_ledger;
mod statuses;
mod sweep;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use agenda::Agenda;
use charge_point_ledger::ChargePointLedger;
use copies::{Novelty, Writing};
use directory::{Change, Version};
use emission::Decision;
use failures::Dimensions;
use state::StateKey;
use station_ledger::{StationBook, StationLedger};

use crate::charge_point::ChargePoint;
use crate::clock::Cut;
use crate::episode::FailureEpisode;
use crate::id::{ChargePointId, StationId};
use crate::indicator::{ChargePointIndicator, StationIndicator};
use crate::lateness::{Lateness, Reception};
use crate::policy::Policy;
use crate::session::ChargeSession;
use crate::status::ChargePointStatus;
use crate::time::{Span, Timestamp};
use crate::wire::WireError;

/// When and where a record was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// The clock of its partition just after it.
    pub stamp: Timestamp,
    /// Its offset: decides between records of equal `received_at`.
    pub offset: i64,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the caller counts it"]
pub enum Outcome {
    /// The first of its identity.
    Counted,
    /// A further copy.
    Duplicate,
    /// Another content for the same identity.
    Conflict,
    /// Its window is final: to `late-event`.
    TooLate {
        /// Stamp − event time.
        lateness: Span,
    },
    /// Its event time lies too far after `received_at`: to `late-event`.
    FromTheFuture {
        /// Event time − `received_at`.
        ahead: Span,
    },
    /// A session whose window is final: the archive's book has it.
    AfterFinal,
}

/// A change of the directory.
#[derive(Debug, Clone, Copy)]
pub enum DirectoryChange<'a> {
    /// A version of an entry, possibly with `deleted_at`.
    Put(&'a ChargePoint),
    /// A null record: the entry is withdrawn.
    Remove {
        /// The charge point.
        charge_point_id: &'a ChargePointId,
        /// The Kafka timestamp of the null record.
        at: Timestamp,
    },
}

/// A record to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To `charge-point-indicator`.
    ChargePoint(ChargePointIndicator),
    /// To `station-indicator`.
    Station(StationIndicator),
    /// To `failure-episode`.
    Episode(FailureEpisode),
}

/// One record of the state changelog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRecord {
    /// `charge-point|<station>|<charge point>` or `station|<station>`.
    pub key: String,
    /// Avro binary; none is a tombstone.
    pub value: Option<Vec<u8>>,
}

/// State that cannot be restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The key is none of the engine's.
    #[error("state key {0:?} is none of the engine's: expected charge-point|… or station|…")]
    Key(String),
    /// The state was made under another policy.
    #[error("the state of {key} was made under policy {found}, expected {expected}: replay")]
    Policy {
        /// The key.
        key: String,
        /// The policy of the state.
        found: String,
        /// The policy of the engine.
        expected: String,
    },
    /// The value is no state of this version.
    #[error("the state of {key} cannot be read")]
    Value {
        /// The key.
        key: String,
        /// What is wrong with the value.
        #[source]
        source: WireError,
    },
}

/// Everything known of one partition.
#[derive(Debug)]
pub struct Engine {
    policy: Policy,
    has_provisional: bool,
    stations: BTreeMap<StationId, StationLedger>,
    /// Where each charge point is held: more than one station after a move.
    homes: BTreeMap<ChargePointId, BTreeSet<StationId>>,
    agenda: Agenda,
}

impl Engine {
    /// An engine that knows nothing. Without `provisional`, no record of that phase is made.
    pub fn new(policy: Policy, provisional: bool) -> Self {
        Self {
            policy,
            has_provisional: provisional,
            stations: BTreeMap::new(),
            homes: BTreeMap::new(),
            agenda: Agenda::default(),
        }
    }

    /// Whether a change of this charge point's directory entry concerns the engine, whatever the
    /// station in it.
    pub fn knows(&self, charge_point_id: &ChargePointId) -> bool {
        self.homes.contains_key(charge_point_id)
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
        let writing = Writing {
            received_at: status.received_at,
            offset: arrival.offset,
        };
        let ledger = self.ledger(&status.station_id, &status.charge_point_id);
        if ledger.is_folded(event_time) {
            let lateness = arrival.stamp - event_time;
            return Outcome::TooLate { lateness };
        }
        match ledger.observe_status(event_time, status.payload, writing) {
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
        let writing = Writing {
            received_at: session.received_at,
            offset: arrival.offset,
        };
        let ledger = self.ledger(&session.station_id, &session.charge_point_id);
        if ledger.is_folded(key.0) {
            return Outcome::AfterFinal;
        }
        match ledger.observe_session(key, session.energy_wh, writing) {
            Novelty::Identity => Outcome::Counted,
            Novelty::Content | Novelty::Copy => Outcome::Duplicate,
        }
    }

    /// Takes a cut: appends what changed to `outputs`, by station, charge points first.
    pub fn take_cut(&mut self, cut: Cut, outputs: &mut Vec<Output>) {
        let decision = Decision {
            policy: &self.policy,
            cut: cut.at,
            has_provisional: self.has_provisional && !cut.quiet,
        };
        let due = self.agenda.due(cut.at);
        if decision.has_provisional || decision.closes_or_finishes() {
            for (station_id, station) in &mut self.stations {
                decide(station_id, station, &decision, &mut self.agenda, outputs);
            }
        } else {
            for station_id in due {
                if let Some(station) = self.stations.get_mut(&station_id) {
                    decide(&station_id, station, &decision, &mut self.agenda, outputs);
                }
            }
        }
    }

    /// The state of everything that changed since the last call, by station, charge points first.
    pub fn drain_dirty(&mut self) -> Vec<StateRecord> {
        let mut records = Vec::new();
        for station_id in self.agenda.drain_changed() {
            if let Some(station) = self.stations.get_mut(&station_id) {
                station.book.is_listed = false;
                state::drain(&station_id, station, &self.policy, &mut records);
            }
        }
        records
    }

    /// Takes back one record of the state. Any order; the last of a key wins.
    ///
    /// # Errors
    /// Says which key or value is not the engine's.
    pub fn restore(&mut self, key: &str, value: &[u8]) -> Result<(), RestoreError> {
        let parsed = StateKey::parse(key).ok_or_else(|| RestoreError::Key(key.to_owned()))?;
        let failed = |source| RestoreError::Value {
            key: key.to_owned(),
            source,
        };
        let (policy, ledger) = state::decode(value).map_err(failed)?;
        if policy != self.policy.id {
            return Err(RestoreError::Policy {
                key: key.to_owned(),
                found: policy,
                expected: self.policy.id.clone(),
            });
        }
        match (parsed, ledger) {
            (StateKey::ChargePoint(station_id, id), state::Ledger::ChargePoint(ledger)) => {
                let home = self.homes.entry(id.clone()).or_default();
                home.insert(station_id.clone());
                let station = self.stations.entry(station_id.clone()).or_default();
                station.charge_points.insert(id, *ledger);
                expect_silence(
                    &station_id,
                    station,
                    Timestamp::MIN,
                    (&self.policy, &mut self.agenda),
                );
            }
            (StateKey::Station(station_id), state::Ledger::Station(book)) => {
                let station = self.stations.entry(station_id).or_default();
                station.book = StationBook {
                    is_noted: station.book.is_noted,
                    silent_at: station.book.silent_at,
                    ..book
                };
            }
            (StateKey::ChargePoint(..), state::Ledger::Station(_))
            | (StateKey::Station(_), state::Ledger::ChargePoint(_)) => {
                return Err(failed(WireError::Schema));
            }
        }
        Ok(())
    }

    fn put(&mut self, entry: &ChargePoint) {
        let change = Change {
            at: entry.updated_at,
            revision: entry.revision,
        };
        self.withdraw_elsewhere(entry.charge_point_id(), Some(entry.station_id()), change);
        let version = Version {
            change,
            dimensions: Dimensions {
                power_w: entry.power_w(),
                code_insee_commune: Arc::from(entry.irve.code_insee_commune.as_str()),
            },
        };
        let ledger = self.ledger(entry.station_id(), entry.charge_point_id());
        if let Some(deleted_at) = entry.deleted_at {
            ledger.withdraw(deleted_at, change);
        }
        ledger.register(version);
    }

    /// Withdraws a charge point from every station but `here`.
    fn withdraw_elsewhere(
        &mut self,
        charge_point_id: &ChargePointId,
        here: Option<&StationId>,
        change: Change,
    ) {
        let homes = self.homes.get(charge_point_id).cloned().unwrap_or_default();
        for station_id in homes.iter().filter(|&home| Some(home) != here) {
            let ledger = self.ledger(station_id, charge_point_id);
            ledger.withdraw(change.at, change);
        }
    }

    /// The ledger of a charge point at a station, about to change.
    fn ledger(
        &mut self,
        station_id: &StationId,
        charge_point_id: &ChargePointId,
    ) -> &mut ChargePointLedger {
        let station = self.stations.entry(station_id.clone()).or_default();
        self.agenda.note_pending(station_id, &mut station.book);
        self.agenda.note_changed(station_id, &mut station.book);
        match station.charge_points.entry(charge_point_id.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let homes = self.homes.entry(charge_point_id.clone()).or_default();
                homes.insert(station_id.clone());
                new.insert(ChargePointLedger::default())
            }
        }
    }
}

/// Takes a cut at one station, and notes what follows from it.
fn decide(
    station_id: &StationId,
    station: &mut StationLedger,
    decision: &Decision<'_>,
    agenda: &mut Agenda,
    outputs: &mut Vec<Output>,
) {
    station.book.is_noted = false;
    station.take_cut(station_id, decision, outputs);
    expect_silence(station_id, station, decision.cut, (decision.policy, agenda));
    if station.is_dirty() {
        agenda.note_changed(station_id, &mut station.book);
    }
}

/// Notes when a station has to be looked at again without any event.
fn expect_silence(
    station_id: &StationId,
    station: &mut StationLedger,
    from: Timestamp,
    (policy, agenda): (&Policy, &mut Agenda),
) {
    let silent_at = station.silent_at(from, policy);
    let last = std::mem::replace(&mut station.book.silent_at, silent_at);
    agenda.move_silence(station_id, last, silent_at);
    if station.pending_from().is_some() {
        agenda.note_pending(station_id, &mut station.book);
    }
}
