//! Insert deduplication: what makes a retry of the sink harmless.

use clickhouse::Row;
use serde::Serialize;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::harness::Server;

#[derive(Debug, Row, Serialize)]
struct Event {
    day: u16,
    id: u64,
}

/// Five daily partitions, a window of tokens, and a dependent view that would count twice.
const TABLES: [&str; 3] = [
    "CREATE TABLE event (day Date, id UInt64) ENGINE = ReplacingMergeTree PARTITION BY day ORDER BY id
        SETTINGS non_replicated_deduplication_window = 10000",
    "CREATE TABLE total (day Date, events UInt64) ENGINE = SummingMergeTree ORDER BY day
        SETTINGS non_replicated_deduplication_window = 10000",
    "CREATE MATERIALIZED VIEW total_mv TO total AS SELECT day, count() AS events FROM event GROUP BY day",
];

const SETTINGS: [(&str, &str); 4] = [
    ("async_insert", "0"),
    ("insert_deduplicate", "1"),
    ("deduplicate_blocks_in_dependent_materialized_views", "1"),
    ("max_partitions_per_insert_block", "0"),
];

async fn with_tables() -> Server {
    let server = Server::start().await;
    for table in TABLES {
        server.query(table).await.expect();
    }
    server
}

async fn insert(server: &Server, token: &str, rows: u64) -> clickhouse::error::Result<()> {
    let mut client = server
        .client()
        .with_setting("insert_deduplication_token", token);
    for (name, value) in SETTINGS {
        client = client.with_setting(name, value);
    }
    let mut insert = client.insert::<Event>("event").await?;
    for id in 0..rows {
        insert
            .write(&Event {
                day: u16::try_from(19_000 + id % 5).unwrap(),
                id,
            })
            .await?;
    }
    insert.end().await
}

#[tokio::test]
async fn the_same_token_gives_one_copy_in_five_partitions_and_in_a_dependent_view() {
    let server = with_tables().await;
    for _ in 0..3 {
        insert(&server, "event-0-0-1000", 1000).await.unwrap();
    }
    assert_eq!(server.value("SELECT count() FROM event").await, "1000");
    assert_eq!(server.value("SELECT sum(events) FROM total").await, "1000");
}

#[tokio::test]
async fn another_token_gives_a_second_physical_copy_and_one_with_final() {
    let server = with_tables().await;
    server.query("SYSTEM STOP MERGES event").await.expect();
    insert(&server, "event-0-0-1000", 1000).await.unwrap();
    insert(&server, "event-0-1000-2000", 1000).await.unwrap();
    assert_eq!(server.value("SELECT count() FROM event").await, "2000");
    assert_eq!(
        server.value("SELECT count() FROM event FINAL").await,
        "1000"
    );
    assert_eq!(server.value("SELECT sum(events) FROM total").await, "2000");
}

#[tokio::test]
async fn the_same_token_in_another_table_is_no_copy() {
    let server = with_tables().await;
    server.query("CREATE TABLE other AS event").await.expect();
    insert(&server, "t", 10).await.unwrap();
    let arguments = [
        ("insert_deduplication_token", "t"),
        ("query", "INSERT INTO other FORMAT CSV"),
    ];
    server
        .send(&arguments, b"2020-01-01,1\n".to_vec())
        .await
        .expect();
    assert_eq!(server.value("SELECT count() FROM other").await, "1");
}

#[tokio::test]
async fn an_insert_that_is_dropped_half_way_leaves_nothing_and_its_token_free() {
    let server = with_tables().await;
    let mut half = server
        .client()
        .with_setting("insert_deduplication_token", "t")
        .insert::<Event>("event")
        .await
        .unwrap();
    for id in 0..200_000 {
        half.write(&Event { day: 19_000, id }).await.unwrap();
    }
    server.wait_until("INSERT INTO", true).await;
    drop(half);
    server.wait_until("INSERT INTO", false).await;
    insert(&server, "t", 5).await.unwrap();
    assert_eq!(server.value("SELECT count() FROM event").await, "5");
}

#[tokio::test]
async fn a_body_that_is_cut_leaves_nothing() {
    let server = with_tables().await;
    let address = server
        .url()
        .strip_prefix("http://")
        .unwrap()
        .trim_end_matches('/')
        .to_owned();
    let target = format!(
        "/?database={}&query=INSERT+INTO+event+FORMAT+CSV",
        server.database()
    );
    let rows = "2020-01-01,1\n".repeat(100_000);
    let length = format!("Content-Length: {}\r\n\r\n{rows}", rows.len() + 13);
    let chunked = format!(
        "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{rows}\r\n",
        rows.len()
    );
    for rest in [length, chunked] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        let request = format!("POST {target} HTTP/1.1\r\nHost: {address}\r\n{rest}");
        stream.write_all(request.as_bytes()).await.unwrap();
        server.wait_until("INSERT INTO event", true).await;
        drop(stream);
        server.wait_until("INSERT INTO event", false).await;
    }
    assert_eq!(server.value("SELECT count() FROM event").await, "0");
}

#[tokio::test]
async fn fifty_thousand_rows_are_one_block() {
    let server = with_tables().await;
    let rows: Vec<String> = (0..50_000).map(|id| format!("2020-01-01,{id}\n")).collect();
    let arguments = [
        ("insert_deduplication_token", "t"),
        ("query", "INSERT INTO event FORMAT CSV"),
    ];
    server
        .send(&arguments, rows.concat().into_bytes())
        .await
        .expect();
    let parts =
        "SELECT count() FROM system.parts WHERE table = 'event' AND database = currentDatabase()";
    assert_eq!(server.value(parts).await, "1");
}
