//! Rate limits, load, memory, queue, compression (chapter 8).

use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::http::header;
use producer_gateway::http::budget::Budget;
use producer_gateway::http::rate::Limiter;
use producer_gateway::publisher::{Message, Published, Publisher};
use serde_json::json;
use tokio::sync::Semaphore;

use super::{ask, asking};
use crate::support::{Bench, request, session, status};

const UNAVAILABLE: &str = "Service unavailable: nothing is promised, send the same request again";

async fn limited(text: &str) -> Bench {
    let mut bench = Bench::with_points().await;
    let limiter = Limiter::new(&toml::from_str(text).unwrap()).unwrap();
    Arc::get_mut(&mut bench.gateway).unwrap().limiter = limiter;
    bench
}

#[tokio::test(start_paused = true)]
async fn an_account_has_so_many_requests_and_is_told() {
    let bench = limited("account.status-bulk = { rate = 30, per = 60, burst = 2 }").await;
    let send = || {
        asking(
            "POST",
            "/dynamique/status/bulk",
            "operator",
            Some(&json!([status("FRPD1EABC1")])),
        )
    };
    let first = ask(&bench, send()).await;
    assert_eq!(first.status, 201);
    assert_eq!(
        first.headers["ratelimit-policy"],
        "\"status-bulk\";q=30;w=60"
    );
    assert_eq!(first.headers["ratelimit"], "\"status-bulk\";r=1;t=2");
    assert_eq!(ask(&bench, send()).await.status, 201);
    let refused = ask(&bench, send()).await;
    assert_eq!(
        (refused.status, refused.body),
        (
            429,
            json!({ "message": "Too many requests, try again in 2 s" })
        )
    );
    assert_eq!(refused.headers[header::RETRY_AFTER], "2");
    assert_eq!(refused.headers["ratelimit"], "\"status-bulk\";r=0;t=2");
    let other = asking(
        "POST",
        "/dynamique/status/",
        "operator",
        Some(&status("FRPD1EABC1")),
    );
    let other = ask(&bench, other).await;
    assert_eq!(other.status, 201);
    assert!(!other.headers.contains_key("ratelimit"));
    tokio::time::advance(std::time::Duration::from_secs(2)).await;
    assert_eq!(ask(&bench, send()).await.status, 201);
}

#[tokio::test(start_paused = true)]
async fn a_unit_has_so_many_items_all_or_none() {
    let bench = limited("unit.status = { rate = 1, per = 1, burst = 2 }").await;
    let send = |ids: &[&str]| {
        let items: Vec<_> = ids.iter().map(|id| status(id)).collect();
        let request = asking(
            "POST",
            "/dynamique/status/bulk",
            "operator",
            Some(&json!(items)),
        );
        async { ask(&bench, request).await }
    };
    assert_eq!(send(&["FRPD1EABC1"]).await.status, 201);
    bench.log.take();
    let refused = send(&["FRPD1EABC1", "FRPD1EABC2", "FRFASE3300401"]).await;
    assert_eq!(
        (refused.status, &refused.headers[header::RETRY_AFTER]),
        (429, &"1".parse().unwrap())
    );
    assert!(bench.records().is_empty());
    assert_eq!(send(&["FRPD1EABC1", "FRFASE3300401"]).await.status, 201);
    let sessions = asking(
        "POST",
        "/dynamique/session/bulk",
        "operator",
        Some(&json!([session("FRPD1EABC1")])),
    );
    assert_eq!(ask(&bench, sessions).await.status, 201);
}

#[tokio::test]
async fn without_a_place_or_room_a_request_is_refused_at_once() {
    let body = json!([status("FRPD1EABC1")]);
    let full: [(&str, fn(&mut producer_gateway::http::Gateway)); 3] = [
        ("in_flight", |gateway| {
            gateway.requests = Arc::new(Semaphore::new(0));
        }),
        ("memory", |gateway| gateway.bodies = Budget::new(0)),
        ("not_ready", |gateway| {
            gateway
                .is_open
                .store(false, std::sync::atomic::Ordering::SeqCst);
        }),
    ];
    for (reason, fill) in full {
        let mut bench = Bench::with_points().await;
        fill(Arc::get_mut(&mut bench.gateway).unwrap());
        let mut request = asking("POST", "/dynamique/status/bulk", "operator", Some(&body));
        request
            .headers_mut()
            .insert(header::CONTENT_LENGTH, 20_000.into());
        let answer = ask(&bench, request).await;
        assert_eq!(
            (answer.status, answer.body),
            (503, json!({ "message": UNAVAILABLE })),
            "{reason}"
        );
        assert_eq!(answer.headers[header::RETRY_AFTER], "1");
        assert_eq!(answer.headers[header::CONNECTION], "close");
        assert_eq!(
            bench
                .gateway
                .metrics
                .load_shed
                .with_label_values(&[reason])
                .get(),
            1
        );
        assert!(bench.records().is_empty());
    }
}

/// A log that has much to do.
#[derive(Debug)]
struct Crowded;

impl Publisher for Crowded {
    fn publish(&self, _messages: Vec<Message>) -> Published<'_> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn in_flight(&self) -> usize {
        999
    }
}

