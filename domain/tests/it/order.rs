//! What must not matter: the order of the log, copies, batches, interleaving, provisional records.

use std::collections::BTreeMap;

use domain::engine::Output;
use domain::indicator::Phase;
use domain::wire::Record;
use domain::{EventInput, Policy, Span, Timestamp, Window, key};
use oracle::Fate;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::judge::{content_of, difference, finals, logs, phase_of, run, standing, without_copies};
use crate::story::{Sent, foreseen_stories, stories};
use crate::task::{Item, Task};

proptest! {
    #[test]
    fn the_order_of_the_log_changes_nothing_final(
        story in foreseen_stories(),
        jitters_ms in vec(0..2_400_000_i64, 64),
    ) {
        let log = story.log();
        let expected = run(&story, &log, true);
        let (sent, directory) = story.sent();
        let other_log = story.log_of(permuted(&sent, &jitters_ms, &story.policy), directory);
        let found = run(&story, &other_log, true);
        prop_assert_eq!(finals(&found.outputs), finals(&expected.outputs));
        prop_assert_eq!(standing(&found.outputs), standing(&expected.outputs));
    }

    #[test]
    fn resending_later_changes_only_the_counts_of_copies(
        story in foreseen_stories(),
        delays_ms in vec(0..14_000_000_i64, 64),
    ) {
        let log = story.log();
        let expected = run(&story, &log, true);
        let (sent, directory) = story.sent();
        let mut items: Vec<Item> = sent.into_iter().map(|sent| sent.item).collect();
        let again: Vec<Item> = items
            .iter()
            .zip(delays_ms.into_iter().cycle())
            .filter(|(item, _)| is_applied(item, &story.policy))
            .map(|(item, delay_ms)| item.resent(Span::from_ms(delay_ms)))
            // Later ones would take the cuts further.
            .filter(|item| item.received_at() < story.end())
            .collect();
        items.extend(again);
        items.sort_by_key(Item::received_at);
        let other_log = story.log_of(items, directory);
        let found = run(&story, &other_log, true);
        prop_assert_eq!(
            without_copies(finals(&found.outputs)),
            without_copies(finals(&expected.outputs))
        );
        prop_assert_eq!(standing(&found.outputs), standing(&expected.outputs));
    }

    #[test]
    fn batches_and_the_interleaving_of_the_inputs_change_nothing(
        story in stories(),
        choices in vec((any::<bool>(), any::<bool>()), 64),
    ) {
        let log = story.log();
        let mut expected = run(&story, &log, true);
        let mut expected_state = BTreeMap::new();
        expected.store(&mut expected_state);
        let mut task = Task::new(&story.policy, true, &log);
        let mut state = BTreeMap::new();
        for (is_status, ends_batch) in choices.into_iter().cycle() {
            let input = if is_status { EventInput::Status } else { EventInput::Session };
            if !task.step(input) {
                break;
            }
            if ends_batch {
                task.store(&mut state);
            }
        }
        task.store(&mut state);
        prop_assert_eq!(&task.cuts, &expected.cuts);
        prop_assert_eq!(difference(&task.outputs, &expected.outputs), None);
        prop_assert_eq!(task.outputs, expected.outputs);
        prop_assert_eq!(state, expected_state);
    }

    #[test]
    fn a_replay_gives_the_same_keys_and_bytes(story in stories(), has_provisional in any::<bool>()) {
        let bytes = |preferred: EventInput| {
            let log = story.log();
            let mut task = Task::new(&story.policy, has_provisional, &log);
            while task.step(preferred) {}
            task.outputs.iter().map(encoded).collect::<Vec<_>>()
        };
        prop_assert_eq!(bytes(EventInput::Status), bytes(EventInput::Session));
    }

    #[test]
    fn without_provisional_records_only_revisions_differ(story in foreseen_stories()) {
        let log = story.log();
        let kept = |outputs: &[Output]| {
            let kept = outputs.iter().filter(|each| phase_of(each) != Some(Phase::Provisional));
            kept.map(|output| (version_of(output), content_of(output))).collect::<Vec<_>>()
        };
        let with = run(&story, &log, true).outputs;
        let without = run(&story, &log, false).outputs;
        prop_assert!(without.iter().all(|each| phase_of(each) != Some(Phase::Provisional)));
        prop_assert_eq!(kept(&without), kept(&with));
    }
}

