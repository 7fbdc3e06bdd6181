//! The worked cases of the specification, streamed through clock and engine with ticks.
//!
//! Each case also runs moved by whole hours, without provisional records, and sent twice.

mod coverage;
mod parity;
mod sessions;

use domain::calendar::Date;
use domain::engine::Outcome;
use domain::indicator::{Phase, StationSweep, Vector};
use domain::{Grain, Period, Policy, Span, Timestamp, Window};
use serde_json::Value;

use crate::build::{at, entry};
use crate::cases::{
    assert_derived, assert_episodes, case, charge_points, episodes, file, finals, hours,
    in_log_order, integer, list, policy, stations, statuses, sweep, vector,
};
use crate::derived;
use crate::task::{Item, Log, Task};

const CHARGE_POINT: &str = "FRTSTETEST1";

fn end_of(periods: &Value) -> Timestamp {
    let ends = list(periods)
        .iter()
        .map(|period| integer(&period["end_ms"]));
    at(ends.max().unwrap())
}

/// How a case is run.
#[derive(Clone, Copy)]
struct Variant {
    shift: Span,
    has_provisional: bool,
    sends_twice: bool,
}

const VARIANTS: [Variant; 4] = [
    Variant {
        shift: Span::ZERO,
        has_provisional: true,
        sends_twice: false,
    },
    Variant {
        shift: Span::from_hours(-1_000),
        has_provisional: true,
        sends_twice: false,
    },
    Variant {
        shift: Span::ZERO,
        has_provisional: false,
        sends_twice: false,
    },
    Variant {
        shift: Span::ZERO,
        has_provisional: true,
        sends_twice: true,
    },
];

/// Sends every record again an hour later.
fn sent_twice(items: &[Item]) -> Vec<Item> {
    let mut all = items.to_vec();
    for item in items {
        let mut again = item.clone();
        match &mut again {
            Item::Tick(_) => {}
            Item::Status(status) => status.received_at = status.received_at + Span::from_hours(1),
            Item::Session(session) => {
                session.received_at = session.received_at + Span::from_hours(1);
            }
        }
        all.push(again);
    }
    in_log_order(all)
}

fn log_of(items: Vec<Item>, variant: Variant, until: Timestamp) -> Log {
    let items = in_log_order(items);
    let items = if variant.sends_twice {
        sent_twice(&items)
    } else {
        items
    };
    Log::with_ticks(items, until + variant.shift + Span::from_hours(25), |_| {
        true
    })
}

fn assert_received(task: &Task<'_>, expected: &Value) {
    let outcomes = &task.outcomes;
    let count = |outcome: Outcome| {
        let count = outcomes.iter().filter(|&&each| each == outcome).count();
        i64::try_from(count).unwrap()
    };
    let found = [
        i64::try_from(outcomes.len()).unwrap(),
        count(Outcome::Counted),
        count(Outcome::Duplicate),
        count(Outcome::Conflict),
    ];
    let names = [
        "records",
        "statuses",
        "duplicate_statuses",
        "conflicting_statuses",
    ];
    assert_eq!(found, names.map(|name| integer(&expected[name])));
    let finals = finals(&task.outputs);
    let inconsistent = finals
        .values()
        .map(|record| record.vector.inconsistent_statuses);
    let expected = integer(&expected["inconsistent_statuses"]);
    assert_eq!(inconsistent.sum::<i64>(), expected);
}

fn run_charge_point(name: &str, id: &str) {
    let file = file(name);
    let case = case(&file, id);
    let policy = policy(&file, &case["policy"]);
    for variant in VARIANTS {
        for period in list(&case["periods"]) {
            let mut items = statuses(CHARGE_POINT, &case["statuses"], variant.shift);
            let known_until = period.get("as_of_received_ms").map(integer);
            if let Some(known_until) = known_until {
                items.retain(|item| item.received_at() <= at(known_until) + variant.shift);
            }
            let log = log_of(items, variant, end_of(&case["periods"]));
            let mut task = Task::new(&policy, variant.has_provisional, &log);
            task.run();
            assert_period(&task, period, variant);
            if known_until.is_none() {
                assert_episodes(
                    &episodes(&task.outputs, false),
                    &case["episodes"],
                    variant.shift,
                );
                if !variant.sends_twice {
                    assert_received(&task, &case["received"]);
                }
            }
        }
    }
}

fn assert_period(task: &Task<'_>, period: &Value, variant: Variant) {
    let finals = finals(&task.outputs);
    let mut sum = Vector::default();
    let mut last = None;
    for window in hours(period, variant.shift) {
        if let Some(record) = finals.get(&window) {
            assert_eq!(record.vector.covered_ms(), Window::LENGTH.as_ms());
            sum.merge(&record.vector);
            last = Some(record);
        } else {
            sum.inactive_ms += Window::LENGTH.as_ms();
        }
    }
    if variant.sends_twice {
        let copies = sum.duplicate_statuses;
        sum.duplicate_statuses = (copies - sum.statuses - sum.conflicting_statuses) / 2;
        assert_eq!(
            copies - 2 * sum.duplicate_statuses,
            sum.statuses + sum.conflicting_statuses
        );
    }
    assert_eq!(sum, vector(&period["vector"]));
    assert_derived(&derived::of_vector(&sum), &period["derived"]);
    if let Some(at_end) = period.get("at_end") {
        let last = last.unwrap();
        assert_eq!(last.state_at_end.symbol(), at_end["state_at_end"]);
        let gauges = [
            last.gauges.open_failures_at_end,
            last.gauges.oldest_open_failure_ms,
        ];
        let names = ["open_failures_at_end", "oldest_open_failure_ms"];
        assert_eq!(gauges, names.map(|name| integer(&at_end[name])));
    }
}

