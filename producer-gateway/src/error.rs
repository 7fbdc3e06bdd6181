//! What is answered when a request does not succeed: one enum, one match.
//!
//! The texts are QualiCharge's, misspellings included: clients look for them.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::auth::AuthFailure;
use crate::http::handling::Handling;
use crate::submission::Entry;

pub mod detail;

pub use detail::{Detail, Location};

/// How many entries `detail` and `errors` hold at most.
const MAX_ENTRIES: usize = 1_000;
/// What a 503 says.
const UNAVAILABLE: &str = "Service unavailable: nothing is promised, send the same request again";

/// Whose units a request touched that are not the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// By sending one status.
    Status,
    /// By sending one session.
    Session,
    /// By sending a list, or a static record.
    Submission,
    /// By naming a charge point in the path.
    ChargePoint,
}

/// What a request named that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absent {
    /// A path.
    Path,
    /// The charge point of one event.
    ChargePoint,
    /// Charge points of a list.
    AttachedChargePoints,
    /// The static record to be read.
    Static,
    /// The static record to be updated.
    UpdatedStatic,
    /// The charge point to be decommissioned or recommissioned.
    Target,
    /// The unit of one record.
    Unit(String),
    /// Units of a list.
    Units,
    /// Stations of a company.
    Stations,
}

/// Why a request does not succeed.
#[derive(Debug, Clone, PartialEq)]
pub enum GatewayError {
    /// Nobody we let in.
    Unauthenticated(AuthFailure),
    /// The caller lacks a scope.
    MissingScope,
    /// The path does not have this method; what it has.
    MethodNotAllowed(&'static str),
    /// Body, query or items are not as they should be.
    Invalid(Vec<Detail>),
    /// The caller may not send data of this unit.
    Foreign(Foreign),
    /// Something is not there.
    Absent(Absent),
    /// The charge point exists already.
    Exists(String),
    /// Path and body name different charge points.
    PathMismatch,
    /// Rows of one station disagree.
    InconsistentStation,
    /// Rows of one place disagree.
    InconsistentLocation,
    /// The body is no text, or not what its encoding says.
    Unreadable,
    /// The body is larger than it may be.
    TooLarge,
    /// The body did not come in time.
    TooSlow,
    /// In partial mode nothing was accepted.
    NothingAccepted,
    /// Nothing is promised: come again after so many seconds.
    Unavailable(u32),
    /// Too often: come again after so many seconds.
    TooMany(u32),
    /// A defect of ours.
    Internal,
}

/// An error with what it says about single items.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The error.
    pub error: GatewayError,
    /// What `errors` says; none when the key is left out.
    pub errors: Option<Vec<Entry>>,
    /// Whether the body was left unread, so that the connection cannot be used again.
    is_unread: bool,
    /// How the request was to be handled.
    handling: Handling,
}

impl Failure {
    /// Says that the body was left unread.
    #[must_use]
    pub fn unread(mut self) -> Self {
        self.is_unread = true;
        self
    }
}

impl Failure {
    /// Says how the request was to be handled, which the answer confirms.
    #[must_use]
    pub fn handled(mut self, handling: Handling) -> Self {
        self.handling = handling;
        self
    }
}

impl From<GatewayError> for Failure {
    fn from(error: GatewayError) -> Self {
        Self {
            error,
            errors: None,
            is_unread: false,
            handling: Handling::Strict,
        }
    }
}

