//! The index: from the hash of an id to the numbers that may be meant, in one table.
//!
//! Open addressing with linear probing, so that a look goes to one place of memory. Nothing is ever
//! taken out. Whoever looks compares the ids: different ids may have one hash, and a charge point
//! that moved has several numbers. The order of the table is never seen, and no random number is in
//! it, so that the same ids take the same time everywhere.

/// Slots of an empty index; always a power of two.
const LEAST: usize = 8;

/// A number with its hash; vacant while `next` is 0.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    hash: u32,
    /// The number + 1.
    next: u32,
}

/// Numbers by hash. At most three quarters of the slots are taken.
#[derive(Debug)]
pub(super) struct Index {
    slots: Vec<Slot>,
    taken: usize,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            slots: vec![Slot::default(); LEAST],
            taken: 0,
        }
    }
}

/// The hash of an id, by its words: folded multiplication, as in wyhash.
#[expect(
    clippy::cast_possible_truncation,
    reason = "any 32 bits of a good hash are a good hash"
)]
pub(super) fn hash_of(words: impl Iterator<Item = u64>) -> u32 {
    const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
    const FACTOR: u128 = 0xa076_1d64_78bd_642f;
    let fold = |state: u64, word: u64| {
        let product = u128::from(state ^ word) * FACTOR;
        (product >> 64) as u64 ^ product as u64
    };
    let state = words.fold(SEED, fold);
    (state >> 32) as u32 ^ state as u32
}

impl Index {
    /// The numbers that were put in under a hash.
    pub(super) fn candidates(&self, hash: u32) -> impl Iterator<Item = u32> {
        let (before, from) = self.slots.split_at(self.home(hash));
        let all = from.iter().chain(before);
        all.take_while(|slot| slot.next != 0)
            .filter(move |slot| slot.hash == hash)
            .map(|slot| slot.next - 1)
    }

    /// Looks at the place of a hash, so that a look soon after is fast: something of what is there.
    pub(super) fn glance(&self, hash: u32) -> u32 {
        let slot = self.slots.get(self.home(hash));
        slot.map_or(0, |slot| slot.next)
    }

    /// Puts in one more number.
    pub(super) fn insert(&mut self, hash: u32, number: u32) {
        if (self.taken + 1) * 4 > self.slots.len() * 3 {
            let doubled = vec![Slot::default(); self.slots.len() * 2];
            for slot in std::mem::replace(&mut self.slots, doubled) {
                if slot.next != 0 {
                    self.put(slot);
                }
            }
        }
        self.taken += 1;
        self.put(Slot {
            hash,
            next: number.saturating_add(1),
        });
    }

    fn put(&mut self, slot: Slot) {
        let home = self.home(slot.hash);
        let (before, from) = self.slots.split_at_mut(home);
        let mut all = from.iter_mut().chain(before);
        if let Some(vacant) = all.find(|other| other.next == 0) {
            *vacant = slot;
        }
    }

    /// Where a hash is looked for first.
    fn home(&self, hash: u32) -> usize {
        hash as usize & (self.slots.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_found_under_its_hash_however_many_share_it() {
        let mut index = Index::default();
        let hash = |number: u32| number / 3 * 0x1_0000;
        for number in 0..1000 {
            index.insert(hash(number), number);
        }
        for number in 0..999 {
            let first = number / 3 * 3;
            let mut found: Vec<_> = index.candidates(hash(number)).collect();
            found.sort_unstable();
            assert_eq!(found, [first, first + 1, first + 2]);
        }
        assert_eq!(index.candidates(1).count(), 0);
    }

    #[test]
    fn the_hash_of_an_id_is_the_same_on_every_machine() {
        assert_eq!(hash_of([1, 2].into_iter()), 3_131_598_644);
        assert_ne!(hash_of([1, 2].into_iter()), hash_of([2, 1].into_iter()));
    }
}
