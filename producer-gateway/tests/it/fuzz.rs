//! Requests of any bytes: no panic, always a JSON object, and nothing in the log unless it was accepted.

use std::io::Write as _;

use axum::body::Body;
use axum::http::header;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::{Bench, request, row, session, status};

/// The routes that read a body.
const ROUTES: [(&str, &str); 8] = [
    ("POST", "/dynamique/status/"),
    ("POST", "/dynamique/status/bulk"),
    ("POST", "/dynamique/status/bulk?partial=true"),
    ("POST", "/dynamique/session/bulk"),
    ("POST", "/dynamique/validate"),
    ("POST", "/statique/"),
    ("POST", "/statique/bulk?partial=true"),
    ("PUT", "/statique/FRPD1EABC1"),
];
/// What a refusal may be: everything but a fault of our own.
const REFUSALS: [u16; 8] = [400, 403, 404, 406, 409, 413, 422, 503];
/// How a body is announced. The first is right, so that most requests get past it.
const TYPES: [&str; 4] = [
    "application/json",
    "APPLICATION/merge+JSON; charset=utf-8",
    "text/plain",
    "/",
];

/// One request.
#[derive(Debug, Clone)]
struct Case {
    route: usize,
    content_type: usize,
    encoding: Option<&'static str>,
    body: Vec<u8>,
}

#[test]
fn any_bytes_are_answered_with_an_object_and_publish_nothing_unless_accepted() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let bench = runtime.block_on(Bench::with_points());
    let answered = |case: Case| runtime.block_on(answer(&bench, case));
    TestRunner::default().run(&cases(), answered).unwrap();
}

async fn answer(bench: &Bench, case: Case) -> Result<(), TestCaseError> {
    let (method, path) = ROUTES[case.route];
    let mut builder = request(method, path, "admin");
    builder.headers_mut().unwrap().insert(
        header::CONTENT_TYPE,
        TYPES[case.content_type].parse().unwrap(),
    );
    if let Some(encoding) = case.encoding {
        builder = builder.header(header::CONTENT_ENCODING, encoding);
    }
    let answer = bench
        .send(builder.body(Body::from(case.body)).unwrap())
        .await;
    let records = bench.records();
    prop_assert!(
        answer.body.is_object(),
        "{}: {}",
        answer.status,
        answer.body
    );
    if (200..300).contains(&answer.status) {
        let items = answer.body["items"].as_array().map(Vec::len);
        let size = answer.body.get("accepted").unwrap_or(&answer.body["size"]);
        prop_assert!(items.is_none_or(|items| *size == items), "{}", answer.body);
        let is_dry = path == "/dynamique/validate";
        prop_assert!(!is_dry || records.is_empty(), "a dry run published");
        let is_event = path.starts_with("/dynamique/s");
        prop_assert!(
            !is_event || !records.is_empty(),
            "accepted and not published"
        );
    } else {
        prop_assert!(
            REFUSALS.contains(&answer.status),
            "{}: {}",
            answer.status,
            answer.body
        );
        prop_assert!(
            records.is_empty(),
            "{} and {} records",
            answer.status,
            records.len()
        );
    }
    Ok(())
}

fn cases() -> impl Strategy<Value = Case> {
    let content_type = prop_oneof![8 => Just(0), 1 => 1..TYPES.len()];
    let encoding = prop_oneof![
        6 => Just((None, false)),
        2 => Just((Some("gzip"), true)),
        1 => Just((Some("GZIP"), false)),
        1 => Just((Some("br"), false)),
    ];
    (0..ROUTES.len(), content_type, encoding, bodies()).prop_map(
        |(route, content_type, (encoding, is_packed), body)| Case {
            route,
            content_type,
            encoding,
            body: if is_packed { gzip(&body) } else { body },
        },
    )
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Bytes without a meaning, good batches with wounds, and good JSON that is nonsense.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..200),
        4 => (good(), prop::collection::vec(wounds(), 0..4)).prop_map(|(value, wounds)| {
            let mut body = value.to_string().into_bytes();
            for wound in wounds {
                wound.inflict(&mut body);
            }
            body
        }),
        4 => nonsense().prop_map(|value| value.to_string().into_bytes()),
    ]
}

fn good() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(status("FRPD1EABC1")),
        Just(session("FRPD1EABC2")),
        Just(json!([status("FRPD1EABC1"), status("FRFASE3300401")])),
        Just(json!([session("FRPD1EABC1"), session("FRPD1EABC1")])),
        Just(row("FRPD1EABC1", "FRPD1PABC")),
        Just(json!([
            row("FRPD1EABC1", "FRPD1PABC"),
            row("FRPD1EABC9", "FRPD1PXYZ")
        ])),
    ]
}

/// A change of some bytes; places are shares of the length.
#[derive(Debug, Clone)]
struct Wound {
    at: prop::sample::Index,
    length: usize,
    put: Vec<u8>,
}

impl Wound {
    fn inflict(&self, body: &mut Vec<u8>) {
        let start = self.at.index(body.len() + 1);
        let end = body.len().min(start + self.length);
        body.splice(start..end, self.put.iter().copied());
    }
}

fn wounds() -> impl Strategy<Value = Wound> {
    let put = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..4),
        prop::sample::select(vec![
            "null", "{}", "[", "]", "\"", "\\u0000", "\\ud800", "1e999", "-0", "NaN", "\u{feff}",
            ",",
        ])
        .prop_map(|text: &str| text.as_bytes().to_vec()),
    ];
    (any::<prop::sample::Index>(), 0..6_usize, put).prop_map(|(at, length, put)| Wound {
        at,
        length,
        put,
    })
}

/// JSON whose keys are ours and whose values are anything.
fn nonsense() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "FRPD1EABC1",
            "en_service",
            "libre",
            "2026-11-23T17:09:50Z",
            "1795453790",
            "[2.1, 48.5]",
            "9999-12-31T23:59:59.999999999+23:59",
            "0000-01-01T00:00Z",
            "1e308",
            "+0000000000001",
            "POINT(2.1 48.5)",
            "tel:+33-1-84-71-00-62",
            "Indirect",
            "24/7",
        ])
        .prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
        ]
    });
    (
        good(),
        prop::collection::vec((any::<prop::sample::Index>(), value), 1..4),
    )
        .prop_map(|(mut good, changes)| {
            for (at, value) in changes {
                change(&mut good, at, value);
            }
            good
        })
}

/// Gives one field of an object, or of one of a list, another value.
fn change(target: &mut Value, at: prop::sample::Index, value: Value) {
    match target {
        Value::Array(items) => {
            let index = at.index(items.len());
            change(&mut items[index], at, value);
        }
        Value::Object(map) => {
            let key = map.keys().nth(at.index(map.len())).unwrap().clone();
            map.insert(key, value);
        }
        other => *other = value,
    }
}
