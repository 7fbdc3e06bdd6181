//! How long to wait before the next attempt: doubling, bounded, jittered.
//!
//! Pure but for the dice: [`Backoff::delay_at`] takes the roll, [`Backoff::delay`] throws it.

use std::time::Duration;

/// A schedule of waits: `min · 2^attempt`, at most `max`, shortened by up to `jitter`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    min: Duration,
    max: Duration,
    jitter: f64,
}

/// A schedule that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum BackoffError {
    /// The shortest wait is zero, which would spin.
    #[error("minimum back-off is zero: give at least a millisecond")]
    Zero,
    /// The bounds are the wrong way round.
    #[error("minimum back-off {min:?} exceeds the maximum {max:?}: exchange them")]
    Bounds {
        /// The shortest wait.
        min: Duration,
        /// The longest wait.
        max: Duration,
    },
    /// The jitter is not a ratio.
    #[error("back-off jitter {0} is not a ratio: give a number from 0 to 1")]
    Jitter(f64),
}

impl Backoff {
    /// What services use unless they have a reason: 100 ms to 10 s, half of it random.
    pub const STANDARD: Self = Self {
        min: Duration::from_millis(100),
        max: Duration::from_secs(10),
        jitter: 0.5,
    };

    /// Creates a schedule; `jitter` is the share of a wait that is random, 0 to 1.
    ///
    /// # Errors
    /// When `min` is zero or exceeds `max`, or `jitter` is no ratio.
    pub fn new(min: Duration, max: Duration, jitter: f64) -> Result<Self, BackoffError> {
        if min.is_zero() {
            return Err(BackoffError::Zero);
        }
        if min > max {
            return Err(BackoffError::Bounds { min, max });
        }
        if !(0.0..=1.0).contains(&jitter) {
            return Err(BackoffError::Jitter(jitter));
        }
        Ok(Self { min, max, jitter })
    }

    /// Returns the wait before attempt number `attempt` + 1 (the first failure is attempt 0).
    pub fn delay(&self, attempt: u32) -> Duration {
        self.delay_at(attempt, rand::random::<f64>())
    }

    /// Returns the wait for a given roll of the dice, `roll` from 0 (longest) to 1 (shortest).
    pub fn delay_at(&self, attempt: u32, roll: f64) -> Duration {
        let doubled = self.min.saturating_mul(2_u32.saturating_pow(attempt));
        let longest = doubled.min(self.max);
        longest.mul_f64(1.0 - self.jitter * roll.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn waits_double_up_to_the_maximum() {
        let backoff = Backoff::new(100 * MS, 1_000 * MS, 0.0).unwrap();
        let waits: Vec<_> = (0..6)
            .map(|n| backoff.delay_at(n, 0.7).as_millis())
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(backoff.delay_at(u32::MAX, 0.0), 1_000 * MS);
    }

    #[test]
    fn jitter_only_shortens_and_by_no_more_than_its_share() {
        let backoff = Backoff::new(100 * MS, 1_000 * MS, 0.5).unwrap();
        assert_eq!(backoff.delay_at(1, 0.0), 200 * MS);
        assert_eq!(backoff.delay_at(1, 1.0), 100 * MS);
        assert_eq!(backoff.delay_at(1, 9.0), 100 * MS);
        assert!((100..=200).contains(&backoff.delay(1).as_millis()));
    }

    #[test]
    fn wrong_relations_are_refused() {
        assert_eq!(
            Backoff::new(Duration::ZERO, MS, 0.0),
            Err(BackoffError::Zero)
        );
        let (min, max) = (2 * MS, MS);
        assert_eq!(
            Backoff::new(min, max, 0.0),
            Err(BackoffError::Bounds { min, max })
        );
        assert_eq!(Backoff::new(MS, MS, 1.5), Err(BackoffError::Jitter(1.5)));
        assert!(Backoff::new(MS, MS, f64::NAN).is_err());
    }
}
