//! Every code by hand: three charge points, one day, both variants, all levels.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::calendar::{Grain, Period};
use indicator_sink::indicator::Stretch;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::world::{DAY_1_MS, Entry, HOUR_MS, ROLLUPS, World, hour, iso, received_session};

const NOW_MS: i64 = DAY_1_MS + 100 * 24 * HOUR_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Paris: 50 kW and 22 kW, one station, direct. Lyon: 7 kW, another unit, indirect.
fn directory() -> [Entry; 3] {
    let known = DAY_1_MS - 100 * DAY_MS;
    let paris = Entry {
        id: "FRAAAE1",
        station: "FRAAAP1",
        commune: "75101",
        power_kw: 50.0,
        siren: "552100554",
        delivery_point: Some("30002510987654"),
        updated_ms: known,
        deleted_ms: None,
        revision: 1,
    };
    let second = Entry {
        id: "FRAAAE2",
        power_kw: 22.0,
        ..paris.clone()
    };
    let lyon = Entry {
        id: "FRBBBE1",
        station: "FRBBBP1",
        commune: "69123",
        power_kw: 7.0,
        // Fails the test of Luhn: nothing to certify.
        siren: "123456789",
        delivery_point: None,
        ..paris.clone()
    };
    [paris, second, lyon]
}

fn base(id: &str, number: i64, times: &Value) -> Value {
    let entries = directory();
    let entry = entries.iter().find(|entry| entry.id == id).unwrap();
    let mut row = json!({
        "policy": "qc-1", "operational_unit": &id[..5], "station_id": entry.station, "charge_point_id": id,
        "window_start": hour(DAY_1_MS + number * HOUR_MS), "code_insee_commune": entry.commune,
        "power_w": domain::charge_point::whole_thousandths(entry.power_kw), "free_ms": 0, "occupied_ms": 0, "out_of_service_ms": 0,
        "unknown_short_ms": 0, "unknown_long_ms": 0, "inactive_ms": 0,
        "phase": "final", "revision": 1, "version": 1, "computed_at": hour(DAY_1_MS),
    });
    let object = row.as_object_mut().unwrap();
    object.extend(times.as_object().unwrap().clone());
    row
}

fn episode(id: &str, opened: i64, closed: Option<i64>, left_censored: bool) -> Value {
    let entries = directory();
    let entry = entries.iter().find(|entry| entry.id == id).unwrap();
    json!({
        "policy": "qc-1", "operational_unit": &id[..5], "entity_type": "charge_point", "station_id": entry.station,
        "charge_point_id": id, "opened_at": iso(opened), "outcome": if closed.is_some() { "returned" } else { "open" },
        "closed_at": closed.map(iso), "time_to_return_ms": closed.map(|closed| closed - opened),
        "left_censored": left_censored, "code_insee_commune": entry.commune, "power_w": domain::charge_point::whole_thousandths(entry.power_kw),
        "version": 1, "is_deleted": 0, "computed_at": hour(DAY_1_MS),
    })
}

fn status(id: &str, at: i64, offset: i64) -> Value {
    json!({
        "operational_unit": &id[..5], "charge_point_id": id, "event_time": iso(at), "horodatage": iso(at),
        // Two hours and five minutes late: the original adds the five minutes only.
        "received_at": iso(at + 7_500_000), "etat_pdc": "hors_service", "occupation_pdc": "inconnu",
        "event_id": uuid::Uuid::from_u128(u128::try_from(offset).unwrap()).to_string(), "source_offset": offset,
    })
}

