//! Roll-ups are the sums of their base, whatever happens to it.

use domain::charge_point::Day;
use domain::indicator::{StationSweep, Vector};
use indicator_sink::{literal, rollup};
use serde_json::{Value, json};

use super::world::{DAY_1_MS, HOUR_MS, ROLLUPS, Random, World, hour, received_session};

const COMMUNES: [&str; 5] = ["75101", "69123", "13055", "97101", ""];
const POWERS_W: [i64; 4] = [7_000, 22_000, 50_000, 400_000];
const POINTS: [(&str, &str); 4] = [
    ("FRAAAE1", "FRAAAP1"),
    ("FRAAAE2", "FRAAAP1"),
    ("FRAAAE3", "FRAAAP2"),
    ("FRBBBE1", "FRBBBP1"),
];

/// The two hours on each side of midnight in Paris, which is 23:00 UTC.
const HOURS_MS: [i64; 4] = [
    DAY_1_MS + 21 * HOUR_MS,
    DAY_1_MS + 22 * HOUR_MS,
    DAY_1_MS + 23 * HOUR_MS,
    DAY_1_MS + 24 * HOUR_MS,
];

/// A base row: `version` decides which one of a key stands.
fn base(random: &mut Random, version: u64, of_station: bool) -> Value {
    let (charge_point, station) = *random.pick(&POINTS);
    let mut row = json!({
        "policy": random.pick(&["qc-1", "qc-1", "qc-1", "other"]),
        "operational_unit": &station[..5], "station_id": station,
        "window_start": hour(*random.pick(&HOURS_MS)),
        "code_insee_commune": random.pick(&COMMUNES), "power_w": random.pick(&POWERS_W),
        "open_failures_at_end": random.below(3), "oldest_open_failure_ms": random.below(1_000_000),
        "phase": random.pick(&["provisional", "closed", "corrected", "final"]),
        "revision": random.below(20), "version": version,
        "is_deleted": u8::from(random.below(6) == 0), "computed_at": hour(DAY_1_MS),
        "source_offset": version,
    });
    let object = row.as_object_mut().unwrap();
    let mut put = |names: &[&str]| {
        for name in names {
            object.insert((*name).to_owned(), json!(random.below(1_000_000_000)));
        }
    };
    put(&Vector::NAMES);
    if of_station {
        put(&StationSweep::NAMES);
        put(&["charge_points"]);
    } else {
        object.insert("charge_point_id".to_owned(), json!(charge_point));
    }
    row
}

fn random_session(random: &mut Random, offset: i64) -> Value {
    let (charge_point, _) = *random.pick(&POINTS);
    let start = random.pick(&HOURS_MS) + i64::try_from(random.below(4)).unwrap() * 900_000;
    let length = i64::try_from(random.below(3)).unwrap() * 1_800_000;
    let energy = i64::try_from(random.below(4)).unwrap() * 5_000;
    let received = start + length + i64::try_from(random.below(50)).unwrap() * 1000;
    received_session(
        charge_point,
        (start, start + length),
        energy,
        (received, offset),
    )
}

/// The columns of the comparison as an array, given how each group is made.
fn values(core: &str, sessions: &str, live: &str, extras: &str, counts: &str) -> String {
    let (core_names, session_names) = Vector::NAMES.split_at(23);
    let each = |names: &[&str], form: &str| -> Vec<String> {
        let one = |name: &&str| format!("toInt64({})", form.replace('#', name));
        names.iter().map(one).collect()
    };
    let mut all = each(core_names, core);
    all.extend(if sessions.contains('#') || sessions == "0" {
        each(session_names, sessions)
    } else {
        sessions
            .split("; ")
            .map(|one| format!("toInt64({one})"))
            .collect()
    });
    all.extend(each(session_names, live));
    all.extend(each(&StationSweep::NAMES, extras));
    all.extend(counts.split(", ").map(|one| format!("toInt64({one})")));
    format!("[{}]", all.join(", "))
}

/// Every group of `keys` in which the base `FINAL` and the roll-up do not cancel out.
fn difference(keys: &str, time: &str, rollup: &str, condition: &str, counts: &str) -> String {
    let of_session = "1; copies - 1; flagged; successful_2min; successful_3min; if(flagged, 0, duration_ms); \
                      if(flagged, 0, energy_wh); if(flagged, energy_wh, 0)";
    let hours = values("#", "0", "#", "0", "1, 0");
    let stations = values("0", "0", "0", "#", "0, 1");
    let sessions = values("0", of_session, "0", "0", "0, 0");
    let rolled = values("-#", "-#", "-live_#", "-#", counts);
    let base_time = |column: &str| time.replace("window_start", column);
    format!(
        "SELECT count() FROM (SELECT {keys}, at, sumForEach(v) AS sums FROM ( \
         SELECT policy, operational_unit, {} AS at, {hours} AS v FROM charge_point_hour FINAL WHERE phase != 'provisional' \
         UNION ALL SELECT policy, operational_unit, {} AS at, {stations} FROM station_hour FINAL WHERE phase != 'provisional' \
         UNION ALL SELECT policy, operational_unit, {} AS at, {sessions} FROM distinct_session FINAL \
         UNION ALL SELECT policy, {}, {}, {rolled} FROM {rollup} FINAL {condition} \
         ) GROUP BY {keys}, at HAVING arrayExists(sum -> sum != 0, sums))",
        base_time("window_start"),
        base_time("window_start"),
        base_time("toStartOfHour(started_at)"),
        if rollup.starts_with("unit") {
            "operational_unit"
        } else {
            "''"
        },
        if rollup.ends_with("day") {
            "day"
        } else {
            "window_start"
        },
    )
}