#[tokio::test]
async fn a_request_for_which_the_queue_has_no_room_is_refused_whole() {
    let mut bench = Bench::with_points().await;
    let gateway = Arc::get_mut(&mut bench.gateway).unwrap();
    gateway.publisher = OnceLock::from(Arc::new(Crowded) as Arc<dyn Publisher>);
    for (items, code) in [
        (vec!["FRPD1EABC1"], 201),
        (vec!["FRPD1EABC1", "FRPD1EABC2"], 503),
    ] {
        let items: Vec<_> = items.into_iter().map(status).collect();
        let answer = ask(
            &bench,
            asking(
                "POST",
                "/dynamique/status/bulk",
                "operator",
                Some(&json!(items)),
            ),
        )
        .await;
        assert_eq!(answer.status, code);
    }
    assert_eq!(
        bench
            .gateway
            .metrics
            .load_shed
            .with_label_values(&["queue"])
            .get(),
        1
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn a_bomb_is_refused_at_its_caps_and_gives_its_room_back() {
    let mut bench = Bench::with_points().await;
    Arc::get_mut(&mut bench.gateway)
        .unwrap()
        .limits
        .max_body_bytes = 1 << 20;
    let bomb = gzip(&vec![b' '; 100_000_000]);
    assert!(bomb.len() < 100_000);
    let free = bench.gateway.bodies.free_bytes();
    let send = |token: bool| {
        let mut request = request("POST", "/dynamique/status/bulk", "operator")
            .header("content-encoding", "gzip")
            .header("content-length", bomb.len())
            .body(Body::from(bomb.clone()))
            .unwrap();
        if !token {
            request.headers_mut().remove(header::AUTHORIZATION);
        }
        request
    };
    assert_eq!(ask(&bench, send(false)).await.status, 401);
    let answer = ask(&bench, send(true)).await;
    assert_eq!(
        (answer.status, answer.body),
        (413, json!({ "detail": "The request body is too large" }))
    );
    assert_eq!(bench.gateway.bodies.free_bytes(), free);
    Arc::get_mut(&mut bench.gateway)
        .unwrap()
        .limits
        .max_compression_ratio = 100_000;
    Arc::get_mut(&mut bench.gateway)
        .unwrap()
        .limits
        .max_decoded_bytes = usize::MAX;
    let answer = ask(&bench, send(true)).await;
    assert_eq!(
        answer.status, 503,
        "the room for bodies bounds what the caps do not"
    );
    assert_eq!(bench.gateway.bodies.free_bytes(), free);
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_take_it() {
    let bench = Bench::with_points().await;
    let page = |offer: Option<&'static str>| {
        let mut request = asking("GET", "/statique/?limit=3", "operator", None);
        if let Some(offer) = offer {
            request
                .headers_mut()
                .insert(header::ACCEPT_ENCODING, offer.parse().unwrap());
        }
        async { ask(&bench, request).await }
    };
    let plain = page(None).await;
    assert!(!plain.headers.contains_key(header::CONTENT_ENCODING));
    let packed = page(Some("gzip, deflate")).await;
    assert_eq!(packed.headers[header::CONTENT_ENCODING], "gzip");
    assert_eq!(packed.headers[header::VARY], "accept-encoding");
    assert_eq!(packed.body, plain.body);
    let mut short = asking("GET", "/auth/whoami", "operator", None);
    short
        .headers_mut()
        .insert(header::ACCEPT_ENCODING, "gzip".parse().unwrap());
    assert!(
        !ask(&bench, short)
            .await
            .headers
            .contains_key(header::CONTENT_ENCODING)
    );
}

#[tokio::test]
async fn a_preference_is_confirmed_and_the_query_wins() {
    let bench = Bench::with_points().await;
    let good_and_bad = json!([status("FRPD1EABC1"), status("FRPD1EXXX")]);
    let bad = json!([status("FRPD1EXXX")]);
    for (query, prefer, body, code, is_confirmed) in [
        ("", Some("handling=lenient"), &good_and_bad, 201, true),
        (
            "",
            Some("respond-async, handling=\"lenient\"; x"),
            &good_and_bad,
            201,
            true,
        ),
        ("", Some("handling=lenient"), &bad, 422, true),
        ("", Some("handling=strict"), &good_and_bad, 404, false),
        (
            "?partial=false",
            Some("handling=lenient"),
            &good_and_bad,
            404,
            false,
        ),
        ("?partial=true", None, &good_and_bad, 201, false),
        ("?partial=maybe", None, &good_and_bad, 422, false),
    ] {
        let mut request = asking(
            "POST",
            &format!("/dynamique/status/bulk{query}"),
            "operator",
            Some(body),
        );
        if let Some(prefer) = prefer {
            request
                .headers_mut()
                .insert("prefer", prefer.parse().unwrap());
        }
        let answer = ask(&bench, request).await;
        assert_eq!(answer.status, code, "{query} {prefer:?}");
        assert_eq!(
            answer.headers.contains_key("preference-applied"),
            is_confirmed,
            "{query} {prefer:?}"
        );
    }
}
