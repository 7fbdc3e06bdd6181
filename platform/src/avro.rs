//! Confluent framing of Avro values, and the schema registry.
//!
//! A framed value is the byte 0, the schema id as four bytes, most significant first, and the Avro
//! binary encoding without a header. What the bytes mean is the business of `domain`.

pub use compatibility::{CompatibilityLevel, UnknownLevel};
pub use registry::{RegistryArgs, RegistryClient, RegistryError};

mod compatibility;
mod registry;

/// Bytes before the Avro encoding.
pub const HEADER_LENGTH: usize = 5;

const MAGIC: u8 = 0;

/// Bytes that are no framed Avro value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// Fewer bytes than the header.
    #[error("value has {0} bytes, expected at least 5: it was not written in Confluent framing")]
    TooShort(usize),
    /// The first byte is wrong.
    #[error(
        "value begins with byte {0:#04x}, expected 0x00: it was not written in Confluent framing"
    )]
    NoMagic(u8),
}

/// Frames `encoded`, the Avro binary encoding under the schema with `id`.
pub fn frame(id: u32, encoded: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(HEADER_LENGTH + encoded.len());
    frame_into(id, &mut framed);
    framed.extend_from_slice(encoded);
    framed
}

/// Appends the five header bytes to `buffer`; the encoding is appended after them.
pub fn frame_into(id: u32, buffer: &mut Vec<u8>) {
    buffer.push(MAGIC);
    buffer.extend_from_slice(&id.to_be_bytes());
}

/// Returns the schema id of a framed value and its Avro binary encoding.
///
/// # Errors
/// When the bytes are too few or do not begin with 0.
pub fn unframe(framed: &[u8]) -> Result<(u32, &[u8]), FramingError> {
    match framed {
        [MAGIC, a, b, c, d, encoded @ ..] => Ok((u32::from_be_bytes([*a, *b, *c, *d]), encoded)),
        [first, ..] if *first != MAGIC => Err(FramingError::NoMagic(*first)),
        short => Err(FramingError::TooShort(short.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_written_most_significant_byte_first() {
        let framed = frame(0x0102_0304, b"xy");
        assert_eq!(framed, [0, 1, 2, 3, 4, b'x', b'y']);
        assert_eq!(unframe(&framed), Ok((0x0102_0304, &b"xy"[..])));
        assert_eq!(unframe(&frame(u32::MAX, b"")), Ok((u32::MAX, &b""[..])));
    }

    #[test]
    fn bytes_that_are_not_framed_are_refused() {
        assert_eq!(unframe(b""), Err(FramingError::TooShort(0)));
        assert_eq!(unframe(&[0, 0, 0, 1]), Err(FramingError::TooShort(4)));
        assert_eq!(unframe(b"{\"a\":1}"), Err(FramingError::NoMagic(b'{')));
    }
}
