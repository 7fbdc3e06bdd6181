//! Whether rows can be stored, and whether there is somebody who reads, as `/ready` shows it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use platform::admin::Readiness;

use crate::disposition::Disposition;

/// The condition that fails while ClickHouse refuses or does not answer.
pub const CLICKHOUSE: &str = "clickhouse";

/// The condition that fails between two consumers.
const CONSUMER: &str = "consumer";

/// Time after which repeated attempts are an alert.
const PATIENCE: Duration = Duration::from_mins(5);

/// What the sink says about the store, and its consumer. Clones share it.
#[derive(Debug, Clone)]
pub struct Health {
    readiness: Readiness,
    /// Tables that take nothing.
    failing: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Health {
    /// Speaks through `readiness`.
    pub fn new(readiness: Readiness) -> Self {
        Self {
            readiness,
            failing: Arc::default(),
        }
    }

    /// Something was stored in `table`.
    pub fn store_works(&self, table: &'static str) {
        self.note(table, false);
    }

    /// Something could not be stored in `table`, for `lasting` by now.
    pub fn store_fails(&self, table: &'static str, disposition: Disposition, lasting: Duration) {
        if disposition == Disposition::Configuration || lasting >= PATIENCE {
            self.note(table, true);
        }
    }

    /// Whether there is a consumer.
    pub fn consumer_is_there(&self, is_there: bool) {
        if is_there {
            self.readiness.done(CONSUMER);
        } else {
            self.readiness.waiting(CONSUMER);
        }
    }

    fn note(&self, table: &'static str, fails: bool) {
        // Every operation on the set is whole, so a panic elsewhere leaves it usable.
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        if fails {
            failing.insert(table);
            self.readiness.waiting(CLICKHOUSE);
        } else if failing.remove(table) && failing.is_empty() {
            self.readiness.done(CLICKHOUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[test]
    fn it_is_ready_again_when_every_table_takes_rows() {
        let readiness = Readiness::new(CancellationToken::new());
        let health = Health::new(readiness.clone());
        health.store_fails("a", Disposition::Retry, Duration::from_secs(299));
        assert!(readiness.is_ready());
        health.store_fails("a", Disposition::Retry, PATIENCE);
        health.store_fails("b", Disposition::Configuration, Duration::ZERO);
        health.store_works("a");
        assert!(!readiness.is_ready());
        health.store_works("b");
        assert!(readiness.is_ready());
    }
}
