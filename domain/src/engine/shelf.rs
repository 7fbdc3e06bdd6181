//! The shelf: room for lists that is not in use, by size.
//!
//! What is retained of a charge point grows and shrinks from day to day, of each at another time. A
//! list that kept the room of its busiest day would hold most of it for nothing; one that gave it
//! back to the allocator would have to ask for it again. So a list that is full takes larger room
//! from the shelf, one that is nearly empty smaller room, and what they leave waits for the next.
//! Once the fleet as a whole has been at its fullest, nothing is allocated for an event any more.
//!
//! It holds no state: with an empty shelf all goes as before, only slower.

use thin_vec::ThinVec;

use super::{sessions, statuses, window_log};

/// How many may wait of a size of which there are few.
const FEW: usize = 16;

/// Sizes of room, each twice as large as the one before. What is larger than the largest goes back
/// to the allocator: it is of few, and would be much to keep.
const SIZES: usize = 8;

/// A list that can be moved to other room.
pub(super) trait List: Default {
    /// An empty list with room for `room` items.
    fn with_room(room: usize) -> Self;
    /// For how many items there is room.
    fn room(&self) -> usize;
    /// How many items there are.
    fn length(&self) -> usize;
    /// Moves all items of `other` to the end.
    fn move_in(&mut self, other: &mut Self);
}

impl<T> List for Vec<T> {
    fn with_room(room: usize) -> Self {
        Self::with_capacity(room)
    }

    fn room(&self) -> usize {
        self.capacity()
    }

    fn length(&self) -> usize {
        self.len()
    }

    fn move_in(&mut self, other: &mut Self) {
        self.append(other);
    }
}

impl<T> List for ThinVec<T> {
    fn with_room(room: usize) -> Self {
        Self::with_capacity(room)
    }

    fn room(&self) -> usize {
        self.capacity()
    }

    fn length(&self) -> usize {
        self.len()
    }

    fn move_in(&mut self, other: &mut Self) {
        self.append(other);
    }
}

/// Empty lists of one kind, with room for `LEAST` items and more. Of `OF` lists of a size one may wait,
/// and [`FEW`] beside.
#[derive(Debug)]
pub(super) struct Shelf<L, const LEAST: usize, const OF: usize> {
    /// By size: `LEAST`, twice as many, and so on.
    sizes: [Size<L>; SIZES],
}

/// The lists of one size.
#[derive(Debug)]
struct Size<L> {
    waiting: Vec<L>,
    /// How many there are, in use or waiting.
    count: usize,
}

impl<L, const LEAST: usize, const OF: usize> Default for Shelf<L, LEAST, OF> {
    fn default() -> Self {
        let none = |_| Size {
            waiting: Vec::new(),
            count: 0,
        };
        Self {
            sizes: std::array::from_fn(none),
        }
    }
}

impl<L: List, const LEAST: usize, const OF: usize> Shelf<L, LEAST, OF> {
    /// Sees to it that there is room for one more item in a list.
    pub(super) fn make_room(&mut self, list: &mut L) {
        if list.length() == list.room() {
            self.move_to(list.length() + 1, list);
        }
    }

    /// Takes back the room that a list does not need: all of an empty one, and some of one that fills a
    /// third or less. It keeps half as much again as is in it, so that it does not go to and fro.
    pub(super) fn take_back(&mut self, list: &mut L) {
        if list.length() == 0 {
            let empty = std::mem::take(list);
            self.put(empty);
        } else if list.room() > LEAST && list.length() * 3 <= list.room() {
            self.move_to(list.length() * 3 / 2, list);
        }
    }

    /// Moves a list to room for so many items, or more.
    fn move_to(&mut self, items: usize, list: &mut L) {
        let size = items.div_ceil(LEAST).next_power_of_two().ilog2() as usize;
        let of_size = self.sizes.get_mut(size);
        let waiting = of_size.and_then(|of_size| {
            let waiting = of_size.waiting.pop();
            of_size.count += usize::from(waiting.is_none());
            waiting
        });
        let mut other = waiting.unwrap_or_else(|| L::with_room(LEAST << size));
        other.move_in(list);
        self.put(std::mem::replace(list, other));
    }

    /// Puts an empty list there for the next one, unless it is too small or too large, or enough wait.
    fn put(&mut self, list: L) {
        let size = (list.room() / LEAST).checked_ilog2();
        let of_size = size.and_then(|size| self.sizes.get_mut(size as usize));
        if let Some(of_size) = of_size {
            if of_size.waiting.len() < FEW + of_size.count / OF {
                of_size.waiting.push(list);
            } else {
                of_size.count = of_size.count.saturating_sub(1);
            }
        }
    }
}

