//! When something counts as received: a clock that never goes back within a gateway.
//!
//! In production it follows the system. With `--clock simulated` it stands still until it is set
//! on the admin port, for tests that play a day in a minute; tokens keep to the system's time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::Timestamp;
use platform::WallClock;
use platform::wall_clock::{ManualClock, SystemClock};

/// The clock that stamps `received_at`.
#[derive(Debug)]
pub struct ReceptionClock {
    source: Source,
    last: AtomicI64,
}

#[derive(Debug)]
enum Source {
    System,
    Simulated(Arc<ManualClock>),
}

impl ReceptionClock {
    /// Follows the system.
    pub fn system() -> Self {
        Self {
            source: Source::System,
            last: AtomicI64::new(i64::MIN),
        }
    }

    /// Shows what `clock` shows.
    pub fn simulated(clock: Arc<ManualClock>) -> Self {
        Self {
            source: Source::Simulated(clock),
            last: AtomicI64::new(i64::MIN),
        }
    }

    /// The present, never before what was returned earlier.
    pub fn now(&self) -> Timestamp {
        let now = match &self.source {
            Source::System => SystemClock.now_ms(),
            Source::Simulated(clock) => clock.now_ms(),
        };
        let last = self.last.fetch_max(now, Ordering::SeqCst);
        Timestamp::from_ms(last.max(now))
    }

    /// Whether it has been set: a simulated clock begins at 0, and nothing is received then.
    pub fn is_set(&self) -> bool {
        self.now() > Timestamp::from_ms(0)
    }

    /// The clock that can be set, when it is simulated.
    pub fn manual(&self) -> Option<&ManualClock> {
        match &self.source {
            Source::System => None,
            Source::Simulated(clock) => Some(clock),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulated_clock_stands_until_it_is_set() {
        let manual = Arc::new(ManualClock::new(0));
        let clock = ReceptionClock::simulated(Arc::clone(&manual));
        assert!(!clock.is_set());
        manual.set_ms(7);
        assert_eq!(clock.now(), Timestamp::from_ms(7));
        assert!(clock.is_set());
    }

    #[test]
    fn the_system_clock_has_no_handle() {
        let clock = ReceptionClock::system();
        assert!(clock.manual().is_none());
        assert!(clock.now() <= clock.now());
    }
}