async fn assert_sums(world: &World, context: &str) {
    let paris = "toDate(window_start, 'Europe/Paris')";
    let hourly = "-charge_points, -stations";
    let daily = "-charge_point_hours, -station_hours";
    let units = "policy, operational_unit";
    let mut checks = vec![
        (
            "unit_hour".to_owned(),
            difference(units, "window_start", "unit_hour", "", hourly),
        ),
        (
            "unit_day".to_owned(),
            difference(units, paris, "unit_day", "", daily),
        ),
    ];
    for level in ["country", "region", "department"] {
        let only = format!("WHERE level = '{level}'");
        let sql = difference("policy", "window_start", "territory_hour", &only, hourly);
        checks.push((format!("territory_hour {level}"), sql));
    }
    for level in ["country", "region", "department", "epci"] {
        let only = format!("WHERE level = '{level}'");
        let sql = difference("policy", paris, "territory_day", &only, daily);
        checks.push((format!("territory_day {level}"), sql));
    }
    for (name, query) in checks {
        assert_eq!(world.value(&query).await, "0", "{context}: {name}");
    }
    let mismatches = world.value("SELECT count() FROM v_rollup_mismatch").await;
    assert_eq!(mismatches, "0", "{context}");
}

/// Everything that a roll-up holds but the time of its refresh.
async fn content(world: &World) -> Vec<String> {
    let mut all = Vec::new();
    for table in ["unit_hour", "territory_hour", "unit_day", "territory_day"] {
        let query = format!(
            "SELECT toString(groupBitXor(cityHash64(* EXCEPT version))) || '/' || toString(count()) FROM {table} FINAL"
        );
        all.push(
            world
                .client()
                .query_raw(&query)
                .fetch_one::<String>()
                .await
                .unwrap(),
        );
    }
    all
}

#[tokio::test]
async fn a_roll_up_is_the_sum_of_its_base_after_any_corrections_withdrawals_and_replays() {
    for seed in [1, 2] {
        let world = World::new().await;
        let mut random = Random(seed);
        let mut written: Vec<(&str, Value)> = Vec::new();
        let mut version = 0;
        for round in 0..5 {
            for _ in 0..=random.below(3) {
                let table = *random.pick(&["charge_point_hour", "station_hour", "charge_session"]);
                let rows: Vec<Value> = (0..=random.below(6))
                    .map(|_| {
                        version += 1;
                        match table {
                            "charge_session" => {
                                random_session(&mut random, i64::try_from(version).unwrap())
                            }
                            _ => base(&mut random, version, table == "station_hour"),
                        }
                    })
                    .collect();
                world.insert(table, &rows).await;
                written.extend(rows.into_iter().map(|row| (table, row)));
            }
            if random.below(2) == 0 {
                // A replay: any rows again, in another order.
                for _ in 0..5 {
                    let (table, row) = random.pick(&written).clone();
                    world.insert(table, &[row]).await;
                }
            }
            world.refresh(&ROLLUPS).await;
            assert_sums(&world, &format!("seed {seed}, round {round}")).await;
        }
        let before = content(&world).await;
        for (table, row) in &written {
            world.insert(table, std::slice::from_ref(row)).await;
        }
        world.refresh(&ROLLUPS).await;
        assert_eq!(
            content(&world).await,
            before,
            "seed {seed}: a replay of everything"
        );
        assert_ne!(
            world.value("SELECT count() FROM unit_hour FINAL").await,
            "0"
        );
    }
}

fn one_hour(commune: &str, version: u64) -> Value {
    json!({
        "policy": "qc-1", "operational_unit": "FRAAA", "station_id": "FRAAAP1", "charge_point_id": "FRAAAE1",
        "window_start": hour(DAY_1_MS), "code_insee_commune": commune, "power_w": 22_000, "free_ms": HOUR_MS,
        "phase": "closed", "revision": version, "version": version, "is_deleted": 0, "computed_at": hour(DAY_1_MS),
    })
}

