//! Distribution: how many charge points are very good, and how many very bad.
//!
//! A mean hides both ends. These two figures count charge points, so they do not add up over time:
//! take them anew from the charge points of the longer period.

use super::availability::{availability, coverage};
use super::{Ratio, Vector};
use crate::policy::Policy;
use crate::time::{Span, Timestamp};

/// The availability above which a charge point counts as very good, percent (T99).
const VERY_GOOD_PERCENT: i64 = 99;

/// The age from which on a failure counts as very long (T7J).
const VERY_LONG: Span = Span::from_days(7);

/// The share of charge points with an availability above 99 % (T99), per month, over those that
/// were observed at least half of their required time (the policy's `coverage_floor`).
///
/// - Formula: charge points with availability > 0.99 / charge points, both with coverage ≥ 0.5, per month
/// - Unit: 1
/// - Null when: no charge point
/// - Source: AFIREV observatory
/// - QualiCharge: –
pub fn share_above_99(months: &[Vector], policy: &Policy) -> Ratio {
    let floor = policy.coverage_floor_percent;
    let observed = months
        .iter()
        .filter(|month| coverage(month).reaches_percent(floor));
    let (above, all) = observed.fold((0, 0), |(above, all), month| {
        let is_above = availability(month).exceeds_percent(VERY_GOOD_PERCENT);
        (above + i64::from(is_above), all + 1)
    });
    Ratio::new(above, all)
}

/// What a charge point did in a period, as far as long failures go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongFailure {
    /// Whether the charge point was active at some instant of the period: it has required time.
    pub is_active: bool,
    /// Whether it had an episode, left-censored or not, that was older than 7 d at some instant of
    /// the period.
    pub is_down_over_7d: bool,
}

impl LongFailure {
    /// Judges a charge point by its sums over `[start, end)` and its episodes, each from its
    /// opening to its closing, or to none while it is open.
    pub fn of(
        sums: &Vector,
        episodes: &[(Timestamp, Option<Timestamp>)],
        (start, end): (Timestamp, Timestamp),
    ) -> Self {
        let is_long = |&(opened_at, closed_at): &(Timestamp, Option<Timestamp>)| {
            let last = closed_at.map_or(end, |closed| closed.min(end));
            start < last && last - opened_at > VERY_LONG
        };
        Self {
            is_active: sums.required_ms() > 0,
            is_down_over_7d: episodes.iter().any(is_long),
        }
    }
}

/// The share of charge points that were out of service for more than 7 d (T7J), over those active
/// at some instant of the period.
///
/// - Formula: charge points with an episode (left-censored or not) older than 7 d at some instant of the period / charge points active at some instant
/// - Unit: 1
/// - Null when: none active
/// - Source: AFIREV observatory
/// - QualiCharge: d5
pub fn share_down_over_7d(charge_points: &[LongFailure]) -> Ratio {
    let active = charge_points
        .iter()
        .filter(|charge_point| charge_point.is_active);
    let (long, all) = active.fold((0, 0), |(long, all), charge_point| {
        (long + i64::from(charge_point.is_down_over_7d), all + 1)
    });
    Ratio::new(long, all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(up_ms: i64, down_ms: i64, unknown_ms: i64) -> Vector {
        Vector {
            free_ms: up_ms,
            out_of_service_ms: down_ms,
            unknown_long_ms: unknown_ms,
            ..Vector::default()
        }
    }

    #[test]
    fn exactly_99_percent_is_not_above_and_half_covered_is_enough() {
        let policy = Policy::qc_1();
        let months = [
            month(1_000, 0, 0),
            month(990, 10, 0),
            month(991, 9, 1_000),
            month(991, 9, 1_001),
            month(0, 0, 5),
            Vector::default(),
        ];
        assert_eq!(share_above_99(&months, &policy), Ratio::new(2, 3));
        assert_eq!(share_above_99(&[month(0, 0, 5)], &policy).value(), None);
    }

    #[test]
    fn a_failure_counts_once_it_is_older_than_seven_days_within_the_period() {
        let day = |days: i64| Timestamp::from_ms(0) + Span::from_days(days);
        let period = (day(30), day(60));
        let long = |opened: Timestamp, closed: Option<Timestamp>| {
            LongFailure::of(&month(1, 0, 0), &[(opened, closed)], period).is_down_over_7d
        };
        assert!(long(day(40), None));
        assert!(!long(day(40), Some(day(47))), "never older than 7 d");
        assert!(long(day(40), Some(day(47) + Span::from_ms(1))));
        assert!(!long(day(53), None), "7 d old only when the period ends");
        assert!(
            !long(day(53), Some(day(90))),
            "long, but in the next period"
        );
        assert!(long(day(1), Some(day(30) + Span::from_ms(1))));
        assert!(!long(day(1), Some(day(30))), "over before the period");
        assert!(!long(day(90), None), "opened after the period");
    }

    #[test]
    fn a_charge_point_that_was_never_active_is_not_in_the_fleet() {
        let of = |is_active, is_down_over_7d| LongFailure {
            is_active,
            is_down_over_7d,
        };
        let fleet = [of(true, true), of(true, false), of(false, true)];
        assert_eq!(share_down_over_7d(&fleet), Ratio::new(1, 2));
        assert_eq!(share_down_over_7d(&[of(false, true)]).value(), None);
        let inactive = Vector {
            inactive_ms: 5,
            ..Vector::default()
        };
        let period = (Timestamp::from_ms(0), Timestamp::from_ms(5));
        assert!(!LongFailure::of(&inactive, &[], period).is_active);
        assert!(LongFailure::of(&month(0, 1, 0), &[], period).is_active);
    }
}
