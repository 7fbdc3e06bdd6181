//! G8: nine session records, what the engine counts of them, and what QualiCharge does.

use domain::engine::Outcome;
use domain::quality::session::{SessionFacts, overlaps};
use domain::{Policy, Span, Window};
use serde_json::Value;

use super::{CHARGE_POINT, VARIANTS, assert_period, end_of, log_of, parity};
use crate::build::{at, entry, session};
use crate::cases::{case, file, finals, integer, list, policy};
use crate::task::{Item, Task};

#[test]
fn g8_nine_session_records_of_which_three_are_flagged() {
    let file = file("sessions");
    let case = case(&file, "G8");
    let policy = policy(&file, &case["policy"]);
    for variant in VARIANTS.into_iter().filter(|variant| !variant.sends_twice) {
        let item = |value: &Value| {
            let time = |name: &str| at(integer(&value[name])) + variant.shift;
            Item::Session(session(
                CHARGE_POINT,
                (time("start_ms"), time("end_ms")),
                time("received_at_ms"),
                integer(&value["energy_wh"]),
            ))
        };
        let items = list(&case["sessions"]).iter().map(item).collect();
        let log = log_of(items, variant, end_of(&case["periods"]));
        let mut task = Task::new(&policy, variant.has_provisional, &log);
        task.put(&[entry(
            CHARGE_POINT,
            case["power_kw"].as_f64().unwrap(),
            at(0),
        )]);
        task.run();
        for period in list(&case["periods"]) {
            assert_period(&task, period, variant);
        }
        let copies = task
            .outcomes
            .iter()
            .filter(|&&each| each == Outcome::Duplicate);
        assert_eq!(copies.count(), 1);
        assert_flags(&task, &case, &policy, variant.shift);
    }
    assert_parity(&case);
}

/// Flags and copies, session by session. Hours hold more than one session: there the energies,
/// which differ, tell which one is flagged.
fn assert_flags(task: &Task<'_>, case: &Value, policy: &Policy, shift: Span) {
    let flags = list(&case["flags"]);
    let key = |value: &Value| (integer(&value["start_ms"]), integer(&value["end_ms"]));
    let energy_wh = |flag: &Value| {
        let mut records = list(&case["sessions"]).iter();
        let found = records.find(|session| key(session) == key(flag)).unwrap();
        integer(&found["energy_wh"])
    };
    let times: Vec<_> = flags.iter().map(key).collect();
    assert!(times.is_sorted(), "sorted by start and end");
    let power_w = domain::charge_point::whole_thousandths(case["power_kw"].as_f64().unwrap());
    for (flag, overlaps) in flags.iter().zip(overlaps(&times)) {
        let (start_ms, end_ms) = key(flag);
        let facts = SessionFacts {
            duration: Span::from_ms(end_ms - start_ms),
            energy_wh: energy_wh(flag),
            power_w,
        };
        let is_flagged = overlaps || facts.is_flagged(policy);
        assert_eq!(is_flagged, flag["flagged"].as_bool().unwrap());
    }
    let finals = finals(&task.outputs);
    for flag in flags {
        let window = Window::of(at(integer(&flag["start_ms"])));
        let in_window = |flag: &&Value| window.contains(at(integer(&flag["start_ms"])));
        let (mut flagged, mut flagged_wh, mut clean_wh, mut copies) = (0, 0, 0, 0);
        for flag in flags.iter().filter(in_window) {
            copies += integer(&flag["duplicates"]);
            if flag["flagged"] == true {
                flagged += 1;
                flagged_wh += energy_wh(flag);
            } else {
                clean_wh += energy_wh(flag);
            }
        }
        let vector = finals
            .get(&Window::of(window.start() + shift))
            .unwrap()
            .vector;
        assert_eq!(vector.flagged_sessions, flagged);
        assert_eq!(vector.flagged_energy_wh, flagged_wh);
        assert_eq!(vector.energy_wh, clean_wh);
        assert_eq!(vector.duplicate_sessions, copies);
    }
}

/// What QualiCharge itself computes of the same records: copies included, and its own flags.
fn assert_parity(case: &Value) {
    let records = parity::records(case);
    let expected = &case["qualicharge"];
    let thousandths =
        |name: &str| domain::charge_point::whole_thousandths(expected[name].as_f64().unwrap());
    assert_eq!(parity::u9_wh(&records), thousandths("u9_kwh"));
    assert_eq!(parity::u10(&records), integer(&expected["u10"]));
    assert_eq!(parity::u11(&records), integer(&expected["u11"]));
    assert_eq!(parity::u14_wh(&records), thousandths("u14_kwh"));
    let tirue_kwh = thousandths("tirue_mwh");
    assert_eq!(parity::tirue_wh(&records), tirue_kwh * 1_000);
}
