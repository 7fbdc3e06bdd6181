//! A fleet that is made up from a seed: a directory with moves and withdrawals, corrected and repeated
//! hours, sessions with copies, statuses and outages, around the end of a month, a quarter and a week,
//! with the night in which clocks are set forward.

use std::collections::BTreeMap;
use std::path::Path;

use domain::charge_point::Day;
use domain::{Timestamp, calendar};
use indicator_sink::literal;
use serde_json::{Value, json};

use super::real_data;
use super::world::{HOUR_MS, ROLLUPS, Random, World, hour, iso, received_session};

pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// Municipalities: five with all territories, one that nobody knows, and none.
const COMMUNES: [&str; 7] = ["75101", "69123", "13055", "97101", "01168", "99999", ""];
const UNITS: [&str; 3] = ["FRAAA", "FRBBB", "FRCCC"];
const POWERS_W: [i64; 6] = [3_700, 7_400, 22_000, 43_000, 150_000, 350_000];
const POINTS: usize = 20;

/// Start of a day of Europe/Paris.
pub(super) fn start_of(day: &str) -> i64 {
    calendar::start_of(literal::day(day).unwrap()).as_ms()
}

fn random_ms(random: &mut Random, from: i64, to: i64) -> i64 {
    from + i64::try_from(random.below(u64::try_from(to - from).unwrap())).unwrap()
}

/// A version of a directory entry: since when, where, until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version {
    pub(super) since_ms: i64,
    pub(super) commune: &'static str,
    pub(super) deleted_ms: Option<i64>,
}

#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) id: String,
    pub(super) station: String,
    pub(super) power_w: i64,
    pub(super) versions: Vec<Version>,
}

impl Point {
    pub(super) fn unit(&self) -> &str {
        &self.id[..5]
    }

    /// The version in force at an instant, else the first one.
    pub(super) fn at(&self, ms: i64) -> Version {
        let before = self.versions.iter().rfind(|one| one.since_ms <= ms);
        *before.unwrap_or(&self.versions[0])
    }

    pub(super) fn is_in_force(&self, ms: i64) -> bool {
        let version = self.at(ms);
        version.since_ms <= ms && version.deleted_ms.is_none_or(|deleted| deleted > ms)
    }

    fn rows(&self) -> Vec<Value> {
        let row = |(number, version): (i64, &Version)| {
            json!({
                "charge_point_id": self.id, "station_id": self.station, "operational_unit": self.unit(),
                "nom_operateur": "operator", "code_insee_commune": version.commune,
                "longitude": 2.3, "latitude": 48.8, "nbre_pdc": 1,
                "puissance_nominale": kw(self.power_w),
                "date_maj": "2025-01-01", "revision": number, "created_at": iso(self.versions[0].since_ms),
                "updated_at": iso(version.since_ms), "deleted_at": version.deleted_ms.map(iso),
                "version": number << 24,
            })
        };
        (1..).zip(&self.versions).map(row).collect()
    }
}

/// Times of an hour in a state, ms.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Times {
    pub(super) up: i64,
    pub(super) occupied: i64,
    pub(super) down: i64,
    pub(super) unknown_short: i64,
    pub(super) required: i64,
}

impl std::ops::AddAssign for Times {
    fn add_assign(&mut self, other: Self) {
        self.up += other.up;
        self.occupied += other.occupied;
        self.down += other.down;
        self.unknown_short += other.unknown_short;
        self.required += other.required;
    }
}

/// An hour of a charge point, as it stands after all corrections.
#[derive(Debug, Clone)]
pub(super) struct Hour {
    pub(super) point: String,
    pub(super) station: String,
    pub(super) start_ms: i64,
    pub(super) commune: &'static str,
    pub(super) power_w: i64,
    pub(super) times: Times,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Episode {
    pub(super) point: usize,
    pub(super) commune: &'static str,
    pub(super) opened_ms: i64,
    pub(super) closed_ms: Option<i64>,
    pub(super) left_censored: bool,
}

#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) points: Vec<Point>,
    /// Complete hours of the default policy.
    pub(super) hours: Vec<Hour>,
    /// Of charge points, not retracted.
    pub(super) episodes: Vec<Episode>,
    /// Records, copies included.
    pub(super) sessions: Vec<real_data::Session>,
    /// Charge point and event time.
    pub(super) statuses: Vec<(usize, i64)>,
    territories: BTreeMap<String, [String; 3]>,
    rows: BTreeMap<&'static str, Vec<Value>>,
}

impl Fleet {
    pub(super) fn of(seed: u64) -> Self {
        let mut random = Random(seed);
        let mut fleet = Self {
            points: (0..POINTS)
                .map(|number| point(number, &mut random))
                .collect(),
            hours: Vec::new(),
            episodes: Vec::new(),
            sessions: Vec::new(),
            statuses: Vec::new(),
            territories: territories(),
            rows: BTreeMap::new(),
        };
        let directory = fleet.points.iter().flat_map(Point::rows).collect();
        fleet.rows.insert("charge_point", directory);
        fleet.add_hours(&mut random);
        fleet.add_episodes(&mut random);
        fleet.add_sessions(&mut random);
        fleet.add_statuses(&mut random);
        fleet
    }

