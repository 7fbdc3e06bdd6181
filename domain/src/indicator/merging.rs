//! Merging: how figures of hours and of places combine (chapter 12).
//!
//! The base grain is one hour of a charge point and of a station; everything coarser is a sum of
//! it. What does not add is not summed: a gauge of a day is that of its last hour, a quantile of a
//! month is taken anew from the episodes of the month.

use super::{FailureGauges, Ratio, StationSweep, Vector};
use crate::time::Span;

/// How values combine in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// They add.
    Add,
    /// The last one counts.
    Last,
    /// The largest one counts.
    Maximum,
    /// They add, but only over disjoint parts.
    AddDisjoint,
    /// They do not combine: recompute from what they were made of.
    Recompute,
}

impl Rule {
    /// As it is written.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Add => "adds",
            Self::Last => "no: take the last",
            Self::Maximum => "takes the maximum",
            Self::AddDisjoint => "adds over disjoint territories",
            Self::Recompute => "no: recompute",
        }
    }
}

/// How one kind of figure combines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merging {
    /// Which figures.
    pub what: &'static str,
    /// From hours to longer periods.
    pub over_time: Rule,
    /// From charge points and stations to territories and owners.
    pub over_space: Rule,
    /// What to bear in mind.
    pub note: &'static str,
}

impl Merging {
    /// Every kind of figure.
    pub const ALL: [Self; 7] = [
        Self {
            what: "vector, power-weighted fields",
            over_time: Rule::Add,
            over_space: Rule::Add,
            note: "",
        },
        Self {
            what: "station sweep and saturation fields",
            over_time: Rule::Add,
            over_space: Rule::Add,
            note: "over stations; cannot be had from charge points",
        },
        Self {
            what: "station charge_points",
            over_time: Rule::Last,
            over_space: Rule::Add,
            note: "or, over time, divide the nine states by the covered time",
        },
        Self {
            what: "gauge open_failures_at_end",
            over_time: Rule::Last,
            over_space: Rule::Add,
            note: "",
        },
        Self {
            what: "gauge oldest_open_failure_ms",
            over_time: Rule::Last,
            over_space: Rule::Maximum,
            note: "",
        },
        Self {
            what: "quantiles, T99, T7J",
            over_time: Rule::Recompute,
            over_space: Rule::Recompute,
            note: "from episodes or monthly charge point rows",
        },
        Self {
            what: "distinct counts (e4, u12, u13)",
            over_time: Rule::Recompute,
            over_space: Rule::AddDisjoint,
            note: "",
        },
    ];
}

/// What is counted of a place, or of several, over a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Total {
    /// The sum of the vectors.
    pub vector: Vector,
    /// The sum of the sweeps of stations.
    pub sweep: StationSweep,
    /// Charge points at the end of the period.
    pub charge_points: i64,
    /// Failures open at the end of the period.
    pub gauges: FailureGauges,
}

impl Total {
    /// The same place over this period and the one right after it: sums add, the number of charge
    /// points and the gauges are those of the later.
    #[must_use]
    pub fn then(mut self, later: &Self) -> Self {
        self.vector.merge(&later.vector);
        self.sweep.merge(&later.sweep);
        self.charge_points = later.charge_points;
        self.gauges = later.gauges;
        self
    }

    /// This place and another one over the same period: everything adds, but of the oldest open
    /// failures the older counts.
    #[must_use]
    pub fn beside(mut self, other: &Self) -> Self {
        self.vector.merge(&other.vector);
        self.sweep.merge(&other.sweep);
        self.charge_points += other.charge_points;
        self.gauges.open_failures_at_end += other.gauges.open_failures_at_end;
        let oldest_ms = self.gauges.oldest_open_failure_ms;
        self.gauges.oldest_open_failure_ms = oldest_ms.max(other.gauges.oldest_open_failure_ms);
        self
    }

    /// The mean number of charge points over a period of that length: the sum of the nine states
    /// over the length.
    pub fn mean_charge_points(&self, length: Span) -> Ratio {
        Ratio::new(self.vector.covered_ms(), length.as_ms())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A total all of whose parts are told apart by `number`.
    fn total(number: i64) -> Total {
        Total {
            vector: Vector::from_array(std::array::from_fn(|field| {
                number * (1 + field.cast_signed() as i64)
            })),
            sweep: StationSweep::from_array([number; StationSweep::LENGTH]),
            charge_points: number,
            gauges: FailureGauges {
                open_failures_at_end: number,
                oldest_open_failure_ms: 100 - number,
            },
        }
    }

    #[test]
    fn over_time_sums_add_and_gauges_are_those_of_the_last_hour() {
        let both = total(2).then(&total(5));
        assert_eq!(both.vector, total(7).vector);
        assert_eq!(both.sweep, total(7).sweep);
        assert_eq!((both.charge_points, both.gauges), (5, total(5).gauges));
    }

    #[test]
    fn over_space_everything_adds_but_the_age_of_the_oldest_failure() {
        let both = total(2).beside(&total(5));
        assert_eq!((both.vector, both.sweep), (total(7).vector, total(7).sweep));
        assert_eq!(both.charge_points, 7);
        assert_eq!(both.gauges.open_failures_at_end, 7);
        assert_eq!(both.gauges.oldest_open_failure_ms, 98);
        assert_eq!(both, total(5).beside(&total(2)));
    }

    #[test]
    fn hours_of_places_and_places_of_hours_give_the_same() {
        let [first, second, other_first, other_second] = [1, 2, 30, 40].map(total);
        let places = first.then(&second).beside(&other_first.then(&other_second));
        let hours = first
            .beside(&other_first)
            .then(&second.beside(&other_second));
        assert_eq!(places, hours);
    }

    #[test]
    fn charge_points_over_time_are_a_mean_of_covered_time() {
        let hour_ms = 3_600_000;
        let three_then_one = Total {
            vector: Vector {
                free_ms: 3 * hour_ms,
                inactive_ms: hour_ms,
                ..Vector::default()
            },
            ..Total::default()
        };
        let mean = three_then_one.mean_charge_points(Span::from_hours(2));
        assert_eq!(mean.value(), Some(2.0));
    }
}
