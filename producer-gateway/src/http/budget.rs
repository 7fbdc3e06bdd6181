//! How many bytes of bodies the process holds at a time, sent and decoded together.
//!
//! A request reserves before it reads and while it decompresses; when there is no room it is
//! refused at once, and what it held is free again.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit of a reservation, bytes: small requests do not touch the budget for every frame.
const GRAIN_BYTES: usize = 4 * 1024;

/// The room for bodies.
#[derive(Debug, Clone)]
pub struct Budget {
    grains: Arc<Semaphore>,
}

/// Room that a request holds until it is dropped.
#[derive(Debug)]
pub struct Reservation {
    grains: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
}

/// There is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Budget {
    /// Room for `bytes`.
    pub fn new(bytes: usize) -> Self {
        let grains = bytes.div_ceil(GRAIN_BYTES).min(Semaphore::MAX_PERMITS);
        Self {
            grains: Arc::new(Semaphore::new(grains)),
        }
    }

    /// Bytes that are free, up to the grain.
    pub fn free_bytes(&self) -> usize {
        self.grains.available_permits() * GRAIN_BYTES
    }

    /// Nothing yet.
    pub fn reservation(&self) -> Reservation {
        Reservation {
            grains: Arc::clone(&self.grains),
            held: None,
        }
    }
}

impl Reservation {
    /// Holds room for at least `bytes` from now on.
    ///
    /// # Errors
    /// When there is none.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), Full> {
        let held = self
            .held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = bytes.div_ceil(GRAIN_BYTES).saturating_sub(held);
        if missing == 0 {
            return Ok(());
        }
        let missing = u32::try_from(missing).map_err(|_error| Full)?;
        let more = Arc::clone(&self.grains)
            .try_acquire_many_owned(missing)
            .map_err(|_error| Full)?;
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_free_again_when_dropped() {
        let budget = Budget::new(100 * GRAIN_BYTES);
        let mut first = budget.reservation();
        assert_eq!(first.grow_to(60 * GRAIN_BYTES), Ok(()));
        assert_eq!(first.grow_to(50 * GRAIN_BYTES), Ok(()));
        let mut second = budget.reservation();
        assert_eq!(second.grow_to(41 * GRAIN_BYTES), Err(Full));
        assert_eq!(second.grow_to(40 * GRAIN_BYTES), Ok(()));
        assert_eq!(first.grow_to(60 * GRAIN_BYTES + 1), Err(Full));
        assert_eq!(budget.free_bytes(), 0);
        drop(first);
        assert_eq!(budget.free_bytes(), 60 * GRAIN_BYTES);
    }
}
