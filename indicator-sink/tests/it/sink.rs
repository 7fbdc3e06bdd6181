//! The whole sink on a simulated broker, with a writer that remembers.

mod memory;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use domain::contract::CHARGE_POINT_STATUS;
use indicator_sink::batch::Limits;
use indicator_sink::dead_letters::RecordingDeadLetters;
use indicator_sink::delivery::Sender;
use indicator_sink::health::Health;
use indicator_sink::metrics::Metrics;
use indicator_sink::sink::{self, Settings, Tools};
use indicator_sink::topic::Topic;
use indicator_sink::writer::RecordingWriter;
use platform::admin::{Liveness, Readiness};
use platform::dead_letter::DeadLetter;
use platform::kafka::KafkaArgs;
use platform::kafka::consumer::Consumer;
use platform::kafka::producer::{Producer, Record};
use prometheus::IntCounterVec;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use rdkafka::{Offset, TopicPartitionList};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::records;
use crate::registry::Registry;

/// What a member hears whose name another one has taken.
const FENCED: RDKafkaRespErr = RDKafkaRespErr::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

const PARTITIONS: i32 = 3;

struct Broker {
    cluster: MockCluster<'static, DefaultProducerContext>,
    producer: Producer,
}

impl Broker {
    fn start() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        for topic in Topic::ALL {
            cluster.create_topic(topic.name(), PARTITIONS, 1).unwrap();
        }
        let args = KafkaArgs::plaintext(&cluster.bootstrap_servers());
        let config = args.producer_config("test", PATIENCE);
        let producer = Producer::new(&config, PATIENCE).unwrap();
        Self { cluster, producer }
    }

    /// Commits for a group without members, as another process did.
    #[expect(
        clippy::disallowed_methods,
        reason = "it prepares a group, it reads nothing"
    )]
    fn commit(&self, topic: Topic, offset: i64, metadata: &str) {
        let args = KafkaArgs::plaintext(&self.cluster.bootstrap_servers());
        let config = args.consumer_config("test", "indicator-sink");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut list = TopicPartitionList::new();
        let mut element = list.add_partition(topic.name(), 0);
        element.set_offset(Offset::Offset(offset)).unwrap();
        element.set_metadata(metadata);
        consumer.commit(&list, CommitMode::Sync).unwrap();
    }

    /// What the group has of a partition: offset and metadata.
    fn committed(&self, topic: Topic, partition: i32) -> (Offset, String) {
        let args = KafkaArgs::plaintext(&self.cluster.bootstrap_servers());
        let config = args.consumer_config("test", "indicator-sink");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut asked = TopicPartitionList::new();
        asked.add_partition(topic.name(), partition);
        let found = consumer.committed_offsets(asked, PATIENCE).unwrap();
        let element = found.find_partition(topic.name(), partition).unwrap();
        (element.offset(), element.metadata().to_owned())
    }

    async fn send(&self, topic: Topic, partition: i32, values: Vec<Option<Vec<u8>>>) {
        let record = |value| Record {
            topic: topic.name().to_owned(),
            partition: Some(partition),
            key: Some(b"FRS63P0001".to_vec()),
            value,
            timestamp_ms: Some(records::NOW_MS),
            headers: None,
        };
        let records = values.into_iter().map(record).collect();
        self.producer.send_all(records).await.unwrap();
    }
}

/// A sink in a thread of its own, and what it works with.
struct Running {
    shutdown: CancellationToken,
    thread: JoinHandle<anyhow::Result<()>>,
    /// Consumers that it lost.
    lost: IntCounterVec,
}

#[derive(Clone)]
struct Doubles {
    writer: RecordingWriter,
    dead_letters: RecordingDeadLetters,
    registry: Registry,
}

impl Doubles {
    async fn new() -> Self {
        Self {
            writer: RecordingWriter::default(),
            dead_letters: RecordingDeadLetters::default(),
            registry: Registry::start().await,
        }
    }

    fn start(&self, broker: &Broker) -> Running {
        self.start_with(broker, 100, PATIENCE)
    }

