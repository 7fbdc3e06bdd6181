//! Chance: a seeded generator whose stream stays the same, and the few distributions that are drawn.
//!
//! Everything that is drawn for one charge point comes from its own stream of `ChaCha8`, so a larger
//! fleet begins with the smaller one.

use std::f64::consts::TAU;

use domain::Span;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Stream number `stream` of `seed`.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut key = [0; 32];
        for (byte, value) in key.iter_mut().zip(seed.to_le_bytes()) {
            *byte = value;
        }
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(stream);
        Self(generator)
    }

    /// A number in [0, 1).
    pub fn unit(&mut self) -> f64 {
        const BITS: u32 = 53;
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a float exactly")]
        let (bits, all) = (
            (self.0.next_u64() >> (64 - BITS)) as f64,
            (1_u64 << BITS) as f64,
        );
        bits / all
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: f64) -> bool {
        self.unit() * 100.0 < percent
    }

    /// An integer in [0, `bound`), or 0 when the bound is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number in [`low`, `high`).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// A duration in [`low`, `high`), in whole milliseconds.
    pub fn span(&mut self, low: Span, high: Span) -> Span {
        let width = u64::try_from(high.as_ms() - low.as_ms()).unwrap_or(0);
        Span::from_ms(low.as_ms() + i64::try_from(self.below(width)).unwrap_or(0))
    }

    /// One of `choices`, each as likely; none when there is none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let index = self.below(choices.len() as u64);
        choices.get(usize::try_from(index).unwrap_or(0))
    }

    /// The waiting time of a Poisson process with one event per `mean`.
    pub fn waiting_time(&mut self, mean: Span) -> Span {
        scaled(mean, -(1.0 - self.unit()).ln())
    }

    /// A factor around 1, log-normal with the given deviation of its logarithm.
    pub fn factor(&mut self, sigma: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        let normal = radius * (TAU * self.unit()).cos();
        (sigma * normal).exp()
    }

    /// A log-normal duration with the given median.
    pub fn log_normal(&mut self, median: Span, sigma: f64) -> Span {
        scaled(median, self.factor(sigma))
    }
}

/// `span` times `factor`, in whole milliseconds.
pub fn scaled(span: Span, factor: f64) -> Span {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "durations are far below 2^53 ms, and casts saturate"
    )]
    let ms = (span.as_ms() as f64 * factor).round() as i64;
    Span::from_ms(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_depends_on_seed_and_number_only() {
        let draw = |seed, stream| Dice::new(seed, stream).below(u64::MAX);
        assert_eq!(draw(7, 3), draw(7, 3));
        assert_ne!(draw(7, 3), draw(7, 4));
        assert_ne!(draw(7, 3), draw(8, 3));
    }

    #[test]
    fn half_of_the_log_normal_durations_lie_below_the_median() {
        let mut dice = Dice::new(1, 1);
        let median = Span::from_hours(1);
        let below = (0..10_000)
            .filter(|_| dice.log_normal(median, 2.0) < median)
            .count();
        assert!((4_800..5_200).contains(&below), "{below}");
    }
}
