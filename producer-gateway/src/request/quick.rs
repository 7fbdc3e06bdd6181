//! The short way through a body in which nothing is wrong: text to values, without a tree between.
//!
//! It decides nothing. What it returns, the long way ([`Status::read`], [`Session::read`] after
//! `serde_json::Value`) would have returned too; wherever it meets something wrong or unusual (an
//! escape in a text, a number as text, a nested value) it returns nothing, and the long way says
//! what there is to say. A property test holds both together.

use std::fmt;
use std::marker::PhantomData;

use domain::TimestampMicros;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::instant::{self, Reading};
use super::{Session, Status, Terms};

/// The keys that events have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each key is the field of that name")]
pub enum Key {
    IdPdcItinerance,
    EtatPdc,
    OccupationPdc,
    Horodatage,
    EtatPriseType2,
    EtatPriseTypeComboCcs,
    EtatPriseTypeChademo,
    EtatPriseTypeEf,
    Start,
    End,
    Energy,
}

/// How many there are.
const KEYS: usize = Key::Energy as usize + 1;

impl Key {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "id_pdc_itinerance" => Self::IdPdcItinerance,
            "etat_pdc" => Self::EtatPdc,
            "occupation_pdc" => Self::OccupationPdc,
            "horodatage" => Self::Horodatage,
            "etat_prise_type_2" => Self::EtatPriseType2,
            "etat_prise_type_combo_ccs" => Self::EtatPriseTypeComboCcs,
            "etat_prise_type_chademo" => Self::EtatPriseTypeChademo,
            "etat_prise_type_ef" => Self::EtatPriseTypeEf,
            "start" => Self::Start,
            "end" => Self::End,
            "energy" => Self::Energy,
            _ => return None,
        })
    }
}

/// A value that is neither list nor object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar<'a> {
    /// `null`.
    Null,
    /// `true` or `false`: no field of an event is usually one.
    Flag,
    /// A number, as the long way makes a float of it.
    Number(f64),
    /// A text without escapes.
    Text(&'a str),
}

/// The values of an item; of duplicate keys the last counts.
#[derive(Debug, Default)]
pub struct Scalars<'a>([Option<Scalar<'a>>; KEYS]);

impl<'a> Scalars<'a> {
    /// The value of a key, if it is there.
    pub fn get(&self, key: Key) -> Option<Scalar<'a>> {
        self.0.get(key as usize).copied().flatten()
    }

    /// A text.
    pub fn text(&self, key: Key) -> Option<&'a str> {
        match self.get(key)? {
            Scalar::Text(text) => Some(text),
            Scalar::Null | Scalar::Flag | Scalar::Number(_) => None,
        }
    }

    /// A number that is written as one.
    pub fn number(&self, key: Key) -> Option<f64> {
        match self.get(key)? {
            Scalar::Number(number) => Some(number),
            Scalar::Null | Scalar::Flag | Scalar::Text(_) => None,
        }
    }

    /// An aware date-time.
    pub fn instant(&self, key: Key) -> Option<TimestampMicros> {
        let reading = match self.get(key)? {
            Scalar::Text(text) => instant::read_text(text),
            Scalar::Number(number) => instant::read_epoch(number),
            Scalar::Null | Scalar::Flag => return None,
        };
        match reading {
            Ok(Reading::Aware(us)) => Some(TimestampMicros::from_us(us)),
            Ok(Reading::Naive(_)) | Err(_) => None,
        }
    }
}

/// The one of `all` that is written `text`.
pub(super) fn symbol<T: Copy>(
    text: &str,
    all: &[T],
    symbols: impl Fn(T) -> &'static str,
) -> Option<T> {
    all.iter()
        .copied()
        .find(|candidate| symbols(*candidate) == text)
}

/// An event that can be read the short way.
pub trait Quick<'a>: Sized {
    /// The event of these values, if nothing is wrong or unusual about it.
    fn of(fields: &Scalars<'a>, terms: &Terms) -> Option<Self>;
}

impl<'a> Quick<'a> for Status<'a> {
    fn of(fields: &Scalars<'a>, terms: &Terms) -> Option<Self> {
        Self::quick(fields, terms)
    }
}

