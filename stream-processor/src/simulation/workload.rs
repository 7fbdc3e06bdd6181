//! What is written into the inputs: a directory, and hours of statuses, sessions and ticks, in order,
//! out of order, twice, too late, from the future, and illegible.
//!
//! The directory is written first, and changed once between the events.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use domain::charge_point::{Day, IrveStatic};
use domain::contract::{self, Contract};
use domain::status::StatusPayload;
use domain::wire;
use domain::{
    ChargePoint, ChargePointId, ChargePointStatus, ChargeSession, Occupancy, Policy, RequestId,
    ServiceState, Span, StationId, Timestamp, TimestampMicros,
};
use platform::avro;
use platform::kafka::producer::Record;

use super::dice::Dice;
use super::log::Place;
use crate::memory::schema_id;
use crate::topology::Source;

const MINUTE: i64 = 60_000;

/// A start on the hour.
const START: i64 = 1_767_225_600_000;

/// The partitions that are written: 1 and 7 share their partitions of what is set aside.
pub(crate) const PARTITIONS: [i32; 3] = [0, 1, 7];

/// Our policy with windows that are final an hour after their end, so that a short log has some.
pub(crate) fn policy() -> Policy {
    Policy {
        late_limit: Span::from_hours(1),
        ..Policy::qc_1()
    }
}

/// What is written together, by place, in order.
pub(crate) type Scene = BTreeMap<Place, Vec<Rc<Record>>>;

/// What is written, scene after scene: a directory and events, changes of the directory, more events.
pub(crate) type Workload = Vec<Scene>;

/// The workload of a seed: `minutes` long.
pub(crate) fn of_seed(seed: u64, minutes: i64) -> Workload {
    let mut writer = Writer {
        dice: Dice::new(seed),
        workload: vec![Scene::new()],
    };
    let turning_point = minutes * writer.dice.between(30, 70) / 100;
    let mut earlier = PARTITIONS.map(|_| Vec::new());
    for partition in PARTITIONS {
        writer.directory(partition);
    }
    writer.events(0..turning_point, &mut earlier);
    writer.workload.push(Scene::new());
    for partition in PARTITIONS {
        writer.change(partition, START + turning_point * MINUTE);
    }
    writer.workload.push(Scene::new());
    writer.events(turning_point..minutes, &mut earlier);
    writer.workload
}

struct Writer {
    dice: Dice,
    workload: Workload,
}

/// Events that may be sent again.
type Earlier = Vec<(Source, Vec<u8>)>;

impl Writer {
    fn directory(&mut self, partition: i32) {
        for number in 0..2 {
            for revision in 1..=self.dice.between(1, 2) {
                let at = START - (3 - revision) * MINUTE;
                let entry = entry(partition, number, (at, revision));
                self.put_entry(partition, (at, &entry));
            }
        }
    }

    fn events(&mut self, minutes: Range<i64>, earlier: &mut [Earlier; 3]) {
        for (partition, earlier) in PARTITIONS.into_iter().zip(earlier) {
            for minute in minutes.clone() {
                self.minute(partition, START + minute * MINUTE, earlier);
            }
            // Both inputs end at one time, so that every cut before it is taken.
            for source in [Source::Status, Source::Session] {
                self.write(partition, source, START + minutes.end * MINUTE, None);
            }
        }
    }

    /// Changes the directory: another power, a withdrawal, a removal, or nothing.
    fn change(&mut self, partition: i32, now: i64) {
        let number = self.dice.between(0, 1);
        // Later than the versions before: a gateway gives them in order.
        let at = self.dice.between(START / MINUTE, now / MINUTE) * MINUTE;
        let mut changed = entry(partition, number, (at, 3));
        match self.dice.below(4) {
            0 => {}
            1 => self.put_entry(partition, (at, &changed)),
            2 => {
                let withdrawn_at = at - self.dice.between(0, 10) * MINUTE;
                changed.deleted_at = Some(Timestamp::from_ms(withdrawn_at));
                self.put_entry(partition, (at, &changed));
            }
            _ => {
                let key = changed.charge_point_id().to_string();
                self.put(partition, Source::Directory, (at, Some(key), None));
            }
        }
    }

    fn put_entry(&mut self, partition: i32, (at, entry): (i64, &ChargePoint)) {
        let value = framed(contract::CHARGE_POINT, entry);
        let key = entry.charge_point_id().to_string();
        self.put(partition, Source::Directory, (at, Some(key), Some(value)));
    }

    fn minute(&mut self, partition: i32, now: i64, earlier: &mut Earlier) {
        let offset_ms = self.dice.between(0, MINUTE - 1);
        let now = now + offset_ms;
        if self.dice.chance(15) {
            let lateness = match self.dice.below(10) {
                0 => self.dice.between(60, 200) * MINUTE,
                1..4 => self.dice.between(1, 30) * MINUTE,
                4 => -2 * MINUTE,
                _ => self.dice.between(0, 5_000),
            };
            let value = self.status(partition, (now - lateness, now));
            earlier.push((Source::Status, value.clone()));
            self.write(partition, Source::Status, now, Some(value));
        }
        if self.dice.chance(5) {
            let value = self.session(partition, now);
            earlier.push((Source::Session, value.clone()));
            self.write(partition, Source::Session, now, Some(value));
        }
        if self.dice.chance(2) && !earlier.is_empty() {
            let (source, value) = earlier[self.dice.index(earlier.len())].clone();
            self.write(partition, source, now, Some(value));
        }
        if self.dice.chance(1) {
            let value = self.dice.pick(&[
                &b"rubbish"[..],
                &[0, 0, 0, 0, 77, 1],
                &[0, 0, 0, 0, 1, 255, 255],
            ]);
            self.write(partition, Source::Status, now, Some(value.to_vec()));
        }
        for source in [Source::Status, Source::Session] {
            if self.dice.chance(25) {
                self.write(partition, source, now, None);
            }
        }
    }

