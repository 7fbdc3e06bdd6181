//! One hour of one partition: encoded records and ticks, in topic order.

use domain::status::StatusPayload;
use domain::wire::Record;
use domain::{
    ChargePointStatus, ChargeSession, ConnectorState, EventId, Occupancy, RequestId, ServiceState,
    Timestamp, TimestampMicros,
};
use uuid::Uuid;

use super::fleet::Place;

/// What a status of the mix says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    Free,
    Occupied,
    Reserved,
    Down,
    Unknown,
}

/// A status before it is encoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StatusDraft {
    pub(crate) place: usize,
    pub(crate) event_time: i64,
    pub(crate) received_at: i64,
    pub(crate) says: Says,
}

/// A session before it is encoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionDraft {
    pub(crate) place: usize,
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) received_at: i64,
    pub(crate) energy_wh: i64,
}

impl StatusDraft {
    /// The record.
    pub(crate) fn record(self, places: &[Place]) -> ChargePointStatus {
        let place = &places[self.place];
        let (service_state, occupancy) = match self.says {
            Says::Free => (ServiceState::InService, Occupancy::Free),
            Says::Occupied => (ServiceState::InService, Occupancy::Occupied),
            Says::Reserved => (ServiceState::InService, Occupancy::Reserved),
            Says::Down => (ServiceState::OutOfService, Occupancy::Unknown),
            Says::Unknown => (ServiceState::Unknown, Occupancy::Unknown),
        };
        let connector = match service_state {
            ServiceState::InService => ConnectorState::Working,
            ServiceState::OutOfService => ConnectorState::OutOfService,
            ServiceState::Unknown => ConnectorState::Unknown,
        };
        ChargePointStatus {
            event_id: EventId(id(self.place, self.event_time)),
            charge_point_id: place.charge_point_id.clone(),
            station_id: place.station_id.clone(),
            event_time: TimestampMicros::from(Timestamp::from_ms(self.event_time)),
            received_at: Timestamp::from_ms(self.received_at),
            payload: StatusPayload {
                service_state,
                occupancy,
                connector_type_2: place.has_type_2.then_some(connector),
                connector_ccs: (!place.has_type_2).then_some(connector),
                connector_chademo: None,
                connector_ef: None,
            },
            request_id: RequestId(id(self.place, self.received_at)),
            submitted_by: "operateur-lille".into(),
        }
    }
}

impl SessionDraft {
    /// The record.
    pub(crate) fn record(self, places: &[Place]) -> ChargeSession {
        let place = &places[self.place];
        ChargeSession {
            event_id: EventId(id(self.place, self.start)),
            charge_point_id: place.charge_point_id.clone(),
            station_id: place.station_id.clone(),
            start: TimestampMicros::from(Timestamp::from_ms(self.start)),
            end: TimestampMicros::from(Timestamp::from_ms(self.end)),
            received_at: Timestamp::from_ms(self.received_at),
            energy_wh: self.energy_wh,
            request_id: RequestId(id(self.place, self.received_at)),
            submitted_by: "operateur-lille".into(),
        }
    }
}

fn id(place: usize, instant: i64) -> Uuid {
    Uuid::from_u64_pair(place as u64, instant.cast_unsigned())
}

/// One record or tick.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) received_at: Timestamp,
    /// The end of the record in the bytes of the log; none for a tick.
    end: Option<usize>,
}

/// A log: lines in the order of their reception, and their bytes in one piece.
#[derive(Debug, Default)]
pub(crate) struct Log {
    bytes: Vec<u8>,
    pub(crate) lines: Vec<Line>,
}

impl Log {
    /// The log of an hour: records at their reception, ticks every 5 s from the start.
    pub(crate) fn of<T: Record>(mut records: Vec<(i64, T)>, hour: i64) -> Self {
        const TICK_MS: i64 = 5_000;
        records.sort_by_key(|(received_at, _)| *received_at);
        let mut log = Self::default();
        let mut tick = hour;
        for (received_at, record) in records {
            tick = log.put_ticks(tick, received_at + 1, TICK_MS);
            record.encode(&mut log.bytes);
            log.lines.push(Line {
                received_at: Timestamp::from_ms(received_at),
                end: Some(log.bytes.len()),
            });
        }
        let _next_hour = log.put_ticks(tick, hour + 3_600_000, TICK_MS);
        log
    }

    fn put_ticks(&mut self, from: i64, to: i64, step: i64) -> i64 {
        let mut tick = from;
        while tick < to {
            self.lines.push(Line {
                received_at: Timestamp::from_ms(tick),
                end: None,
            });
            tick += step;
        }
        tick
    }

    /// The records among the lines `from..to`, as bytes, with the number of their line.
    pub(crate) fn records(&self, from: usize, to: usize) -> impl Iterator<Item = (usize, &[u8])> {
        let start = self.lines[..from]
            .iter()
            .rev()
            .find_map(|line| line.end)
            .unwrap_or(0);
        let mut start = start;
        (from..to).filter_map(move |number| {
            let end = self.lines[number].end?;
            let bytes = &self.bytes[start..end];
            start = end;
            Some((number, bytes))
        })
    }
}
