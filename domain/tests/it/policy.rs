//! The policy as data: what is refused, and what each parameter changes.
//!
//! The second policy, `qc-test-2`, differs from `qc-1` in every parameter. For each one a small
//! story runs under `qc-1` and under `qc-1` with that parameter alone taken from `qc-test-2`; both
//! results are worked out by hand.

mod reading;

use domain::engine::{Outcome, Output};
use domain::indicator::availability::{coverage, is_low};
use domain::indicator::distribution::share_above_99;
use domain::indicator::{Phase, Ratio, Vector};
use domain::policy::Parameters;
use domain::{Occupancy, Policy, ServiceState, Span, StationState, Timestamp};
use serde_json::{Value, json};

use crate::build::{at, entry, payload, session, status};
use crate::cases::{charge_points, stations};
use crate::task::{Item, Log, Task};

const ONE: &str = "FRTSTETEST1";
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// Each parameter of `qc-test-2`.
fn second() -> Value {
    json!({
        "id": "qc-test-2",
        "stale_after_ms": 3 * HOUR_MS,
        "inactive_after_ms": 240 * HOUR_MS,
        "unknown_grace_ms": HOUR_MS,
        "close_grace_ms": 20 * MINUTE_MS,
        "late_limit_ms": 5 * HOUR_MS,
        "cut_every_ms": 10 * MINUTE_MS,
        "future_tolerance_ms": 10_000,
        "fresh_limit_ms": MINUTE_MS,
        "success_energy_wh": 1_000,
        "success_short_ms": MINUTE_MS,
        "success_long_ms": 4 * MINUTE_MS,
        "recovery_classes_ms": [HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS],
        "abnormal_energy_percent": 150,
        "saturated_percent": 15,
        "overloaded_percent": 40,
        "coverage_floor_percent": 70,
        "low_coverage_percent": 95,
    })
}

fn read(value: Value) -> Result<Policy, serde_json::Error> {
    serde_json::from_value(value)
}

/// `qc-1`, and `qc-1` with one parameter of `qc-test-2`.
fn only(parameter: &str) -> [Policy; 2] {
    let other = json!({"id": "qc-test-2-part", parameter: second()[parameter]});
    [Policy::qc_1(), read(other).unwrap()]
}

fn after(minutes: i64) -> Timestamp {
    at(1_736_121_600_000) + Span::from_minutes(minutes)
}

/// A status of charge point ONE at a minute, received as many seconds later.
fn says(minute: i64, delay_seconds: i64, state: ServiceState) -> Item {
    let occupancy = match state {
        ServiceState::InService => Occupancy::Free,
        ServiceState::OutOfService | ServiceState::Unknown => Occupancy::Unknown,
    };
    let received_at = after(minute) + Span::from_seconds(delay_seconds);
    Item::Status(status(
        ONE,
        after(minute),
        received_at,
        payload(state, occupancy),
    ))
}

/// A session of charge point ONE, sent when it ends.
fn charges(minute: i64, seconds: i64, energy_wh: i64) -> Item {
    let end = after(minute) + Span::from_seconds(seconds);
    Item::Session(session(ONE, (after(minute), end), end, energy_wh))
}

/// What the engine publishes and answers, at 22 kW, up to a minute.
fn run(
    policy: &Policy,
    items: Vec<Item>,
    until: i64,
) -> (Vec<Output>, Vec<Outcome>, Vec<Timestamp>) {
    let log = Log::with_ticks(items, after(until), |_| true);
    let mut task = Task::new(policy, false, &log);
    task.put(&[entry(ONE, 22.0, at(0))]);
    task.run();
    let cuts = task.cuts.iter().map(|cut| cut.at).collect();
    (task.outputs, task.outcomes, cuts)
}

/// The sum of the complete hours of ONE, up to a minute.
fn sum(policy: &Policy, items: Vec<Item>, until: i64) -> Vector {
    let (outputs, ..) = run(policy, items, until + 30);
    let mut last = std::collections::BTreeMap::new();
    for record in charge_points(&outputs).filter(|record| record.window.end() <= after(until)) {
        last.insert(record.window, record.vector);
    }
    let mut sum = Vector::default();
    for vector in last.values() {
        sum.merge(vector);
    }
    sum
}

fn sums(parameter: &str, items: &[Item], until: i64) -> [Vector; 2] {
    only(parameter).map(|policy| sum(&policy, items.to_vec(), until))
}

#[test]
fn every_parameter_of_the_second_policy_differs_and_has_a_test() {
    let first: Parameters = Policy::qc_1().into();
    let second: Parameters = read(second()).unwrap().into();
    let text = include_str!("policy.rs").replace(char::is_whitespace, "");
    for ((name, of_first), (_, of_second)) in first.values().into_iter().zip(second.values()) {
        assert!(
            of_first
                .iter()
                .zip(&of_second)
                .all(|(one, other)| one != other),
            "{name}"
        );
        let is_tested = ["only", "sums"]
            .iter()
            .any(|call| text.contains(&format!("{call}(\"{name}\"")));
        assert!(is_tested, "no test of {name}");
    }
}