/// The shelf of every kind of list that events make longer. The least room is what most lists of
/// their kind need. How many statuses and sessions stand hardly changes from hour to hour, but at
/// first all lists are short and later many are not, so that only some of the short ones may wait;
/// captures all go at the next cut, to be needed again after it.
#[derive(Debug, Default)]
pub(super) struct Shelves {
    pub(super) statuses: Shelf<Vec<statuses::Identity>, 6, 16>,
    pub(super) sessions: Shelf<ThinVec<sessions::Identity>, 1, 16>,
    pub(super) captures: Shelf<ThinVec<window_log::Capture>, 1, 1>,
}

#[cfg(test)]
mod tests {
    use super::*;

    type OfFour = Shelf<Vec<usize>, 4, 16>;

    fn waiting(shelf: &OfFour) -> Vec<usize> {
        let sizes = shelf.sizes.iter();
        sizes.map(|size| size.waiting.len()).collect()
    }

    fn filled(shelf: &mut OfFour, items: usize) -> Vec<usize> {
        let mut list = Vec::new();
        for item in 0..items {
            shelf.make_room(&mut list);
            list.push(item);
        }
        list
    }

    #[test]
    fn a_full_list_moves_to_twice_the_room_and_leaves_its_own() {
        let mut shelf = OfFour::default();
        let list = filled(&mut shelf, 9);
        assert_eq!(list, (0..9).collect::<Vec<_>>());
        assert_eq!(list.capacity(), 16);
        assert_eq!(waiting(&shelf), [1, 1, 0, 0, 0, 0, 0, 0]);
        let other = filled(&mut shelf, 8);
        assert_eq!(other.capacity(), 8);
        assert_eq!(
            waiting(&shelf),
            [1, 0, 0, 0, 0, 0, 0, 0],
            "what waited is used"
        );
    }

    #[test]
    fn a_list_gives_back_what_it_does_not_need() {
        let mut shelf = OfFour::default();
        let mut list = filled(&mut shelf, 9);
        for (left, room) in [(6, 16), (5, 8), (3, 8), (2, 4), (1, 4)] {
            list.truncate(left);
            shelf.take_back(&mut list);
            assert_eq!((list.len(), list.capacity()), (left, room));
        }
        assert_eq!(list, [0]);
        list.clear();
        shelf.take_back(&mut list);
        assert_eq!(list.capacity(), 0);
        assert_eq!(waiting(&shelf), [1, 1, 1, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn room_that_fits_no_size_is_not_kept() {
        let mut shelf = OfFour::default();
        let mut small = Vec::with_capacity(3);
        shelf.take_back(&mut small);
        let mut odd = Vec::with_capacity(15);
        shelf.take_back(&mut odd);
        let mut huge = filled(&mut shelf, 513);
        assert_eq!(huge.capacity(), 1024);
        huge.clear();
        shelf.take_back(&mut huge);
        assert_eq!(waiting(&shelf), [1, 1, 1, 1, 1, 1, 1, 1]);
        let list = filled(&mut shelf, 5);
        assert!(list.capacity() >= 8);
    }

    #[test]
    fn no_more_wait_than_a_few_and_one_in_sixteen() {
        let mut shelf = OfFour::default();
        let mut lists: Vec<_> = (0..320).map(|_| filled(&mut shelf, 1)).collect();
        for list in &mut lists {
            list.clear();
            shelf.take_back(list);
        }
        assert_eq!(waiting(&shelf), [FEW + 320 / 16, 0, 0, 0, 0, 0, 0, 0]);
        let all = (0..100).map(|_| filled(&mut shelf, 1));
        let all: Vec<_> = all.collect();
        assert_eq!(waiting(&shelf), [0; SIZES]);
        let [size, ..] = &shelf.sizes;
        assert_eq!(size.count, all.len(), "those that went are not counted");
    }

    #[test]
    fn lists_that_grow_and_shrink_in_turn_allocate_nothing_once_all_were_full() {
        let mut shelf = Shelf::<ThinVec<usize>, 1, 16>::default();
        let mut lists: Vec<ThinVec<usize>> = (0..10).map(|_| ThinVec::new()).collect();
        let mut turn = |shelf: &mut Shelf<ThinVec<usize>, 1, 16>| {
            for list in &mut lists {
                for item in 0..20 {
                    shelf.make_room(list);
                    list.push(item);
                }
                list.clear();
                shelf.take_back(list);
            }
        };
        turn(&mut shelf);
        let info = allocation_counter::measure(|| turn(&mut shelf));
        assert_eq!(info.count_total, 0);
    }
}
