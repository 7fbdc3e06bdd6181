//! Reads the fields of one item in the model's order and collects what is wrong with them.

use serde_json::{Map, Value};

use super::violation::{Code, Mismatch, Violation};

/// Reads a value or says why it does not fit.
type Read<'a, T> = fn(&'a Value) -> Result<T, Mismatch>;

/// The fields of one item and what was found wrong so far.
#[derive(Debug)]
pub struct Fields<'a> {
    item: &'a Value,
    map: &'a Map<String, Value>,
    violations: Vec<Violation>,
}

impl<'a> Fields<'a> {
    /// The fields of `item`.
    ///
    /// # Errors
    /// When it is no object.
    pub fn of(item: &'a Value) -> Result<Self, Vec<Violation>> {
        let Some(map) = item.as_object() else {
            let mismatch = Mismatch::new(
                Code::ItemType,
                "model_attributes_type",
                "Input should be a valid dictionary or object to extract fields from",
            );
            return Err(vec![Violation::new(None, item, mismatch)]);
        };
        Ok(Self {
            item,
            map,
            violations: Vec::new(),
        })
    }

    /// Reads a field that must be there; null is up to `read`.
    pub fn required<T>(&mut self, field: &'static str, read: Read<'a, T>) -> Option<T> {
        self.required_with(field, read)
    }

    /// Reads a field that must be there, with a reader that knows more than the value.
    pub fn required_with<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&'a Value) -> Result<T, Mismatch>,
    ) -> Option<T> {
        let Some(value) = self.map.get(field) else {
            let missing = Mismatch::new(Code::FieldMissing, "missing", "Field required");
            self.violations
                .push(Violation::new(Some(field), self.item, missing));
            return None;
        };
        self.noting(field, value, read(value))
    }

    /// Reads a field that may be absent or null; none only when it is wrong.
    pub fn optional<T>(&mut self, field: &'static str, read: Read<'a, T>) -> Option<Option<T>> {
        self.optional_with(field, read)
    }

    /// Reads a field that may be absent or null, with a reader that knows more than the value.
    pub fn optional_with<T>(
        &mut self,
        field: &'static str,
        read: impl FnOnce(&'a Value) -> Result<T, Mismatch>,
    ) -> Option<Option<T>> {
        match self.map.get(field) {
            None | Some(Value::Null) => Some(None),
            Some(value) => self.noting(field, value, read(value)).map(Some),
        }
    }

    /// Notes that `field` is wrong, in a sentence of its own.
    pub fn refuse(&mut self, field: &'static str, mismatch: Mismatch, message: String) {
        let input = self.map.get(field).unwrap_or(&Value::Null);
        self.violations
            .push(Violation::new(Some(field), input, mismatch).saying(message));
    }

    /// Notes that the item as a whole is wrong.
    pub fn refuse_item(&mut self, mismatch: Mismatch) {
        self.violations
            .push(Violation::new(None, self.item, mismatch));
    }

    /// Whether nothing was wrong so far: rules across fields come only then.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// The value of a field as it was sent.
    pub fn raw(&self, field: &str) -> Option<&'a Value> {
        self.map.get(field)
    }

    /// The item that was built, or what was wrong.
    ///
    /// # Errors
    /// When anything was wrong.
    pub fn finish<T>(self, built: Option<T>) -> Result<T, Vec<Violation>> {
        match built {
            Some(built) if self.violations.is_empty() => Ok(built),
            _ => Err(self.violations),
        }
    }

    fn noting<T>(
        &mut self,
        field: &'static str,
        value: &Value,
        read: Result<T, Mismatch>,
    ) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(mismatch) => {
                self.violations
                    .push(Violation::new(Some(field), value, mismatch));
                None
            }
        }
    }
}