pub(super) async fn world() -> World {
    let world = World::new().await;
    let rows: Vec<Value> = directory().iter().map(Entry::row).collect();
    world.insert("charge_point", &rows).await;
    let at = |minutes: i64| DAY_1_MS + minutes * 60_000;
    let sessions = [
        // 10 kWh in an hour at 10:00 in Paris, and its copy.
        received_session("FRAAAE1", (at(540), at(600)), 10_000, (at(601), 0)),
        received_session("FRAAAE1", (at(540), at(600)), 10_000, (at(700), 1)),
        // Two minutes and a half: enough for AFIREV, not for QualiCharge.
        received_session("FRAAAE1", (at(610), at(612) + 30_000), 600, (at(613), 2)),
        // 44 kWh in an hour at 22 kW: flagged.
        received_session("FRAAAE2", (at(540), at(600)), 44_000, (at(601), 3)),
        // Lyon, at 0:30 in Paris of the day: 23:30 UTC the day before.
        received_session("FRBBBE1", (at(-30), at(30)), 3_500, (at(31), 4)),
        // The day before, for the month before.
        received_session("FRBBBE1", (at(-1_500), at(-1_440)), 3_500, (at(-1_400), 5)),
    ];
    world.insert("charge_session", &sessions).await;
    let statuses = [
        status("FRAAAE1", at(60), 1),
        status("FRAAAE1", at(61), 2),
        status("FRBBBE1", at(62), 3),
    ];
    world.insert("charge_point_status", &statuses).await;
    let hours = [
        base(
            "FRAAAE1",
            1,
            &json!({ "free_ms": 2_700_000, "occupied_ms": 900_000 }),
        ),
        base("FRAAAE1", 2, &json!({ "out_of_service_ms": 3_600_000 })),
        base(
            "FRAAAE2",
            1,
            &json!({ "free_ms": 1_800_000, "unknown_short_ms": 1_800_000 }),
        ),
        base("FRBBBE1", 1, &json!({ "out_of_service_ms": 3_600_000 })),
        base("FRBBBE1", 2, &json!({ "inactive_ms": 3_600_000 })),
    ];
    world.insert("charge_point_hour", &hours).await;
    let episodes = [
        episode("FRAAAE1", at(100), Some(at(110)), false),
        episode("FRAAAE1", at(200), Some(at(230)), false),
        episode("FRAAAE2", at(100), Some(at(120)), false),
        // Its opening is not known: no time to return.
        episode("FRAAAE2", at(10), Some(at(11)), true),
        // Down for eight days and not back.
        episode("FRBBBE1", at(-8 * 1_440), None, false),
    ];
    world.insert("failure_episode", &episodes).await;
    world.refresh(&ROLLUPS).await;
    world.refresh(&["latest_status"]).await;
    world
}

pub(super) fn day() -> Stretch {
    Stretch::of(Period::of(
        Grain::Day,
        Timestamp::from_ms(DAY_1_MS + HOUR_MS),
    ))
}

/// Rows of a variant that are not zero, by code, level, target and category.
async fn values(world: &World, variant: &str, condition: &str) -> BTreeMap<String, f64> {
    let query = format!(
        "SELECT concat(code, ' ', toString(level), ' ', target, if(category = '', '', ' '), category), value \
         FROM indicator FINAL WHERE variant = '{variant}' AND value != 0 AND {condition}"
    );
    let rows = world
        .client()
        .query_raw(&query)
        .fetch_all::<(String, f64)>()
        .await
        .unwrap();
    rows.into_iter().collect()
}

fn expected(lines: &[(&str, f64)]) -> BTreeMap<String, f64> {
    lines
        .iter()
        .map(|(key, value)| ((*key).to_owned(), *value))
        .collect()
}

/// The nation, region, department, EPCI and unit of Paris, of Lyon, or of both, with these values.
fn everywhere(code: &str, paris: f64, lyon: f64, nation: f64) -> Vec<(String, f64)> {
    let places = [
        ("0 00", nation),
        ("1 11", paris),
        ("2 75", paris),
        ("3 200054781", paris),
        ("5 FRAAA", paris),
        ("1 84", lyon),
        ("2 69", lyon),
        ("3 200046977", lyon),
        ("5 FRBBB", lyon),
    ];
    let line = |(place, value): (&str, f64)| (format!("{code} {place}"), value);
    places
        .into_iter()
        .map(line)
        .filter(|(_, value)| *value != 0.0)
        .collect()
}

/// The world with every code of its day: computed once, and only looked at.
async fn computed() -> &'static World {
    static COMPUTED: OnceCell<World> = OnceCell::const_new();
    let compute = async || {
        let world = world().await;
        world.compute(day(), NOW_MS).await;
        world
    };
    COMPUTED.get_or_init(compute).await
}

