//! ClickHouse's block frames: 16 bytes of checksum, a method byte, two sizes, the packed bytes.
//!
//! The checksum is `CityHash128` of version 1.0.2 over everything behind it, its two halves swapped, little-endian.
//! Method 0x82 is LZ4, 0x90 is ZSTD, 0x02 is none. Sizes are 32 bits; the packed one counts the 9 bytes of its header.

use std::io::{self, Read};

use crate::error::{Kind, ServerError};

const CHECKSUM_BYTES: usize = 16;
const HEADER_BYTES: usize = 9;
const METHOD_NONE: u8 = 0x02;
const METHOD_LZ4: u8 = 0x82;
const METHOD_ZSTD: u8 = 0x90;

/// The largest frame that a server takes, packed or not.
const LARGEST_FRAME_BYTES: usize = 1 << 30;

/// Content of one frame that we write.
const WRITTEN_BLOCK_BYTES: usize = 1 << 20;

/// Unpacks a stream of frames.
#[derive(Debug)]
pub(crate) struct BlockReader<R> {
    inner: R,
    block: Vec<u8>,
    position: usize,
}

impl<R: Read> BlockReader<R> {
    /// Reads frames from `inner`.
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            block: Vec::new(),
            position: 0,
        }
    }

    /// Reads the next frame; false at a clean end.
    fn advance(&mut self) -> io::Result<bool> {
        let mut head = [0; CHECKSUM_BYTES + HEADER_BYTES];
        let read = fill(&mut self.inner, &mut head)?;
        if read == 0 {
            return Ok(false);
        }
        if read < head.len() {
            return Err(ServerError::new(
                Kind::CannotReadAllData,
                "the body ends inside a block header",
            )
            .into());
        }
        let (checksum, header) = head.split_at(CHECKSUM_BYTES);
        let packed_bytes = size(header, 1)?;
        let unpacked_bytes = size(header, 5)?;
        let mut frame = header.to_vec();
        let expected = packed_bytes.saturating_sub(HEADER_BYTES) as u64;
        if (&mut self.inner).take(expected).read_to_end(&mut frame)? as u64 != expected {
            return Err(
                ServerError::new(Kind::CannotReadAllData, "the body ends inside a block").into(),
            );
        }
        if checksum != sum(&frame) {
            return Err(ServerError::new(
                Kind::ChecksumDoesntMatch,
                "Checksum doesn't match: corrupted data",
            )
            .into());
        }
        self.block = unpack(&frame, unpacked_bytes)?;
        self.position = 0;
        Ok(true)
    }
}

impl<R: Read> Read for BlockReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.position == self.block.len() {
            if !self.advance()? {
                return Ok(0);
            }
        }
        let mut rest = self.block.get(self.position..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.position += read;
        Ok(read)
    }
}

/// Reads until `buffer` is full or the stream ends.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn size(header: &[u8], at: usize) -> io::Result<usize> {
    let bytes: [u8; 4] = header
        .get(at..at + 4)
        .and_then(|bytes| bytes.try_into().ok())
        .unwrap_or_default();
    let size = u32::from_le_bytes(bytes) as usize;
    if size > LARGEST_FRAME_BYTES {
        let message = format!(
            "a block of {size} bytes is too large, at most {LARGEST_FRAME_BYTES}: corrupted data"
        );
        return Err(ServerError::new(Kind::CannotDecompress, message).into());
    }
    Ok(size)
}

fn sum(frame: &[u8]) -> [u8; CHECKSUM_BYTES] {
    cityhash_rs::cityhash_102_128(frame)
        .rotate_right(64)
        .to_le_bytes()
}

