//! What becomes of the items of a request: accepted, or refused at the first step that fails.
//!
//! Pure: values, the table and the caller go in; records, ids and a report come out. The steps are
//! the contract's: the item itself, its unit, its existence, its consistency with the others.

use std::sync::Arc;

use domain::{ChargePoint, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::auth::{Caller, unit_of};
use crate::request::violation::Mismatch;
use crate::request::{Code, Violation};

pub mod event;
pub mod statique;

/// The step at which an item is refused, in the order of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The item itself (422).
    Validation,
    /// Its unit is not the caller's (403).
    Unit,
    /// Its unit is none (404).
    UnknownUnit,
    /// Its charge point is not there (404).
    Existence,
    /// Its charge point is there already (409).
    Conflict,
    /// It disagrees with another row of its station (400).
    Station,
    /// It disagrees with another row of its place (400).
    Location,
}

/// What is said about an item in `errors` and `warnings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its place in the request, from 0.
    pub index: usize,
    /// Its charge point as sent.
    pub id_pdc_itinerance: Option<String>,
    /// QualiCharge's rule.
    pub rule: Option<u16>,
    /// Our code.
    pub code: Code,
    /// The field.
    pub field: Option<&'static str>,
    /// A sentence.
    pub message: String,
}

/// An item that was refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// Its place in the request, from 0.
    pub index: usize,
    /// Its charge point as sent.
    pub id: Option<String>,
    /// Where it failed.
    pub step: Step,
    /// Why: one or more.
    pub violations: Vec<Violation>,
}

impl Refusal {
    /// A refusal for one reason that has to do with more than the item.
    fn of_id(index: usize, id: &str, step: Step, (code, message): (Code, String)) -> Self {
        let mismatch = Mismatch::new(code, "value_error", message.clone());
        let input = Value::String(id.to_owned());
        let violation = Violation::new(Some("id_pdc_itinerance"), &input, mismatch).saying(message);
        Self {
            index,
            id: Some(id.to_owned()),
            step,
            violations: vec![violation],
        }
    }

    /// A refusal for what is wrong with the item itself.
    pub fn of_item(index: usize, item: &Value, violations: Vec<Violation>) -> Self {
        let id = item
            .get("id_pdc_itinerance")
            .and_then(Value::as_str)
            .map(str::to_owned);
        Self {
            index,
            id,
            step: Step::Validation,
            violations,
        }
    }

    /// What `errors` says about it.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.violations.iter().map(|violation| Entry {
            index: self.index,
            id_pdc_itinerance: self.id.clone(),
            rule: violation.rule(),
            code: violation.code(),
            field: violation.field,
            message: violation.message.clone(),
        })
    }
}

/// What became of a request's items.
#[derive(Debug)]
pub struct Judgement<T> {
    /// The accepted ones with their places, in input order.
    pub accepted: Vec<(usize, T)>,
    /// The refused ones, in input order.
    pub refused: Vec<Refusal>,
    /// What is remarkable about the accepted ones.
    pub warnings: Vec<Entry>,
}

impl<T> Default for Judgement<T> {
    fn default() -> Self {
        Self {
            accepted: Vec::new(),
            refused: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

impl<T> Judgement<T> {
    /// The first step at which an item failed: it gives status and body.
    pub fn first_step(&self) -> Option<Step> {
        self.refused.iter().map(|refusal| refusal.step).min()
    }

    /// What `errors` says.
    pub fn errors(&self) -> Vec<Entry> {
        self.refused.iter().flat_map(Refusal::entries).collect()
    }

    fn warn(&mut self, index: usize, id: &str, flags: Vec<(Code, Option<&'static str>, String)>) {
        self.warnings
            .extend(flags.into_iter().map(|(code, field, message)| Entry {
                index,
                id_pdc_itinerance: Some(id.to_owned()),
                rule: code.rule(field),
                code,
                field,
                message,
            }));
    }
}

/// Whether `caller` may send data of the unit of `id`.
///
/// # Errors
/// The refusal.
fn check_unit(caller: &Caller, index: usize, id: &str) -> Result<(), Refusal> {
    if caller.owns(id) {
        return Ok(());
    }
    let message = format!("unit {} is not one of yours", unit_of(id));
    Err(Refusal::of_id(
        index,
        id,
        Step::Unit,
        (Code::UnitForbidden, message),
    ))
}

/// The active charge point of `id`.
///
/// # Errors
/// The refusal.
pub fn check_existence<'a>(
    found: Option<&'a Arc<ChargePoint>>,
    index: usize,
    id: &str,
) -> Result<&'a Arc<ChargePoint>, Refusal> {
    let refuse = |code, message| Err(Refusal::of_id(index, id, Step::Existence, (code, message)));
    match found {
        Some(entry) if entry.deleted_at.is_none() => Ok(entry),
        Some(_) => refuse(
            Code::ChargePointDecommissioned,
            format!("charge point {id:?} is decommissioned"),
        ),
        None => refuse(
            Code::ChargePointUnknown,
            format!("charge point {id:?} is not declared"),
        ),
    }
}

/// Who sends, when, by which request: what an accepted record says about its way.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The account, or `backfill`.
    pub submitted_by: String,
    /// The request.
    pub request_id: domain::RequestId,
    /// When it was received.
    pub received_at: Timestamp,
}
