//! The client against a small registry of the test's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::http::HeaderMap;
use axum::routing::{any, get, post, put};
use clap::Parser;
use tokio::net::TcpListener;

use super::*;

#[derive(Debug, Parser)]
struct Command {
    #[command(flatten)]
    registry: RegistryArgs,
}

async fn client(router: Router) -> RegistryClient {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let arguments = [
        "x",
        "--schema-registry-url",
        &url,
        "--schema-registry-user",
        "alice",
        "--schema-registry-password",
        "wonder",
    ];
    RegistryClient::new(&Command::parse_from(arguments).registry)
        .unwrap()
        .with_patience(Duration::from_secs(5))
}

fn json(status: u16, body: &'static str) -> (StatusCode, &'static str) {
    (StatusCode::from_u16(status).unwrap(), body)
}

const UNKNOWN: &str = r#"{"error_code":40401,"message":"no artifact"}"#;

#[tokio::test]
async fn a_lookup_of_an_unknown_subject_names_it_and_the_remedy() {
    let router = Router::new().route("/subjects/a-value", post(|| async { json(404, UNKNOWN) }));
    let error = client(router)
        .await
        .id_of("a-value", "{}")
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "schema of subject a-value is not registered: run `stream-setup schemas`"
    );
}

#[tokio::test]
async fn ids_come_from_registration_and_lookup() {
    let router = Router::new()
        .route(
            "/subjects/a-value/versions",
            post(|| async { r#"{"id":7}"# }),
        )
        .route(
            "/subjects/a-value",
            post(|| async { r#"{"id":8,"version":2}"# }),
        )
        .route(
            "/schemas/ids/9",
            get(|| async { r#"{"schema":"\"long\""}"# }),
        );
    let client = client(router).await;
    assert_eq!(client.register("a-value", "\"long\"").await.unwrap(), 7);
    assert_eq!(client.id_of("a-value", "\"long\"").await.unwrap(), 8);
    assert_eq!(client.schema_by_id(9).await.unwrap(), "\"long\"");
    let unknown = client.schema_by_id(10).await.unwrap_err();
    assert!(
        matches!(unknown, RegistryError::UnknownId { id: 10 }),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn an_incompatible_schema_is_told_apart_from_other_refusals() {
    let conflict = r#"{"error_code":409,"message":"field x has no default"}"#;
    let router = Router::new()
        .route(
            "/subjects/a-value/versions",
            post(move || async move { json(409, conflict) }),
        )
        .route(
            "/subjects/b-value/versions",
            post(|| async { json(422, "{}") }),
        );
    let client = client(router).await;
    let error = client.register("a-value", "{}").await.unwrap_err();
    assert!(matches!(error, RegistryError::Incompatible { .. }));
    let chain = format!("{:#}", anyhow::Error::new(error));
    assert!(chain.contains("field x has no default"), "{chain}");
    let error = client.register("b-value", "{}").await.unwrap_err();
    assert!(matches!(error, RegistryError::Refused { .. }));
}

#[tokio::test]
async fn levels_are_written_and_read_with_authentication() {
    let router = Router::new().route(
        "/config/a-value",
        put(|headers: HeaderMap, body: String| async move {
            assert_eq!(headers["authorization"], "Basic YWxpY2U6d29uZGVy");
            assert_eq!(body, r#"{"compatibility":"FULL_TRANSITIVE"}"#);
            body
        })
        .get(|| async { r#"{"compatibilityLevel":"FULL_TRANSITIVE"}"# }),
    );
    let client = client(router).await;
    let level = CompatibilityLevel::FullTransitive;
    client.set_compatibility("a-value", level).await.unwrap();
    assert_eq!(client.compatibility("a-value").await.unwrap(), Some(level));
    assert_eq!(client.compatibility("b-value").await.unwrap(), None);
}

#[tokio::test]
async fn a_registry_that_is_starting_is_waited_for() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let handler = move || async move {
        match counted.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => json(503, "starting"),
            _ => json(200, r#"{"is_compatible":false}"#),
        }
    };
    let client = client(Router::new().fallback(any(handler))).await;
    assert!(!client.is_compatible("a-value", "{}").await.unwrap());
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn patience_ends_with_the_address_and_the_remedy() {
    let client = client(Router::new().fallback(any(|| async { json(500, "") })))
        .await
        .with_patience(Duration::from_millis(1));
    let error = client.schema_by_id(1).await.unwrap_err();
    assert!(matches!(error, RegistryError::Unavailable { .. }));
    assert!(error.to_string().contains("SCHEMA_REGISTRY_URL"));
}
