//! Paths that do not exist: 404, or 307 where only the other form of a path exists.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::Gateway;
use crate::error::{Absent, GatewayError};

/// Paths below the base that are redirected to when the slash at the end is wrong.
const PATHS: [&str; 8] = [
    "/auth/token",
    "/auth/whoami",
    "/dynamique/status/",
    "/dynamique/status/bulk",
    "/dynamique/session/",
    "/dynamique/session/bulk",
    "/statique/",
    "/statique/bulk",
];

/// Answers a path that no route has.
pub async fn absent(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let path = request.uri().path();
    let other = match path.strip_suffix('/') {
        Some(bare) => bare.to_owned(),
        None => format!("{path}/"),
    };
    if other.strip_prefix("/api/v1").is_some_and(is_route) {
        let query = request
            .uri()
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let location = format!(
            "{}{other}{query}",
            origin(&gateway, request.headers(), request.uri())
        );
        return (
            StatusCode::TEMPORARY_REDIRECT,
            [(header::LOCATION, location)],
        )
            .into_response();
    }
    GatewayError::Absent(Absent::Path).into_response()
}

fn is_route(path: &str) -> bool {
    let of_entry = |rest: &str| {
        let id = rest.strip_suffix("/up").unwrap_or(rest);
        !id.is_empty() && !id.contains('/')
    };
    PATHS.contains(&path) || path.strip_prefix("/statique/").is_some_and(of_entry)
}

/// What an absolute URL of ours begins with.
pub fn origin(gateway: &Gateway, headers: &HeaderMap, uri: &Uri) -> String {
    if let Some(url) = &gateway.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    let host = host.or_else(|| uri.authority().map(axum::http::uri::Authority::as_str));
    format!("http://{}", host.unwrap_or("localhost"))
}
