//! Statuses and sessions, one and many.

use std::io::Write as _;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::Body;
use axum::http::header;
use producer_gateway::publisher::{Message, Published, Publisher};
use serde_json::{Value, json};

use crate::support::{Bench, NOW_MS, request, session, status, with};

const STATUS_ID: &str = "066c5c83-8168-5301-bf11-72bd1bf9c339";

#[tokio::test]
async fn a_status_is_answered_with_the_id_of_its_content() {
    let bench = Bench::with_points().await;
    let answer = bench
        .post("/dynamique/status/", &status("FRFASE3300401"))
        .await;
    assert_eq!(
        (answer.status, answer.body),
        (201, json!({ "id": STATUS_ID }))
    );
    match bench.records().as_slice() {
        [Message::Status(status)] => {
            assert_eq!(status.station_id.as_str(), "FRFASP33004");
            assert_eq!(status.received_at.as_ms(), NOW_MS);
            assert_eq!(status.submitted_by, "operator");
            let id = answer.headers["x-request-id"].to_str().unwrap();
            assert_eq!(status.request_id.0.to_string(), id);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_is_answered_with_the_id_of_its_content() {
    let bench = Bench::with_points().await;
    let item = with(
        session("FRFASE3300401"),
        &json!({ "start": "2024-06-04T14:26:44.562Z", "end": "2024-06-04T16:06:41.571Z" }),
    );
    let too_old = bench.post("/dynamique/session/", &item).await;
    assert_eq!(too_old.status, 422);
    let ids = |answer: Value| answer["id"].clone();
    let first = ids(bench
        .post("/dynamique/session/", &session("FRFASE3300401"))
        .await
        .body);
    let again = ids(bench
        .post("/dynamique/session/", &session("FRFASE3300401"))
        .await
        .body);
    assert_eq!(first, again);
    assert_eq!(bench.records().len(), 2);
}

#[tokio::test]
async fn a_list_is_published_once_per_id_and_answered_in_order() {
    let bench = Bench::with_points().await;
    let items = json!([
        status("FRPD1EABC1"),
        status("FRFASE3300401"),
        status("FRPD1EABC1")
    ]);
    let answer = bench.post("/dynamique/status/bulk", &items).await;
    assert_eq!((answer.status, &answer.body["size"]), (201, &json!(3)));
    let ids = answer.body["items"].as_array().unwrap();
    assert_eq!(ids[1], json!(STATUS_ID));
    assert_eq!(ids[0], ids[2]);
    assert_eq!(bench.records().len(), 2);
}

#[tokio::test]
async fn the_first_failing_step_gives_status_and_body() {
    let bench = Bench::with_points().await;
    let old = with(
        status("FRPD1EABC1"),
        &json!({ "horodatage": "2026-11-22T16:09:50Z" }),
    );
    let foreign = status("FRTSLE1");
    let unknown = status("FRPD1EXXX");
    let insufficient =
        |text: &str| json!({ "message": format!("Unsufficient permissions: {text}") });
    let cases = [
        (
            foreign.clone(),
            403,
            insufficient("You cannot create statuses for this point of charge"),
        ),
        (
            unknown.clone(),
            404,
            json!({ "detail": "Point of charge does not exist" }),
        ),
    ];
    for (item, code, body) in cases {
        let answer = bench.post("/dynamique/status/", &item).await;
        assert_eq!(answer.status, code);
        assert_eq!(without_errors(&answer.body), body);
        assert_eq!(answer.body["errors"][0]["index"], json!(0));
    }
    let undeclared = "Undeclared attached point(s) of charge, you should create them all first";
    let organization = "You cannot submit data for an organization you are not assigned to";
    let cases = [
        (json!([unknown]), 404, json!({ "detail": undeclared })),
        (json!([unknown, foreign]), 403, insufficient(organization)),
    ];
    for (items, code, body) in cases {
        let answer = bench.post("/dynamique/status/bulk", &items).await;
        assert_eq!((answer.status, without_errors(&answer.body)), (code, body));
    }
    let answer = bench
        .post("/dynamique/status/bulk", &json!([unknown, foreign, old]))
        .await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.body["detail"],
        json!([{
            "type": "value_error", "loc": ["body", 2, "horodatage"],
            "msg": "Value error, 2026-11-22 16:09:50+00:00 is older than 1 day, 0:00:00",
            "input": "2026-11-22T16:09:50Z", "ctx": { "error": {} },
        }])
    );
    let told: Vec<_> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["code"])
        .collect();
    assert_eq!(
        told,
        ["charge_point_unknown", "unit_forbidden", "status_too_old"]
    );
    assert!(bench.records().is_empty());
}

fn without_errors(body: &Value) -> Value {
    let mut body = body.clone();
    body.as_object_mut().unwrap().remove("errors");
    body
}

#[tokio::test]
async fn in_partial_mode_the_good_items_are_published() {
    let bench = Bench::with_points().await;
    let old = with(
        status("FRPD1EABC1"),
        &json!({ "horodatage": "2026-11-22T16:08:50Z" }),
    );
    let items = json!([
        status("FRPD1EABC1"),
        old,
        status("FRPD1EXXX"),
        status("FRTSLE1"),
        status("FRPD1EABC2"),
    ]);
    let strict = bench.post("/dynamique/status/bulk", &items).await;
    assert_eq!(
        (
            strict.status,
            strict.body["errors"].as_array().unwrap().len()
        ),
        (422, 3)
    );
    assert!(bench.records().is_empty());
    let answer = bench
        .post("/dynamique/status/bulk?partial=true", &items)
        .await;
    assert_eq!((answer.status, &answer.body["size"]), (201, &json!(2)));
    assert_eq!(answer.body["items"].as_array().unwrap().len(), 2);
    assert_eq!(
        answer.body["errors"][0],
        json!({
            "index": 1, "id_pdc_itinerance": "FRPD1EABC1", "rule": 43, "code": "status_too_old",
            "field": "horodatage", "message": "horodatage is 25 h old, at most 24 h",
        })
    );
    let indexes: Vec<_> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["index"].as_i64())
        .collect();
    assert_eq!(indexes, [Some(1), Some(2), Some(3)]);
    let prefer = request("POST", "/dynamique/status/bulk", "operator")
        .header("prefer", "handling=lenient")
        .body(Body::from(items.to_string()))
        .unwrap();
    let answer = bench.send(prefer).await;
    assert_eq!(answer.headers["preference-applied"], "handling=lenient");
    let none = bench
        .post(
            "/dynamique/status/bulk?partial=yes",
            &json!([status("FRPD1EXXX")]),
        )
        .await;
    assert_eq!(none.status, 422);
    let expected = json!({ "message": "No item accepted", "size": 0, "items": [] });
    assert_eq!(without_errors(&none.body), expected);
    assert_eq!(bench.records().len(), 4);
}

