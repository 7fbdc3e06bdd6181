//! Paths that do not exist: 404, or 307 where only the other form of a path exists.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Gateway;
use crate::error::{Absent, GatewayError};

/// Paths below the base that are redirected to when the slash at the end is wrong.
const PATHS: [&str; 11] = [
    "/auth/token",
    "/auth/whoami",
    "/dynamique/status/",
    "/dynamique/status/bulk",
    "/dynamique/session/",
    "/dynamique/session/bulk",
    "/dynamique/validate",
    "/openapi.json",
    "/docs",
    "/statique/",
    "/statique/bulk",
];

/// Answers a path that no route has.
pub async fn absent(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let (parts, _body) = request.into_parts();
    let path = parts.uri.path();
    let other = match path.strip_suffix('/') {
        Some(bare) => bare.to_owned(),
        None => format!("{path}/"),
    };
    if other.strip_prefix("/api/v1").is_some_and(is_route) {
        let query = parts
            .uri
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let location = format!("{}{other}{query}", gateway.origin(&parts));
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
    let of_company = |rest: &str| !rest.is_empty() && !rest.contains('/');
    PATHS.contains(&path)
        || path.strip_prefix("/statique/").is_some_and(of_entry)
        || path
            .strip_prefix("/manage/station/siren/")
            .is_some_and(of_company)
}
