//! Rebalances become events, and nothing moves before they are answered.

use std::time::Duration;

use platform::kafka::consumer::{Event, Offset, TopicPartition};
use rdkafka::Message;

use crate::support::{TIMEOUT, cluster, consumer, producer, record, wait_for, wait_for_assignment};

fn partition(number: i32) -> TopicPartition {
    TopicPartition::new(crate::support::TOPIC, number)
}

#[tokio::test(flavor = "multi_thread")]
async fn records_flow_from_the_offset_at_which_a_partition_was_taken_up() {
    let cluster = cluster(1);
    let values = ["a", "b", "c"].map(|value| record(0, value));
    producer(&cluster).send_all(values.into()).await.unwrap();

    let consumer = consumer(&cluster, "one");
    let assigned = wait_for_assignment(&consumer);
    assert_eq!(assigned, [partition(0)]);
    let early = consumer.poll(Duration::from_millis(300));
    assert!(
        early.is_none(),
        "{early:?} before the assignment was answered"
    );

    consumer
        .take_up(&[(partition(0), Offset::Offset(1))])
        .unwrap();
    let seen = |event: Event<'_>| match event {
        Event::Record(record) => {
            let value = record.payload().unwrap().to_vec();
            Some((record.offset(), value))
        }
        _ => None,
    };
    assert_eq!(wait_for(&consumer, seen), (1, b"b".to_vec()));
    assert_eq!(wait_for(&consumer, seen), (2, b"c".to_vec()));
    assert_eq!(consumer.watermarks(&partition(0), TIMEOUT).unwrap(), (0, 3));
    let committed = consumer.committed(&[partition(0)], TIMEOUT).unwrap();
    assert_eq!(committed, [(partition(0), None)]);
}

#[test]
fn a_second_member_gets_what_the_first_lets_go() {
    let cluster = cluster(2);
    let first = consumer(&cluster, "first");
    let mut assigned = wait_for_assignment(&first);
    assigned.sort();
    assert_eq!(assigned, [partition(0), partition(1)]);
    first.take_up_committed(&assigned).unwrap();

    let second = consumer(&cluster, "second");
    let revoked = wait_for(&first, |event| {
        let early = second.poll(Duration::ZERO);
        assert!(early.is_none(), "{early:?} while the first holds all");
        match event {
            Event::Revoked(partitions) => Some(partitions),
            _ => None,
        }
    });
    assert_eq!(revoked.len(), 1);
    first.let_go(&revoked).unwrap();
    let moved = std::thread::scope(|scope| {
        let moved = scope.spawn(|| wait_for_assignment(&second));
        while !moved.is_finished() {
            first.poll(Duration::from_millis(20));
        }
        moved.join().unwrap()
    });
    assert_eq!(moved, revoked);
}

#[test]
fn dropping_leaves_the_group_whatever_was_not_answered() {
    let cluster = cluster(1);
    let unanswered = consumer(&cluster, "unanswered");
    assert_eq!(wait_for_assignment(&unanswered), [partition(0)]);
    drop(unanswered);

    let holding = consumer(&cluster, "holding");
    let assigned = wait_for_assignment(&holding);
    holding.take_up_committed(&assigned).unwrap();
    drop(holding);

    assert_eq!(
        wait_for_assignment(&consumer(&cluster, "next")),
        [partition(0)]
    );
}
