//! Codes over hours, outages, sessions and statuses, at every level and for every period: each equals a
//! computation that shares nothing with the database but the rows (`truth`).

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;
use domain::calendar::{self, Grain, Period};
use indicator_sink::indicator::{Stretch, statements};
use indicator_sink::literal;
use serde_json::Value;

use super::fleet::{DAY_MS, Fleet, start_of};
use super::truth::{Figures, Key, Truth, float, holds};
use super::world::World;

const SEED: u64 = 20_250_330;
const CODES: [&str; 9] = ["e4", "q6", "q7", "q8", "q9", "d5", "recovery", "u12", "u13"];

/// The statements of the codes that are compared here.
async fn compute(world: &World, stretch: Stretch, now_ms: i64) {
    for statement in statements(stretch, Timestamp::from_ms(now_ms)).unwrap() {
        let code = statement.title.split(' ').next().unwrap();
        if CODES.contains(&code) {
            world.database().execute(&statement.sql).await;
        }
    }
}

async fn stored(
    world: &World,
    (code, variant): (&str, &str),
    stretch: Stretch,
) -> BTreeMap<Key, (f64, Value)> {
    let query = format!(
        "SELECT level, toString(target), toString(category), value, if(extras = '', '{{}}', extras) \
         FROM indicator FINAL WHERE code = '{code}' AND variant = '{variant}' AND period = '{}' \
         AND toUnixTimestamp(timestamp) = {}",
        stretch.letter,
        stretch.start.as_ms() / 1000
    );
    let client = world.client();
    let rows = client
        .query_raw(&query)
        .fetch_all::<(u8, String, String, f64, String)>()
        .await;
    let row = |(level, target, category, value, extras): (u8, String, String, f64, String)| {
        (
            (level, target, category),
            (value, serde_json::from_str(&extras).unwrap()),
        )
    };
    rows.unwrap().into_iter().map(row).collect()
}

fn is_same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-12 * one.abs().max(1.0)
}

fn assert_same(found: &BTreeMap<Key, (f64, Value)>, expected: &Figures, context: &str) {
    let keys = |all: Vec<&Key>| all.into_iter().cloned().collect::<BTreeSet<Key>>();
    let (has, wants) = (
        keys(found.keys().collect()),
        keys(expected.keys().collect()),
    );
    assert_eq!(has, wants, "{context}");
    for (key, figure) in expected {
        let (value, extras) = &found[key];
        let context = format!("{context} {key:?}");
        assert!(
            is_same(*value, figure.value),
            "{context}: {value}, not {}",
            figure.value
        );
        for (name, expected) in &figure.extras {
            let value = extras[name].as_f64().unwrap();
            assert!(
                is_same(value, *expected),
                "{context} {name}: {value}, not {expected}"
            );
        }
        if let Some(list) = &figure.list {
            // A zero of the original has none.
            let found = extras["list"].as_array().map_or(&[][..], Vec::as_slice);
            let found: Vec<&str> = found.iter().filter_map(Value::as_str).collect();
            assert_eq!(&found, list, "{context}");
        }
    }
}

/// The mean of what is there of days.
fn mean(days: &[Figures]) -> Figures {
    let mut all: BTreeMap<Key, Vec<f64>> = BTreeMap::new();
    for (key, figure) in days.iter().flatten() {
        all.entry(key.clone()).or_default().push(figure.value);
    }
    let count = |values: &[f64]| float(i64::try_from(values.len()).unwrap());
    all.into_iter()
        .map(|(key, values)| (key, (values.iter().sum::<f64>() / count(&values)).into()))
        .collect()
}

/// Days around the end of a quarter, the first of which has 23 hours; their weeks, months, quarters and
/// their year; an hour.
fn stretches() -> Vec<Stretch> {
    let days = [30, 31, 32].map(|day| start_of("2025-03-01") + (day - 1) * DAY_MS + DAY_MS / 2);
    let periods = Grain::ALL.into_iter().flat_map(|grain| {
        let of_day = |at: &i64| Period::of(grain, Timestamp::from_ms(*at));
        days.iter().map(of_day).collect::<BTreeSet<Period>>()
    });
    let hours = Stretch::hours(literal::day("2025-03-30").unwrap());
    hours
        .skip(2)
        .take(1)
        .chain(periods.map(Stretch::of))
        .collect()
}

#[tokio::test]
async fn codes_equal_an_independent_computation_at_every_level_and_for_every_period() {
    println!("seed {SEED}");
    let fleet = Fleet::of(SEED);
    let world = World::new().await;
    fleet.load(&world).await;
    let now_ms = start_of("2025-04-20");
    let truth = Truth::of(&fleet, now_ms);
    let mut days: BTreeMap<&str, Vec<(Stretch, Figures)>> = BTreeMap::new();
    let mut rows = BTreeMap::new();
    for stretch in stretches() {
        compute(&world, stretch, now_ms).await;
        let of_day = calendar::day_of(stretch.start);
        for code in CODES {
            // An hour of a month before is no stretch that anybody asks for.
            if stretch.letter == "h" && code == "e4" {
                continue;
            }
            let context = format!("{code} {} of {}", stretch.letter, literal::date(of_day));
            let expected = truth.corrected(code, stretch);
            let found = stored(&world, (code, "corrected"), stretch).await;
            assert_same(&found, &expected, &context);
            *rows.entry((code, stretch.letter)).or_insert(0) += found.len();
            if !["e4", "u12", "u13"].contains(&code) {
                continue;
            }
            let found = stored(&world, (code, "parity"), stretch).await;
            let expected = match stretch.letter {
                "d" => {
                    let figures = truth.parity(code, stretch);
                    days.entry(code)
                        .or_default()
                        .push((stretch, figures.clone()));
                    figures
                }
                "w" | "m" => {
                    let inside = days[code]
                        .iter()
                        .filter(|day| holds(stretch, day.0.start.as_ms()));
                    mean(&inside.map(|day| day.1.clone()).collect::<Vec<_>>())
                }
                _ => Figures::new(),
            };
            assert_same(&found, &expected, &format!("{context}, parity"));
        }
    }
    for code in CODES {
        for letter in ["d", "w", "m", "q", "y"] {
            let count = rows[&(code, letter)];
            assert!(count >= 5, "{code} {letter}: only {count} rows");
        }
    }
}
