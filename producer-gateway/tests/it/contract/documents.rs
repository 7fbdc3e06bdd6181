//! The OpenAPI document and its page.

use std::collections::BTreeSet;
use std::path::PathBuf;

use axum::http::header;
use http_body_util::BodyExt as _;
use producer_gateway::http::operation::Operation;
use producer_gateway::http::router;
use producer_gateway::openapi;
use serde_json::Value;
use tower::ServiceExt as _;

use super::{ask, asking};
use crate::support::Bench;

#[test]
fn the_committed_document_is_what_the_code_says() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let made = format!("{:#}\n", openapi::document());
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    if committed != made {
        let fresh = path.with_extension("json.new");
        std::fs::write(&fresh, &made).unwrap();
        panic!(
            "docs/openapi.json differs from the code: compare it with {}",
            fresh.display()
        );
    }
}

#[tokio::test]
async fn the_document_and_the_router_have_the_same_operations() {
    let document = openapi::document();
    let mut named = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let concrete = path
            .replace("{id_pdc_itinerance}", "FRPD1EABC1")
            .replace("{siren}", "891118473");
        let methods = item.as_object().unwrap();
        for (method, operation) in methods.iter().filter(|(key, _)| *key != "parameters") {
            named.insert(operation["operationId"].as_str().unwrap().to_owned());
            let bench = Bench::with_points().await;
            let answer = send(&bench, &method.to_uppercase(), &concrete).await;
            assert_ne!(answer, 404, "{method} {path}");
            assert_ne!(answer, 405, "{method} {path}");
            let codes = operation["responses"].as_object().unwrap();
            assert!(
                codes.contains_key(&answer.to_string()),
                "{method} {path} answers {answer}"
            );
        }
        let bench = Bench::with_points().await;
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            // The last word of this path is an id for the other methods.
            let is_known = methods.contains_key(&method.to_lowercase()) || path == "/statique/bulk";
            if !is_known {
                assert_eq!(
                    send(&bench, method, &concrete).await,
                    405,
                    "{method} {path}"
                );
            }
        }
    }
    for operation in Operation::ALL {
        assert!(named.contains(operation.name()), "{}", operation.name());
    }
}

async fn send(bench: &Bench, method: &str, path: &str) -> u16 {
    let request = asking(method, path, "admin", None);
    let answer = router(std::sync::Arc::clone(&bench.gateway))
        .oneshot(request)
        .await
        .unwrap();
    answer.status().as_u16()
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let bench = Bench::new();
    let text = |path: &'static str| {
        let request = asking("GET", path, "operator", None);
        let router = router(std::sync::Arc::clone(&bench.gateway));
        async move {
            let answer = router.oneshot(request).await.unwrap();
            let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
            let status = answer.status().as_u16();
            let bytes = answer.into_body().collect().await.unwrap().to_bytes();
            (status, kind.unwrap().to_str().unwrap().to_owned(), bytes)
        }
    };
    let (status, kind, page) = text("/docs").await;
    let page = String::from_utf8(page.to_vec()).unwrap();
    assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"));
    assert!(!page.contains("http://") && !page.contains("https://"));
    for (path, kind, min) in [
        ("/docs/swagger-ui.css", "text/css", 10_000),
        ("/docs/swagger-ui-bundle.js", "text/javascript", 100_000),
        (
            "/docs/swagger-ui-standalone-preset.js",
            "text/javascript",
            10_000,
        ),
        ("/docs/favicon-32x32.png", "image/png", 100),
        ("/docs/start.js", "text/javascript", 100),
    ] {
        assert!(page.contains(path.trim_start_matches('/')), "{path}");
        let (status, found, bytes) = text(path).await;
        assert_eq!((status, found.as_str()), (200, kind), "{path}");
        assert!(bytes.len() >= min, "{path}");
    }
    let answer = ask(&bench, asking("GET", "/docs/other.js", "operator", None)).await;
    assert_eq!(answer.status, 404);
    let answer = ask(&bench, asking("GET", "/openapi.json", "operator", None)).await;
    assert_eq!(answer.body["openapi"], Value::from("3.1.0"));
}
