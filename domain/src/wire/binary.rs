//! The Avro binary encoding (specification 1.12, "Binary Encoding") of the types that we use.

use std::ops::RangeInclusive;

use arrayvec::ArrayVec;
use uuid::Uuid;

use crate::id::{ChargePointId, StationId};
use crate::time::{Timestamp, TimestampMicros};

/// What is wrong with the bytes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The bytes end inside a value.
    #[error("the bytes end inside a value")]
    Truncated,
    /// Bytes follow the record.
    #[error("{0} bytes follow the record")]
    Trailing(usize),
    /// A number of more than 64 bits, or out of its range.
    #[error("a number is out of range")]
    Number,
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    Text,
    /// An index names no symbol or branch.
    #[error("index {0} names no symbol or branch")]
    Index(i64),
    /// A text that must be an id is none.
    #[error("a text that must be an id is none")]
    Id,
    /// The value does not fit the schema.
    #[error("the value does not fit the schema")]
    Schema,
}

/// The most bytes of a `long`: 64 bits in groups of seven.
const MAX_LONG_BYTES: usize = 10;

/// The instants of records, ms since the epoch: the years 1 to 9999, which RFC 3339 can write. Far
/// from the limits of a `long`, so that nothing that is computed from them overflows.
pub const INSTANTS_MS: RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// The most items for which room is made before they have been read.
const MAX_ROOM: usize = 64;