#[tokio::test]
async fn what_is_published_is_what_was_worked_out_by_hand() {
    let world = computed().await;
    let stocks: BTreeMap<String, f64> = everywhere("i1", 2.0, 1.0, 3.0)
        .into_iter()
        .chain(everywhere("i4", 1.0, 1.0, 2.0))
        .chain(everywhere("i7", 72.0, 7.0, 79.0))
        .collect();
    assert_eq!(
        values(world, "corrected", "code IN ('i1', 'i4', 'i7')").await,
        stocks
    );
    // One charge point in Paris is down for one of 2.5 observed hours; the one in Lyon for all of one.
    let up = 3_600_000.0 + 1_800_000.0;
    let ratios: BTreeMap<String, f64> = everywhere("q6", up / (up + 3_600_000.0), 0.0, up / (up + 7_200_000.0))
        .into_iter()
        .chain(everywhere("q8", 900_000.0 / up, 0.0, 900_000.0 / up))
        // Unflagged: two in Paris, of which the short one succeeds too; one in Lyon.
        .chain(everywhere("q9", 1.0, 1.0, 1.0))
        .chain(everywhere("d5", 0.0, 1.0, 1.0 / 3.0))
        .collect();
    assert_eq!(
        values(world, "corrected", "code IN ('q6', 'q8', 'q9', 'd5')").await,
        ratios
    );
    let sessions = expected(&[
        ("e4 0 00", 1.0),
        ("e4 1 84", 1.0),
        ("u5 0 00 0", 1.0),
        ("u5 0 00 10", 2.0),
        ("u5 0 00 11", 1.0),
        ("u5 1 11 10", 2.0),
        ("u5 1 11 11", 1.0),
        ("u5 1 84 0", 1.0),
        ("u6 0 00 [0.0, 7.4)", 1.0),
        ("u6 0 00 [50, 150.0)", 62.5 / 60.0),
        ("u6 1 11 [50, 150.0)", 62.5 / 60.0),
        ("u6 1 84 [0.0, 7.4)", 1.0),
        ("u10 0 00", 4.0),
        ("u10 1 11", 3.0),
        ("u10 1 84", 1.0),
        ("u10 5 FRAAA", 3.0),
        ("u10 5 FRBBB", 1.0),
        ("u11 0 00", 2.0),
        ("u11 1 11", 1.0),
        ("u11 1 84", 1.0),
        ("tirue 6 552100554", 0.0106),
    ]);
    let codes = "code IN ('e4', 'u5', 'u6', 'u10', 'u11', 'tirue')";
    assert_eq!(values(world, "corrected", codes).await, sessions);
    let energy = expected(&[
        ("u9 0 00 [0.0, 7.4)", 3.5),
        ("u9 0 00 [50, 150.0)", 10.6),
        ("u9 1 11 [50, 150.0)", 10.6),
        ("u9 1 84 [0.0, 7.4)", 3.5),
        ("u9 5 FRAAA [50, 150.0)", 10.6),
        ("u9 5 FRBBB [0.0, 7.4)", 3.5),
        ("u14 0 00 AC_indirect", 3.5),
        ("u14 0 00 DC_direct_valid", 10.6),
        ("u14 1 11 DC_direct_valid", 10.6),
        ("u14 1 84 AC_indirect", 3.5),
        ("u14 5 FRAAA DC_direct_valid", 10.6),
        ("u14 5 FRBBB AC_indirect", 3.5),
    ]);
    assert_eq!(
        values(world, "corrected", "code IN ('u9', 'u14')").await,
        energy
    );
}

