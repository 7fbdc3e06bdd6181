//! One entry of a 422: `{"type","loc","msg","input","ctx"?}`.

use serde::Serialize;
use serde_json::{Value, json};

use crate::request::Violation;
use crate::request::violation::echo;
use crate::submission::{Refusal, Step};

/// One step of the way to a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Location {
    /// A name.
    Name(&'static str),
    /// A place in a list, or a byte.
    Place(usize),
}

/// What is wrong with one value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Detail {
    /// QualiCharge's error type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Where.
    pub loc: Vec<Location>,
    /// QualiCharge's message.
    pub msg: String,
    /// The value.
    pub input: Value,
    /// More about the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ctx: Option<Value>,
}

/// Whether the body is one item or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One item.
    Single,
    /// A list.
    List,
    /// Either: its form decides.
    Either,
}

impl Detail {
    /// A detail without context.
    pub fn new(
        kind: &'static str,
        loc: Vec<Location>,
        msg: impl Into<String>,
        input: Value,
    ) -> Self {
        Self {
            kind,
            loc,
            msg: msg.into(),
            input,
            ctx: None,
        }
    }

    /// No body, or null.
    pub fn missing_body() -> Self {
        Self::new(
            "missing",
            vec![Location::Name("body")],
            "Field required",
            Value::Null,
        )
    }

    /// A field that is missing in a form or query.
    pub fn missing(place: &'static str, field: &'static str, input: Value) -> Self {
        let loc = vec![Location::Name(place), Location::Name(field)];
        Self::new("missing", loc, "Field required", input)
    }

    /// A body that is no JSON: where, and why.
    pub fn no_json(byte: usize, reason: &str) -> Self {
        let loc = vec![Location::Name("body"), Location::Place(byte)];
        let mut detail = Self::new("json_invalid", loc, "JSON decode error", json!({}));
        detail.ctx = Some(json!({ "error": reason }));
        detail
    }

    /// A body that is neither list nor object where it must be.
    pub fn wrong_shape(shape: Shape, input: &Value) -> Self {
        let (kind, msg) = match shape {
            Shape::Single => (
                "model_attributes_type",
                "Input should be a valid dictionary or object to extract fields from",
            ),
            Shape::List | Shape::Either => ("list_type", "Input should be a valid list"),
        };
        Self::new(kind, vec![Location::Name("body")], msg, echo(input))
    }

    /// A list with too few or too many items.
    pub fn wrong_length(length: usize, max: usize, input: &Value) -> Self {
        let loc = vec![Location::Name("body")];
        let (kind, msg, bound, limit) = if length == 0 {
            let msg = "List should have at least 1 item after validation, not 0".to_owned();
            ("too_short", msg, "min_length", 1)
        } else {
            let msg =
                format!("List should have at most {max} items after validation, not {length}");
            ("too_long", msg, "max_length", max)
        };
        let mut detail = Self::new(kind, loc, msg, echo(input));
        detail.ctx = Some(json!({ "field_type": "List", bound: limit, "actual_length": length }));
        detail
    }

    fn of_violation(shape: Shape, index: usize, violation: &Violation) -> Self {
        let mut loc = vec![Location::Name("body")];
        if shape != Shape::Single {
            loc.push(Location::Place(index));
        }
        loc.extend(violation.field.map(Location::Name));
        let mismatch = &violation.mismatch;
        Self {
            kind: mismatch.kind,
            loc,
            msg: mismatch.msg.clone(),
            input: violation.input.clone(),
            ctx: mismatch.context.clone(),
        }
    }

    /// The details of all items that failed at the first step.
    pub fn of_refusals(shape: Shape, refused: &[Refusal]) -> Vec<Self> {
        refused
            .iter()
            .filter(|refusal| refusal.step == Step::Validation)
            .flat_map(|refusal| {
                let index = refusal.index;
                refusal
                    .violations
                    .iter()
                    .map(move |v| Self::of_violation(shape, index, v))
            })
            .collect()
    }
}
