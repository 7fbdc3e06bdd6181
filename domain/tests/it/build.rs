//! Builders of events and directory entries.

use domain::charge_point::{Day, IrveStatic};
use domain::status::StatusPayload;
use domain::{
    ChargePoint, ChargePointId, ChargePointStatus, ChargeSession, Occupancy, RequestId,
    ServiceState, StationId, Timestamp, TimestampMicros,
};

pub(crate) const STATION: &str = "FRTSTPTEST";

pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
}

pub(crate) fn payload(service_state: ServiceState, occupancy: Occupancy) -> StatusPayload {
    StatusPayload {
        service_state,
        occupancy,
        connector_type_2: None,
        connector_ccs: None,
        connector_chademo: None,
        connector_ef: None,
    }
}

pub(crate) fn status(
    charge_point: &str,
    event_time: Timestamp,
    received_at: Timestamp,
    payload: StatusPayload,
) -> ChargePointStatus {
    let charge_point_id = ChargePointId::parse(charge_point).unwrap();
    ChargePointStatus {
        event_id: ChargePointStatus::id_of(&charge_point_id, event_time, &payload),
        charge_point_id,
        station_id: StationId::parse(STATION).unwrap(),
        event_time: TimestampMicros::from(event_time),
        received_at,
        payload,
        request_id: RequestId(uuid::Uuid::nil()),
        submitted_by: "tester".into(),
    }
}

pub(crate) fn session(
    charge_point: &str,
    (start, end): (Timestamp, Timestamp),
    received_at: Timestamp,
    energy_wh: i64,
) -> ChargeSession {
    let charge_point_id = ChargePointId::parse(charge_point).unwrap();
    ChargeSession {
        event_id: ChargeSession::id_of(&charge_point_id, start, end, energy_wh),
        charge_point_id,
        station_id: StationId::parse(STATION).unwrap(),
        start: TimestampMicros::from(start),
        end: TimestampMicros::from(end),
        received_at,
        energy_wh,
        request_id: RequestId(uuid::Uuid::nil()),
        submitted_by: "tester".into(),
    }
}

/// A directory entry of the test station, version 1.
pub(crate) fn entry(charge_point: &str, power_kw: f64, updated_at: Timestamp) -> ChargePoint {
    ChargePoint {
        irve: irve(charge_point, power_kw),
        revision: 1,
        created_at: updated_at,
        updated_at,
        deleted_at: None,
        updated_by: "tester".into(),
        legacy: false,
    }
}

fn irve(charge_point: &str, power_kw: f64) -> IrveStatic {
    IrveStatic {
        nom_amenageur: "Owner".into(),
        siren_amenageur: "130025265".into(),
        contact_amenageur: "owner@example.com".into(),
        nom_operateur: "Operator".into(),
        contact_operateur: "operator@example.com".into(),
        telephone_operateur: "+33100000000".into(),
        nom_enseigne: "Sign".into(),
        id_station_itinerance: StationId::parse(STATION).unwrap(),
        id_station_local: None,
        nom_station: "Station".into(),
        implantation_station: "Voirie".into(),
        adresse_station: "1 rue de la Paix".into(),
        code_insee_commune: "75102".into(),
        longitude: 2.33,
        latitude: 48.86,
        nbre_pdc: 1,
        id_pdc_itinerance: ChargePointId::parse(charge_point).unwrap(),
        id_pdc_local: None,
        puissance_nominale: power_kw,
        prise_type_ef: false,
        prise_type_2: true,
        prise_type_combo_ccs: false,
        prise_type_chademo: false,
        prise_type_autre: false,
        gratuit: None,
        paiement_acte: true,
        paiement_cb: Some(true),
        paiement_autre: None,
        tarification: None,
        condition_acces: "Accès libre".into(),
        reservation: false,
        horaires: "24/7".into(),
        accessibilite_pmr: "Accessibilité inconnue".into(),
        restriction_gabarit: "aucune".into(),
        station_deux_roues: false,
        raccordement: Some("Direct".into()),
        num_pdl: Some("12345678901234".into()),
        date_mise_en_service: Some(Day(19_000)),
        observations: None,
        date_maj: Day(20_000),
        cable_t2_attache: None,
    }
}
