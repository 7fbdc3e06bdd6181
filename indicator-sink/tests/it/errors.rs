//! What each error of the server means, over the wire: a server that answers with a code.

use indicator_sink::disposition::Disposition;
use indicator_sink::topic::Topic;
use indicator_sink::writer::{ClickHouse, InsertSettings, Part, RowWriter as _, WriteError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::database::Database;
use crate::records;

/// Codes by what is done about them, as the protocol lists them.
const CLASSES: [(Disposition, &[u32]); 5] = [
    (
        Disposition::Retry,
        &[
            3, 32, 107, 159, 164, 202, 203, 209, 210, 225, 241, 242, 279, 285, 286, 319, 394, 425,
            473, 999, 1002,
        ],
    ),
    (Disposition::SlowDown, &[252]),
    (
        Disposition::Configuration,
        &[16, 36, 47, 60, 62, 73, 81, 115, 192, 193, 194, 497, 516],
    ),
    (
        Disposition::Data,
        &[6, 26, 27, 33, 53, 69, 117, 131, 321, 349, 469, 691],
    ),
    (Disposition::Unknown, &[1, 7777]),
];

/// A server that answers everything with `body` and status 500; its address.
async fn server(body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 16 * 1024];
            let _size = stream.read(&mut request).await.unwrap();
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 500 Internal Server Error\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    address
}

/// Writes `count` statuses, whose first offset is `from`.
async fn write(writer: &ClickHouse, from: i64, count: i64) -> Result<(), WriteError> {
    let topic = Topic::ChargePointStatus;
    let value = records::value(&records::status());
    let message = |offset| records::message(topic, offset, Some(value.clone()));
    let messages: Vec<_> = (from..from + count).map(message).collect();
    let range = records::range(topic, &messages);
    let part = Part {
        range: &range,
        from,
        to: range.to,
    };
    writer.write(part).await
}

fn settings() -> InsertSettings {
    InsertSettings {
        is_replicated: false,
    }
}

#[tokio::test]
async fn each_code_of_the_server_is_met_as_the_protocol_says() {
    let mut answers: Vec<(String, Disposition)> = Vec::new();
    for (disposition, codes) in CLASSES {
        for code in codes {
            let body = format!("Code: {code}. DB::Exception: a reason. (NAME) (version 26.7)");
            answers.push((body, disposition));
        }
    }
    answers.push(("502 Bad Gateway".to_owned(), Disposition::Retry));
    for (body, expected) in answers {
        let url = server(body.clone()).await;
        let client = clickhouse::Client::default().with_url(url);
        let error = write(&ClickHouse::new(client, settings()), 0, 1)
            .await
            .unwrap_err();
        assert_eq!(error.disposition(), expected, "{body}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_asked_again() {
    let client = clickhouse::Client::default().with_url("http://127.0.0.1:1");
    let error = write(&ClickHouse::new(client, settings()), 0, 1)
        .await
        .unwrap_err();
    assert_eq!(error.disposition(), Disposition::Retry);
}

#[tokio::test]
async fn a_column_that_the_table_lacks_is_for_an_operator_and_nothing_is_sent() {
    let database = Database::fresh().await;
    database
        .execute("ALTER TABLE charge_point_status DROP COLUMN submitted_by")
        .await;
    let writer = database.writer();
    let error = write(&writer, 0, 1).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Configuration);
    let count = "SELECT count() FROM charge_point_status";
    assert_eq!(database.value(count).await, "0");
    // A migration repairs it under the running sink.
    let repair = "ALTER TABLE charge_point_status ADD COLUMN submitted_by LowCardinality(String)";
    database.execute(repair).await;
    write(&writer, 0, 1).await.unwrap();
    assert_eq!(database.value(count).await, "1");
}

#[tokio::test]
async fn too_many_parts_slow_the_sink_down_and_pass_when_they_are_merged() {
    let database = Database::fresh().await;
    let few = "ALTER TABLE charge_point_status MODIFY SETTING parts_to_delay_insert = 5, \
               parts_to_throw_insert = 5, min_age_to_force_merge_seconds = 0";
    database.execute(few).await;
    database
        .execute("SYSTEM STOP MERGES charge_point_status")
        .await;
    let writer = database.writer();
    let mut refused = None;
    for from in 0..8 {
        if let Err(error) = write(&writer, from, 1).await {
            refused = Some((from, error));
            break;
        }
    }
    let (from, error) = refused.expect("eight parts were taken where five are allowed");
    assert_eq!(error.disposition(), Disposition::SlowDown, "{error:?}");
    database
        .execute("SYSTEM START MERGES charge_point_status")
        .await;
    database
        .execute("OPTIMIZE TABLE charge_point_status FINAL")
        .await;
    write(&writer, from, 1).await.unwrap();
}

#[tokio::test]
async fn one_record_that_breaks_a_constraint_refuses_its_whole_insert() {
    let database = Database::fresh().await;
    let refuse = "ALTER TABLE charge_point_status ADD CONSTRAINT good CHECK source_offset != 5";
    database.execute(refuse).await;
    let writer = database.writer();
    let error = write(&writer, 0, 8).await.unwrap_err();
    assert_eq!(error.disposition(), Disposition::Data, "{error:?}");
    let count = "SELECT count() FROM charge_point_status";
    assert_eq!(database.value(count).await, "0");
    write(&writer, 6, 2).await.unwrap();
    assert_eq!(database.value(count).await, "2");
}
