//! What changes figures that were computed, and what does not.

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::calendar::{Grain, Period};
use indicator_sink::indicator::Stretch;

use super::indicators::{day, world};
use super::world::{DAY_1_MS, Entry, HOUR_MS, ROLLUPS, World, received_session};

const NOW_MS: i64 = DAY_1_MS + 100 * 24 * HOUR_MS;

/// Every row but those that say when they were made.
async fn rows(world: &World, condition: &str) -> BTreeSet<String> {
    let rest = format!("FROM indicator FINAL WHERE {condition}");
    let columns = "code, variant, level, target, period, category, timestamp, value, extras";
    world.rows(columns, &rest).await.into_iter().collect()
}

#[tokio::test]
async fn a_second_run_writes_no_row_and_a_late_session_changes_its_keys_only() {
    let world = world().await;
    assert!(world.compute(day(), NOW_MS).await > 0);
    assert_eq!(world.compute(day(), NOW_MS).await, 0);
    let before = rows(&world, "1").await;
    // 10 kWh in 40 minutes at 13:00 in Paris, on the second charge point: clean.
    let at = |minutes: i64| DAY_1_MS + minutes * 60_000;
    let late = received_session("FRAAAE2", (at(720), at(760)), 10_000, (at(60_000), 9));
    world.insert("charge_session", &[late]).await;
    world.refresh(&ROLLUPS).await;
    let written = world.compute(day(), NOW_MS).await;
    let after = rows(&world, "1").await;
    let changed: BTreeSet<String> = after.difference(&before).cloned().collect();
    assert_eq!(u64::try_from(changed.len()).unwrap(), written);
    let key = |row: &String| -> String {
        let parts: Vec<_> = row.trim_start_matches('(').split(',').take(4).collect();
        parts.join(" ").replace('\'', "")
    };
    let keys: BTreeSet<String> = changed.iter().map(key).collect();
    let at_levels = |code: &str, variant: &str, levels: &[u8]| -> Vec<String> {
        let target = |level: &u8| match level {
            0 => "00",
            1 => "11",
            2 => "75",
            3 => "200054781",
            5 => "FRAAA",
            _ => "552100554",
        };
        levels
            .iter()
            .map(|level| format!("{code} {variant} {level} {}", target(level)))
            .collect()
    };
    let mut expected = Vec::new();
    for variant in ["corrected", "parity"] {
        for (code, levels) in [
            ("u5", &[0_u8, 1][..]),
            ("u6", &[0, 1]),
            ("u11", &[0, 1]),
            ("u9", &[0, 1, 5]),
            ("u10", &[0, 1, 5]),
            ("u14", &[0, 1, 5]),
            ("tirue", &[6]),
        ] {
            expected.extend(at_levels(code, variant, levels));
        }
    }
    expected.extend(at_levels("q9", "corrected", &[0, 1, 2, 3, 5]));
    assert_eq!(keys, expected.into_iter().collect::<BTreeSet<_>>());
}

#[tokio::test]
async fn a_decommissioned_charge_point_changes_no_past_day_that_is_published() {
    let world = world().await;
    world.compute(day(), NOW_MS).await;
    let before = rows(&world, "variant = 'corrected' AND code != 'qua'").await;
    let parity = rows(&world, "variant = 'parity' AND code = 'i1'").await;
    let gone = Entry {
        id: "FRBBBE1",
        station: "FRBBBP1",
        commune: "69123",
        power_kw: 7.0,
        siren: "123456789",
        delivery_point: None,
        updated_ms: DAY_1_MS + 48 * HOUR_MS,
        deleted_ms: Some(DAY_1_MS + 48 * HOUR_MS),
        revision: 2,
    };
    world.insert("charge_point", &[gone.row()]).await;
    world.compute(day(), NOW_MS).await;
    assert_eq!(
        rows(&world, "variant = 'corrected' AND code != 'qua'").await,
        before
    );
    // The original counts what is in force today, so its past changes: the defect is repeated.
    assert_ne!(
        rows(&world, "variant = 'parity' AND code = 'i1'").await,
        parity
    );
    let next = Stretch::of(Period::of(
        Grain::Day,
        Timestamp::from_ms(DAY_1_MS + 60 * HOUR_MS),
    ));
    world.compute(next, NOW_MS).await;
    let start = next.start.as_ms() / 1000;
    let stock = format!(
        "SELECT sum(value) FROM indicator FINAL WHERE code = 'i1' AND variant = 'corrected' AND level = 0 \
         AND toUnixTimestamp(timestamp) = {start}"
    );
    assert_eq!(world.value(&stock).await, "2");
}

#[tokio::test]
async fn longer_periods_are_recomputed_and_those_of_the_original_are_means_of_the_days_there() {
    let world = world().await;
    let of_day = |number: i64| {
        Stretch::of(Period::of(
            Grain::Day,
            Timestamp::from_ms(DAY_1_MS + (number * 24 + 1) * HOUR_MS),
        ))
    };
    // The week from Monday has the day of the sessions and six without; the original ran on two.
    for number in [0, 1] {
        world.compute(of_day(number), NOW_MS).await;
    }
    let week = Stretch::of(Period::of(
        Grain::Week,
        Timestamp::from_ms(DAY_1_MS + HOUR_MS),
    ));
    world.compute(week, NOW_MS).await;
    assert_eq!(world.compute(week, NOW_MS).await, 0);
    let rest =
        "FROM indicator FINAL WHERE code = 'u10' AND period = 'w' AND level = 0 ORDER BY variant";
    let shown = world
        .rows("variant, value, replaceAll(extras, '\"', '')", rest)
        .await;
    let mean = 4.0 / 7.0;
    assert_eq!(
        shown,
        [
            format!("('corrected',4,'{{duplicates:1,daily_mean:{mean}}}')"),
            "('parity',2.5,'{history:{2025-01-06:5,2025-01-07:0}}')".to_owned(),
        ]
    );
    // The quarter before has no session.
    let quarter = Stretch::of(Period::of(
        Grain::Quarter,
        Timestamp::from_ms(DAY_1_MS - 10 * 24 * HOUR_MS),
    ));
    world.compute(quarter, NOW_MS).await;
    let rest = "FROM indicator FINAL WHERE code = 'u10' AND period = 'q' AND level = 0";
    assert_eq!(
        world.rows("variant, value", rest).await,
        ["('corrected',0)"]
    );
    // An hour of Paris: 10:00 to 11:00.
    let hour = Stretch::hours(domain::calendar::day_of(Timestamp::from_ms(DAY_1_MS)))
        .nth(10)
        .unwrap();
    world.compute(hour, NOW_MS).await;
    let rest = "FROM indicator FINAL WHERE code = 'u10' AND period = 'h' AND level = 0";
    assert_eq!(
        world.rows("variant, value, timestamp", rest).await,
        ["('corrected',2,'2025-01-06 09:00:00')"]
    );
}
