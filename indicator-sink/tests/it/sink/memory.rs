//! A sink that holds as much as it may.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_whose_memory_is_full_rests_and_goes_on_without_losing_or_doubling_a_record() {
    let (broker, doubles) = (Broker::start(), Doubles::new().await);
    let topic = Topic::LateEvent;
    // Three times 4 MB, each held twice, where 1 MiB may be held in all.
    for partition in 0..PARTITIONS {
        let values = (0..400).map(|_| Some(vec![b'x'; 10_000])).collect();
        broker.send(topic, partition, values).await;
    }
    doubles.writer.fail_next(&["502 Bad Gateway"; 4]);
    let running = doubles.start(&broker);
    wait_until("all is written", || doubles.rows(topic) == 1_200).await;
    running.stop().await.unwrap();
    for partition in 0..3 {
        assert_eq!(doubles.audited(topic, partition), Some((0, 400)));
    }
    let copies = doubles.writer.written().into_values().flatten().count();
    assert_eq!(copies, 1_200);
}