    fn status(&mut self, partition: i32, (event, received): (i64, i64)) -> Vec<u8> {
        let number = self.dice.between(0, 1);
        let charge_point_id = charge_point(partition, number);
        let payload = StatusPayload {
            service_state: self.dice.pick(&[
                ServiceState::InService,
                ServiceState::InService,
                ServiceState::OutOfService,
                ServiceState::Unknown,
            ]),
            occupancy: self.dice.pick(&[Occupancy::Free, Occupancy::Occupied]),
            connector_type_2: None,
            connector_ccs: None,
            connector_chademo: None,
            connector_ef: None,
        };
        let at = Timestamp::from_ms(event);
        let status = ChargePointStatus {
            event_id: ChargePointStatus::id_of(&charge_point_id, at, &payload),
            charge_point_id,
            station_id: station(partition),
            event_time: TimestampMicros::from(at),
            received_at: Timestamp::from_ms(received),
            payload,
            request_id: RequestId(uuid::Uuid::nil()),
            submitted_by: "test".into(),
        };
        framed(contract::CHARGE_POINT_STATUS, &status)
    }

    fn session(&mut self, partition: i32, received: i64) -> Vec<u8> {
        let number = self.dice.between(0, 1);
        let charge_point_id = charge_point(partition, number);
        let end = received - self.dice.between(0, 90) * MINUTE;
        let start = end - self.dice.between(1, 60) * MINUTE;
        let energy_wh = self.dice.between(0, 20_000);
        let (start, end) = (Timestamp::from_ms(start), Timestamp::from_ms(end));
        let session = ChargeSession {
            event_id: ChargeSession::id_of(&charge_point_id, start, end, energy_wh),
            charge_point_id,
            station_id: station(partition),
            start: TimestampMicros::from(start),
            end: TimestampMicros::from(end),
            received_at: Timestamp::from_ms(received),
            energy_wh,
            request_id: RequestId(uuid::Uuid::nil()),
            submitted_by: "test".into(),
        };
        framed(contract::CHARGE_SESSION, &session)
    }

    /// Writes an event, or without a value a tick.
    fn write(&mut self, partition: i32, source: Source, at: i64, value: Option<Vec<u8>>) {
        let key = value.as_ref().map(|_| station(partition).to_string());
        self.put(partition, source, (at, key, value));
    }

    fn put(
        &mut self,
        partition: i32,
        source: Source,
        (at, key, value): (i64, Option<String>, Option<Vec<u8>>),
    ) {
        let record = Record {
            topic: source.topic().to_owned(),
            partition: Some(partition),
            key: key.map(String::into_bytes),
            value,
            timestamp_ms: Some(at),
            headers: None,
        };
        let scene = self.workload.last_mut().unwrap();
        let records = scene.entry(Place::of(&record)).or_default();
        records.push(Rc::new(record));
    }
}

fn framed<T: wire::Record>(contract: Contract, content: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    avro::frame_into(schema_id(contract), &mut bytes);
    content.encode(&mut bytes);
    bytes
}

fn station(partition: i32) -> StationId {
    StationId::parse(&format!("FRSIMP{partition:02}")).unwrap()
}

fn charge_point(partition: i32, number: i64) -> ChargePointId {
    ChargePointId::parse(&format!("FRSIME{partition:02}{number}")).unwrap()
}

fn entry(partition: i32, number: i64, (at, revision): (i64, i64)) -> ChargePoint {
    let at = Timestamp::from_ms(at);
    let charge_point_id = charge_point(partition, number);
    let power_kw = match revision {
        1 => 7.4,
        2 => 22.0,
        _ => 50.0,
    };
    ChargePoint {
        irve: irve(charge_point_id, station(partition), power_kw),
        revision,
        created_at: at,
        updated_at: at,
        deleted_at: None,
        updated_by: "test".to_owned(),
        legacy: false,
    }
}

fn irve(charge_point_id: ChargePointId, station_id: StationId, power_kw: f64) -> IrveStatic {
    IrveStatic {
        nom_amenageur: "Owner".to_owned(),
        siren_amenageur: "130025265".to_owned(),
        contact_amenageur: "owner@example.com".to_owned(),
        nom_operateur: "Operator".to_owned(),
        contact_operateur: "operator@example.com".to_owned(),
        telephone_operateur: "+33100000000".to_owned(),
        nom_enseigne: "Sign".to_owned(),
        id_station_itinerance: station_id,
        id_station_local: None,
        nom_station: "Station".to_owned(),
        implantation_station: "Voirie".to_owned(),
        adresse_station: "1 rue de la Paix".to_owned(),
        code_insee_commune: "75102".to_owned(),
        longitude: 2.33,
        latitude: 48.86,
        nbre_pdc: 2,
        id_pdc_itinerance: charge_point_id,
        id_pdc_local: None,
        puissance_nominale: power_kw,
        prise_type_ef: false,
        prise_type_2: true,
        prise_type_combo_ccs: false,
        prise_type_chademo: false,
        prise_type_autre: false,
        gratuit: None,
        paiement_acte: true,
        paiement_cb: None,
        paiement_autre: None,
        tarification: None,
        condition_acces: "Accès libre".to_owned(),
        reservation: false,
        horaires: "24/7".to_owned(),
        accessibilite_pmr: "Accessibilité inconnue".to_owned(),
        restriction_gabarit: "aucune".to_owned(),
        station_deux_roues: false,
        raccordement: None,
        num_pdl: None,
        date_mise_en_service: None,
        observations: None,
        date_maj: Day(20_000),
        cable_t2_attache: None,
    }
}
