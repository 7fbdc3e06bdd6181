//! Builders: records with a different value in every field, and their way into a range.

use domain::charge_point::{Day, IrveStatic};
use domain::episode::{EpisodeEnd, EpisodeFlags};
use domain::indicator::{Emission, FailureGauges, StationSweep, Vector};
use domain::status::StatusPayload;
use domain::{
    ChargePoint, ChargePointId, ChargePointIndicator, ChargePointState, ChargePointStatus,
    ChargeSession, ConnectorState, EpisodeOutcome, EventId, FailureEpisode, Occupancy, Phase,
    RequestId, ServiceState, StationId, StationIndicator, StationState, Timestamp, TimestampMicros,
    Window, wire,
};
use indicator_sink::batch::{Batch, Range};
use indicator_sink::intent::Position;
use indicator_sink::record::Verdict;
use indicator_sink::schema::Decoders;
use indicator_sink::topic::Topic;
use platform::avro::frame;
use rdkafka::Timestamp as KafkaTimestamp;
use rdkafka::message::OwnedMessage;
use tokio::time::Instant;
use uuid::Uuid;

/// 2026-03-29T01:30:00.123Z.
pub(crate) const NOW_MS: i64 = 1_774_747_800_123;

/// The schema id of every record here.
const SCHEMA_ID: u32 = 11;

pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(NOW_MS + ms)
}

fn charge_point_id() -> ChargePointId {
    ChargePointId::parse("FRS63E0012").unwrap()
}

fn station_id() -> StationId {
    StationId::parse("FRS63P0001").unwrap()
}

pub(crate) fn status() -> ChargePointStatus {
    ChargePointStatus {
        event_id: EventId(Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff)),
        charge_point_id: charge_point_id(),
        station_id: station_id(),
        event_time: TimestampMicros::from_us(NOW_MS * 1000 + 456),
        received_at: at(2_000),
        payload: StatusPayload {
            service_state: ServiceState::OutOfService,
            occupancy: Occupancy::Reserved,
            connector_type_2: Some(ConnectorState::Working),
            connector_ccs: Some(ConnectorState::OutOfService),
            connector_chademo: Some(ConnectorState::Unknown),
            connector_ef: None,
        },
        request_id: RequestId(Uuid::from_u128(7)),
        submitted_by: "opérateur".into(),
    }
}

pub(crate) fn session() -> ChargeSession {
    ChargeSession {
        event_id: EventId(Uuid::from_u128(8)),
        charge_point_id: charge_point_id(),
        station_id: station_id(),
        start: TimestampMicros::from_us((NOW_MS - 3_000_000) * 1000 + 999),
        end: TimestampMicros::from_us(NOW_MS * 1000),
        received_at: at(1),
        energy_wh: 1_000_000,
        request_id: RequestId(Uuid::from_u128(9)),
        submitted_by: "backfill".into(),
    }
}

pub(crate) fn charge_point() -> ChargePoint {
    ChargePoint {
        irve: irve(),
        revision: 3,
        created_at: at(-9_000),
        updated_at: at(-8_000),
        deleted_at: Some(at(-7_000)),
        updated_by: "admin".to_owned(),
        legacy: true,
    }
}

fn irve() -> IrveStatic {
    IrveStatic {
        nom_amenageur: "l'aménageur".to_owned(),
        siren_amenageur: "123456782".to_owned(),
        contact_amenageur: "a@example.com".to_owned(),
        nom_operateur: "opérateur".to_owned(),
        contact_operateur: "o@example.com".to_owned(),
        telephone_operateur: "+33-1".to_owned(),
        nom_enseigne: "enseigne".to_owned(),
        id_station_itinerance: station_id(),
        id_station_local: None,
        nom_station: "station".to_owned(),
        implantation_station: "Voirie".to_owned(),
        adresse_station: "1 rue \"A\"\n75001".to_owned(),
        code_insee_commune: "2A004".into(),
        longitude: 8.738_6,
        latitude: 41.919_2,
        nbre_pdc: 65_535,
        id_pdc_itinerance: charge_point_id(),
        id_pdc_local: Some("local".to_owned()),
        puissance_nominale: 7.4,
        prise_type_ef: true,
        prise_type_2: false,
        prise_type_combo_ccs: true,
        prise_type_chademo: false,
        prise_type_autre: true,
        gratuit: Some(false),
        paiement_acte: true,
        paiement_cb: None,
        paiement_autre: Some(true),
        tarification: Some(String::new()),
        condition_acces: "Accès libre".to_owned(),
        reservation: true,
        horaires: "24/7".to_owned(),
        accessibilite_pmr: "Accessibilité inconnue".to_owned(),
        restriction_gabarit: "2 m".to_owned(),
        station_deux_roues: true,
        raccordement: Some("Direct".to_owned()),
        num_pdl: Some("30002510987654".to_owned()),
        date_mise_en_service: Some(Day(-1)),
        observations: None,
        date_maj: Day(20_541),
        cable_t2_attache: Some(true),
    }
}

