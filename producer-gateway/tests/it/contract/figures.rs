//! Metrics and the access log (chapter 10).

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::http::header;
use platform::admin::Readiness;
use producer_gateway::config::AccessLog as Watched;
use producer_gateway::http::access_log::AccessLog;
use prometheus::TextEncoder;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{ask, asking};
use crate::support::{Bench, row, session, status, with};

const DOCUMENT: &str = include_str!("../../../../docs/metrics.md");
const SOURCES: [&str; 4] = [
    include_str!("../../../src/metrics.rs"),
    include_str!("../../../src/metrics/ready.rs"),
    include_str!("../../../../platform/src/metrics/process.rs"),
    "\"qualicharge_gateway_build_info\"",
];

/// The names between two marks that begin with one of ours.
fn names(text: &str, mark: char) -> BTreeSet<&str> {
    let ours =
        |name: &&str| name.starts_with("qualicharge_gateway_") || name.starts_with("process_");
    let is_name = |name: &&str| {
        name.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    text.split(mark).filter(ours).filter(is_name).collect()
}

#[test]
fn each_metric_is_documented_and_each_documented_one_exists() {
    let tables: String = DOCUMENT
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let documented = names(&tables, '`');
    let existing: BTreeSet<_> = SOURCES
        .iter()
        .flat_map(|source| names(source, '"'))
        .collect();
    assert!(existing.len() > 30, "{existing:?}");
    assert_eq!(documented, existing);
}

#[tokio::test]
async fn items_are_counted_by_unit_and_none_is_counted_twice() {
    let bench = Bench::with_points().await;
    let old = with(
        status("FRPD1EABC1"),
        &json!({ "horodatage": "2026-11-22T16:09:50Z" }),
    );
    let items = json!([
        status("FRPD1EABC1"),
        old,
        status("FRTSLE1"),
        status("FRFASE3300401"),
        7
    ]);
    for (path, body) in [
        ("/dynamique/status/bulk?partial=true", items.clone()),
        ("/dynamique/status/bulk", items.clone()),
        ("/dynamique/session/", session("FRPD1EABC2")),
        ("/dynamique/validate", items),
        ("/statique/bulk", json!([row("FRPD1EABC1", "FRPD1PABC")])),
    ] {
        ask(&bench, asking("POST", path, "operator", Some(&body))).await;
    }
    let count = |labels: &[&str]| bench.gateway.metrics.items.with_label_values(labels).get();
    assert_eq!(count(&["status", "FRPD1", "accepted"]), 1);
    assert_eq!(count(&["status", "FRFAS", "accepted"]), 1);
    assert_eq!(count(&["status", "FRPD1", "refused"]), 2);
    assert_eq!(count(&["status", "other", "refused"]), 4);
    assert_eq!(count(&["session", "FRPD1", "accepted"]), 1);
    assert_eq!(count(&["status", "other", "dry_run"]), 5);
    assert_eq!(count(&["statique", "FRPD1", "accepted"]), 2 + 1);
    let last = bench
        .gateway
        .metrics
        .last_event
        .with_label_values(&["FRPD1", "status"]);
    assert!(
        (last.get() - 1_795_453_790.662).abs() < 1e-6,
        "{}",
        last.get()
    );
    let letters = bench
        .gateway
        .metrics
        .dead_letters
        .with_label_values(&["status_too_old", "written"]);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(letters.get(), 2);
}

#[tokio::test]
async fn the_text_has_a_help_and_a_type_for_each_family_and_no_id_in_a_label() {
    let bench = Bench::with_points().await;
    let readiness = Readiness::new(CancellationToken::new());
    readiness.waiting("directory");
    let metrics = &bench.gateway.metrics;
    metrics
        .show_readiness(readiness, vec!["directory", "clock"])
        .unwrap();
    for (method, path, body) in [
        ("POST", "/dynamique/status/", Some(status("FRPD1EABC1"))),
        ("GET", "/statique/FRPD1EABC1", None),
        ("GET", "/nothing/FRPD1EABC1", None),
        ("GET", "/manage/station/siren/891118473", None),
    ] {
        ask(&bench, asking(method, path, "operator", body.as_ref())).await;
    }
    let text = TextEncoder::new()
        .encode_to_string(&metrics.registry.gather())
        .unwrap();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end));
        let is_told = |name: &str| {
            text.contains(&format!("# TYPE {name} ")) && text.contains(&format!("# HELP {name} "))
        };
        assert!(is_told(name) || family.is_some_and(is_told), "{line}");
    }
    for (line, expected) in [
        (
            "qualicharge_gateway_ready{dependency=\"directory\"} 0",
            true,
        ),
        ("qualicharge_gateway_ready{dependency=\"clock\"} 1", true),
        ("qualicharge_gateway_ready{dependency=\"users\"} 1", true),
        ("FRPD1EABC1", false),
        ("operator\"", false),
        ("891118473", false),
    ] {
        assert_eq!(text.contains(line), expected, "{line}\n{text}");
    }
    assert!(text.contains("route=\"/api/v1/statique/{id}\""));
    assert!(text.contains("route=\"other\""));
}

/// What was written.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn take(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        let text = String::from_utf8(bytes).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[tokio::test]
async fn a_request_is_a_line_of_json_that_tells_no_secret() {
    let mut bench = Bench::with_points().await;
    let lines = Lines::default();
    let log = AccessLog::to(Watched::All, Box::new(lines.clone()));
    Arc::get_mut(&mut bench.gateway).unwrap().access_log = log;
    let items = json!([status("FRPD1EABC1"), status("FRPD1EXXX")]);
    let mut request = asking(
        "POST",
        "/dynamique/status/bulk?partial=true&token=secret",
        "operator",
        Some(&items),
    );
    for (name, value) in [
        ("x-request-id", "mine"),
        ("user-agent", "Acme/1"),
        ("idempotency-key", "k"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let token = request.headers()[header::AUTHORIZATION]
        .to_str()
        .unwrap()
        .to_owned();
    let answer = ask(&bench, request).await;
    bench.gateway.access_log.flush();
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let token = token.strip_prefix("Bearer ").unwrap();
    assert!(!text.contains(token) && !text.contains("secret") && !text.contains("FRPD1EABC1"));
    let line = lines.take().pop().unwrap();
    assert_eq!(
        line["request_id"],
        json!(answer.headers["x-request-id"].to_str().unwrap())
    );
    for (key, value) in [
        ("message", json!("request")),
        ("client_request_id", json!("mine")),
        ("idempotency_key", json!("k")),
        ("user_agent", json!("Acme/1")),
        ("account", json!("operator")),
        ("method", json!("POST")),
        ("address", json!("0.0.0.0")),
        ("route", json!("/api/v1/dynamique/status/bulk")),
        ("status", json!(201)),
        ("accepted", json!(1)),
        ("refused", json!(1)),
        ("bytes_in", json!(items.to_string().len())),
        ("bytes_decoded", json!(items.to_string().len())),
    ] {
        assert_eq!(line[key], value, "{key}");
    }
    for key in ["time", "bytes_out", "elapsed_ms", "kafka_wait_ms"] {
        assert!(!line[key].is_null(), "{key}");
    }
}
