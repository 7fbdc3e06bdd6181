//! Which partition a key belongs to: Kafka's own rule, so that every client agrees.
//!
//! `partition = (murmur2(key) & 0x7fffffff) mod partitions` (Apache Kafka,
//! `BuiltInPartitioner.partitionForKey`).

/// Returns Kafka's variant of the 32-bit `MurmurHash2` of `bytes`, seed 0x9747b28c.
pub fn murmur2(bytes: &[u8]) -> i32 {
    const MULTIPLIER: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;

    // Kafka's lengths are 32 bits wide; a longer key does not fit into a record.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let (words, rest) = bytes.as_chunks::<4>();
    let mut hash = SEED ^ length;
    for word in words {
        let mut mixed = u32::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        mixed ^= mixed >> 24;
        hash = hash.wrapping_mul(MULTIPLIER) ^ mixed.wrapping_mul(MULTIPLIER);
    }
    if !rest.is_empty() {
        let tail = rest
            .iter()
            .rev()
            .fold(0, |tail, byte| (tail << 8) | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(MULTIPLIER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MULTIPLIER);
    (hash ^ (hash >> 15)).cast_signed()
}

/// Returns the partition of `key`, 0 to `partitions` - 1; 0 when there are none.
pub fn partition_of(key: &[u8], partitions: i32) -> i32 {
    (murmur2(key) & i32::MAX)
        .checked_rem(partitions.max(0))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Vectors of Apache Kafka's UtilsTest.testMurmur2.
    #[test]
    fn hashes_equal_kafkas_own_test_vectors() {
        assert_eq!(murmur2(b"21"), -973_932_308);
        assert_eq!(murmur2(b"foobar"), -790_332_482);
        assert_eq!(murmur2(b"a-little-bit-long-string"), -985_981_536);
        assert_eq!(murmur2(b"a-little-bit-longer-string"), -1_486_304_829);
        assert_eq!(
            murmur2(b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"),
            -58_897_971
        );
        assert_eq!(murmur2(b"abc"), 479_470_107);
    }

    #[test]
    fn stations_fall_where_java_puts_them() {
        assert_eq!(partition_of(b"FRFASP33004", 24), 12);
        assert_eq!(partition_of(b"FRPD1PCORGLG", 24), 18);
        assert_eq!(partition_of(b"FRHPCPNF007502", 24), 7);
    }

    #[test]
    fn a_topic_without_partitions_gives_the_first() {
        assert_eq!(partition_of(b"x", 0), 0);
        assert_eq!(partition_of(b"x", -3), 0);
    }
}
