//! `send` against a gateway that fails now and then: the plan is kept, and surprises are told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use clap::Parser;
use fleet_simulator::config::{Command, Config, SendArgs};
use serde_json::{Value, json};

use crate::fleet::make;

/// What the double has seen.
#[derive(Debug, Default)]
struct Seen {
    requests: u64,
    logins: u64,
    clock_ms: i64,
    directory: usize,
    /// Bodies acknowledged, with the clock at which they came.
    acknowledged: Vec<(i64, String)>,
    /// Bodies that were answered with 503.
    unavailable: Vec<String>,
    /// The refusal of each item that the plan calls invalid.
    codes: BTreeMap<String, String>,
}

type Double = Arc<Mutex<Seen>>;

async fn log_in(State(double): State<Double>, body: String) -> Response {
    if body != "username=operator&password=charge-ahead" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut seen = double.lock().unwrap();
    seen.logins += 1;
    Json(json!({"access_token": format!("token-{}", seen.logins), "token_type": "bearer"}))
        .into_response()
}

async fn set_clock(State(double): State<Double>, Json(body): Json<Value>) -> Response {
    let mut seen = double.lock().unwrap();
    let wanted = body["now_ms"].as_i64().unwrap();
    let status = if wanted < seen.clock_ms {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    };
    seen.clock_ms = seen.clock_ms.max(wanted);
    (status, Json(json!({"now_ms": seen.clock_ms}))).into_response()
}

async fn directory(State(double): State<Double>, Json(rows): Json<Vec<Value>>) -> Response {
    double.lock().unwrap().directory += rows.len();
    (StatusCode::CREATED, Json(json!({"size": rows.len()}))).into_response()
}

