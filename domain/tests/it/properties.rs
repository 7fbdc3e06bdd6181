//! Properties of the engine on random logs (chapter 16).

use std::collections::{BTreeMap, BTreeSet};

use domain::engine::{Outcome, Output};
use domain::indicator::{FailureGauges, Phase, StationState, StationSweep, Vector};
use domain::{
    ChargePointIndicator, EpisodeOutcome, EventInput, FailureEpisode, Occupancy, Span,
    StationIndicator, Timestamp, Window, key,
};
use proptest::prelude::*;

use crate::cases::{charge_points, stations};
use crate::minutes::{Minute, minutes};
use crate::story::{BEGIN, CHARGE_POINTS, Story, policy, stories};
use crate::task::{Item, Log, Task};

fn run<'a>(story: &Story, log: &'a Log, has_provisional: bool) -> Task<'a> {
    let mut task = Task::new(&policy(), has_provisional, log);
    task.put(&story.directory());
    task.run();
    task
}

fn finals_of_charge_points(outputs: &[Output]) -> BTreeMap<String, ChargePointIndicator> {
    charge_points(outputs)
        .filter(|record| record.emission.phase == Phase::Final)
        .map(|record| (key::of_charge_point_indicator(record), record.clone()))
        .collect()
}

fn finals_of_stations(outputs: &[Output]) -> BTreeMap<Window, StationIndicator> {
    stations(outputs)
        .filter(|record| record.emission.phase == Phase::Final)
        .map(|record| (record.window, record.clone()))
        .collect()
}

/// What stands of the episodes at the end, by key: everything but revision and version.
fn standing(outputs: &[Output]) -> BTreeMap<String, FailureEpisode> {
    let mut last = BTreeMap::new();
    for output in outputs {
        if let Output::Episode(episode) = output {
            let mut content = episode.clone();
            content.revision = 0;
            content.version = BEGIN;
            content.computed_at = BEGIN;
            last.insert(key::of_failure_episode(episode), content);
        }
    }
    last.retain(|_, episode| episode.outcome != EpisodeOutcome::Retracted);
    last
}

