//! The digest of what a consumer sees of a record: equal content, equal digest, on every machine.

use twox_hash::XxHash3_64;

use crate::indicator::{StationSweep, Vector};

/// The most integers of a record: vector, sweep, and what stands beside them.
const MOST: usize = 64;
const _: () = assert!(Vector::LENGTH + StationSweep::LENGTH + 5 <= MOST);

/// The digest of no content: it differs from that of every one.
pub(super) const NONE: i64 = i64::MIN;

/// XXH3, 64 bits, of integers (little-endian) under the digest of a text. Integers beyond
/// [`MOST`] would be left out; the longest record, that of a station, has five beside its two arrays.
/// Never [`NONE`], whose place its neighbour takes.
pub(super) fn digest<'i>(parts: impl IntoIterator<Item = &'i [i64]>, text: &str) -> i64 {
    let mut bytes = [0_u8; 8 * MOST];
    let mut length = 0;
    let values = parts.into_iter().flatten();
    for (place, value) in bytes.chunks_exact_mut(8).zip(values) {
        place.copy_from_slice(&value.to_le_bytes());
        length += 8;
    }
    let seed = XxHash3_64::oneshot(text.as_bytes());
    let used = bytes.get(..length).unwrap_or_default();
    let digest = XxHash3_64::oneshot_with_seed(seed, used).cast_signed();
    digest.max(NONE + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_integer_the_order_and_the_text_decide() {
        let first: &[i64] = &[1, 2];
        let all = [
            digest([first], "75056"),
            digest([first], "69123"),
            digest([&[2, 1][..]], "75056"),
            digest([first, &[0]], "75056"),
            digest([], "75056"),
        ];
        let mut distinct = all.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), all.len());
        assert_eq!(digest([&[1][..], &[2]], "75056"), all[0]);
    }

    /// States that were stored must stay comparable.
    #[test]
    fn the_digest_never_changes() {
        assert_eq!(digest([&[1, -1][..]], "75056"), 8_179_777_730_538_620_106);
    }
}