fn version_of(output: &Output) -> Timestamp {
    match output {
        Output::ChargePoint(record) => record.emission.version,
        Output::Station(record) => record.emission.version,
        Output::Episode(record) => record.version,
    }
}

/// Key and Avro of a record.
fn encoded(output: &Output) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    let key = match output {
        Output::ChargePoint(record) => {
            record.encode(&mut bytes);
            key::of_charge_point_indicator(record)
        }
        Output::Station(record) => {
            record.encode(&mut bytes);
            key::of_station_indicator(record)
        }
        Output::Episode(record) => {
            record.encode(&mut bytes);
            key::of_failure_episode(record)
        }
    };
    (key, bytes)
}

/// Whether a record counts when its stamp is its reception.
fn is_applied(item: &Item, policy: &Policy) -> bool {
    let mut log = crate::task::Log::default();
    match item {
        Item::Tick(_) => return false,
        Item::Status(_) => log.statuses.push(item.clone()),
        Item::Session(_) => log.sessions.push(item.clone()),
    }
    logs(&log).values().flatten().all(|log| {
        let statuses = log.statuses.iter().map(|record| record.fate(policy));
        let sessions = log.sessions.iter().map(|record| record.fate(policy));
        statuses.chain(sessions).all(|fate| fate == Fate::Applied)
    })
}

/// The records in another order, which leaves records of equal reception in theirs and the same
/// ones too late.
pub(crate) fn permuted(sent: &[Sent], jitters_ms: &[i64], policy: &Policy) -> Vec<Item> {
    let mut jitters: BTreeMap<Timestamp, Span> = BTreeMap::new();
    for (each, jitter_ms) in sent.iter().zip(jitters_ms.iter().cycle()) {
        jitters
            .entry(each.received_at)
            .or_insert(Span::from_ms(*jitter_ms));
    }
    loop {
        let mut order: Vec<&Sent> = sent.iter().collect();
        order.sort_by_key(|each| each.received_at + jitters[&each.received_at]);
        let Some(delayed) = delayed_too_much(&order, policy) else {
            return order.into_iter().map(|each| each.item.clone()).collect();
        };
        jitters.insert(delayed, Span::ZERO);
    }
}

/// The reception of a record that only the order makes too late.
fn delayed_too_much(order: &[&Sent], policy: &Policy) -> Option<Timestamp> {
    let (mut statuses, mut sessions) = (Timestamp::MIN, Timestamp::MIN);
    order.iter().find_map(|each| {
        let (clock, placed) = match &each.item {
            Item::Tick(_) => return None,
            Item::Status(record) => (&mut statuses, record.event_time.floor()),
            Item::Session(record) => (&mut sessions, record.start.floor()),
        };
        *clock = (*clock).max(each.received_at);
        let last = Window::of(placed).end() + policy.late_limit;
        (each.received_at < last && last <= *clock).then_some(each.received_at)
    })
}

#[test]
fn some_stories_are_permuted() {
    let mut runner = TestRunner::deterministic();
    let jitters: Vec<i64> = (0..64).map(|n| n * 7_919 % 60 * 40_000).collect();
    let is_permuted = |_: &i32| {
        let story = stories().new_tree(&mut runner).unwrap().current();
        let (sent, _) = story.sent();
        let items = permuted(&sent, &jitters, &story.policy);
        assert_eq!(items.len(), sent.len());
        !items.is_sorted_by_key(Item::received_at)
    };
    assert!((0..20).filter(is_permuted).count() > 5);
}