/// Every fifth request meets 503, and every eighth an expired token.
async fn bulk(
    State(double): State<Double>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    assert_eq!(uri.query(), Some("partial=true"));
    let mut seen = double.lock().unwrap();
    seen.requests += 1;
    let token = format!("Bearer token-{}", seen.logins);
    if seen.requests.is_multiple_of(8) || headers["authorization"] != token.as_str() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if seen.requests.is_multiple_of(5) {
        seen.unavailable.push(body);
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let clock_ms = seen.clock_ms;
    let items: Vec<Value> = serde_json::from_str(&body).unwrap();
    let codes: Vec<Option<String>> = items
        .iter()
        .map(|item| seen.codes.get(&item.to_string()).cloned())
        .collect();
    let errors: Vec<Value> = codes
        .iter()
        .enumerate()
        .filter_map(|(index, code)| {
            code.as_ref()
                .map(|code| json!({"index": index, "code": code}))
        })
        .collect();
    let size = items.len() - errors.len();
    seen.acknowledged.push((clock_ms, body));
    let status = if size == 0 {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::CREATED
    };
    (status, Json(json!({"size": size, "errors": errors}))).into_response()
}

/// A gateway that refuses the items of `codes`; returns its address.
async fn serve(double: &Double) -> String {
    let router = Router::new()
        .route("/api/v1/auth/token", post(log_in))
        .route("/api/v1/statique/bulk", post(directory))
        .route("/api/v1/dynamique/status/bulk", post(bulk))
        .route("/api/v1/dynamique/session/bulk", post(bulk))
        .route("/clock", put(set_clock))
        .with_state(Arc::clone(double));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn arguments(address: &str, folder: &std::path::Path, more: &[&str]) -> SendArgs {
    let url = format!("{address}/api/v1");
    let line = [
        "fleet-simulator",
        "send",
        "--url",
        &url,
        "--admin-url",
        address,
        "--dir",
        folder.to_str().unwrap(),
    ];
    match Config::parse_from([&line, more].concat()).command {
        Command::Send(arguments) => arguments,
        other => panic!("{other:?}"),
    }
}

/// A small fleet, its deliveries, and a double that refuses what the plan calls invalid.
fn prepared() -> (tempfile::TempDir, Vec<Value>, Double) {
    let folder = make(&[
        "--charge-points",
        "6",
        "--days",
        "1",
        "--step-seconds",
        "1800",
        "--invalid-percent",
        "20",
    ]);
    let text = std::fs::read_to_string(folder.path().join("deliveries.jsonl")).unwrap();
    let deliveries: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let invalid = deliveries
        .iter()
        .filter(|delivery| delivery["valid"] == false);
    let codes = invalid.map(|delivery| {
        (
            delivery["item"].to_string(),
            delivery["code"].as_str().unwrap().to_owned(),
        )
    });
    let double = Seen {
        codes: codes.collect(),
        ..Seen::default()
    };
    (folder, deliveries, Arc::new(Mutex::new(double)))
}

#[tokio::test]
async fn every_item_is_acknowledged_at_its_planned_instant_whatever_fails_between() {
    let (folder, deliveries, double) = prepared();
    let address = serve(&double).await;
    let last_ms = deliveries.last().unwrap()["received_at_ms"]
        .as_i64()
        .unwrap();
    let end = (last_ms + 1).to_string();
    let summary = fleet_simulator::send::run(&arguments(
        &address,
        folder.path(),
        &["--statique", "--batch", "2", "--advance-to-ms", &end],
    ))
    .await
    .unwrap();
    let summary = serde_json::to_value(summary).unwrap();

    let seen = double.lock().unwrap();
    let mut received: Vec<(i64, String)> = Vec::new();
    for (clock_ms, body) in &seen.acknowledged {
        let items: Vec<Value> = serde_json::from_str(body).unwrap();
        received.extend(items.iter().map(|item| (*clock_ms, item.to_string())));
    }
    let mut planned: Vec<(i64, String)> = deliveries
        .iter()
        .map(|delivery| {
            (
                delivery["received_at_ms"].as_i64().unwrap(),
                delivery["item"].to_string(),
            )
        })
        .collect();
    received.sort_unstable();
    planned.sort_unstable();
    assert_eq!(received, planned);
    assert!(!seen.unavailable.is_empty());
    for body in &seen.unavailable {
        assert!(
            seen.acknowledged
                .iter()
                .any(|(_, acknowledged)| acknowledged == body),
            "sent again with other bytes"
        );
    }
    let valid = deliveries
        .iter()
        .filter(|delivery| delivery["valid"] == true)
        .count();
    assert_eq!(summary["sent"], deliveries.len());
    assert_eq!(summary["accepted"], valid);
    assert_eq!(summary["retries"], seen.unavailable.len());
    assert_eq!((seen.directory, seen.clock_ms), (6, last_ms + 1));
}

#[tokio::test]
async fn an_item_that_meets_another_fate_than_planned_fails_the_command() {
    let (folder, _, double) = prepared();
    double.lock().unwrap().codes.clear();
    let address = serve(&double).await;
    let error = fleet_simulator::send::run(&arguments(&address, folder.path(), &[]))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("met another fate than planned"), "{error}");
    assert!(error.contains("met accepted"), "{error}");
}

#[tokio::test]
async fn a_clock_that_is_past_the_plan_stops_the_sending() {
    let (folder, _, double) = prepared();
    double.lock().unwrap().clock_ms = i64::MAX / 2;
    let address = serve(&double).await;
    let error = fleet_simulator::send::run(&arguments(&address, folder.path(), &["--statique"]))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("--from-line"), "{error}");
    assert_eq!(double.lock().unwrap().directory, 6);
}

#[tokio::test]
async fn only_the_wanted_lines_are_sent() {
    let (folder, deliveries, double) = prepared();
    let address = serve(&double).await;
    let summary = fleet_simulator::send::run(&arguments(
        &address,
        folder.path(),
        &["--from-line", "3", "--to-line", "8"],
    ))
    .await
    .unwrap();
    assert_eq!(serde_json::to_value(summary).unwrap()["sent"], 5);
    let first = deliveries[3]["received_at_ms"].as_i64().unwrap();
    assert_eq!(double.lock().unwrap().acknowledged[0].0, first);
}
