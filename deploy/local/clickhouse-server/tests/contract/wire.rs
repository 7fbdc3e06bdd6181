//! The HTTP interface: parameters, packings, errors, settings, connections.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::harness::Server;

#[derive(Debug, PartialEq, clickhouse::Row, Deserialize)]
struct Echo {
    text: String,
    numbers: Vec<u32>,
    none: Option<i64>,
}

#[tokio::test]
async fn parameters_are_bound_by_the_server() {
    let server = Server::start().await;
    let hard = "it's a \"test\" \\ with\ttab,\nline, {x:Int8} and é";
    let echo = server
        .client()
        .query("SELECT {text:String} AS text, {numbers:Array(UInt32)} AS numbers, {none:Nullable(Int64)} AS none")
        .param("text", hard)
        .param("numbers", vec![1_u32, 2, 3])
        .param("none", None::<i64>)
        .fetch_one::<Echo>()
        .await
        .unwrap();
    assert_eq!(
        echo,
        Echo {
            text: hard.to_owned(),
            numbers: vec![1, 2, 3],
            none: None
        }
    );
}

#[tokio::test]
async fn parameters_are_bound_by_the_client() {
    let server = Server::start().await;
    let hard = "it's a \"test\" \\ with\ttab,\nline, {x:Int8} and é";
    let client = server.client();
    let text = client
        .query("SELECT ? AS text")
        .bind(hard)
        .fetch_one::<String>()
        .await
        .unwrap();
    assert_eq!(text, hard);
}