type Content = (Vector, &'static str, FailureGauges, i64, StationSweep, i64);

/// The content of the final records, by key.
fn final_content(outputs: &[Output], without_duplicates: bool) -> BTreeMap<String, Content> {
    let blank = |mut vector: Vector| {
        if without_duplicates {
            vector.duplicate_statuses = 0;
            vector.duplicate_sessions = 0;
        }
        vector
    };
    let mut all = BTreeMap::new();
    for output in outputs {
        match output {
            Output::ChargePoint(r) if r.emission.phase == Phase::Final => {
                let state = r.state_at_end.symbol();
                let sweep = StationSweep::default();
                let content = (blank(r.vector), state, r.gauges, r.power_w, sweep, 1);
                all.insert(key::of_charge_point_indicator(r), content);
            }
            Output::Station(r) if r.emission.phase == Phase::Final => {
                let state = r.state_at_end.symbol();
                let (power_w, count) = (r.power_w, r.charge_points);
                let content = (blank(r.vector), state, r.gauges, power_w, r.sweep, count);
                all.insert(key::of_station_indicator(r), content);
            }
            Output::ChargePoint(_) | Output::Station(_) | Output::Episode(_) => {}
        }
    }
    all
}

proptest! {
    #[test]
    fn the_nine_states_sum_to_the_covered_time(story in stories(0.3)) {
        let log = story.log();
        let task = run(&story, &log, true);
        let covered = |window: Window, version: Timestamp| {
            (version.min(window.end()) - window.start()).as_ms()
        };
        for record in charge_points(&task.outputs) {
            let covered_ms = covered(record.window, record.emission.version);
            prop_assert_eq!(record.vector.covered_ms(), covered_ms);
        }
        for record in stations(&task.outputs) {
            let covered_ms = covered(record.window, record.emission.version);
            prop_assert_eq!(record.vector.covered_ms(), covered_ms * record.charge_points);
            let sweep = record.sweep;
            let any = sweep.any_up_ms + sweep.any_unknown_ms + sweep.all_down_ms;
            let every = sweep.every_up_ms + sweep.every_unknown_ms + sweep.some_down_ms;
            prop_assert_eq!(any, every);
            prop_assert!(any <= covered_ms);
            prop_assert!(sweep.every_up_ms <= sweep.any_up_ms);
            prop_assert!(sweep.all_down_ms <= sweep.out_of_service_station_ms);
            let busy = sweep.active_ms + sweep.overloaded_ms + sweep.saturated_ms;
            prop_assert_eq!(sweep.idle_ms + busy, sweep.any_up_ms);
            prop_assert!(sweep.up_kwms + sweep.down_kwms <= sweep.required_kwms);
        }
    }

    #[test]
    fn a_station_is_the_sum_of_its_charge_points_in_every_phase(story in stories(0.3)) {
        let log = story.log();
        let task = run(&story, &log, true);
        let mut latest: BTreeMap<(Window, String), ChargePointIndicator> = BTreeMap::new();
        for output in &task.outputs {
            match output {
                Output::ChargePoint(record) => {
                    let id = record.charge_point_id.to_string();
                    latest.insert((record.window, id), record.clone());
                }
                Output::Station(record) => {
                    let first = (record.window, String::new());
                    let parts = latest.range(first..).take_while(|(k, _)| k.0 == record.window);
                    let mut sum = Vector::default();
                    let (mut count, mut power_w, mut open, mut oldest) = (0, 0, 0, 0);
                    for (_, part) in parts {
                        sum.merge(&part.vector);
                        count += 1;
                        power_w += part.power_w;
                        open += part.gauges.open_failures_at_end;
                        oldest = oldest.max(part.gauges.oldest_open_failure_ms);
                    }
                    prop_assert_eq!(record.vector, sum);
                    prop_assert_eq!((record.charge_points, record.power_w), (count, power_w));
                    let gauges = record.gauges;
                    let found = (gauges.open_failures_at_end, gauges.oldest_open_failure_ms);
                    prop_assert_eq!(found, (open, oldest));
                }
                Output::Episode(_) => {}
            }
        }
    }

    #[test]
    fn revisions_have_no_gap_versions_grow_and_phases_do_not_go_back(story in stories(0.3)) {
        let log = story.log();
        let task = run(&story, &log, true);
        let mut last: BTreeMap<String, (i32, Timestamp, Phase)> = BTreeMap::new();
        for output in &task.outputs {
            let (key, revision, version, phase) = match output {
                Output::ChargePoint(r) => {
                    let e = r.emission;
                    (key::of_charge_point_indicator(r), e.revision, e.version, e.phase)
                }
                Output::Station(r) => {
                    let e = r.emission;
                    (key::of_station_indicator(r), e.revision, e.version, e.phase)
                }
                Output::Episode(r) => {
                    (key::of_failure_episode(r), r.revision, r.version, Phase::Provisional)
                }
            };
            match last.get(&key) {
                None => prop_assert_eq!(revision, 0),
                Some(&(last_revision, last_version, last_phase)) => {
                    prop_assert_eq!(revision, last_revision + 1);
                    prop_assert!(version > last_version);
                    prop_assert!(phase >= last_phase && last_phase != Phase::Final);
                    prop_assert!(phase != Phase::Closed || last_phase == Phase::Provisional);
                }
            }
            last.insert(key, (revision, version, phase));
        }
        let limit = Story::end() - policy().late_limit - Window::LENGTH;
        for record in stations(&task.outputs).filter(|record| record.window.start() <= limit) {
            let (_, _, phase) = last[&key::of_station_indicator(record)];
            prop_assert_eq!(phase, Phase::Final);
        }
    }

    #[test]
    fn the_interleaving_of_the_inputs_changes_nothing(
        story in stories(0.3),
        choices in proptest::collection::vec(any::<bool>(), 64),
    ) {
        let log = story.log();
        let expected = run(&story, &log, true);
        let mut task = Task::new(&policy(), true, &log);
        task.put(&story.directory());
        for is_status in choices.into_iter().cycle() {
            let input = if is_status { EventInput::Status } else { EventInput::Session };
            if !task.step(input) {
                break;
            }
        }
        prop_assert_eq!(task.cuts, expected.cuts);
        prop_assert_eq!(task.outputs, expected.outputs);
    }

    #[test]
    fn the_order_of_the_log_changes_nothing_final(
        story in stories(0.3),
        jitters in proptest::collection::vec(0..2_400_000_i64, 64),
    ) {
        let log = story.log();
        let expected = run(&story, &log, true);
        let mut jittered: Vec<_> = story.items().into_iter().zip(jitters.into_iter().cycle()).collect();
        jittered.sort_by_key(|(item, jitter)| item.received_at() + Span::from_ms(*jitter));
        let other_log = story.log_of(jittered.into_iter().map(|(item, _)| item).collect());
        let task = run(&story, &other_log, true);
        prop_assert_eq!(
            final_content(&task.outputs, false),
            final_content(&expected.outputs, false)
        );
        prop_assert_eq!(standing(&task.outputs), standing(&expected.outputs));
    }

    #[test]
    fn resending_later_changes_only_the_counts_of_copies(
        story in stories(0.3),
        delays in proptest::collection::vec(1..3_000_000_i64, 64),
    ) {
        let log = story.log();
        let expected = run(&story, &log, true);
        let mut items = story.items();
        let again: Vec<_> = items.iter().zip(delays.into_iter().cycle()).map(|(item, delay)| {
            let mut item = item.clone();
            match &mut item {
                Item::Tick(at) => *at = *at + Span::from_ms(delay),
                Item::Status(r) => r.received_at = r.received_at + Span::from_ms(delay),
                Item::Session(r) => r.received_at = r.received_at + Span::from_ms(delay),
            }
            item
        }).collect();
        items.extend(again);
        items.sort_by_key(Item::received_at);
        let log = story.log_of(items);
        let task = run(&story, &log, true);
        prop_assert_eq!(
            final_content(&task.outputs, true),
            final_content(&expected.outputs, true)
        );
        prop_assert_eq!(standing(&task.outputs), standing(&expected.outputs));
    }

    #[test]
    fn without_provisional_records_all_others_stay_as_they_are(story in stories(0.3)) {
        let log = story.log();
        let bare = |outputs: Vec<Output>| {
            let mut kept = Vec::new();
            for mut output in outputs {
                let is_provisional = match &mut output {
                    Output::ChargePoint(r) => {
                        r.emission.revision = 0;
                        r.emission.phase == Phase::Provisional
                    }
                    Output::Station(r) => {
                        r.emission.revision = 0;
                        r.emission.phase == Phase::Provisional
                    }
                    Output::Episode(_) => false,
                };
                if !is_provisional {
                    kept.push(output);
                }
            }
            kept
        };
        let with = bare(run(&story, &log, true).outputs);
        let without = bare(run(&story, &log, false).outputs);
        prop_assert_eq!(without, with);
    }

    #[test]
    fn folding_changes_nothing(story in stories(0.3)) {
        let log = story.log();
        let folded = run(&story, &log, true);
        let mut patient = policy();
        patient.late_limit = Span::from_hours(200);
        let mut task = Task::new(&patient, true, &log);
        task.put(&story.directory());
        task.run();
        let mut last = BTreeMap::new();
        for record in charge_points(&task.outputs) {
            last.insert(key::of_charge_point_indicator(record), record.clone());
        }
        for (key, record) in finals_of_charge_points(&folded.outputs) {
            let unfolded = &last[&key];
            prop_assert_eq!(record.vector, unfolded.vector, "{}", key);
            prop_assert_eq!(record.state_at_end, unfolded.state_at_end);
            prop_assert_eq!(record.gauges, unfolded.gauges);
        }
        prop_assert_eq!(standing(&task.outputs), standing(&folded.outputs));
    }

    #[test]
    fn final_times_equal_a_walk_minute_by_minute(story in stories(0.3)) {
        let log = story.log();
        let task = run(&story, &log, false);
        let items = story.items();
        let directory = story.directory();
        let end = Story::end();
        let walks = CHARGE_POINTS.map(|id| minutes(id, (&items, &directory), end, &policy()));
        let finals = finals_of_charge_points(&task.outputs);
        let kept: BTreeSet<_> = finals
            .values()
            .map(|record| (record.charge_point_id.as_str(), record.window))
            .collect();
        for (id, walk) in CHARGE_POINTS.into_iter().zip(&walks) {
            let windows = std::iter::successors(Some(Window::of(BEGIN)), |w| Some(w.next()));
            for window in windows.take_while(|window| window.final_at(&policy()) <= end) {
                let is_inactive = hour_of(walk, window).iter().all(|m| *m == Minute::Inactive);
                prop_assert!(is_inactive || kept.contains(&(id, window)));
            }
        }
        for record in finals.values() {
            let index = CHARGE_POINTS.iter().position(|id| *id == record.charge_point_id.as_str());
            let walk = hour_of(&walks[index.unwrap()], record.window);
            let count = |minute: Minute| {
                number(walk.iter().filter(|each| **each == minute).count()) * 60_000
            };
            let v = record.vector;
            let found = [
                v.free_ms, v.occupied_ms, v.reserved_ms, v.in_service_ms,
                v.out_of_service_ms, v.unknown_short_ms, v.unknown_long_ms, v.inactive_ms,
            ];
            let expected = [
                Minute::Up(Occupancy::Free), Minute::Up(Occupancy::Occupied),
                Minute::Up(Occupancy::Reserved), Minute::Up(Occupancy::Unknown),
                Minute::Down, Minute::UnknownShort, Minute::UnknownLong, Minute::Inactive,
            ].map(count);
            prop_assert_eq!(found, expected, "{:?}", record.window);
        }
        for (window, record) in finals_of_stations(&task.outputs) {
            let hours = [&walks[0], &walks[1], &walks[2]].map(|walk| hour_of(walk, window));
            let (sweep, state) = sweep_of(hours);
            let found = StationSweep {
                up_kwms: 0,
                down_kwms: 0,
                required_kwms: 0,
                ..record.sweep
            };
            prop_assert_eq!(found, sweep);
            prop_assert_eq!(record.state_at_end, state);
        }
    }

    #[test]
    fn every_record_applied_is_in_a_final_record_once(story in stories(0.0)) {
        let log = story.log();
        let task = run(&story, &log, true);
        let mut sum = Vector::default();
        for record in finals_of_stations(&task.outputs).values() {
            sum.merge(&record.vector);
        }
        let count = |wanted: Outcome| {
            number(task.outcomes.iter().filter(|outcome| **outcome == wanted).count())
        };
        let counted = sum.statuses + sum.sessions;
        let copies = sum.duplicate_statuses + sum.duplicate_sessions;
        prop_assert_eq!(counted, count(Outcome::Counted));
        prop_assert_eq!(copies, count(Outcome::Duplicate));
        prop_assert_eq!(sum.conflicting_statuses, count(Outcome::Conflict));
        prop_assert_eq!(counted + copies + sum.conflicting_statuses, number(task.outcomes.len()));
    }

    #[test]
    fn vectors_and_episodes_tell_the_same_failures(story in stories(0.3)) {
        let log = story.log();
        let task = run(&story, &log, true);
        let mut sum = Vector::default();
        let mut last_final = BEGIN;
        for record in finals_of_charge_points(&task.outputs).values() {
            sum.merge(&record.vector);
            last_final = last_final.max(record.window.end());
        }
        let standing = standing(&task.outputs);
        let counted: Vec<_> = standing
            .values()
            .filter(|e| e.charge_point_id.is_some() && !e.flags.left_censored)
            .collect();
        let opened = counted.iter().filter(|e| e.opened_at < last_final).count();
        let returned: Vec<_> = counted
            .iter()
            .filter(|e| e.outcome == EpisodeOutcome::Returned)
            .filter_map(|e| e.end)
            .filter(|end| end.closed_at < last_final)
            .collect();
        prop_assert_eq!(sum.failures, number(opened));
        prop_assert_eq!(sum.returns, number(returned.len()));
        let total: i64 = returned.iter().map(|end| end.time_to_return_ms).sum();
        prop_assert_eq!(sum.time_to_return_ms, total);
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap()
}

fn hour_of(walk: &[Minute], window: Window) -> &[Minute] {
    let first = (window.start() - BEGIN).as_ms() / 60_000;
    match usize::try_from(first) {
        Ok(first) => &walk[first..first + 60],
        Err(_) => &[Minute::Inactive; 60],
    }
}

/// The sweep of three charge points over one hour, minute by minute, power apart.
fn sweep_of(hours: [&[Minute]; 3]) -> (StationSweep, StationState) {
    let mut sweep = StationSweep::default();
    let mut state = StationState::Inactive;
    for index in 0..60 {
        let minute = hours.map(|hour| hour[index]);
        let count = |is: fn(Minute) -> bool| minute.into_iter().filter(|m| is(*m)).count();
        let up = count(|m| matches!(m, Minute::Up(_)));
        let down = count(|m| m == Minute::Down);
        let unknown = count(|m| matches!(m, Minute::UnknownShort | Minute::UnknownLong));
        let free = count(|m| m == Minute::Up(Occupancy::Free));
        let occupied = count(|m| m == Minute::Up(Occupancy::Occupied));
        let (any, every) = match (up, down, unknown) {
            (0, 0, 0) => {
                state = StationState::Inactive;
                continue;
            }
            _ if up > 0 && down > 0 => (&mut sweep.any_up_ms, &mut sweep.some_down_ms),
            _ if up > 0 && unknown > 0 => (&mut sweep.any_up_ms, &mut sweep.every_unknown_ms),
            _ if up > 0 => (&mut sweep.any_up_ms, &mut sweep.every_up_ms),
            _ if unknown > 0 && down > 0 => (&mut sweep.any_unknown_ms, &mut sweep.some_down_ms),
            _ if unknown > 0 => (&mut sweep.any_unknown_ms, &mut sweep.every_unknown_ms),
            _ => (&mut sweep.all_down_ms, &mut sweep.some_down_ms),
        };
        *any += 60_000;
        *every += 60_000;
        state = match (up, down, occupied, free) {
            (0, 0, _, _) => StationState::Unknown,
            (0, _, _, _) => StationState::OutOfService,
            (_, _, 0, _) => StationState::Idle,
            // With three charge points one free one is a third.
            (_, _, _, 0) => StationState::Saturated,
            _ => StationState::Active,
        };
        match state {
            StationState::OutOfService => sweep.out_of_service_station_ms += 60_000,
            StationState::Idle => sweep.idle_ms += 60_000,
            StationState::Saturated => sweep.saturated_ms += 60_000,
            StationState::Active => sweep.active_ms += 60_000,
            StationState::Overloaded | StationState::Unknown | StationState::Inactive => {}
        }
    }
    (sweep, state)
}
