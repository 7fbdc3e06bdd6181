//! One hour of a station: the sum of its charge points, and its own sweep (chapter 8).

use super::digest::digest;
use super::failures::Dimensions;
use super::hour::Hour;
use super::sweep::weigh;
use crate::indicator::{FailureGauges, StationState, StationSweep, Vector};

/// What a record of a station says, its emission apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StationHour {
    /// Installed power of the charge points summed, and the first known municipality among them.
    pub(super) dimensions: Dimensions,
    pub(super) vector: Vector,
    pub(super) charge_points: i64,
    pub(super) sweep: StationSweep,
    pub(super) state_at_end: StationState,
    pub(super) gauges: FailureGauges,
}

impl StationHour {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self {
            dimensions: Dimensions::default(),
            vector: Vector::default(),
            charge_points: 0,
            sweep: StationSweep::default(),
            state_at_end: StationState::Inactive,
            gauges: FailureGauges::default(),
        }
    }

    /// Adds a charge point.
    pub(super) fn add(&mut self, hour: &Hour) {
        self.charge_points += 1;
        self.vector.merge(&hour.vector);
        weigh(&mut self.sweep, hour);
        self.dimensions.add(&hour.dimensions);
        self.gauges.open_failures_at_end += hour.gauges.open_failures_at_end;
        self.gauges.oldest_open_failure_ms = self
            .gauges
            .oldest_open_failure_ms
            .max(hour.gauges.oldest_open_failure_ms);
    }

    /// The digest of all that a consumer sees, key and emission apart.
    pub(super) fn digest(&self) -> i64 {
        let beside = [
            self.charge_points,
            i64::from(self.state_at_end as u8),
            self.gauges.open_failures_at_end,
            self.gauges.oldest_open_failure_ms,
            self.dimensions.power_w,
        ];
        let (vector, sweep) = (self.vector.to_array(), self.sweep.to_array());
        let parts = [&vector[..], &sweep, &beside];
        digest(parts, &self.dimensions.code_insee_commune)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_field_of_a_stations_hour_decides_its_digest() {
        let changed = |change: &dyn Fn(&mut StationHour)| {
            let mut hour = StationHour::new();
            change(&mut hour);
            hour
        };
        let mut all = vec![
            StationHour::new(),
            changed(&|hour| hour.charge_points = 1),
            changed(&|hour| hour.state_at_end = StationState::Idle),
            changed(&|hour| hour.gauges.open_failures_at_end = 1),
            changed(&|hour| hour.gauges.oldest_open_failure_ms = 1),
            changed(&|hour| hour.dimensions.power_w = 1),
            changed(&|hour| hour.dimensions.code_insee_commune = "75102".into()),
        ];
        let one = |field: usize| move |index: usize| i64::from(index == field);
        for field in 0..Vector::LENGTH {
            let vector = Vector::from_array(std::array::from_fn(one(field)));
            all.push(changed(&|hour| hour.vector = vector));
        }
        for field in 0..StationSweep::LENGTH {
            let sweep = StationSweep::from_array(std::array::from_fn(one(field)));
            all.push(changed(&|hour| hour.sweep = sweep));
        }
        let digests: BTreeSet<i64> = all.iter().map(StationHour::digest).collect();
        assert_eq!(digests.len(), all.len());
    }
}
