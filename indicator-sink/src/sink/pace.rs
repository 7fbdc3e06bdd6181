//! How long a range may wait for more: longer while the server has too many parts. Pure.

use std::time::Duration;

/// Inserts that have to pass before the pace is the usual one again.
const TO_PASS: u32 = 5;

/// The most that a range waits because of that.
const SLOWEST: Duration = Duration::from_secs(10);

/// The pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    factor: u32,
    to_pass: u32,
}

impl Pace {
    pub(super) const USUAL: Self = Self {
        factor: 1,
        to_pass: 0,
    };

    /// There are too many parts: ranges wait twice as long.
    pub(super) fn slow_down(&mut self) {
        self.factor = self.factor.saturating_mul(2);
        self.to_pass = TO_PASS;
    }

    /// An insert passed.
    pub(super) fn passed(&mut self) {
        self.to_pass = self.to_pass.saturating_sub(1);
        if self.to_pass == 0 {
            self.factor = 1;
        }
    }

    /// How long a range may wait, where `usual` is what was asked for.
    pub(super) fn age(self, usual: Duration) -> Duration {
        usual.saturating_mul(self.factor).min(SLOWEST.max(usual))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_wait_longer_until_five_inserts_have_passed() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::USUAL;
        pace.passed();
        assert_eq!(pace.age(second), second);
        pace.slow_down();
        pace.slow_down();
        assert_eq!(pace.age(second), 4 * second);
        (0..4).for_each(|_| pace.passed());
        assert_eq!(pace.age(second), 4 * second);
        pace.passed();
        assert_eq!(pace.age(second), second);
        (0..9).for_each(|_| pace.slow_down());
        assert_eq!(pace.age(second), SLOWEST);
        assert_eq!(pace.age(2 * SLOWEST), 2 * SLOWEST);
    }
}