#[tokio::test]
async fn refused_items_of_own_units_are_kept_with_their_reason() {
    let bench = Bench::with_points().await;
    let old = with(
        status("FRPD1EABC1"),
        &json!({ "horodatage": "2026-11-22T16:08:50Z" }),
    );
    let items = json!([old, status("FRTSLE1"), 7, status("FRPD1EXXX")]);
    let answer = bench.post("/dynamique/status/bulk", &items).await;
    assert_eq!(answer.status, 422);
    tokio::task::yield_now().await;
    let letters: Vec<_> = bench
        .log
        .take()
        .into_iter()
        .map(|message| match message {
            Message::Refused(item) => item,
            other => panic!("{other:?}"),
        })
        .collect();
    let keys: Vec<_> = letters.iter().map(|letter| letter.key.as_str()).collect();
    assert_eq!(keys, ["FRPD1PABC", "FRPD1EXXX"]);
    assert_eq!(
        serde_json::from_slice::<Value>(&letters[0].value).unwrap(),
        old
    );
    let id = answer.headers["x-request-id"].to_str().unwrap();
    let expected = [
        ("origin", "producer-gateway"),
        ("kind", "status"),
        ("reason", "status_too_old"),
        ("rule", "43"),
        ("field", "horodatage"),
        ("message", "horodatage is 25 h old, at most 24 h"),
        ("index", "0"),
        ("unit", "FRPD1"),
        ("account", "operator"),
        ("request-id", id),
        ("received-at", "1795453800000"),
    ];
    let headers: Vec<_> = letters[0]
        .headers
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    assert_eq!(headers, expected);
}

