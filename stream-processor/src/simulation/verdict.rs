//! What the oracle says of a workload: all records of a partition are looked at together, and of every cut
//! it says what is published. It shares no rule with the engine, and knows nothing of workers, transactions
//! and restores.

use std::collections::{BTreeMap, BTreeSet};

use domain::contract;
use domain::engine::Output;
use domain::wire::{self, Decoder};
use domain::{ChargePoint, ChargePointId, ChargePointStatus, ChargeSession, StationId, Timestamp};
use oracle::entry::DirectoryRecord;
use oracle::{
    ChargePointLog, Directory, Entry, Fate, Publisher, SessionRecord, StatusRecord, by_station,
    clock,
};
use platform::avro;
use platform::kafka::producer::Record;

use super::expectation::{Expectation, Line, line};
use super::log::Place;
use super::workload::{PARTITIONS, Workload, policy};
use crate::emit::{self, SchemaIds};
use crate::memory::schema_id;
use crate::topology::Source;

/// The outputs of all partitions, and how many records are set aside, by topic.
pub(crate) struct Verdict {
    outputs: BTreeMap<Place, BTreeSet<Line>>,
    set_aside: BTreeMap<&'static str, usize>,
}

/// A partition as the oracle sees it.
#[derive(Default)]
struct Partition {
    logs: BTreeMap<(StationId, ChargePointId), ChargePointLog>,
    directories: BTreeMap<ChargePointId, Directory>,
    statuses: Vec<Timestamp>,
    sessions: Vec<Timestamp>,
    late: usize,
    dead: usize,
}

/// The oracle's word on a workload.
pub(crate) fn of(workload: &Workload, ids: &SchemaIds) -> Verdict {
    let mut verdict = Verdict {
        outputs: BTreeMap::new(),
        set_aside: BTreeMap::new(),
    };
    for partition in PARTITIONS {
        let seen = Partition::of(workload, partition);
        *verdict
            .set_aside
            .entry(contract::LATE_EVENT_TOPIC)
            .or_default() += seen.late;
        *verdict
            .set_aside
            .entry(contract::DEAD_LETTER_TOPIC)
            .or_default() += seen.dead;
        for output in seen.published() {
            let record = emit::output(&output, partition, ids);
            let lines = verdict.outputs.entry(Place::of(&record)).or_default();
            assert!(lines.insert(line(&record)), "the oracle repeats itself");
        }
    }
    verdict
}

impl Verdict {
    /// Says where a run published something else.
    pub(crate) fn judge(&self, run: &Expectation) -> Result<(), String> {
        run.is_set(&self.outputs)?;
        for (topic, expected) in &self.set_aside {
            let found = run.set_aside_in(topic);
            if found != *expected {
                return Err(format!(
                    "{found} records in {topic}, the oracle says {expected}"
                ));
            }
        }
        Ok(())
    }
}

impl Partition {
    fn of(workload: &Workload, partition: i32) -> Self {
        let mut seen = Self::default();
        let lane = |source: Source| {
            let place = Place::named(source.topic(), partition);
            workload.iter().map(move |scene| scene.get(&place))
        };
        // A change of the directory is read when everything before its scene is applied.
        let mut clock = Timestamp::MIN;
        let events = lane(Source::Status).zip(lane(Source::Session));
        for (changes, (statuses, sessions)) in lane(Source::Directory).zip(events) {
            for record in changes.into_iter().flatten() {
                seen.change(record, clock);
            }
            let ends = [statuses, sessions].map(|it| it.and_then(|it| it.last()));
            if let [Some(status), Some(session)] = ends {
                clock = received_at(status).min(received_at(session));
            }
        }
        let all = |source| lane(source).flatten().flatten();
        seen.statuses = clock::stamps(all(Source::Status).map(|it| received_at(it)));
        seen.sessions = clock::stamps(all(Source::Session).map(|it| received_at(it)));
        let stamps = (seen.statuses.clone(), seen.sessions.clone());
        for (offset, (record, stamp)) in (0..).zip(all(Source::Status).zip(stamps.0)) {
            seen.status(record, (stamp, offset));
        }
        for (offset, (record, stamp)) in (0..).zip(all(Source::Session).zip(stamps.1)) {
            seen.session(record, (stamp, offset));
        }
        seen
    }

