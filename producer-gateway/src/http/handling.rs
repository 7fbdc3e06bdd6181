//! Whether one bad item refuses its whole list, as the client asks.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::response::Response;
use serde_json::Value;

use super::form;
use crate::error::GatewayError;
use crate::error::detail::{Detail, Location};
use crate::request::lax;

/// Whether one bad item refuses its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// It does.
    Strict,
    /// The good ones are published. Asked for in the query, or by `Prefer`, which is confirmed.
    Partial {
        /// Whether the header asked.
        by_preference: bool,
    },
}

impl Handling {
    /// How a list is to be handled: the query wins over `Prefer`.
    ///
    /// # Errors
    /// When the query says neither yes nor no.
    pub fn asked(uri: &Uri, headers: &HeaderMap) -> Result<Self, GatewayError> {
        let pairs = form::pairs(uri.query().unwrap_or_default());
        if let Some(text) = form::last(&pairs, "partial") {
            let value = Value::String(text.to_owned());
            let is_partial = lax::boolean(&value).map_err(|mismatch| {
                let loc = vec![Location::Name("query"), Location::Name("partial")];
                GatewayError::Invalid(vec![Detail::new(
                    mismatch.kind,
                    loc,
                    mismatch.msg,
                    value.clone(),
                )])
            })?;
            let partial = Self::Partial {
                by_preference: false,
            };
            return Ok(if is_partial { partial } else { Self::Strict });
        }
        let is_lenient = headers
            .get_all("prefer")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split([',', ';']))
            .any(|preference| {
                preference
                    .replace([' ', '"'], "")
                    .eq_ignore_ascii_case("handling=lenient")
            });
        let partial = Self::Partial {
            by_preference: true,
        };
        Ok(if is_lenient { partial } else { Self::Strict })
    }

    /// Confirms that the preference was followed.
    pub fn confirm(self, response: &mut Response) {
        let followed = Self::Partial {
            by_preference: true,
        };
        if self == followed {
            let name = HeaderName::from_static("preference-applied");
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static("handling=lenient"));
        }
    }
}