#[test]
fn g1_one_recharge_one_failure() {
    run_charge_point("charge_points", "G1");
}

#[test]
fn g2_declared_unknown_for_36_hours() {
    run_charge_point("charge_points", "G2");
}

#[test]
fn g3_silence_becomes_stale() {
    run_charge_point("charge_points", "G3");
}

#[test]
fn g4_dirty_input() {
    run_charge_point("charge_points", "G4");
}

#[test]
fn g6_each_charge_point_of_the_station() {
    for id in ["G6-P1", "G6-P2", "G6-P3"] {
        run_charge_point("charge_points", id);
    }
}

#[test]
fn g7_an_episode_across_midnight() {
    run_charge_point("charge_points", "G7");
}

#[test]
fn g9_opening_hours_are_not_used_yet() {
    run_charge_point("charge_points", "G9-open");
}

#[test]
fn g10_days_of_23_and_25_hours() {
    let file = file("calendar_days");
    for (id, hours) in [("G10-2025-03-30", 23), ("G10-2025-10-26", 25)] {
        run_charge_point("calendar_days", id);
        let case = case(&file, id);
        assert_eq!(case["time_zone"], "Europe/Paris");
        let [period] = list(&case["periods"]) else {
            panic!("one period")
        };
        let start = at(integer(&period["start_ms"]));
        let day = Period::of(Grain::Day, start);
        assert_eq!(
            (day.start(), day.end()),
            (start, at(integer(&period["end_ms"])))
        );
        assert_eq!(day.windows().count(), hours);
        let Date { year, month, day } = Date::of(day.first());
        assert_eq!(format!("{year}-{month:02}-{day:02}"), case["day"]);
    }
}

#[test]
fn g13_motorway_full_use_waits_for_its_chapter() {
    let file = file("full_use");
    for case in list(&file["cases"]) {
        assert_eq!(case["requires"], "motorway_full_use");
    }
}

#[test]
fn g14_down_left_censored_communication_loss_and_silence() {
    for id in ["G14a", "G14b", "G14c", "G14d"] {
        run_charge_point("charge_points", id);
    }
}

#[test]
fn g5_two_late_statuses_make_two_corrections() {
    let file = file("late_statuses");
    let case = case(&file, "G5");
    let policy = policy(&file, &case["policy"]);
    let late = list(&case["late_statuses"]);
    let steps = list(&case["steps"]);
    let first_cut_after = |index: usize| {
        late.get(index).map(|status| {
            let received_at = at(integer(&status["received_at_ms"]));
            received_at.floor(policy.cut_every) + policy.cut_every
        })
    };
    for (index, step) in steps.iter().enumerate() {
        let mut items = statuses(CHARGE_POINT, &case["statuses"], Span::ZERO);
        let known = Value::from(late.get(..index).unwrap().to_vec());
        items.extend(statuses(CHARGE_POINT, &known, Span::ZERO));
        let decided_at = index.checked_sub(1).and_then(first_cut_after);
        let until = decided_at.unwrap_or_else(|| first_cut_after(0).unwrap() - policy.cut_every);
        let log = Log::with_ticks(in_log_order(items), until, |_| true);
        let mut task = Task::new(&policy, true, &log);
        task.run();
        assert_episodes(
            &episodes(&task.outputs, false),
            &step["episodes"],
            Span::ZERO,
        );
        for expected in list(&step["windows"]) {
            assert_late_window(&task, expected, decided_at);
        }
    }
}

fn assert_late_window(task: &Task<'_>, expected: &Value, decided_at: Option<Timestamp>) {
    let start = at(integer(&expected["start_ms"]));
    let of_window = charge_points(&task.outputs).filter(|record| record.window.start() == start);
    let records: Vec<_> = of_window.collect();
    let last = records.last().unwrap();
    let closing = records
        .iter()
        .find(|record| record.emission.phase == Phase::Closed)
        .unwrap();
    assert_eq!(last.vector, vector(&expected["vector"]));
    let at_end = &expected["at_end"];
    assert_eq!(last.state_at_end.symbol(), at_end["state_at_end"]);
    let gauges = [
        last.gauges.open_failures_at_end,
        last.gauges.oldest_open_failure_ms,
    ];
    let names = ["open_failures_at_end", "oldest_open_failure_ms"];
    assert_eq!(gauges, names.map(|name| integer(&at_end[name])));
    let since_closed = i64::from(last.emission.revision - closing.emission.revision);
    assert_eq!(since_closed, integer(&expected["revisions_since_closed"]));
    let is_emitted = decided_at.is_none_or(|cut| last.emission.version == cut);
    assert_eq!(is_emitted, expected["emitted"].as_bool().unwrap());
    if is_emitted {
        assert_eq!(last.emission.phase.symbol(), expected["phase"]);
    }
}