/// Reads Avro binary from a slice. Allocates in proportion to what it has read, whatever a length
/// in the bytes says.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The number of bytes not read yet.
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (head, tail) = self
            .rest
            .split_at_checked(length)
            .ok_or(WireError::Truncated)?;
        self.rest = tail;
        Ok(head)
    }

    /// Reads `long` (zigzag, variable length).
    ///
    /// # Errors
    /// Truncated, or more than 64 bits.
    #[inline]
    pub fn long(&mut self) -> Result<i64, WireError> {
        match self.rest {
            [byte, tail @ ..] if byte & 0x80 == 0 => {
                self.rest = tail;
                Ok(unzigzag(u64::from(*byte)))
            }
            _ => self.long_of_many_bytes(),
        }
    }

    /// Up to eight bytes, the instants, at once: the groups of seven bits are pushed together by
    /// pairs, then by fours, then by eights.
    #[inline]
    fn long_of_many_bytes(&mut self) -> Result<i64, WireError> {
        let Some((&word, _)) = self.rest.split_first_chunk::<8>() else {
            return self.long_byte_by_byte();
        };
        let word = u64::from_le_bytes(word);
        let last = !word & 0x8080_8080_8080_8080;
        if last == 0 {
            return self.long_byte_by_byte();
        }
        let groups = word & (last ^ (last - 1)) & 0x7f7f_7f7f_7f7f_7f7f;
        let pairs = groups & 0x007f_007f_007f_007f | (groups & 0x7f00_7f00_7f00_7f00) >> 1;
        let fours = pairs & 0x0000_3fff_0000_3fff | (pairs & 0x3fff_0000_3fff_0000) >> 2;
        let value = fours & 0x0fff_ffff | (fours & 0x0fff_ffff_0000_0000) >> 4;
        let length = last.trailing_zeros() as usize / 8 + 1;
        self.rest = self.rest.get(length..).unwrap_or_default();
        Ok(unzigzag(value))
    }

    #[cold]
    fn long_byte_by_byte(&mut self) -> Result<i64, WireError> {
        let mut value = 0_u64;
        let mut shift = 0;
        for (read, &byte) in self.rest.iter().take(MAX_LONG_BYTES).enumerate() {
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(WireError::Number);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                self.rest = self.rest.get(read + 1..).unwrap_or_default();
                return Ok(unzigzag(value));
            }
            shift += 7;
        }
        if self.rest.len() < MAX_LONG_BYTES {
            Err(WireError::Truncated)
        } else {
            Err(WireError::Number)
        }
    }

    /// Reads `int`.
    ///
    /// # Errors
    /// Truncated, or more than 32 bits.
    pub fn int(&mut self) -> Result<i32, WireError> {
        i32::try_from(self.long()?).map_err(|_| WireError::Number)
    }

    /// Reads `double`.
    ///
    /// # Errors
    /// Truncated.
    pub fn double(&mut self) -> Result<f64, WireError> {
        let bytes = self.take(8)?;
        let bytes = bytes.try_into().map_err(|_| WireError::Truncated)?;
        Ok(f64::from_le_bytes(bytes))
    }

    /// Reads `boolean`.
    ///
    /// # Errors
    /// Truncated, or neither 0 nor 1.
    pub fn boolean(&mut self) -> Result<bool, WireError> {
        match self.take(1)? {
            [0] => Ok(false),
            [1] => Ok(true),
            other => Err(WireError::Index(
                other.first().copied().map_or(-1, i64::from),
            )),
        }
    }

    /// Reads `string`, borrowed.
    ///
    /// # Errors
    /// Truncated, a negative length, or not UTF-8.
    pub fn string(&mut self) -> Result<&'a str, WireError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| WireError::Text)
    }

    /// Reads a `string` that is the id of a charge point.
    ///
    /// # Errors
    /// As [`Self::string`], or no id.
    #[inline]
    pub fn charge_point_id(&mut self) -> Result<ChargePointId, WireError> {
        let text = self.bytes()?;
        ChargePointId::plain(text).map_or_else(|| parsed(text, ChargePointId::parse), Ok)
    }

    /// Reads a `string` that is the id of a station.
    ///
    /// # Errors
    /// As [`Self::string`], or no id.
    #[inline]
    pub fn station_id(&mut self) -> Result<StationId, WireError> {
        let text = self.bytes()?;
        StationId::plain(text).map_or_else(|| parsed(text, StationId::parse), Ok)
    }

    /// Reads `bytes`, borrowed.
    ///
    /// # Errors
    /// Truncated, or a negative length.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], WireError> {
        let length = usize::try_from(self.long()?).map_err(|_| WireError::Number)?;
        self.take(length)
    }

    /// Passes over `length` bytes.
    ///
    /// # Errors
    /// Truncated.
    pub fn skip(&mut self, length: usize) -> Result<(), WireError> {
        self.take(length).map(drop)
    }

    /// Reads a `fixed` of 16 bytes as a UUID in network order.
    ///
    /// # Errors
    /// Truncated.
    #[inline]
    pub fn uuid(&mut self) -> Result<Uuid, WireError> {
        Uuid::from_slice(self.take(16)?).map_err(|_| WireError::Truncated)
    }

    /// Reads an `enum` whose symbols are `all`, in the order of the schema.
    ///
    /// # Errors
    /// Truncated, or no such symbol.
    #[inline]
    pub fn symbol<T: Copy>(&mut self, all: &[T]) -> Result<T, WireError> {
        let index = self.long()?;
        let found = usize::try_from(index).ok().and_then(|index| all.get(index));
        found.copied().ok_or(WireError::Index(index))
    }

    /// Reads a union of null and the type that `read` reads.
    ///
    /// # Errors
    /// Truncated, no such branch, or the error of `read`.
    #[inline]
    pub fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, WireError>,
    ) -> Result<Option<T>, WireError> {
        match self.long()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            other => Err(WireError::Index(other)),
        }
    }

    /// Reads an instant: `long`, ms since the epoch.
    ///
    /// # Errors
    /// As [`Self::long`].
    pub fn timestamp(&mut self) -> Result<Timestamp, WireError> {
        self.long().map(Timestamp::from_ms)
    }

    /// Reads an instant of an event or a figure: `long`, ms since the epoch.
    ///
    /// # Errors
    /// As [`Self::long`], and beyond [`INSTANTS_MS`].
    #[inline]
    pub fn instant(&mut self) -> Result<Timestamp, WireError> {
        let ms = self.long()?;
        let is_readable = INSTANTS_MS.contains(&ms);
        is_readable
            .then(|| Timestamp::from_ms(ms))
            .ok_or(WireError::Number)
    }

    /// Reads an instant as operators send it: `long`, µs since the epoch.
    ///
    /// # Errors
    /// As [`Self::instant`].
    #[inline]
    pub fn instant_micros(&mut self) -> Result<TimestampMicros, WireError> {
        let instant = TimestampMicros::from_us(self.long()?);
        let is_readable = INSTANTS_MS.contains(&instant.floor().as_ms());
        is_readable.then_some(instant).ok_or(WireError::Number)
    }

    /// Reads an `array` whose items `read` reads; any division into blocks.
    ///
    /// # Errors
    /// Truncated, more items than bytes could hold, or the error of `read`.
    pub fn array<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, WireError>,
    ) -> Result<Vec<T>, WireError> {
        let mut items = Vec::new();
        loop {
            let count = match self.long()? {
                0 => return Ok(items),
                count if count < 0 => {
                    let _size_bytes = self.long()?;
                    count.checked_neg().ok_or(WireError::Number)?
                }
                count => count,
            };
            let count = usize::try_from(count).map_err(|_| WireError::Number)?;
            if count > self.remaining() {
                return Err(WireError::Truncated);
            }
            items.reserve(count.min(MAX_ROOM));
            for _ in 0..count {
                items.push(read(self)?);
            }
        }
    }

    /// Ends the record.
    ///
    /// # Errors
    /// Refuses bytes that follow it.
    pub const fn end(&self) -> Result<(), WireError> {
        match self.rest.len() {
            0 => Ok(()),
            more => Err(WireError::Trailing(more)),
        }
    }
}

