//! Stream = batch: what the engine publishes is what the oracle computes from all records at once.

use std::collections::BTreeMap;

use domain::engine::{Outcome, Output};
use domain::indicator::Phase;
use domain::{Policy, Span, StationId, Timestamp, Window};
use oracle::{Account, Fate, StationAccount};
use proptest::prelude::*;

use crate::judge::{cuts, difference, logs, phase_of, published, run, standing};
use crate::story::{Size, other_policy, policy, stories, stories_of};
use crate::task::{Item, Log, Task};

/// Small, since the oracle looks at all records again at every cut.
const SMALL: Size = Size {
    hours: 5,
    events: 24,
    changes: 5,
    charge_points: 3,
};

/// Long enough for every limit of the default policy.
const WEEKS: Size = Size {
    hours: 24 * 45,
    events: 12,
    changes: 3,
    charge_points: 2,
};

proptest! {
    #[test]
    fn every_cut_publishes_what_the_oracle_publishes(
        story in stories_of(SMALL, prop_oneof![Just(policy()), Just(other_policy())]),
        has_provisional in any::<bool>(),
    ) {
        let log = story.log();
        let task = run(&story, &log, has_provisional);
        prop_assert_eq!(&task.cuts, &cuts(&log, &story.policy));
        let expected = published(&log, &story.policy, has_provisional);
        let difference = difference(&task.outputs, &expected);
        prop_assert!(difference.is_none(), "{}", difference.unwrap_or_default());
    }

    #[test]
    fn final_hours_and_episodes_are_those_of_the_batch(story in stories()) {
        let log = story.log();
        let task = run(&story, &log, false);
        is_batch(&task, &log, &story.policy)?;
    }

    #[test]
    fn weeks_of_silence_under_the_default_policy_are_those_of_the_batch(
        story in stories_of(WEEKS, Just(Policy::qc_1())),
    ) {
        let mut log = story.log();
        // An hour between ticks is enough, and quick.
        let is_hourly = |item: &Item| match item {
            Item::Tick(at) => *at == at.floor(Window::LENGTH),
            Item::Status(_) | Item::Session(_) => true,
        };
        log.statuses.retain(is_hourly);
        log.sessions.retain(is_hourly);
        let task = run(&story, &log, false);
        is_batch(&task, &log, &story.policy)?;
    }

    #[test]
    fn every_record_meets_the_fate_that_the_oracle_knows(story in stories()) {
        let log = story.log();
        let mut task = Task::new(&story.policy, false, &log);
        task.run();
        let mut fates = Vec::new();
        for log in logs(&log).values().flatten() {
            let statuses = log.statuses.iter();
            fates.extend(statuses.map(|record| (record.fate(&story.policy), Kind::Status)));
            let sessions = log.sessions.iter();
            fates.extend(sessions.map(|record| (record.fate(&story.policy), Kind::Session)));
        }
        let mut expected: Vec<String> = fates.into_iter().map(expected_outcome).collect();
        let mut found: Vec<String> = task.outcomes.iter().map(found_outcome).collect();
        expected.sort_unstable();
        found.sort_unstable();
        prop_assert_eq!(found, expected);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Status,
    Session,
}

fn expected_outcome((fate, kind): (Fate, Kind)) -> String {
    match (fate, kind) {
        (Fate::Applied, _) => "applied".into(),
        (Fate::TooLate { .. }, Kind::Session) => "after final".into(),
        (Fate::TooLate { lateness }, Kind::Status) => format!("too late {lateness:?}"),
        (Fate::FromTheFuture { ahead }, _) => format!("from the future {ahead:?}"),
    }
}

fn found_outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Counted | Outcome::Duplicate | Outcome::Conflict => "applied".into(),
        Outcome::AfterFinal => "after final".into(),
        Outcome::TooLate { lateness } => format!("too late {lateness:?}"),
        Outcome::FromTheFuture { ahead } => format!("from the future {ahead:?}"),
    }
}