#[test]
fn stale_after_ends_the_belief_in_an_up_status() {
    let [first, other] = sums(
        "stale_after_ms",
        &[says(0, 0, ServiceState::InService)],
        300,
    );
    assert_eq!((first.free_ms, first.unknown_ms()), (5 * HOUR_MS, 0));
    assert_eq!(
        (other.free_ms, other.unknown_short_ms),
        (3 * HOUR_MS, 2 * HOUR_MS)
    );
}

#[test]
fn inactive_after_ends_an_unknown_charge_point() {
    let story = [says(0, 0, ServiceState::Unknown)];
    let [first, other] = sums("inactive_after_ms", &story, 11 * 24 * 60);
    let day_ms = 24 * HOUR_MS;
    assert_eq!((first.unknown_ms(), first.inactive_ms), (11 * day_ms, 0));
    assert_eq!(
        (other.unknown_ms(), other.inactive_ms),
        (10 * day_ms, day_ms)
    );
}

#[test]
fn unknown_grace_divides_an_unknown_run() {
    let story = [says(0, 0, ServiceState::Unknown)];
    let [first, other] = sums("unknown_grace_ms", &story, 180);
    let shares = |sum: Vector| (sum.unknown_short_ms, sum.unknown_long_ms);
    assert_eq!(shares(first), (3 * HOUR_MS, 0));
    assert_eq!(shares(other), (HOUR_MS, 2 * HOUR_MS));
}

/// When the first hour was published in a phase.
fn published_at(policy: &Policy, phase: Phase) -> Option<Timestamp> {
    let items = vec![says(0, 0, ServiceState::InService)];
    let (outputs, ..) = run(policy, items, 60 + 26 * 60);
    let of_phase = charge_points(&outputs)
        .find(|record| record.window.start() == after(0) && record.emission.phase == phase);
    of_phase.map(|record| record.emission.version)
}

#[test]
fn close_grace_delays_the_closing_and_what_counts_as_late() {
    let [first, other] = only("close_grace_ms").map(|policy| published_at(&policy, Phase::Closed));
    assert_eq!((first, other), (Some(after(70)), Some(after(80))));
    let story = [says(5, 70 * 60, ServiceState::InService)];
    let [first, other] = sums("close_grace_ms", &story, 60);
    assert_eq!((first.late_statuses, other.late_statuses), (1, 0));
}

#[test]
fn late_limit_makes_windows_final_and_refuses_what_comes_after() {
    let [first, other] = only("late_limit_ms").map(|policy| published_at(&policy, Phase::Final));
    let hours = |hours: i64| Some(after(60 + hours * 60));
    assert_eq!((first, other), (hours(25), hours(5)));
    let late = says(5, 7 * 3_600, ServiceState::InService);
    let outcomes = only("late_limit_ms").map(|policy| run(&policy, vec![late.clone()], 480).1);
    let lateness = Span::from_hours(7);
    assert_eq!(
        outcomes,
        [[Outcome::Counted], [Outcome::TooLate { lateness }]]
    );
}

#[test]
fn cut_every_is_the_step_of_decisions() {
    let steps = only("cut_every_ms").map(|policy| {
        let (_, _, cuts) = run(&policy, vec![says(0, 0, ServiceState::InService)], 120);
        let steps = cuts
            .windows(2)
            .map(|pair| (pair[1] - pair[0]).as_ms() / MINUTE_MS);
        let mut steps: Vec<_> = steps.collect();
        steps.dedup();
        steps
    });
    assert_eq!(steps, [[5], [10]]);
}

#[test]
fn future_tolerance_bounds_how_far_ahead_an_event_may_be() {
    let ahead = says(5, -30, ServiceState::InService);
    let outcomes =
        only("future_tolerance_ms").map(|policy| run(&policy, vec![ahead.clone()], 60).1);
    let ahead = Span::from_seconds(30);
    assert_eq!(
        outcomes,
        [[Outcome::Counted], [Outcome::FromTheFuture { ahead }]]
    );
}

#[test]
fn fresh_limit_bounds_the_delay_of_a_fresh_status() {
    let story = [(0, 60), (10, 61), (20, 300), (30, 301)];
    let story = story.map(|(minute, delay)| says(minute, delay, ServiceState::InService));
    let [first, other] = sums("fresh_limit_ms", &story, 60);
    assert_eq!((first.statuses, first.fresh_statuses), (4, 3));
    assert_eq!((other.statuses, other.fresh_statuses), (4, 1));
}

#[test]
fn success_energy_has_to_be_exceeded() {
    let story = [
        charges(0, 600, 500),
        charges(20, 600, 501),
        charges(40, 600, 1_001),
    ];
    let [first, other] = sums("success_energy_wh", &story, 60);
    let successes = |sum: Vector| (sum.successful_sessions_2min, sum.successful_sessions_3min);
    assert_eq!((successes(first), successes(other)), ((2, 2), (1, 1)));
}

