//! The worked case of sessions (G8): flags, sums, and the codes in both variants.

use domain::Timestamp;
use domain::calendar::{Grain, Period};
use domain::indicator::Vector;
use indicator_sink::indicator::Stretch;
use serde_json::Value;

use super::world::{DAY_1_MS, Entry, HOUR_MS, ROLLUPS, World, iso, received_session};

const POINT: &str = "FRTSTE1";

/// A 50 kW charge point with a valid delivery point of its own.
const ENTRY: Entry = Entry {
    id: POINT,
    station: "FRTSTP1",
    commune: "75101",
    power_kw: 50.0,
    siren: "552100554",
    delivery_point: Some("30002510987654"),
    updated_ms: DAY_1_MS - 1000 * HOUR_MS,
    deleted_ms: None,
    revision: 1,
};

fn case() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../domain/tests/golden/sessions.json"
    );
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    file["cases"][0].clone()
}

/// The world after a case, moved by so many hours.
async fn world_of(case: &Value, hours: i64) -> World {
    let world = World::new().await;
    world.insert("charge_point", &[ENTRY.row()]).await;
    let record = |(offset, session): (usize, &Value)| {
        let number = |name: &str| session[name].as_i64().unwrap();
        let ms = |name: &str| number(name) + hours * HOUR_MS;
        let times = (ms("start_ms"), ms("end_ms"));
        let place = (ms("received_at_ms"), i64::try_from(offset).unwrap());
        received_session(POINT, times, number("energy_wh"), place)
    };
    let records: Vec<Value> = case["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(record)
        .collect();
    // One by one: what comes later may flag what was there.
    for record in records {
        world.insert("charge_session", &[record]).await;
    }
    world.refresh(&ROLLUPS).await;
    world
}

#[tokio::test]
async fn nine_records_are_eight_sessions_of_which_three_are_flagged() {
    let case = case();
    let world = world_of(&case, 0).await;
    let expected: Vec<String> = case["flags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| {
            let at = |name: &str| iso(flag[name].as_i64().unwrap());
            let copies = flag["duplicates"].as_i64().unwrap() + 1;
            format!(
                "('{}','{}',{},{copies})",
                at("start_ms"),
                at("end_ms"),
                flag["flagged"]
            )
        })
        .collect();
    let order = "FROM v_charge_session ORDER BY started_at, ended_at";
    assert_eq!(
        world
            .rows("started_at, ended_at, flagged, copies", order)
            .await,
        expected
    );

    let period = &case["periods"][0];
    let names = &Vector::NAMES[23..];
    let expected: Vec<String> = names
        .iter()
        .map(|name| {
            period["vector"]
                .get(name)
                .map_or("0".to_owned(), Value::to_string)
        })
        .collect();
    let expected = format!("({})", expected.join(","));
    let sums: Vec<String> = names.iter().map(|name| format!("sum({name})")).collect();
    let hours = format!(
        "WHERE window_start >= '{}' AND window_start < '{}'",
        &iso(period["start_ms"].as_i64().unwrap())[..19],
        &iso(period["end_ms"].as_i64().unwrap())[..19]
    );
    for view in ["v_charge_point_session_hour", "v_unit_hour"] {
        let shown = world
            .rows(&sums.join(", "), &format!("FROM {view} {hours}"))
            .await;
        assert_eq!(shown, std::slice::from_ref(&expected), "{view}");
    }
    let shares = "sum(successful_sessions_2min) / sum(sessions - flagged_sessions), \
                  sum(successful_sessions_3min) / sum(sessions - flagged_sessions)";
    assert_eq!(
        world
            .rows(shares, &format!("FROM v_unit_hour {hours}"))
            .await,
        ["(0.6,0.4)"]
    );
}

