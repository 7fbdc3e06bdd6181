//! Which web pages of other sites may read our answers: none, unless the flag names them.
//!
//! Reading only: what changes something is sent by servers, which no browser watches over.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use axum::http::{HeaderName, HeaderValue, Method, Uri, header};
use tower_http::cors::CorsLayer;

/// How long a browser may keep what a preflight request was told.
const MAX_AGE: Duration = Duration::from_mins(10);
/// What a page may read besides the body.
const EXPOSED: [&str; 4] = [
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "x-request-id",
];

/// A site whose pages may read our answers: scheme, host and port, as browsers send it in `Origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl std::str::FromStr for Origin {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().with_context(|| {
            format!("{text:?} is no origin, name one like https://map.example.org")
        })?;
        let scheme = uri.scheme_str().unwrap_or_default();
        let host = uri.authority().map_or("", |authority| authority.as_str());
        ensure!(
            !host.is_empty() && text == format!("{scheme}://{host}"),
            "{text:?} is no origin, name scheme, host and port only, like https://map.example.org"
        );
        Ok(Self(HeaderValue::from_str(text)?))
    }
}

/// What lets pages of `origins` read; none when there are no origins.
pub fn layer(origins: &[Origin]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let allowed = origins.iter().map(|origin| origin.0.clone());
    let cors = CorsLayer::new()
        .allow_origin(allowed.collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([header::AUTHORIZATION])
        .expose_headers(EXPOSED.map(HeaderName::from_static))
        .max_age(MAX_AGE);
    Some(cors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        for good in ["https://map.example.org", "http://localhost:5173"] {
            assert!(good.parse::<Origin>().is_ok(), "{good}");
        }
        for bad in [
            "*",
            "null",
            "",
            "map.example.org",
            "https://map.example.org/",
            "https://map.example.org/x",
        ] {
            let error = bad.parse::<Origin>().unwrap_err();
            assert!(
                error.to_string().contains("https://map.example.org"),
                "{bad}"
            );
        }
    }
}
