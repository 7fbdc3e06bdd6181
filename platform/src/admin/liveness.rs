//! Whether the parts of a process make progress.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The heartbeats of a process. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Liveness {
    heartbeats: Arc<Mutex<Vec<Heartbeat>>>,
}

/// One part's sign of progress: beaten after each unit of work, or of waiting that ended well.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    name: Arc<str>,
    max_age: Duration,
    born: Instant,
    /// Milliseconds from `born` to the last beat.
    last_ms: Arc<AtomicU64>,
}

impl Liveness {
    /// Creates a heartbeat for the part `name`, which must beat at least once in `max_age`.
    pub fn heartbeat(&self, name: &str, max_age: Duration) -> Heartbeat {
        let heartbeat = Heartbeat {
            name: Arc::from(name),
            max_age,
            born: Instant::now(),
            last_ms: Arc::default(),
        };
        self.heartbeats
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(heartbeat.clone());
        heartbeat
    }

    /// Returns the names of the parts whose last beat is older than it may be, sorted.
    pub fn stuck(&self) -> Vec<String> {
        let heartbeats = self
            .heartbeats
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<_> = heartbeats
            .iter()
            .filter(|heartbeat| heartbeat.age() > heartbeat.max_age)
            .map(|heartbeat| heartbeat.name.to_string())
            .collect();
        names.sort_unstable();
        names
    }
}

impl Heartbeat {
    /// Records progress.
    pub fn beat(&self) {
        let elapsed = Instant::now().saturating_duration_since(self.born);
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.last_ms.fetch_max(elapsed_ms, Ordering::Relaxed);
    }

    /// Returns the time since the last beat, or since creation.
    pub fn age(&self) -> Duration {
        let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
        Instant::now()
            .saturating_duration_since(self.born)
            .saturating_sub(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_without_progress_is_named_until_it_moves_again() {
        let liveness = Liveness::default();
        let worker = liveness.heartbeat("worker-1", Duration::from_secs(30));
        let slow = liveness.heartbeat("worker-0", Duration::from_secs(90));
        tokio::time::advance(Duration::from_secs(31)).await;
        assert_eq!(liveness.stuck(), ["worker-1"]);
        worker.beat();
        assert!(liveness.stuck().is_empty());
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(liveness.stuck(), ["worker-0", "worker-1"]);
        slow.beat();
        assert_eq!(slow.age(), Duration::ZERO);
        assert_eq!(liveness.stuck(), ["worker-1"]);
    }
}
