//! The records: one hour of a charge point or of a station, as they travel and are archived.
//!
//! Integers only; ratios are made when read, as ratios of sums. Every record carries the whole
//! content of its key: consumers upsert, the greatest version wins.

use smol_str::SmolStr;

use super::state::{ChargePointState, StationState};
use super::sweep::StationSweep;
use super::vector::Vector;
use crate::id::{ChargePointId, StationId};
use crate::time::Timestamp;
use crate::window::Window;

/// How settled a record is. Phases may be skipped, but never go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Covers the window up to the cut only.
    Provisional,
    /// The first complete record: window end + close grace.
    Closed,
    /// Something applied later changed it.
    Corrected,
    /// The last record of its key: window end + late limit.
    Final,
}

impl Phase {
    /// All values, in the order of the schema.
    pub const ALL: [Self; 4] = [
        Self::Provisional,
        Self::Closed,
        Self::Corrected,
        Self::Final,
    ];

    /// The symbol of the schema.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Provisional => "provisional",
            Self::Closed => "closed",
            Self::Corrected => "corrected",
            Self::Final => "final",
        }
    }
}

/// Which emission of its key a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Emission {
    /// How settled it is.
    pub phase: Phase,
    /// Number of this emission of the key, from 0, without gaps.
    pub revision: i32,
    /// The cut at which it was emitted: grows per key, equal in every replay.
    pub version: Timestamp,
    /// The processor's clock at the emission; never a wall clock.
    pub computed_at: Timestamp,
}

/// Failures still open at the end of the covered part. Gauges: never added over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FailureGauges {
    /// Episodes open then, left-censored ones included.
    pub open_failures_at_end: i64,
    /// Covered end minus opening of the oldest of them, ms; 0 if none.
    pub oldest_open_failure_ms: i64,
}

/// One hour of one charge point, as it travels on topic `charge-point-indicator`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargePointIndicator {
    /// Id of the policy.
    pub policy: SmolStr,
    /// The station.
    pub station_id: StationId,
    /// The charge point.
    pub charge_point_id: ChargePointId,
    /// The hour.
    pub window: Window,
    /// Municipality in force at the start of the window; empty when unknown.
    pub code_insee_commune: SmolStr,
    /// Nominal power in force at the start of the window, W; 0 when unknown.
    pub power_w: i64,
    /// What is counted.
    pub vector: Vector,
    /// State in the last millisecond covered.
    pub state_at_end: ChargePointState,
    /// Failures open at the end.
    pub gauges: FailureGauges,
    /// Which emission this is.
    pub emission: Emission,
}

/// One hour of one station, as it travels on topic `station-indicator`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationIndicator {
    /// Id of the policy.
    pub policy: SmolStr,
    /// The station.
    pub station_id: StationId,
    /// The hour.
    pub window: Window,
    /// Municipality in force at the start of the window; empty when unknown.
    pub code_insee_commune: SmolStr,
    /// Installed power: sum over its charge points, W.
    pub power_w: i64,
    /// The sum of the vectors of its charge points.
    pub vector: Vector,
    /// Charge points summed, inactive ones included.
    pub charge_points: i64,
    /// What only the station can tell.
    pub sweep: StationSweep,
    /// State in the last millisecond covered.
    pub state_at_end: StationState,
    /// Failures of its charge points open at the end.
    pub gauges: FailureGauges,
    /// Which emission this is.
    pub emission: Emission,
}
