//! Whether the service may get work, and what it still waits for.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// Named conditions that must be fulfilled before the service is ready. Clones share them.
///
/// Name every condition with [`Readiness::waiting`] before the admin port opens: a set without
/// conditions is ready.
#[derive(Clone, Debug)]
pub struct Readiness {
    shutdown: CancellationToken,
    conditions: Arc<Mutex<BTreeSet<String>>>,
}

impl Readiness {
    /// Creates a handle that is not ready any more once `shutdown` is cancelled.
    pub fn new(shutdown: CancellationToken) -> Self {
        Self {
            shutdown,
            conditions: Arc::default(),
        }
    }

    /// Waits for `condition` from now on, such as `directory` or `schemas`.
    pub fn waiting(&self, condition: &str) {
        if self.lock().insert(condition.to_owned()) {
            tracing::info!(condition, "not ready, waiting");
        }
    }

    /// Ends the wait for `condition`.
    pub fn done(&self, condition: &str) {
        if self.lock().remove(condition) {
            tracing::info!(condition, "condition fulfilled");
        }
    }

    /// Returns whether work is welcome.
    pub fn is_ready(&self) -> bool {
        self.waiting_for().is_empty()
    }

    /// Returns what is waited for, sorted; `shutdown` when the service is leaving.
    pub fn waiting_for(&self) -> Vec<String> {
        if self.shutdown.is_cancelled() {
            return vec!["shutdown".to_owned()];
        }
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        // Every operation on the set is whole, so a panic elsewhere leaves it usable.
        self.conditions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_names_what_is_missing_in_order() {
        let readiness = Readiness::new(CancellationToken::new());
        readiness.waiting("topics");
        readiness.waiting("directory");
        readiness.waiting("topics");
        assert_eq!(readiness.waiting_for(), ["directory", "topics"]);
        readiness.done("topics");
        readiness.clone().done("directory");
        readiness.done("never named");
        assert!(readiness.is_ready());
    }

    #[test]
    fn a_service_that_leaves_is_not_ready() {
        let shutdown = CancellationToken::new();
        let readiness = Readiness::new(shutdown.clone());
        assert!(readiness.is_ready());
        shutdown.cancel();
        assert_eq!(readiness.waiting_for(), ["shutdown"]);
    }
}
