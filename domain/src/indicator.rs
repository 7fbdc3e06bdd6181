//! Indicators: what is counted of an hour, and every figure that follows from it.
//!
//! Two layers. What is **counted** are integers that add up: [`vector`] for a charge point,
//! [`sweep`] for a station, carried by a [`record`] per hour whose moments are in [`state`]. What
//! is **derived** are ratios of sums of them, made when they are read, one family per module:
//!
//! | question | family |
//! |---|---|
//! | Can a vehicle charge? | [`availability`] |
//! | How often does it fail? | [`reliability`] |
//! | How long until it works again? | [`recovery`] |
//! | Is it used? | [`utilisation`] |
//! | Do recharges succeed? | [`sessions`] |
//! | Is the data fresh? | [`freshness`] |
//! | Can a vehicle charge somewhere at the station? | [`station`] |
//! | Is the station full? | [`saturation`] |
//! | What does it mean in kilowatts? | [`power`] |
//! | Which charge points are very good, which very bad? | [`distribution`] |
//!
//! [`merging`] says how figures of hours and places combine, [`ratio`] what a ratio is. [`ALL`]
//! lists every derived figure; `docs/indicators.md` is printed from it.
//!
//! Throughout, all times being sums in ms:
//!
//! - up = free + occupied + reserved + `in_service`
//! - down = `out_of_service`
//! - unknown = `unknown_short` + `unknown_long`
//! - required = up + down + unknown

pub mod availability;
pub mod catalogue;
pub mod distribution;
pub mod freshness;
pub mod merging;
pub mod power;
pub mod ratio;
pub mod record;
pub mod recovery;
pub mod reliability;
pub mod saturation;
pub mod sessions;
pub mod state;
pub mod station;
pub mod sweep;
pub mod utilisation;
pub mod vector;

pub use catalogue::{ALL, Formula, Indicator, Unit};
pub use merging::{Merging, Total};
pub use ratio::Ratio;
pub use record::{ChargePointIndicator, Emission, FailureGauges, Phase, StationIndicator};
pub use state::{ChargePointState, StationState};
pub use sweep::StationSweep;
pub use vector::Vector;
