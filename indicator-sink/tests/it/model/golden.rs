//! The worked cases through the engine, the rows of the sink and the views: sums of hours, whole
//! days of Europe/Paris, and derived figures.

use domain::calendar::{Grain, Period};
use domain::engine::{Arrival, DirectoryChange, Outcome, Output};
use domain::indicator::{StationSweep, Vector};
use domain::status::StatusPayload;
use domain::{
    Admission, ChargePoint, ChargePointId, ChargePointStatus, Engine, EventInput, Occupancy,
    Policy, RequestId, ServiceState, Span, StationId, TaskClock, Timestamp, TimestampMicros,
};
use indicator_sink::literal;
use indicator_sink::topic::Topic;
use indicator_sink::writer::{Part, RowWriter as _};
use serde_json::Value;

use super::world::{ROLLUPS, World, hour};
use crate::records;

fn file(name: &str) -> Value {
    let path = format!(
        "{}/../domain/tests/golden/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn at(value: &Value) -> Timestamp {
    Timestamp::from_ms(value.as_i64().unwrap())
}

/// A status of a case as the gateway would have written it.
fn status(id: &str, station: &str, shift: Span, value: &Value) -> ChargePointStatus {
    let charge_point_id = ChargePointId::parse(id).unwrap();
    let payload = StatusPayload {
        service_state: ServiceState::ALL
            .into_iter()
            .find(|one| value["etat_pdc"] == one.symbol())
            .unwrap(),
        occupancy: Occupancy::ALL
            .into_iter()
            .find(|one| value["occupation_pdc"] == one.symbol())
            .unwrap(),
        connector_type_2: None,
        connector_ccs: None,
        connector_chademo: None,
        connector_ef: None,
    };
    let event_time = at(&value["event_time_ms"]) + shift;
    ChargePointStatus {
        event_id: ChargePointStatus::id_of(&charge_point_id, event_time, &payload),
        charge_point_id,
        station_id: StationId::parse(station).unwrap(),
        event_time: TimestampMicros::from(event_time),
        received_at: at(&value["received_at_ms"]) + shift,
        payload,
        request_id: RequestId(uuid::Uuid::nil()),
        submitted_by: "tester".into(),
    }
}

/// A directory entry of a case.
fn entry(id: &str, station: &str, power_kw: f64, since: Timestamp) -> ChargePoint {
    let mut entry = records::charge_point();
    entry.irve.id_pdc_itinerance = ChargePointId::parse(id).unwrap();
    entry.irve.id_station_itinerance = StationId::parse(station).unwrap();
    entry.irve.puissance_nominale = power_kw;
    (entry.created_at, entry.updated_at, entry.deleted_at) = (since, since, None);
    entry
}

/// Runs the engine over a directory and statuses, with a tick in both inputs every five minutes, until the last
/// window before `until` is final.
fn outputs(
    policy: &Policy,
    directory: &[ChargePoint],
    mut statuses: Vec<ChargePointStatus>,
    until: Timestamp,
) -> Vec<Output> {
    statuses.sort_by_key(|status| status.received_at);
    let mut engine = Engine::new(policy.clone(), false);
    for entry in directory {
        engine.observe_charge_point(DirectoryChange::Put(entry));
    }
    let mut clock = TaskClock::new(policy.cut_every);
    let mut outputs = Vec::new();
    let mut next = statuses.iter().zip(0..).peekable();
    let mut tick = statuses[0].received_at.floor(Span::from_hours(1));
    let end = until + Span::from_hours(25);
    while tick <= end {
        let inputs = [EventInput::Status, EventInput::Session];
        let held = inputs.map(|input| matches!(clock.offer(input, tick), Admission::Hold));
        while let Some(cut) = clock.due_cut() {
            engine.take_cut(cut, &mut |output| outputs.push(output));
            clock.cut_taken();
        }
        for (input, _) in inputs.into_iter().zip(held).filter(|(_, held)| *held) {
            assert!(matches!(clock.offer(input, tick), Admission::Apply { .. }));
        }
        let after = tick + Span::from_minutes(5);
        while let Some((status, offset)) = next.next_if(|(status, _)| status.received_at < after) {
            let Admission::Apply { stamp } = clock.offer(EventInput::Status, status.received_at)
            else {
                panic!("held between two cuts");
            };
            let outcome = engine.observe_status(status, Arrival { stamp, offset });
            assert!(!matches!(
                outcome,
                Outcome::TooLate { .. } | Outcome::FromTheFuture { .. }
            ));
        }
        tick = after;
    }
    outputs
}

/// Writes them as the sink does; `case` gives the ranges of each case offsets of their own.
async fn write(world: &World, case: usize, outputs: &[Output]) {
    let first = i64::try_from(case).unwrap() * 1_000_000;
    let of = |topic: Topic| -> Vec<Vec<u8>> {
        let values = outputs.iter().filter_map(|output| match (output, topic) {
            (Output::ChargePoint(record), Topic::ChargePointIndicator) => {
                Some(records::value(record))
            }
            (Output::Station(record), Topic::StationIndicator) => Some(records::value(record)),
            (Output::Episode(record), Topic::FailureEpisode) => Some(records::value(record)),
            _ => None,
        });
        values.collect()
    };
    for topic in [
        Topic::ChargePointIndicator,
        Topic::StationIndicator,
        Topic::FailureEpisode,
    ] {
        let messages: Vec<_> = (first..)
            .zip(of(topic))
            .map(|(offset, value)| records::message(topic, offset, Some(value)))
            .collect();
        if messages.is_empty() {
            continue;
        }
        let range = records::range(topic, &messages);
        let part = Part {
            range: &range,
            from: range.from,
            to: range.to,
        };
        world.database().writer().write(part).await.unwrap();
    }
}

/// The sums of `names` in a view over a period, as text.
async fn sums(
    world: &World,
    view: &str,
    names: &[&str],
    (key, id): (&str, &str),
    period: &Value,
) -> Vec<i64> {
    let columns: Vec<String> = names.iter().map(|name| format!("sum({name})")).collect();
    let bounds = (
        hour(period["start_ms"].as_i64().unwrap()),
        hour(period["end_ms"].as_i64().unwrap()),
    );
    let query = format!(
        "SELECT [{}] FROM {view} WHERE {key} = '{id}' AND window_start >= '{}' AND window_start < '{}'",
        columns.join(", "),
        bounds.0,
        bounds.1
    );
    let sums = world
        .client()
        .query_raw(&query)
        .fetch_one::<Vec<u64>>()
        .await
        .unwrap();
    sums.into_iter()
        .map(|sum| i64::try_from(sum).unwrap())
        .collect()
}

fn expected(names: &[&str], values: &[&Value]) -> Vec<i64> {
    let field = |name: &&str| {
        values
            .iter()
            .find_map(|value| value.get(*name))
            .map_or(0, |value| value.as_i64().unwrap())
    };
    names.iter().map(field).collect()
}

/// A case and where it is put.
struct Placed<'a> {
    number: usize,
    unit: String,
    case: &'a Value,
    policy: Policy,
    shift: Span,
}

