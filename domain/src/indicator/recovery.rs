//! Recovery: how long a charge point is out of service before it returns.
//!
//! Over the episodes that returned in the period and are not left-censored; the whole duration
//! belongs to the period of the return. A mean over returned episodes is optimistic while long
//! ones stay open: it stands beside the number of open failures and the age of the oldest.
//!
//! Quantiles are of the nearest rank: the ⌈q·n⌉-th smallest of n durations, hence one that
//! occurred. They do not add up: take them anew from the episodes of the longer period.

use super::{Ratio, Vector};

/// The mean time from the opening of a failure to the return to service (MTTR).
///
/// - Formula: `time_to_return_ms` / returns / 1000
/// - Unit: s
/// - Null when: returns = 0
/// - Source: IEC 60050-192, ISO/TR 12489 (`MTTRes`); R353-4-5
/// - QualiCharge: –
pub fn mean_time_to_return_s(sums: &Vector) -> Ratio {
    Ratio::seconds(sums.time_to_return_ms, sums.returns)
}

/// The time within which half of the failures were over.
///
/// - Formula: nearest rank (⌈0.50·n⌉-th smallest) over the episodes returned in the period, not left-censored
/// - Unit: s
/// - Null when: no episode
/// - Source: ours
/// - QualiCharge: –
pub fn time_to_return_p50_s(times_to_return_ms: &[i64]) -> Ratio {
    nearest_rank_s(times_to_return_ms, 50)
}

/// The time within which nine failures of ten were over.
///
/// - Formula: nearest rank (⌈0.90·n⌉-th smallest) over the episodes returned in the period, not left-censored
/// - Unit: s
/// - Null when: no episode
/// - Source: ours
/// - QualiCharge: –
pub fn time_to_return_p90_s(times_to_return_ms: &[i64]) -> Ratio {
    nearest_rank_s(times_to_return_ms, 90)
}

/// The time within which nineteen failures of twenty were over.
///
/// - Formula: nearest rank (⌈0.95·n⌉-th smallest) over the episodes returned in the period, not left-censored
/// - Unit: s
/// - Null when: no episode
/// - Source: ours
/// - QualiCharge: –
pub fn time_to_return_p95_s(times_to_return_ms: &[i64]) -> Ratio {
    nearest_rank_s(times_to_return_ms, 95)
}

/// The ⌈percent·n / 100⌉-th smallest of n durations, in seconds; null without a duration.
fn nearest_rank_s(times_ms: &[i64], percent: usize) -> Ratio {
    let mut sorted = times_ms.to_vec();
    sorted.sort_unstable();
    let rank = (percent * sorted.len()).div_ceil(100);
    let at_rank = rank.checked_sub(1).and_then(|index| sorted.get(index));
    at_rank.map_or(Ratio::NULL, |&ms| Ratio::seconds(ms, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_nearest_rank_and_no_interpolation() {
        let five = [50_000, 10_000, 40_000, 20_000, 30_000];
        assert_eq!(time_to_return_p50_s(&five).value(), Some(30.0));
        assert_eq!(time_to_return_p90_s(&five).value(), Some(50.0));
        let four = [40_000, 10_000, 30_000, 20_000];
        assert_eq!(time_to_return_p50_s(&four).value(), Some(20.0));
        let hundred: Vec<i64> = (1..=100).map(|second| second * 1_000).collect();
        assert_eq!(time_to_return_p90_s(&hundred).value(), Some(90.0));
        assert_eq!(time_to_return_p95_s(&hundred).value(), Some(95.0));
        assert_eq!(time_to_return_p95_s(&[7_500]).value(), Some(7.5));
        assert_eq!(time_to_return_p95_s(&[]).value(), None);
    }

    #[test]
    fn the_mean_time_to_return_divides_by_returns_and_not_by_failures() {
        let sums = Vector {
            failures: 5,
            returns: 2,
            time_to_return_ms: 3_000,
            ..Vector::default()
        };
        assert_eq!(mean_time_to_return_s(&sums).value(), Some(1.5));
        let open = Vector { returns: 0, ..sums };
        assert_eq!(mean_time_to_return_s(&open).value(), None);
    }
}
