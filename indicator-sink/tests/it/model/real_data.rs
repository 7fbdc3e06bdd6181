//! The real directory and real sessions: every code equals a computation that shares nothing with
//! the database but the data.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::Timestamp;
use domain::calendar::{self, Grain, Period};
use indicator_sink::indicator::Stretch;
use indicator_sink::literal;
use serde_json::Value;

use super::world::{ROLLUPS, World, iso};
use crate::database::variable;

/// The files, beside the project or where `QUALICHARGE_DATA` says.
fn folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = variable("QUALICHARGE_DATA").map_or_else(beside, PathBuf::from);
    folder.join("statique.jsonl.gz").is_file().then_some(folder)
}

fn lines(path: &Path) -> Vec<Value> {
    let output = Command::new("gzip").arg("-dc").arg(path).output().unwrap();
    assert!(output.status.success(), "gzip -dc {}", path.display());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[derive(Debug, Clone)]
struct Point {
    unit: String,
    station: String,
    siren: String,
    region: String,
    power_w: i64,
    is_dc: bool,
    /// `direct_valid`, `direct_invalid` or `indirect`.
    connection: &'static str,
}

/// A record of a session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) point: String,
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
    pub(super) energy_wh: i64,
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

/// Region by municipality, from the file that the database is seeded with.
fn regions() -> BTreeMap<String, String> {
    let seed =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/clickhouse/seed/territory.tsv");
    let seed = std::fs::read_to_string(seed).unwrap();
    let rows = seed
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[0] == "commune")
        .map(|row| (row[1].to_owned(), row[6].to_owned()))
        .collect()
}

fn points(rows: &[Value]) -> BTreeMap<String, Point> {
    let regions = regions();
    let point = |row: &Value| {
        let id = text(row, "id_pdc_itinerance");
        let power_kw: f64 = text(row, "puissance_nominale").parse().unwrap();
        let pdl = text(row, "num_pdl");
        let looks_real = pdl.chars().any(|char| char.is_ascii_digit())
            && !pdl.contains(' ')
            && !pdl.contains("123456789")
            && !pdl.starts_with("000")
            && pdl != "11111111111111"
            && pdl != "99999999999999";
        let point = Point {
            unit: id[..5].to_owned(),
            station: text(row, "id_station_itinerance"),
            siren: text(row, "siren_amenageur"),
            region: regions
                .get(&text(row, "code_insee_commune"))
                .cloned()
                .unwrap_or_default(),
            power_w: domain::charge_point::whole_thousandths(power_kw),
            is_dc: power_kw >= 50.0
                || row["prise_type_combo_ccs"] == "True"
                || row["prise_type_chademo"] == "True",
            connection: match (text(row, "raccordement").as_str(), looks_real) {
                ("Direct", true) => "direct_valid",
                ("Direct", false) => "direct_invalid",
                _ => "indirect",
            },
        };
        (id, point)
    };
    rows.iter().map(point).collect()
}

/// The class of a power.
pub(super) fn class(power_w: i64) -> &'static str {
    match power_w {
        ..7_400 => "[0.0, 7.4)",
        7_400..=22_000 => "[7.4, 22.0]",
        22_001..50_000 => "(22.0, 50.0)",
        50_000..150_000 => "[50, 150.0)",
        150_000..350_000 => "[150, 350.0)",
        _ => "[350, None)",
    }
}

async fn load(
    world: &World,
    rows: &[Value],
    points: &BTreeMap<String, Point>,
    sessions: &[Session],
) {
    let directory: Vec<Value> = rows
        .iter()
        .map(|row| {
            let id = text(row, "id_pdc_itinerance");
            let number = |name: &str| text(row, name).parse::<f64>().unwrap();
            let is = |name: &str| row[name] == "True";
            serde_json::json!({
                "charge_point_id": id, "station_id": text(row, "id_station_itinerance"), "operational_unit": &id[..5],
                "nom_amenageur": text(row, "nom_amenageur"), "siren_amenageur": text(row, "siren_amenageur"),
                "nom_operateur": text(row, "nom_operateur"), "code_insee_commune": text(row, "code_insee_commune"),
                "puissance_nominale": number("puissance_nominale"), "nbre_pdc": text(row, "nbre_pdc").parse::<u16>().unwrap(),
                "prise_type_combo_ccs": is("prise_type_combo_ccs"), "prise_type_chademo": is("prise_type_chademo"),
                "raccordement": row["raccordement"], "num_pdl": row["num_pdl"], "date_maj": "2024-01-01",
                "revision": 1, "created_at": "2024-01-01 00:00:00.000", "updated_at": "2024-01-01 00:00:00.000",
                "version": 1 << 24,
            })
        })
        .collect();
    world.insert("charge_point", &directory).await;
    let records: Vec<Value> = sessions
        .iter()
        .zip(0..)
        .map(|(session, offset)| {
            let name = format!("{session:?}");
            serde_json::json!({
                "operational_unit": &session.point[..5], "charge_point_id": session.point,
                "station_id": points[&session.point].station,
                "started_at": iso(session.start_ms), "ended_at": iso(session.end_ms), "energy_wh": session.energy_wh,
                "received_at": iso(session.end_ms),
                "event_id": uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string(),
                "source_topic": "charge-session", "source_offset": offset,
            })
        })
        .collect();
    world.insert("charge_session", &records).await;
    world.refresh(&ROLLUPS[..1]).await;
}

