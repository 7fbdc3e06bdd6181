//! Keys of the output topics: text, fields separated by `|`, which no id contains.

use crate::episode::FailureEpisode;
use crate::indicator::{ChargePointIndicator, StationIndicator};

/// `policy|station|charge point|window start in ms`.
pub fn of_charge_point_indicator(record: &ChargePointIndicator) -> String {
    format!(
        "{}|{}|{}|{}",
        record.policy,
        record.station_id,
        record.charge_point_id,
        record.window.start().as_ms()
    )
}

/// `policy|station||window start in ms`.
pub fn of_station_indicator(record: &StationIndicator) -> String {
    format!(
        "{}|{}||{}",
        record.policy,
        record.station_id,
        record.window.start().as_ms()
    )
}

/// `policy|entity type|station|charge point or nothing|opened at in ms`.
pub fn of_failure_episode(record: &FailureEpisode) -> String {
    format!(
        "{}|{}|{}|{}|{}",
        record.policy,
        record.entity_type().symbol(),
        record.station_id,
        record.charge_point_id.as_ref().map_or("", |id| id.as_str()),
        record.opened_at.as_ms()
    )
}
