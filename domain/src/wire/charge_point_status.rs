//! [`ChargePointStatus`] on the wire.

use super::binary::{put_bytes, put_long, put_optional, put_string, put_symbol, put_uuid};
use super::{Reader, Record, WireError};
use crate::contract::{CHARGE_POINT_STATUS, Contract};
use crate::id::{EventId, RequestId};
use crate::status::{ChargePointStatus, ConnectorState, Occupancy, ServiceState, StatusPayload};

impl Record for ChargePointStatus {
    const CONTRACT: Contract = CHARGE_POINT_STATUS;

    fn encode(&self, out: &mut Vec<u8>) {
        let connector = |out: &mut Vec<u8>, state: Option<ConnectorState>| {
            put_optional(out, state, |out, state| {
                put_symbol(out, &ConnectorState::ALL, &state);
            });
        };
        put_uuid(out, self.event_id.0);
        put_bytes(out, self.charge_point_id.as_bytes());
        put_bytes(out, self.station_id.as_bytes());
        put_long(out, self.event_time.as_us());
        put_long(out, self.received_at.as_ms());
        put_symbol(out, &ServiceState::ALL, &self.payload.service_state);
        put_symbol(out, &Occupancy::ALL, &self.payload.occupancy);
        connector(out, self.payload.connector_type_2);
        connector(out, self.payload.connector_ccs);
        connector(out, self.payload.connector_chademo);
        connector(out, self.payload.connector_ef);
        put_uuid(out, self.request_id.0);
        put_string(out, &self.submitted_by);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let connector =
            |reader: &mut Reader<'_>| reader.optional(|reader| reader.symbol(&ConnectorState::ALL));
        Ok(Self {
            event_id: EventId(reader.uuid()?),
            charge_point_id: reader.charge_point_id()?,
            station_id: reader.station_id()?,
            event_time: reader.instant_micros()?,
            received_at: reader.instant()?,
            payload: StatusPayload {
                service_state: reader.symbol(&ServiceState::ALL)?,
                occupancy: reader.symbol(&Occupancy::ALL)?,
                connector_type_2: connector(reader)?,
                connector_ccs: connector(reader)?,
                connector_chademo: connector(reader)?,
                connector_ef: connector(reader)?,
            },
            request_id: RequestId(reader.uuid()?),
            submitted_by: reader.string()?.into(),
        })
    }
}
