//! The worked cases as data: reading the files, and what a run of the engine says about them.

use std::collections::BTreeMap;

use domain::engine::Output;
use domain::indicator::{Phase, StationSweep, Vector};
use domain::{
    ChargePointIndicator, FailureEpisode, Occupancy, Policy, ServiceState, Span, StationIndicator,
    Timestamp, Window,
};
use serde_json::Value;

use crate::build::{at, payload, status};
use crate::task::Item;

/// Reads a file of cases.
pub(crate) fn file(name: &str) -> Value {
    let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The case of that id in a file.
pub(crate) fn case(file: &Value, id: &str) -> Value {
    let cases = list(&file["cases"]);
    let found = cases.iter().find(|case| case["id"] == id);
    found.unwrap_or_else(|| panic!("no case {id}")).clone()
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn integer(value: &Value) -> i64 {
    value
        .as_i64()
        .unwrap_or_else(|| panic!("{value} is no integer"))
}

/// The policy of that id in a file: the parameters given, and the default of all others.
pub(crate) fn policy(file: &Value, id: &Value) -> Policy {
    let all = list(&file["policies"]);
    let given = all.iter().find(|policy| &policy["id"] == id).unwrap();
    serde_json::from_value(given.clone()).unwrap()
}

/// The statuses of a list as records of one charge point, all times moved by `shift`.
pub(crate) fn statuses(charge_point: &str, values: &Value, shift: Span) -> Vec<Item> {
    let service = |text: &Value| {
        let all = ServiceState::ALL.into_iter();
        all.into_iter()
            .find(|state| text == state.symbol())
            .unwrap()
    };
    let occupancy = |text: &Value| {
        let all = Occupancy::ALL.into_iter();
        all.into_iter()
            .find(|state| text == state.symbol())
            .unwrap()
    };
    let item = |value: &Value| {
        Item::Status(status(
            charge_point,
            at(integer(&value["event_time_ms"])) + shift,
            at(integer(&value["received_at_ms"])) + shift,
            payload(
                service(&value["etat_pdc"]),
                occupancy(&value["occupation_pdc"]),
            ),
        ))
    };
    list(values).iter().map(item).collect()
}

/// Orders records as they enter the log: by reception, listing order on a tie.
pub(crate) fn in_log_order(mut items: Vec<Item>) -> Vec<Item> {
    items.sort_by_key(Item::received_at);
    items
}

/// A vector of which only the fields that are not zero are listed.
pub(crate) fn vector(value: &Value) -> Vector {
    let fields = value.as_object().unwrap();
    for name in fields.keys() {
        assert!(
            Vector::NAMES.contains(&name.as_str()),
            "unknown field {name}"
        );
    }
    Vector::from_array(Vector::NAMES.map(|name| fields.get(name).map_or(0, integer)))
}

/// A sweep of which only the fields that are not zero are listed, in one or two objects.
pub(crate) fn sweep(values: &[&Value]) -> StationSweep {
    let field = |name: &str| values.iter().find_map(|value| value.get(name));
    StationSweep::from_array(StationSweep::NAMES.map(|name| field(name).map_or(0, integer)))
}

pub(crate) fn charge_points(outputs: &[Output]) -> impl Iterator<Item = &ChargePointIndicator> {
    outputs.iter().filter_map(|output| match output {
        Output::ChargePoint(record) => Some(record),
        Output::Station(_) | Output::Episode(_) => None,
    })
}

pub(crate) fn stations(outputs: &[Output]) -> impl Iterator<Item = &StationIndicator> {
    outputs.iter().filter_map(|output| match output {
        Output::Station(record) => Some(record),
        Output::ChargePoint(_) | Output::Episode(_) => None,
    })
}

/// The final record of each hour of the one charge point.
pub(crate) fn finals(outputs: &[Output]) -> BTreeMap<Window, ChargePointIndicator> {
    charge_points(outputs)
        .filter(|record| record.emission.phase == Phase::Final)
        .map(|record| (record.window, record.clone()))
        .collect()
}

/// The last revision of each episode that stands, by opening; of the station or of charge points.
pub(crate) fn episodes(outputs: &[Output], of_station: bool) -> Vec<FailureEpisode> {
    let mut last = BTreeMap::new();
    for output in outputs {
        if let Output::Episode(episode) = output
            && episode.charge_point_id.is_none() == of_station
        {
            last.insert(episode.opened_at, episode.clone());
        }
    }
    last.retain(|_, episode| episode.outcome != domain::EpisodeOutcome::Retracted);
    last.into_values().collect()
}

/// Compares episodes with the listed ones, all instants of which are moved by `shift`.
pub(crate) fn assert_episodes(found: &[FailureEpisode], expected: &Value, shift: Span) {
    let instant = |value: &Value| value.as_i64().map(|ms| at(ms) + shift);
    let expected = list(expected);
    assert_eq!(found.len(), expected.len(), "episodes: {found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        let end = found.end;
        assert_eq!(Some(found.opened_at), instant(&expected["opened_at_ms"]));
        assert_eq!(found.outcome.symbol(), expected["outcome"]);
        assert_eq!(
            end.map(|end| end.closed_at),
            instant(&expected["closed_at_ms"])
        );
        assert_eq!(found.flags.left_censored, expected["left_censored"]);
        assert_eq!(found.flags.onset_uncertain, expected["onset_uncertain"]);
        assert_eq!(found.flags.unknown_inside, expected["unknown_inside"]);
        let share = |name: &str| expected[name].as_i64();
        assert_eq!(
            end.map(|end| end.time_to_return_ms),
            share("time_to_return_ms")
        );
        assert_eq!(
            end.map(|end| end.out_of_service_ms),
            share("out_of_service_ms")
        );
        assert_eq!(end.map(|end| end.unknown_ms), share("unknown_ms"));
    }
}

/// The hours of `[start_ms, end_ms)` of a period, moved by `shift`.
pub(crate) fn hours(period: &Value, shift: Span) -> impl Iterator<Item = Window> {
    let end: Timestamp = at(integer(&period["end_ms"])) + shift;
    let first = Window::of(at(integer(&period["start_ms"])) + shift);
    std::iter::successors(Some(first), |window| Some(window.next()))
        .take_while(move |window| window.start() < end)
}

/// Compares derived values with the listed ones, to 5e-7.
pub(crate) fn assert_derived(found: &BTreeMap<&str, Option<f64>>, expected: &Value) {
    for (name, expected) in expected.as_object().unwrap() {
        let found = found.get(name.as_str());
        let found = *found.unwrap_or_else(|| panic!("{name} is not derived"));
        match (found, expected.as_f64()) {
            (None, None) => {}
            (Some(found), Some(expected)) if (found - expected).abs() <= 5e-7 => {}
            _ => panic!("{name}: found {found:?}, expected {expected}"),
        }
    }
}
