//! The only `now()` of the workspace.
//!
//! Nothing that decides about an event reads it: event time and `received_at` come from records.
//! It stamps what enters the system (`received_at`) and measures freshness.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::UNIX_EPOCH;

/// Tells the time of day.
pub trait WallClock: Send + Sync + Debug {
    /// Returns milliseconds since the Unix epoch, UTC.
    fn now_ms(&self) -> i64;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    fn now_ms(&self) -> i64 {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one owner of the time of day"
        )]
        let now = std::time::SystemTime::now();
        now.duration_since(UNIX_EPOCH).map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
    }
}

/// A clock that a test moves. It never goes back.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Creates a clock that shows `now_ms` milliseconds since the Unix epoch.
    pub fn new(now_ms: i64) -> Self {
        Self(AtomicI64::new(now_ms))
    }

    /// Moves the clock to `now_ms`; an earlier time than the present one leaves it where it is.
    pub fn set_ms(&self, now_ms: i64) {
        self.0.fetch_max(now_ms, Ordering::SeqCst);
    }

    /// Moves the clock forward by `by_ms` milliseconds; a negative span moves nothing.
    pub fn advance_ms(&self, by_ms: i64) {
        self.0.fetch_add(by_ms.max(0), Ordering::SeqCst);
    }
}

impl WallClock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_never_goes_back() {
        let clock = ManualClock::new(1_000);
        clock.set_ms(2_000);
        clock.set_ms(1_500);
        clock.advance_ms(-10);
        assert_eq!(clock.now_ms(), 2_000);
        clock.advance_ms(5);
        assert_eq!(clock.now_ms(), 2_005);
    }

    #[test]
    fn the_system_clock_is_past_the_year_2024() {
        assert!(SystemClock.now_ms() > 1_704_067_200_000);
    }
}
