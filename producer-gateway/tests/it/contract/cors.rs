//! Pages of other sites: not heard unless they are named, and then for reading only.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, Request, header};

use super::{ask, asking};
use crate::support::{Answer, Bench};

const MAP: &str = "https://map.example.org";

async fn bench(origins: &[&str]) -> Bench {
    let mut bench = Bench::with_points().await;
    let gateway = Arc::get_mut(&mut bench.gateway).unwrap();
    gateway.cors_origins = origins.iter().map(|text| text.parse().unwrap()).collect();
    bench
}

/// What a browser asks before a page of `origin` may send `method`.
async fn preflight(bench: &Bench, origin: &str, method: &str) -> Answer {
    let request = Request::builder()
        .method("OPTIONS")
        .uri("/api/v1/statique/")
        .header(header::ORIGIN, origin)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, method)
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization")
        .body(axum::body::Body::empty())
        .unwrap();
    bench.send(request).await
}

async fn read(bench: &Bench, origin: &'static str) -> Answer {
    let mut request = asking("GET", "/statique/", "operator", None);
    let origin = HeaderValue::from_static(origin);
    request.headers_mut().insert(header::ORIGIN, origin);
    ask(bench, request).await
}

fn text(answer: &Answer, name: HeaderName) -> Option<&str> {
    answer.headers.get(name)?.to_str().ok()
}

#[tokio::test]
async fn without_the_flag_no_page_is_let_in() {
    let bench = bench(&[]).await;
    assert_eq!(preflight(&bench, MAP, "GET").await.status, 405);
    let answer = read(&bench, MAP).await;
    assert_eq!(answer.status, 200);
    assert_eq!(text(&answer, header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
}

#[tokio::test]
async fn pages_of_named_sites_may_read() {
    let bench = bench(&[MAP, "http://localhost:5173"]).await;
    let asked = preflight(&bench, MAP, "GET").await;
    assert_eq!(asked.status, 200);
    assert_eq!(text(&asked, header::ACCESS_CONTROL_ALLOW_ORIGIN), Some(MAP));
    let methods = text(&asked, header::ACCESS_CONTROL_ALLOW_METHODS);
    assert_eq!(methods, Some("GET,HEAD"));
    let answer = read(&bench, MAP).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        text(&answer, header::ACCESS_CONTROL_ALLOW_ORIGIN),
        Some(MAP)
    );
    assert!(answer.headers.contains_key("x-request-id"));
    assert!(text(&answer, header::VARY).is_some_and(|vary| vary.contains("origin")));
}

#[tokio::test]
async fn pages_of_other_sites_are_not_let_in() {
    let bench = bench(&[MAP]).await;
    let asked = preflight(&bench, "https://evil.example", "GET").await;
    assert_eq!(text(&asked, header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
    let answer = read(&bench, "https://evil.example").await;
    assert_eq!(text(&answer, header::ACCESS_CONTROL_ALLOW_ORIGIN), None);
}
