//! What a status says, in two bytes: the state holds one for every status that is retained.

use crate::status::{ConnectorState, Occupancy, ServiceState, StatusPayload};

/// A payload: two bits for each of its six fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packed(u16);

impl From<StatusPayload> for Packed {
    fn from(payload: StatusPayload) -> Self {
        let connector = |state: Option<ConnectorState>| state.map_or(0, |state| 1 + state as u16);
        let fields = [
            payload.service_state as u16,
            payload.occupancy as u16,
            connector(payload.connector_type_2),
            connector(payload.connector_ccs),
            connector(payload.connector_chademo),
            connector(payload.connector_ef),
        ];
        Self(fields.iter().rev().fold(0, |bits, field| bits << 2 | field))
    }
}

impl Packed {
    /// The payload.
    pub(super) fn unpack(self) -> StatusPayload {
        let field = |number: u16| usize::from(self.0 >> (2 * number) & 3);
        let connector = |number| {
            let state = field(number).checked_sub(1)?;
            ConnectorState::ALL.get(state).copied()
        };
        let service_state = ServiceState::ALL.get(field(0)).copied();
        let occupancy = Occupancy::ALL.get(field(1)).copied();
        StatusPayload {
            service_state: service_state.unwrap_or(ServiceState::Unknown),
            occupancy: occupancy.unwrap_or(Occupancy::Unknown),
            connector_type_2: connector(2),
            connector_ccs: connector(3),
            connector_chademo: connector(4),
            connector_ef: connector(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_payload_comes_back() {
        let connectors = || ConnectorState::ALL.map(Some).into_iter().chain([None]);
        let pairs =
            || connectors().flat_map(move |one| connectors().map(move |other| (one, other)));
        let mut seen = std::collections::BTreeSet::new();
        for service_state in ServiceState::ALL {
            for occupancy in Occupancy::ALL {
                for (connector_type_2, connector_ccs) in pairs() {
                    for (connector_chademo, connector_ef) in pairs() {
                        let payload = StatusPayload {
                            service_state,
                            occupancy,
                            connector_type_2,
                            connector_ccs,
                            connector_chademo,
                            connector_ef,
                        };
                        let packed = Packed::from(payload);
                        assert_eq!(packed.unpack(), payload);
                        assert!(seen.insert(packed.0), "two payloads are one");
                    }
                }
            }
        }
        assert_eq!(seen.len(), 3 * 4 * 4_usize.pow(4));
    }
}
