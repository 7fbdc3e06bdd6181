//! JSON to values, within bounds that do not depend on what a client nests.
//!
//! Items are flat: fields are texts, numbers and booleans. What is nested is wrong or unknown, and
//! only as much of it is kept as an answer may echo; the same holds for unknown keys beyond a few,
//! and for items beyond the longest list. All of it is still read to its end, so that what is not
//! JSON is found wherever it is, and so is nesting that is too deep.
//!
//! Of duplicate keys the last one counts.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::request::statique::KEYS;

/// How much of what is nested in a field is kept, in values: more than an answer echoes.
const MAX_NESTED: usize = 256;
/// How many keys of an item are kept that no model knows.
const MAX_UNKNOWN_KEYS: usize = 64;
/// The keys of statuses and sessions.
const EVENT_KEYS: [&str; 11] = [
    "etat_pdc",
    "occupation_pdc",
    "horodatage",
    "etat_prise_type_2",
    "etat_prise_type_combo_ccs",
    "etat_prise_type_chademo",
    "etat_prise_type_ef",
    "id_pdc_itinerance",
    "start",
    "end",
    "energy",
];

/// A body: one value, or a list of items of which some were left out.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    /// The value; of a list, the items that were kept.
    pub value: Value,
    /// How many items a list has.
    pub length: usize,
}

/// Parses a text; of a list at most `max` items are kept.
///
/// # Errors
/// Where it is no JSON, and why.
pub fn parse(text: &str, max: usize) -> Result<Body, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let mut state = State {
        max,
        length: 0,
        room: MAX_NESTED,
    };
    let reader = Reader {
        place: Place::Body,
        state: &mut state,
    };
    let value = reader.deserialize(&mut deserializer)?;
    deserializer.end()?;
    let length = state.length;
    Ok(Body { value, length })
}

/// What is known while a text is read.
struct State {
    max: usize,
    length: usize,
    /// How many more nested values are kept of the present field.
    room: usize,
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is the body: a list or an item.
    Body,
    /// It is an item of a list.
    Item,
    /// It is in an item, or in an item that is left out.
    Inside,
}

/// Reads one value.
struct Reader<'s> {
    place: Place,
    state: &'s mut State,
}

impl Reader<'_> {
    /// A reader of what stands in this value.
    fn within(&mut self, place: Place) -> Reader<'_> {
        Reader {
            place,
            state: self.state,
        }
    }

    /// Takes room for one nested value.
    fn take(&mut self) -> bool {
        let is_kept = self.state.room > 0;
        self.state.room -= usize::from(is_kept);
        is_kept
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Value, A::Error> {
        let mut kept = Vec::new();
        if self.place == Place::Body {
            loop {
                let is_kept = self.state.length < self.state.max;
                self.state.room = if is_kept { MAX_NESTED } else { 0 };
                let place = if is_kept { Place::Item } else { Place::Inside };
                let Some(item) = seq.next_element_seed(self.within(place))? else {
                    return Ok(Value::Array(kept));
                };
                self.state.length += 1;
                if is_kept {
                    kept.push(item);
                }
            }
        }
        while let Some(value) = seq.next_element_seed(self.within(Place::Inside))? {
            if self.take() {
                kept.push(value);
            }
        }
        Ok(Value::Array(kept))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        let is_item = self.place != Place::Inside;
        let mut kept = Map::new();
        let mut unknown = 0;
        while let Some(key) = map.next_key::<String>()? {
            if is_item {
                self.state.room = MAX_NESTED;
            }
            let value = map.next_value_seed(self.within(Place::Inside))?;
            let is_known = is_item && is_known(&key);
            let is_kept = if is_item {
                is_known || kept.contains_key(&key) || unknown < MAX_UNKNOWN_KEYS
            } else {
                self.take()
            };
            if is_kept {
                unknown += usize::from(!is_known);
                kept.insert(key, value);
            }
        }
        Ok(Value::Object(kept))
    }
}

fn is_known(key: &str) -> bool {
    EVENT_KEYS.contains(&key) || KEYS.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ordinary_bodies_are_read_as_they_are() {
        let text = r#"[{"id_pdc_itinerance":"x","a":{"b":[1,-2,3.5,null,true,"\u00e9"]},"start":18446744073709551615}]"#;
        let expected: Value = serde_json::from_str(text).unwrap();
        let body = parse(text, 10).unwrap();
        assert_eq!((body.value, body.length), (expected, 1));
        assert_eq!(parse("7", 10).unwrap().value, json!(7));
        assert_eq!(
            parse(r#"{"a":1,"a":2}"#, 10).unwrap().value,
            json!({ "a": 2 })
        );
    }

    #[test]
    fn what_is_nested_or_beyond_the_list_costs_no_memory_to_speak_of() {
        let zeros = vec!["0"; 100_000].join(",");
        let nested = parse(&format!(r#"{{"etat_pdc":[{zeros}]}}"#), 10).unwrap();
        assert_eq!(
            nested.value["etat_pdc"].as_array().unwrap().len(),
            MAX_NESTED
        );
        let long = parse(&format!("[{zeros}]"), 10).unwrap();
        assert_eq!(long.length, 100_000);
        assert_eq!(long.value.as_array().unwrap().len(), 10);
        let keys: Vec<_> = (0..10_000).map(|key| format!(r#""k{key}":0"#)).collect();
        let item = format!(r#"{{{},"energy":1}}"#, keys.join(","));
        let wide = parse(&item, 10).unwrap();
        assert_eq!(wide.value.as_object().unwrap().len(), MAX_UNKNOWN_KEYS + 1);
        assert_eq!(wide.value["energy"], json!(1));
    }

    #[test]
    fn what_is_left_out_must_be_json_as_well_and_not_too_deep() {
        for text in [
            "[0,0,0,x]",
            "[0,0,0,1e999]",
            r#"[0,0,0,"\ud800"]"#,
            "[0,0,0] x",
            "{\"a\":[0",
        ] {
            assert!(parse(text, 1).is_err(), "{text}");
        }
        let deep = format!("[0,{}{}]", "[".repeat(200), "]".repeat(200));
        let error = parse(&deep, 1).unwrap_err().to_string();
        assert!(error.starts_with("recursion limit exceeded"), "{error}");
    }
}
