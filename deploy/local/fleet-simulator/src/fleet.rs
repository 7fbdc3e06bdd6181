//! The fleet: charge points with their stations, power and directory entries.

pub mod invent;
pub mod irve;
pub mod territory;
pub mod town;

use serde_json::{Map, Value};

/// A line of the directory: the IRVE fields by name.
pub type DirectoryRow = Map<String, Value>;

/// One charge point of the fleet.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetPoint {
    /// `id_pdc_itinerance`.
    pub charge_point_id: String,
    /// `id_station_itinerance`.
    pub station_id: String,
    /// Nominal power, kW.
    pub power_kw: f64,
    /// Number of its station in the fleet.
    pub station_number: u64,
    /// Its line of the directory.
    pub row: DirectoryRow,
}

/// The operational units of invented fleets.
pub const UNITS: [&str; 5] = ["FRSIM", "FRSM2", "FRSM3", "FRSM4", "FRSM5"];

impl FleetPoint {
    /// The first five characters of its id.
    pub fn unit(&self) -> &str {
        self.charge_point_id
            .get(..5)
            .unwrap_or(&self.charge_point_id)
    }

    /// Whether vehicles can reserve it.
    pub fn is_reservable(&self) -> bool {
        self.row
            .get("reservation")
            .is_some_and(|value| *value == true || *value == "True")
    }

    /// Whether it charges with direct current.
    pub fn is_dc(&self) -> bool {
        self.power_kw >= 50.0
    }
}
