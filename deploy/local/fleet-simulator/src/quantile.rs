//! Quantiles of durations, as a table and as JSON.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// Quantiles by nearest rank, ms.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantiles {
    /// Number of durations.
    pub count: usize,
    /// Half are at most this.
    pub p50_ms: f64,
    /// 90 % are at most this.
    pub p90_ms: f64,
    /// 99 % are at most this.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Quantiles {
    /// The quantiles of `durations`; all 0 when there is none.
    pub fn of(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        // Nearest rank: the ⌈q·n⌉-th smallest.
        let rank = |percent: usize| {
            let place = (durations.len() * percent).div_ceil(100).saturating_sub(1);
            durations
                .get(place)
                .map_or(0.0, |duration| (duration.as_secs_f64() * 1e6).round() / 1e3)
        };
        Self {
            count: durations.len(),
            p50_ms: rank(50),
            p90_ms: rank(90),
            p99_ms: rank(99),
            max_ms: rank(100),
        }
    }

    /// The heading of the rows that [`fmt::Display`] writes.
    pub const HEADING: &'static str = "   count    p50 ms    p90 ms    p99 ms    max ms";
}

impl fmt::Display for Quantiles {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            count,
            p50_ms,
            p90_ms,
            p99_ms,
            max_ms,
        } = self;
        write!(
            formatter,
            "{count:8} {p50_ms:9.1} {p90_ms:9.1} {p99_ms:9.1} {max_ms:9.1}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_nearest_rank() {
        let quantiles = Quantiles::of((1..=10).rev().map(Duration::from_millis).collect());
        let expected = Quantiles {
            count: 10,
            p50_ms: 5.0,
            p90_ms: 9.0,
            p99_ms: 10.0,
            max_ms: 10.0,
        };
        assert_eq!(quantiles, expected);
    }

    #[test]
    fn no_duration_gives_zeroes() {
        assert_eq!(
            Quantiles::of(Vec::new()).max_ms.to_bits(),
            0.0_f64.to_bits()
        );
    }
}