#[tokio::test]
async fn remarkable_items_are_accepted_and_flagged() {
    let bench = Bench::with_points().await;
    let item = with(
        status("FRPD1EABC1"),
        &json!({ "horodatage": "2026-11-23T17:00:00Z" }),
    );
    let answer = bench.post("/dynamique/status/", &item).await;
    assert_eq!(
        (answer.status, &answer.body["warnings"][0]["code"]),
        (201, &json!("status_not_fresh"))
    );
    let item = with(session("FRPD1EABC1"), &json!({ "energy": 900 }));
    let answer = bench.post("/dynamique/session/bulk", &json!([item])).await;
    assert_eq!(answer.body["warnings"][0]["rule"], json!(38));
}

#[tokio::test]
async fn an_unacknowledged_request_promises_nothing() {
    let bench = Bench::with_points().await;
    bench.log.fail();
    let answer = bench
        .post("/dynamique/status/", &status("FRPD1EABC1"))
        .await;
    assert_eq!(
        (answer.status, &answer.headers[header::RETRY_AFTER]),
        (503, &"5".parse().unwrap())
    );
    let text = "Service unavailable: nothing is promised, send the same request again";
    assert_eq!(answer.body, json!({ "message": text }));
}

/// A log that never acknowledges.
#[derive(Debug)]
struct Stalled;

impl Publisher for Stalled {
    fn publish(&self, _messages: Vec<Message>) -> Published<'_> {
        Box::pin(std::future::pending())
    }

    fn in_flight(&self) -> usize {
        1
    }
}

#[tokio::test]
async fn a_log_that_stalls_is_answered_before_clients_give_up() {
    let mut bench = Bench::with_points().await;
    let gateway = Arc::get_mut(&mut bench.gateway).unwrap();
    gateway.limits.ack_timeout = Duration::from_millis(20);
    gateway.publisher = OnceLock::from(Arc::new(Stalled) as Arc<dyn Publisher>);
    let answer = bench
        .post("/dynamique/status/", &status("FRPD1EABC1"))
        .await;
    assert_eq!(
        (
            answer.status,
            answer.headers[header::RETRY_AFTER].as_bytes()
        ),
        (503, &b"5"[..])
    );
    assert_eq!(
        bench.bare("DELETE", "/statique/FRPD1EABC1").await.status,
        503
    );
}

