//! Saturation: for how much of the time almost no charge point of the station was free.
//!
//! A station is saturated while some charge point is up, some is occupied, and less than 10 % of
//! the active ones are free; a reserved one is neither free nor occupied.

use super::{Ratio, StationSweep};

/// The share of the time with some charge point up in which the station was saturated (*taux de
/// saturation*).
///
/// - Formula: saturated / `any_up`
/// - Unit: 1
/// - Null when: `any_up` = 0
/// - Source: QualiCharge notes, TS / TD
/// - QualiCharge: q10
pub fn saturation(sums: &StationSweep) -> Ratio {
    Ratio::new(sums.saturated_ms, sums.any_up_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overloaded_station_is_not_saturated() {
        let sums = StationSweep {
            any_up_ms: 10,
            saturated_ms: 3,
            overloaded_ms: 5,
            ..StationSweep::default()
        };
        assert_eq!(saturation(&sums), Ratio::new(3, 10));
        assert_eq!(saturation(&StationSweep::default()).value(), None);
    }
}