#[tokio::test]
async fn a_day_of_a_unit_and_of_its_territories_shows_the_success_of_its_sessions() {
    let case = case();
    // The case is a day of UTC; an hour earlier it is one of Paris.
    let world = world_of(&case, -1).await;
    let period = &case["periods"][0];
    let names = &Vector::NAMES[23..];
    let sums = |name: &&str| {
        period["vector"]
            .get(name)
            .map_or("0".to_owned(), Value::to_string)
    };
    let derived = ["session_success_2min", "session_success_3min"];
    let expected: Vec<String> = names
        .iter()
        .map(sums)
        .chain(derived.map(|name| period["derived"][name].to_string()))
        .collect();
    let columns = [names, &derived].concat().join(", ");
    for rows in [
        "v_unit_day WHERE operational_unit = 'FRTST'",
        "v_territory_day WHERE level = 'country'",
        "v_territory_day WHERE level = 'epci'",
        "v_unit_power_class_day WHERE power_class = '[50, 150.0)'",
    ] {
        let found = world
            .rows(&columns, &format!("FROM {rows} AND day = '2025-01-06'"))
            .await;
        assert_eq!(found, [format!("({})", expected.join(","))], "{rows}");
    }
    // Of the codes: per day and unit, and nothing else is there to divide by.
    let stretch = Stretch::of(Period::of(Grain::Day, Timestamp::from_ms(DAY_1_MS)));
    world.compute(stretch, DAY_1_MS + 99 * HOUR_MS).await;
    let rest = "FROM indicator FINAL WHERE code = 'q9' ORDER BY level";
    let success = period["derived"]["session_success_2min"].to_string();
    let shown = world.rows("level, value", rest).await;
    let levels = [0, 1, 2, 3, 5].map(|level| format!("({level},{success})"));
    assert_eq!(shown, levels);
}

#[tokio::test]
async fn the_codes_of_qualicharge_are_those_of_the_case_in_both_variants() {
    let case = case();
    let world = world_of(&case, 0).await;
    // The case is a day of UTC; in Paris its last session starts half an hour after midnight.
    let mut totals = std::collections::BTreeMap::new();
    for day in [DAY_1_MS, DAY_1_MS + 24 * HOUR_MS] {
        let stretch = Stretch::of(Period::of(Grain::Day, Timestamp::from_ms(day)));
        world.compute(stretch, DAY_1_MS + 99 * HOUR_MS).await;
    }
    let query = "SELECT concat(code, ' ', toString(variant)), toInt64(round(sum(value) * 1000000)) FROM indicator FINAL \
                 WHERE level = if(code = 'tirue', 6, 0) AND code IN ('u6', 'u9', 'u10', 'u11', 'u14', 'tirue') \
                 GROUP BY 1 ORDER BY 1";
    let found = world
        .client()
        .query_raw(query)
        .fetch_all::<(String, i64)>()
        .await
        .unwrap();
    totals.extend(found);
    let given = &case["qualicharge"];
    let micro = |name: &str| {
        let value = given[name].as_f64().unwrap();
        format!("{:.0}", value * 1_000_000.0)
            .parse::<i64>()
            .unwrap()
    };
    let expected = [
        ("tirue corrected", 34_000),
        ("tirue parity", micro("tirue_mwh")),
        ("u10 corrected", 8_000_000),
        ("u10 parity", micro("u10")),
        ("u11 corrected", 2_000_000),
        ("u11 parity", micro("u11")),
        ("u14 corrected", 34_000_000),
        ("u14 parity", micro("u14_kwh")),
        // Hours of recharge: of all copies, and of clean sessions.
        ("u6 corrected", 1_900_000),
        ("u6 parity", 3_400_000),
        ("u9 corrected", 34_000_000),
        ("u9 parity", micro("u9_kwh")),
    ];
    let expected = expected
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect();
    assert_eq!(totals, expected);
    let categories = "SELECT arraySort(groupUniqArray(category)) FROM indicator FINAL \
                      WHERE code = 'u14' AND value > 0";
    assert_eq!(world.value(categories).await, "['DC_direct_valid']");
}
