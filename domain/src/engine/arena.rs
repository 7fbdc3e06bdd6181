//! Storage that grows by chunks: at most one chunk is unused, and growing moves nothing but the first.

/// Items a chunk: so many that the list of chunks stays in the nearest cache.
const CHUNK: usize = 1024;

/// Items by number, in the order in which they were added; none is ever taken out.
#[derive(Debug)]
pub(super) struct Arena<T> {
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

#[expect(
    clippy::indexing_slicing,
    reason = "every number was given out by push, and nothing is taken out"
)]
impl<T> Arena<T> {
    /// How many there are: the next number.
    pub(super) fn len(&self) -> u32 {
        let full = self.chunks.len().saturating_sub(1) * CHUNK;
        let items = self.chunks.last().map_or(0, |last| full + last.len());
        u32::try_from(items).unwrap_or(u32::MAX)
    }

    /// Adds an item: its number.
    pub(super) fn push(&mut self, item: T) -> u32 {
        let number = self.len();
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(item),
            Some(_) | None => {
                let room = if self.chunks.is_empty() { 1 } else { CHUNK };
                let mut chunk = Vec::with_capacity(room);
                chunk.push(item);
                self.chunks.push(chunk);
            }
        }
        number
    }

    /// The item of a number.
    pub(super) fn get(&self, number: u32) -> &T {
        let number = number as usize;
        &self.chunks[number / CHUNK][number % CHUNK]
    }

    /// The item of a number, to be changed.
    pub(super) fn get_mut(&mut self, number: u32) -> &mut T {
        let number = number as usize;
        &mut self.chunks[number / CHUNK][number % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_across_chunks() {
        let mut arena = Arena::default();
        for expected in 0..3000_u32 {
            assert_eq!(arena.push(expected), expected);
        }
        *arena.get_mut(300) += 1;
        assert_eq!(
            (*arena.get(0), *arena.get(300), *arena.get(2999)),
            (0, 301, 2999)
        );
        assert_eq!(arena.len(), 3000);
    }
}