    /// A sink with ranges of at most so many rows, that takes so long to leave.
    fn start_with(&self, broker: &Broker, rows: usize, drain_timeout: Duration) -> Running {
        let shutdown = CancellationToken::new();
        let args = KafkaArgs::plaintext(&broker.cluster.bootstrap_servers());
        let mut consumer = args.consumer_config("test", "indicator-sink");
        // A member can be fenced, and the client can be told so, only under a name.
        consumer.set("group.instance.id", "a");
        let mut probe = args.consumer_config("test", "probe");
        probe.set("enable.partition.eof", "true");
        let metrics = Metrics::new(&prometheus::Registry::new()).unwrap();
        let lost = metrics.consumers_lost.clone();
        let health = Health::new(Readiness::new(shutdown.clone()));
        let (writer, dead_letters) = (
            Arc::new(self.writer.clone()),
            Arc::new(self.dead_letters.clone()),
        );
        let tools = Tools {
            writer,
            dead_letters,
            health,
            registry: self.registry.client(),
            metrics,
            heartbeat: Liveness::default().heartbeat("poll", PATIENCE),
            runtime: Handle::current(),
        };
        let settings = Settings {
            sender: Sender {
                group: "indicator-sink".to_owned(),
                instance: "a".to_owned(),
                max_dead_letters: 100,
            },
            probe,
            limits: Limits {
                rows,
                bytes: 1 << 20,
                days: 60,
                age: Duration::from_millis(50),
            },
            max_inflight: 2,
            max_buffered_bytes: 1 << 20,
            drain_timeout,
            most_lost: 1,
        };
        let until = shutdown.clone();
        let connect = move || Consumer::new(&consumer);
        let thread = std::thread::spawn(move || sink::run(connect, &settings, &tools, &until));
        Running {
            shutdown,
            thread,
            lost,
        }
    }

    /// How many rows of a topic were written, copies included.
    fn rows(&self, topic: Topic) -> usize {
        let prefix = format!("{}-", topic.name());
        let written = self.writer.written();
        let of_topic = written.iter().filter(|(token, _)| {
            token
                .strip_prefix(&prefix)
                .is_some_and(|rest| rest.starts_with(char::is_numeric))
        });
        of_topic.map(|(_, offsets)| offsets.len()).sum()
    }

    /// The first and last offset of the audited ranges of a partition, which must not have gaps.
    fn audited(&self, topic: Topic, partition: u16) -> Option<(u64, u64)> {
        let mut ranges: BTreeMap<u64, u64> = BTreeMap::new();
        for audit in self.writer.audits() {
            if audit.topic == topic.name() && audit.partition == partition {
                ranges.insert(audit.from_offset, audit.to_offset);
            }
        }
        let (first, mut last) = ranges.pop_first()?;
        for (from, to) in ranges {
            assert_eq!(from, last, "a gap in {topic:?}/{partition}");
            last = to;
        }
        Some((first, last))
    }
}

impl Running {
    async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.end().await
    }

    /// Waits until it ends by itself.
    async fn end(self) -> anyhow::Result<()> {
        tokio::task::spawn_blocking(|| self.thread.join().unwrap())
            .await
            .unwrap()
    }
}

async fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let wait = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect(what);
}

