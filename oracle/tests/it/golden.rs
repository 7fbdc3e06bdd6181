//! The worked cases G1 to G8, G10 and G14: the oracle must reproduce every number.

use domain::indicator::{FailureGauges, StationSweep, Vector};
use domain::status::StatusPayload;
use domain::{ChargePointId, Occupancy, Policy, ServiceState, Span, StationId, Timestamp, Window};
use oracle::{
    Account, ChargePointHour, ChargePointLog, Entry, Episode, SessionRecord, StationAccount,
    StatusRecord,
};
use serde_json::Value;

const CHARGE_POINTS: &str = include_str!("../../../domain/tests/golden/charge_points.json");
const CALENDAR_DAYS: &str = include_str!("../../../domain/tests/golden/calendar_days.json");
const LATE_STATUSES: &str = include_str!("../../../domain/tests/golden/late_statuses.json");
const STATIONS: &str = include_str!("../../../domain/tests/golden/stations.json");
const SESSIONS: &str = include_str!("../../../domain/tests/golden/sessions.json");

/// A cut after everything that a case holds.
const END_OF_TIME: i64 = i64::MAX / 4;

fn cases(file: &str) -> Vec<(Policy, Value)> {
    let file: Value = serde_json::from_str(file).unwrap();
    let cases = file["cases"].as_array().unwrap().iter();
    let known = cases.filter(|case| case.get("requires").is_none());
    known
        .map(|case| (policy(&file, &case["policy"]), case.clone()))
        .collect()
}

/// The named policy of the file; only the parameters that differ between its policies are read.
fn policy(file: &Value, id: &Value) -> Policy {
    let parameters = file["policies"]
        .as_array()
        .unwrap()
        .iter()
        .find(|policy| policy["id"] == *id)
        .unwrap();
    Policy {
        stale_after: Span::from_ms(int(&parameters["stale_after_ms"])),
        inactive_after: Span::from_ms(int(&parameters["inactive_after_ms"])),
        unknown_grace: Span::from_ms(int(&parameters["unknown_grace_ms"])),
        ..Policy::qc_1()
    }
}

fn int(value: &Value) -> i64 {
    value
        .as_i64()
        .unwrap_or_else(|| panic!("{value} is not an integer"))
}

fn instant(value: &Value) -> Timestamp {
    Timestamp::from_ms(int(value))
}

fn status(value: &Value) -> StatusRecord {
    let state = |symbol: &Value| {
        ServiceState::ALL
            .into_iter()
            .find(|state| state.symbol() == symbol)
            .unwrap()
    };
    let occupancy = |symbol: &Value| {
        Occupancy::ALL
            .into_iter()
            .find(|state| state.symbol() == symbol)
            .unwrap()
    };
    StatusRecord {
        event_time: instant(&value["event_time_ms"]),
        received_at: instant(&value["received_at_ms"]),
        stamp: instant(&value["received_at_ms"]),
        offset: 0,
        payload: StatusPayload {
            service_state: state(&value["etat_pdc"]),
            occupancy: occupancy(&value["occupation_pdc"]),
            connector_type_2: None,
            connector_ccs: None,
            connector_chademo: None,
            connector_ef: None,
        },
    }
}

/// The log of one charge point: its statuses by reception, ties as listed.
fn log(id: &str, power_w: i64, statuses: &Value) -> ChargePointLog {
    let listed = statuses.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut statuses: Vec<StatusRecord> = listed.iter().map(status).collect();
    for (offset, status) in (0..).zip(&mut statuses) {
        status.offset = offset;
    }
    statuses.sort_by_key(|status| status.received_at);
    ChargePointLog {
        charge_point_id: ChargePointId::parse(id).unwrap(),
        station_id: StationId::parse("S").unwrap(),
        entry: Entry::unchanging(power_w),
        statuses,
        sessions: Vec::new(),
    }
}

fn windows(start: Timestamp, end: Timestamp) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut window = Window::of(start);
    while window.start() < end {
        windows.push(window);
        window = window.next();
    }
    windows
}

