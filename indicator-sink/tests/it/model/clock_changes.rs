//! Days of Europe/Paris have 23, 24 or 25 hours.

use serde_json::{Value, json};

use super::world::{HOUR_MS, ROLLUPS, World, hour};

/// 2026-03-28T00:00:00Z and 2026-10-24T00:00:00Z: the clocks change the day after.
const SPRING_MS: i64 = 1_774_656_000_000;
const AUTUMN_MS: i64 = 1_792_800_000_000;

fn hours(from_ms: i64) -> Vec<Value> {
    let one = |number: i64| {
        json!({
            "policy": "qc-1", "operational_unit": "FRAAA", "station_id": "FRAAAP1", "charge_point_id": "FRAAAE1",
            "window_start": hour(from_ms + number * HOUR_MS), "code_insee_commune": "75101", "power_w": 22_000,
            "free_ms": HOUR_MS, "open_failures_at_end": number, "oldest_open_failure_ms": number * 10,
            "phase": "final", "revision": 1, "version": 1, "computed_at": hour(from_ms),
        })
    };
    (0..72).map(one).collect()
}

#[tokio::test]
async fn a_day_has_23_hours_in_spring_and_25_in_autumn_and_ends_with_its_last_gauge() {
    let world = World::new().await;
    world.insert("charge_point_hour", &hours(SPRING_MS)).await;
    world.insert("charge_point_hour", &hours(AUTUMN_MS)).await;
    world.refresh(&ROLLUPS).await;
    let columns = "day, hours, expected_hours, free_ms / 3600000, mean_charge_points, open_failures_at_end, \
                   oldest_open_failure_ms, is_final, availability";
    let shown = world.rows(columns, "FROM v_unit_day ORDER BY day").await;
    // Hour n of the three UTC days; midnight in Paris is 23:00, then 22:00 UTC.
    let expected = [
        "('2026-03-28',23,24,23,1,22,220,0,1)",
        "('2026-03-29',23,23,23,1,45,450,1,1)",
        "('2026-03-30',24,24,24,1,69,690,1,1)",
        "('2026-03-31',2,24,2,1,71,710,0,1)",
        "('2026-10-24',22,24,22,1,21,210,0,1)",
        "('2026-10-25',25,25,25,1,46,460,1,1)",
        "('2026-10-26',24,24,24,1,70,700,1,1)",
        "('2026-10-27',1,24,1,1,71,710,0,1)",
    ];
    assert_eq!(shown, expected);
    let levels = world
        .rows(
            "level, code, hours, free_ms / 3600000",
            "FROM v_territory_day WHERE day = '2026-03-29' ORDER BY level",
        )
        .await;
    assert_eq!(
        levels,
        [
            "('country','00',23,23)",
            "('region','11',23,23)",
            "('department','75',23,23)",
            "('epci','200054781',23,23)"
        ]
    );
}
