//! Rows of the crate `clickhouse` with validation, as the sink writes and the API reads them.

use clickhouse::Row;
use clickhouse::error::Error;
use serde::{Deserialize, Serialize};
use serde_repr::{Deserialize_repr, Serialize_repr};
use uuid::Uuid;

use crate::harness::Server;

#[derive(Debug, Clone, Copy, PartialEq, Serialize_repr, Deserialize_repr)]
#[repr(i8)]
enum Phase {
    Provisional = 1,
    Final = 4,
}

#[derive(Debug, PartialEq, Row, Serialize, Deserialize)]
struct Everything<'a> {
    id: u64,
    name: &'a str,
    unit: &'a str,
    phase: Phase,
    plug: Option<Phase>,
    #[serde(with = "clickhouse::serde::uuid")]
    event_id: Uuid,
    hour: u32,
    event_time: i64,
    horodatage: i64,
    day: i32,
    closed_at: Option<i64>,
    remark: Option<&'a str>,
    is_direct: bool,
    power: f64,
    rank: u128,
    offset: i64,
    list: Vec<u32>,
}

const EVERYTHING: &str = "CREATE TABLE everything (id UInt64, name String CODEC(ZSTD(1)), unit LowCardinality(String),
    phase Enum8('provisional' = 1, 'closed' = 2, 'corrected' = 3, 'final' = 4),
    plug Nullable(Enum8('provisional' = 1, 'closed' = 2, 'corrected' = 3, 'final' = 4)),
    event_id UUID, hour DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)), event_time DateTime64(3, 'UTC'),
    horodatage DateTime64(6, 'UTC'), day Date32, closed_at Nullable(DateTime64(3, 'UTC')), remark Nullable(String),
    is_direct Bool, power Float64, rank UInt128, offset Int64, list Array(UInt32),
    ingested_at DateTime64(3, 'UTC') DEFAULT now64(3), twice UInt64 MATERIALIZED id * 2, also UInt64 ALIAS id
) ENGINE = MergeTree ORDER BY id";

fn everything() -> [Everything<'static>; 3] {
    let first = Everything {
        id: 0,
        name: "",
        unit: "FRS63",
        phase: Phase::Provisional,
        plug: None,
        event_id: Uuid::nil(),
        hour: 0,
        event_time: 0,
        horodatage: 0,
        day: 0,
        closed_at: None,
        remark: None,
        is_direct: false,
        power: 0.0,
        rank: 0,
        offset: i64::MIN,
        list: Vec::new(),
    };
    let last = Everything {
        id: u64::MAX,
        name: "é\0\t'\\",
        unit: "",
        phase: Phase::Final,
        plug: Some(Phase::Final),
        event_id: Uuid::max(),
        hour: u32::MAX,
        event_time: 10_413_791_999_999, // 2299-12-31T23:59:59.999Z, the end of DateTime64
        horodatage: 10_413_791_999_999_999,
        day: 120_529,                        // 2299-12-31, the end of Date32
        closed_at: Some(-2_208_988_800_000), // 1900-01-01, the start of DateTime64
        remark: Some(""),
        is_direct: true,
        power: f64::MIN_POSITIVE,
        rank: u128::MAX,
        offset: i64::MAX,
        list: vec![1, u32::MAX],
    };
    let middle = Everything {
        id: 7,
        name: "middle",
        event_time: -1,
        list: vec![0; 300],
        ..everything_else()
    };
    [first, middle, last]
}

fn everything_else() -> Everything<'static> {
    Everything {
        id: 0,
        name: "",
        unit: "FRXXX",
        phase: Phase::Final,
        plug: Some(Phase::Provisional),
        event_id: Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
        hour: 1_700_000_000,
        event_time: 0,
        horodatage: 1_700_000_000_123_456,
        day: -1,
        closed_at: Some(1_700_000_000_123),
        remark: Some("r"),
        is_direct: true,
        power: 22.08,
        rank: 1 << 64,
        offset: 0,
        list: Vec::new(),
    }
}

