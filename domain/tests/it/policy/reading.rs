//! Reading and writing a policy, and what is refused.

use domain::Policy;
use serde_json::{Value, json};

use super::{HOUR_MS, read, second};

#[test]
fn a_policy_is_written_and_read_back() {
    for policy in [Policy::qc_1(), read(second()).unwrap()] {
        let written = serde_json::to_value(&policy).unwrap();
        assert_eq!(written.as_object().unwrap().len(), 18);
        assert_eq!(read(written).unwrap(), policy);
    }
    assert_eq!(read(json!({"id": "qc-1"})).unwrap(), Policy::qc_1());
}

/// Ids, names, types and steps that are refused, and how the refusal begins.
fn refused_forms() -> Vec<(Value, &'static str)> {
    vec![
        (
            json!({"id": ""}),
            "policy id \"\" is not made of 1 to 40 of a-z, 0-9 and '-': choose one that is",
        ),
        (json!({"id": "a|b"}), "policy id \"a|b\" is not made of"),
        (
            json!({"cut_every_ms": 420_000}),
            "policy x: one hour is 3600000, expected a multiple of cut_every_ms = 420000",
        ),
        (
            json!({"close_grace_ms": 400_000}),
            "policy x: close_grace_ms is 400000, expected a multiple of cut_every_ms = 300000",
        ),
        (
            json!({"late_limit_ms": 90_000_001}),
            "policy x: late_limit_ms is 90000001, expected a multiple",
        ),
        (
            json!({"cut_every_ms": 0}),
            "policy x: cut_every_ms is 0, expected 1 to 3600000",
        ),
        (json!({"grace_ms": 0}), "unknown field `grace_ms`"),
        (
            json!({"stale_after_ms": 0.5}),
            "invalid type: floating point",
        ),
    ]
}

/// Values out of their range.
fn refused_ranges() -> Vec<(Value, &'static str)> {
    vec![
        (
            json!({"stale_after_ms": 0}),
            "policy x: stale_after_ms is 0, expected 1 to",
        ),
        (
            json!({"unknown_grace_ms": -1}),
            "policy x: unknown_grace_ms is -1, expected 0 to",
        ),
        (
            json!({"fresh_limit_ms": i64::MAX}),
            "policy x: fresh_limit_ms is 9223372036854775807, expected 0 to",
        ),
        (
            json!({"success_energy_wh": -1}),
            "policy x: success_energy_wh is -1, expected 0 to 1000000",
        ),
        (
            json!({"abnormal_energy_percent": 0}),
            "policy x: abnormal_energy_percent is 0, expected 1 to 1000",
        ),
        (
            json!({"overloaded_percent": 101}),
            "policy x: overloaded_percent is 101, expected 0 to 100",
        ),
        (
            json!({"coverage_floor_percent": -1}),
            "policy x: coverage_floor_percent is -1, expected 0 to 100",
        ),
    ]
}

/// Values on the wrong side of another.
fn refused_orders() -> Vec<(Value, &'static str)> {
    vec![
        (
            json!({"late_limit_ms": 600_000}),
            "policy x: late_limit_ms is 600000, expected more than close_grace_ms = 600000",
        ),
        (
            json!({"inactive_after_ms": HOUR_MS}),
            "policy x: inactive_after_ms is 3600000, expected more than stale_after_ms = 604800000",
        ),
        (
            json!({"success_long_ms": 120_000}),
            "policy x: success_long_ms is 120000, expected more than success_short_ms = 120000",
        ),
        (
            json!({"recovery_classes_ms": [2, 2, 3]}),
            "policy x: recovery_classes_ms is 2, expected more than recovery_classes_ms = 2",
        ),
        (
            json!({"recovery_classes_ms": [1, 3, 2]}),
            "policy x: recovery_classes_ms is 2, expected more than recovery_classes_ms = 3",
        ),
        (
            json!({"saturated_percent": 20}),
            "policy x: overloaded_percent is 20, expected more than saturated_percent = 20",
        ),
    ]
}

#[test]
fn a_policy_that_makes_no_sense_is_refused_with_value_and_remedy() {
    let all = [refused_forms(), refused_ranges(), refused_orders()].concat();
    for (change, expected) in all {
        let mut given = json!({"id": "x"});
        let fields = change.as_object().unwrap().clone();
        given.as_object_mut().unwrap().extend(fields);
        let error = read(given).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn a_set_that_calls_itself_the_default_and_differs_is_refused() {
    for (parameter, value) in second().as_object().unwrap() {
        if parameter == "id" {
            continue;
        }
        let error = read(json!({"id": "qc-1", parameter: value})).unwrap_err();
        let expected = format!(
            "policy qc-1 is fixed, and {parameter} differs from it: give this set another id"
        );
        assert_eq!(error.to_string(), expected);
    }
}
