//! What still comes of what is final, withdrawn or silent, and what is kept of it.

use domain::clock::ClockSnapshot;
use domain::engine::{DirectoryChange, Output, StateRecord};
use domain::indicator::Phase;
use domain::{ChargePoint, Engine, EpisodeOutcome, FailureEpisode, Policy, ServiceState, Span};

use super::{Bench, DAY, ONE, TWO, after, records};
use crate::build::entry;

/// The last episode published of the station.
fn last_of_station(bench: &Bench) -> FailureEpisode {
    let of_station = bench.outputs.iter().rev().find_map(|output| match output {
        Output::Episode(episode) if episode.charge_point_id.is_none() => Some(episode),
        Output::Episode(_) | Output::ChargePoint(_) | Output::Station(_) => None,
    });
    of_station.unwrap().clone()
}

/// How many bytes the state of ONE has.
fn state_length(bench: &mut Bench) -> usize {
    let of_charge_point = |record: &&StateRecord| record.key.ends_with(ONE);
    let all = bench.engine.drain_dirty();
    let state = all.iter().find(of_charge_point).unwrap();
    state.value.as_ref().unwrap().len()
}

#[test]
fn a_record_that_a_withdrawal_read_late_would_not_make_still_becomes_final() {
    let mut bench = Bench::new();
    let _counted = bench.session((0, 10), 10, 4_000);
    bench.cut(240, true);
    let charge_point_id = entry(ONE, 22.0, DAY).charge_point_id().clone();
    bench.engine.observe_charge_point(DirectoryChange::Remove {
        charge_point_id: &charge_point_id,
        at: after(20),
    });
    assert_eq!(bench.cut(245, true), [], "inactive before as after");
    bench.cut(240 + 26 * 60, true);
    let all = records(&bench.outputs);
    let finals = all
        .iter()
        .filter(|record| record.emission.phase == Phase::Final);
    let found: Vec<_> = finals
        .map(|record| (record.window.start(), record.emission.revision))
        .collect();
    assert_eq!(found, [(DAY, 1), (after(60), 1), (after(120), 1)]);
}

#[test]
fn provisional_records_leave_nothing_in_the_state_of_windows_that_are_final() {
    let state_after = |quiet| {
        let mut bench = Bench::new();
        let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
        bench.cut(180, quiet);
        bench.cut(180 + 27 * 60, true);
        bench.engine.drain_dirty()
    };
    assert_eq!(state_after(false), state_after(true));
}

#[test]
fn a_charge_point_at_rest_writes_no_state_though_its_hours_close_and_become_final() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    bench.cut(27 * 60, true);
    assert_ne!(bench.engine.drain_dirty(), []);
    let before = bench.outputs.len();
    bench.cut(75 * 60, true);
    let hours_closed_and_final = 48 * 2 * 2;
    assert_eq!(bench.outputs.len() - before, hours_closed_and_final);
    assert_eq!(bench.engine.drain_dirty(), []);
}

#[test]
fn the_power_of_a_failure_that_silence_opened_is_that_of_its_opening() {
    let day = 24 * 60;
    let mut bench = Bench::new();
    let put = |bench: &mut Bench, id, power_kw, minute| {
        let version = entry(id, power_kw, after(minute));
        bench
            .engine
            .observe_charge_point(DirectoryChange::Put(&version));
    };
    put(&mut bench, ONE, 22.0, 0);
    put(&mut bench, TWO, 22.0, 0);
    let _counted = bench.status(ONE, 0, 0, ServiceState::Unknown);
    let _counted = bench.status(TWO, 0, 1, ServiceState::OutOfService);
    bench.cut(32 * day, true);
    put(&mut bench, ONE, 50.0, 32 * day);
    bench.cut(34 * day, true);
    let _counted = bench.status(TWO, 34 * day, 34 * day, ServiceState::InService);
    bench.cut(34 * day + 5, true);
    let episode = last_of_station(&bench);
    assert_eq!(
        (episode.opened_at, episode.outcome, episode.power_w),
        (after(30 * day), EpisodeOutcome::Returned, 44_000)
    );
}

#[test]
fn the_failure_of_a_silent_station_ends_when_a_charge_point_returns() {
    let day = 24 * 60;
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::Unknown);
    let _counted = bench.status(TWO, 0, 1, ServiceState::OutOfService);
    bench.cut(31 * day, true);
    let charge_point_id = entry(TWO, 22.0, DAY).charge_point_id().clone();
    bench.engine.observe_charge_point(DirectoryChange::Remove {
        charge_point_id: &charge_point_id,
        at: after(31 * day),
    });
    bench.cut(33 * day, true);
    assert_eq!(last_of_station(&bench).outcome, EpisodeOutcome::Open);
    let _counted = bench.status(ONE, 33 * day, 33 * day, ServiceState::InService);
    bench.cut(33 * day + 5, true);
    let episode = last_of_station(&bench);
    assert_eq!(
        (episode.outcome, episode.end.map(|end| end.closed_at)),
        (EpisodeOutcome::Returned, Some(after(33 * day)))
    );
}

