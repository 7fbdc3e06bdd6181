//! One write of static data at a time for each charge point and station, and many for different
//! ones: revisions are read from the table, then written, and nothing may come between.
//!
//! Names share a fixed number of locks. A write takes all of its own in ascending order, so that
//! two writes never wait for each other.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// How many locks there are: writes of unrelated stations rarely share one.
const LOCKS: u64 = 1_024;

/// The locks of all names.
#[derive(Debug)]
pub struct StationLocks(Vec<Arc<Mutex<()>>>);

/// Locks that a write holds until it is dropped.
#[derive(Debug)]
pub struct Held {
    places: BTreeSet<usize>,
    _guards: Vec<OwnedMutexGuard<()>>,
}

impl Default for StationLocks {
    fn default() -> Self {
        Self((0..LOCKS).map(|_| Arc::default()).collect())
    }
}

impl StationLocks {
    /// Takes the locks of the names that `names` gives.
    ///
    /// The names may depend on the table (the station where a charge point is now), so they are
    /// asked for again once the locks are held, and more are taken until they suffice.
    pub async fn lock<'a, N: IntoIterator<Item = String>>(
        &self,
        names: impl Fn() -> N + 'a,
    ) -> Held {
        let mut places = Self::places(names());
        loop {
            let mut guards = Vec::with_capacity(places.len());
            for place in &places {
                if let Some(lock) = self.0.get(*place) {
                    guards.push(Arc::clone(lock).lock_owned().await);
                }
            }
            let needed = Self::places(names());
            if needed.is_subset(&places) {
                return Held {
                    places,
                    _guards: guards,
                };
            }
            places.extend(needed);
        }
    }

    fn places(names: impl IntoIterator<Item = String>) -> BTreeSet<usize> {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let place = |name: String| usize::try_from(hasher.hash_one(name) % LOCKS).unwrap_or(0);
        names.into_iter().map(place).collect()
    }
}

impl Held {
    /// How many locks are held.
    pub fn count(&self) -> usize {
        self.places.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|name| (*name).to_owned()).collect()
    }

    #[tokio::test]
    async fn writes_of_one_station_follow_each_other_and_others_go_on() {
        let locks = Arc::new(StationLocks::default());
        let held = locks.lock(|| names(&["FRAAAP1"])).await;
        let (other, same) = (Arc::clone(&locks), Arc::clone(&locks));
        let same =
            tokio::spawn(async move { same.lock(|| names(&["FRBBBP1", "FRAAAP1"])).await.count() });
        assert_eq!(other.lock(|| names(&["FRCCCP1"])).await.count(), 1);
        tokio::task::yield_now().await;
        assert!(!same.is_finished());
        drop(held);
        assert_eq!(same.await.unwrap(), 2);
    }

    #[tokio::test]
    async fn names_that_change_meanwhile_are_locked_as_well() {
        let locks = StationLocks::default();
        let asked = AtomicUsize::new(0);
        let moving = || match asked.fetch_add(1, Ordering::Relaxed) {
            0 => names(&["FRAAAP1"]),
            _ => names(&["FRAAAP1", "FRBBBP1"]),
        };
        assert_eq!(locks.lock(moving).await.count(), 2);
    }
}