/// Compares the final hours and the standing episodes with those of all records at once.
fn is_batch(task: &Task<'_>, log: &Log, policy: &Policy) -> Result<(), TestCaseError> {
    let Some(last_cut) = task.cuts.last().map(|cut| cut.at) else {
        return Ok(());
    };
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for output in &task.outputs {
        if phase_of(output) == Some(Phase::Final) {
            let (key, content) = described(output);
            found.insert(key, content);
        }
    }
    for episode in standing(&task.outputs).values() {
        let (key, content) = described(&Output::Episode(episode.clone()));
        found.insert(key, content);
    }
    let expected = batch(log, (last_cut, policy), &found);
    for key in found.keys().chain(expected.keys()) {
        prop_assert_eq!(found.get(key), expected.get(key), "{}", key);
    }
    Ok(())
}

/// Entity and window or opening, and what the record says.
fn described(output: &Output) -> (String, String) {
    match output {
        Output::ChargePoint(r) => (
            hour_key(&r.station_id, r.charge_point_id.as_str(), r.window),
            format!(
                "{:?} {:?} {:?} {} {}",
                r.vector, r.state_at_end, r.gauges, r.power_w, r.code_insee_commune
            ),
        ),
        Output::Station(r) => (
            hour_key(&r.station_id, "", r.window),
            format!(
                "{:?} {:?} {:?} {} {} {} {:?}",
                r.vector,
                r.state_at_end,
                r.gauges,
                r.power_w,
                r.code_insee_commune,
                r.charge_points,
                r.sweep
            ),
        ),
        Output::Episode(r) => (
            episode_key(
                &r.station_id,
                r.charge_point_id.as_ref().map_or("", |id| id.as_str()),
                r.opened_at,
            ),
            format!("{:?} {:?} {:?}", r.outcome, r.end, r.flags),
        ),
    }
}

fn hour_key(station_id: &StationId, charge_point: &str, window: Window) -> String {
    format!("hour {station_id} {charge_point} {:?}", window.start())
}

fn episode_key(station_id: &StationId, charge_point: &str, opened_at: Timestamp) -> String {
    format!("episode {station_id} {charge_point} {opened_at:?}")
}

/// The same by the oracle. An hour that `found` keeps although a withdrawal read later would not
/// have made it is expected, too.
fn batch(
    log: &Log,
    (cut, policy): (Timestamp, &Policy),
    found: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut expected = BTreeMap::new();
    for (station_id, logs) in logs(log) {
        let accounts: Vec<Account> = logs
            .iter()
            .filter_map(|log| Account::at(log, cut, cut, policy))
            .collect();
        let station = StationAccount::of(&accounts);
        let first = station.first_window.unwrap_or(Window::of(cut));
        let windows = std::iter::successors(Some(first), |window| Some(window.next()));
        for window in windows.take_while(|window| window.end() + policy.late_limit <= cut) {
            let mut hours = Vec::new();
            for account in &accounts {
                let key = hour_key(&station_id, account.charge_point_id.as_str(), window);
                if account.has_record(window) || found.contains_key(&key) {
                    let hour = account.hour(window, policy);
                    let content = format!(
                        "{:?} {:?} {:?} {} {}",
                        hour.vector,
                        hour.state_at_end,
                        hour.gauges,
                        hour.place.power_w,
                        hour.place.code_insee_commune
                    );
                    expected.insert(key, content);
                    hours.push(hour);
                }
            }
            let hour = station.hour(window, &hours, policy);
            let content = format!(
                "{:?} {:?} {:?} {} {} {} {:?}",
                hour.vector,
                hour.state_at_end,
                hour.gauges,
                hour.place.power_w,
                hour.place.code_insee_commune,
                hour.charge_points,
                hour.sweep
            );
            if hour.charge_points > 0 {
                expected.insert(hour_key(&station_id, "", window), content);
            }
        }
        let of_charge_points = accounts.iter().flat_map(|account| {
            let id = account.charge_point_id.as_str();
            account.episodes.iter().map(move |episode| (id, episode))
        });
        let of_station = station.episodes.iter().map(|episode| ("", episode));
        for (id, episode) in of_charge_points.chain(of_station) {
            let content = format!(
                "{:?} {:?} {:?}",
                episode.outcome, episode.end, episode.flags
            );
            expected.insert(episode_key(&station_id, id, episode.opened_at), content);
        }
    }
    expected
}

#[test]
fn the_longest_limit_of_the_default_policy_fits_into_the_weeks() {
    let policy = Policy::qc_1();
    let longest_ms = policy.inactive_after.as_ms() + policy.late_limit.as_ms();
    assert!(Span::from_hours(WEEKS.hours).as_ms() > longest_ms);
}
