//! A station as a whole: whether a vehicle can charge at one of its charge points, or at all.
//!
//! At each instant the active charge points combine by Kleene's three-valued logic: OR for "any",
//! AND for "every". Unknown time is in neither part of the ratios, as for a charge point.

use super::{Ratio, StationSweep};

/// The share of the observed time in which some charge point was up.
///
/// - Formula: `any_up` / (`any_up` + `all_down`)
/// - Unit: 1
/// - Null when: `any_up` + `all_down` = 0
/// - Source: ours; station level
/// - QualiCharge: –
pub fn availability_any(sums: &StationSweep) -> Ratio {
    Ratio::new(sums.any_up_ms, sums.any_up_ms + sums.all_down_ms)
}

/// The share of the observed time in which every active charge point was up.
///
/// - Formula: `every_up` / (`every_up` + `some_down`)
/// - Unit: 1
/// - Null when: `every_up` + `some_down` = 0
/// - Source: ours; station level
/// - QualiCharge: –
pub fn availability_every(sums: &StationSweep) -> Ratio {
    Ratio::new(sums.every_up_ms, sums.every_up_ms + sums.some_down_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_time_is_in_neither_part() {
        let sums = StationSweep {
            any_up_ms: 6,
            any_unknown_ms: 50,
            all_down_ms: 2,
            every_up_ms: 3,
            every_unknown_ms: 40,
            some_down_ms: 9,
            ..StationSweep::default()
        };
        assert_eq!(availability_any(&sums), Ratio::new(6, 8));
        assert_eq!(availability_every(&sums), Ratio::new(3, 12));
        let unknown = StationSweep {
            any_unknown_ms: 50,
            every_unknown_ms: 40,
            ..StationSweep::default()
        };
        assert_eq!(availability_any(&unknown).value(), None);
        assert_eq!(availability_every(&unknown).value(), None);
    }
}