#[tokio::test]
async fn classes_recovery_and_operation_are_what_was_worked_out_by_hand() {
    let world = computed().await;
    let operation = expected(&[
        ("u12 0 00 [50, 150.0)", 1.0),
        ("u12 0 00 [7.4, 22.0]", 1.0),
        ("u12 1 11 [50, 150.0)", 1.0),
        ("u12 1 11 [7.4, 22.0]", 1.0),
        ("u12 5 FRAAA [50, 150.0)", 1.0),
        ("u12 5 FRAAA [7.4, 22.0]", 1.0),
        ("u13 0 00", 72.0),
        ("u13 1 11", 72.0),
    ]);
    assert_eq!(
        values(world, "corrected", "code IN ('u12', 'u13')").await,
        operation
    );
    // The original: a status of any state will do, also one that says out of service.
    let operation = expected(&[
        ("u12 0 00 [0.0, 7.4)", 1.0),
        ("u12 0 00 [50, 150.0)", 1.0),
        ("u12 1 11 [50, 150.0)", 1.0),
        ("u12 1 84 [0.0, 7.4)", 1.0),
        ("u12 5 FRAAA [50, 150.0)", 1.0),
        ("u12 5 FRBBB [0.0, 7.4)", 1.0),
        ("u13 0 00", 57.0),
        ("u13 1 11", 50.0),
        ("u13 1 84", 7.0),
    ]);
    assert_eq!(
        values(world, "parity", "code IN ('u12', 'u13')").await,
        operation
    );
    // Ten, twenty and thirty minutes.
    let recovery = expected(&[
        ("recovery 0 00 mean", 1_200.0),
        ("recovery 0 00 p50", 1_200.0),
        ("recovery 0 00 p90", 1_800.0),
        ("recovery 0 00 p95", 1_800.0),
    ]);
    assert_eq!(
        values(world, "corrected", "code = 'recovery' AND level = 0").await,
        recovery
    );
    let classes = expected(&[
        ("t1 5 FRAAA [50, 150.0)", 1.0),
        ("t1 5 FRAAA [7.4, 22.0]", 1.0),
        ("t1 5 FRBBB [0.0, 7.4)", 1.0),
        ("q7 5 FRAAA [50, 150.0)", 0.5),
        ("q7 5 FRAAA [7.4, 22.0]", 1.0),
    ]);
    assert_eq!(
        values(world, "corrected", "code IN ('t1', 'q7') AND level = 5").await,
        classes
    );
    let quality = world
        .rows(
            "variant, value, fires",
            "FROM v_quality WHERE quality_rule = 'FRET' AND level = 0 ORDER BY variant",
        )
        .await;
    assert_eq!(quality, ["('corrected',7500,1)", "('parity',300,0)"]);
    let silent = world
        .rows(
            "variant, round(value, 6), fires",
            "FROM v_quality WHERE quality_rule = 'DECL' AND level = 0 ORDER BY variant",
        )
        .await;
    assert_eq!(silent, ["('corrected',0.333333,1)", "('parity',0,0)"]);
}

#[tokio::test]
async fn the_originals_formulas_give_the_originals_values_and_zeros_stand_where_nothing_is() {
    let world = computed().await;
    let sessions = expected(&[
        ("u9 0 00 [0.0, 7.4)", 3.5),
        ("u9 0 00 [50, 150.0)", 20.6),
        ("u9 0 00 [7.4, 22.0]", 44.0),
        ("u10 0 00", 5.0),
        ("u11 0 00", 4.0),
        // The largest energy below 110 % of what the charge point delivers.
        ("u14 0 00 AC_indirect", 3.5),
        ("u14 0 00 DC_direct_valid", 10.6),
        ("u6 0 00 [0.0, 7.4)", 1.0),
        ("u6 0 00 [50, 150.0)", 122.5 / 60.0),
        ("u6 0 00 [7.4, 22.0]", 1.0),
    ]);
    let codes = "level = 0 AND code IN ('u6', 'u9', 'u10', 'u11', 'u14')";
    assert_eq!(values(world, "parity", codes).await, sessions);
    let zeros = "SELECT (countIf(code = 'u5' AND level = 1 AND target = '11'), countIf(code = 'u14' AND level = 5), \
                 countIf(code = 't1' AND level = 0), countIf(code = 'u9' AND level = 5)) FROM indicator FINAL WHERE variant = ";
    assert_eq!(
        world.value(&format!("{zeros}'corrected'")).await,
        "(24,12,6,12)"
    );
    assert_eq!(world.value(&format!("{zeros}'parity'")).await, "(2,2,3,3)");
    let extras = "SELECT (anyIf(extras, code = 'u10' AND level = 0), anyIf(extras, code = 'e4' AND level = 0), \
                  anyIf(extras, code = 'tirue'), anyIf(extras, code = 'd5' AND level = 0)) FROM indicator FINAL \
                  WHERE variant = 'corrected'";
    let found = world.value(extras).await.replace("\\'", "'");
    for part in [
        r#"{"duplicates":1}"#,
        r#"{"list":["FRBBBE1"]}"#,
        r#"{"stations":{"FRAAAP1":10600}}"#,
        r#"{"numerator":1,"denominator":3,"policy":"qc-1"}"#,
    ] {
        assert!(found.contains(part), "{found} lacks {part}");
    }
    let wrong =
        "SELECT count() FROM indicator FINAL WHERE extras != '' AND NOT isValidJSON(extras)";
    assert_eq!(world.value(wrong).await, "0");
}
