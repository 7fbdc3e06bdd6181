//! However records are cut into ranges, and whatever part of the topics is written again, in any
//! order: the tables say the same with `FINAL`. On the engine itself.

use domain::{ChargePointIndicator, Phase};
use indicator_sink::batch::Batch;
use indicator_sink::intent::Position;
use indicator_sink::record::Verdict;
use indicator_sink::schema::Decoders;
use indicator_sink::topic::Topic;
use indicator_sink::writer::{ClickHouse, Part, RowWriter as _};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rdkafka::message::OwnedMessage;
use tokio::time::Instant;

use crate::database::Database;
use crate::records;

const CASES: u64 = 100;
const RECORDS: i64 = 40;

/// Everything that a table says, but for the time of the insert.
const CONTENT: [&str; 2] = [
    "SELECT (count(), sum(cityHash64(tuple(* EXCEPT ingested_at)))) FROM charge_point_hour FINAL",
    "SELECT (count(), sum(cityHash64(tuple(* EXCEPT ingested_at)))) FROM charge_point_status FINAL",
];

/// Hours of one charge point: each revised several times, so that the order of versions matters.
fn hours() -> Vec<OwnedMessage> {
    let hour = |offset: i64| {
        let mut hour: ChargePointIndicator = records::charge_point_hour(Phase::Corrected);
        for _ in 0..offset % 4 {
            hour.window = hour.window.next();
        }
        hour.emission.version = records::at(offset);
        hour.vector.free_ms = offset;
        let value = Some(records::value(&hour));
        records::message(Topic::ChargePointIndicator, offset, value)
    };
    (0..RECORDS).map(hour).collect()
}

fn statuses() -> Vec<OwnedMessage> {
    let value = records::value(&records::status());
    let topic = Topic::ChargePointStatus;
    (0..RECORDS)
        .map(|offset| records::message(topic, offset, Some(value.clone())))
        .collect()
}

/// Writes `[from, to)` in ranges that the dice choose.
async fn write(
    writer: &ClickHouse,
    (topic, decoders): (Topic, &Decoders),
    log: &[OwnedMessage],
    (from, to): (i64, i64),
    dice: &mut ChaCha8Rng,
) {
    let position = Position::of(Some(from), "").unwrap();
    let mut batch = Batch::new(topic, 5, position);
    for offset in from..to {
        let record = &log[usize::try_from(offset).unwrap()];
        let verdict = batch.add(record, decoders, Instant::now());
        assert!(matches!(verdict, Verdict::Row(_)), "{verdict:?}");
        if dice.random_ratio(1, 20) || offset + 1 == to {
            let range = batch.seal().unwrap();
            let (from, to) = (range.from, range.to);
            let part = Part {
                range: &range,
                from,
                to,
            };
            writer.write(part).await.unwrap();
        }
    }
}

/// Writes a log, and before and after it parts of it that the dice choose.
async fn write_all(
    writer: &ClickHouse,
    of: (Topic, &Decoders),
    log: &[OwnedMessage],
    seed: u64,
    replays: u64,
) {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    for _ in 0..replays {
        let from = dice.random_range(0..RECORDS);
        let to = dice.random_range(from + 1..=RECORDS);
        write(writer, of, log, (from, to), &mut dice).await;
    }
    write(writer, of, log, (0, RECORDS), &mut dice).await;
    for _ in 0..replays {
        let from = dice.random_range(0..RECORDS);
        write(writer, of, log, (from, RECORDS), &mut dice).await;
    }
}

#[tokio::test]
async fn any_cut_and_any_replay_give_the_same_content() {
    let (database, decoders) = (Database::migrated().await, records::decoders());
    let writer = database.writer();
    let logs = [
        (Topic::ChargePointIndicator, hours()),
        (Topic::ChargePointStatus, statuses()),
    ];
    let mut expected: Option<Vec<String>> = None;
    for seed in 0..CASES {
        for table in ["charge_point_hour", "charge_point_status"] {
            // A token is of the table's memory, which is emptied with it.
            database.execute(&format!("TRUNCATE TABLE {table}")).await;
        }
        // The first case is the plain one: once, in order.
        let replays = u64::from(seed > 0) * (1 + seed % 2);
        let [hours, statuses] = &logs;
        tokio::join!(
            write_all(&writer, (hours.0, &decoders), &hours.1, seed, replays),
            write_all(&writer, (statuses.0, &decoders), &statuses.1, seed, replays),
        );
        let mut content = Vec::new();
        for query in CONTENT {
            content.push(database.value(query).await);
        }
        let expected = expected.get_or_insert_with(|| content.clone());
        assert_eq!(&content, expected, "seed {seed}");
    }
    let expected = expected.unwrap();
    assert!(expected[0].starts_with("(4,"), "{expected:?}");
    assert!(expected[1].starts_with("(40,"), "{expected:?}");
}
