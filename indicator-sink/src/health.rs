//! Whether rows can be stored, as `/ready` shows it.

use std::time::Duration;

use platform::admin::Readiness;

use crate::disposition::Disposition;

/// The condition that fails while ClickHouse refuses or does not answer.
pub const CLICKHOUSE: &str = "clickhouse";

/// Time after which repeated attempts are an alert.
const PATIENCE: Duration = Duration::from_mins(5);

/// What the sink says about the store. Clones share it.
#[derive(Debug, Clone)]
pub struct Health {
    readiness: Readiness,
}

impl Health {
    /// Speaks through `readiness`.
    pub fn new(readiness: Readiness) -> Self {
        Self { readiness }
    }

    /// Something was stored.
    pub fn store_works(&self) {
        self.readiness.done(CLICKHOUSE);
    }

    /// Something could not be stored, for `lasting` by now.
    pub fn store_fails(&self, disposition: Disposition, lasting: Duration) {
        if disposition == Disposition::Configuration || lasting >= PATIENCE {
            self.readiness.waiting(CLICKHOUSE);
        }
    }
}