#[tokio::test]
async fn every_type_is_read_back_as_it_was_written() {
    let server = Server::start().await;
    server.query(EVERYTHING).await.expect();
    let client = server.client();
    let mut insert = client.insert::<Everything<'_>>("everything").await.unwrap();
    for row in everything() {
        insert.write(&row).await.unwrap();
    }
    insert.end().await.unwrap();
    let mut cursor = client
        .query("SELECT ?fields FROM everything ORDER BY id")
        .fetch::<Everything<'_>>()
        .unwrap();
    for expected in everything() {
        assert_eq!(cursor.next().await.unwrap(), Some(expected));
    }
    assert!(cursor.next().await.unwrap().is_none());
    assert_eq!(
        server
            .value("SELECT max(twice) FROM everything WHERE id = 7")
            .await,
        "14"
    );
}

#[derive(Debug, Row, Serialize)]
struct Narrow {
    id: u64,
    no_such_column: u64,
}

#[derive(Debug, Row, Serialize)]
struct Wrong {
    id: &'static str,
}

#[tokio::test]
async fn a_row_that_does_not_fit_the_table_is_refused_before_it_is_sent() {
    let server = Server::start().await;
    server
        .query("CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id")
        .await
        .expect();
    let client = server.client();
    let narrow = client.insert::<Narrow>("t").await;
    assert!(
        matches!(narrow, Err(Error::SchemaMismatch(_))),
        "{:?}",
        narrow.err()
    );
    let mut wrong = client.insert::<Wrong>("t").await.unwrap();
    let outcome = wrong.write(&Wrong { id: "1" }).await;
    assert!(
        matches!(outcome, Err(Error::SchemaMismatch(_))),
        "{outcome:?}"
    );
    drop(wrong);
    let missing = client.insert::<Wrong>("no_such_table").await;
    assert!(missing.err().unwrap().to_string().contains("Code: 60."));
    assert_eq!(server.value("SELECT count() FROM t").await, "0");
    let _ = Narrow {
        id: 0,
        no_such_column: 0,
    };
}

#[derive(Debug, Row, Serialize)]
struct Hour<'a> {
    station_id: &'a str,
    window_start: u32,
    failures: u64,
    version: u64,
    is_deleted: u8,
}

#[tokio::test]
async fn final_shows_the_greatest_version_in_any_order_and_hides_deleted_keys() {
    let server = Server::start().await;
    let create = "CREATE TABLE hour (station_id String, window_start DateTime('UTC'), failures UInt64, version UInt64,
        is_deleted UInt8 DEFAULT 0) ENGINE = ReplacingMergeTree(version, is_deleted)
        PARTITION BY toYYYYMMDD(window_start) ORDER BY (station_id, window_start)";
    server.query(create).await.expect();
    let client = server.client();
    let hour = |station_id, failures, version, is_deleted| Hour {
        station_id,
        window_start: 1_700_000_000 / 3600 * 3600,
        failures,
        version,
        is_deleted,
    };
    for rows in [
        vec![hour("a", 3, 30, 0), hour("b", 1, 10, 0)],
        vec![
            hour("a", 2, 20, 0),
            hour("c", 5, 50, 0),
            hour("c", 6, 60, 1),
        ],
        vec![hour("b", 2, 20, 1)],
        vec![hour("d", 1, 10, 1), hour("d", 2, 20, 0)],
    ] {
        let mut insert = client.insert::<Hour<'_>>("hour").await.unwrap();
        for row in &rows {
            insert.write(row).await.unwrap();
        }
        insert.end().await.unwrap();
    }
    let shown = "SELECT groupArray((station_id, failures)) FROM
        (SELECT * FROM hour FINAL ORDER BY station_id SETTINGS do_not_merge_across_partitions_select_final = 1)";
    assert_eq!(server.value(shown).await, "[('a',3),('d',2)]");
    server.query("OPTIMIZE TABLE hour FINAL").await.expect();
    assert_eq!(server.value(shown).await, "[('a',3),('d',2)]");
}