impl GatewayError {
    /// Adds what is said about single items.
    pub fn with_errors(self, errors: Vec<Entry>) -> Failure {
        Failure {
            error: self,
            errors: Some(errors),
            is_unread: false,
            handling: Handling::Strict,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::MissingScope | Self::Foreign(_) => StatusCode::FORBIDDEN,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Invalid(_) | Self::NothingAccepted => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Absent(_) => StatusCode::NOT_FOUND,
            Self::Exists(_) => StatusCode::CONFLICT,
            Self::PathMismatch => StatusCode::NOT_ACCEPTABLE,
            Self::InconsistentStation | Self::InconsistentLocation | Self::Unreadable => {
                StatusCode::BAD_REQUEST
            }
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn body(&self) -> Value {
        let detail = |text: &str| json!({ "detail": text });
        match self {
            Self::Unauthenticated(AuthFailure::Missing) => json!({
                "detail": "Not authenticated",
                "message": "Authentication failed: Not authenticated",
            }),
            Self::Unauthenticated(failure) => {
                json!({ "message": format!("Authentication failed: {failure}") })
            }
            Self::MissingScope => unsufficient("You are not allowed to access this ressource"),
            Self::Foreign(foreign) => unsufficient(foreign.text()),
            Self::MethodNotAllowed(_) => detail("Method Not Allowed"),
            Self::Invalid(details) => detailed(details),
            Self::Absent(absent) => detail(&absent.text()),
            Self::Exists(id) => detail(&format!("Charge point {id} already exists")),
            Self::PathMismatch => detail("id_pdc_itinerance does not match request body"),
            Self::InconsistentStation => {
                detail("An error occured while trying to create or update the '_station' table")
            }
            Self::InconsistentLocation => {
                detail("An error occured while trying to create or update the 'localisation' table")
            }
            Self::Unreadable => detail("There was an error parsing the body"),
            Self::TooLarge => detail("The request body is too large"),
            Self::TooSlow => detail("The request body was not received in time"),
            Self::NothingAccepted => {
                json!({ "message": "No item accepted", "size": 0, "items": [] })
            }
            Self::Unavailable(_) => json!({ "message": UNAVAILABLE }),
            Self::TooMany(seconds) => {
                json!({ "message": format!("Too many requests, try again in {seconds} s") })
            }
            Self::Internal => json!({ "message": "Internal error" }),
        }
    }
}

impl Foreign {
    const fn text(self) -> &'static str {
        match self {
            Self::Status => "You cannot create statuses for this point of charge",
            Self::Session => "You cannot create sessions for this point of charge",
            Self::Submission => {
                "You cannot submit data for an organization you are not assigned to"
            }
            Self::ChargePoint => "You don't manage this charge point",
        }
    }
}

impl Absent {
    fn text(&self) -> String {
        let text = match self {
            Self::Path => "Not Found",
            Self::ChargePoint => "Point of charge does not exist",
            Self::AttachedChargePoints => {
                "Undeclared attached point(s) of charge, you should create them all first"
            }
            Self::Static => {
                "Requested statique does not exist yet. You should wait up to 10 minutes for a newly created entry."
            }
            Self::UpdatedStatic => "Statique with id_pdc_itinerance does not exist",
            Self::Target => "Target charge point does not exist",
            Self::Unit(unit) => {
                return format!("OperationalUnit with code {unit} should be created first");
            }
            Self::Units => "Operational units should be created first",
            Self::Stations => "No station corresponds to your request",
        };
        text.to_owned()
    }
}

fn unsufficient(text: &str) -> Value {
    json!({ "message": format!("Unsufficient permissions: {text}") })
}

fn detailed(details: &[Detail]) -> Value {
    let shown = details.get(..MAX_ENTRIES).unwrap_or(details);
    json!({ "detail": shown })
}

/// Adds a list under `key`, cut to `max` entries with the true number beside it.
pub fn put_list<T: Serialize>(body: &mut Map<String, Value>, key: &str, list: &[T], max: usize) {
    let shown = list.get(..max).unwrap_or(list);
    body.insert(key.to_owned(), json!(shown));
    if list.len() > max {
        body.insert(format!("{key}_total"), json!(list.len()));
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut body = self.error.body();
        if let (Some(errors), Some(body)) = (&self.errors, body.as_object_mut()) {
            put_list(body, "errors", errors, MAX_ENTRIES);
        }
        let mut response = (self.error.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        if self.is_unread {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        match self.error {
            GatewayError::Unauthenticated(_) => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            GatewayError::Unavailable(seconds) | GatewayError::TooMany(seconds) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            GatewayError::MethodNotAllowed(methods) => {
                headers.insert(header::ALLOW, HeaderValue::from_static(methods));
            }
            _ => {}
        }
        self.handling.confirm(&mut response);
        response
    }
}

impl IntoResponse for GatewayError {
    fn into_response(self) -> Response {
        Failure::from(self).into_response()
    }
}
