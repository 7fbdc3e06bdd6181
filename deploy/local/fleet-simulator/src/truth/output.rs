//! The lines in which the truth is written, to be compared with what the system published.

use domain::indicator::{StationSweep, Vector};
use domain::{EntityType, StationId};
use oracle::{Account, ChargePointHour, Episode, StationHour};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Named integers, written as an object in the order of the schema.
#[derive(Debug)]
struct Fields {
    names: &'static [&'static str],
    values: Vec<i64>,
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.names.len()))?;
        for (name, value) in self.names.iter().zip(&self.values) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl From<&Vector> for Fields {
    fn from(vector: &Vector) -> Self {
        Self {
            names: &Vector::NAMES,
            values: vector.to_array().to_vec(),
        }
    }
}

impl From<&StationSweep> for Fields {
    fn from(sweep: &StationSweep) -> Self {
        Self {
            names: &StationSweep::NAMES,
            values: sweep.to_array().to_vec(),
        }
    }
}

/// One hour of a charge point or a station.
#[derive(Debug, Serialize)]
pub struct HourLine<'a> {
    entity: &'static str,
    station_id: &'a str,
    charge_point_id: Option<&'a str>,
    window_start_ms: i64,
    power_w: i64,
    vector: Fields,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge_points: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sweep: Option<Fields>,
    state_at_end: &'static str,
    open_failures_at_end: i64,
    oldest_open_failure_ms: i64,
}

impl<'a> HourLine<'a> {
    /// The line of an hour of a charge point.
    pub fn of_charge_point(
        station_id: &'a StationId,
        account: &'a Account,
        hour: &ChargePointHour,
    ) -> Self {
        Self {
            entity: EntityType::ChargePoint.symbol(),
            station_id: station_id.as_str(),
            charge_point_id: Some(account.charge_point_id.as_str()),
            window_start_ms: hour.window.start().as_ms(),
            power_w: hour.place.power_w,
            vector: Fields::from(&hour.vector),
            charge_points: None,
            sweep: None,
            state_at_end: hour.state_at_end.symbol(),
            open_failures_at_end: hour.gauges.open_failures_at_end,
            oldest_open_failure_ms: hour.gauges.oldest_open_failure_ms,
        }
    }

    /// The line of an hour of a station.
    pub fn of_station(station_id: &'a StationId, hour: &StationHour) -> Self {
        Self {
            entity: EntityType::Station.symbol(),
            station_id: station_id.as_str(),
            charge_point_id: None,
            window_start_ms: hour.window.start().as_ms(),
            power_w: hour.place.power_w,
            vector: Fields::from(&hour.vector),
            charge_points: Some(hour.charge_points),
            sweep: Some(Fields::from(&hour.sweep)),
            state_at_end: hour.state_at_end.symbol(),
            open_failures_at_end: hour.gauges.open_failures_at_end,
            oldest_open_failure_ms: hour.gauges.oldest_open_failure_ms,
        }
    }
}

/// One failure of a charge point or a station.
#[derive(Debug, Serialize)]
pub struct EpisodeLine<'a> {
    entity: &'static str,
    station_id: &'a str,
    charge_point_id: Option<&'a str>,
    opened_at_ms: i64,
    outcome: &'static str,
    closed_at_ms: Option<i64>,
    time_to_return_ms: Option<i64>,
    out_of_service_ms: Option<i64>,
    unknown_ms: Option<i64>,
    left_censored: bool,
    onset_uncertain: bool,
    unknown_inside: bool,
}

impl<'a> EpisodeLine<'a> {
    /// The line of an episode of a charge point, or of the station itself when there is none.
    pub fn new(station_id: &'a StationId, account: Option<&'a Account>, episode: &Episode) -> Self {
        let entity = if account.is_some() {
            EntityType::ChargePoint
        } else {
            EntityType::Station
        };
        Self {
            entity: entity.symbol(),
            station_id: station_id.as_str(),
            charge_point_id: account.map(|account| account.charge_point_id.as_str()),
            opened_at_ms: episode.opened_at.as_ms(),
            outcome: episode.outcome.symbol(),
            closed_at_ms: episode.end.map(|end| end.closed_at.as_ms()),
            time_to_return_ms: episode.end.map(|end| end.time_to_return_ms),
            out_of_service_ms: episode.end.map(|end| end.out_of_service_ms),
            unknown_ms: episode.end.map(|end| end.unknown_ms),
            left_censored: episode.flags.left_censored,
            onset_uncertain: episode.flags.onset_uncertain,
            unknown_inside: episode.flags.unknown_inside,
        }
    }
}
