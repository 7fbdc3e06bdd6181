//! The latest status of each charge point, and the winner of every instant.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::world::{DAY_1_MS, Random, World, iso};

/// A record: charge point, event time, content, reception, offset.
type Record = (u64, i64, &'static str, i64, i64);

fn row(&(point, event_ms, content, received_ms, offset): &Record) -> Value {
    let id = format!("FRAAAE{point}");
    let name = format!("{id}/{event_ms}/{content}");
    json!({
        "operational_unit": "FRAAA", "charge_point_id": id, "event_time": iso(event_ms), "station_id": "FRAAAP1",
        "horodatage": iso(event_ms), "received_at": iso(received_ms), "etat_pdc": "en_service",
        "occupation_pdc": content,
        "event_id": uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, name.as_bytes()).to_string(),
        "source_topic": "charge-point-status", "source_offset": offset,
    })
}

/// Charge point and event time.
type Identity = (u64, i64);

/// The first copy of each content.
type FirstCopies = BTreeMap<&'static str, (i64, i64)>;

/// The rule written out: of each identity the content whose first copy is the latest.
fn winners(records: &[Record]) -> BTreeMap<Identity, (&'static str, usize)> {
    let mut first: BTreeMap<Identity, FirstCopies> = BTreeMap::new();
    for &(point, event, content, received, offset) in records {
        let copies = first.entry((point, event)).or_default();
        let copy = copies.entry(content).or_insert((received, offset));
        *copy = (*copy).min((received, offset));
    }
    let count = |key| {
        records
            .iter()
            .filter(|record| (record.0, record.1) == key)
            .count()
    };
    let winner = |(key, copies): (Identity, FirstCopies)| {
        let (content, _) = copies.into_iter().max_by_key(|(_, copy)| *copy).unwrap();
        (key, (content, count(key)))
    };
    first.into_iter().map(winner).collect()
}

async fn assert_archive(world: &World, records: &[Record], seed: u64) {
    let winners = winners(records);
    let expected: Vec<String> = winners
        .iter()
        .map(|((point, event), (content, copies))| {
            format!("('FRAAAE{point}','{}','{content}',{copies})", iso(*event))
        })
        .collect();
    let shown = world
        .rows(
            "charge_point_id, event_time, occupation_pdc, copies",
            "FROM x_status ORDER BY charge_point_id, event_time",
        )
        .await;
    assert_eq!(shown, expected, "seed {seed}");
    let mut latest = BTreeMap::new();
    for ((point, event), (content, _)) in &winners {
        latest.insert(
            point,
            format!("('FRAAAE{point}','{}','{content}')", iso(*event)),
        );
    }
    world.refresh(&["latest_status"]).await;
    let board = "FROM latest_status FINAL ORDER BY charge_point_id";
    let shown = world
        .rows("charge_point_id, event_time, occupation_pdc", board)
        .await;
    assert_eq!(
        shown,
        latest.into_values().collect::<Vec<_>>(),
        "seed {seed}"
    );
}

#[tokio::test]
async fn the_board_shows_the_winner_of_the_latest_instant_in_any_order_of_arrival() {
    for seed in [1, 2] {
        let world = World::new().await;
        let mut random = Random(seed);
        let mut records: Vec<Record> = Vec::new();
        for round in 0..4 {
            let new: Vec<Record> = (0..8)
                .map(|number| {
                    let event = DAY_1_MS + i64::try_from(random.below(4)).unwrap() * 60_000;
                    let content = *random.pick(&["libre", "occupe", "reserve"]);
                    let received = DAY_1_MS + 600_000 + i64::try_from(random.below(3)).unwrap();
                    (
                        random.below(4),
                        event,
                        content,
                        received,
                        round * 8 + number,
                    )
                })
                .collect();
            records.extend_from_slice(&new);
            let rows: Vec<Value> = new.iter().map(row).collect();
            world.insert("charge_point_status", &rows).await;
            assert_archive(&world, &records, seed).await;
        }
        // The same records again, the last first: they are the same rows.
        let again: Vec<Value> = records.iter().rev().map(row).collect();
        world.insert("charge_point_status", &again).await;
        assert_archive(&world, &records, seed).await;
    }
}

#[tokio::test]
async fn an_older_event_that_comes_later_does_not_show_and_a_resent_one_does_not_win_again() {
    let world = World::new().await;
    let at = |minutes: i64| DAY_1_MS + minutes * 60_000;
    let records: [Record; 4] = [
        (1, at(10), "libre", at(11), 0),
        (1, at(5), "occupe", at(12), 1),
        (1, at(10), "reserve", at(13), 2),
        (1, at(10), "libre", at(14), 3),
    ];
    for number in 0..records.len() {
        world
            .insert("charge_point_status", &[row(&records[number])])
            .await;
        assert_archive(&world, &records[..=number], 0).await;
    }
    let board = world
        .value("SELECT any(occupation_pdc) FROM latest_status FINAL")
        .await;
    assert_eq!(board, "reserve");
}