#[test]
fn success_short_has_to_be_exceeded() {
    let story = [
        charges(0, 61, 600),
        charges(20, 120, 800),
        charges(40, 121, 800),
    ];
    let [first, other] = sums("success_short_ms", &story, 60);
    let successes = |sum: Vector| (sum.successful_sessions_2min, sum.successful_sessions_3min);
    assert_eq!(
        (successes(first), successes(other)),
        ((1, 0), (2, 0)),
        "600 Wh in 61 s are abnormal"
    );
}

#[test]
fn success_long_has_to_be_exceeded() {
    let story = [
        charges(0, 180, 800),
        charges(20, 181, 800),
        charges(40, 241, 800),
    ];
    let [first, other] = sums("success_long_ms", &story, 60);
    let successes = |sum: Vector| (sum.successful_sessions_2min, sum.successful_sessions_3min);
    assert_eq!((successes(first), successes(other)), ((3, 2), (3, 1)));
}

#[test]
fn recovery_classes_bound_the_times_to_return() {
    let mut story = vec![says(0, 0, ServiceState::InService)];
    let mut minute = 1;
    for hours in [1, 2, 5, 8, 30] {
        story.push(says(minute, 0, ServiceState::OutOfService));
        minute += hours * 60;
        story.push(says(minute, 0, ServiceState::InService));
        minute += 1;
    }
    let [first, other] = sums("recovery_classes_ms", &story, 48 * 60);
    let classes = |sum: Vector| {
        [
            sum.returns_under_2h,
            sum.returns_2h_to_24h,
            sum.returns_24h_to_7d,
            sum.returns_over_7d,
        ]
    };
    assert_eq!(classes(first), [1, 3, 1, 0]);
    assert_eq!(classes(other), [0, 2, 1, 2]);
}

#[test]
fn abnormal_energy_percent_flags_what_the_power_cannot_deliver() {
    let story = [charges(0, 1_800, 14_000), charges(30, 1_800, 17_000)];
    let [first, other] = sums("abnormal_energy_percent", &story, 60);
    let energy = |sum: Vector| (sum.energy_wh, sum.flagged_energy_wh);
    assert_eq!(energy(first), (0, 31_000), "127 % and 155 % of 11 kWh");
    assert_eq!(energy(other), (14_000, 17_000));
}

/// The state of a station of `all` charge points of which one is free and the others occupied.
fn with_one_free(policy: &Policy, all: i64) -> StationState {
    let item = |number: i64| {
        let occupancy = if number == 0 {
            Occupancy::Free
        } else {
            Occupancy::Occupied
        };
        let payload = payload(ServiceState::InService, occupancy);
        Item::Status(status(
            &format!("FRTSTETEST{number}"),
            after(0),
            after(0),
            payload,
        ))
    };
    let (outputs, ..) = run(policy, (0..all).map(item).collect(), 90);
    stations(&outputs).next().unwrap().state_at_end
}

#[test]
fn saturated_percent_is_the_share_of_free_charge_points_below_which_a_station_is_saturated() {
    let states = only("saturated_percent")
        .map(|policy| [6, 7, 10, 11].map(|all| with_one_free(&policy, all)));
    let [overloaded, saturated] = [StationState::Overloaded, StationState::Saturated];
    assert_eq!(
        states,
        [
            [overloaded, overloaded, overloaded, saturated],
            [overloaded, saturated, saturated, saturated]
        ]
    );
}

#[test]
fn overloaded_percent_is_the_share_of_free_charge_points_below_which_a_station_is_overloaded() {
    let states = only("overloaded_percent")
        .map(|policy| [2, 3, 5, 6].map(|all| with_one_free(&policy, all)));
    let [active, overloaded] = [StationState::Active, StationState::Overloaded];
    assert_eq!(
        states,
        [
            [active, active, active, overloaded],
            [active, overloaded, overloaded, overloaded]
        ]
    );
}

#[test]
fn coverage_floor_decides_who_enters_the_share_above_99_percent() {
    let month = Vector {
        free_ms: 60,
        unknown_long_ms: 40,
        ..Vector::default()
    };
    let shares = only("coverage_floor_percent").map(|policy| share_above_99(&[month], &policy));
    assert_eq!(shares, [Ratio::new(1, 1), Ratio::NULL]);
}

#[test]
fn low_coverage_decides_which_figures_are_marked() {
    let sums = Vector {
        free_ms: 90,
        unknown_long_ms: 10,
        ..Vector::default()
    };
    let marks = only("low_coverage_percent").map(|policy| is_low(coverage(&sums), &policy));
    assert_eq!(marks, [false, true]);
}

#[test]
fn the_id_of_the_policy_is_in_every_record() {
    let policy = read(second()).unwrap();
    let (outputs, ..) = run(&policy, vec![says(0, 0, ServiceState::OutOfService)], 120);
    assert!(outputs.len() > 2);
    for output in &outputs {
        let id = match output {
            Output::ChargePoint(record) => &record.policy,
            Output::Station(record) => &record.policy,
            Output::Episode(record) => &record.policy,
        };
        assert_eq!(id, "qc-test-2");
    }
}
