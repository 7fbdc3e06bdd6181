//! One bulk request: its body, and what the answer says of each item.

use anyhow::{Context, bail, ensure};
use domain::Timestamp;
use reqwest::StatusCode;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::gateway::shown;
use crate::plan::Delivery;

/// Deliveries of one kind that are received at one instant.
#[derive(Debug)]
pub struct Batch<'a>(&'a [&'a Delivery]);

impl<'a> Batch<'a> {
    /// The batch of these deliveries.
    pub fn new(deliveries: &'a [&'a Delivery]) -> Self {
        Self(deliveries)
    }

    /// Its deliveries.
    pub fn deliveries(&self) -> &'a [&'a Delivery] {
        self.0
    }

    /// When it is received; none when it is empty.
    pub fn received_at(&self) -> Option<Timestamp> {
        self.0.first().map(|delivery| delivery.received_at())
    }

    /// The JSON array of its items.
    ///
    /// # Errors
    /// Never: the items are JSON.
    pub fn body(&self) -> anyhow::Result<String> {
        let items: Vec<&RawValue> = self.0.iter().map(|delivery| &*delivery.item).collect();
        Ok(serde_json::to_string(&items)?)
    }

    /// For each item the code with which it was refused; none when it was accepted.
    ///
    /// # Errors
    /// When the answer is not that of a bulk in partial mode, or its counts do not agree.
    pub fn fates(&self, status: StatusCode, answer: &Value) -> anyhow::Result<Vec<Option<String>>> {
        let none_accepted = status == StatusCode::UNPROCESSABLE_ENTITY && answer["size"] == 0;
        if status != StatusCode::CREATED && !none_accepted {
            bail!(
                "a bulk of {} items was answered with {status} {}",
                self.0.len(),
                shown(answer)
            );
        }
        let mut fates: Vec<Option<String>> = vec![None; self.0.len()];
        for error in answer["errors"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
        {
            let index = error["index"]
                .as_u64()
                .and_then(|index| usize::try_from(index).ok());
            let fate = index
                .and_then(|index| fates.get_mut(index))
                .context("errors name an item that was not sent")?;
            // The first error of an item is that of the first failing step.
            fate.get_or_insert(
                error["code"]
                    .as_str()
                    .context("an error has no code")?
                    .to_owned(),
            );
        }
        let accepted = fates.iter().filter(|fate| fate.is_none()).count() as u64;
        ensure!(
            answer["size"] == accepted,
            "{accepted} items without an error, but size is {}",
            answer["size"]
        );
        Ok(fates)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn delivery() -> Delivery {
        serde_json::from_value(
            json!({"received_at_ms": 5, "kind": "status", "valid": true, "item": {"a": 1}}),
        )
        .unwrap()
    }

    #[test]
    fn an_item_is_accepted_unless_an_error_names_it() {
        let (one, two) = (delivery(), delivery());
        let both = [&one, &two];
        let batch = Batch::new(&both);
        let answer = json!({"size": 1, "errors": [{"index": 1, "code": "status_too_old"}]});
        let fates = batch.fates(StatusCode::CREATED, &answer).unwrap();
        assert_eq!(fates, [None, Some("status_too_old".to_owned())]);
        assert_eq!(batch.body().unwrap(), r#"[{"a":1},{"a":1}]"#);
    }

    #[test]
    fn counts_that_do_not_agree_are_an_error() {
        let one = delivery();
        let batch_of_one = [&one];
        let batch = Batch::new(&batch_of_one);
        assert!(
            batch
                .fates(StatusCode::CREATED, &json!({"size": 0}))
                .is_err()
        );
        assert!(
            batch
                .fates(StatusCode::NOT_FOUND, &json!({"size": 1}))
                .is_err()
        );
    }
}
