//! Reliability: how often a charge point fails.
//!
//! A failure is an episode that opened in the period and is not left-censored: a loss of
//! communication is none, and neither is downtime whose beginning nobody saw. Without a failure
//! the two means are null: show "> up", the time it has run without one.

use super::{Ratio, Vector};

/// Hours to which the failure rate refers, in ms: 1000 h.
const THOUSAND_HOURS_MS: i128 = 3_600_000_000;

/// The mean time up between failures (MTBF).
///
/// - Formula: up / failures / 1000
/// - Unit: s
/// - Null when: failures = 0: show "> up"
/// - Source: IEC 60050-192, ITIL 4
/// - QualiCharge: –
pub fn mean_time_between_failures_s(sums: &Vector) -> Ratio {
    Ratio::seconds(sums.up_ms(), sums.failures)
}

/// The mean observed time from the start of a failure to the start of the next (MTBSI).
///
/// - Formula: (up + down) / failures / 1000
/// - Unit: s
/// - Null when: failures = 0
/// - Source: ITIL 4
/// - QualiCharge: –
pub fn mean_time_between_failure_starts_s(sums: &Vector) -> Ratio {
    Ratio::seconds(sums.up_ms() + sums.down_ms(), sums.failures)
}

/// The failures per 1000 h of time up.
///
/// - Formula: failures × 3.6·10⁹ / up
/// - Unit: per 1000 h up
/// - Null when: up = 0
/// - Source: IEC 60050-192
/// - QualiCharge: –
pub fn failure_rate_per_1000h(sums: &Vector) -> Ratio {
    Ratio::new(i128::from(sums.failures) * THOUSAND_HOURS_MS, sums.up_ms())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_failures_in_ten_hours_up_and_two_down() {
        let hour = 3_600_000;
        let sums = Vector {
            free_ms: 9 * hour,
            in_service_ms: hour,
            out_of_service_ms: 2 * hour,
            unknown_short_ms: 7 * hour,
            failures: 2,
            ..Vector::default()
        };
        let value = |figure: fn(&Vector) -> Ratio| figure(&sums).value();
        assert_eq!(value(mean_time_between_failures_s), Some(18_000.0));
        assert_eq!(value(mean_time_between_failure_starts_s), Some(21_600.0));
        assert_eq!(value(failure_rate_per_1000h), Some(200.0));
    }

    #[test]
    fn without_a_failure_the_means_are_null_and_the_rate_is_zero() {
        let sums = Vector {
            free_ms: 1,
            ..Vector::default()
        };
        assert_eq!(mean_time_between_failures_s(&sums).value(), None);
        assert_eq!(mean_time_between_failure_starts_s(&sums).value(), None);
        assert_eq!(failure_rate_per_1000h(&sums).value(), Some(0.0));
        assert_eq!(failure_rate_per_1000h(&Vector::default()).value(), None);
    }
}
