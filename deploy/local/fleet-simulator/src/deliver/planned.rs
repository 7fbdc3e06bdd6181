//! A planned delivery before it is written.

use domain::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::item::{SessionItem, StatusItem};
use crate::plan::Kind;

/// What is delivered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// A status.
    Status(StatusItem),
    /// A session.
    Session(SessionItem),
    /// Anything that the gateway refuses.
    Invalid(Value),
}

/// One planned delivery. It is written as the line that [`crate::plan::Delivery`] reads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Planned {
    /// When it is received.
    #[serde(rename = "received_at_ms", serialize_with = "as_ms")]
    pub received_at: Timestamp,
    /// What it carries.
    pub kind: Kind,
    /// Whether the gateway must accept it.
    valid: bool,
    /// The code with which the gateway must refuse it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Event time of a status, start of a session; none when it is invalid.
    #[serde(rename = "event_time_ms", serialize_with = "as_optional_ms")]
    pub event_time: Option<Timestamp>,
    /// The item.
    #[serde(rename = "item")]
    pub body: Body,
}

impl Body {
    /// Tells two contents of one charge point apart.
    pub fn identity(&self) -> String {
        match self {
            Self::Status(item) => format!(
                "{} {} {}",
                item.horodatage, item.etat_pdc, item.occupation_pdc
            ),
            Self::Session(item) => format!("{} {} {}", item.start, item.end, item.energy),
            Self::Invalid(item) => item.to_string(),
        }
    }
}

impl Planned {
    /// A delivery that the gateway must accept.
    pub fn valid(received_at: Timestamp, event_time: Timestamp, body: Body) -> Self {
        let kind = if matches!(body, Body::Session(_)) {
            Kind::Session
        } else {
            Kind::Status
        };
        Self {
            received_at,
            kind,
            valid: true,
            code: None,
            event_time: Some(event_time),
            body,
        }
    }

    /// A delivery that the gateway must refuse with `code`.
    pub fn invalid(received_at: Timestamp, kind: Kind, code: &'static str, item: Value) -> Self {
        Self {
            received_at,
            kind,
            valid: false,
            code: Some(code),
            event_time: None,
            body: Body::Invalid(item),
        }
    }

    /// Whether the gateway must accept it.
    pub fn is_valid(&self) -> bool {
        self.valid
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde calls"
)]
fn as_ms<S: Serializer>(instant: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(instant.as_ms())
}

#[expect(clippy::ref_option, reason = "the signature that serde calls")]
fn as_optional_ms<S: Serializer>(
    instant: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    instant.map(Timestamp::as_ms).serialize(serializer)
}
