//! Sessions that are read after their hour has closed: which hours they correct, and which not.

use domain::engine::Output;
use domain::{Phase, ServiceState};

use super::{Bench, ONE, after, records};
use crate::build::STATION;

/// Hour, phase and revision of the records of the charge point.
fn hours(published: &[Output]) -> Vec<(i64, Phase, i32)> {
    let hour = |start: domain::Timestamp| (start - after(0)).as_ms() / 3_600_000;
    let all = records(published).into_iter();
    all.map(|record| {
        let emission = &record.emission;
        (
            hour(record.window.start()),
            emission.phase,
            emission.revision,
        )
    })
    .collect()
}

#[test]
fn a_late_session_corrects_its_own_hour_and_no_other() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    bench.cut(200, true);
    let _counted = bench.session((50, 135), 201, 9_000);
    let published = bench.cut(205, true);
    assert_eq!(hours(&published), [(0, Phase::Corrected, 1)]);
    assert_eq!(published.len(), 2, "and that of the station");
    let _copy = bench.session((50, 135), 206, 9_000);
    let published = bench.cut(210, true);
    assert_eq!(hours(&published), [(0, Phase::Corrected, 2)], "a duplicate");
}

#[test]
fn a_late_session_corrects_the_hour_of_one_that_starts_before_it_ends() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    let _counted = bench.session((130, 140), 145, 9_000);
    bench.cut(200, true);
    let _counted = bench.session((50, 135), 201, 9_000);
    let published = bench.cut(205, true);
    let expected = [(0, Phase::Corrected, 1), (2, Phase::Corrected, 1)];
    assert_eq!(hours(&published), expected);
    let flagged = records(&published).into_iter();
    let flagged: Vec<_> = flagged
        .map(|record| record.vector.flagged_sessions)
        .collect();
    assert_eq!(flagged, [0, 1]);
}

#[test]
fn a_late_session_that_makes_a_charge_point_known_brings_every_hour_since() {
    let mut bench = Bench::new();
    bench.cut(200, true);
    let _counted = bench.session((50, 55), 201, 9_000);
    let expected = [0, 1, 2].map(|hour| (hour, Phase::Closed, 0));
    assert_eq!(hours(&bench.cut(205, true)), expected);
}

#[test]
fn a_late_status_after_a_late_session_corrects_the_hours_before_it_too() {
    let mut bench = Bench::new();
    for minute in [0, 150] {
        let _counted = bench.status(ONE, minute, minute, ServiceState::InService);
    }
    bench.cut(200, true);
    let _counted = bench.session((130, 140), 201, 9_000);
    let _late = bench.status(ONE, 70, 202, ServiceState::OutOfService);
    let expected = [(1, Phase::Corrected, 1), (2, Phase::Corrected, 1)];
    assert_eq!(hours(&bench.cut(205, true)), expected);
}

#[test]
fn a_late_session_is_stored_before_the_cut_that_decides_it() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    bench.cut(200, true);
    let _stored = bench.engine.drain_dirty();
    let _counted = bench.session((50, 55), 201, 9_000);
    let stored = bench.engine.drain_dirty().into_iter();
    let keys: Vec<String> = stored.map(|record| record.key).collect();
    let charge_point = format!("charge-point|{STATION}|{ONE}");
    assert_eq!(keys, [charge_point, format!("station|{STATION}")]);
    let published = bench.cut(205, true);
    assert_eq!(hours(&published), [(0, Phase::Corrected, 1)]);
    let stored = bench.engine.drain_dirty();
    assert_eq!(stored.len(), 2, "what was marked is decided");
}
