use super::*;
use crate::memory::{MemorySchemas, event, schema_id, status};
use domain::contract;

const START: i64 = 1_767_225_600_000;
const MINUTE: i64 = 60_000;

fn rules() -> Rules {
    Rules {
        policy: Policy::qc_1(),
        provisional: true,
        schemas: SchemaIds {
            charge_point_indicator: schema_id(contract::CHARGE_POINT_INDICATOR),
            station_indicator: schema_id(contract::STATION_INDICATOR),
            failure_episode: schema_id(contract::FAILURE_EPISODE),
            changelog: schema_id(contract::STATE_CHANGELOG),
        },
        guarantee: Guarantee::ExactlyOnce,
    }
}

fn task() -> Task {
    let rules = rules();
    let engine = Engine::new(rules.policy.clone(), true);
    Task::new(3, engine, Inheritance::default(), &rules)
}

fn read(source: Source, offset: i64, record: Record) -> InputRecord {
    InputRecord {
        lane: Lane {
            source,
            partition: 3,
        },
        offset,
        timestamp_ms: record.timestamp_ms,
        key: record.key,
        value: record.value,
        headers: record.headers,
    }
}

fn run(task: &mut Task) -> (bool, Effects) {
    let mut effects = Effects::default();
    let mut decoders = Decoders::new(MemorySchemas::default());
    // A schema that is asked for in one run is known in the next.
    let first = task.run(&mut decoders, &rules(), &mut effects);
    let second = task.run(&mut decoders, &rules(), &mut effects);
    (first || second, effects)
}

/// Ticks that begin the clock of both inputs at `START`, at offset 0.
fn begun() -> Task {
    let mut task = task();
    for source in [Source::Status, Source::Session] {
        task.take(read(source, 0, event(source, START, None)));
    }
    assert!(run(&mut task).0);
    task
}

#[test]
fn no_event_is_applied_before_the_directory_is_known() {
    let mut task = begun();
    task.take(read(
        Source::Status,
        1,
        status("FRSIME1", START, START + MINUTE),
    ));
    task.directory_ends_at(1);
    assert!(!run(&mut task).0);
    assert_eq!(task.next_offset(Source::Status), 1);

    let mut withdrawal = event(Source::Directory, START, None);
    withdrawal.key = Some(b"FRSIME1".to_vec());
    task.take(read(Source::Directory, 0, withdrawal));
    assert!(run(&mut task).0);
    assert_eq!(task.next_offset(Source::Status), 2);
    assert_eq!(task.next_offset(Source::Directory), 1);
}

#[test]
fn a_record_that_was_applied_before_is_left_out() {
    let mut task = begun();
    task.take(read(Source::Status, 0, event(Source::Status, START, None)));
    let (moved, effects) = run(&mut task);
    assert!(!moved);
    assert_eq!(effects.tally, Tally::default());
}

#[test]
fn a_lane_takes_no_more_than_it_has_room_for() {
    let mut task = begun();
    for offset in 1..=4 {
        task.take(read(
            Source::Session,
            offset,
            event(Source::Session, START + 6 * MINUTE, None),
        ));
    }
    assert!(!run(&mut task).0, "held until the statuses reach the cut");
    assert_eq!(task.room(Source::Session), READY_RECORDS - 4);
    assert_eq!(task.room(Source::Status), READY_RECORDS);
}

#[test]
fn every_record_is_counted_with_what_became_of_it() {
    let mut task = begun();
    let late = status("FRSIME1", START - 30 * 60 * MINUTE, START + MINUTE);
    let odd = event(Source::Status, START + MINUTE, Some(b"rubbish".to_vec()));
    let good = status("FRSIME1", START, START + MINUTE);
    for (offset, record) in (1..).zip([late, odd, good]) {
        task.take(read(Source::Status, offset, record));
    }
    let (_, effects) = run(&mut task);
    let count = |fate| effects.tally.fates.get(&(Source::Status, fate)).copied();
    assert_eq!(count(Fate::Refused(Refusal::TooLate)), Some(1));
    assert_eq!(count(Fate::Refused(Refusal::NotFramed)), Some(1));
    assert_eq!(count(Fate::Counted), Some(1));
    assert_eq!(effects.tally.fates.values().sum::<u64>(), 3);
    assert_eq!(effects.records.len(), 2);
}

#[test]
fn a_withdrawal_under_a_key_that_is_no_id_is_set_aside() {
    let mut task = task();
    let mut record = event(Source::Directory, START, None);
    record.key = Some(b"a|b".to_vec());
    task.take(read(Source::Directory, 0, record));
    let (_, effects) = run(&mut task);
    let fate = (Source::Directory, Fate::Refused(Refusal::WrongKey));
    assert_eq!(effects.tally.fates.get(&fate), Some(&1));
    assert_eq!(task.next_offset(Source::Directory), 1);
}
