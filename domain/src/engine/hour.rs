//! One hour of one charge point: vector and gauges over the covered part of a window (chapter 7).

use super::digest::digest;
use super::failures::{Dimensions, Failure};
use crate::episode::EpisodeOutcome;
use crate::indicator::{ChargePointState, FailureGauges, Vector};
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::timeline::{Segment, clipped};

/// What a record of one charge point says, its emission apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hour {
    pub(super) dimensions: Dimensions,
    pub(super) vector: Vector,
    pub(super) state_at_end: ChargePointState,
    pub(super) gauges: FailureGauges,
}

impl Default for Hour {
    fn default() -> Self {
        Self {
            dimensions: Dimensions::default(),
            vector: Vector::default(),
            state_at_end: ChargePointState::Inactive,
            gauges: FailureGauges::default(),
        }
    }
}

impl Hour {
    /// Time and failures of the covered part of a window; statuses and sessions are added by those who hold them.
    pub(super) fn of(
        (from, to): (Timestamp, Timestamp),
        (segments, failures): (&[Segment], &[Failure]),
        dimensions: Dimensions,
        policy: &Policy,
    ) -> Self {
        let mut vector = Vector::default();
        let mut state_at_end = ChargePointState::Inactive;
        let mut drawn_to = from;
        for segment in clipped(segments, from, to) {
            state_at_end = segment.state.state();
            *time_in(&mut vector, state_at_end) += (segment.end - segment.start).as_ms();
            drawn_to = segment.end;
        }
        vector.inactive_ms += (to - drawn_to).as_ms();
        count_failures(&mut vector, failures, (from, to), policy);
        Self {
            dimensions,
            vector,
            state_at_end,
            gauges: gauges(failures, to),
        }
    }

    /// The digest of all that a consumer sees, key and emission apart.
    pub(super) fn digest(&self) -> i64 {
        let beside = [
            i64::from(self.state_at_end as u8),
            self.gauges.open_failures_at_end,
            self.gauges.oldest_open_failure_ms,
            self.dimensions.power_w,
        ];
        let vector = self.vector.to_array();
        digest([&vector[..], &beside], &self.dimensions.code_insee_commune)
    }
}

fn time_in(vector: &mut Vector, state: ChargePointState) -> &mut i64 {
    match state {
        ChargePointState::Inactive => &mut vector.inactive_ms,
        ChargePointState::Free => &mut vector.free_ms,
        ChargePointState::Occupied => &mut vector.occupied_ms,
        ChargePointState::Reserved => &mut vector.reserved_ms,
        ChargePointState::InService => &mut vector.in_service_ms,
        ChargePointState::OutOfService => &mut vector.out_of_service_ms,
        ChargePointState::UnknownShort => &mut vector.unknown_short_ms,
        ChargePointState::UnknownLong => &mut vector.unknown_long_ms,
        ChargePointState::Closed => &mut vector.closed_ms,
    }
}

/// A failure belongs to the window of its opening, a return wholly to that of its closing.
fn count_failures(
    vector: &mut Vector,
    failures: &[Failure],
    (from, to): (Timestamp, Timestamp),
    policy: &Policy,
) {
    let holds = |at: Timestamp| from <= at && at < to;
    for failure in failures.iter().filter(|f| !f.flags.left_censored) {
        vector.failures += i64::from(holds(failure.opened_at));
        let Some(end) = failure.end.filter(|end| holds(end.closed_at)) else {
            continue;
        };
        if failure.outcome != EpisodeOutcome::Returned {
            continue;
        }
        vector.returns += 1;
        vector.time_to_return_ms += end.time_to_return_ms;
        *class_of(vector, end.time_to_return_ms, policy) += 1;
    }
}

fn class_of<'v>(vector: &'v mut Vector, time_to_return_ms: i64, policy: &Policy) -> &'v mut i64 {
    let [second, third, fourth] = policy.recovery_classes.map(crate::time::Span::as_ms);
    if time_to_return_ms < second {
        &mut vector.returns_under_2h
    } else if time_to_return_ms < third {
        &mut vector.returns_2h_to_24h
    } else if time_to_return_ms < fourth {
        &mut vector.returns_24h_to_7d
    } else {
        &mut vector.returns_over_7d
    }
}

fn gauges(failures: &[Failure], covered_end: Timestamp) -> FailureGauges {
    let open = failures.iter().filter(|f| f.is_open_before(covered_end));
    open.fold(FailureGauges::default(), |gauges, failure| {
        let age_ms = (covered_end - failure.opened_at).as_ms();
        FailureGauges {
            open_failures_at_end: gauges.open_failures_at_end + 1,
            oldest_open_failure_ms: gauges.oldest_open_failure_ms.max(age_ms),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::time::Span;

    #[test]
    fn every_field_of_an_hour_decides_its_digest() {
        let changed = |change: &dyn Fn(&mut Hour)| {
            let mut hour = Hour::default();
            change(&mut hour);
            hour
        };
        let mut all = vec![
            Hour::default(),
            changed(&|hour| hour.state_at_end = ChargePointState::Free),
            changed(&|hour| hour.gauges.open_failures_at_end = 1),
            changed(&|hour| hour.gauges.oldest_open_failure_ms = 1),
            changed(&|hour| hour.dimensions.power_w = 1),
            changed(&|hour| hour.dimensions.code_insee_commune = "75102".into()),
        ];
        for field in 0..Vector::LENGTH {
            let vector = std::array::from_fn(|index| i64::from(index == field));
            let vector = Vector::from_array(vector);
            all.push(changed(&|hour| hour.vector = vector));
        }
        let digests: BTreeSet<i64> = all.iter().map(Hour::digest).collect();
        assert_eq!(digests.len(), all.len());
    }

    #[test]
    fn the_lower_bound_of_a_class_is_inside() {
        let policy = Policy::qc_1();
        let mut vector = Vector::default();
        for length in [
            Span::from_ms(Span::from_hours(2).as_ms() - 1),
            Span::from_hours(2),
            Span::from_hours(24),
            Span::from_days(7),
        ] {
            *class_of(&mut vector, length.as_ms(), &policy) += 1;
        }
        let classes = [
            vector.returns_under_2h,
            vector.returns_2h_to_24h,
            vector.returns_24h_to_7d,
            vector.returns_over_7d,
        ];
        assert_eq!(classes, [1; 4]);
    }
}