/// Days of UTC become days of Paris when all is moved by an hour, which changes instants only.
fn placed<'a>(name: &str, file: &'a Value) -> Vec<Placed<'a>> {
    let (letter, shift, first) = match name {
        "charge_points" => ('P', Span::from_hours(-1), 0),
        _ => ('D', Span::ZERO, 50),
    };
    let running = list(&file["cases"])
        .iter()
        .filter(|case| case.get("requires").is_none());
    let place = |(number, case): (usize, &'a Value)| {
        let policy = list(&file["policies"])
            .iter()
            .find(|policy| policy["id"] == case["policy"]);
        Placed {
            number: first + number,
            unit: format!("FR{letter}{number:02}"),
            case,
            policy: serde_json::from_value(policy.unwrap().clone()).unwrap(),
            shift,
        }
    };
    running.enumerate().map(place).collect()
}

/// The periods of a case that its whole log decides, moved.
fn periods(placed: &Placed<'_>) -> Vec<Value> {
    let whole = list(&placed.case["periods"])
        .iter()
        .filter(|period| period.get("as_of_received_ms").is_none());
    let moved = |period: &Value| {
        let mut period = period.clone();
        for name in ["start_ms", "end_ms"] {
            period[name] = (at(&period[name]) + placed.shift).as_ms().into();
        }
        period
    };
    whole.map(moved).collect()
}

