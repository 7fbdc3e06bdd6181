//! The contract, row by row: each table of the specification is a table here.

use axum::body::Body;
use axum::http::Request;
use axum::http::header;
use serde_json::Value;

use crate::support::{Answer, Bench, request};

mod answers;
mod broken;
mod codes;
mod cors;
mod details;
mod documents;
mod dry_run;
mod figures;
mod limits;
mod models;
mod records;
mod routes;
mod serving;

/// A request with a body of JSON, or without one.
pub(crate) fn asking(method: &str, path: &str, user: &str, body: Option<&Value>) -> Request<Body> {
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    request(method, path, user).body(body).unwrap()
}

/// Sends a request and checks what holds for every answer: an id of ours, JSON objects or nothing.
pub(crate) async fn ask(bench: &Bench, request: Request<Body>) -> Answer {
    let what = format!("{} {}", request.method(), request.uri());
    let answer = bench.send(request).await;
    let id = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(id.parse::<uuid::Uuid>().unwrap().get_version_num(), 7);
    if answer.status >= 400 {
        assert!(answer.body.is_object(), "{what}: {}", answer.body);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/json");
    }
    answer
}

/// The body without what is said about single items.
pub(crate) fn bare(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("errors");
        body.remove("warnings");
    }
    body
}
