//! One hour of a station: the sum of its charge points, and its own sweep (chapter 8).

use super::emission::Digest;
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
    /// A station of which only the sweep is known, power apart.
    pub(super) fn new(sweep: StationSweep, state_at_end: StationState) -> Self {
        Self {
            dimensions: Dimensions::default(),
            vector: Vector::default(),
            charge_points: 0,
            sweep,
            state_at_end,
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
        Digest::new()
            .integers(&self.vector.to_array())
            .integers(&self.sweep.to_array())
            .integers(&[
                self.charge_points,
                i64::from(self.state_at_end as u8),
                self.gauges.open_failures_at_end,
                self.gauges.oldest_open_failure_ms,
                self.dimensions.power_w,
            ])
            .text(&self.dimensions.code_insee_commune)
            .value()
    }
}
