//! Failures: episodes, counters and gauges tell the same story (chapters 6 and 16).

use std::collections::BTreeMap;

use domain::engine::{Outcome, Output};
use domain::indicator::{Phase, Vector};
use domain::{
    ChargePointIndicator, EpisodeOutcome, FailureEpisode, StationId, Timestamp, Window, key,
};
use proptest::prelude::*;

use crate::cases::charge_points;
use crate::judge::{logs, run, standing};
use crate::story::stories;

/// Station, and charge point or nothing.
type Entity = (StationId, String);

fn entity_of(episode: &FailureEpisode) -> Entity {
    let id = episode.charge_point_id.as_ref();
    (
        episode.station_id.clone(),
        id.map_or(String::new(), ToString::to_string),
    )
}

/// The final hours of each charge point at each station, in order.
fn final_hours(outputs: &[Output]) -> BTreeMap<Entity, Vec<ChargePointIndicator>> {
    let mut hours: BTreeMap<Entity, Vec<ChargePointIndicator>> = BTreeMap::new();
    for record in charge_points(outputs).filter(|each| each.emission.phase == Phase::Final) {
        let entity = (
            record.station_id.clone(),
            record.charge_point_id.to_string(),
        );
        hours.entry(entity).or_default().push(record.clone());
    }
    for hours in hours.values_mut() {
        hours.sort_by_key(|record| record.window);
    }
    hours
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap()
}

fn holds(record: &ChargePointIndicator, instant: Option<Timestamp>) -> bool {
    instant.is_some_and(|at| record.window.contains(at))
}

