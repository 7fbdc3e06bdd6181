//! What is published at each cut: phases, revisions and versions (chapters 6 and 9).
//!
//! At every cut all accounts are made anew; what differs from the last record of its key, or is due
//! to close or become final, is published. A record once published for a window is kept, wholly
//! inactive, when a withdrawal read later would not have made one.

use std::collections::BTreeMap;

use domain::indicator::{Emission, Phase};
use domain::{
    ChargePointId, ChargePointIndicator, Cut, EpisodeOutcome, FailureEpisode, Policy, StationId,
    StationIndicator, Timestamp, Window,
};

use crate::charge_point::{Account, ChargePointHour};
use crate::entry::Place;
use crate::episode::Episode;
use crate::log::ChargePointLog;
use crate::station::{StationAccount, StationHour, place_at};

/// All that a cut publishes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Published {
    /// Hours of charge points.
    pub charge_points: Vec<ChargePointIndicator>,
    /// Hours of stations.
    pub stations: Vec<StationIndicator>,
    /// Episodes of both.
    pub episodes: Vec<FailureEpisode>,
}

/// The key of an episode, policy apart: station, charge point or none, opening.
type EpisodeKey = (StationId, Option<ChargePointId>, Timestamp);

/// The last record of every key.
#[derive(Debug)]
pub struct Publisher<'a> {
    policy: &'a Policy,
    has_provisional: bool,
    logs: BTreeMap<StationId, Vec<ChargePointLog>>,
    charge_points: BTreeMap<(StationId, ChargePointId, Window), ChargePointIndicator>,
    stations: BTreeMap<(StationId, Window), StationIndicator>,
    episodes: BTreeMap<EpisodeKey, FailureEpisode>,
}

impl<'a> Publisher<'a> {
    /// A publisher that has published nothing. Without `has_provisional`, no record of that phase
    /// is made.
    pub fn new(
        policy: &'a Policy,
        has_provisional: bool,
        logs: BTreeMap<StationId, Vec<ChargePointLog>>,
    ) -> Self {
        Self {
            policy,
            has_provisional,
            logs,
            charge_points: BTreeMap::new(),
            stations: BTreeMap::new(),
            episodes: BTreeMap::new(),
        }
    }

    /// What `cut` publishes. Cuts are taken in order.
    pub fn publish(&mut self, cut: Cut) -> Published {
        let mut published = Published::default();
        let stations: Vec<StationId> = self.logs.keys().cloned().collect();
        for station_id in stations {
            let logs = self.logs.get(&station_id).into_iter().flatten();
            let accounts: Vec<Account> = logs
                .filter_map(|log| Account::at(log, cut.at, cut.at, self.policy))
                .collect();
            let station = StationAccount::of(&accounts);
            if let Some(first) = station.first_window {
                for window in self.undecided(first, cut.at) {
                    let hours = self.hours(&station_id, (&accounts, window), cut, &mut published);
                    let hour = station.hour(window, &hours, self.policy);
                    self.station_hour(&station_id, &hour, cut, &mut published);
                }
            }
            for account in &accounts {
                let entity = (station_id.clone(), Some(account.charge_point_id.clone()));
                let place = |opened_at| account.entry.in_force(opened_at);
                self.episodes(&entity, (&account.episodes, place), cut.at, &mut published);
            }
            let place = |opened_at| place_at(&accounts, opened_at);
            let entity = (station_id, None);
            self.episodes(&entity, (&station.episodes, place), cut.at, &mut published);
        }
        published
    }

    /// The windows from `first` on that have started and were not final at the cut before.
    fn undecided(&self, first: Window, cut: Timestamp) -> Vec<Window> {
        let windows = std::iter::successors(Some(first), |window| Some(window.next()));
        let started = windows.take_while(|window| window.start() < cut);
        let last_cut = cut - self.policy.cut_every;
        let final_at = |window: &Window| window.end() + self.policy.late_limit;
        started
            .filter(|window| final_at(window) > last_cut)
            .collect()
    }

    /// The hours of all charge points that have a record for a window, published where due.
    fn hours(
        &mut self,
        station_id: &StationId,
        (accounts, window): (&[Account], Window),
        cut: Cut,
        published: &mut Published,
    ) -> Vec<ChargePointHour> {
        let mut hours = Vec::new();
        for account in accounts {
            let id = &account.charge_point_id;
            let key = (station_id.clone(), id.clone(), window);
            let last = self.charge_points.get(&key);
            if !account.has_record(window) && last.is_none() {
                continue;
            }
            let hour = account.hour(window, self.policy);
            let record = |emission: Emission| ChargePointIndicator {
                policy: self.policy.id.as_str().into(),
                station_id: station_id.clone(),
                charge_point_id: id.clone(),
                window,
                code_insee_commune: hour.place.code_insee_commune.as_str().into(),
                power_w: hour.place.power_w,
                vector: hour.vector,
                state_at_end: hour.state_at_end,
                gauges: hour.gauges,
                emission,
            };
            let differs = last.is_none_or(|last| *last != record(last.emission));
            let last = last.map(|last| last.emission);
            if let Some(emission) = self.emission(window, (last, differs), cut) {
                let record = record(emission);
                published.charge_points.push(record.clone());
                self.charge_points.insert(key, record);
            }
            hours.push(hour);
        }
        hours
    }

