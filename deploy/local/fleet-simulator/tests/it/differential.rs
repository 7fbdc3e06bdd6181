//! Batch = stream: the engine, fed record by record and cut by cut, ends with the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use domain::charge_point::{Day, IrveStatic};
use domain::engine::{Arrival, DirectoryChange, Output};
use domain::{
    ChargePoint, ChargePointId, ChargePointStatus, ChargeSession, Cut, Engine, EpisodeOutcome,
    EventId, Policy, RequestId, StationId, Timestamp,
};
use fleet_simulator::plan::Folder;
use fleet_simulator::truth::read::{self, Source};
use oracle::{
    Account, ChargePointLog, Episode, SessionRecord, StationAccount, StatusRecord, by_station,
    complete_windows,
};
use uuid::Uuid;

use crate::fleet::{END_MS, make};

const HOUR_MS: i64 = 3_600_000;
/// How many differences are shown.
const SHOWN: usize = 5;

/// What stands at the end: key and content of every hour and episode, as text.
type Figures = BTreeMap<String, String>;

/// One record of the log, in the order in which the engine reads it.
enum Event<'a> {
    Status(&'a ChargePointLog, &'a StatusRecord),
    Session(&'a ChargePointLog, &'a SessionRecord),
}

impl Event<'_> {
    fn received_at(&self) -> Timestamp {
        match self {
            Self::Status(_, status) => status.received_at,
            Self::Session(_, session) => session.received_at,
        }
    }

    fn observe(&self, engine: &mut Engine, offset: i64) {
        let arrival = Arrival {
            stamp: self.received_at(),
            offset,
        };
        let (event_id, request_id, submitted_by) =
            (EventId(Uuid::nil()), RequestId(Uuid::nil()), "".into());
        let _outcome = match self {
            Self::Status(log, status) => {
                let status = ChargePointStatus {
                    event_id,
                    charge_point_id: log.charge_point_id.clone(),
                    station_id: log.station_id.clone(),
                    event_time: status.event_time.into(),
                    received_at: status.received_at,
                    payload: status.payload,
                    request_id,
                    submitted_by,
                };
                engine.observe_status(&status, arrival)
            }
            Self::Session(log, session) => {
                let session = ChargeSession {
                    event_id,
                    charge_point_id: log.charge_point_id.clone(),
                    station_id: log.station_id.clone(),
                    start: session.start.into(),
                    end: session.end.into(),
                    received_at: session.received_at,
                    energy_wh: session.energy_wh,
                    request_id,
                    submitted_by,
                };
                engine.observe_session(&session, arrival)
            }
        };
    }
}

/// The directory entry of a charge point; only ids and power matter here.
fn entry(log: &ChargePointLog) -> ChargePoint {
    #[expect(clippy::cast_precision_loss, reason = "a power is far below 2^53 W")]
    let puissance_nominale = log.entry.in_force(Timestamp::MIN).power_w as f64 / 1000.0;
    let irve = IrveStatic {
        nom_amenageur: String::new(),
        siren_amenageur: String::new(),
        contact_amenageur: String::new(),
        nom_operateur: String::new(),
        contact_operateur: String::new(),
        telephone_operateur: String::new(),
        nom_enseigne: String::new(),
        id_station_itinerance: log.station_id.clone(),
        id_station_local: None,
        nom_station: String::new(),
        implantation_station: String::new(),
        adresse_station: String::new(),
        code_insee_commune: String::new(),
        longitude: 0.0,
        latitude: 0.0,
        nbre_pdc: 1,
        id_pdc_itinerance: log.charge_point_id.clone(),
        id_pdc_local: None,
        puissance_nominale,
        prise_type_ef: false,
        prise_type_2: false,
        prise_type_combo_ccs: false,
        prise_type_chademo: false,
        prise_type_autre: false,
        gratuit: None,
        paiement_acte: false,
        paiement_cb: None,
        paiement_autre: None,
        tarification: None,
        condition_acces: String::new(),
        reservation: false,
        horaires: String::new(),
        accessibilite_pmr: String::new(),
        restriction_gabarit: String::new(),
        station_deux_roues: false,
        raccordement: None,
        num_pdl: None,
        date_mise_en_service: None,
        observations: None,
        date_maj: Day(0),
        cable_t2_attache: None,
    };
    let at = Timestamp::from_ms(0);
    ChargePoint {
        irve,
        revision: 1,
        created_at: at,
        updated_at: at,
        deleted_at: None,
        updated_by: String::new(),
        legacy: false,
    }
}

