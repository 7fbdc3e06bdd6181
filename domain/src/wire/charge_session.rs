//! [`ChargeSession`] on the wire.

use super::binary::{put_bytes, put_long, put_string, put_uuid};
use super::{Reader, Record, WireError};
use crate::contract::{CHARGE_SESSION, Contract};
use crate::id::{EventId, RequestId};
use crate::session::ChargeSession;

impl Record for ChargeSession {
    const CONTRACT: Contract = CHARGE_SESSION;

    fn encode(&self, out: &mut Vec<u8>) {
        put_uuid(out, self.event_id.0);
        put_bytes(out, self.charge_point_id.as_bytes());
        put_bytes(out, self.station_id.as_bytes());
        put_long(out, self.start.as_us());
        put_long(out, self.end.as_us());
        put_long(out, self.received_at.as_ms());
        put_long(out, self.energy_wh);
        put_uuid(out, self.request_id.0);
        put_string(out, &self.submitted_by);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            event_id: EventId(reader.uuid()?),
            charge_point_id: reader.charge_point_id()?,
            station_id: reader.station_id()?,
            start: reader.instant_micros()?,
            end: reader.instant_micros()?,
            received_at: reader.instant()?,
            energy_wh: reader.long()?,
            request_id: RequestId(reader.uuid()?),
            submitted_by: reader.string()?.into(),
        })
    }
}