    /// Publishes an hour of a station where due. Without any charge point there is none.
    fn station_hour(
        &mut self,
        station_id: &StationId,
        hour: &StationHour,
        cut: Cut,
        published: &mut Published,
    ) {
        if hour.charge_points == 0 {
            return;
        }
        let record = |emission: Emission| StationIndicator {
            policy: self.policy.id.as_str().into(),
            station_id: station_id.clone(),
            window: hour.window,
            code_insee_commune: hour.place.code_insee_commune.as_str().into(),
            power_w: hour.place.power_w,
            vector: hour.vector,
            charge_points: hour.charge_points,
            sweep: hour.sweep,
            state_at_end: hour.state_at_end,
            gauges: hour.gauges,
            emission,
        };
        let key = (station_id.clone(), hour.window);
        let last = self.stations.get(&key);
        let differs = last.is_none_or(|last| *last != record(last.emission));
        let last = last.map(|last| last.emission);
        if let Some(emission) = self.emission(hour.window, (last, differs), cut) {
            let record = record(emission);
            published.stations.push(record.clone());
            self.stations.insert(key, record);
        }
    }

    /// The table of phases: whether a record is due, given the last one and whether it differs.
    fn emission(
        &self,
        window: Window,
        (last, differs): (Option<Emission>, bool),
        cut: Cut,
    ) -> Option<Emission> {
        let was_closed = last.is_some_and(|last| last.phase != Phase::Provisional);
        let (phase, is_due) = if cut.at >= window.end() + self.policy.late_limit {
            (Phase::Final, true)
        } else if cut.at >= window.end() + self.policy.close_grace {
            if was_closed {
                (Phase::Corrected, differs)
            } else {
                (Phase::Closed, true)
            }
        } else {
            let is_made = self.has_provisional && !cut.quiet;
            (Phase::Provisional, is_made && differs)
        };
        is_due.then(|| Emission {
            phase,
            revision: last.map_or(0, |last| last.revision + 1),
            version: cut.at,
            computed_at: cut.at,
        })
    }

    /// Publishes what changed of the episodes of an entity, the retracted ones included.
    fn episodes(
        &mut self,
        entity: &(StationId, Option<ChargePointId>),
        (standing, place): (&[Episode], impl Fn(Timestamp) -> Place),
        cut: Timestamp,
        published: &mut Published,
    ) {
        let record = |episode: &Episode, revision: i32, version: Timestamp| {
            let Place {
                power_w,
                code_insee_commune,
            } = place(episode.opened_at);
            FailureEpisode {
                policy: self.policy.id.as_str().into(),
                station_id: entity.0.clone(),
                charge_point_id: entity.1.clone(),
                opened_at: episode.opened_at,
                outcome: episode.outcome,
                end: episode.end,
                flags: episode.flags,
                code_insee_commune: code_insee_commune.as_str().into(),
                power_w,
                revision,
                version,
                computed_at: version,
            }
        };
        let key = |opened_at| (entity.0.clone(), entity.1.clone(), opened_at);
        let mut due = Vec::new();
        let of_entity = self.episodes.range(key(Timestamp::MIN)..);
        let of_entity = of_entity.take_while(|(key, _)| (&key.0, &key.1) == (&entity.0, &entity.1));
        for (_, last) in of_entity {
            let stands = standing.iter().any(|each| each.opened_at == last.opened_at);
            if !stands && last.outcome != EpisodeOutcome::Retracted {
                let retracted = Episode {
                    opened_at: last.opened_at,
                    outcome: EpisodeOutcome::Retracted,
                    end: None,
                    flags: domain::episode::EpisodeFlags::default(),
                };
                due.push(record(&retracted, last.revision + 1, cut));
            }
        }
        for episode in standing.iter().filter(|each| self.can_change(each, cut)) {
            match self.episodes.get(&key(episode.opened_at)) {
                None => due.push(record(episode, 0, cut)),
                Some(last) if *last != record(episode, last.revision, last.version) => {
                    due.push(record(episode, last.revision + 1, cut));
                }
                Some(_) => {}
            }
        }
        for record in &due {
            self.episodes.insert(key(record.opened_at), record.clone());
        }
        published.episodes.extend(due);
    }

    /// Whether the window of its closing was not final at the cut before.
    fn can_change(&self, episode: &Episode, cut: Timestamp) -> bool {
        let last_cut = cut - self.policy.cut_every;
        let final_at = |closed_at| Window::of(closed_at).end() + self.policy.late_limit;
        episode
            .end
            .is_none_or(|end| final_at(end.closed_at) > last_cut)
    }
}
