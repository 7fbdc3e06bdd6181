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