/// Distinct sessions, and whether each is flagged: chapter 4 of the indicators, written out.
pub(super) fn judged(power_w: impl Fn(&str) -> i64, sessions: &[Session]) -> Vec<(Session, bool)> {
    let mut of_point: BTreeMap<&str, BTreeMap<(i64, i64), i64>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for session in sessions {
        // A copy is no write: the energy that came first as the latest of its kind stands.
        if seen.insert((
            &session.point,
            session.start_ms,
            session.end_ms,
            session.energy_wh,
        )) {
            let of_point = of_point.entry(&session.point).or_default();
            of_point.insert((session.start_ms, session.end_ms), session.energy_wh);
        }
    }
    let mut all = Vec::new();
    for (point, sessions) in of_point {
        let power_w = i128::from(power_w(point));
        let mut last_end = i64::MIN;
        for ((start_ms, end_ms), energy_wh) in sessions {
            let most = 110 * power_w * i128::from(end_ms - start_ms);
            let is_too_much = power_w > 0 && i128::from(energy_wh) * 360_000_000 > most;
            let session = Session {
                point: point.to_owned(),
                start_ms,
                end_ms,
                energy_wh,
            };
            all.push((session, is_too_much || start_ms < last_end));
            last_end = last_end.max(end_ms);
        }
    }
    all
}

/// Sums by code, level, target and category, in whole units: Wh, ms, counts.
type Sums = BTreeMap<(String, u8, String, String), i64>;

fn add(sums: &mut Sums, code: &str, point: &Point, levels: &[u8], (category, amount): (&str, i64)) {
    for level in levels {
        let target = match level {
            0 => "00".to_owned(),
            1 => point.region.clone(),
            5 => point.unit.clone(),
            _ => point.siren.clone(),
        };
        if !target.is_empty() {
            *sums
                .entry((code.to_owned(), *level, target, category.to_owned()))
                .or_default() += amount;
        }
    }
}

fn is_valid_siren(siren: &str) -> bool {
    let digits: Vec<u32> = siren.chars().filter_map(|char| char.to_digit(10)).collect();
    let luhn: u32 = digits
        .iter()
        .enumerate()
        .map(|(index, digit)| {
            if index % 2 == 1 {
                digit * 2 / 10 + digit * 2 % 10
            } else {
                *digit
            }
        })
        .sum();
    siren.len() == 9
        && digits.len() == 9
        && luhn.is_multiple_of(10)
        && digits.iter().any(|digit| *digit > 0)
}