    pub(super) async fn load(&self, world: &World) {
        for (table, rows) in &self.rows {
            // In two halves: what stands is decided across parts.
            let (first, second) = rows.split_at(rows.len() / 2);
            world.insert(table, second).await;
            world.insert(table, first).await;
        }
        world.refresh(&ROLLUPS).await;
    }

    /// The target of a unit and a municipality at a level; none where it is not known.
    pub(super) fn target(&self, level: u8, unit: &str, commune: &str) -> Option<String> {
        let territory = |index: usize| self.territories.get(commune).map(|one| one[index].clone());
        let target = match level {
            0 => Some("00".to_owned()),
            1 => territory(0),
            2 => territory(1),
            3 => territory(2),
            _ => Some(unit.to_owned()),
        };
        target.filter(|target| !target.is_empty())
    }

    fn add_hours(&mut self, random: &mut Random) {
        let (from, to) = (start_of("2025-03-28"), start_of("2025-04-03"));
        let mut standing = BTreeMap::new();
        let mut rows = Vec::new();
        for version in 1..=4_000_i64 {
            let point = &self.points[usize::try_from(random.below(POINTS as u64)).unwrap()];
            let start_ms = random_ms(random, from, to) / HOUR_MS * HOUR_MS;
            // Now and then it is counted at another station as well.
            let station = if random.below(9) == 0 {
                format!("{}P0", point.unit())
            } else {
                point.station.clone()
            };
            let policy = *random.pick(&["qc-1", "qc-1", "qc-1", "qc-1", "other"]);
            let phase = *random.pick(&["final", "closed", "corrected", "final", "provisional"]);
            let is_deleted = random.below(12) == 0;
            let mut part = |most: u64| i64::try_from(random.below(most)).unwrap();
            let (free, occupied, reserved, in_service) = (part(900), part(400), part(90), part(90));
            let (down, short, long) = (part(700), part(300), part(200));
            let up = free + occupied + reserved + in_service;
            let hour = Hour {
                point: point.id.clone(),
                station: station.clone(),
                start_ms,
                commune: random.pick::<&str>(&COMMUNES),
                power_w: *random.pick(&POWERS_W),
                times: Times {
                    up,
                    occupied,
                    down,
                    unknown_short: short,
                    required: up + down + short + long,
                },
            };
            rows.push(json!({
                "policy": policy, "operational_unit": point.unit(), "station_id": station,
                "charge_point_id": point.id, "window_start": self::hour(start_ms),
                "code_insee_commune": hour.commune, "power_w": hour.power_w, "free_ms": free,
                "occupied_ms": occupied, "reserved_ms": reserved, "in_service_ms": in_service,
                "out_of_service_ms": down, "unknown_short_ms": short, "unknown_long_ms": long,
                "phase": phase, "revision": version, "version": version,
                "is_deleted": u8::from(is_deleted), "computed_at": self::hour(start_ms),
            }));
            let is_shown = policy == "qc-1" && phase != "provisional" && !is_deleted;
            let key = (policy, point.id.clone(), station, start_ms);
            standing.insert(key, is_shown.then_some(hour));
        }
        self.hours = standing.into_values().flatten().collect();
        self.rows.insert("charge_point_hour", rows);
    }

    fn add_episodes(&mut self, random: &mut Random) {
        let (from, to) = (start_of("2025-03-10"), start_of("2025-04-03"));
        let mut rows = Vec::new();
        for number in 0..150 {
            let point = number % POINTS;
            let opened_ms = random_ms(random, from, to);
            let is_closed = random.below(8) > 0;
            let length = random_ms(random, 1, 10 * DAY_MS);
            let episode = Episode {
                point,
                commune: random.pick::<&str>(&COMMUNES),
                opened_ms,
                closed_ms: is_closed.then_some(opened_ms + length),
                left_censored: random.below(6) == 0,
            };
            let id = &self.points[point].id;
            let outcome = if is_closed { "returned" } else { "open" };
            let entity = if random.below(9) == 0 {
                "station"
            } else {
                "charge_point"
            };
            let policy = if random.below(9) == 0 {
                "other"
            } else {
                "qc-1"
            };
            let is_deleted = random.below(9) == 0;
            rows.push(json!({
                "policy": policy, "operational_unit": &id[..5], "entity_type": entity, "charge_point_id": id,
                "station_id": self.points[point].station, "opened_at": iso(opened_ms), "outcome": outcome,
                "closed_at": episode.closed_ms.map(iso), "time_to_return_ms": is_closed.then_some(length),
                "left_censored": episode.left_censored, "code_insee_commune": episode.commune, "power_w": 1,
                "version": number, "is_deleted": u8::from(is_deleted), "computed_at": iso(opened_ms),
            }));
            if entity == "charge_point" && policy == "qc-1" && !is_deleted {
                self.episodes.push(episode);
            }
        }
        self.rows.insert("failure_episode", rows);
    }

