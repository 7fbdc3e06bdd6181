//! Random records of every contract.

use domain::charge_point::Day;
use domain::episode::{EpisodeEnd, EpisodeFlags};
use domain::indicator::{Emission, FailureGauges, StationSweep, Vector};
use domain::status::StatusPayload;
use domain::wire::binary::INSTANTS_MS;
use domain::{
    ChargePoint, ChargePointId, ChargePointIndicator, ChargePointState, ChargePointStatus,
    ChargeSession, ConnectorState, EpisodeOutcome, EventId, FailureEpisode, Occupancy, Phase,
    RequestId, ServiceState, StationId, StationIndicator, StationState, Timestamp, TimestampMicros,
    Window,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::build::{at, entry};

fn charge_point_id() -> impl Strategy<Value = ChargePointId> {
    "FR[A-Z0-9]{3}E[0-9]{1,10}".prop_map(|id| ChargePointId::parse(&id).unwrap())
}

fn station_id() -> impl Strategy<Value = StationId> {
    "FR[A-Z0-9]{3}P[0-9]{1,10}".prop_map(|id| StationId::parse(&id).unwrap())
}

/// Any instant that can be read, and often the first and the last of them.
fn instant() -> impl Strategy<Value = Timestamp> {
    let (first, last) = (*INSTANTS_MS.start(), *INSTANTS_MS.end());
    prop_oneof![8 => INSTANTS_MS, 1 => Just(first), 1 => Just(last)].prop_map(at)
}

fn micros() -> impl Strategy<Value = TimestampMicros> {
    let within = (instant(), 0..1_000_i64);
    within.prop_map(|(at, us)| TimestampMicros::from_us(at.as_ms() * 1_000 + us))
}

fn ids() -> impl Strategy<Value = (EventId, RequestId)> {
    any::<(u128, u128)>().prop_map(|(event, request)| {
        let uuid = uuid::Uuid::from_u128;
        (EventId(uuid(event)), RequestId(uuid(request)))
    })
}

fn payload() -> impl Strategy<Value = StatusPayload> {
    let connector = || proptest::option::of(select(ConnectorState::ALL.as_slice()));
    (
        select(ServiceState::ALL.as_slice()),
        select(Occupancy::ALL.as_slice()),
        (connector(), connector(), connector(), connector()),
    )
        .prop_map(|(service_state, occupancy, connectors)| StatusPayload {
            service_state,
            occupancy,
            connector_type_2: connectors.0,
            connector_ccs: connectors.1,
            connector_chademo: connectors.2,
            connector_ef: connectors.3,
        })
}

pub(crate) fn statuses() -> impl Strategy<Value = ChargePointStatus> {
    let names = (charge_point_id(), station_id(), ".{0,8}");
    (ids(), names, micros(), instant(), payload()).prop_map(
        |(ids, names, event_time, received_at, payload)| ChargePointStatus {
            event_id: ids.0,
            charge_point_id: names.0,
            station_id: names.1,
            event_time,
            received_at,
            payload,
            request_id: ids.1,
            submitted_by: names.2.into(),
        },
    )
}

pub(crate) fn sessions() -> impl Strategy<Value = ChargeSession> {
    let names = (charge_point_id(), station_id(), ".{0,8}");
    (ids(), names, (micros(), micros()), instant(), any::<i64>()).prop_map(
        |(ids, names, (start, end), received_at, energy_wh)| ChargeSession {
            event_id: ids.0,
            charge_point_id: names.0,
            station_id: names.1,
            start,
            end,
            received_at,
            energy_wh,
            request_id: ids.1,
            submitted_by: names.2.into(),
        },
    )
}

pub(crate) fn charge_points() -> impl Strategy<Value = ChargePoint> {
    let optional = || proptest::option::of(".{0,8}");
    let texts = (".{0,8}", optional(), optional(), optional());
    let numbers = (-180.0..180.0_f64, 0.0..4_000.0_f64, any::<i32>());
    let flags = (
        any::<[bool; 3]>(),
        any::<Option<bool>>(),
        any::<Option<i32>>(),
    );
    let life = (
        instant(),
        instant(),
        proptest::option::of(instant()),
        any::<i64>(),
    );
    (texts, numbers, flags, life, charge_point_id()).prop_map(
        |(texts, numbers, flags, life, id)| {
            let mut record = entry("FRTSTETEST1", numbers.1, life.0);
            record.irve.id_pdc_itinerance = id;
            record.irve.nom_station = texts.0;
            record.irve.id_pdc_local = texts.1;
            record.irve.tarification = texts.2;
            record.irve.observations = texts.3;
            record.irve.longitude = numbers.0;
            record.irve.nbre_pdc = numbers.2;
            [
                record.irve.prise_type_ef,
                record.irve.reservation,
                record.legacy,
            ] = flags.0;
            record.irve.cable_t2_attache = flags.1;
            record.irve.date_mise_en_service = flags.2.map(Day);
            record.updated_at = life.1;
            record.deleted_at = life.2;
            record.revision = life.3;
            record
        },
    )
}

fn vector() -> impl Strategy<Value = Vector> {
    any::<[i64; Vector::LENGTH]>().prop_map(Vector::from_array)
}

fn window() -> impl Strategy<Value = Window> {
    (-1_000_000..1_000_000_i64).prop_map(|hours| Window::of(at(hours * 3_600_000)))
}

fn emission() -> impl Strategy<Value = Emission> {
    (
        select(Phase::ALL.as_slice()),
        any::<i32>(),
        instant(),
        instant(),
    )
        .prop_map(|(phase, revision, version, computed_at)| Emission {
            phase,
            revision,
            version,
            computed_at,
        })
}

fn gauges() -> impl Strategy<Value = FailureGauges> {
    any::<(i64, i64)>().prop_map(|(open, oldest)| FailureGauges {
        open_failures_at_end: open,
        oldest_open_failure_ms: oldest,
    })
}

pub(crate) fn charge_point_indicators() -> impl Strategy<Value = ChargePointIndicator> {
    let names = (".{0,8}", station_id(), charge_point_id(), "[0-9AB]{0,5}");
    let numbers = (window(), any::<i64>(), vector());
    let end = (select(ChargePointState::ALL.as_slice()), gauges());
    (names, numbers, end, emission()).prop_map(|(names, numbers, end, emission)| {
        ChargePointIndicator {
            policy: names.0.into(),
            station_id: names.1,
            charge_point_id: names.2,
            window: numbers.0,
            code_insee_commune: names.3.into(),
            power_w: numbers.1,
            vector: numbers.2,
            state_at_end: end.0,
            gauges: end.1,
            emission,
        }
    })
}

pub(crate) fn station_indicators() -> impl Strategy<Value = StationIndicator> {
    let names = (".{0,8}", station_id(), "[0-9AB]{0,5}");
    let sweep = any::<[i64; StationSweep::LENGTH]>().prop_map(StationSweep::from_array);
    let numbers = (window(), any::<i64>(), vector(), any::<i64>(), sweep);
    let end = (select(StationState::ALL.as_slice()), gauges());
    (names, numbers, end, emission()).prop_map(|(names, numbers, end, emission)| StationIndicator {
        policy: names.0.into(),
        station_id: names.1,
        window: numbers.0,
        code_insee_commune: names.2.into(),
        power_w: numbers.1,
        vector: numbers.2,
        charge_points: numbers.3,
        sweep: numbers.4,
        state_at_end: end.0,
        gauges: end.1,
        emission,
    })
}

pub(crate) fn episodes() -> impl Strategy<Value = FailureEpisode> {
    let names = (
        ".{0,8}",
        station_id(),
        proptest::option::of(charge_point_id()),
        "[0-9AB]{0,5}",
    );
    let end = (instant(), any::<[i64; 3]>()).prop_map(|(closed_at, shares)| EpisodeEnd {
        closed_at,
        time_to_return_ms: shares[0],
        out_of_service_ms: shares[1],
        unknown_ms: shares[2],
    });
    let end = (
        select(EpisodeOutcome::ALL.as_slice()),
        proptest::option::of(end),
    );
    let flags = any::<[bool; 3]>();
    let numbers = (any::<i64>(), any::<i32>(), instant(), instant(), instant());
    (names, end, flags, numbers).prop_map(|(names, end, flags, numbers)| FailureEpisode {
        policy: names.0.into(),
        station_id: names.1,
        charge_point_id: names.2,
        opened_at: numbers.2,
        outcome: end.0,
        end: end.1,
        flags: EpisodeFlags {
            left_censored: flags[0],
            onset_uncertain: flags[1],
            unknown_inside: flags[2],
        },
        code_insee_commune: names.3.into(),
        power_w: numbers.0,
        revision: numbers.1,
        version: numbers.3,
        computed_at: numbers.4,
    })
}
