//! Login and who one is.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use platform::secret::Secret;
use serde::Serialize;
use serde_json::{Value, json};

use super::trail::Trail;
use super::{Gateway, Limits, admission, body, client, form};
use crate::auth::{AuthError, User};
use crate::error::detail::{Detail, Location};
use crate::error::{Failure, GatewayError};

/// The largest login form, bytes.
const MAX_FORM_BYTES: usize = 16 * 1024;
/// Seconds after which it is worth asking again for what an identity provider has not said.
const PROVIDER_RETRY_SECONDS: u32 = 5;

/// An account, as its owner sees it. The order is QualiCharge's.
#[derive(Serialize)]
struct Shown<'a> {
    username: &'a str,
    email: &'a str,
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    is_active: bool,
    is_staff: bool,
    is_superuser: bool,
    scopes: &'a [String],
    groups: &'a [String],
}

impl<'a> Shown<'a> {
    fn of(user: &'a User) -> Self {
        Self {
            username: &user.username,
            email: &user.email,
            first_name: user.first_name.as_deref(),
            last_name: user.last_name.as_deref(),
            is_active: user.is_active,
            is_staff: user.is_staff,
            is_superuser: user.is_superuser,
            scopes: &user.scopes,
            groups: &user.groups,
        }
    }
}

/// Counts why a request goes no further than its token or login, and says what to answer.
pub fn refuse(gateway: &Gateway, error: AuthError) -> GatewayError {
    gateway.metrics.auth_failed(error);
    match error {
        AuthError::Failed(failure) => GatewayError::Unauthenticated(failure),
        AuthError::Throttled(wait) => {
            gateway.metrics.limited("login");
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            GatewayError::TooMany(u32::try_from(seconds).unwrap_or(u32::MAX))
        }
        AuthError::Busy => gateway.shed("logins"),
        AuthError::NoKeys => GatewayError::Unavailable(PROVIDER_RETRY_SECONDS),
    }
}

/// `POST /auth/token`.
pub async fn create_token(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    login(&gateway, request)
        .await
        .unwrap_or_else(Failure::into_response)
}

async fn login(gateway: &Gateway, request: Request) -> Result<Response, Failure> {
    let (parts, raw) = request.into_parts();
    let address = client::of(&parts).address;
    let unread = |error: GatewayError| Failure::from(error).unread();
    let checked = gateway.auth.check_address(address);
    checked.map_err(|error| unread(refuse(gateway, error)))?;
    if is_encoded(&parts.headers) {
        return Err(unread(GatewayError::Unreadable));
    }
    let pairs = fields(gateway, &parts, raw).await?;
    let (username, password) = credentials(&pairs)?;
    if gateway.auth.accounts().by_name(username).is_some() {
        // A name that nobody has may be a password in the wrong place, and is not logged.
        let trail = Trail::of(&parts.extensions);
        trail.note(|note| username.clone_into(&mut note.account));
    }
    let login = gateway.auth.login(username, Secret::new(password), address);
    let token = login.await.map_err(|error| refuse(gateway, error))?;
    let answer = json!({ "access_token": token, "token_type": "bearer" });
    Ok(Json(answer).into_response())
}

fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_ENCODING).is_some_and(|value| {
        !value.is_empty() && !value.as_bytes().eq_ignore_ascii_case(b"identity")
    })
}

/// The fields of the form; none when it is no form.
async fn fields(
    gateway: &Gateway,
    parts: &Parts,
    raw: axum::body::Body,
) -> Result<Vec<(String, String)>, Failure> {
    let limits = Limits {
        max_body_bytes: MAX_FORM_BYTES,
        ..gateway.limits.clone()
    };
    let received = body::receive(&parts.headers, raw, &limits).await?;
    let kind = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(form::pairs(&String::from_utf8_lossy(&received.bytes)))
    } else {
        Ok(Vec::new())
    }
}

/// Name and password; an empty field counts as a missing one.
fn credentials(pairs: &[(String, String)]) -> Result<(&str, &str), GatewayError> {
    let filled = |field| form::last(pairs, field).filter(|value| !value.is_empty());
    let mut details = Vec::new();
    if let Some(grant) = filled("grant_type").filter(|grant| *grant != "password") {
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
        let value = filled(field);
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
    let (parts, _body) = request.into_parts();
    match admission::authenticate(&gateway, &parts.headers).await {
        Ok(caller) => {
            let trail = Trail::of(&parts.extensions);
            trail.note(|note| note.account.clone_from(&caller.user.username));
            Json(Shown::of(&caller.user)).into_response()
        }
        Err(error) => error.into_response(),
    }
}
