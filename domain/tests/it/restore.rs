//! Stopping after any record and going on from the changelog gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use domain::contract::STATE_CHANGELOG;
use domain::engine::Output;
use domain::{Engine, EventInput, Policy};
use proptest::collection::btree_set;
use proptest::prelude::*;

use crate::judge::difference;
use crate::story::{Story, policy, stories};
use crate::task::Task;

/// Runs a story to its end, stopping after some steps; returns what was published and the state.
fn interrupted(
    story: &Story,
    (stops, store_every): (&BTreeSet<usize>, usize),
    reads_again: bool,
) -> (Vec<Output>, BTreeMap<String, Vec<u8>>) {
    let log = story.log();
    let mut task = Task::new(&story.policy, true, &log);
    let mut changelog = BTreeMap::new();
    for step in 0_usize.. {
        if step.is_multiple_of(store_every) {
            task.store(&mut changelog);
        }
        if stops.contains(&step) {
            task.store(&mut changelog);
            task.restart(&changelog);
            if reads_again {
                task.read_directory_again();
            }
        }
        if !task.step(EventInput::Status) {
            break;
        }
    }
    task.store(&mut changelog);
    (task.outputs, changelog)
}

fn stops() -> impl Strategy<Value = (BTreeSet<usize>, usize)> {
    (btree_set(0..600_usize, 1..4), 1..200_usize)
}

proptest! {
    #[test]
    fn a_task_restored_after_any_step_goes_on_as_if_nothing_had_happened(
        story in stories(),
        (stops, store_every) in stops(),
    ) {
        let expected = interrupted(&story, (&BTreeSet::new(), store_every), false);
        let found = interrupted(&story, (&stops, store_every), false);
        prop_assert_eq!(difference(&found.0, &expected.0), None);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_directory_read_again_after_a_restart_changes_nothing(
        story in stories(),
        (stops, store_every) in stops(),
    ) {
        let expected = interrupted(&story, (&BTreeSet::new(), store_every), false);
        let found = interrupted(&story, (&stops, store_every), true);
        prop_assert_eq!(difference(&found.0, &expected.0), None);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_snapshot_holds_all_that_the_changelog_does(story in stories(), stop in 1..500_usize) {
        let log = story.log();
        let mut task = Task::new(&story.policy, true, &log);
        let mut changelog = BTreeMap::new();
        for _ in 0..stop {
            task.store(&mut changelog);
            if !task.step(EventInput::Status) {
                break;
            }
        }
        task.store(&mut changelog);
        let snapshot = task.snapshot();
        for (key, value) in &changelog {
            prop_assert_eq!(snapshot.get(key), Some(value), "{}", key);
        }
    }

    #[test]
    fn the_state_is_avro_of_its_contract(story in stories(), stop in 1..500_usize) {
        let schema = apache_avro::Schema::parse_str(STATE_CHANGELOG.schema).unwrap();
        let reader = apache_avro::reader::datum::GenericDatumReader::builder(&schema).build().unwrap();
        let writer = apache_avro::writer::datum::GenericDatumWriter::builder(&schema).build().unwrap();
        let log = story.log();
        let mut task = Task::new(&story.policy, true, &log);
        for _ in 0..stop {
            if !task.step(EventInput::Status) {
                break;
            }
        }
        let mut changelog = BTreeMap::new();
        task.store(&mut changelog);
        for value in changelog.values() {
            let mut rest = value.as_slice();
            let read = reader.read_value(&mut rest).unwrap();
            prop_assert!(rest.is_empty());
            prop_assert_eq!(&writer.write_value_to_vec(read).unwrap(), value);
        }
    }
}

#[test]
fn a_state_of_another_policy_or_key_is_refused() {
    let mut engine = Engine::new(Policy::qc_1(), true);
    let entry = crate::build::entry("FRTSTETEST1", 22.0, crate::build::at(0));
    engine.observe_charge_point(domain::engine::DirectoryChange::Put(&entry));
    let records = engine.drain_dirty();
    let [record] = records.as_slice() else {
        panic!("one record, found {records:?}")
    };
    let value = record.value.as_ref().unwrap();
    let mut other = Engine::new(policy(), true);
    let error = other.restore(&record.key, value).unwrap_err().to_string();
    assert!(
        error.contains("policy qc-1, expected test-short"),
        "{error}"
    );
    assert!(engine.restore("position", value).is_err());
    assert!(engine.restore("station|FRTSTPTEST", value).is_err());
    assert!(engine.restore(&record.key, &value[1..]).is_err());
    assert!(engine.restore(&record.key, value).is_ok());
    assert_eq!(engine.drain_dirty(), []);
}
