//! What is acknowledged is in the log as it was given; what is not is an error.

use std::time::Duration;

use platform::kafka::batch_producer::BatchProducer;
use platform::kafka::consumer::{Consumer, Event, Offset, TopicPartition};
use platform::kafka::producer::{Producer, Record};
use rdkafka::Message;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Header, Headers, OwnedHeaders, OwnedMessage};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use crate::support::{Cluster, TIMEOUT, TOPIC, args, cluster, producer, record, wait_for};

fn read(cluster: &Cluster, count: usize) -> Vec<OwnedMessage> {
    let config = args(cluster).consumer_config("reader", "nobody");
    let consumer = Consumer::new(&config).unwrap();
    let all = [0, 1].map(|number| (TopicPartition::new(TOPIC, number), Offset::Beginning));
    consumer.take_up(&all).unwrap();
    let next = |event: Event<'_>| match event {
        Event::Record(record) => Some(record.detach()),
        _ => None,
    };
    (0..count).map(|_| wait_for(&consumer, next)).collect()
}

fn headers(value: &str) -> OwnedHeaders {
    OwnedHeaders::new().insert(Header {
        key: "tick",
        value: Some(value),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn key_value_timestamp_and_headers_arrive_as_given() {
    let cluster = cluster(2);
    let tick = Record {
        key: None,
        value: None,
        headers: Some(headers("gateway-1")),
        ..record(1, "")
    };
    let records = vec![tick, record(1, "value")];
    producer(&cluster).send_all(records).await.unwrap();

    let arrived = read(&cluster, 2);
    assert_eq!((arrived[0].key(), arrived[0].payload()), (None, None));
    let header = arrived[0].headers().unwrap().get(0);
    assert_eq!(
        (header.key, header.value),
        ("tick", Some(&b"gateway-1"[..]))
    );
    assert_eq!(arrived[1].key(), Some(&b"FRFASP33004"[..]));
    assert_eq!(arrived[1].payload(), Some(&b"value"[..]));
    assert_eq!(arrived[1].timestamp().to_millis(), Some(1_700_000_000_000));
    assert_eq!(arrived[1].partition(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_delays_a_request_and_loses_nothing_of_it() {
    let cluster = cluster(2);
    let mut config = args(&cluster).producer_config("test", TIMEOUT);
    config.set("queue.buffering.max.messages", "3");
    let producer = Producer::new(&config, TIMEOUT).unwrap();
    let records: Vec<_> = (0..20)
        .map(|number| Record {
            headers: Some(headers(&number.to_string())),
            ..record(0, &number.to_string())
        })
        .collect();
    producer.send_all(records).await.unwrap();

    for (number, message) in read(&cluster, 20).iter().enumerate() {
        let text = number.to_string();
        assert_eq!(message.payload(), Some(text.as_bytes()));
        let header = message.headers().unwrap().get(0);
        assert_eq!(header.value, Some(text.as_bytes()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_the_broker_refuses_fails_the_request() {
    let cluster = cluster(2);
    cluster.request_errors(
        RDKafkaApiKey::Produce,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP],
    );
    let error = producer(&cluster)
        .send_all(vec![record(0, "a"), record(0, "b")])
        .await
        .unwrap_err();
    assert_eq!(error.total, 2);
    assert_eq!(
        error.source.rdkafka_error_code(),
        Some(RDKafkaErrorCode::InvalidTimestamp)
    );
}

#[test]
fn a_batch_that_drained_is_in_the_log() {
    let cluster = cluster(2);
    let config = args(&cluster).producer_config("test", TIMEOUT);
    let producer = BatchProducer::new(&config).unwrap();
    for number in 0..500 {
        let record = record(0, &number.to_string());
        producer.send(&record, Duration::ZERO).unwrap();
    }
    producer.drain(TIMEOUT).unwrap();
    assert_eq!(producer.in_flight(), 0);

    let last = read(&cluster, 500).pop().unwrap();
    assert_eq!((last.topic(), last.offset()), (TOPIC, 499));
    assert_eq!(last.payload(), Some(&b"499"[..]));
}