/// What `parse` reads from a text.
fn parsed<T, E>(text: &[u8], parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T, WireError> {
    let text = std::str::from_utf8(text).map_err(|_| WireError::Text)?;
    parse(text).map_err(|_| WireError::Id)
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// Appends `long`.
pub fn put_long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    if rest < 0x80 {
        out.push((rest & 0x7f) as u8);
        return;
    }
    let mut bytes = ArrayVec::<u8, 10>::new();
    while rest >= 0x80 {
        bytes.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push((rest & 0x7f) as u8);
    out.extend_from_slice(&bytes);
}

/// Appends `int`.
pub fn put_int(out: &mut Vec<u8>, value: i32) {
    put_long(out, i64::from(value));
}

/// Appends `double`.
pub fn put_double(out: &mut Vec<u8>, value: f64) {
    out.extend_from_slice(&value.to_le_bytes());
}

/// Appends `boolean`.
pub fn put_boolean(out: &mut Vec<u8>, value: bool) {
    out.push(u8::from(value));
}

/// Appends `string`.
pub fn put_string(out: &mut Vec<u8>, value: &str) {
    put_bytes(out, value.as_bytes());
}

/// Appends `bytes`.
pub fn put_bytes(out: &mut Vec<u8>, value: &[u8]) {
    put_long(out, value.len().cast_signed() as i64);
    out.extend_from_slice(value);
}

/// Appends a UUID as a `fixed` of 16 bytes in network order.
pub fn put_uuid(out: &mut Vec<u8>, value: Uuid) {
    out.extend_from_slice(value.as_bytes());
}

/// Appends the `enum` symbol of `value` in `all`; our tables name every variant.
pub fn put_symbol<T: PartialEq>(out: &mut Vec<u8>, all: &[T], value: &T) {
    let index = all
        .iter()
        .position(|each| each == value)
        .unwrap_or_default();
    put_long(out, index.cast_signed() as i64);
}

/// Appends a union of null and the type that `put` appends.
pub fn put_optional<T>(out: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    match value {
        None => put_long(out, 0),
        Some(value) => {
            put_long(out, 1);
            put(out, value);
        }
    }
}

/// Appends an instant: `long`, ms since the epoch.
pub fn put_timestamp(out: &mut Vec<u8>, value: Timestamp) {
    put_long(out, value.as_ms());
}

/// Appends a union of null and an instant.
pub fn put_optional_timestamp(out: &mut Vec<u8>, value: Option<Timestamp>) {
    put_optional(out, value, put_timestamp);
}

/// Appends an `array` as one block of items that `put` appends.
pub fn put_array<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<IntoIter: ExactSizeIterator<Item = T>>,
    mut put: impl FnMut(&mut Vec<u8>, T),
) {
    let items = items.into_iter();
    if items.len() > 0 {
        put_long(out, items.len().cast_signed() as i64);
        for item in items {
            put(out, item);
        }
    }
    put_long(out, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_keeps_its_value_at_the_limits() {
        let powers = (0..63).map(|bits| 1_i64 << bits);
        let around = powers.flat_map(|power| [power - 1, power, -power, -power - 1]);
        for value in around.chain([i64::MAX, i64::MIN]) {
            let mut out = Vec::new();
            put_long(&mut out, value);
            for more in 0..10 {
                let mut reader = Reader::new(&out);
                assert_eq!(reader.long(), Ok(value));
                assert_eq!(reader.remaining(), more, "{value}");
                out.push(0xff);
            }
        }
    }

    #[test]
    fn a_length_beyond_the_bytes_is_refused_without_allocation() {
        let mut out = Vec::new();
        put_long(&mut out, i64::MAX);
        assert_eq!(Reader::new(&out).string(), Err(WireError::Truncated));
        assert_eq!(Reader::new(&[0xff; 11]).long(), Err(WireError::Number));
    }
}
