//! Power: the same figures in kilowatts, so that a fast charge point weighs what it can deliver.
//!
//! 1 kW·ms is 1 joule, and 1 Wh = 3600 kW·ms. A charge point of unknown power weighs 0. Each
//! product is rounded down once per charge point and hour, so `up + down ≤ required` always.

use super::{Ratio, StationSweep, Vector};

/// kW·ms in a Wh.
const KWMS_PER_WH: i128 = 3_600;

/// Availability weighted by power.
///
/// - Formula: `up_kwms` / (`up_kwms` + `down_kwms`)
/// - Unit: 1
/// - Null when: `up_kwms` + `down_kwms` = 0
/// - Source: ours
/// - QualiCharge: –
pub fn availability_power(sums: &StationSweep) -> Ratio {
    Ratio::new(sums.up_kwms, sums.up_kwms + sums.down_kwms)
}

/// The energy delivered per energy that the power allows in the required time (*facteur de
/// charge*). It may exceed 1 on bad data.
///
/// - Formula: `energy_wh` × 3600 / `required_kwms`
/// - Unit: 1
/// - Null when: `required_kwms` = 0
/// - Source: QualiCharge notes
/// - QualiCharge: –
pub fn load_factor(sums: &Vector, sweep: &StationSweep) -> Ratio {
    Ratio::new(
        i128::from(sums.energy_wh) * KWMS_PER_WH,
        sweep.required_kwms,
    )
}

/// The load factor of one charge point whose power is `power_w` throughout: its energy over power
/// times required time.
pub fn load_factor_of_charge_point(sums: &Vector, power_w: i64) -> Ratio {
    let required_wms = i128::from(power_w) * i128::from(sums.required_ms());
    Ratio::new(
        i128::from(sums.energy_wh) * KWMS_PER_WH * 1000,
        required_wms,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eleven_kilowatt_hours_at_22_kw_in_two_hours_are_a_quarter() {
        let two_hours_ms = 7_200_000;
        let sums = Vector {
            free_ms: two_hours_ms / 2,
            unknown_long_ms: two_hours_ms / 2,
            energy_wh: 11_000,
            flagged_energy_wh: 99_000,
            ..Vector::default()
        };
        let sweep = StationSweep {
            required_kwms: 22 * two_hours_ms,
            ..StationSweep::default()
        };
        assert_eq!(load_factor(&sums, &sweep).value(), Some(0.25));
        assert_eq!(
            load_factor_of_charge_point(&sums, 22_000).value(),
            Some(0.25)
        );
        assert_eq!(load_factor(&sums, &StationSweep::default()).value(), None);
        assert_eq!(load_factor_of_charge_point(&sums, 0).value(), None);
    }

    #[test]
    fn unknown_time_is_in_neither_part_of_the_availability_of_power() {
        let sweep = StationSweep {
            up_kwms: 3,
            down_kwms: 1,
            required_kwms: 10,
            ..StationSweep::default()
        };
        assert_eq!(availability_power(&sweep), Ratio::new(3, 4));
        assert_eq!(availability_power(&StationSweep::default()).value(), None);
    }
}