fn unpack(frame: &[u8], unpacked_bytes: usize) -> io::Result<Vec<u8>> {
    let (method, packed) = match frame.split_at_checked(HEADER_BYTES) {
        Some((header, packed)) => (header.first().copied().unwrap_or_default(), packed),
        None => (0, frame),
    };
    let unpacked = match method {
        METHOD_LZ4 => {
            lz4_flex::block::decompress(packed, unpacked_bytes).map_err(cannot_decompress)?
        }
        METHOD_ZSTD => zstd::bulk::decompress(packed, unpacked_bytes).map_err(cannot_decompress)?,
        METHOD_NONE => packed.to_vec(),
        method => {
            let message = format!("Unknown compression method: {method:#04x}");
            return Err(ServerError::new(Kind::UnknownCompressionMethod, message).into());
        }
    };
    if unpacked.len() != unpacked_bytes {
        let message = format!(
            "a block unpacks to {} bytes and says {unpacked_bytes}",
            unpacked.len()
        );
        return Err(ServerError::new(Kind::CannotDecompress, message).into());
    }
    Ok(unpacked)
}

fn cannot_decompress(error: impl std::fmt::Display) -> io::Error {
    ServerError::new(
        Kind::CannotDecompress,
        format!("a block cannot be unpacked: {error}"),
    )
    .into()
}

/// Packs `content` into LZ4 frames of at most 1 MiB each.
pub(crate) fn pack(content: &[u8]) -> Vec<u8> {
    let mut packed = Vec::with_capacity(content.len() / 2);
    for block in content.chunks(WRITTEN_BLOCK_BYTES) {
        push_frame(
            &mut packed,
            METHOD_LZ4,
            &lz4_flex::block::compress(block),
            block.len(),
        );
    }
    packed
}

fn push_frame(output: &mut Vec<u8>, method: u8, packed: &[u8], unpacked_bytes: usize) {
    let mut frame = Vec::with_capacity(HEADER_BYTES + packed.len());
    frame.push(method);
    for bytes in [packed.len() + HEADER_BYTES, unpacked_bytes] {
        // Blocks are bounded far below 4 GiB, see `WRITTEN_BLOCK_BYTES`.
        frame.extend_from_slice(&u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes());
    }
    frame.extend_from_slice(packed);
    output.extend_from_slice(&sum(&frame));
    output.extend_from_slice(&frame);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<u8>, ServerError> {
        let mut content = Vec::new();
        BlockReader::new(bytes).read_to_end(&mut content)?;
        Ok(content)
    }

    fn frame(method: u8, packed: &[u8], unpacked_bytes: usize) -> Vec<u8> {
        let mut output = Vec::new();
        push_frame(&mut output, method, packed, unpacked_bytes);
        output
    }

    #[test]
    fn what_is_packed_is_read_back_over_several_frames() {
        let content: Vec<u8> = (0..3_000_000_u32)
            .flat_map(|number| (number / 7).to_le_bytes())
            .collect();
        let packed = pack(&content);
        assert!(packed.len() < content.len());
        assert_eq!(read(&packed).unwrap(), content);
    }

    #[test]
    fn each_method_is_unpacked() {
        let content = b"abcabcabcabcabcabc";
        let zstd = zstd::bulk::compress(content, 1).unwrap();
        let mut body = frame(METHOD_NONE, content, content.len());
        body.extend(frame(METHOD_ZSTD, &zstd, content.len()));
        body.extend(frame(
            METHOD_LZ4,
            &lz4_flex::block::compress(content),
            content.len(),
        ));
        assert_eq!(read(&body).unwrap(), content.repeat(3));
    }

    #[test]
    fn a_changed_byte_a_cut_and_an_unknown_method_have_their_codes() {
        let mut body = frame(METHOD_NONE, b"abc", 3);
        assert_eq!(read(&body[..10]).unwrap_err().code, 33);
        assert_eq!(read(&body[..27]).unwrap_err().code, 33);
        *body.last_mut().unwrap() ^= 1;
        assert_eq!(read(&body).unwrap_err().code, 40);
        assert_eq!(read(&frame(0x77, b"abc", 3)).unwrap_err().code, 89);
        assert_eq!(
            read(&frame(METHOD_LZ4, b"\xff\xff", 3)).unwrap_err().code,
            271
        );
        assert_eq!(read(&frame(METHOD_NONE, b"abc", 4)).unwrap_err().code, 271);
    }
}