    fn change(&mut self, record: &Record, read_at: Timestamp) {
        let (id, change) = match decoded::<ChargePoint>(record) {
            Some(Ok(entry)) => {
                let id = entry.charge_point_id().clone();
                (id, DirectoryRecord::Version(Box::new(entry)))
            }
            Some(Err(())) => panic!("an entry cannot be read"),
            None => {
                let key = record.key.as_deref().unwrap();
                let id = ChargePointId::parse(std::str::from_utf8(key).unwrap()).unwrap();
                (id, DirectoryRecord::Null(received_at(record)))
            }
        };
        let directory = self.directories.entry(id).or_default();
        directory.records.push((read_at, change));
    }

    fn status(&mut self, record: &Record, (stamp, offset): (Timestamp, i64)) {
        let status = match decoded::<ChargePointStatus>(record) {
            None => return,
            Some(Err(())) => {
                self.dead += 1;
                return;
            }
            Some(Ok(status)) => status,
        };
        let record = StatusRecord {
            event_time: status.event_time.floor(),
            received_at: status.received_at,
            stamp,
            offset,
            payload: status.payload,
        };
        self.late += usize::from(record.fate(&policy()) != Fate::Applied);
        let log = self.log_of(&status.station_id, &status.charge_point_id);
        log.statuses.push(record);
    }

    fn session(&mut self, record: &Record, (stamp, offset): (Timestamp, i64)) {
        let Some(Ok(session)) = decoded::<ChargeSession>(record) else {
            return;
        };
        let record = SessionRecord {
            start: session.start.floor(),
            end: session.end.floor(),
            energy_wh: session.energy_wh,
            received_at: session.received_at,
            stamp,
            offset,
        };
        let fate = record.fate(&policy());
        self.late += usize::from(matches!(fate, Fate::FromTheFuture { .. }));
        let log = self.log_of(&session.station_id, &session.charge_point_id);
        log.sessions.push(record);
    }

    fn log_of(&mut self, station: &StationId, point: &ChargePointId) -> &mut ChargePointLog {
        let key = (station.clone(), point.clone());
        self.logs.entry(key).or_insert_with(|| ChargePointLog {
            charge_point_id: point.clone(),
            station_id: station.clone(),
            entry: Entry::default(),
            statuses: Vec::new(),
            sessions: Vec::new(),
        })
    }

    /// What all cuts publish.
    fn published(mut self) -> Vec<Output> {
        for log in self.logs.values_mut() {
            if let Some(directory) = self.directories.get(&log.charge_point_id) {
                log.entry = directory.at_station(&log.station_id);
            }
        }
        let policy = policy();
        let logs = by_station(self.logs.into_values().collect());
        let mut publisher = Publisher::new(&policy, true, logs);
        let mut outputs = Vec::new();
        for cut in clock::cuts(&self.statuses, &self.sessions, &policy) {
            let records = publisher.publish(cut);
            outputs.extend(records.charge_points.into_iter().map(Output::ChargePoint));
            outputs.extend(records.stations.into_iter().map(Output::Station));
            outputs.extend(records.episodes.into_iter().map(Output::Episode));
        }
        outputs
    }
}

fn received_at(record: &Record) -> Timestamp {
    Timestamp::from_ms(record.timestamp_ms.unwrap())
}

/// What a value says, if there is one.
fn decoded<T: wire::Record>(record: &Record) -> Option<Result<T, ()>> {
    let value = record.value.as_ref()?;
    let read = || {
        let (id, bytes) = avro::unframe(value).ok()?;
        let is_known = id == schema_id(T::CONTRACT);
        let decoder = Decoder::<T>::for_writer(T::CONTRACT.schema).unwrap();
        decoder.decode(bytes).ok().filter(|_| is_known)
    };
    Some(read().ok_or(()))
}
