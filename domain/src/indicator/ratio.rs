//! The ratio: two sums, divided when read.
//!
//! A figure over many hours or charge points is the ratio of the sums, never the mean of the
//! ratios: add numerators and denominators first. Without a denominator there is nothing to
//! divide, so the value is null, not 0. Until it is read a ratio is exact.

/// A numerator over a denominator, both exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    /// What is divided.
    pub numerator: i128,
    /// By what; 0 makes the ratio null.
    pub denominator: i128,
}

impl Ratio {
    /// No value: nothing to divide by.
    pub const NULL: Self = Self {
        numerator: 0,
        denominator: 0,
    };

    /// `numerator / denominator`.
    pub fn new(numerator: impl Into<i128>, denominator: impl Into<i128>) -> Self {
        Self {
            numerator: numerator.into(),
            denominator: denominator.into(),
        }
    }

    /// A number of seconds: `numerator_ms / denominator / 1000`.
    pub fn seconds(numerator_ms: impl Into<i128>, denominator: impl Into<i128>) -> Self {
        Self::new(numerator_ms, denominator.into() * 1000)
    }

    /// Whether there is no value.
    pub const fn is_null(self) -> bool {
        self.denominator == 0
    }

    /// The value, null when the denominator is 0. Floating point begins here and nowhere before.
    #[expect(
        clippy::cast_precision_loss,
        reason = "each conversion is exact to 2^-53, far below what is published"
    )]
    pub fn value(self) -> Option<f64> {
        (!self.is_null()).then(|| self.numerator as f64 / self.denominator as f64)
    }

    /// Whether the value is greater than `percent` / 100, in whole numbers; null is not.
    pub fn exceeds_percent(self, percent: i64) -> bool {
        !self.is_null() && self.numerator * 100 > self.denominator * i128::from(percent)
    }

    /// Whether the value is `percent` / 100 or more, in whole numbers; null is not.
    pub fn reaches_percent(self, percent: i64) -> bool {
        !self.is_null() && self.numerator * 100 >= self.denominator * i128::from(percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_denominator_there_is_no_value() {
        assert_eq!(Ratio::new(0, 0).value(), None);
        assert_eq!(Ratio::new(5, 0).value(), None);
        assert_eq!(Ratio::new(0, 5).value(), Some(0.0));
        assert_eq!(Ratio::seconds(3_000, 0).value(), None);
        assert_eq!(Ratio::seconds(3_000, 2).value(), Some(1.5));
    }

    #[test]
    fn a_bound_is_compared_in_whole_numbers() {
        assert!(!Ratio::new(99, 100).exceeds_percent(99));
        assert!(Ratio::new(99, 100).reaches_percent(99));
        assert!(Ratio::new(990_000_000_000_001_i64, 1_000_000_000_000_000_i64).exceeds_percent(99));
        assert!(!Ratio::NULL.exceeds_percent(0) && !Ratio::NULL.reaches_percent(0));
    }
}
