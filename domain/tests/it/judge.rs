//! From a log to what the oracle says of it, and from outputs to what stands in the end.

use std::collections::BTreeMap;

use domain::engine::Output;
use domain::indicator::Phase;
use domain::{
    ChargePointId, Cut, EpisodeOutcome, FailureEpisode, Policy, StationId, Timestamp, key,
};
use oracle::{
    ChargePointLog, Directory, Published, Publisher, SessionRecord, StatusRecord, by_station, clock,
};

use crate::story::Story;
use crate::task::{Item, Log, Task};

/// The task at the end of a log of the story.
pub(crate) fn run<'a>(story: &Story, log: &'a Log, has_provisional: bool) -> Task<'a> {
    let mut task = Task::new(&story.policy, has_provisional, log);
    task.run();
    task
}

/// The stamps of a partition.
pub(crate) fn stamps(items: &[Item]) -> Vec<Timestamp> {
    clock::stamps(items.iter().map(Item::received_at))
}

/// The cuts of the task.
pub(crate) fn cuts(log: &Log, policy: &Policy) -> Vec<Cut> {
    clock::cuts(&stamps(&log.statuses), &stamps(&log.sessions), policy)
}

/// All records of a log by station and charge point.
pub(crate) fn logs(log: &Log) -> BTreeMap<StationId, Vec<ChargePointLog>> {
    let mut logs = BTreeMap::new();
    for (offset, (item, stamp)) in (0..).zip(log.statuses.iter().zip(stamps(&log.statuses))) {
        if let Item::Status(status) = item {
            let record = StatusRecord {
                event_time: status.event_time.floor(),
                received_at: status.received_at,
                stamp,
                offset,
                payload: status.payload,
            };
            let ids = (&status.station_id, &status.charge_point_id);
            log_of(&mut logs, ids).statuses.push(record);
        }
    }
    for (offset, (item, stamp)) in (0..).zip(log.sessions.iter().zip(stamps(&log.sessions))) {
        if let Item::Session(session) = item {
            let record = SessionRecord {
                start: session.start.floor(),
                end: session.end.floor(),
                energy_wh: session.energy_wh,
                received_at: session.received_at,
                stamp,
                offset,
            };
            let ids = (&session.station_id, &session.charge_point_id);
            log_of(&mut logs, ids).sessions.push(record);
        }
    }
    let mut directories: BTreeMap<&ChargePointId, Directory> = BTreeMap::new();
    for item in &log.directory {
        let directory = directories.entry(&item.charge_point_id).or_default();
        directory.records.push((item.read_at, item.record.clone()));
    }
    for log in logs.values_mut() {
        if let Some(directory) = directories.get(&log.charge_point_id) {
            log.entry = directory.at_station(&log.station_id);
        }
    }
    by_station(logs.into_values().collect())
}

type Logs = BTreeMap<(StationId, ChargePointId), ChargePointLog>;

fn log_of<'l>(logs: &'l mut Logs, ids: (&StationId, &ChargePointId)) -> &'l mut ChargePointLog {
    let (station_id, charge_point_id) = (ids.0.clone(), ids.1.clone());
    let key = (station_id.clone(), charge_point_id.clone());
    logs.entry(key).or_insert_with(|| ChargePointLog {
        charge_point_id,
        station_id,
        entry: oracle::Entry::default(),
        statuses: Vec::new(),
        sessions: Vec::new(),
    })
}

/// All that the oracle publishes, cut by cut.
pub(crate) fn published(log: &Log, policy: &Policy, has_provisional: bool) -> Vec<Output> {
    let mut publisher = Publisher::new(policy, has_provisional, logs(log));
    let mut outputs = Vec::new();
    for cut in cuts(log, policy) {
        let Published {
            charge_points,
            stations,
            episodes,
        } = publisher.publish(cut);
        outputs.extend(charge_points.into_iter().map(Output::ChargePoint));
        outputs.extend(stations.into_iter().map(Output::Station));
        outputs.extend(episodes.into_iter().map(Output::Episode));
    }
    outputs
}

/// The key and the cut of a record.
pub(crate) fn key_of(output: &Output) -> (Timestamp, String) {
    match output {
        Output::ChargePoint(r) => (r.emission.version, key::of_charge_point_indicator(r)),
        Output::Station(r) => (r.emission.version, key::of_station_indicator(r)),
        Output::Episode(r) => (r.version, key::of_failure_episode(r)),
    }
}

/// How settled an hour is; none of an episode.
pub(crate) fn phase_of(output: &Output) -> Option<Phase> {
    match output {
        Output::ChargePoint(r) => Some(r.emission.phase),
        Output::Station(r) => Some(r.emission.phase),
        Output::Episode(_) => None,
    }
}

/// The record without revision and version.
pub(crate) fn content_of(output: &Output) -> Output {
    let mut content = output.clone();
    let zero = Timestamp::default();
    match &mut content {
        Output::ChargePoint(r) => {
            r.emission.revision = 0;
            (r.emission.version, r.emission.computed_at) = (zero, zero);
        }
        Output::Station(r) => {
            r.emission.revision = 0;
            (r.emission.version, r.emission.computed_at) = (zero, zero);
        }
        Output::Episode(r) => {
            r.revision = 0;
            (r.version, r.computed_at) = (zero, zero);
        }
    }
    content
}

/// The content of all final hours, by key.
pub(crate) fn finals(outputs: &[Output]) -> BTreeMap<String, Output> {
    let finals = outputs
        .iter()
        .filter(|output| phase_of(output) == Some(Phase::Final));
    finals
        .map(|output| (key_of(output).1, content_of(output)))
        .collect()
}

/// The content of the episodes that stand in the end, by key.
pub(crate) fn standing(outputs: &[Output]) -> BTreeMap<String, FailureEpisode> {
    let mut last = BTreeMap::new();
    for output in outputs {
        if let Output::Episode(episode) = content_of(output) {
            last.insert(key_of(output).1, episode);
        }
    }
    last.retain(|_, episode| episode.outcome != EpisodeOutcome::Retracted);
    last
}

/// The final hours without the counts of copies.
pub(crate) fn without_copies(mut finals: BTreeMap<String, Output>) -> BTreeMap<String, Output> {
    for output in finals.values_mut() {
        let vector = match output {
            Output::ChargePoint(record) => &mut record.vector,
            Output::Station(record) => &mut record.vector,
            Output::Episode(_) => continue,
        };
        (vector.duplicate_statuses, vector.duplicate_sessions) = (0, 0);
    }
    finals
}

/// The first difference between two sets of records, as text; none when they are equal.
pub(crate) fn difference(found: &[Output], expected: &[Output]) -> Option<String> {
    let by_key = |outputs: &[Output]| {
        let keyed = outputs
            .iter()
            .map(|output| (key_of(output), output.clone()));
        keyed.collect::<BTreeMap<_, _>>()
    };
    if found.len() != by_key(found).len() {
        return Some("two records of one key at one cut".into());
    }
    let (found, expected) = (by_key(found), by_key(expected));
    let keys = found.keys().chain(expected.keys());
    let first = keys
        .filter(|key| found.get(*key) != expected.get(*key))
        .min()?;
    let (found, expected) = (found.get(first), expected.get(first));
    Some(format!(
        "{first:?}\n engine {found:#?}\n oracle {expected:#?}"
    ))
}