impl<'a> Quick<'a> for Session<'a> {
    fn of(fields: &Scalars<'a>, terms: &Terms) -> Option<Self> {
        Self::quick(fields, terms)
    }
}

/// Reads a list of 1 to `max` events, each made into what `make` says; none when the long way must
/// look at it.
pub fn list<'a, T: Quick<'a>, U>(
    text: &'a str,
    max: usize,
    terms: &Terms,
    make: fn(T) -> U,
) -> Option<Vec<U>> {
    let mut json = serde_json::Deserializer::from_str(text);
    let all = All {
        item: One {
            terms,
            kind: PhantomData,
        },
        max,
        make,
    };
    let items = all.deserialize(&mut json).ok()?;
    json.end().ok()?;
    (!items.is_empty()).then_some(items)
}

/// Reads one event; none when the long way must look at it.
pub fn one<'a, T: Quick<'a>>(text: &'a str, terms: &Terms) -> Option<T> {
    let mut json = serde_json::Deserializer::from_str(text);
    let item = One {
        terms,
        kind: PhantomData,
    }
    .deserialize(&mut json)
    .ok()?;
    json.end().ok()?;
    Some(item)
}

/// Reads a list.
struct All<'t, T, U> {
    item: One<'t, T>,
    max: usize,
    make: fn(T) -> U,
}

/// Reads an item.
struct One<'t, T> {
    terms: &'t Terms,
    kind: PhantomData<T>,
}

impl<T> Clone for One<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for One<'_, T> {}

/// That the long way must look at it; nobody reads the sentence.
fn unusual<E: Error>() -> E {
    E::custom("unusual")
}

impl<'a, T: Quick<'a>, U> DeserializeSeed<'a> for All<'_, T, U> {
    type Value = Vec<U>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<Vec<U>, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'a, T: Quick<'a>, U> Visitor<'a> for All<'_, T, U> {
    type Value = Vec<U>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Vec<U>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.item)? {
            if items.len() == self.max {
                return Err(unusual());
            }
            items.push((self.make)(item));
        }
        Ok(items)
    }
}

impl<'a, T: Quick<'a>> DeserializeSeed<'a> for One<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<T, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'a, T: Quick<'a>> Visitor<'a> for One<'_, T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an event")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<T, A::Error> {
        let mut fields = Scalars::default();
        while let Some(key) = map.next_key_seed(Name)? {
            let value = map.next_value_seed(Value)?;
            if let Some(slot) = key.and_then(|key| fields.0.get_mut(key as usize)) {
                *slot = Some(value);
            }
        }
        T::of(&fields, self.terms).ok_or_else(unusual)
    }
}

/// Reads a key.
struct Name;

impl<'a> DeserializeSeed<'a> for Name {
    type Value = Option<Key>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<Option<Key>, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<Key>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<Key>, E> {
        Ok(Key::named(name))
    }
}

/// Reads a value.
struct Value;