    fn add_sessions(&mut self, random: &mut Random) {
        let (from, to) = (start_of("2025-02-25"), start_of("2025-04-03"));
        let mut rows = Vec::new();
        while self.sessions.len() < 500 {
            // The last charge points have none in the month, so that a month before can lack one.
            let point = usize::try_from(random.below(POINTS as u64)).unwrap();
            let start_ms = random_ms(random, from, to);
            let minutes = *random.pick(&[1, 2, 3, 30, 90, 600]);
            let session = real_data::Session {
                point: self.points[point].id.clone(),
                start_ms,
                end_ms: start_ms + minutes * 60_000 + 1,
                energy_wh: *random.pick(&[100, 501, 900, 5_000, 30_000]),
            };
            for _ in 0..=u64::from(random.below(10) == 0) {
                let offset = i64::try_from(self.sessions.len()).unwrap();
                let times = (session.start_ms, session.end_ms);
                let received = (session.end_ms + 1_000 + offset, offset);
                rows.push(received_session(
                    &session.point,
                    times,
                    session.energy_wh,
                    received,
                ));
                self.sessions.push(session.clone());
            }
        }
        self.rows.insert("charge_session", rows);
    }

    fn add_statuses(&mut self, random: &mut Random) {
        let (from, to) = (start_of("2025-03-28"), start_of("2025-04-03"));
        let mut rows = Vec::new();
        for number in 0..120_u64 {
            let point = usize::try_from(random.below(POINTS as u64)).unwrap();
            let at = random_ms(random, from, to);
            let id = &self.points[point].id;
            rows.push(json!({
                "operational_unit": &id[..5], "charge_point_id": id, "event_time": iso(at), "horodatage": iso(at),
                "received_at": iso(at), "etat_pdc": random.pick(&["hors_service", "en_service"]),
                "occupation_pdc": "inconnu", "source_offset": number,
                "event_id": uuid::Uuid::from_u128(number.into()).to_string(),
            }));
            self.statuses.push((point, at));
        }
        self.rows.insert("charge_point_status", rows);
    }
}

fn point(number: usize, random: &mut Random) -> Point {
    let unit = UNITS[number % UNITS.len()];
    let first = Version {
        since_ms: start_of("2025-01-01"),
        commune: random.pick::<&str>(&COMMUNES),
        deleted_ms: None,
    };
    let mut versions = vec![first];
    if random.below(3) == 0 {
        // It moves in the middle of a day.
        versions.push(Version {
            since_ms: start_of("2025-03-29") + 11 * HOUR_MS,
            commune: random.pick::<&str>(&COMMUNES),
            deleted_ms: None,
        });
    }
    if random.below(4) == 0 {
        let since_ms = start_of("2025-03-31") + 7 * HOUR_MS;
        let commune = versions[versions.len() - 1].commune;
        versions.push(Version {
            since_ms,
            commune,
            deleted_ms: Some(since_ms),
        });
    }
    Point {
        id: format!("{unit}E{number:02}"),
        station: format!("{unit}P{}", 1 + number / 6),
        power_w: *random.pick(&POWERS_W),
        versions,
    }
}

/// Region, department and EPCI by municipality, from the file that the database is seeded with.
fn territories() -> BTreeMap<String, [String; 3]> {
    let seed =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/clickhouse/seed/territory.tsv");
    let seed = std::fs::read_to_string(seed).unwrap();
    let rows = seed
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[0] == "commune")
        .map(|row| {
            (
                row[1].to_owned(),
                [row[6], row[5], row[4]].map(str::to_owned),
            )
        })
        .collect()
}

/// The same day and hour of the month before in Europe/Paris; the last day of a shorter month.
pub(super) fn month_before(start_ms: i64) -> i64 {
    let day: Day = calendar::day_of(Timestamp::from_ms(start_ms));
    let text = literal::date(day);
    let number = |range: std::ops::Range<usize>| text[range].parse::<u32>().unwrap();
    let (year, month, date) = (number(0..4), number(5..7), number(8..10));
    let (year, month) = if month == 1 {
        (year - 1, 12)
    } else {
        (year, month - 1)
    };
    let mut candidates = (1..=date)
        .rev()
        .map(|date| format!("{year}-{month:02}-{date:02}"));
    let before = candidates.find_map(|day| literal::day(&day).ok()).unwrap();
    calendar::start_of(before).as_ms()
}

/// Watts as kilowatts.
pub(super) fn kw(power_w: i64) -> f64 {
    f64::from(u32::try_from(power_w).unwrap()) / 1000.0
}
