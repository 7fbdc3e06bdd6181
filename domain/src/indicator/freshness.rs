//! Freshness: how soon a status is known after it took effect.
//!
//! Over distinct statuses, each with the delay of its first copy: reception minus event time, at
//! least 0. The law asks for changes within a minute (Implementing Regulation (EU) 2025/655);
//! QualiCharge's rule 43 allows 300 s.

use super::{Ratio, Vector};

/// The share of statuses that were known within 300 s.
///
/// - Formula: `fresh_statuses` / statuses
/// - Unit: 1
/// - Null when: statuses = 0
/// - Source: rule 43
/// - QualiCharge: FRET
pub fn freshness(sums: &Vector) -> Ratio {
    Ratio::new(sums.fresh_statuses, sums.statuses)
}

/// The mean delay of a status, whole.
///
/// - Formula: `status_delay_ms` / statuses / 1000
/// - Unit: s
/// - Null when: statuses = 0
/// - Source: rule 43
/// - QualiCharge: FRET
pub fn mean_status_delay_s(sums: &Vector) -> Ratio {
    Ratio::seconds(sums.status_delay_ms, sums.statuses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_averaged_over_distinct_statuses() {
        let sums = Vector {
            statuses: 4,
            duplicate_statuses: 100,
            fresh_statuses: 3,
            status_delay_ms: 7_500_000,
            ..Vector::default()
        };
        assert_eq!(freshness(&sums).value(), Some(0.75));
        assert_eq!(mean_status_delay_s(&sums).value(), Some(1_875.0));
        assert_eq!(freshness(&Vector::default()).value(), None);
        assert_eq!(mean_status_delay_s(&Vector::default()).value(), None);
    }
}
