//! The status: a state of a charge point that holds from an instant on.

use smol_str::SmolStr;

use crate::id::{ChargePointId, EventId, RequestId, StationId};
use crate::time::{Timestamp, TimestampMicros};

/// Whether a charge point is in service (IRVE dynamique `etat_pdc`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceState {
    /// `en_service`: up.
    InService,
    /// `hors_service`: down.
    OutOfService,
    /// `inconnu`: no communication, or not known to the operator.
    Unknown,
}

/// Whether a vehicle occupies a charge point (IRVE dynamique `occupation_pdc`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Occupancy {
    /// `libre`.
    Free,
    /// `occupe`.
    Occupied,
    /// `reserve`.
    Reserved,
    /// `inconnu`.
    Unknown,
}

/// State of one connector type (IRVE dynamique `etat_prise_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectorState {
    /// `fonctionnel`.
    Working,
    /// `hors_service`.
    OutOfService,
    /// `inconnu`.
    Unknown,
}

impl ServiceState {
    /// All values, in the order of the schema.
    pub const ALL: [Self; 3] = [Self::InService, Self::OutOfService, Self::Unknown];

    /// The IRVE symbol.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::InService => "en_service",
            Self::OutOfService => "hors_service",
            Self::Unknown => "inconnu",
        }
    }
}

impl Occupancy {
    /// All values, in the order of the schema.
    pub const ALL: [Self; 4] = [Self::Free, Self::Occupied, Self::Reserved, Self::Unknown];

    /// The IRVE symbol.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Free => "libre",
            Self::Occupied => "occupe",
            Self::Reserved => "reserve",
            Self::Unknown => "inconnu",
        }
    }
}

impl ConnectorState {
    /// All values, in the order of the schema.
    pub const ALL: [Self; 3] = [Self::Working, Self::OutOfService, Self::Unknown];

    /// The IRVE symbol.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Working => "fonctionnel",
            Self::OutOfService => "hors_service",
            Self::Unknown => "inconnu",
        }
    }
}

/// What a status says, its instant apart: two records of one instant are copies iff these are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusPayload {
    /// Whether the charge point is in service.
    pub service_state: ServiceState,
    /// Whether a vehicle occupies it.
    pub occupancy: Occupancy,
    /// `etat_prise_type_2`.
    pub connector_type_2: Option<ConnectorState>,
    /// `etat_prise_type_combo_ccs`.
    pub connector_ccs: Option<ConnectorState>,
    /// `etat_prise_type_chademo`.
    pub connector_chademo: Option<ConnectorState>,
    /// `etat_prise_type_ef`.
    pub connector_ef: Option<ConnectorState>,
}

/// One accepted status, as it travels on topic `charge-point-status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargePointStatus {
    /// The same for the same content: see [`ChargePointStatus::id_of`].
    pub event_id: EventId,
    /// The charge point.
    pub charge_point_id: ChargePointId,
    /// Its station in the directory at acceptance.
    pub station_id: StationId,
    /// `horodatage`: from when the state holds.
    pub event_time: TimestampMicros,
    /// When a gateway accepted it; the Kafka timestamp.
    pub received_at: Timestamp,
    /// What it says.
    pub payload: StatusPayload,
    /// The request that brought it.
    pub request_id: RequestId,
    /// The account that sent it, or `backfill`.
    pub submitted_by: SmolStr,
}

impl ChargePointStatus {
    /// The id of a status: UUIDv5 of `status|charge point|ms|state|occupancy|2|ccs|chademo|ef`,
    /// with `-` for an absent connector state.
    pub fn id_of(
        charge_point_id: &ChargePointId,
        event_time: Timestamp,
        payload: &StatusPayload,
    ) -> EventId {
        let connector = |state: Option<ConnectorState>| state.map_or("-", ConnectorState::symbol);
        EventId::of(&format!(
            "status|{charge_point_id}|{}|{}|{}|{}|{}|{}|{}",
            event_time.as_ms(),
            payload.service_state.symbol(),
            payload.occupancy.symbol(),
            connector(payload.connector_type_2),
            connector(payload.connector_ccs),
            connector(payload.connector_chademo),
            connector(payload.connector_ef),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the gateway's contract.
    #[test]
    fn the_id_of_a_status_depends_on_identity_and_content_only() {
        let charge_point = ChargePointId::parse("FRFASE3300401").unwrap();
        let at = TimestampMicros::from_us(1_795_453_790_662_496).floor();
        let free = StatusPayload {
            service_state: ServiceState::InService,
            occupancy: Occupancy::Free,
            connector_type_2: None,
            connector_ccs: None,
            connector_chademo: None,
            connector_ef: None,
        };
        let occupied = StatusPayload {
            occupancy: Occupancy::Occupied,
            connector_type_2: Some(ConnectorState::Working),
            ..free
        };
        let id = |payload| {
            ChargePointStatus::id_of(&charge_point, at, payload)
                .0
                .to_string()
        };
        assert_eq!(id(&free), "066c5c83-8168-5301-bf11-72bd1bf9c339");
        assert_eq!(id(&occupied), "ab819dd9-3557-5d50-8441-420c89f4bc22");
    }
}
