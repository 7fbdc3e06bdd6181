//! The local server as a process: start, stop, kill, restart, and what it refuses to let near the engine.

use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use crate::harness::{Server, program};

const TABLE: &str = "CREATE TABLE event (id UInt64) ENGINE = MergeTree ORDER BY id
    SETTINGS non_replicated_deduplication_window = 10000";

async fn insert(server: &Server, batch: u64) -> Result<(), reqwest::Error> {
    let rows: Vec<String> = (0..100)
        .map(|row| format!("{}\n", batch * 100 + row))
        .collect();
    let arguments = [
        ("database", server.database()),
        ("query", "INSERT INTO event FORMAT CSV"),
        ("insert_deduplication_token", &format!("event-{batch}")),
    ];
    server
        .http()
        .post(server.url())
        .query(&arguments)
        .body(rows.concat())
        .send()
        .await?
        .error_for_status()?;
    Ok(())
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_and_nothing_is_torn() {
    let mut server = Server::local(&[]).await;
    server.query(TABLE).await.expect();
    let (mut next, mut acknowledged) = (0, Vec::new());
    for _round in 0..3 {
        let kill_after = tokio::time::sleep(Duration::from_millis(700));
        tokio::pin!(kill_after);
        loop {
            let batches = async {
                let outcomes = tokio::join!(
                    insert(&server, next),
                    insert(&server, next + 1),
                    insert(&server, next + 2),
                    insert(&server, next + 3)
                );
                <[_; 4]>::from(outcomes)
            };
            tokio::select! {
                outcomes = batches => {
                    acknowledged.extend((next..).zip(outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(batch, _)| batch));
                    next += 4;
                }
                () = &mut kill_after => break,
            }
        }
        server.kill().await; // with four inserts on their way
        next += 4;
        server.start_again().await;
        let torn = "SELECT count() FROM (SELECT intDiv(id, 100) AS batch, count() AS n FROM event GROUP BY batch HAVING n != 100)";
        assert_eq!(server.value(torn).await, "0");
    }
    assert!(
        acknowledged.len() > 8,
        "only {} batches",
        acknowledged.len()
    );
    let stored = server
        .value("SELECT arraySort(groupUniqArray(intDiv(id, 100))) FROM event")
        .await;
    let stored: Vec<u64> = serde_json::from_str(&stored).unwrap();
    for batch in &acknowledged {
        assert!(
            stored.contains(batch),
            "batch {batch} was acknowledged and is lost"
        );
    }
    for batch in 0..next {
        insert(&server, batch).await.unwrap(); // a replay of everything: tokens are still known
    }
    let found = server
        .value("SELECT count(), uniqExact(id) FROM event")
        .await;
    assert_eq!(found, format!("{0}\t{0}", next * 100));
}

#[tokio::test]
async fn a_refreshable_view_goes_on_after_a_restart() {
    let mut server = Server::local(&[]).await;
    for statement in [
        TABLE,
        "CREATE TABLE total (n UInt64, at DateTime64(3)) ENGINE = ReplacingMergeTree(at) ORDER BY tuple()",
        "CREATE MATERIALIZED VIEW total_rmv REFRESH EVERY 1 HOUR APPEND TO total AS
            SELECT count() AS n, now64(3) AS at FROM event",
    ] {
        server.query(statement).await.expect();
    }
    insert(&server, 0).await.unwrap();
    for statement in [
        "SYSTEM REFRESH VIEW total_rmv",
        "SYSTEM WAIT VIEW total_rmv",
    ] {
        server.query(statement).await.expect();
    }
    assert_eq!(server.value("SELECT max(n) FROM total").await, "100");
    assert!(server.terminate().await.success());
    server.start_again().await;
    insert(&server, 1).await.unwrap();
    for statement in [
        "SYSTEM REFRESH VIEW total_rmv",
        "SYSTEM WAIT VIEW total_rmv",
    ] {
        server.query(statement).await.expect();
    }
    assert_eq!(server.value("SELECT n FROM total FINAL").await, "200");
    let failed = "SELECT count() FROM system.view_refreshes WHERE exception != ''";
    assert_eq!(server.value(failed).await, "0");
}

#[tokio::test]
async fn sigterm_lets_a_statement_finish_and_exits_with_success() {
    let mut server = Server::local(&[]).await;
    let query = "SELECT sleepEachRow(1) FROM numbers(2) FORMAT Null";
    let request = server
        .http()
        .post(server.url())
        .query(&[("database", server.database())])
        .body(query)
        .send();
    let request = tokio::spawn(request);
    server.wait_until("SELECT sleepEachRow", true).await;
    assert!(server.terminate().await.success());
    assert_eq!(request.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn sigterm_cancels_a_statement_that_does_not_end() {
    let mut server = Server::local(&[]).await;
    let endless = "SELECT count() FROM numbers(1000000000000) WHERE rand() % 2 FORMAT Null";
    let request = tokio::spawn(
        server
            .http()
            .post(server.url())
            .query(&[("database", server.database())])
            .body(endless)
            .send(),
    );
    server.wait_until("SELECT count() FROM numbers", true).await;
    assert!(server.terminate().await.success());
    assert!(
        request
            .await
            .unwrap()
            .unwrap()
            .text()
            .await
            .unwrap()
            .starts_with("Code: 394.")
    );
}

#[tokio::test]
async fn statements_that_would_break_the_next_start_are_refused_and_it_starts() {
    let mut server = Server::local(&[]).await;
    for statement in [
        "CREATE TABLE k (a Int8) ENGINE = Kafka('127.0.0.1:1', 't', 'g', 'CSV')",
        "CREATE TABLE r (a Int8) ENGINE = ReplicatedMergeTree('/r', 'a') ORDER BY a",
        "CREATE USER u",
        "BACKUP TABLE k TO File('x')",
        "SYSTEM START LISTEN TCP",
    ] {
        let answer = server.query(statement).await;
        assert_eq!((answer.code(), answer.status), (48, 501), "{statement}");
    }
    let parse =
        "EXPLAIN AST CREATE TABLE r (a Int8) ENGINE = ReplicatedMergeTree('/r', 'a') ORDER BY a";
    server.query(parse).await.expect();
    server.kill().await;
    server.start_again().await;
    assert_eq!(
        server
            .value("SELECT count() FROM system.tables WHERE database = currentDatabase()")
            .await,
        "0"
    );
}

#[tokio::test]
async fn the_password_is_asked_for_in_every_way() {
    let server = Server::local(&["--user", "sink", "--password", "secret"]).await;
    let select = || b"SELECT 1".to_vec();
    let default = [("database", "default")];
    assert_eq!(server.send(&default, select()).await.code(), 516);
    let url = [
        ("database", "default"),
        ("user", "sink"),
        ("password", "secret"),
    ];
    server.send(&url, select()).await.expect();
    let own = [
        ("x-clickhouse-user", "sink"),
        ("x-clickhouse-key", "secret"),
    ];
    server.send_with(&default, &own, select()).await.expect();
    let basic = [("authorization", "Basic c2luazpzZWNyZXQ=")];
    server.send_with(&default, &basic, select()).await.expect();
    let wrong = [("x-clickhouse-user", "sink"), ("x-clickhouse-key", "secre")];
    assert_eq!(
        server.send_with(&default, &wrong, select()).await.code(),
        516
    );
}

#[tokio::test]
async fn a_result_that_is_too_large_is_refused() {
    let server = Server::local(&["--max-result-bytes", "100000"]).await;
    let answer = server.query("SELECT number FROM numbers(1000000)").await;
    assert_eq!(answer.code(), 396);
    let answer = server
        .send(
            &[("max_result_bytes", "0")],
            b"SELECT number FROM numbers(1000000)".to_vec(),
        )
        .await;
    assert_eq!(answer.code(), 396);
}

#[tokio::test]
async fn a_second_process_on_the_same_folder_is_refused() {
    let server = Server::local(&[]).await;
    let output = program(server.data()).output().await.unwrap();
    assert!(!output.status.success());
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(log.contains("in use by another process"), "{log}");
    assert_eq!(server.value("SELECT 1").await, "1");
}

#[tokio::test]
async fn a_missing_engine_is_named_with_its_remedy() {
    let data = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_clickhouse-server"));
    command
        .args(["--library", "/no/such/libchdb.so", "--path"])
        .arg(data.path());
    let output = command.stdin(Stdio::null()).output().await.unwrap();
    assert!(!output.status.success());
    assert!(
        String::from_utf8_lossy(&output.stderr)
            .contains("no engine at /no/such/libchdb.so: run `make fetch`")
    );
}

#[tokio::test]
async fn the_limits_are_printed_without_an_engine() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clickhouse-server"));
    let output = command
        .arg("--limits")
        .env_remove("CHDB_LIBRARY")
        .output()
        .await
        .unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("never production"));
}
