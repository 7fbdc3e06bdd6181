//! Refused items, kept for their operators: which are, with which headers, and how many.
//!
//! Only items that name a unit of the caller's, so that nobody fills another operator's report,
//! and at most 100 a second and account; the surplus is counted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::Timestamp;
use serde_json::Value;

use crate::auth::{Caller, unit_of};
use crate::directory::Table;
use crate::publisher::{Message, RefusedItem};
use crate::submission::{Origin, Refusal};

/// The largest item that is kept, bytes of JSON.
const MAX_ITEM_BYTES: usize = 64 * 1024;
/// How many are kept a second and account.
const PER_SECOND: usize = 100;

/// How many refused items each account may leave.
#[derive(Debug, Default)]
pub struct Budget(Mutex<HashMap<String, (i64, usize)>>);

impl Budget {
    /// Takes up to `wanted` of what `account` may leave in the second of `now`.
    pub fn take(&self, account: &str, now: Timestamp, wanted: usize) -> usize {
        let second = now.as_ms().div_euclid(1_000);
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = spent.entry(account.to_owned()).or_insert((second, 0));
        if entry.0 != second {
            *entry = (second, 0);
        }
        let granted = wanted.min(PER_SECOND - entry.1);
        entry.1 += granted;
        granted
    }
}

/// The messages for the refused items of a request that may be kept.
pub fn letters(
    kind: &'static str,
    refused: &[Refusal],
    items: &[Value],
    (caller, table): (&Caller, &Table),
    origin: &Origin,
) -> Vec<Message> {
    let of_caller = |refusal: &&Refusal| refusal.id.as_deref().is_some_and(|id| caller.owns(id));
    refused
        .iter()
        .filter(of_caller)
        .filter_map(|refusal| letter(kind, refusal, items.get(refusal.index)?, (table, origin)))
        .collect()
}

fn letter(
    kind: &'static str,
    refusal: &Refusal,
    item: &Value,
    (table, origin): (&Table, &Origin),
) -> Option<Message> {
    let id = refusal.id.as_deref().filter(|_| item.is_object())?;
    let value = serde_json::to_vec(item)
        .ok()
        .filter(|value| value.len() <= MAX_ITEM_BYTES)?;
    let violation = refusal.violations.first()?;
    let optional = |text: Option<String>| text.unwrap_or_default();
    let key = table
        .find(id)
        .map_or(id, |entry| entry.station_id().as_str());
    Some(Message::Refused(RefusedItem {
        key: key.to_owned(),
        value,
        received_at: origin.received_at,
        headers: vec![
            ("origin", "producer-gateway".to_owned()),
            ("kind", kind.to_owned()),
            ("reason", violation.code().name().to_owned()),
            (
                "rule",
                optional(violation.rule().map(|rule| rule.to_string())),
            ),
            ("field", optional(violation.field.map(str::to_owned))),
            ("message", violation.message.clone()),
            ("index", refusal.index.to_string()),
            ("unit", unit_of(id).to_owned()),
            ("account", origin.submitted_by.clone()),
            ("request-id", origin.request_id.0.to_string()),
            ("received-at", origin.received_at.as_ms().to_string()),
        ],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_leaves_at_most_100_a_second() {
        let budget = Budget::default();
        let at = Timestamp::from_ms;
        assert_eq!(budget.take("a", at(0), 70), 70);
        assert_eq!(budget.take("a", at(999), 70), 30);
        assert_eq!(budget.take("b", at(999), 7), 7);
        assert_eq!(budget.take("a", at(1_000), 70), 70);
    }
}
