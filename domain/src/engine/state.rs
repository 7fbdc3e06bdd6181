//! The engine's state on the wire: ledgers as Avro, by the schema of the state changelog.

mod charge_point;
mod parts;
mod station;

use super::StateRecord;
use super::charge_point_ledger::ChargePointLedger;
use super::station_ledger::StationBook;
use crate::id::{ChargePointId, StationId};
use crate::wire::binary::{put_long, put_string};
use crate::wire::{Reader, WireError};

/// The branch of a charge point's ledger in the union of the schema.
const CHARGE_POINT_BRANCH: i64 = 0;
/// The branch of a station's book in the union of the schema.
const STATION_BRANCH: i64 = 1;

/// What a key of the engine names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StateKey {
    ChargePoint(StationId, ChargePointId),
    Station(StationId),
}

impl StateKey {
    /// Reads a key; none if it is not the engine's.
    pub(super) fn parse(key: &str) -> Option<Self> {
        let (kind, ids) = key.split_once('|')?;
        match kind {
            "charge-point" => {
                let (station, charge_point) = ids.split_once('|')?;
                let station = StationId::parse(station).ok()?;
                let charge_point = ChargePointId::parse(charge_point).ok()?;
                Some(Self::ChargePoint(station, charge_point))
            }
            "station" => StationId::parse(ids).ok().map(Self::Station),
            _ => None,
        }
    }
}

/// A ledger read back.
#[derive(Debug)]
pub(super) enum Ledger {
    ChargePoint(Box<ChargePointLedger>),
    Station(Box<StationBook>),
}

/// The record of a charge point's ledger.
pub(super) fn of_charge_point(
    (station_id, charge_point_id): (&StationId, &ChargePointId),
    ledger: &ChargePointLedger,
    policy_id: &str,
) -> StateRecord {
    let mut value = Vec::with_capacity(256);
    put_long(&mut value, CHARGE_POINT_BRANCH);
    put_string(&mut value, policy_id);
    charge_point::put(&mut value, ledger);
    StateRecord {
        key: format!("charge-point|{station_id}|{charge_point_id}"),
        value: Some(value),
    }
}

/// The record of a station's book.
pub(super) fn of_station(
    station_id: &StationId,
    book: &StationBook,
    policy_id: &str,
) -> StateRecord {
    let mut value = Vec::with_capacity(256);
    put_long(&mut value, STATION_BRANCH);
    put_string(&mut value, policy_id);
    station::put(&mut value, book);
    StateRecord {
        key: format!("station|{station_id}"),
        value: Some(value),
    }
}

/// Reads one ledger, all of `value`, and the policy under which it was made.
pub(super) fn decode(value: &[u8]) -> Result<(String, Ledger), WireError> {
    let mut reader = Reader::new(value);
    let branch = reader.long()?;
    let policy = reader.string()?.to_owned();
    let ledger = match branch {
        CHARGE_POINT_BRANCH => Ledger::ChargePoint(Box::new(charge_point::read(&mut reader)?)),
        STATION_BRANCH => Ledger::Station(Box::new(station::read(&mut reader)?)),
        other => return Err(WireError::Index(other)),
    };
    reader.end()?;
    Ok((policy, ledger))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_charge_points_and_stations_are_the_engines() {
        let station = StationId::parse("FRS63P0001").unwrap();
        let charge_point = ChargePointId::parse("FRS63E0012").unwrap();
        assert_eq!(
            StateKey::parse("charge-point|FRS63P0001|FRS63E0012"),
            Some(StateKey::ChargePoint(station.clone(), charge_point))
        );
        assert_eq!(
            StateKey::parse("station|FRS63P0001"),
            Some(StateKey::Station(station))
        );
        for key in ["position", "fence|a", "charge-point|FRS63P0001", "station|"] {
            assert_eq!(StateKey::parse(key), None);
        }
    }
}