#[tokio::test]
async fn charge_points_and_units_show_the_vectors_of_the_worked_cases() {
    let world = World::new().await;
    let files = ["charge_points", "calendar_days"].map(|name| (name, file(name)));
    let all: Vec<Placed<'_>> = files
        .iter()
        .flat_map(|(name, file)| placed(name, file))
        .collect();
    for one in &all {
        let (id, station) = (format!("{}E1", one.unit), format!("{}P1", one.unit));
        let statuses = list(&one.case["statuses"])
            .iter()
            .map(|value| status(&id, &station, one.shift, value))
            .collect();
        let until = periods(one)
            .iter()
            .map(|period| at(&period["end_ms"]))
            .max()
            .unwrap();
        let outputs = outputs(&one.policy, &[], statuses, until);
        write(&world, one.number, &outputs).await;
    }
    world.refresh(&ROLLUPS).await;
    let names: Vec<&str> = Vector::NAMES[..23]
        .iter()
        .copied()
        .filter(|name| *name != "inactive_ms")
        .collect();
    let (mut hours, mut days) = (0, 0);
    for one in &all {
        for period in &periods(one) {
            let context = format!("{} {}", one.unit, one.case["id"]);
            let point = ("charge_point_id", format!("{}E1", one.unit));
            let found = sums(
                &world,
                "v_charge_point_hour",
                &names,
                (point.0, &point.1),
                period,
            )
            .await;
            if one.policy.id != "qc-1" {
                assert!(
                    found.iter().all(|sum| *sum == 0),
                    "{context}: another policy shows"
                );
                continue;
            }
            assert_eq!(found, expected(&names, &[&period["vector"]]), "{context}");
            hours += 1;
            let rows = format!("v_unit_day WHERE operational_unit = '{}'", one.unit);
            days += assert_day(&world, &rows, period, &context).await;
        }
    }
    assert!(hours >= 12 && days >= 10, "{hours} periods, {days} days");
    assert_eq!(world.value("SELECT count() FROM v_conservation").await, "0");
    assert_eq!(
        world.value("SELECT count() FROM v_rollup_mismatch").await,
        "0"
    );
}

/// A period that is a day of Europe/Paris, in the rows of a view of days, with the figures that it
/// derives.
async fn assert_day(world: &World, rows: &str, period: &Value, context: &str) -> usize {
    let day = Period::of(Grain::Day, at(&period["start_ms"]));
    if (day.start(), day.end()) != (at(&period["start_ms"]), at(&period["end_ms"])) {
        return 0;
    }
    let names: Vec<&str> = Vector::NAMES[..23]
        .iter()
        .copied()
        .filter(|name| *name != "inactive_ms")
        .collect();
    let date = literal::date(day.first());
    let of_day = format!("FROM {rows} AND day = '{date}'");
    let query = format!("SELECT [{}] {of_day}", names.join(", "));
    let found = world
        .client()
        .query_raw(&query)
        .fetch_one::<Vec<u64>>()
        .await
        .unwrap();
    let found: Vec<i64> = found.into_iter().map(u64::cast_signed).collect();
    assert_eq!(found, expected(&names, &[&period["vector"]]), "{context}");
    for (name, expected) in period["derived"].as_object().into_iter().flatten() {
        let query = format!("SELECT {name} {of_day}");
        let found = world
            .client()
            .query_raw(&query)
            .fetch_one::<Option<f64>>()
            .await
            .unwrap();
        match (found, expected.as_f64()) {
            (Some(found), Some(expected)) => {
                assert!((found - expected).abs() < 5e-7, "{context} {name}: {found}");
            }
            (found, expected) => assert_eq!(found, expected, "{context} {name}"),
        }
    }
    1
}

