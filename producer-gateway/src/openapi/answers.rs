//! The answers that many routes share, and their headers.

use serde_json::{Map, Value, json};

use super::{named, reference};

/// Every header that answers may have.
pub(super) fn headers() -> Map<String, Value> {
    let text =
        |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    let seconds = |description: &str| json!({ "description": description, "schema": { "type": "integer", "minimum": 0 } });
    named([
        (
            "RequestId",
            json!({
                "description": "Our id of the request", "schema": { "type": "string", "format": "uuid" },
            }),
        ),
        (
            "RetryAfter",
            seconds("Seconds until another attempt makes sense"),
        ),
        ("Authenticate", text("How to authenticate")),
        ("Allow", text("The methods of the path, of both services")),
        (
            "PreferenceApplied",
            text("`handling=lenient`, when `Prefer` asked for it"),
        ),
        (
            "RateLimitPolicy",
            text("The bound of the account for this operation, when there is one"),
        ),
        ("RateLimit", text("What is left of it")),
    ])
}

/// An answer with a body of `schema`.
pub(super) fn answer(description: &str, schema: &str) -> Value {
    let mut answer = empty(description);
    answer["content"] = json!({ "application/json": { "schema": reference("schemas", schema) } });
    answer
}

/// An answer without a body.
pub(super) fn empty(description: &str) -> Value {
    json!({
        "description": description,
        "headers": {
            "X-Request-Id": reference("headers", "RequestId"),
            "RateLimit-Policy": reference("headers", "RateLimitPolicy"),
            "RateLimit": reference("headers", "RateLimit"),
        },
    })
}

fn with_header(mut answer: Value, name: &str, header: &str) -> Value {
    answer["headers"][name] = required(header);
    answer
}

/// A header that an answer always has.
fn required(header: &str) -> Value {
    reference("headers", header)
}

/// The answers by name; [`status`] tells the code of each.
#[expect(clippy::too_many_lines, reason = "a list: one entry each")]
pub(super) fn responses() -> Map<String, Value> {
    named([
        (
            "Unreadable",
            answer(
                "Neither UTF-8 nor what its encoding says, or rows that disagree",
                "Refusal",
            ),
        ),
        (
            "Unauthenticated",
            with_header(
                answer("Not authenticated", "Message"),
                "WWW-Authenticate",
                "Authenticate",
            ),
        ),
        (
            "Forbidden",
            answer("A scope is missing, or the unit is another's", "Message"),
        ),
        (
            "Absent",
            answer(
                "A charge point, a unit or the path does not exist",
                "Refusal",
            ),
        ),
        (
            "MethodNotAllowed",
            with_header(answer("Another method", "Refusal"), "Allow", "Allow"),
        ),
        (
            "PathMismatch",
            answer("Path and body name different charge points", "Refusal"),
        ),
        (
            "TooSlow",
            answer("The body did not come in time", "Refusal"),
        ),
        (
            "Exists",
            answer("The charge point exists already", "Refusal"),
        ),
        ("TooLarge", answer("The body is too large", "Refusal")),
        (
            "Invalid",
            answer("Query, body or items are not as they should be", "Invalid"),
        ),
        (
            "TooMany",
            with_header(answer("Too often", "Message"), "Retry-After", "RetryAfter"),
        ),
        ("Internal", answer("A defect", "Message")),
        (
            "Unavailable",
            with_header(
                answer(
                    "Nothing is promised, send the same request again",
                    "Message",
                ),
                "Retry-After",
                "RetryAfter",
            ),
        ),
    ])
}

/// The code of an answer that many routes share.
pub(super) const fn status(name: &str) -> &'static str {
    match name.as_bytes() {
        b"Unreadable" => "400",
        b"Unauthenticated" => "401",
        b"Forbidden" => "403",
        b"Absent" => "404",
        b"MethodNotAllowed" => "405",
        b"PathMismatch" => "406",
        b"TooSlow" => "408",
        b"Exists" => "409",
        b"TooLarge" => "413",
        b"Invalid" => "422",
        b"TooMany" => "429",
        b"Unavailable" => "503",
        _ => "500",
    }
}