/// The figures of a period that are published.
fn corrected(points: &BTreeMap<String, Point>, judged: &[(Session, bool)], period: Period) -> Sums {
    let mut sums = Sums::new();
    let dc: BTreeSet<&str> = points
        .values()
        .filter(|point| point.is_dc)
        .map(|point| point.station.as_str())
        .collect();
    let supply = |point: &Point| {
        let current = if dc.contains(point.station.as_str()) {
            "DC"
        } else {
            "AC"
        };
        format!("{current}_{}", point.connection)
    };
    let inside = |session: &Session| {
        (period.start().as_ms()..period.end().as_ms()).contains(&session.start_ms)
    };
    for (session, flagged) in judged.iter().filter(|(session, _)| inside(session)) {
        let point = &points[&session.point];
        let duration_ms = session.end_ms - session.start_ms;
        let start = Timestamp::from_ms(session.start_ms);
        let since_midnight = session.start_ms - calendar::start_of(calendar::day_of(start)).as_ms();
        let hour = (since_midnight / 3_600_000).to_string();
        add(&mut sums, "u5", point, &[0, 1], (&hour, 1));
        add(&mut sums, "u10", point, &[0, 1, 5], ("", 1));
        if *flagged {
            continue;
        }
        add(
            &mut sums,
            "u6",
            point,
            &[0, 1],
            (class(point.power_w), duration_ms),
        );
        add(
            &mut sums,
            "u9",
            point,
            &[0, 1, 5],
            (class(point.power_w), session.energy_wh),
        );
        add(
            &mut sums,
            "u14",
            point,
            &[0, 1, 5],
            (&supply(point), session.energy_wh),
        );
        if session.energy_wh > 500 && duration_ms > 180_000 {
            add(&mut sums, "u11", point, &[0, 1], ("", 1));
        }
        if period.grain() == Grain::Day && is_valid_siren(&point.siren) {
            add(&mut sums, "tirue", point, &[6], ("", session.energy_wh));
        }
    }
    let mut stations: BTreeMap<(u8, &str), BTreeSet<&str>> = BTreeMap::new();
    for point in points.values() {
        add(&mut sums, "i1", point, &[0, 1, 5], ("", 1));
        add(&mut sums, "i7", point, &[0, 1, 5], ("", point.power_w));
        add(
            &mut sums,
            "t1",
            point,
            &[0, 1, 5],
            (class(point.power_w), 1),
        );
        for place in [
            (0, "00"),
            (1, point.region.as_str()),
            (5, point.unit.as_str()),
        ] {
            stations.entry(place).or_default().insert(&point.station);
        }
    }
    for ((level, target), stations) in stations
        .into_iter()
        .filter(|((_, target), _)| !target.is_empty())
    {
        let count = i64::try_from(stations.len()).unwrap();
        sums.insert(
            ("i4".to_owned(), level, target.to_owned(), String::new()),
            count,
        );
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// The figures of a day as the original makes them: copies and all, for the nation.
fn parity(points: &BTreeMap<String, Point>, sessions: &[Session], period: Period) -> Sums {
    let mut sums = Sums::new();
    let inside = |session: &&Session| {
        (period.start().as_ms()..period.end().as_ms()).contains(&session.start_ms)
    };
    for session in sessions.iter().filter(inside) {
        let point = &points[&session.point];
        let duration_ms = session.end_ms - session.start_ms;
        add(&mut sums, "u10", point, &[0, 1, 5], ("", 1));
        add(
            &mut sums,
            "u6",
            point,
            &[0, 1],
            (class(point.power_w), duration_ms),
        );
        add(
            &mut sums,
            "u9",
            point,
            &[0, 1, 5],
            (class(point.power_w), session.energy_wh),
        );
        if session.energy_wh > 500 && duration_ms > 180_000 {
            add(&mut sums, "u11", point, &[0, 1], ("", 1));
        }
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

/// What the database has of the same codes and levels, in the same whole units.
async fn stored(world: &World, variant: &str, codes: &str, stretch: Stretch) -> Sums {
    let query = format!(
        "SELECT toString(code), level, toString(target), toString(category), toInt64(round(value * multiIf( \
         code IN ('i7', 'u9', 'u14'), 1000, code = 'u6', 3600000, code = 'tirue', 1000000, 1))) \
         FROM indicator FINAL WHERE variant = '{variant}' AND code IN ({codes}) AND level IN (0, 1, 5, 6) \
         AND period = '{}' AND toUnixTimestamp(timestamp) = {} AND value != 0",
        stretch.letter,
        stretch.start.as_ms() / 1000
    );
    let rows = world
        .client()
        .query_raw(&query)
        .fetch_all::<(String, u8, String, String, i64)>()
        .await
        .unwrap();
    rows.into_iter()
        .map(|(code, level, target, category, sum)| ((code, level, target, category), sum))
        .collect()
}

#[tokio::test]
async fn every_code_equals_an_independent_computation_on_real_sessions() {
    let Some(folder) = folder() else {
        println!("real data are absent: the codes were not compared with them");
        return;
    };
    let rows = lines(&folder.join("statique.jsonl.gz"));
    let points = points(&rows);
    let session = |row: Value| Session {
        point: text(&row, "id_pdc_itinerance"),
        start_ms: row["start"].as_i64().unwrap(),
        end_ms: row["end"].as_i64().unwrap(),
        energy_wh: domain::charge_point::whole_thousandths(row["energy"].as_f64().unwrap()),
    };
    let sessions: Vec<Session> = lines(&folder.join("sessions-2024-12.jsonl.gz"))
        .into_iter()
        .map(session)
        .filter(|session| points.contains_key(&session.point))
        .collect();
    let world = World::new().await;
    load(&world, &rows, &points, &sessions).await;
    let judged = judged(|point| points[point].power_w, &sessions);
    let flagged = judged.iter().filter(|(_, flagged)| *flagged).count();
    let found = world
        .rows(
            "count(), countIf(flagged), sum(copies)",
            "FROM distinct_session FINAL",
        )
        .await;
    assert_eq!(
        found,
        [format!("({},{flagged},{})", judged.len(), sessions.len())]
    );
    let start = calendar::start_of(literal::day("2024-12-10").unwrap());
    let now_ms = start.as_ms() + 90 * 86_400_000;
    for grain in [Grain::Day, Grain::Month] {
        let period = Period::of(grain, start);
        let stretch = Stretch::of(period);
        world.compute(stretch, now_ms).await;
        let codes = "'i1', 'i4', 'i7', 't1', 'u5', 'u6', 'u9', 'u10', 'u11', 'u14', 'tirue'";
        let found = stored(&world, "corrected", codes, stretch).await;
        assert!(found.len() > 500, "{} rows", found.len());
        assert_eq!(found, corrected(&points, &judged, period), "{grain:?}");
        if grain == Grain::Day {
            let found = stored(&world, "parity", "'u6', 'u9', 'u10', 'u11'", stretch).await;
            assert_eq!(found, parity(&points, &sessions, period));
            assert_eq!(world.compute(stretch, now_ms).await, 0);
        }
    }
}
