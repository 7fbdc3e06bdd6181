//! Identities: charge points, stations, operational units, events and requests.

use std::fmt;
use std::sync::Arc;

use arrayvec::ArrayString;
use uuid::Uuid;

/// The namespace of all event ids: UUIDv5 of what the event says.
const EVENT_NAMESPACE: Uuid = Uuid::from_u128(0xb2e7_f9ff_4da6_54fc_9138_0294_425c_2d90);

/// The largest length of an id, in bytes. AFIREV ids have at most 35, eMI3 ids with separators 39.
const MAX_ID_BYTES: usize = 48;

/// An id is kept in place: reading, copying and comparing one allocates nothing.
type IdText = ArrayString<MAX_ID_BYTES>;

/// A text that cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{value:?} is not an id: expected 1 to {MAX_ID_BYTES} bytes without control characters or '|'"
)]
pub struct IdError {
    value: String,
}

fn checked(value: &str) -> Result<IdText, IdError> {
    // Without an early end, so that the loop runs many bytes at a time.
    let odd_bytes = value.bytes().fold(0_u8, |odd, byte| {
        odd | u8::from(!(b' '..0x7f).contains(&byte)) | u8::from(byte == b'|')
    });
    let is_plain_ascii = odd_bytes == 0;
    let is_id = is_plain_ascii || !value.chars().any(|c| c.is_control() || c == '|');
    match ArrayString::from(value) {
        Ok(text) if is_id && !text.is_empty() => Ok(text),
        Ok(_) | Err(_) => {
            let shown = value.chars().take(MAX_ID_BYTES).collect();
            Err(IdError { value: shown })
        }
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
        checked(value).map(Self)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The operational unit that may send data of this charge point.
    pub fn operational_unit(&self) -> OperationalUnit {
        OperationalUnit::of(&self.0)
    }
}

impl StationId {
    /// Reads an id as it is sent.
    ///
    /// # Errors
    /// Refuses an empty or overlong text and one with control characters or `|`.
    pub fn parse(value: &str) -> Result<Self, IdError> {
        checked(value).map(Self)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The operational unit of the station.
    pub fn operational_unit(&self) -> OperationalUnit {
        OperationalUnit::of(&self.0)
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
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for StationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
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
    fn the_unit_is_the_first_five_characters() {
        let id = ChargePointId::parse("FRS63E0012").unwrap();
        assert_eq!(id.operational_unit().as_str(), "FRS63");
    }
}