#[test]
fn silence_that_begins_at_the_cut_that_hears_of_it_is_seen_at_the_next() {
    let mut bench = Bench::new();
    let policy = Policy {
        id: "short-silence".into(),
        stale_after: Span::from_hours(1),
        inactive_after: Span::from_hours(2),
        ..Policy::qc_1()
    };
    bench.engine = Engine::new(policy, true);
    let _counted = bench.status(TWO, 0, 1, ServiceState::OutOfService);
    bench.cut(115, true);
    let _late = bench.status(ONE, 0, 118, ServiceState::Unknown);
    bench.cut(120, true);
    let episode = last_of_station(&bench);
    assert_eq!(episode.outcome, EpisodeOutcome::Retracted);
    bench.cut(125, true);
    let episode = last_of_station(&bench);
    assert_eq!(
        (episode.opened_at, episode.outcome),
        (after(120), EpisodeOutcome::Open)
    );
}

#[test]
fn sessions_that_are_final_leave_the_state_where_no_status_ever_comes() {
    let mut bench = Bench::new();
    let mut lengths = Vec::new();
    for hour in 1..=5 * 24 {
        let _counted = bench.session((60 * hour, 60 * hour + 10), 60 * hour + 10, 4_000);
        bench.cut(60 * (hour + 1), true);
        lengths.push(state_length(&mut bench));
    }
    assert_eq!(lengths[3 * 24], lengths[5 * 24 - 1]);
}

#[test]
fn versions_that_no_window_can_see_leave_the_state() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    let mut lengths = Vec::new();
    for hour in 1..=5 * 24 {
        let power_kw = if hour % 2 == 0 { 22.0 } else { 50.0 };
        let mut version = entry(ONE, power_kw, after(60 * hour));
        version.revision = hour;
        let change = DirectoryChange::Put(&version);
        bench.engine.observe_charge_point(change);
        bench.cut(60 * (hour + 1), true);
        lengths.push(state_length(&mut bench));
    }
    assert_eq!(lengths[4 * 24], lengths[5 * 24 - 1]);
}

#[test]
fn the_first_version_read_late_corrects_the_hours_before_it_too() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    bench.cut(130, true);
    let version = entry(ONE, 22.0, after(90));
    let change = DirectoryChange::Put(&version);
    bench.engine.observe_charge_point(change);
    let published = bench.cut(135, true);
    let found: Vec<_> = records(&published)
        .iter()
        .map(|record| (record.window.start(), record.emission.phase, record.power_w))
        .collect();
    let corrected = Phase::Corrected;
    assert_eq!(
        found,
        [(DAY, corrected, 22_000), (after(60), corrected, 22_000)]
    );
}

#[test]
fn the_earliest_silence_of_a_station_is_seen_first() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 60, 60, ServiceState::Unknown);
    bench.cut(70, true);
    let _late = bench.status(TWO, 10, 80, ServiceState::Unknown);
    bench.cut(85, true);
    let _counted = bench.status(ONE, 100, 100, ServiceState::OutOfService);
    let silent_at = 30 * 24 * 60 + 10;
    bench.cut(silent_at + 5, true);
    let episode = last_of_station(&bench);
    assert_eq!(
        (episode.opened_at, episode.outcome),
        (after(silent_at), EpisodeOutcome::Open)
    );
}

#[test]
fn a_withdrawal_that_a_version_repeats_after_a_restart_acts_once() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    let mut version = entry(ONE, 22.0, after(0));
    version.deleted_at = Some(after(30));
    let put = |engine: &mut Engine, version: &ChargePoint| {
        engine.observe_charge_point(DirectoryChange::Put(version));
    };
    put(&mut bench.engine, &version);
    bench.cut(26 * 60 + 35, true);
    let mut restored = Engine::new(Policy::qc_1(), true);
    for record in bench.engine.snapshot() {
        restored
            .restore(&record.key, &record.value.unwrap())
            .unwrap();
    }
    restored.resume(&ClockSnapshot {
        next_cut: Some(bench.clock + Policy::qc_1().cut_every),
        ..ClockSnapshot::default()
    });
    bench.engine = restored;
    let back = 26 * 60 + 40;
    let _counted = bench.status(ONE, back, back, ServiceState::InService);
    // So much later that it would act after the status, at the oldest hour that is not final.
    let repeated = back + 30 * 60;
    bench.cut(repeated, true);
    version.revision += 1;
    version.updated_at = after(repeated);
    put(&mut bench.engine, &version);
    bench.cut(repeated + 120, true);
    let last = *records(&bench.outputs).last().unwrap();
    assert_eq!(
        last.vector.free_ms,
        60 * 60_000,
        "it is not withdrawn again"
    );
}
