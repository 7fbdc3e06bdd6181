//! Stopping after any record and going on from the changelog gives the same bytes.

use std::collections::BTreeMap;

use domain::contract::STATE_CHANGELOG;
use domain::{Engine, EventInput, Policy};
use proptest::prelude::*;

use crate::story::{policy, stories};
use crate::task::Task;

proptest! {
    #[test]
    fn a_task_restored_after_any_step_goes_on_as_if_nothing_had_happened(
        story in stories(0.3),
        stops in proptest::collection::btree_set(0..1_200_usize, 1..4),
        store_every in 1..200_usize,
    ) {
        let log = story.log();
        let mut expected = Task::new(&policy(), true, &log);
        expected.put(&story.directory());
        expected.run();
        let mut expected_state = BTreeMap::new();
        expected.store(&mut expected_state);

        let mut task = Task::new(&policy(), true, &log);
        task.put(&story.directory());
        let mut changelog = BTreeMap::new();
        for step in 0_usize.. {
            if step % store_every == 0 {
                task.store(&mut changelog);
            }
            if stops.contains(&step) {
                task.store(&mut changelog);
                task.restart(&changelog);
                task.put(&story.directory());
            }
            if !task.step(EventInput::Status) {
                break;
            }
        }
        task.store(&mut changelog);
        prop_assert_eq!(task.outputs, expected.outputs);
        prop_assert_eq!(changelog, expected_state);
    }

    #[test]
    fn the_state_is_avro_of_its_contract(story in stories(0.3), stop in 1..1_000_usize) {
        let schema = apache_avro::Schema::parse_str(STATE_CHANGELOG.schema).unwrap();
        let reader = apache_avro::reader::datum::GenericDatumReader::builder(&schema).build().unwrap();
        let writer = apache_avro::writer::datum::GenericDatumWriter::builder(&schema).build().unwrap();
        let log = story.log();
        let mut task = Task::new(&policy(), true, &log);
        task.put(&story.directory());
        for _ in 0..stop {
            if !task.step(EventInput::Status) {
                break;
            }
        }
        let mut changelog = BTreeMap::new();
        task.store(&mut changelog);
        prop_assert!(!changelog.is_empty());
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
