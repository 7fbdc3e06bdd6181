//! Utilisation: for how much of the time a vehicle was there.
//!
//! [`utilisation`] asks how much of the offered time was used; [`occupancy`] leaves out the time
//! in which the operator did not say whether a vehicle was there.

use super::{Ratio, Vector};

/// The share of the time up in which a vehicle occupied the charge point (*taux d'utilisation*).
///
/// - Formula: occupied / up
/// - Unit: 1
/// - Null when: up = 0
/// - Source: QualiCharge notes, TU / TD
/// - QualiCharge: q8
pub fn utilisation(sums: &Vector) -> Ratio {
    Ratio::new(sums.occupied_ms, sums.up_ms())
}

/// The share of the time with known occupancy in which a vehicle occupied the charge point
/// (*taux d'occupation*).
///
/// - Formula: occupied / (free + occupied + reserved)
/// - Unit: 1
/// - Null when: free + occupied + reserved = 0
/// - Source: ours: occupancy known
/// - QualiCharge: –
pub fn occupancy(sums: &Vector) -> Ratio {
    let known_ms = sums.free_ms + sums.occupied_ms + sums.reserved_ms;
    Ratio::new(sums.occupied_ms, known_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_service_without_known_occupancy_counts_for_utilisation_only() {
        let sums = Vector {
            free_ms: 1,
            occupied_ms: 2,
            reserved_ms: 3,
            in_service_ms: 4,
            out_of_service_ms: 50,
            ..Vector::default()
        };
        assert_eq!(utilisation(&sums), Ratio::new(2, 10));
        assert_eq!(occupancy(&sums), Ratio::new(2, 6));
        let in_service = Vector {
            in_service_ms: 4,
            ..Vector::default()
        };
        assert_eq!(utilisation(&in_service).value(), Some(0.0));
        assert_eq!(occupancy(&in_service).value(), None);
        assert_eq!(utilisation(&Vector::default()).value(), None);
    }
}
