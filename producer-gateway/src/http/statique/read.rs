//! One record, and pages of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse as _, Response};
use domain::ChargePoint;
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::Statique;
use super::{BULK, check_owner, find, shown};
use crate::auth::Caller;
use crate::directory::Table;
use crate::error::detail::{Detail, Location};
use crate::error::{Absent, Failure, GatewayError};
use crate::http::admission::admit;
use crate::http::operation::Operation;
use crate::http::{Gateway, form};
use crate::request::lax;

/// `GET /statique/{id}`.
pub async fn show(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    read_one(&gateway, &id, request)
        .await
        .unwrap_or_else(Failure::into_response)
}

/// `GET /statique/bulk`, where `bulk` is an id.
pub async fn show_bulk(gateway: State<Arc<Gateway>>, request: Request) -> Response {
    show(gateway, Path(BULK.to_owned()), request).await
}

async fn read_one(gateway: &Gateway, id: &str, request: Request) -> Result<Response, Failure> {
    let (parts, mut raw) = request.into_parts();
    let admission = admit(gateway, (&parts, &mut raw), Operation::StatiqueShow).await?;
    check_owner(&admission.caller, id)?;
    let entry = find(gateway, id).filter(|entry| entry.deleted_at.is_none());
    Ok(shown(&*entry.ok_or(GatewayError::Absent(Absent::Static))?))
}

/// A page.
#[derive(Serialize)]
struct Page<'a> {
    limit: usize,
    offset: usize,
    total: usize,
    previous: Option<String>,
    next: Option<String>,
    items: Vec<Statique<'a>>,
    size: usize,
}

/// `GET /statique/`.
pub async fn list(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    read_page(&gateway, request)
        .await
        .unwrap_or_else(Failure::into_response)
}

async fn read_page(gateway: &Gateway, request: Request) -> Result<Response, Failure> {
    let (parts, mut raw) = request.into_parts();
    let admission = admit(gateway, (&parts, &mut raw), Operation::StatiqueList).await?;
    let pairs = form::pairs(parts.uri.query().unwrap_or_default());
    let limits = &gateway.limits;
    let (default, max) = (limits.statique_page_size, limits.statique_page_max);
    let offset = parameter(&pairs, "offset", 0, None);
    let limit = parameter(&pairs, "limit", default, Some(max));
    let (offset, limit) = match (offset, limit) {
        (Ok(offset), Ok(limit)) => (offset, limit),
        (offset, limit) => {
            let details = [offset.err(), limit.err()];
            let details = details
                .into_iter()
                .flatten()
                .map(|detail| *detail)
                .collect();
            return Err(GatewayError::Invalid(details).into());
        }
    };
    let (entries, total) = page(&gateway.directory.read(), &admission.caller, offset, limit);
    let origin = gateway.origin(&parts);
    let link = |to: usize| with_offset(&origin, &parts.uri, to);
    let is_last = limit == 0 || entries.len() < limit || offset.saturating_add(limit) >= total;
    let page = Page {
        limit,
        offset,
        total,
        previous: (offset > 0).then(|| link(offset.saturating_sub(limit))),
        next: (!is_last).then(|| link(offset + limit)),
        items: entries.iter().map(|entry| Statique(&entry.irve)).collect(),
        size: entries.len(),
    };
    Ok(Json(page).into_response())
}

/// A page of the caller's active charge points, and how many there are.
fn page(
    table: &Table,
    caller: &Caller,
    offset: usize,
    limit: usize,
) -> (Vec<Arc<ChargePoint>>, usize) {
    let mut units: Vec<_> = caller
        .user
        .units
        .iter()
        .map(String::as_str)
        .map(Some)
        .collect();
    units.sort_unstable();
    if caller.user.is_superuser {
        units = vec![None];
    }
    let mut total = 0;
    let mut entries = Vec::with_capacity(limit);
    for entry in units.into_iter().flat_map(|unit| table.active(unit)) {
        if total >= offset && entries.len() < limit {
            entries.push(Arc::clone(entry));
        }
        total += 1;
    }
    (entries, total)
}

fn parameter(
    pairs: &[(String, String)],
    name: &'static str,
    default: usize,
    max: Option<usize>,
) -> Result<usize, Box<Detail>> {
    let Some(text) = form::last(pairs, name) else {
        return Ok(default);
    };
    let value = Value::String(text.to_owned());
    let refuse = |kind, msg: String, ctx: Option<Value>| {
        let loc = vec![Location::Name("query"), Location::Name(name)];
        let mut detail = Detail::new(kind, loc, msg, value.clone());
        detail.ctx = ctx;
        Box::new(detail)
    };
    let number =
        lax::integer(&value).map_err(|mismatch| refuse(mismatch.kind, mismatch.msg, None))?;
    let number = usize::try_from(number).map_err(|_error| {
        let msg = "Input should be greater than or equal to 0".to_owned();
        refuse("greater_than_equal", msg, Some(json!({ "ge": 0 })))
    })?;
    match max.filter(|max| number > *max) {
        Some(max) => {
            let msg = format!("Input should be less than or equal to {max}");
            Err(refuse("less_than_equal", msg, Some(json!({ "le": max }))))
        }
        None => Ok(number),
    }
}

/// The URL of the same query from another offset.
fn with_offset(origin: &str, uri: &Uri, offset: usize) -> String {
    let kept = uri.query().unwrap_or_default().split('&');
    let kept = kept.filter(|pair| !pair.is_empty() && !pair.starts_with("offset="));
    let query: Vec<_> = kept
        .map(str::to_owned)
        .chain([format!("offset={offset}")])
        .collect();
    format!("{origin}{}?{}", uri.path(), query.join("&"))
}
