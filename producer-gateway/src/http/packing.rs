//! Answers in gzip, for clients that take it.

use std::io::Write as _;

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt as _;

/// Answers of fewer bytes go out as they are.
const MIN_BYTES: u64 = 1_000;

/// Whether a client takes gzip: named, or any, and not with a weight of zero.
pub fn is_accepted(headers: &HeaderMap) -> bool {
    let offers = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let weight = |offer: &str| {
        let (name, parameters) = offer.split_once(';').unwrap_or((offer, "q=1"));
        let weight = parameters.trim().strip_prefix("q=").unwrap_or("1");
        let is_named = name.trim().eq_ignore_ascii_case("gzip");
        let is_wild = name.trim() == "*";
        (is_named || is_wild).then(|| (is_named, weight.trim().parse().unwrap_or(0.0_f32)))
    };
    let mut named = None;
    let mut wild = None;
    for (is_named, weight) in offers.filter_map(weight) {
        let slot = if is_named { &mut named } else { &mut wild };
        *slot = Some(weight);
    }
    named.or(wild).is_some_and(|weight| weight > 0.0)
}

/// Compresses a complete answer of 1,000 bytes or more, and says that it depends on the offer.
pub async fn pack(mut response: Response, is_accepted: bool) -> Response {
    let size = response.body().size_hint().exact();
    let is_large = size.is_some_and(|size| size >= MIN_BYTES);
    let is_packed = response.headers().contains_key(header::CONTENT_ENCODING);
    if !is_large || is_packed || response.status() == StatusCode::NO_CONTENT {
        return response;
    }
    let vary = HeaderValue::from_static("accept-encoding");
    response.headers_mut().append(header::VARY, vary);
    if !is_accepted {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // Our bodies are in memory, so that collecting one neither fails nor waits.
    let bytes = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::fast());
    let packed = encoder.write_all(&bytes).and_then(|()| encoder.finish());
    let Ok(packed) = packed else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    let gzip = HeaderValue::from_static("gzip");
    parts.headers.insert(header::CONTENT_ENCODING, gzip);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(packed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_when_it_is_offered_with_a_weight() {
        let accepts = |offer: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(offer));
            is_accepted(&headers)
        };
        for offer in ["gzip", "deflate, GZIP;q=0.5", "*", "br, *;q=0.1"] {
            assert!(accepts(offer), "{offer}");
        }
        for offer in ["", "br", "gzip;q=0", "*, gzip;q=0", "identity"] {
            assert!(!accepts(offer), "{offer}");
        }
        assert!(!is_accepted(&HeaderMap::new()));
    }
}