#[tokio::test]
async fn a_charge_point_that_moves_takes_its_hours_along_and_leaves_no_key_behind() {
    let world = World::new().await;
    // The first municipality is Paris by an arrondissement, the second has a code of another department.
    world
        .insert("charge_point_hour", &[one_hour("75101", 1)])
        .await;
    world.refresh(&ROLLUPS).await;
    let territories = "FROM territory_day FINAL ORDER BY level, code";
    let shown = world
        .rows(
            "level, code, power_class, free_ms, charge_point_hours, hours",
            territories,
        )
        .await;
    let paris = |level, code| format!("('{level}','{code}','[7.4, 22.0]',3600000,1,1)");
    assert_eq!(
        shown,
        [
            paris("country", "00"),
            paris("region", "11"),
            paris("department", "75"),
            paris("epci", "200054781")
        ]
    );
    world
        .insert("charge_point_hour", &[one_hour("01168", 2)])
        .await;
    world.refresh(&ROLLUPS).await;
    let shown = world.rows("level, code, free_ms", territories).await;
    assert_eq!(
        shown,
        [
            "('country','00',3600000)",
            "('region','84',3600000)",
            "('department','69',3600000)",
            "('epci','200046977',3600000)"
        ]
    );
    assert_eq!(
        world.rows("department", "FROM unit_hour FINAL").await,
        ["('69')"]
    );
    let mut withdrawn = one_hour("01168", 3);
    withdrawn["is_deleted"] = json!(1);
    world.insert("charge_point_hour", &[withdrawn]).await;
    world.refresh(&ROLLUPS).await;
    for table in ["unit_hour", "unit_day", "territory_hour", "territory_day"] {
        let left = world
            .value(&format!("SELECT count() FROM {table} FINAL"))
            .await;
        assert_eq!(left, "0", "{table}");
    }
}

#[tokio::test]
async fn a_roll_up_that_lost_rows_is_found_and_repaired() {
    let world = World::new().await;
    world
        .insert("charge_point_hour", &[one_hour("75101", 1)])
        .await;
    world.refresh(&ROLLUPS).await;
    let right = content(&world).await;
    // As a refresh that was killed half way: the row is not there, the watermark has gone on.
    let gone = "INSERT INTO unit_hour SELECT * REPLACE (1 AS is_deleted, now64(3) + 1 AS version) FROM unit_hour FINAL";
    world.database().execute(gone).await;
    let stray = json!({
        "policy": "qc-1", "operational_unit": "FRZZZ", "department": "75", "power_class": "", "charge_points": 1,
        "window_start": hour(DAY_1_MS), "version": "2025-01-06 00:00:00.000",
    });
    world.insert("unit_hour", &[stray]).await;
    let client = world.client();
    let differing = rollup::verify(&client, 3_660).await.unwrap();
    let day: Day = literal::day("2025-01-06").unwrap();
    assert_eq!(differing, [(day, 2)]);
    rollup::rebuild(&client, day).await.unwrap();
    assert_eq!(rollup::verify(&client, 3_660).await.unwrap(), []);
    assert_eq!(content(&world).await, right);
}

#[tokio::test]
async fn a_refresh_reads_few_of_the_granules_of_the_base() {
    let world = World::new().await;
    let many = "INSERT INTO charge_point_hour (policy, operational_unit, station_id, charge_point_id, window_start, \
                phase, version, computed_at) SELECT 'qc-1', concat('FR', leftPad(toString(number % 50), 3, '0')), \
                concat('S', toString(number % 500)), concat('P', toString(number % 5000)), \
                toDateTime('2025-01-06 00:00:00', 'UTC') + intDiv(number, 5000) * 3600, 'closed', 1, now64(3) \
                FROM numbers(600000)";
    world.database().execute(many).await;
    let explain = "EXPLAIN indexes = 1 SELECT count() FROM charge_point_hour FINAL \
                   WHERE (policy, operational_unit, window_start) IN (('qc-1', 'FR007', '2025-01-07 05:00:00'), \
                   ('qc-1', 'FR008', '2025-01-07 05:00:00'))";
    let lines = world
        .client()
        .query_raw(explain)
        .fetch_all::<String>()
        .await
        .unwrap();
    let mut granules = lines
        .iter()
        .filter_map(|line| line.trim().strip_prefix("Granules: "));
    let last = granules.next_back().unwrap();
    let (read, all) = last.split_once('/').unwrap();
    let total = "SELECT sum(marks) FROM system.parts WHERE table = 'charge_point_hour' AND active \
                 AND database = currentDatabase()";
    let total: f64 = world.value(total).await.parse().unwrap();
    let (read, all): (f64, f64) = (read.parse().unwrap(), all.parse().unwrap());
    assert!(
        all <= total && read <= total * 0.05,
        "{read} of {total} granules"
    );
}
