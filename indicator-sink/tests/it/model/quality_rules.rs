//! Every quality rule by value: for each number a few rows that break it exactly so often, and a few
//! that come as close as they can without.

use std::collections::{BTreeMap, BTreeSet};

use indicator_sink::indicator::Rule;
use serde_json::{Value, json};

use super::indicators::day;
use super::world::{DAY_1_MS, Entry, HOUR_MS, World, iso, received_session};

const DAY_MS: i64 = 24 * HOUR_MS;
const NOW_MS: i64 = DAY_1_MS + 2 * DAY_MS;

/// Noon of the day whose statuses are judged, and of the day whose sessions are.
const NOON_MS: i64 = DAY_1_MS + 11 * HOUR_MS;
const SESSIONS_NOON_MS: i64 = NOON_MS - 15 * DAY_MS;
const MINUTE_MS: i64 = 60_000;

/// The rows of one operational unit.
struct Fleet {
    unit: String,
    points: Vec<Value>,
    sessions: Vec<Value>,
    statuses: Vec<Value>,
}

impl Fleet {
    fn of(unit: String) -> Self {
        Self {
            unit,
            points: Vec::new(),
            sessions: Vec::new(),
            statuses: Vec::new(),
        }
    }

    fn id(&self, number: usize) -> String {
        format!("{}E{number}", self.unit)
    }

    /// One more charge point: 22 kW, a station of its own, nothing wrong, but what `change` says.
    fn point(&mut self, change: Value) -> String {
        let number = self.points.len() + 1;
        let mut row = ENTRY.row();
        let object = row.as_object_mut().unwrap();
        let own = json!({
            "charge_point_id": self.id(number), "station_id": format!("{}P{number}", self.unit),
            "operational_unit": self.unit,
        });
        for changes in [own, change] {
            for (name, value) in changes.as_object().unwrap() {
                assert!(
                    object.insert(name.clone(), value.clone()).is_some(),
                    "{name} is new"
                );
            }
        }
        let id = row["charge_point_id"].as_str().unwrap().to_owned();
        self.points.push(row);
        id
    }

    /// A direct connection at 50 kW with a real delivery point, but what `change` says.
    fn direct(&mut self, change: Value) -> String {
        let mut all = json!({
            "puissance_nominale": 50.0, "raccordement": "Direct", "num_pdl": "30002510987654",
        });
        let Value::Object(more) = change else {
            panic!("no object: {change}");
        };
        all.as_object_mut().unwrap().extend(more);
        self.point(all)
    }

    /// A record of a session at noon, or so many minutes later.
    fn session(&mut self, id: &str, minute: i64, length_ms: i64, energy_wh: i64) {
        let start = SESSIONS_NOON_MS + minute * MINUTE_MS;
        self.late_session(id, (start, start + length_ms), energy_wh, 1_000);
    }

    fn late_session(&mut self, id: &str, times: (i64, i64), energy_wh: i64, delay_ms: i64) {
        let offset = i64::try_from(self.sessions.len()).unwrap();
        let mut row = received_session(id, times, energy_wh, (times.1 + delay_ms, offset));
        row["operational_unit"] = json!(self.unit);
        self.sessions.push(row);
    }

    fn status(&mut self, id: &str, at_ms: i64, delay_ms: i64, occupation: &str) {
        let number = self.statuses.len();
        let name = format!("{id}/{number}");
        self.statuses.push(json!({
            "operational_unit": self.unit, "charge_point_id": id, "event_time": iso(at_ms),
            "horodatage": iso(at_ms), "received_at": iso(at_ms + delay_ms), "etat_pdc": "en_service",
            "occupation_pdc": occupation, "source_offset": number,
            "event_id": uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string(),
        }));
    }

    /// So many statuses in the day of the statuses, a second apart.
    fn statuses(&mut self, id: &str, count: i64) {
        for number in 0..count {
            self.status(id, NOON_MS + number * 1_000, 0, "libre");
        }
    }

    /// So many statuses in the day of the sessions, from its first instant on.
    fn occupied(&mut self, id: &str, count: i64) {
        let midnight = SESSIONS_NOON_MS - 12 * HOUR_MS;
        for number in 0..count {
            self.status(id, midnight + number * 1_000, 0, "occupe");
        }
    }
}

const ENTRY: Entry = Entry {
    id: "FRAAAE1",
    station: "FRAAAP1",
    commune: "75101",
    power_kw: 22.0,
    siren: "552100554",
    delivery_point: None,
    updated_ms: DAY_1_MS - 400 * DAY_MS,
    deleted_ms: None,
    revision: 1,
};