/// All that the engine emits up to the last cut.
fn stream(logs: &[ChargePointLog], last_cut: Timestamp) -> Vec<Output> {
    let policy = Policy::qc_1();
    let mut engine = Engine::new(policy.clone(), false);
    let mut events: Vec<Event<'_>> = Vec::new();
    for log in logs {
        engine.observe_charge_point(DirectoryChange::Put(&entry(log)));
        events.extend(log.statuses.iter().map(|status| Event::Status(log, status)));
        events.extend(
            log.sessions
                .iter()
                .map(|session| Event::Session(log, session)),
        );
    }
    events.sort_by_key(Event::received_at);
    let mut cut = events[0].received_at().floor(policy.cut_every);
    let mut offsets = 0..;
    let mut unread = events.iter().peekable();
    let mut outputs = Vec::new();
    while cut <= last_cut {
        while let Some(event) = unread.next_if(|event| event.received_at() < cut) {
            event.observe(&mut engine, offsets.next().unwrap());
        }
        engine.take_cut(
            Cut {
                at: cut,
                quiet: false,
            },
            &mut |output| outputs.push(output),
        );
        cut = cut + policy.cut_every;
    }
    outputs
}

fn episode_key(
    station: &StationId,
    charge_point: Option<&ChargePointId>,
    opened_at: Timestamp,
) -> String {
    format!("episode {station} {charge_point:?} {opened_at:?}")
}

fn hour_key(entity: &impl Debug, start: Timestamp) -> String {
    format!("hour {entity:?} {start:?}")
}

/// The last record of every key; a retracted episode does not stand.
fn streamed(logs: &[ChargePointLog], last_cut: Timestamp) -> Figures {
    let mut figures = Figures::new();
    for output in stream(logs, last_cut) {
        let (key, content) = match output {
            Output::ChargePoint(hour) => {
                let content = format!(
                    "{:?} {:?} {:?} {}",
                    hour.vector, hour.state_at_end, hour.gauges, hour.power_w
                );
                (
                    hour_key(&hour.charge_point_id, hour.window.start()),
                    Some(content),
                )
            }
            Output::Station(hour) => {
                let own = format!(
                    "{:?} {:?} {} {}",
                    hour.sweep, hour.state_at_end, hour.charge_points, hour.power_w
                );
                (
                    hour_key(&hour.station_id, hour.window.start()),
                    Some(format!("{:?} {:?} {own}", hour.vector, hour.gauges)),
                )
            }
            Output::Episode(episode) => {
                let end = episode
                    .end
                    .map(|end| (end.closed_at, end.out_of_service_ms, end.unknown_ms));
                let flags = episode.flags;
                let content = format!(
                    "{end:?} {} {} {}",
                    flags.left_censored, flags.onset_uncertain, flags.unknown_inside
                );
                let stands = episode.outcome != EpisodeOutcome::Retracted;
                let key = episode_key(
                    &episode.station_id,
                    episode.charge_point_id.as_ref(),
                    episode.opened_at,
                );
                (key, stands.then_some(content))
            }
        };
        match content {
            Some(content) => figures.insert(key, content),
            None => figures.remove(&key),
        };
    }
    figures
}

fn episode(episode: &Episode) -> String {
    let end = episode
        .end
        .map(|end| (end.closed_at, end.out_of_service_ms, end.unknown_ms));
    format!(
        "{end:?} {} {} {}",
        episode.flags.left_censored, episode.flags.onset_uncertain, episode.flags.unknown_inside
    )
}