/// The hours of a period that have a record, and their vectors summed; an hour without a record is
/// wholly inactive.
fn period(
    account: &Account,
    start: Timestamp,
    end: Timestamp,
    policy: &Policy,
) -> (Vector, Vec<ChargePointHour>) {
    let mut sum = Vector::default();
    let mut hours = Vec::new();
    for window in windows(start, end) {
        if window < account.first_window {
            sum.inactive_ms += Window::LENGTH.as_ms();
        } else {
            let hour = account.hour(window, policy);
            assert_eq!(
                hour.vector.covered_ms(),
                Window::LENGTH.as_ms(),
                "the nine states of {window:?}"
            );
            sum.merge(&hour.vector);
            hours.push(hour);
        }
    }
    (sum, hours)
}

/// The fields that are not zero, by name: what a golden case lists.
fn listed(names: &[&str], values: &[i64]) -> Value {
    let fields = names.iter().zip(values).filter(|(_, value)| **value != 0);
    fields
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn vector(vector: &Vector) -> Value {
    listed(&Vector::NAMES, &vector.to_array())
}

fn at_end(state: &str, gauges: FailureGauges) -> Value {
    serde_json::json!({
        "state_at_end": state,
        "open_failures_at_end": gauges.open_failures_at_end,
        "oldest_open_failure_ms": gauges.oldest_open_failure_ms,
    })
}

fn episode(episode: &Episode) -> Value {
    serde_json::json!({
        "opened_at_ms": episode.opened_at.as_ms(),
        "closed_at_ms": episode.end.map(|end| end.closed_at.as_ms()),
        "outcome": episode.outcome.symbol(),
        "left_censored": episode.flags.left_censored,
        "onset_uncertain": episode.flags.onset_uncertain,
        "unknown_inside": episode.flags.unknown_inside,
        "time_to_return_ms": episode.end.map(|end| end.time_to_return_ms),
        "out_of_service_ms": episode.end.map(|end| end.out_of_service_ms),
        "unknown_ms": episode.end.map(|end| end.unknown_ms),
    })
}

fn episodes(found: &[Episode]) -> Value {
    found.iter().map(episode).collect::<Vec<_>>().into()
}

fn check_charge_point(policy: &Policy, case: &Value) {
    let id = case["id"].as_str().unwrap();
    let log = log(id, 22_000, &case["statuses"]);
    for expected in case["periods"].as_array().unwrap() {
        let (start, end) = (instant(&expected["start_ms"]), instant(&expected["end_ms"]));
        let cut = expected
            .get("as_of_received_ms")
            .map_or(END_OF_TIME, |last| int(last) + 1);
        let account = Account::at(&log, Timestamp::from_ms(cut), end, policy).unwrap();
        let (sum, hours) = period(&account, start, end, policy);
        assert_eq!(vector(&sum), expected["vector"], "{id} from {start:?}");
        let last = hours.last().unwrap();
        assert_eq!(
            at_end(last.state_at_end.symbol(), last.gauges),
            expected["at_end"],
            "{id} from {start:?}"
        );
    }
    let last_end = case["periods"]
        .as_array()
        .unwrap()
        .iter()
        .map(|period| instant(&period["end_ms"]))
        .max()
        .unwrap();
    let account = Account::at(&log, Timestamp::from_ms(END_OF_TIME), last_end, policy).unwrap();
    assert_eq!(episodes(&account.episodes), case["episodes"], "{id}");
    let received = serde_json::json!({
        "records": log.statuses.len(),
        "statuses": account.statuses.len(),
        "duplicate_statuses": account.statuses.iter().map(|status| status.duplicates).sum::<i64>(),
        "conflicting_statuses": account.statuses.iter().map(|status| status.conflicts).sum::<i64>(),
        "inconsistent_statuses": account.statuses.iter().filter(|status| status.is_inconsistent()).count(),
    });
    assert_eq!(received, case["received"], "{id}");
}

#[test]
fn every_charge_point_of_the_worked_cases_is_reproduced() {
    let cases = cases(CHARGE_POINTS);
    assert_eq!(
        cases.len(),
        13,
        "G1 to G4, three of G6, G7, G9-open and four of G14"
    );
    for (policy, case) in &cases {
        check_charge_point(policy, case);
    }
}

#[test]
fn every_day_with_a_clock_change_is_reproduced() {
    let cases = cases(CALENDAR_DAYS);
    assert_eq!(cases.len(), 2);
    for (policy, case) in &cases {
        check_charge_point(policy, case);
    }
}

#[test]
fn a_late_status_changes_what_the_next_cut_sees() {
    for (policy, case) in &cases(LATE_STATUSES) {
        let late = case["late_statuses"].as_array().unwrap();
        let all: Vec<Value> = [case["statuses"].as_array().unwrap().clone(), late.clone()].concat();
        let log = log("G5", 22_000, &all.into());
        let arrivals = std::iter::once(instant(&late[0]["received_at_ms"])).chain(
            late.iter()
                .map(|status| instant(&status["received_at_ms"]) + policy.cut_every),
        );
        for (step, cut) in case["steps"].as_array().unwrap().iter().zip(arrivals) {
            let account = Account::at(&log, cut, cut, policy).unwrap();
            for window in step["windows"].as_array().unwrap() {
                let hour = account.hour(Window::of(instant(&window["start_ms"])), policy);
                assert_eq!(
                    vector(&hour.vector),
                    window["vector"],
                    "{} {}",
                    step["after"],
                    window["start_ms"]
                );
                assert_eq!(
                    at_end(hour.state_at_end.symbol(), hour.gauges),
                    window["at_end"]
                );
            }
            assert_eq!(
                episodes(&account.episodes),
                step["episodes"],
                "{}",
                step["after"]
            );
        }
    }
}

#[test]
fn the_station_of_three_is_reproduced() {
    for (policy, case) in &cases(STATIONS) {
        let cut = Timestamp::from_ms(END_OF_TIME);
        let period_of_case = &case["periods"][0];
        let (start, end) = (
            instant(&period_of_case["start_ms"]),
            instant(&period_of_case["end_ms"]),
        );
        let logs = case["charge_points"].as_array().unwrap().iter();
        let accounts: Vec<Account> = logs
            .map(|point| {
                log(
                    point["id"].as_str().unwrap(),
                    int(&point["power_kw"]) * 1000,
                    &point["statuses"],
                )
            })
            .map(|log| Account::at(&log, cut, end, policy).unwrap())
            .collect();
        let station = StationAccount::of(&accounts);
        assert_eq!(episodes(&station.episodes), case["episodes"]);

        let (mut sweep_sum, mut vector_sum) = (StationSweep::default(), Vector::default());
        for (window, expected) in windows(start, end)
            .into_iter()
            .zip(case["station_by_hour"].as_array().unwrap())
        {
            let hours: Vec<_> = accounts
                .iter()
                .map(|account| account.hour(window, policy))
                .collect();
            let hour = station.hour(window, &hours, policy);
            let swept = &hour.sweep.to_array()[..11];
            assert_eq!(
                listed(&StationSweep::NAMES[..11], swept),
                *expected,
                "{window:?}"
            );
            assert_eq!(hour.charge_points, int(&period_of_case["charge_points"]));
            sweep_sum.merge(&hour.sweep);
            vector_sum.merge(&hour.vector);
        }
        assert_eq!(vector(&vector_sum), period_of_case["vector"]);
        let sweep_sum = sweep_sum.to_array();
        assert_eq!(
            listed(&StationSweep::NAMES[..11], &sweep_sum[..11]),
            period_of_case["station"]
        );
        assert_eq!(
            listed(&StationSweep::NAMES[11..], &sweep_sum[11..]),
            period_of_case["power"]
        );
    }
}

#[test]
fn the_sessions_and_their_flags_are_reproduced() {
    for (policy, case) in &cases(SESSIONS) {
        let sessions = case["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|session| SessionRecord {
                start: instant(&session["start_ms"]),
                end: instant(&session["end_ms"]),
                energy_wh: int(&session["energy_wh"]),
                received_at: instant(&session["received_at_ms"]),
                stamp: instant(&session["received_at_ms"]),
                offset: 0,
            });
        let mut log = log("G8", 50_000, &Value::Null);
        log.sessions = sessions.collect();
        for (offset, session) in (0..).zip(&mut log.sessions) {
            session.offset = offset;
        }
        let expected = &case["periods"][0];
        let end = instant(&expected["end_ms"]);
        let account = Account::at(&log, Timestamp::from_ms(END_OF_TIME), end, policy).unwrap();
        let (sum, _) = period(&account, instant(&expected["start_ms"]), end, policy);
        assert_eq!(vector(&sum), expected["vector"]);
        let flags = account.sessions.iter().map(|session| {
            serde_json::json!({
                "start_ms": session.start.as_ms(),
                "end_ms": session.end.as_ms(),
                "flagged": session.is_flagged,
                "duplicates": session.duplicates,
            })
        });
        assert_eq!(Value::from(flags.collect::<Vec<_>>()), case["flags"]);
    }
}