impl<'a> DeserializeSeed<'a> for Value {
    type Value = Scalar<'a>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<Scalar<'a>, D::Error> {
        json.deserialize_any(self)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "as the long way makes a float of an integer"
)]
impl<'a> Visitor<'a> for Value {
    type Value = Scalar<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a scalar")
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E: Error>(self, _flag: bool) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Flag)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Number(number as f64))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Scalar<'a>, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_str<E: Error>(self, _escaped: &str) -> Result<Scalar<'a>, E> {
        Err(unusual())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Reception;
    use domain::Timestamp;

    /// 2026-11-23T17:10:00Z.
    const TERMS: Terms = Terms::standard(Reception::At(Timestamp::from_ms(1_795_453_800_000)));

    const STATUS: &str = r#"{"id_pdc_itinerance":"FRFASE3300401","etat_pdc":"en_service","occupation_pdc":"libre","horodatage":"2026-11-23T17:09:50.662496Z","other":1}"#;

    fn long<T>(text: &str, read: impl Fn(&serde_json::Value) -> Option<T>) -> Option<T> {
        read(&serde_json::from_str(text).ok()?)
    }

    #[test]
    fn a_plain_status_is_read_as_the_long_way_reads_it() {
        let quick: Status<'_> = one(STATUS, &TERMS).unwrap();
        let value = serde_json::from_str(STATUS).unwrap();
        assert_eq!(Ok(quick), Status::read(&value, &TERMS));
    }

    #[test]
    fn whatever_is_unusual_is_left_to_the_long_way() {
        let unusual = [
            ("libre", "Libre"),
            ("libre", "lib\\u0072e"),
            ("2026-11-23T17:09:50.662496Z", "2026-11-23T17:11:00.000001Z"),
            ("2026-11-23T17:09:50.662496Z", "2026-11-22T17:09:59.999999Z"),
            ("2026-11-23T17:09:50.662496Z", "2026-11-23T17:09:50"),
            ("\"other\":1", "\"other\":[1]"),
            ("\"other\":1", "\"other\":1e999"),
            ("\"other\":1", "\"other\":\"\\ud800\""),
            ("\"other\":1", "\"etat_prise_type_ef\":1"),
            ("\"other\":1}", "\"other\":1} x"),
            ("\"id_pdc_itinerance\"", "\"id\""),
        ];
        for (from, to) in unusual {
            let text = STATUS.replace(from, to);
            assert_ne!(text, STATUS);
            assert_eq!(one::<Status<'_>>(&text, &TERMS), None, "{text}");
        }
    }

    #[test]
    fn the_last_of_duplicate_keys_counts() {
        let text = STATUS.replace("\"other\":1", "\"occupation_pdc\":\"occupe\"");
        let quick: Status<'_> = one(&text, &TERMS).unwrap();
        let value = serde_json::from_str(&text).unwrap();
        assert_eq!(Ok(quick), Status::read(&value, &TERMS));
    }

    #[test]
    fn a_list_has_its_bounds() {
        let listed = |length| format!("[{}]", vec![STATUS; length].join(","));
        let read = |text: &str| {
            list::<Status<'_>, _>(text, 2, &TERMS, |status| status).map(|items| items.len())
        };
        assert_eq!(read(&listed(0)), None);
        assert_eq!(read(&listed(2)), Some(2));
        assert_eq!(read(&listed(3)), None);
        assert_eq!(read(STATUS), None);
        assert_eq!(one::<Status<'_>>(&listed(1), &TERMS), None);
    }

    /// Every mutation of one byte or of one token, read both ways.
    #[test]
    fn the_short_way_never_says_what_the_long_way_does_not() {
        let session = r#"{"id_pdc_itinerance":"FRFASE3300401","start":"2026-11-23T14:26:44Z","end":1795447601,"energy":12.34567}"#;
        let tokens = [
            "null",
            "true",
            "0",
            "-1",
            "1e3",
            "\"\"",
            "[]",
            "{}",
            "\"1795453790\"",
            "1000.1",
        ];
        let mut agreed = 0;
        for text in [STATUS, session] {
            let bytes = (0..text.len()).flat_map(|at| {
                (b' '..=b'~').map(move |byte| {
                    let mut changed = text.as_bytes().to_vec();
                    changed[at] = byte;
                    String::from_utf8(changed).unwrap()
                })
            });
            let values = text.match_indices(':').flat_map(|(at, _)| {
                tokens.iter().map(move |token| {
                    let (before, after) = text.split_at(at);
                    let rest = after
                        .find([',', '}'])
                        .map_or("", |end| after.split_at(end).1);
                    format!("{before}:{token}{rest}")
                })
            });
            for changed in bytes.chain(values) {
                if let Some(quick) = one::<Status<'_>>(&changed, &TERMS) {
                    let read = long(&changed, |value| {
                        Some(Status::read(value, &TERMS) == Ok(quick))
                    });
                    assert_eq!(read, Some(true), "{changed}");
                    agreed += 1;
                }
                if let Some(quick) = one::<Session<'_>>(&changed, &TERMS) {
                    let read = long(&changed, |value| {
                        Some(Session::read(value, &TERMS) == Ok(quick))
                    });
                    assert_eq!(read, Some(true), "{changed}");
                    agreed += 1;
                }
            }
        }
        assert!(agreed > 1_000, "{agreed}");
    }
}