#[tokio::test]
async fn a_station_of_three_shows_its_sweep_its_power_and_the_sums_of_its_charge_points() {
    let world = World::new().await;
    let file = file("stations");
    let case = &list(&file["cases"])[0];
    let policy: Policy = serde_json::from_value(list(&file["policies"])[0].clone()).unwrap();
    // The day of UTC becomes one of Paris.
    let shift = Span::from_hours(-1);
    let mut period = list(&case["periods"])[0].clone();
    for name in ["start_ms", "end_ms"] {
        period[name] = (at(&period[name]) + shift).as_ms().into();
    }
    let id_of = |value: &Value| format!("FRTSTE{}", value["id"].as_str().unwrap());
    let points = list(&case["charge_points"]);
    let of_point = |value: &Value| -> Vec<ChargePointStatus> {
        let statuses = list(&value["statuses"]).iter();
        statuses
            .map(|one| status(&id_of(value), "FRTSTPTEST", shift, one))
            .collect()
    };
    let since = at(&period["start_ms"]) + Span::from_hours(-24);
    let directory: Vec<ChargePoint> = points
        .iter()
        .map(|value| {
            let power_kw = value["power_kw"].as_f64().unwrap();
            entry(&id_of(value), "FRTSTPTEST", power_kw, since)
        })
        .collect();
    let statuses = points.iter().flat_map(of_point).collect();
    let outputs = outputs(&policy, &directory, statuses, at(&period["end_ms"]));
    write(&world, 0, &outputs).await;
    world.refresh(&ROLLUPS).await;
    let sweep = StationSweep::NAMES;
    let core = &Vector::NAMES[..23];
    let (of_sweep, of_core) = (
        expected(&sweep, &[&period["station"], &period["power"]]),
        expected(core, &[&period["vector"]]),
    );
    assert!(
        of_sweep.iter().filter(|value| **value > 0).count() > 9,
        "{of_sweep:?}"
    );
    for (view, key) in [
        ("v_station_hour", ("station_id", "FRTSTPTEST")),
        ("v_unit_hour", ("operational_unit", "FRTST")),
        ("v_territory_hour", ("level", "country")),
    ] {
        assert_eq!(
            sums(&world, view, &sweep, key, &period).await,
            of_sweep,
            "{view}"
        );
        assert_eq!(
            sums(&world, view, core, key, &period).await,
            of_core,
            "{view}"
        );
    }
    // Among the derived figures is the availability weighted by power.
    assert!(period["derived"]["availability_power"].is_f64());
    for rows in [
        "v_unit_day WHERE operational_unit = 'FRTST'",
        "v_territory_day WHERE level = 'country'",
        "v_territory_day WHERE level = 'epci'",
    ] {
        assert_eq!(assert_day(&world, rows, &period, rows).await, 1);
    }
    let by_hour = list(&case["station_by_hour"]);
    assert_eq!(by_hour.len(), 24);
    let times: Vec<&str> = sweep
        .into_iter()
        .filter(|name| !name.ends_with("_kwms"))
        .collect();
    let station = ("station_id", "FRTSTPTEST");
    for (number, expected_hour) in by_hour.iter().enumerate() {
        let start =
            period["start_ms"].as_i64().unwrap() + i64::try_from(number).unwrap() * 3_600_000;
        let one = serde_json::json!({ "start_ms": start, "end_ms": start + 3_600_000 });
        let found = sums(&world, "v_station_hour", &times, station, &one).await;
        assert_eq!(found, expected(&times, &[expected_hour]), "hour {number}");
    }
}