/// What a rule says of a unit.
#[derive(Debug, Clone, Copy)]
enum Says {
    /// It fires, with this value in both variants.
    Fires(f64),
    /// It fires, and the original computes something else.
    Unlike(f64, (f64, bool)),
    /// It has a value and does not fire.
    Bears(f64),
    /// It has no row: nothing is to be said.
    Nothing,
}

/// A rule by number, a fleet, and what it says of it.
type Case = (&'static str, fn(&mut Fleet), Says);

#[rustfmt::skip] // a table
const CASES: &[Case] = &[
    ("1", |f| for kw in [4_000.0, 5_000.0, 3_999.999] { f.point(json!({"puissance_nominale": kw})); }, Says::Fires(2.0)),
    ("1", |f| { f.point(json!({"puissance_nominale": 3_999.999})); }, Says::Nothing),
    ("2", |f| for commune in ["99999", "", "75101"] { f.point(json!({"code_insee_commune": commune})); }, Says::Fires(2.0)),
    ("2", |f| { f.point(json!({})); }, Says::Nothing),
    // Off Spain: within the rectangle only. The Baltic Sea: in neither. La Réunion: within the polygons only.
    ("3", |f| for (x, y) in [(0.0, 41.2), (20.0, 55.0), (55.5, -21.1), (55.6, -21.2), (2.3, 48.8)] {
        f.point(json!({"longitude": x, "latitude": y}));
    }, Says::Unlike(2.0, (3.0, true))),
    ("3", |f| { f.point(json!({})); }, Says::Bears(0.0)),
    ("6", |f| for change in [json!({"nom_operateur": ""}), json!({"telephone_operateur": ""}), json!({})] { f.point(change); },
        Says::Fires(2.0)),
    ("6", |f| { f.point(json!({})); }, Says::Nothing),
    ("7", |f| for name in ["nom_amenageur", "siren_amenageur", "contact_amenageur", "nom_operateur"] { f.point(json!({name: ""})); },
        Says::Fires(3.0)),
    ("7", |f| { f.point(json!({})); }, Says::Nothing),
    ("13", |f| for count in [61, 60, 75] { let id = f.point(json!({})); many_sessions(f, &id, count); }, Says::Fires(2.0)),
    ("13", |f| { let id = f.point(json!({})); many_sessions(f, &id, 60); }, Says::Bears(0.0)),
    // Another energy is a copy as well: it is the same session.
    ("17", |f| { let id = f.point(json!({})); for (minute, wh) in [(0, 2_000), (0, 2_000), (0, 3_000), (90, 2_000)] {
        f.session(&id, minute, HOUR_MS, wh);
    } }, Says::Fires(0.5)),
    ("17", |f| { let id = f.point(json!({})); for minute in [0, 90] { f.session(&id, minute, HOUR_MS, 2_000); } }, Says::Bears(0.0)),
    ("20", |f| { for pdl in [Value::Null, json!("3000 510987654"), json!("NA"), json!(""), json!("00000000000000"),
            json!("012345678987654"), json!("11111111111111"), json!("99999999999999")] {
            f.direct(json!({"num_pdl": pdl}));
        }
        f.direct(json!({"num_pdl": null, "raccordement": null}));
        f.point(json!({"num_pdl": null, "raccordement": "Direct", "prise_type_combo_ccs": true}));
    }, Says::Fires(10.0)),
    ("20", |f| { f.direct(json!({})); f.direct(json!({"num_pdl": null, "raccordement": "Indirect"}));
        f.point(json!({"num_pdl": null, "raccordement": "Direct"})); }, Says::Nothing),
    // Of three that were occupied twice one has no session; once, or at less power, does not count.
    ("21", |f| { let ids: Vec<String> = (0..3).map(|_| f.direct(json!({}))).collect();
        for id in &ids { f.occupied(id, 2); }
        f.session(&ids[0], 0, HOUR_MS, 2_000); f.session(&ids[1], -720, HOUR_MS, 2_000);
        let once = f.direct(json!({})); f.occupied(&once, 1);
        let weak = f.point(json!({"raccordement": "Direct"})); f.occupied(&weak, 2);
    }, Says::Fires(1.0 / 3.0)),
    // Midnight sharp.
    ("21", |f| { let id = f.direct(json!({})); f.occupied(&id, 2); f.session(&id, -720, HOUR_MS, 2_000); }, Says::Bears(0.0)),
    ("22", |f| { for (wh, occupied) in [(101, 0), (101, 1), (5_000, 3), (100, 0), (101, 0)] {
        let id = f.point(json!({})); f.session(&id, 0, HOUR_MS, wh); f.occupied(&id, occupied);
    } }, Says::Fires(0.5)),
    ("22", |f| { let id = f.point(json!({})); f.session(&id, 0, HOUR_MS, 101); f.occupied(&id, 1); }, Says::Bears(0.0)),
    ("23", |f| for station in ["FRZ23X1", "DEZ23P1", "FRZ23P1", "Non concerné"] { f.point(json!({"station_id": station})); },
        Says::Fires(2.0)),
    ("23", |f| { f.point(json!({"station_id": "Non concerné"})); }, Says::Nothing),
    ("24", |f| { let unit = f.unit.clone(); f.point(json!({"charge_point_id": format!("{unit}X1")}));
        f.point(json!({"station_id": "FRZ24P1"})); f.point(json!({})); }, Says::Fires(2.0)),
    ("24", |f| { f.point(json!({})); f.point(json!({"charge_point_id": "Non concerné"})); }, Says::Nothing),
    ("29", |f| { let unit = f.unit.clone();
        for (station, address, x) in [(1, "a", 2.3), (1, "b", 2.3), (2, "a", 2.3), (2, "b", 2.4), (3, "a", 2.5), (3, "a", 2.5)] {
            f.point(json!({"station_id": format!("{unit}P{station}"), "adresse_station": address, "longitude": x}));
        } }, Says::Fires(1.0)),
    ("29", |f| { f.point(json!({})); }, Says::Bears(0.0)),
    ("30", |f| { crowd(f, 1, 51); crowd(f, 2, 50); crowd(f, 3, 1); crowd(f, 4, 60); }, Says::Fires(0.5)),
    ("30", |f| crowd(f, 1, 50), Says::Bears(0.0)),
    // Thirteen digits; one of two; fourteen; less power.
    ("34", |f| { let unit = f.unit.clone();
        for (station, pdl, kw) in [(1, "3000251098765", 50.0), (2, "x", 50.0), (2, "30002510987654", 22.0), (3, "30002510987654", 50.0),
            (4, "x", 22.0)] {
            f.direct(json!({"station_id": format!("{unit}P{station}"), "num_pdl": pdl, "puissance_nominale": kw}));
        } }, Says::Fires(1.0 / 3.0)),
    ("34", |f| { f.direct(json!({})); }, Says::Bears(0.0)),
    // 22 kW for an hour: above 24.2 kWh and below 44, or at most 50, counts. 2 kW are too little to judge.
    ("38", |f| { let id = f.point(json!({}));
        for (minute, wh) in [24_201, 24_200, 43_999, 50_000, 50_001, 1_000, 1_000_001].into_iter().enumerate() {
            f.session(&id, i64::try_from(minute).unwrap(), HOUR_MS, wh);
        }
        f.session(&id, 30, 0, 30_000);
        let weak = f.point(json!({"puissance_nominale": 2.0})); f.session(&weak, 0, HOUR_MS, 3_000);
    }, Says::Fires(3.0 / 6.0)),
    ("38", |f| { let id = f.point(json!({})); f.session(&id, 0, HOUR_MS, 24_200); }, Says::Bears(0.0)),
    ("39", |f| for kw in [1.3, 1.0, 1.301] { f.point(json!({"puissance_nominale": kw})); }, Says::Fires(2.0)),
    ("39", |f| { f.point(json!({"puissance_nominale": 1.301})); }, Says::Nothing),
    ("40", |f| { let id = f.point(json!({})); for (minute, length, wh) in [(0, 0, 1_001), (1, HOUR_MS, 1_001), (2, 0, 1_000), (3, 0, 1_000_001),
        (4, HOUR_MS, 2_000), (5, HOUR_MS, 2_000)] { f.session(&id, minute, length, wh); } }, Says::Fires(0.25)),
    ("40", |f| { let id = f.point(json!({})); f.session(&id, 0, 1, 1_001); }, Says::Bears(0.0)),
    ("41", |f| { let id = f.point(json!({})); for (minute, wh) in [(0, 50_001), (1, 50_000), (2, 60_000)] { f.session(&id, minute, HOUR_MS, wh); }
        // Twice 30 kW for an hour, and no more.
        let other = f.point(json!({"puissance_nominale": 30.0})); f.session(&other, 0, HOUR_MS, 60_000); }, Says::Fires(2.0)),
    ("41", |f| { let id = f.point(json!({"puissance_nominale": 30.0})); f.session(&id, 0, HOUR_MS, 60_000); }, Says::Nothing),
    ("42", |f| { let id = f.point(json!({})); for (minute, delay) in [(0, 16 * DAY_MS + 12 * HOUR_MS), (1, DAY_MS)] {
        let start = SESSIONS_NOON_MS + minute * MINUTE_MS; f.late_session(&id, (start, start + HOUR_MS), 2_000, delay); } },
        Says::Fires(16.5)),
    ("42", |f| { let id = f.point(json!({})); f.late_session(&id, (SESSIONS_NOON_MS, SESSIONS_NOON_MS + HOUR_MS), 2_000, 15 * DAY_MS); },
        Says::Bears(15.0)),
    // Two hours and five minutes count as five minutes in the original; before the event counts as nothing.
    ("43", |f| { let id = f.point(json!({})); for (at, delay) in [(0, 7_500_000), (1, 100_500), (2, -20_000)] {
        f.status(&id, NOON_MS + at, delay, "libre"); } }, Says::Unlike(7_600.5 / 3.0, (400.0 / 3.0, false))),
    ("43", |f| { let id = f.point(json!({})); f.status(&id, NOON_MS, 300_000, "libre"); }, Says::Bears(300.0)),
    ("44", |f| { let id = f.point(json!({})); for at in [0, 0, 1, 2] { f.status(&id, NOON_MS + at, 0, "libre"); } }, Says::Fires(0.25)),
    ("44", |f| { for _ in 0..2 { let id = f.point(json!({})); f.status(&id, NOON_MS, 0, "libre"); } }, Says::Bears(0.0)),
    ("46", |f| for (station, x) in [(1, 2.3), (2, 2.3), (3, 2.4), (4, 2.4), (4, 2.4)] { place(f, station, x); }, Says::Fires(2.0)),
    ("46", |f| for (station, x) in [(1, 2.3), (2, 2.3), (3, 2.4)] { place(f, station, x); }, Says::Bears(1.5)),
    // Of three there are two; none is said; two where one is said.
    ("47", |f| { let unit = f.unit.clone(); for (station, said) in [(1, 3), (1, 3), (2, 0), (3, 1), (3, 1)] {
        f.point(json!({"station_id": format!("{unit}P{station}"), "nbre_pdc": said})); } }, Says::Fires(2.0)),
    ("47", |f| { f.point(json!({})); }, Says::Bears(0.0)),
    ("48", |f| for name in ["a", "b", "b", "c"] { f.point(json!({"nom_operateur": name})); }, Says::Fires(2.0)),
    ("48", |f| for _ in 0..2 { f.point(json!({})); }, Says::Bears(0.0)),
    ("49", |f| { let id = f.direct(json!({})); f.session(&id, 0, HOUR_MS, 2_000); f.occupied(&id, 31); }, Says::Fires(31.0)),
    ("49", |f| { let id = f.direct(json!({})); for minute in [0, 1] { f.session(&id, minute, HOUR_MS, 2_000); } f.occupied(&id, 1); },
        Says::Fires(0.5)),
    ("49", |f| { let id = f.direct(json!({})); f.session(&id, 0, HOUR_MS, 2_000); f.occupied(&id, 30); }, Says::Bears(30.0)),
    ("49", |f| { let id = f.direct(json!({})); f.occupied(&id, 30); }, Says::Nothing),
    // The day ends at the end of the 6th; a month before is the end of the 6th of December. Never heard is another rule.
    ("51", |f| { let ids: Vec<String> = (0..4).map(|_| f.point(json!({}))).collect();
        f.status(&ids[0], day().end.as_ms() - 31 * DAY_MS - 1, 0, "libre"); f.status(&ids[1], NOON_MS, 0, "libre");
        f.status(&ids[2], day().end.as_ms() - 31 * DAY_MS, 0, "libre"); }, Says::Fires(0.25)),
    ("51", |f| { let id = f.point(json!({})); f.status(&id, day().end.as_ms() - 31 * DAY_MS, 0, "libre"); }, Says::Bears(0.0)),
    ("52", |f| { let ids: Vec<String> = (0..4).map(|_| f.point(json!({}))).collect(); f.status(&ids[1], NOON_MS, 0, "libre"); },
        Says::Unlike(0.75, (0.0, false))),
    ("52", |f| { let id = f.point(json!({})); f.status(&id, NOON_MS, 0, "libre"); }, Says::Bears(0.0)),
    ("53", |f| for count in [1_441, 1_440] { let id = f.point(json!({})); f.statuses(&id, count); }, Says::Fires(1.0)),
    ("53", |f| { let id = f.point(json!({})); f.statuses(&id, 1_440); }, Says::Bears(0.0)),
    ("54", |f| for (siren, name) in [("552100554", "a"), ("552100554", "b"), ("552100554", "c"), ("732829320", "d"), ("", "e"), ("", "f")] {
        f.point(json!({"siren_amenageur": siren, "nom_amenageur": name})); }, Says::Fires(2.0)),
    ("54", |f| for siren in ["552100554", "732829320"] { f.point(json!({"siren_amenageur": siren, "nom_amenageur": siren})); },
        Says::Bears(0.0)),
];

fn many_sessions(fleet: &mut Fleet, id: &str, count: i64) {
    for minute in 0..count {
        fleet.session(id, minute, MINUTE_MS, 1_000);
    }
}

fn crowd(fleet: &mut Fleet, station: usize, count: usize) {
    let station = format!("{}P{station}", fleet.unit);
    for _ in 0..count {
        fleet.point(json!({"station_id": station}));
    }
}

fn place(fleet: &mut Fleet, station: usize, longitude: f64) {
    let station = format!("{}P{station}", fleet.unit);
    fleet.point(json!({"station_id": station, "longitude": longitude}));
}

#[test]
fn every_rule_has_a_fleet_that_breaks_it_and_one_that_does_not() {
    let numbers = |fires: bool| -> BTreeSet<&str> {
        let of = CASES
            .iter()
            .filter(|(_, _, says)| fires == matches!(says, Says::Fires(_) | Says::Unlike(..)));
        of.map(|(number, _, _)| *number).collect()
    };
    let all: BTreeSet<&str> = Rule::all().map(|rule| rule.number).collect();
    assert_eq!(numbers(true), all);
    assert_eq!(numbers(false), all);
    let differing: BTreeSet<&str> = Rule::all()
        .filter(|rule| rule.parity != rule.value)
        .map(|rule| rule.number)
        .collect();
    let unlike = CASES
        .iter()
        .filter(|(_, _, says)| matches!(says, Says::Unlike(..)));
    assert_eq!(
        unlike
            .map(|(number, _, _)| *number)
            .collect::<BTreeSet<_>>(),
        differing
    );
}

#[tokio::test]
async fn every_rule_counts_exactly_what_breaks_it() {
    let world = World::new().await;
    let mut expected = BTreeMap::new();
    let (mut points, mut sessions, mut statuses) = (Vec::new(), Vec::new(), Vec::new());
    for (index, (number, build, says)) in CASES.iter().enumerate() {
        let mut fleet = Fleet::of(format!("FRZ{index:02}"));
        build(&mut fleet);
        points.append(&mut fleet.points);
        sessions.append(&mut fleet.sessions);
        statuses.append(&mut fleet.statuses);
        let mut put = |variant: &str, value: f64, fires: bool| {
            let key = ((*number).to_owned(), fleet.unit.clone(), variant.to_owned());
            expected.insert(key, (value, fires));
        };
        match *says {
            Says::Fires(value) => ["corrected", "parity"].map(|variant| put(variant, value, true)),
            Says::Bears(value) => ["corrected", "parity"].map(|variant| put(variant, value, false)),
            Says::Unlike(value, (parity, fires)) => {
                [put("corrected", value, true), put("parity", parity, fires)]
            }
            Says::Nothing => continue,
        };
    }
    world.insert("charge_point", &points).await;
    world.insert("charge_session", &sessions).await;
    world.insert("charge_point_status", &statuses).await;
    world.refresh(&["distinct_session", "latest_status"]).await;
    world.compute(day(), NOW_MS).await;
    let query = "SELECT JSONExtractString(toString(JSONExtractRaw(extras, 'number'))) AS text, \
                 if(text = '', JSONExtractRaw(extras, 'number'), text), toString(target), toString(variant), value, \
                 JSONExtractBool(extras, 'fires') FROM indicator FINAL WHERE code = 'qua' AND level = 5";
    let client = world.client();
    let rows = client
        .query_raw(query)
        .fetch_all::<(String, String, String, String, f64, bool)>()
        .await
        .unwrap();
    let found: BTreeMap<_, _> = rows
        .into_iter()
        .map(|(_, number, target, variant, value, fires)| {
            ((number, target, variant), (value, fires))
        })
        .collect();
    let mut wrong = Vec::new();
    for (index, (number, _, says)) in CASES.iter().enumerate() {
        for variant in ["corrected", "parity"] {
            let key = (
                (*number).to_owned(),
                format!("FRZ{index:02}"),
                variant.to_owned(),
            );
            let is_right = match (found.get(&key), expected.get(&key)) {
                (Some((value, fires)), Some((wanted, fire))) => {
                    (value - wanted).abs() < 1e-12 * wanted.abs().max(1.0) && fires == fire
                }
                (None, None) => true,
                _ => false,
            };
            if !is_right {
                wrong.push(format!("{key:?}: {:?}, not {says:?}", found.get(&key)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