async fn raw(bench: &Bench, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, Value) {
    let mut request = request("POST", path, "operator");
    for (name, value) in headers {
        request.headers_mut().unwrap().remove(*name);
        request = request.header(*name, *value);
    }
    let answer = bench.send(request.body(Body::from(body)).unwrap()).await;
    (answer.status, answer.body)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn gzip_is_taken_in_any_case_and_in_several_members() {
    let bench = Bench::with_points().await;
    let text = json!([status("FRPD1EABC1")]).to_string();
    let (head, tail) = text.as_bytes().split_at(20);
    let members = [gzip(head), gzip(tail)].concat();
    let bulk = "/dynamique/status/bulk";
    assert_eq!(
        raw(
            &bench,
            bulk,
            &[("content-encoding", "GZip")],
            members.clone()
        )
        .await
        .0,
        201
    );
    let unreadable = (
        400,
        json!({ "detail": "There was an error parsing the body" }),
    );
    for (encoding, body) in [
        ("gzip", members[..30].to_vec()),
        ("gzip", text.clone().into_bytes()),
        ("deflate", text.clone().into_bytes()),
    ] {
        assert_eq!(
            raw(&bench, bulk, &[("content-encoding", encoding)], body).await,
            unreadable
        );
    }
    let too_large = (413, json!({ "detail": "The request body is too large" }));
    let bomb = gzip(&vec![b' '; 1_500_000]);
    assert_eq!(
        raw(&bench, bulk, &[("content-encoding", "gzip")], bomb).await,
        too_large
    );
    assert_eq!(
        raw(&bench, bulk, &[], vec![b' '; 65 * 1024]).await,
        too_large
    );
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused_with_the_place() {
    let bench = Bench::with_points().await;
    let (single, bulk) = ("/dynamique/status/", "/dynamique/status/bulk");
    let kind = |(code, body): (u16, Value)| (code, body["detail"][0]["type"].clone());
    for text in [
        "{",
        "{}x",
        "{\"a\":NaN}",
        "{\"a\":1e999}",
        "{\"a\":\"\\ud800\"}",
    ] {
        let found = kind(raw(&bench, single, &[], text.into()).await);
        assert_eq!(found, (422, json!("json_invalid")), "{text}");
    }
    let (_, body) = raw(&bench, single, &[], "{\n\"a\":x}".into()).await;
    assert_eq!(body["detail"][0]["loc"], json!(["body", 6]));
    let missing = json!({
        "detail": [{ "type": "missing", "loc": ["body"], "msg": "Field required", "input": null }]
    });
    for text in ["", "null"] {
        assert_eq!(
            raw(&bench, bulk, &[], text.into()).await,
            (422, missing.clone()),
            "{text}"
        );
    }
    for (path, text, expected) in [
        (single, "[]", "model_attributes_type"),
        (bulk, "{}", "list_type"),
        (bulk, "[]", "too_short"),
    ] {
        let found = kind(raw(&bench, path, &[], text.into()).await);
        assert_eq!(found, (422, json!(expected)), "{path} {text}");
    }
    let many = json!(vec![status("FRPD1EABC1"); 101]).to_string();
    let (_, body) = raw(&bench, bulk, &[], many.into_bytes()).await;
    assert_eq!(
        body["detail"][0]["ctx"],
        json!({ "field_type": "List", "max_length": 100, "actual_length": 101 })
    );
    let plain = [("content-type", "text/plain")];
    let found = kind(
        raw(
            &bench,
            single,
            &plain,
            status("FRPD1EABC1").to_string().into(),
        )
        .await,
    );
    assert_eq!(found, (422, json!("model_attributes_type")));
    let suffix = [("content-type", "Application/vnd.x+JSON; charset=utf-8")];
    let body = status("FRPD1EABC1").to_string().into_bytes();
    assert_eq!(raw(&bench, single, &suffix, body).await.0, 201);
}

#[tokio::test]
async fn deep_and_undecodable_bodies_are_400_and_a_byte_order_mark_is_skipped() {
    let bench = Bench::with_points().await;
    let single = "/dynamique/status/";
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    for body in [
        deep.into_bytes(),
        vec![b'"', 0xff, b'"'],
        vec![0xff, 0xfe, b'{', 0],
    ] {
        assert_eq!(raw(&bench, single, &[], body).await.0, 400);
    }
    let marked = format!("\u{feff}{}", status("FRPD1EABC1"));
    assert_eq!(raw(&bench, single, &[], marked.into_bytes()).await.0, 201);
    let doubled = status("FRPD1EABC1")
        .to_string()
        .replace('{', "{\"etat_pdc\":7,");
    assert_eq!(raw(&bench, single, &[], doubled.into_bytes()).await.0, 201);
}

#[tokio::test]
async fn reception_follows_the_clock_that_is_set() {
    let bench = Bench::with_points().await;
    bench.clock.set_ms(NOW_MS + 90_000_000);
    let answer = bench
        .post("/dynamique/status/", &status("FRPD1EABC1"))
        .await;
    assert_eq!(
        (answer.status, &answer.body["errors"][0]["rule"]),
        (422, &json!(43))
    );
}
