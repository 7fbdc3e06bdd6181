//! Invented fleets: stations of 1 to 12 charge points in towns of the mainland.

use domain::{Span, Timestamp};

use super::irve::StationEntry;
use super::town::TOWNS;
use super::{FleetPoint, UNITS};
use crate::dice::Dice;

/// Streams of stations start here; those of charge points at 0.
pub const STATION_STREAMS: u64 = 1 << 40;
/// Numbers of charge points at a station, as often as they stand here.
const SIZES: [u64; 17] = [1, 1, 2, 2, 2, 2, 2, 3, 4, 4, 4, 5, 6, 6, 8, 10, 12];
/// Power of the charge points of a station, kW, as often as it stands here.
const POWERS: [f64; 10] = [7.4, 7.4, 22.0, 22.0, 22.0, 50.0, 50.0, 150.0, 150.0, 300.0];
/// Units of stations, as often as they stand here.
const UNIT_NUMBERS: [u64; 9] = [0, 0, 0, 0, 1, 1, 2, 3, 4];

/// A fleet of exactly `charge_points`, installed before `start`.
pub fn fleet(seed: u64, charge_points: u64, start: Timestamp) -> Vec<FleetPoint> {
    let mut points = Vec::new();
    let mut left = charge_points;
    let mut number = 0;
    while left > 0 {
        let station = station(seed, number, left, start);
        left -= station.len() as u64;
        points.extend(station);
        number += 1;
    }
    points
}

/// The charge points of station `number`, at most `most` of them.
fn station(seed: u64, number: u64, most: u64, start: Timestamp) -> Vec<FleetPoint> {
    let mut dice = Dice::new(seed, STATION_STREAMS + number);
    let size = dice.pick(&SIZES).copied().unwrap_or(1).min(most);
    let unit_number = dice.pick(&UNIT_NUMBERS).copied().unwrap_or(0);
    let unit = usize::try_from(unit_number)
        .ok()
        .and_then(|index| UNITS.get(index))
        .copied()
        .unwrap_or("FRSIM");
    let station_power = dice.pick(&POWERS).copied().unwrap_or(22.0);
    let town = dice.pick(&TOWNS).copied().unwrap_or(TOWNS[0]);
    let coordinates = (
        town.longitude + dice.uniform(-0.05, 0.05),
        town.latitude + dice.uniform(-0.05, 0.05),
    );
    let is_direct = dice.chance(75.0);
    let is_reservable = dice.chance(15.0);
    let has_slow_point = station_power >= 50.0 && size > 1 && dice.chance(40.0);
    let entry = StationEntry {
        unit,
        unit_number,
        station_id: format!("{unit}P{number:06}"),
        number: number + 1,
        town,
        coordinates,
        charge_points: size,
        delivery_point: is_direct
            .then(|| format!("{:014}", 50_000_000_000_000 + dice.below(9_999_999_999))),
        is_fast: station_power >= 50.0,
        is_reservable,
        dates: (
            day(start - dice.span(Span::from_days(200), Span::from_days(1500))),
            day(start - dice.span(Span::from_days(1), Span::from_days(190))),
        ),
    };
    let point = |index: u64| {
        let charge_point_id = format!("{unit}E{number:06}{index:02}");
        let is_slow = has_slow_point && index == size;
        let power_kw = if is_slow { 22.0 } else { station_power };
        FleetPoint {
            row: entry.row(&charge_point_id, power_kw),
            charge_point_id,
            station_id: entry.station_id.clone(),
            power_kw,
            station_number: number,
        }
    };
    (1..=size).map(point).collect()
}

/// The UTC day of an instant, `YYYY-MM-DD`.
fn day(instant: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(instant.as_ms()).unwrap_or_default();
    instant.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_ms(1_794_182_400_000);

    #[test]
    fn a_fleet_has_as_many_charge_points_as_asked_and_a_larger_one_begins_with_it() {
        let small = fleet(7, 100, START);
        assert_eq!(small.len(), 100);
        let large = fleet(7, 200, START);
        assert_eq!(small[..80], large[..80]);
    }

    #[test]
    fn all_entries_of_a_station_agree_on_what_belongs_to_the_station() {
        let own = [
            "id_pdc_itinerance",
            "puissance_nominale",
            "prise_type_2",
            "prise_type_combo_ccs",
            "paiement_cb",
            "cable_t2_attache",
        ];
        for pair in fleet(7, 300, START).windows(2) {
            if pair[0].station_id == pair[1].station_id {
                for (name, value) in &pair[0].row {
                    assert!(
                        own.contains(&name.as_str()) || pair[1].row[name] == *value,
                        "{name} differs"
                    );
                }
            }
        }
    }
}
