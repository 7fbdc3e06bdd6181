//! Availability: for how much of the time a vehicle could charge.
//!
//! The headline, [`availability`], is measured on the time in which the charge point was observed
//! to be up or down. What was not observed is not invented: [`coverage`] says how much that was,
//! and [`availability_min`] and [`availability_max`] are what the figure would be had all of it
//! been down, or up. [`availability_afirev`] lies between them.
//!
//! Always `availability_min ≤ availability ≤ availability_max` and
//! `availability_min ≤ availability_afirev ≤ availability_max`. The headline is published beside
//! its coverage, and marked where that [`is_low`]. Maintenance counts as down (AFIREV: access
//! impossible, whatever the cause), reserved as up (UK).

use super::{Ratio, Vector};
use crate::policy::Policy;

/// The share of the observed time in which the charge point was up (*taux de disponibilité
/// constatée*).
///
/// - Formula: up / (up + down)
/// - Unit: 1
/// - Null when: up + down = 0
/// - Source: IEC 60050-192, A = MUT / (MUT + MDT), on observed time; QualiCharge notes, TD / TO
/// - QualiCharge: q6; q7 by power class
pub fn availability(sums: &Vector) -> Ratio {
    Ratio::new(sums.up_ms(), sums.up_ms() + sums.down_ms())
}

/// The share of the required time in which the charge point was observed to be up or down
/// (*couverture*).
///
/// - Formula: (up + down) / required
/// - Unit: 1
/// - Null when: required = 0
/// - Source: ours
/// - QualiCharge: –
pub fn coverage(sums: &Vector) -> Ratio {
    Ratio::new(sums.up_ms() + sums.down_ms(), sums.required_ms())
}

/// Availability in the sense of AFIREV: the first 24 h of every unknown run are forgiven, the rest
/// is down.
///
/// - Formula: (up + `unknown_short`) / required
/// - Unit: 1
/// - Null when: required = 0
/// - Source: AFIREV definition for the arrêté of 27 Oct 2021; decree 2017-26 art. 24-2
/// - QualiCharge: –
pub fn availability_afirev(sums: &Vector) -> Ratio {
    Ratio::new(sums.up_ms() + sums.unknown_short_ms, sums.required_ms())
}

/// The lower bound: all unknown time was down.
///
/// - Formula: up / required
/// - Unit: 1
/// - Null when: required = 0
/// - Source: NEVI, 23 CFR 680.116(b), without its exclusions: offline is down
/// - QualiCharge: –
pub fn availability_min(sums: &Vector) -> Ratio {
    Ratio::new(sums.up_ms(), sums.required_ms())
}

/// The upper bound: all unknown time was up.
///
/// - Formula: (up + unknown) / required
/// - Unit: 1
/// - Null when: required = 0
/// - Source: UK SI 2023/1168 reg. 7: unknown counts as reliable
/// - QualiCharge: –
pub fn availability_max(sums: &Vector) -> Ratio {
    Ratio::new(sums.up_ms() + sums.unknown_ms(), sums.required_ms())
}

/// Whether the coverage is so low that figures beside it are marked: below `low_coverage`.
/// Without required time there is nothing to mark.
pub fn is_low(coverage: Ratio, policy: &Policy) -> bool {
    !coverage.is_null() && !coverage.reaches_percent(policy.low_coverage_percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 h up, 2 h down, 3 h unknown of which 1 h within the first 24 h: 15 h required.
    fn sums() -> Vector {
        Vector {
            free_ms: 4,
            occupied_ms: 3,
            reserved_ms: 2,
            in_service_ms: 1,
            out_of_service_ms: 2,
            unknown_short_ms: 1,
            unknown_long_ms: 2,
            closed_ms: 100,
            inactive_ms: 1_000,
            ..Vector::default()
        }
    }

    #[test]
    fn closed_and_inactive_time_is_in_no_availability() {
        assert_eq!(availability(&sums()), Ratio::new(10, 12));
        assert_eq!(coverage(&sums()), Ratio::new(12, 15));
        assert_eq!(availability_afirev(&sums()), Ratio::new(11, 15));
        assert_eq!(availability_min(&sums()), Ratio::new(10, 15));
        assert_eq!(availability_max(&sums()), Ratio::new(13, 15));
    }

    #[test]
    fn without_observed_or_required_time_there_is_no_availability() {
        let unknown = Vector {
            unknown_long_ms: 5,
            ..Vector::default()
        };
        assert_eq!(availability(&unknown).value(), None);
        assert_eq!(coverage(&unknown).value(), Some(0.0));
        assert_eq!(availability_max(&unknown).value(), Some(1.0));
        let inactive = Vector {
            inactive_ms: 5,
            closed_ms: 5,
            ..Vector::default()
        };
        for figure in [
            availability,
            coverage,
            availability_afirev,
            availability_min,
            availability_max,
        ] {
            assert_eq!(figure(&inactive).value(), None);
        }
    }

    #[test]
    fn a_coverage_of_exactly_the_bound_is_not_marked() {
        let policy = Policy::qc_1();
        assert!(!is_low(Ratio::new(80, 100), &policy));
        assert!(is_low(Ratio::new(79, 100), &policy));
        assert!(!is_low(Ratio::NULL, &policy));
    }
}
