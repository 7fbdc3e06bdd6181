//! [`StationIndicator`] on the wire.

use super::binary::{put_bytes, put_long, put_string, put_symbol};
use super::charge_point_indicator::{
    put_emission, put_gauges, put_vector, read_emission, read_gauges, read_vector,
};
use super::{Reader, Record, WireError};
use crate::contract::{Contract, STATION_INDICATOR};
use crate::indicator::{StationIndicator, StationState, StationSweep};
use crate::window::Window;

fn read_sweep(reader: &mut Reader<'_>) -> Result<StationSweep, WireError> {
    let mut array = [0; StationSweep::LENGTH];
    for value in &mut array {
        *value = reader.long()?;
    }
    Ok(StationSweep::from_array(array))
}

impl Record for StationIndicator {
    const CONTRACT: Contract = STATION_INDICATOR;

    fn encode(&self, out: &mut Vec<u8>) {
        put_string(out, &self.policy);
        put_bytes(out, self.station_id.as_bytes());
        put_long(out, self.window.start().as_ms());
        put_string(out, &self.code_insee_commune);
        put_long(out, self.power_w);
        put_vector(out, &self.vector);
        put_long(out, self.charge_points);
        for value in self.sweep.to_array() {
            put_long(out, value);
        }
        put_symbol(out, &StationState::ALL, &self.state_at_end);
        put_gauges(out, &self.gauges);
        put_emission(out, &self.emission);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            policy: reader.string()?.into(),
            station_id: reader.station_id()?,
            window: Window::of(reader.instant()?),
            code_insee_commune: reader.string()?.into(),
            power_w: reader.long()?,
            vector: read_vector(reader)?,
            charge_points: reader.long()?,
            sweep: read_sweep(reader)?,
            state_at_end: reader.symbol(&StationState::ALL)?,
            gauges: read_gauges(reader)?,
            emission: read_emission(reader)?,
        })
    }
}