proptest! {
    #[test]
    fn after_every_cut_an_entity_has_at_most_one_open_episode_and_none_overlap(
        story in stories(),
    ) {
        let log = story.log();
        let task = run(&story, &log, false);
        let mut standing: BTreeMap<Entity, BTreeMap<Timestamp, FailureEpisode>> = BTreeMap::new();
        let mut episodes = task.outputs.iter().filter_map(|output| match output {
            Output::Episode(episode) => Some(episode),
            Output::ChargePoint(_) | Output::Station(_) => None,
        }).peekable();
        while let Some(episode) = episodes.next() {
            let of_entity = standing.entry(entity_of(episode)).or_default();
            if episode.outcome == EpisodeOutcome::Retracted {
                of_entity.remove(&episode.opened_at);
            } else {
                of_entity.insert(episode.opened_at, episode.clone());
            }
            if episodes.peek().is_some_and(|next| next.version == episode.version) {
                continue;
            }
            for of_entity in standing.values() {
                let open = of_entity.values().filter(|each| each.outcome == EpisodeOutcome::Open);
                prop_assert!(open.count() <= 1);
                let followers = of_entity.values().skip(1);
                for (episode, follower) in of_entity.values().zip(followers) {
                    let closed_at = episode.end.map(|end| end.closed_at);
                    prop_assert!(closed_at.is_some_and(|at| at <= follower.opened_at));
                }
            }
        }
    }

    #[test]
    fn failures_minus_ends_are_the_growth_of_open_failures(story in stories()) {
        let log = story.log();
        let task = run(&story, &log, false);
        let episodes = standing(&task.outputs);
        for (entity, hours) in final_hours(&task.outputs) {
            let own: Vec<_> = episodes.values().filter(|each| entity_of(each) == entity).collect();
            let (censored, counted): (Vec<_>, Vec<_>) =
                own.into_iter().partition(|each| each.flags.left_censored);
            let mut open = 0;
            for hour in &hours {
                let withdrawn = counted.iter().filter(|each| {
                    let closed_at = each.end.map(|end| end.closed_at);
                    each.outcome == EpisodeOutcome::Withdrawn && holds(hour, closed_at)
                });
                let ends = hour.vector.returns + number(withdrawn.count());
                open += hour.vector.failures - ends;
                let censored = censored.iter().filter(|each| {
                    let closed_at = each.end.map(|end| end.closed_at);
                    each.opened_at < hour.window.end()
                        && closed_at.is_none_or(|at| at >= hour.window.end())
                });
                let growth = open + number(censored.count());
                // A failure that closes as the next hour begins is open in the last millisecond.
                prop_assert_eq!(growth, hour.gauges.open_failures_at_end, "{:?}", hour.window);
            }
        }
    }

    #[test]
    fn counters_and_episodes_tell_the_same_failures(story in stories()) {
        let log = story.log();
        let task = run(&story, &log, false);
        let episodes = standing(&task.outputs);
        for (entity, hours) in final_hours(&task.outputs) {
            let counted = episodes.values().filter(|each| {
                entity_of(each) == entity && !each.flags.left_censored
            });
            let counted: Vec<_> = counted.collect();
            for hour in hours {
                let opened = counted.iter().filter(|each| holds(&hour, Some(each.opened_at)));
                let returned: Vec<i64> = counted
                    .iter()
                    .filter(|each| each.outcome == EpisodeOutcome::Returned)
                    .filter_map(|each| each.end)
                    .filter(|end| holds(&hour, Some(end.closed_at)))
                    .map(|end| end.time_to_return_ms)
                    .collect();
                let vector = hour.vector;
                prop_assert_eq!(vector.failures, number(opened.count()));
                prop_assert_eq!(vector.returns, number(returned.len()));
                prop_assert_eq!(vector.time_to_return_ms, returned.iter().sum::<i64>());
                let classes = vector.returns_under_2h
                    + vector.returns_2h_to_24h
                    + vector.returns_24h_to_7d
                    + vector.returns_over_7d;
                prop_assert_eq!(classes, vector.returns);
            }
        }
    }

    #[test]
    fn every_record_read_has_one_outcome_and_every_applied_one_is_counted_once(story in stories()) {
        let log = story.log();
        let task = run(&story, &log, false);
        let read = logs(&log);
        let read = read.values().flatten().map(|log| log.statuses.len() + log.sessions.len());
        prop_assert_eq!(task.outcomes.len(), read.sum::<usize>());
        let mut sum = Vector::default();
        let mut windows = BTreeMap::new();
        for hour in final_hours(&task.outputs).values().flatten() {
            sum.merge(&hour.vector);
            windows.insert(key::of_charge_point_indicator(hour), hour.window);
        }
        let outcomes = |wanted: Outcome| {
            number(task.outcomes.iter().filter(|outcome| **outcome == wanted).count())
        };
        let unseen = sessions_without_an_hour(&story, &log, &windows);
        let counted = sum.statuses + sum.sessions + unseen.0;
        let copies = sum.duplicate_statuses + sum.duplicate_sessions + unseen.1;
        prop_assert_eq!(counted, outcomes(Outcome::Counted));
        prop_assert_eq!(copies, outcomes(Outcome::Duplicate));
        prop_assert_eq!(sum.conflicting_statuses, outcomes(Outcome::Conflict));
    }
}

/// Sessions, and their copies, that start while the charge point is withdrawn: no hour shows them.
fn sessions_without_an_hour(
    story: &crate::story::Story,
    log: &crate::task::Log,
    windows: &BTreeMap<String, Window>,
) -> (i64, i64) {
    let (mut distinct, mut copies) = (0, 0);
    for log in logs(log).values().flatten() {
        let mut seen = std::collections::BTreeSet::new();
        for session in &log.sessions {
            let window = Window::of(session.start);
            let key = format!(
                "{}|{}|{}|{}",
                story.policy.id,
                log.station_id,
                log.charge_point_id,
                window.start().as_ms()
            );
            let is_applied = session.fate(&story.policy) == oracle::Fate::Applied;
            if is_applied && !windows.contains_key(&key) {
                let is_first = seen.insert((session.start, session.end));
                distinct += i64::from(is_first);
                copies += i64::from(!is_first);
            }
        }
    }
    (distinct, copies)
}