fn status() -> Vec<u8> {
    records::value(&records::status())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_is_written_once_and_a_restart_goes_on_behind_the_last() {
    let (broker, doubles) = (Broker::start(), Doubles::new().await);
    doubles.registry.put(11, CHARGE_POINT_STATUS.schema);
    let topic = Topic::ChargePointStatus;
    for partition in 0..PARTITIONS {
        // A tick between two statuses, and more rows than a range may have.
        let values = (0..250).map(|number| if number == 100 { None } else { Some(status()) });
        broker.send(topic, partition, values.collect()).await;
    }
    let running = doubles.start(&broker);
    wait_until("all rows are written", || doubles.rows(topic) == 3 * 249).await;
    running.stop().await.unwrap();
    assert_eq!(doubles.audited(topic, 2), Some((0, 250)));
    let longest = doubles.writer.written().values().map(Vec::len).max();
    assert!(longest <= Some(100), "{longest:?}");

    broker
        .send(topic, 2, vec![Some(status()), Some(status())])
        .await;
    let running = doubles.start(&broker);
    wait_until("the new rows are written", || {
        doubles.rows(topic) == 3 * 249 + 2
    })
    .await;
    running.stop().await.unwrap();
    assert_eq!(doubles.audited(topic, 2), Some((0, 252)));
    let nulls: u32 = doubles
        .writer
        .audits()
        .iter()
        .map(|audit| audit.nulls)
        .sum();
    assert_eq!(nulls, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_cannot_be_decoded_are_set_aside_and_the_rest_goes_on() {
    let (broker, doubles) = (Broker::start(), Doubles::new().await);
    doubles.registry.put(11, CHARGE_POINT_STATUS.schema);
    let topic = Topic::ChargePointStatus;
    let values = vec![Some(status()), Some(b"{}".to_vec()), Some(status())];
    broker.send(topic, 1, values).await;
    let running = doubles.start(&broker);
    wait_until("the good rows are written", || doubles.rows(topic) == 2).await;
    running.stop().await.unwrap();
    let sent = doubles.dead_letters.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].topic, "dead-letter");
    assert_eq!(sent[0].value.as_deref(), Some(&b"{}"[..]));
    assert_eq!(sent[0].key.as_deref(), Some(&b"FRS63P0001"[..]));
    let headers = DeadLetter::from_headers(sent[0].headers.as_ref().unwrap()).unwrap();
    assert_eq!(headers.origin, "indicator-sink");
    assert_eq!(headers.reason, "not_framed");
    assert_eq!(
        (headers.topic.as_str(), headers.partition, headers.offset),
        (topic.name(), 1, 1)
    );
    assert_eq!(headers.timestamp_ms, Some(records::NOW_MS));
    assert_eq!(doubles.audited(topic, 1), Some((0, 3)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_the_registry_learns_later_is_waited_for() {
    let (broker, doubles) = (Broker::start(), Doubles::new().await);
    let topic = Topic::ChargePointStatus;
    broker
        .send(topic, 0, vec![Some(status()), Some(status())])
        .await;
    broker
        .send(Topic::DeadLetter, 0, vec![Some(b"x".to_vec())])
        .await;
    let running = doubles.start(&broker);
    wait_until("other topics go on", || {
        doubles.rows(Topic::DeadLetter) == 1
    })
    .await;
    assert_eq!(doubles.rows(topic), 0);
    doubles.registry.put(11, CHARGE_POINT_STATUS.schema);
    wait_until("the rows are written", || doubles.rows(topic) == 2).await;
    running.stop().await.unwrap();
    assert_eq!(doubles.audited(topic, 0), Some((0, 2)));
    assert!(doubles.dead_letters.sent().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_insert_is_repeated_under_its_token_and_nothing_is_committed_before() {
    let (broker, doubles) = (Broker::start(), Doubles::new().await);
    broker
        .send(Topic::LateEvent, 0, vec![Some(b"x".to_vec())])
        .await;
    let unknown = ["502 Bad Gateway", "Code: 241. DB::Exception: memory"];
    doubles.writer.fail_next(&unknown);
    let running = doubles.start(&broker);
    wait_until("the row is written", || doubles.rows(Topic::LateEvent) == 1).await;
    running.stop().await.unwrap();
    let tokens: Vec<_> = doubles.writer.written().into_keys().collect();
    assert_eq!(tokens, ["late-event-0-0-1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_the_store_refuses_is_found_by_halving() {
    let (broker, doubles) = (Broker::start(), Doubles::new().await);
    doubles.registry.put(11, CHARGE_POINT_STATUS.schema);
    let topic = Topic::ChargePointStatus;
    doubles.writer.poison(5);
    broker
        .send(topic, 0, (0..8).map(|_| Some(status())).collect())
        .await;
    let running = doubles.start(&broker);
    wait_until("the rest is written", || doubles.rows(topic) == 7).await;
    running.stop().await.unwrap();
    let sent = doubles.dead_letters.sent();
    assert_eq!(sent.len(), 1);
    let headers = DeadLetter::from_headers(sent[0].headers.as_ref().unwrap()).unwrap();
    assert_eq!(
        (headers.reason.as_str(), headers.offset),
        ("refused_by_store", 5)
    );
    assert_eq!(sent[0].value, Some(status()));
    let offsets: Vec<_> = doubles.writer.written().into_values().flatten().collect();
    assert!(!offsets.contains(&5) && offsets.len() == 7);
    assert!(doubles.writer.audits().iter().any(|audit| audit.split));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_intended_is_written_under_its_name_by_the_next_sink_whatever_its_limits() {
    let (broker, doubles) = (Broker::start(), Doubles::new().await);
    let topic = Topic::LateEvent;
    let values: Vec<_> = (0..90).map(|_| Some(b"x".to_vec())).collect();
    broker.send(topic, 0, values).await;
    // The table takes nothing, and the sink leaves at once: as if it was killed before the insert.
    doubles.writer.fail_next(&["502 Bad Gateway"; 1_000]);
    let running = doubles.start_with(&broker, 40, Duration::ZERO);
    wait_until("an insert is tried", || {
        doubles.writer.failures_left() < 1_000
    })
    .await;
    running.stop().await.unwrap();
    assert!(doubles.writer.written().is_empty());
    let intent = broker.committed(topic, 0);
    assert_eq!(intent, (Offset::Offset(0), r#"{"v":1,"to":40}"#.to_owned()));

    doubles.writer.obey();
    let running = doubles.start_with(&broker, 7, PATIENCE);
    wait_until("all is written", || doubles.rows(topic) == 90).await;
    running.stop().await.unwrap();
    let written = doubles.writer.written();
    let lengths: Vec<_> = written.values().map(Vec::len).collect();
    assert_eq!(written.get("late-event-0-0-40").map(Vec::len), Some(40));
    assert_eq!(lengths.iter().filter(|length| **length > 7).count(), 1);
    let replays: Vec<_> = doubles.writer.audits();
    assert_eq!(replays.iter().filter(|audit| audit.replayed).count(), 1);
    assert_eq!(
        broker.committed(topic, 0),
        (Offset::Offset(90), String::new())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_range_whose_intent_is_refused_is_dropped_and_read_again() {
    let (broker, doubles) = (Broker::start(), Doubles::new().await);
    let (topic, illegal) = (
        Topic::LateEvent,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
    );
    broker
        .cluster
        .request_errors(RDKafkaApiKey::OffsetCommit, &[illegal, illegal]);
    let values = (0..30).map(|_| Some(b"x".to_vec())).collect();
    broker.send(topic, 0, values).await;
    let running = doubles.start(&broker);
    wait_until("all is written", || doubles.rows(topic) == 30).await;
    running.stop().await.unwrap();
    assert_eq!(doubles.audited(topic, 0), Some((0, 30)));
    assert_eq!(
        broker.committed(topic, 0),
        (Offset::Offset(30), String::new())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_that_is_fenced_goes_on_with_another_consumer_and_writes_nothing_twice() {
    let (broker, doubles) = (Broker::start(), Doubles::new().await);
    let topic = Topic::LateEvent;
    let values = (0..30).map(|_| Some(b"x".to_vec())).collect();
    broker.send(topic, 0, values).await;
    // The intent passes; the commit behind it does not: the rows are there, and are read again.
    let (commit, fine) = (
        RDKafkaApiKey::OffsetCommit,
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR,
    );
    broker.cluster.request_errors(commit, &[fine, FENCED]);
    let running = doubles.start(&broker);
    let is_lost = || running.lost.with_label_values(&["fenced"]).get() == 1;
    wait_until("a consumer is lost", is_lost).await;
    broker.send(topic, 0, vec![Some(b"y".to_vec())]).await;
    wait_until("it goes on", || doubles.rows(topic) == 31).await;
    running.stop().await.unwrap();
    let tokens: Vec<_> = doubles.writer.written().into_keys().collect();
    assert_eq!(tokens, ["late-event-0-0-30", "late-event-0-30-31"]);
    assert_eq!(doubles.audited(topic, 0), Some((0, 31)));
    let end = (Offset::Offset(31), String::new());
    assert_eq!(broker.committed(topic, 0), end);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_that_is_fenced_again_and_again_ends_and_says_what_to_look_at() {
    let (broker, doubles) = (Broker::start(), Doubles::new().await);
    let topic = Topic::LateEvent;
    broker.send(topic, 0, vec![Some(b"x".to_vec())]).await;
    let commit = RDKafkaApiKey::OffsetCommit;
    broker.cluster.request_errors(commit, &[FENCED; 10]);
    let error = doubles.start(&broker).end().await.unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("2 consumers were lost"), "{error}");
    assert!(error.contains("--instance-id"), "{error}");
    assert!(
        doubles.writer.written().is_empty(),
        "written without its intent"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_that_cannot_be_stored_is_stored_without_its_payload() {
    let (broker, doubles) = (Broker::start(), Doubles::new().await);
    let topic = Topic::DeadLetter;
    doubles.writer.poison(1);
    let values = (0..3).map(|_| Some(b"x".to_vec())).collect();
    broker.send(topic, 0, values).await;
    let running = doubles.start(&broker);
    wait_until("the rest is written", || doubles.rows(topic) == 2).await;
    running.stop().await.unwrap();
    assert_eq!(doubles.writer.bare(), [1]);
    assert!(doubles.dead_letters.sent().is_empty());
    assert_eq!(doubles.audited(topic, 0), Some((0, 3)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_ends_before_what_was_intended_ends_the_sink() {
    let (broker, doubles) = (Broker::start(), Doubles::new().await);
    let topic = Topic::LateEvent;
    let values = (0..5).map(|_| Some(b"x".to_vec())).collect();
    broker.send(topic, 0, values).await;
    broker.commit(topic, 0, r#"{"v":1,"to":9}"#);
    let error = doubles.start(&broker).end().await.unwrap_err();
    assert!(error.to_string().contains("log truncated"), "{error:#}");
    assert!(doubles.writer.written().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_of_another_version_ends_the_sink() {
    let (broker, doubles) = (Broker::start(), Doubles::new().await);
    broker.commit(Topic::LateEvent, 0, r#"{"v":2,"to":9}"#);
    let error = doubles.start(&broker).end().await.unwrap_err();
    assert!(error.to_string().contains("is unknown"), "{error:#}");
}
