//! The quality rules that run here, against what the engine counts and flags.

use domain::indicator::Vector;
use domain::quality::session::{SessionFacts, SessionRule, overlaps};
use domain::quality::{RULES, is_inconsistent};
use domain::{Occupancy, Policy, ServiceState, Span, Timestamp, Window};

use crate::build::{at, entry, payload, session, status};
use crate::cases::charge_points;
use crate::task::{Item, Log, Task};

const ONE: &str = "FRTSTETEST1";
const START: Timestamp = Timestamp::from_ms(1_736_121_600_000);

/// The last vector of each hour of a log, at a power.
fn hours(items: Vec<Item>, power_kw: f64, until: Timestamp) -> Vec<(Window, Vector)> {
    let log = Log::with_ticks(items, until + Span::from_minutes(15), |_| true);
    let mut task = Task::new(&Policy::qc_1(), false, &log);
    task.put(&[entry(ONE, power_kw, at(0))]);
    task.run();
    let mut last = std::collections::BTreeMap::new();
    for record in charge_points(&task.outputs) {
        last.insert(record.window, record.vector);
    }
    last.into_iter().collect()
}

#[test]
fn the_engine_flags_by_power_what_the_rule_says_and_so_all_of_38_and_41() {
    let policy = Policy::qc_1();
    for power_kw in [0.0, 1.8, 2.0, 7.4, 22.0, 50.0] {
        let mut items = Vec::new();
        let mut all = Vec::new();
        for seconds in [0, 1, 90, 600, 1_800, 3_600] {
            for energy_wh in [
                0, 1, 500, 1_000, 1_001, 2_035, 8_140, 11_000, 12_100, 12_101, 24_200, 24_201,
                44_000, 44_001, 50_000, 50_001, 55_000, 55_001, 100_000, 100_001, 1_000_000,
            ] {
                let hour = i64::try_from(all.len()).unwrap();
                let start = START + Span::from_hours(hour);
                let duration = Span::from_seconds(seconds);
                let end = start + duration;
                items.push(Item::Session(session(ONE, (start, end), end, energy_wh)));
                all.push(SessionFacts {
                    duration,
                    energy_wh,
                    power_w: domain::charge_point::whole_thousandths(power_kw),
                });
            }
        }
        // A status gives every hour a record.
        let free = payload(ServiceState::InService, Occupancy::Free);
        items.push(Item::Status(status(ONE, START, START, free)));
        items.sort_by_key(Item::received_at);
        let until = START + Span::from_hours(i64::try_from(all.len()).unwrap());
        let found = hours(items, power_kw, until);
        assert_eq!(found.len(), all.len());
        for (facts, (_, vector)) in all.iter().zip(&found) {
            let is_flagged = facts.is_flagged(&policy);
            assert_eq!(vector.flagged_sessions, i64::from(is_flagged), "{facts:?}");
            assert_eq!(vector.sessions, 1);
            let is_known = facts.power_w > 0;
            for rule in SessionRule::ALL {
                let is_broken = rule.is_broken_by(*facts) && is_known;
                assert!(is_flagged || !is_broken, "{rule:?} {facts:?}");
            }
        }
    }
}

#[test]
fn the_engine_flags_the_overlaps_of_rule_10() {
    let minutes = [
        (0, 40),
        (5, 10),
        (20, 30),
        (39, 50),
        (50, 55),
        (50, 58),
        (58, 59),
    ];
    let times = minutes.map(|(start, end)| {
        (
            START + Span::from_minutes(start),
            START + Span::from_minutes(end),
        )
    });
    let expected = [false, true, true, true, false, true, false];
    assert_eq!(overlaps(&times), expected);
    for count in 1..=times.len() {
        let some = &times[..count];
        let item = |&(start, end): &(Timestamp, Timestamp)| {
            Item::Session(session(ONE, (start, end), end, 1))
        };
        let mut items: Vec<_> = some.iter().map(item).collect();
        let free = payload(ServiceState::InService, Occupancy::Free);
        items.push(Item::Status(status(ONE, START, START, free)));
        items.sort_by_key(Item::received_at);
        let found = hours(items, 22.0, START + Span::from_hours(1));
        let flagged = overlaps(some).into_iter().filter(|&overlaps| overlaps);
        let flagged = flagged.count().cast_signed() as i64;
        assert_eq!(found[0].1.flagged_sessions, flagged, "{count}");
    }
}

#[test]
fn the_engine_counts_the_inconsistent_statuses_of_rule_37() {
    let mut count = 0;
    for service_state in ServiceState::ALL {
        for occupancy in Occupancy::ALL {
            let payload = payload(service_state, occupancy);
            count += i64::from(is_inconsistent(payload));
            let items = vec![Item::Status(status(ONE, START, START, payload))];
            let found = hours(items, 22.0, START + Span::from_hours(1));
            let expected = i64::from(is_inconsistent(payload));
            assert_eq!(found[0].1.inconsistent_statuses, expected, "{payload:?}");
        }
    }
    assert_eq!(count, 2);
}

#[test]
fn duplicates_and_conflicts_count_for_rule_44_and_copies_for_rule_17() {
    let free = payload(ServiceState::InService, Occupancy::Free);
    let occupied = payload(ServiceState::InService, Occupancy::Occupied);
    let mut items = Vec::new();
    for (second, payload) in [(0, free), (1, free), (2, occupied)] {
        let received_at = START + Span::from_seconds(second);
        items.push(Item::Status(status(ONE, START, received_at, payload)));
    }
    let end = START + Span::from_minutes(10);
    for (second, energy_wh) in [(3, 800), (4, 800), (5, 900)] {
        let received_at = end + Span::from_seconds(second);
        items.push(Item::Session(session(
            ONE,
            (START, end),
            received_at,
            energy_wh,
        )));
    }
    let found = hours(items, 22.0, START + Span::from_hours(1));
    let vector = found[0].1;
    let fires = |number: u8| {
        let rule = RULES.iter().find(|rule| rule.number == number).unwrap();
        rule.fires(&vector, &Policy::qc_1())
    };
    let ratio = |number: u8| {
        let rule = RULES.iter().find(|rule| rule.number == number).unwrap();
        match rule.measure {
            domain::quality::Measure::OfVector(ratio) => ratio(&vector).value(),
            domain::quality::Measure::OfSessions | domain::quality::Measure::SetAside => None,
        }
    };
    assert_eq!((ratio(44), fires(44)), (Some(2.0 / 3.0), Some(true)));
    assert_eq!((ratio(17), fires(17)), (Some(2.0 / 3.0), Some(true)));
    assert_eq!(vector.energy_wh, 900, "the last writing wins");
    assert_eq!(fires(37), Some(false));
    assert_eq!(fires(43), Some(false));
    assert_eq!(
        (fires(10), fires(36)),
        (None, None),
        "the vector cannot tell"
    );
}
