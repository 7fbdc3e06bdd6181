//! [`ChargePointIndicator`] on the wire, and the parts that it shares with the station's record.

use super::binary::{put_bytes, put_int, put_long, put_string, put_symbol};
use super::{Reader, Record, WireError};
use crate::contract::{CHARGE_POINT_INDICATOR, Contract};
use crate::indicator::{
    ChargePointIndicator, ChargePointState, Emission, FailureGauges, Phase, Vector,
};
use crate::window::Window;

pub(super) fn put_vector(out: &mut Vec<u8>, vector: &Vector) {
    for value in vector.to_array() {
        put_long(out, value);
    }
}

pub(super) fn read_vector(reader: &mut Reader<'_>) -> Result<Vector, WireError> {
    let mut array = [0; Vector::LENGTH];
    for value in &mut array {
        *value = reader.long()?;
    }
    Ok(Vector::from_array(array))
}

pub(super) fn put_gauges(out: &mut Vec<u8>, gauges: &FailureGauges) {
    put_long(out, gauges.open_failures_at_end);
    put_long(out, gauges.oldest_open_failure_ms);
}

pub(super) fn read_gauges(reader: &mut Reader<'_>) -> Result<FailureGauges, WireError> {
    Ok(FailureGauges {
        open_failures_at_end: reader.long()?,
        oldest_open_failure_ms: reader.long()?,
    })
}

pub(super) fn put_emission(out: &mut Vec<u8>, emission: &Emission) {
    put_symbol(out, &Phase::ALL, &emission.phase);
    put_int(out, emission.revision);
    put_long(out, emission.version.as_ms());
    put_long(out, emission.computed_at.as_ms());
}

pub(super) fn read_emission(reader: &mut Reader<'_>) -> Result<Emission, WireError> {
    Ok(Emission {
        phase: reader.symbol(&Phase::ALL)?,
        revision: reader.int()?,
        version: reader.instant()?,
        computed_at: reader.instant()?,
    })
}

impl Record for ChargePointIndicator {
    const CONTRACT: Contract = CHARGE_POINT_INDICATOR;

    fn encode(&self, out: &mut Vec<u8>) {
        put_string(out, &self.policy);
        put_bytes(out, self.station_id.as_bytes());
        put_bytes(out, self.charge_point_id.as_bytes());
        put_long(out, self.window.start().as_ms());
        put_string(out, &self.code_insee_commune);
        put_long(out, self.power_w);
        put_vector(out, &self.vector);
        put_symbol(out, &ChargePointState::ALL, &self.state_at_end);
        put_gauges(out, &self.gauges);
        put_emission(out, &self.emission);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            policy: reader.string()?.into(),
            station_id: reader.station_id()?,
            charge_point_id: reader.charge_point_id()?,
            window: Window::of(reader.instant()?),
            code_insee_commune: reader.string()?.into(),
            power_w: reader.long()?,
            vector: read_vector(reader)?,
            state_at_end: reader.symbol(&ChargePointState::ALL)?,
            gauges: read_gauges(reader)?,
            emission: read_emission(reader)?,
        })
    }
}
