//! The session: one recharge, from its start to its end.

use smol_str::SmolStr;

use crate::id::{ChargePointId, EventId, RequestId, StationId};
use crate::time::{Timestamp, TimestampMicros};

/// One accepted session, as it travels on topic `charge-session`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeSession {
    /// The same for the same content: see [`ChargeSession::id_of`].
    pub event_id: EventId,
    /// The charge point.
    pub charge_point_id: ChargePointId,
    /// Its station in the directory at acceptance.
    pub station_id: StationId,
    /// Start of the recharge.
    pub start: TimestampMicros,
    /// End of the recharge: not before the start, at most 7 days after it.
    pub end: TimestampMicros,
    /// When a gateway accepted it; the Kafka timestamp.
    pub received_at: Timestamp,
    /// Energy delivered, Wh, in [0, 1,000,000].
    pub energy_wh: i64,
    /// The request that brought it.
    pub request_id: RequestId,
    /// The account that sent it, or `backfill`.
    pub submitted_by: SmolStr,
}

impl ChargeSession {
    /// The id of a session: UUIDv5 of `session|charge point|start ms|end ms|energy Wh`.
    pub fn id_of(
        charge_point_id: &ChargePointId,
        start: Timestamp,
        end: Timestamp,
        energy_wh: i64,
    ) -> EventId {
        EventId::of(&format!(
            "session|{charge_point_id}|{}|{}|{energy_wh}",
            start.as_ms(),
            end.as_ms(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the gateway's contract.
    #[test]
    fn the_id_of_a_session_depends_on_identity_and_energy_only() {
        let id = |charge_point: &str, start, end, energy_wh| {
            let charge_point = ChargePointId::parse(charge_point).unwrap();
            let (start, end) = (Timestamp::from_ms(start), Timestamp::from_ms(end));
            ChargeSession::id_of(&charge_point, start, end, energy_wh)
                .0
                .to_string()
        };
        assert_eq!(
            id(
                "FRFASE3300401",
                1_717_511_204_562,
                1_717_517_201_571,
                12_346
            ),
            "dadebc2a-510d-5cc5-b601-eb823a4fbc17"
        );
        assert_eq!(
            id(
                "FRHPCENF080357013",
                1_733_848_096_000,
                1_733_850_582_000,
                46_572
            ),
            "4b6c08a1-746c-5849-a9e3-9dc5d12f9645"
        );
    }
}
