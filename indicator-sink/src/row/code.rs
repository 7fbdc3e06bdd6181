//! The numbers of our enumerations in ClickHouse's `Enum8` columns.

use domain::{
    ChargePointState, ConnectorState, EntityType, EpisodeOutcome, Occupancy, Phase, ServiceState,
    StationState,
};

/// Columns `etat_pdc`.
pub(super) const fn service_state(state: ServiceState) -> i8 {
    match state {
        ServiceState::Unknown => 0,
        ServiceState::InService => 1,
        ServiceState::OutOfService => 2,
    }
}

/// Columns `occupation_pdc`.
pub(super) const fn occupancy(occupancy: Occupancy) -> i8 {
    match occupancy {
        Occupancy::Unknown => 0,
        Occupancy::Free => 1,
        Occupancy::Occupied => 2,
        Occupancy::Reserved => 3,
    }
}

/// Columns `etat_prise_*`.
pub(super) fn connector(state: Option<ConnectorState>) -> Option<i8> {
    state.map(|state| match state {
        ConnectorState::Unknown => 0,
        ConnectorState::Working => 1,
        ConnectorState::OutOfService => 2,
    })
}

/// Columns `phase`.
pub(super) const fn phase(phase: Phase) -> i8 {
    match phase {
        Phase::Provisional => 1,
        Phase::Closed => 2,
        Phase::Corrected => 3,
        Phase::Final => 4,
    }
}

/// Column `state_at_end` of `charge_point_hour`.
pub(super) const fn charge_point_state(state: ChargePointState) -> i8 {
    match state {
        ChargePointState::Inactive => 0,
        ChargePointState::Free => 1,
        ChargePointState::Occupied => 2,
        ChargePointState::Reserved => 3,
        ChargePointState::InService => 4,
        ChargePointState::OutOfService => 5,
        ChargePointState::UnknownShort => 6,
        ChargePointState::UnknownLong => 7,
        ChargePointState::Closed => 8,
    }
}

/// Column `state_at_end` of `station_hour`.
pub(super) const fn station_state(state: StationState) -> i8 {
    match state {
        StationState::Inactive => 0,
        StationState::Idle => 1,
        StationState::Active => 2,
        StationState::Overloaded => 3,
        StationState::Saturated => 4,
        StationState::OutOfService => 5,
        StationState::Unknown => 6,
    }
}

/// Column `entity_type`.
pub(super) const fn entity_type(entity_type: EntityType) -> i8 {
    match entity_type {
        EntityType::ChargePoint => 1,
        EntityType::Station => 2,
    }
}

/// Column `outcome`.
pub(super) const fn outcome(outcome: EpisodeOutcome) -> i8 {
    match outcome {
        EpisodeOutcome::Open => 1,
        EpisodeOutcome::Returned => 2,
        EpisodeOutcome::Withdrawn => 3,
        EpisodeOutcome::Retracted => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads an `Enum8` column of a migration: the symbols and their numbers.
    fn numbers(migration: &str, column: &str) -> Vec<(String, i8)> {
        let line = migration
            .lines()
            .find(|line| line.trim_start().starts_with(&format!("{column} ")))
            .unwrap();
        let list = line
            .split("Enum8(")
            .nth(1)
            .unwrap()
            .split(')')
            .next()
            .unwrap();
        let pair = |pair: &str| {
            let (symbol, number) = pair.split_once(" = ").unwrap();
            let symbol = symbol.trim().trim_matches('\'').to_owned();
            (symbol, number.trim().parse().unwrap())
        };
        list.split(',').map(pair).collect()
    }

    fn assert_same<T: Copy>(
        column: (&str, &str),
        all: &[T],
        symbol: impl Fn(T) -> &'static str,
        code: impl Fn(T) -> i8,
    ) {
        let mut ours: Vec<_> = all
            .iter()
            .map(|value| (symbol(*value).to_owned(), code(*value)))
            .collect();
        let mut theirs = numbers(column.0, column.1);
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "column {}", column.1);
    }

    const STATUS: &str = include_str!("../../../deploy/clickhouse/0060_charge_point_status.sql");
    const POINT: &str = include_str!("../../../deploy/clickhouse/0080_charge_point_hour.sql");
    const STATION: &str = include_str!("../../../deploy/clickhouse/0090_station_hour.sql");
    const EPISODE: &str = include_str!("../../../deploy/clickhouse/0100_failure_episode.sql");

    #[test]
    fn the_numbers_of_enumerations_are_those_of_the_columns() {
        let all = &ServiceState::ALL;
        assert_same(
            (STATUS, "etat_pdc"),
            all,
            ServiceState::symbol,
            service_state,
        );
        let all = &Occupancy::ALL;
        assert_same(
            (STATUS, "occupation_pdc"),
            all,
            Occupancy::symbol,
            occupancy,
        );
        let code = |state| connector(Some(state)).unwrap();
        let all = &ConnectorState::ALL;
        assert_same(
            (STATUS, "etat_prise_type_ef"),
            all,
            ConnectorState::symbol,
            code,
        );
        assert_same((POINT, "phase"), &Phase::ALL, Phase::symbol, phase);
        let all = &ChargePointState::ALL;
        let code = charge_point_state;
        assert_same((POINT, "state_at_end"), all, ChargePointState::symbol, code);
        let all = &StationState::ALL;
        assert_same(
            (STATION, "state_at_end"),
            all,
            StationState::symbol,
            station_state,
        );
        let all = &EntityType::ALL;
        assert_same(
            (EPISODE, "entity_type"),
            all,
            EntityType::symbol,
            entity_type,
        );
        let all = &EpisodeOutcome::ALL;
        assert_same((EPISODE, "outcome"), all, EpisodeOutcome::symbol, outcome);
    }
}