#[tokio::test]
async fn a_parameter_of_the_url_reaches_a_select_and_an_insert() {
    let server = Server::start().await;
    let sum = server
        .send(&[("param_x", "41")], b"SELECT {x:UInt8} + 1".to_vec())
        .await
        .expect();
    assert_eq!(sum, "42\n");
    server
        .query("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
        .await
        .expect();
    let insert = "INSERT INTO {table:Identifier} FORMAT CSV";
    server
        .send(&[("param_table", "t"), ("query", insert)], b"7\n".to_vec())
        .await
        .expect();
    assert_eq!(server.value("SELECT a FROM t").await, "7");
}

fn frame(method: u8, packed: &[u8], unpacked_bytes: usize) -> Vec<u8> {
    let mut frame = vec![method];
    for bytes in [packed.len() + 9, unpacked_bytes] {
        frame.extend_from_slice(&u32::try_from(bytes).unwrap().to_le_bytes());
    }
    frame.extend_from_slice(packed);
    let sum = cityhash_rs::cityhash_102_128(&frame)
        .rotate_right(64)
        .to_le_bytes();
    [sum.as_slice(), &frame].concat()
}

fn lz4_frame(content: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn data_arrive_whole_in_every_packing() {
    let server = Server::start().await;
    server
        .query("CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
        .await
        .expect();
    let rows = 300_000_u64; // several frames, more than one piece
    let data: Vec<u8> = (0..rows).flat_map(u64::to_le_bytes).collect();
    let blocks =
        |pack: &dyn Fn(&[u8]) -> Vec<u8>| data.chunks(1 << 18).flat_map(pack).collect::<Vec<u8>>();
    let packed: [(&str, Option<&str>, Vec<u8>); 7] = [
        ("plain", None, data.clone()),
        (
            "blocks of lz4",
            None,
            blocks(&|block| frame(0x82, &lz4_flex::block::compress(block), block.len())),
        ),
        (
            "blocks of zstd",
            None,
            blocks(&|block| frame(0x90, &zstd::bulk::compress(block, 1).unwrap(), block.len())),
        ),
        (
            "blocks of nothing",
            None,
            blocks(&|block| frame(0x02, block, block.len())),
        ),
        ("lz4", Some("lz4"), lz4_frame(&data)),
        (
            "zstd",
            Some("zstd"),
            zstd::bulk::compress(&data, 1).unwrap(),
        ),
        ("gzip", Some("gzip"), gzip(&data)),
    ];
    for (name, encoding, body) in packed {
        let mut arguments = vec![("query", "INSERT INTO t FORMAT RowBinary")];
        arguments.extend(name.starts_with("blocks").then_some(("decompress", "1")));
        let headers: Vec<_> = encoding
            .into_iter()
            .map(|encoding| ("content-encoding", encoding))
            .collect();
        server.send_with(&arguments, &headers, body).await.expect();
        let found = server
            .value("SELECT count(), sum(a), uniqExact(a) FROM t")
            .await;
        assert_eq!(
            found,
            format!("{rows}\t{}\t{rows}", rows * (rows - 1) / 2),
            "{name}"
        );
        server.query("TRUNCATE TABLE t").await.expect();
    }
}

#[tokio::test]
async fn results_come_in_every_packing() {
    let server = Server::start().await;
    let query = "SELECT number FROM numbers(500000) FORMAT RowBinary";
    let expected: Vec<u8> = (0..500_000_u64).flat_map(u64::to_le_bytes).collect();
    for encoding in ["identity", "lz4", "zstd"] {
        let answer = server
            .send_with(
                &[("enable_http_compression", "1")],
                &[("accept-encoding", encoding)],
                query.into(),
            )
            .await;
        assert_eq!(answer.status, 200);
        let mut content = Vec::new();
        match answer.header("content-encoding") {
            "" => content.clone_from(&answer.body),
            "lz4" => drop(
                lz4_flex::frame::FrameDecoder::new(&answer.body[..])
                    .read_to_end(&mut content)
                    .unwrap(),
            ),
            "zstd" => drop(
                zstd::stream::read::Decoder::new(&answer.body[..])
                    .unwrap()
                    .read_to_end(&mut content)
                    .unwrap(),
            ),
            other => panic!("{other} was not asked for"),
        }
        assert_eq!(
            encoding == "identity",
            answer.header("content-encoding").is_empty(),
            "{encoding}"
        );
        assert!(content == expected, "{encoding}: {} bytes", content.len());
    }
    let answer = server.send(&[("compress", "1")], query.into()).await;
    assert!(answer.body.len() < expected.len());
    let (sum, block) = answer.body.split_at(16);
    let packed_bytes = u32::from_le_bytes(block[1..5].try_into().unwrap()) as usize;
    assert_eq!(
        sum,
        cityhash_rs::cityhash_102_128(&block[..packed_bytes])
            .rotate_right(64)
            .to_le_bytes()
    );
}

#[tokio::test]
async fn a_block_with_a_wrong_checksum_is_refused_and_stores_nothing() {
    let server = Server::start().await;
    server
        .query("CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
        .await
        .expect();
    let good = frame(0x02, &1_u64.to_le_bytes(), 8);
    let mut bad = frame(0x02, &2_u64.to_le_bytes(), 8);
    *bad.last_mut().unwrap() ^= 1;
    let arguments = [
        ("query", "INSERT INTO t FORMAT RowBinary"),
        ("decompress", "1"),
    ];
    let answer = server.send(&arguments, [good, bad].concat()).await;
    assert_eq!((answer.code(), answer.status), (40, 400));
    assert_eq!(server.value("SELECT count() FROM t").await, "0");
}

#[tokio::test]
async fn each_class_of_error_has_its_code_and_its_status() {
    let server = Server::start().await;
    let create =
        "CREATE TABLE positive (a Int8, CONSTRAINT c CHECK a > 0) ENGINE = MergeTree ORDER BY a";
    server.query(create).await.expect();
    let endless = "SELECT count() FROM numbers(1000000000000) WHERE rand() % 2";
    let greedy = "SELECT groupArray(number) FROM numbers(1000000000)";
    for (code, status, arguments, statement) in [
        (60, 404, vec![], "SELECT * FROM no_such_table"),
        (62, 400, vec![], "SELEC 1"),
        (62, 400, vec![], "SELECT 1; SELECT 2"),
        (81, 404, vec![("database", "no_such_database")], "SELECT 1"),
        (115, 404, vec![("no_such_setting", "1")], "SELECT 1"),
        (159, 408, vec![("max_execution_time", "1")], endless),
        (241, 500, vec![("max_memory_usage", "10000000")], greedy),
        (469, 500, vec![], "INSERT INTO positive VALUES (-1)"),
        (47, 404, vec![], "SELECT no_such_column"),
        (6, 400, vec![], "SELECT toInt8('x')"),
    ] {
        let answer = server.send(&arguments, statement.into()).await;
        assert_eq!(
            (answer.code(), answer.status),
            (code, status),
            "{statement}: {}",
            answer.text()
        );
    }
    let answer = server
        .send_with(&[], &[("x-clickhouse-user", "nobody")], "SELECT 1".into())
        .await;
    assert_eq!((answer.code(), answer.status), (516, 403));
}

#[tokio::test]
async fn an_insert_that_fails_at_once_still_tells_why_after_a_long_body() {
    let server = Server::start().await;
    let body = vec![b'x'; 64 << 20];
    let answer = server
        .send(&[("query", "INSERT INTO no_such_table FORMAT CSV")], body)
        .await;
    assert_eq!(answer.code(), 60);
}

#[tokio::test]
async fn an_execution_limit_ends_a_statement_in_time() {
    let server = Server::start().await;
    let started = Instant::now();
    let endless = b"SELECT count() FROM numbers(1000000000000) WHERE rand() % 2".to_vec();
    assert_eq!(
        server
            .send(&[("max_execution_time", "1")], endless)
            .await
            .code(),
        159
    );
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn settings_of_parallel_requests_do_not_mix() {
    let server = Server::start().await;
    let ask = |threads: usize| {
        let server = &server;
        async move {
            let setting = threads.to_string();
            let query = b"SELECT getSetting('max_threads') FROM numbers(3)".to_vec();
            let answer = server
                .send(&[("max_threads", &setting)], query)
                .await
                .expect();
            assert_eq!(answer, format!("{setting}\n").repeat(3));
        }
    };
    for round in 0..5 {
        let eight = |threads: usize| async move {
            tokio::join!(
                ask(threads),
                ask(threads + 1),
                ask(threads + 2),
                ask(threads + 3)
            )
        };
        tokio::join!(
            eight(1 + round),
            eight(11 + round),
            eight(21 + round),
            eight(31 + round)
        );
    }
    let unset = server
        .value("SELECT changed FROM system.settings WHERE name = 'max_threads'")
        .await;
    assert_eq!(unset, "0");
}

#[tokio::test]
async fn get_only_reads() {
    let server = Server::start().await;
    let get = |statement: &str| {
        let arguments = [
            ("query", statement.to_owned()),
            ("database", server.database().to_owned()),
        ];
        server.http().get(server.url()).query(&arguments).send()
    };
    assert_eq!(get("SELECT 1").await.unwrap().text().await.unwrap(), "1\n");
    for statement in [
        "CREATE TABLE t (a Int8) ENGINE = Memory",
        "INSERT INTO t VALUES (1)",
    ] {
        let answer = get(statement).await.unwrap();
        assert_eq!(
            answer.headers().get("x-clickhouse-exception-code").unwrap(),
            "164",
            "{statement}"
        );
    }
    assert_eq!(server.value("EXISTS TABLE t").await, "0");
}

#[tokio::test]
async fn a_connection_is_reused_after_two_and_a_half_idle_seconds() {
    let server = Server::start().await;
    let address = server
        .url()
        .strip_prefix("http://")
        .unwrap()
        .trim_end_matches('/')
        .to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    for pause in [0, 2_500] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let request =
            format!("POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: 8\r\n\r\nSELECT 1");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 4096];
        let read = stream.read(&mut answer).await.unwrap();
        assert!(
            answer[..read].starts_with(b"HTTP/1.1 200 OK"),
            "after {pause} ms"
        );
    }
}

#[tokio::test]
async fn a_response_tells_what_a_server_tells() {
    let server = Server::start().await;
    server
        .query("CREATE TABLE t (a UInt8) ENGINE = MergeTree ORDER BY a")
        .await
        .expect();
    let insert = server
        .send(
            &[("query_id", "mine"), ("query", "INSERT INTO t FORMAT CSV")],
            b"1\n2\n".to_vec(),
        )
        .await;
    assert_eq!(insert.header("x-clickhouse-query-id"), "mine");
    let summary: serde_json::Value =
        serde_json::from_str(insert.header("x-clickhouse-summary")).unwrap();
    assert_eq!(summary["written_rows"], "2");
    let select = server.query("SELECT * FROM t FORMAT JSONEachRow").await;
    assert_eq!(select.header("x-clickhouse-format"), "JSONEachRow");
    assert!(!select.header("x-clickhouse-query-id").is_empty());
    assert!(!select.header("x-clickhouse-timezone").is_empty());
    assert!(!select.header("x-clickhouse-server-display-name").is_empty());
    let summary: serde_json::Value =
        serde_json::from_str(select.header("x-clickhouse-summary")).unwrap();
    assert_eq!(summary["read_rows"], "2");
    assert_eq!(select.expect(), "{\"a\":1}\n{\"a\":2}\n");
    for path in ["ping", "replicas_status"] {
        let answer = server
            .http()
            .get(format!("{}/{path}", server.url()))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.text().await.unwrap(), "Ok.\n");
    }
}

#[tokio::test]
async fn the_default_format_yields_to_the_statement() {
    let server = Server::start().await;
    let ask = |statement: &'static str| {
        server.send(&[("default_format", "JSONEachRow")], statement.into())
    };
    assert_eq!(ask("SELECT 1 AS a").await.expect(), "{\"a\":1}\n");
    assert_eq!(ask("SELECT 1 AS a FORMAT CSV").await.expect(), "1\n");
}

#[tokio::test]
async fn data_may_stand_behind_the_statement() {
    let server = Server::start().await;
    server
        .query("CREATE TABLE t (a UInt8, b String) ENGINE = MergeTree ORDER BY a")
        .await
        .expect();
    server
        .query("INSERT INTO t VALUES (1, 'a'), (1 + 1, upper('b'));")
        .await
        .expect();
    server
        .query("INSERT INTO t FORMAT CSV\n3,c\n")
        .await
        .expect();
    server
        .send(&[("query", "INSERT INTO t VALUES")], b"(4, 'd')".to_vec())
        .await
        .expect();
    server
        .query("INSERT INTO t SELECT a + 4, b FROM t WHERE a = 4")
        .await
        .expect();
    assert_eq!(
        server
            .value("SELECT groupArray((a, b)) FROM (SELECT * FROM t ORDER BY a)")
            .await,
        "[(1,'a'),(2,'B'),(3,'c'),(4,'d'),(8,'d')]"
    );
}
