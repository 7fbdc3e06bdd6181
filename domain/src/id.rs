//! Identities: charge points, stations, operational units, events and requests.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use uuid::Uuid;

/// The namespace of all event ids: UUIDv5 of what the event says.
const EVENT_NAMESPACE: Uuid = Uuid::from_u128(0xb2e7_f9ff_4da6_54fc_9138_0294_425c_2d90);

/// The largest length of an id, in bytes. AFIREV ids have at most 35, eMI3 ids with separators 39.
const MAX_ID_BYTES: usize = 48;

/// An id, kept in place and filled up with zeros: reading, copying, comparing and hashing one
/// allocates nothing and needs no loop over its length. There is no zero in an id, so the order of
/// the bytes is that of the texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct IdText {
    bytes: [u8; MAX_ID_BYTES],
    length: u8,
}

/// A text that cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{value:?} is not an id: expected 1 to {MAX_ID_BYTES} bytes without control characters or '|'"
)]
pub struct IdError {
    value: String,
}

impl IdText {
    /// Reads an id that is plain ASCII; none if it is not, or is no id.
    #[expect(clippy::cast_possible_truncation, reason = "the length of `bytes`")]
    fn plain(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; MAX_ID_BYTES];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        // Over all bytes and without an early end, so that it runs many bytes at a time.
        let odd = bytes.iter().fold(0_u8, |odd, byte| {
            let is_odd = !(b' '..0x7f).contains(byte) || *byte == b'|';
            odd.wrapping_add(u8::from(is_odd))
        });
        let is_plain = usize::from(odd) == MAX_ID_BYTES - text.len() && !text.is_empty();
        is_plain.then_some(Self {
            bytes,
            length: text.len() as u8,
        })
    }

    fn parse(value: &str) -> Result<Self, IdError> {
        if let Some(plain) = Self::plain(value.as_bytes()) {
            return Ok(plain);
        }
        let is_odd = value.is_empty() || value.chars().any(|c| c.is_control() || c == '|');
        let mut bytes = [0; MAX_ID_BYTES];
        match (bytes.get_mut(..value.len()), u8::try_from(value.len())) {
            (Some(place), Ok(length)) if !is_odd => {
                place.copy_from_slice(value.as_bytes());
                Ok(Self { bytes, length })
            }
            _ => {
                let shown = value.chars().take(MAX_ID_BYTES).collect();
                Err(IdError { value: shown })
            }
        }
    }

    fn as_bytes(&self) -> &[u8] {
        let length = usize::from(self.length);
        self.bytes.get(..length).unwrap_or_default()
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The text in words of eight bytes, the last one filled up with zeros.
    fn words(&self) -> impl Iterator<Item = u64> {
        let (words, _) = self.bytes.as_chunks();
        let used = usize::from(self.length).div_ceil(8);
        words.iter().take(used).copied().map(u64::from_le_bytes)
    }
}

impl Hash for IdText {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

/// Identifies a charge point: `id_pdc_itinerance`, an EVSE id in AFIREV/eMI3 format (`FRS63E0012`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChargePointId(IdText);

/// Identifies a station, the charge points that share one `id_station_itinerance`; our partition key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationId(IdText);

/// Identifies an operational unit: the first five characters of an id (`FRS63`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationalUnit(Arc<str>);

impl ChargePointId {
    /// Reads an id as it is sent.
    ///
    /// # Errors
    /// Refuses an empty or overlong text and one with control characters or `|`.
    pub fn parse(value: &str) -> Result<Self, IdError> {
        IdText::parse(value).map(Self)
    }

    /// Reads an id that is plain ASCII, as nearly all are; none if it is not, or is no id.
    pub(crate) fn plain(text: &[u8]) -> Option<Self> {
        IdText::plain(text).map(Self)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The id as UTF-8.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The id in words of eight bytes, the last one filled up with zeros.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> {
        self.0.words()
    }

    /// The operational unit that may send data of this charge point.
    pub fn operational_unit(&self) -> OperationalUnit {
        OperationalUnit::of(self.as_str())
    }
}

impl StationId {
    /// Reads an id as it is sent.
    ///
    /// # Errors
    /// Refuses an empty or overlong text and one with control characters or `|`.
    pub fn parse(value: &str) -> Result<Self, IdError> {
        IdText::parse(value).map(Self)
    }

    /// Reads an id that is plain ASCII, as nearly all are; none if it is not, or is no id.
    pub(crate) fn plain(text: &[u8]) -> Option<Self> {
        IdText::plain(text).map(Self)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The id as UTF-8.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The id in words of eight bytes, the last one filled up with zeros.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> {
        self.0.words()
    }

    /// The operational unit of the station.
    pub fn operational_unit(&self) -> OperationalUnit {
        OperationalUnit::of(self.as_str())
    }
}

impl OperationalUnit {
    /// The number of characters of a unit.
    pub const LENGTH: usize = 5;

    /// The unit of an id: its first five characters.
    pub fn of(id: &str) -> Self {
        let unit: String = id.chars().take(Self::LENGTH).collect();
        Self(Arc::from(unit))
    }

    /// The unit as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChargePointId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for StationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for OperationalUnit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Identifies an event by its identity and content: a retry has the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub Uuid);

impl EventId {
    /// The UUIDv5 of `text`, which names kind, charge point, instants (ms) and content.
    pub fn of(text: &str) -> Self {
        Self(Uuid::new_v5(&EVENT_NAMESPACE, text.as_bytes()))
    }
}

/// Identifies the request that brought an event: `X-Request-Id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub Uuid);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_with_the_separator_of_keys_is_refused() {
        assert!(ChargePointId::parse("FRS63E|0012").is_err());
        assert!(StationId::parse("").is_err());
        assert!(ChargePointId::parse(&"x".repeat(49)).is_err());
    }

    #[test]
    fn an_id_keeps_its_text_and_the_order_of_texts() {
        let longest = "x".repeat(MAX_ID_BYTES);
        let accented = "é".repeat(MAX_ID_BYTES / 2);
        let mut texts = [
            "FRS63E2", "FRS63E12", "FRS63E1", "FRS63É", &longest, &accented,
        ];
        texts.sort_unstable();
        let ids = texts.map(|text| ChargePointId::parse(text).unwrap());
        assert!(ids.is_sorted());
        assert_eq!(ids.each_ref().map(ChargePointId::as_str), texts);
        assert_eq!(ids[0].words().count(), texts[0].len().div_ceil(8));
    }

    #[test]
    fn only_plain_ids_are_read_without_a_look_at_their_characters() {
        for text in ["FRS63E1", " ", "~", &"x".repeat(MAX_ID_BYTES)] {
            assert_eq!(
                ChargePointId::plain(text.as_bytes()),
                ChargePointId::parse(text).ok()
            );
        }
        for text in [
            "",
            "a|b",
            "a\0",
            "\0a",
            "a\x7f",
            "é",
            &"x".repeat(MAX_ID_BYTES + 1),
        ] {
            assert_eq!(ChargePointId::plain(text.as_bytes()), None, "{text:?}");
        }
        assert!(ChargePointId::parse("a\0").is_err() && ChargePointId::parse("é").is_ok());
    }

    #[test]
    fn the_unit_is_the_first_five_characters() {
        let id = ChargePointId::parse("FRS63E0012").unwrap();
        assert_eq!(id.operational_unit().as_str(), "FRS63");
    }
}