#[test]
fn g6_a_station_of_three() {
    let file = file("stations");
    let case = case(&file, "G6");
    let policy = policy(&file, &case["policy"]);
    for variant in VARIANTS {
        let mut items = Vec::new();
        let mut directory = Vec::new();
        for charge_point in list(&case["charge_points"]) {
            let id = format!("FRTSTE{}", charge_point["id"].as_str().unwrap());
            let power_kw = charge_point["power_kw"].as_f64().unwrap();
            directory.push(entry(&id, power_kw, at(0)));
            items.extend(statuses(&id, &charge_point["statuses"], variant.shift));
        }
        let log = log_of(items, variant, end_of(&case["periods"]));
        let mut task = Task::new(&policy, variant.has_provisional, &log);
        task.put(&directory);
        task.run();
        assert_episodes(
            &episodes(&task.outputs, true),
            &case["episodes"],
            variant.shift,
        );
        let [period] = list(&case["periods"]) else {
            panic!("one period")
        };
        assert_station_period(&task, period, &case["station_by_hour"], variant);
    }
}

fn assert_station_period(task: &Task<'_>, period: &Value, by_hour: &Value, variant: Variant) {
    let mut sum = Vector::default();
    let mut total = StationSweep::default();
    for (window, expected) in hours(period, variant.shift).zip(list(by_hour)) {
        let is_final = |record: &&domain::StationIndicator| {
            record.window == window && record.emission.phase == Phase::Final
        };
        let record = stations(&task.outputs).find(is_final).unwrap();
        assert_eq!(record.charge_points, integer(&period["charge_points"]));
        assert_eq!(record.power_w, 322_000);
        assert_eq!(record.code_insee_commune, "75102");
        let powers = StationSweep {
            up_kwms: record.sweep.up_kwms,
            down_kwms: record.sweep.down_kwms,
            required_kwms: record.sweep.required_kwms,
            ..sweep(&[expected])
        };
        assert_eq!(record.sweep, powers);
        sum.merge(&record.vector);
        total.merge(&record.sweep);
    }
    if variant.sends_twice {
        assert_eq!(sum.duplicate_statuses, sum.statuses);
        sum.duplicate_statuses = 0;
    }
    assert_eq!(sum, vector(&period["vector"]));
    assert_eq!(total, sweep(&[&period["station"], &period["power"]]));
    let mut found = derived::of_vector(&sum);
    found.extend(derived::of_sweep(&total));
    assert_derived(&found, &period["derived"]);
}

#[test]
fn g11_a_ratio_of_sums_not_a_mean_of_ratios() {
    let file = file("aggregation");
    for case in list(&file["cases"]) {
        let mut sum = Vector::default();
        for part in list(&case["parts"]) {
            sum.merge(&vector(part));
        }
        assert_eq!(sum, vector(&case["vector"]));
        assert_derived(&derived::of_vector(&sum), &case["derived"]);
    }
}

#[test]
fn g12_ten_recovery_times() {
    let file = file("recovery_times");
    let case = case(&file, "G12");
    let times: Vec<_> = list(&case["time_to_return_ms"])
        .iter()
        .map(integer)
        .collect();
    let mut instant = at(1_736_121_600_000);
    let mut marks = vec![(instant, "en_service")];
    for &time in &times {
        instant = instant + Span::from_minutes(30);
        marks.push((instant, "hors_service"));
        instant = instant + Span::from_ms(time);
        marks.push((instant, "en_service"));
    }
    let value = |&(at, state): &(Timestamp, &str)| {
        serde_json::json!({
            "event_time_ms": at.as_ms(), "received_at_ms": at.as_ms(),
            "etat_pdc": state, "occupation_pdc": "inconnu",
        })
    };
    let items = statuses(CHARGE_POINT, &marks.iter().map(value).collect(), Span::ZERO);
    let log = log_of(
        items,
        VARIANTS[0],
        instant.floor(Window::LENGTH) + Window::LENGTH,
    );
    let mut task = Task::new(&Policy::qc_1(), true, &log);
    task.run();
    let mut sum = Vector::default();
    for record in finals(&task.outputs).values() {
        sum.merge(&record.vector);
    }
    let expected = vector(&case["vector"]);
    let fields = |v: &Vector| {
        [
            v.returns,
            v.time_to_return_ms,
            v.returns_under_2h,
            v.returns_2h_to_24h,
            v.returns_24h_to_7d,
            v.returns_over_7d,
        ]
    };
    assert_eq!(fields(&sum), fields(&expected));
    let standing = episodes(&task.outputs, false);
    let ends = standing.iter().filter_map(|episode| episode.end);
    let found: Vec<_> = ends.map(|end| end.time_to_return_ms).collect();
    assert_eq!(found, times);
    let mut derived = derived::of_vector(&sum);
    derived.extend(derived::of_episodes(&found));
    assert_derived(&derived, &case["derived"]);
}
