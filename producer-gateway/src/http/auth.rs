//! Login and who one is.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::envelope::Note;
use super::{Gateway, Limits, admission, body, form};
use crate::error::detail::{Detail, Location};
use crate::error::{Failure, GatewayError};

/// The largest login form, bytes.
const MAX_FORM_BYTES: usize = 16 * 1024;

/// `POST /auth/token`.
pub async fn create_token(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    login(&gateway, request)
        .await
        .unwrap_or_else(Failure::into_response)
}

async fn login(gateway: &Gateway, request: Request) -> Result<Response, Failure> {
    let (parts, raw) = request.into_parts();
    let limits = Limits {
        max_body_bytes: MAX_FORM_BYTES,
        ..gateway.limits.clone()
    };
    let received = body::receive(&parts.headers, raw, &limits).await?;
    let kind = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().to_ascii_lowercase();
    let pairs = if kind.starts_with("application/x-www-form-urlencoded") {
        form::pairs(&String::from_utf8_lossy(&received.bytes))
    } else {
        Vec::new()
    };
    let (username, password) = credentials(&pairs)?;
    let token = gateway
        .auth
        .login(username, password.to_owned())
        .await
        .map_err(|failure| {
            gateway.metrics.auth_failed(failure);
            GatewayError::Unauthenticated(failure)
        })?;
    let mut response =
        Json(json!({ "access_token": token, "token_type": "bearer" })).into_response();
    response.extensions_mut().insert(Note {
        account: username.to_owned(),
        ..Note::default()
    });
    Ok(response)
}

fn credentials(pairs: &[(String, String)]) -> Result<(&str, &str), GatewayError> {
    let mut details = Vec::new();
    if let Some(grant) = form::last(pairs, "grant_type").filter(|grant| *grant != "password") {
        let loc = vec![Location::Name("body"), Location::Name("grant_type")];
        let msg = "String should match pattern '^password$'";
        let mut detail = Detail::new(
            "string_pattern_mismatch",
            loc,
            msg,
            Value::String(grant.to_owned()),
        );
        detail.ctx = Some(json!({ "pattern": "^password$" }));
        details.push(detail);
    }
    let mut required = |field| {
        let value = form::last(pairs, field).filter(|value| !value.is_empty());
        if value.is_none() {
            details.push(Detail::missing("body", field, Value::Null));
        }
        value
    };
    match (required("username"), required("password")) {
        (Some(username), Some(password)) if details.is_empty() => Ok((username, password)),
        _ => Err(GatewayError::Invalid(details)),
    }
}

/// `GET /auth/whoami`.
pub async fn show_caller(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    let caller = match admission::authenticate(&gateway, request.headers()) {
        Ok(caller) => caller,
        Err(error) => return error.into_response(),
    };
    let user = &caller.user;
    Json(json!({
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "is_active": user.is_active,
        "is_staff": user.is_staff,
        "is_superuser": user.is_superuser,
        "scopes": user.scopes,
        "groups": user.groups,
    }))
    .into_response()
}