/// 1, 2, 3 … in the order of the schema.
pub(crate) fn counting<const N: usize>() -> [i64; N] {
    std::array::from_fn(|index| i64::try_from(index).unwrap() + 1)
}

fn emission(phase: Phase) -> Emission {
    Emission {
        phase,
        revision: 4,
        version: at(5),
        computed_at: at(6),
    }
}

const GAUGES: FailureGauges = FailureGauges {
    open_failures_at_end: 101,
    oldest_open_failure_ms: 102,
};

pub(crate) fn charge_point_hour(phase: Phase) -> ChargePointIndicator {
    ChargePointIndicator {
        policy: "qc-1".into(),
        station_id: station_id(),
        charge_point_id: charge_point_id(),
        window: Window::of(at(0)),
        code_insee_commune: "75101".into(),
        power_w: 22_000,
        vector: Vector::from_array(counting()),
        state_at_end: ChargePointState::UnknownLong,
        gauges: GAUGES,
        emission: emission(phase),
    }
}

pub(crate) fn station_hour() -> StationIndicator {
    StationIndicator {
        policy: "qc-1".into(),
        station_id: station_id(),
        window: Window::of(at(0)),
        code_insee_commune: "".into(),
        power_w: 350_000,
        vector: Vector::from_array(counting()),
        charge_points: 103,
        sweep: StationSweep::from_array(counting()),
        state_at_end: StationState::Saturated,
        gauges: GAUGES,
        emission: emission(Phase::Final),
    }
}

pub(crate) fn episode(outcome: EpisodeOutcome) -> FailureEpisode {
    let end = EpisodeEnd {
        closed_at: at(10),
        time_to_return_ms: 11,
        out_of_service_ms: 12,
        unknown_ms: 13,
    };
    let has_end = matches!(
        outcome,
        EpisodeOutcome::Returned | EpisodeOutcome::Withdrawn
    );
    FailureEpisode {
        policy: "qc-1".into(),
        station_id: station_id(),
        charge_point_id: has_end.then(charge_point_id),
        opened_at: at(-50),
        outcome,
        end: has_end.then_some(end),
        flags: EpisodeFlags {
            left_censored: false,
            onset_uncertain: true,
            unknown_inside: false,
        },
        code_insee_commune: "75101".into(),
        power_w: 14,
        revision: 15,
        version: at(16),
        computed_at: at(17),
    }
}

/// The value of a record on its topic.
pub(crate) fn value(record: &impl wire::Record) -> Vec<u8> {
    let mut encoded = Vec::new();
    record.encode(&mut encoded);
    frame(SCHEMA_ID, &encoded)
}

/// A record on partition 5.
pub(crate) fn message(topic: Topic, offset: i64, value: Option<Vec<u8>>) -> OwnedMessage {
    let timestamp = KafkaTimestamp::CreateTime(NOW_MS + offset);
    let key = Some(b"FRS63P0001".to_vec());
    OwnedMessage::new(
        value,
        key,
        topic.name().to_owned(),
        timestamp,
        5,
        offset,
        None,
    )
}

/// What decodes every record here.
pub(crate) fn decoders() -> Decoders {
    let mut decoders = Decoders::default();
    for contract in domain::contract::CONTRACTS {
        if let Some(topic) = Topic::named(contract.topic) {
            decoders.learn(topic, SCHEMA_ID, Ok(contract.schema));
        }
    }
    decoders
}

/// The range that holds `messages`, all decodable.
pub(crate) fn range(topic: Topic, messages: &[OwnedMessage]) -> Range {
    let (decoders, position) = (decoders(), Position::of(Some(0), "").unwrap());
    let mut batch = Batch::new(topic, 5, position);
    for message in messages {
        let verdict = batch.add(message, &decoders, Instant::now());
        assert!(matches!(verdict, Verdict::Row(_)), "{verdict:?}");
    }
    batch.seal().unwrap()
}