/// The same by the truth.
fn computed(logs: Vec<ChargePointLog>, cut: Timestamp) -> Figures {
    let policy = Policy::qc_1();
    let mut figures = Figures::new();
    for (station_id, logs) in by_station(logs) {
        let accounts: Vec<Account> = logs
            .iter()
            .filter_map(|log| Account::at(log, cut, cut, &policy))
            .collect();
        let station = StationAccount::of(&accounts);
        let Some(first) = station.first_window else {
            continue;
        };
        for window in complete_windows(first, cut, &policy) {
            let mut hours = Vec::new();
            for account in accounts.iter().filter(|account| account.has_record(window)) {
                let hour = account.hour(window, &policy);
                let content = format!(
                    "{:?} {:?} {:?} {}",
                    hour.vector, hour.state_at_end, hour.gauges, hour.place.power_w
                );
                figures.insert(hour_key(&account.charge_point_id, window.start()), content);
                hours.push(hour);
            }
            let hour = station.hour(window, &hours, &policy);
            let own = format!(
                "{:?} {:?} {} {}",
                hour.sweep, hour.state_at_end, hour.charge_points, hour.place.power_w
            );
            figures.insert(
                hour_key(&station_id, window.start()),
                format!("{:?} {:?} {own}", hour.vector, hour.gauges),
            );
        }
        for each in &station.episodes {
            figures.insert(
                episode_key(&station_id, None, each.opened_at),
                episode(each),
            );
        }
        for account in &accounts {
            for each in &account.episodes {
                let key = episode_key(&station_id, Some(&account.charge_point_id), each.opened_at);
                figures.insert(key, episode(each));
            }
        }
    }
    figures
}

/// Compares both at a clock.
fn check(clock_ms: i64, arguments: &[&str]) {
    let cut = Timestamp::from_ms(clock_ms);
    let folder = make(arguments);
    let logs = read::read(&Folder::new(folder.path()), Source::Deliveries).unwrap();
    let logs: Vec<ChargePointLog> = logs.by_charge_point.into_values().collect();
    let (found, expected) = (streamed(&logs, cut), computed(logs, cut));
    let keys: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    let different = keys
        .iter()
        .filter(|key| found.get(**key) != expected.get(**key));
    let shown: Vec<String> = different
        .clone()
        .take(SHOWN)
        .map(|key| {
            format!(
                "{key}\n  engine {:?}\n  truth  {:?}",
                found.get(*key),
                expected.get(*key)
            )
        })
        .collect();
    assert!(
        shown.is_empty(),
        "{} of {} differ for {arguments:?}:\n{}",
        different.count(),
        keys.len(),
        shown.join("\n")
    );
    assert!(expected.len() > 1_000);
}

#[test]
fn the_engine_ends_with_the_truth_when_everything_is_final() {
    let more = [
        "--late-percent",
        "10",
        "--conflict-percent",
        "5",
        "--duplicate-percent",
        "5",
    ];
    check(
        END_MS + 51 * HOUR_MS,
        &[
            &["--seed", "2", "--charge-points", "80", "--days", "4"],
            more.as_slice(),
        ]
        .concat(),
    );
}

#[test]
fn the_engine_shows_the_truth_at_a_cut_in_the_middle_of_the_traffic() {
    let more = [
        "--late-percent",
        "20",
        "--conflict-percent",
        "10",
        "--duplicate-percent",
        "10",
    ];
    check(
        END_MS - 7 * HOUR_MS + 300_000,
        &[
            &["--seed", "3", "--charge-points", "30", "--days", "2"],
            more.as_slice(),
        ]
        .concat(),
    );
}

#[test]
fn the_engine_and_the_truth_agree_on_what_weeks_of_silence_mean() {
    let arguments = [
        "--seed",
        "9",
        "--charge-points",
        "10",
        "--days",
        "45",
        "--silent-percent",
        "70",
        "--step-seconds",
        "300",
    ];
    check(END_MS + 27 * HOUR_MS, &arguments);
}
