//! Statuses written straight into their topic, as the gateway would: for scenarios about what comes
//! behind it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::status::StatusPayload;
use domain::wire::Record as _;
use domain::{
    ChargePointId, ChargePointStatus, EventId, Occupancy, RequestId, ServiceState, StationId,
    Timestamp, TimestampMicros,
};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::Value;

/// The topic.
pub const TOPIC: &str = "charge-point-status";
/// Its partitions.
pub const PARTITIONS: i32 = 24;
/// The account of statuses that a table may be told to refuse.
pub const POISON: &str = "poison";

/// How long the broker may take.
const LIMIT: Duration = Duration::from_mins(1);
/// How long ago the first status was accepted, ms: an hour, since the broker drops old ones.
const AGE_MS: i64 = 3_600_000;

/// Writes statuses.
pub struct Statuses {
    producer: BaseProducer,
    schema_id: u32,
    start_ms: i64,
    written: u32,
}

impl std::fmt::Debug for Statuses {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Statuses").finish_non_exhaustive()
    }
}

impl Statuses {
    /// Statuses for a broker, with the schema that its registry knows.
    ///
    /// # Errors
    /// Fails when either does not answer.
    pub async fn to(kafka: &str, registry: &str) -> Result<Self> {
        let address = format!("{registry}/subjects/{TOPIC}-value/versions/latest");
        let answer: Value = serde_json::from_str(&reqwest::get(&address).await?.text().await?)?;
        let id = answer.get("id").and_then(Value::as_u64);
        let producer = ClientConfig::new()
            .set("bootstrap.servers", kafka)
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .create()?;
        Ok(Self {
            producer,
            schema_id: u32::try_from(id.with_context(|| format!("{address}: {answer}"))?)?,
            start_ms: jiff::Timestamp::now().as_millisecond() - AGE_MS,
            written: 0,
        })
    }

    /// How many were written.
    pub fn written(&self) -> u32 {
        self.written
    }

    /// Writes `count` more, spread over all partitions, each different, and waits for the broker.
    /// Every `poison_every`th one is poisoned, if any is.
    ///
    /// # Errors
    /// Fails when the broker does not take them.
    pub fn write(&mut self, count: u32, poison_every: Option<u32>) -> Result<()> {
        let mut value = Vec::new();
        for _ in 0..count {
            self.written += 1;
            let is_poison = poison_every.is_some_and(|every| self.written.is_multiple_of(every));
            value.clear();
            value.push(0);
            value.extend_from_slice(&self.schema_id.to_be_bytes());
            status(self.written, self.start_ms, is_poison)?.encode(&mut value);
            self.send(&value)?;
        }
        self.producer
            .flush(LIMIT)
            .context("waiting for the broker")?;
        Ok(())
    }

    fn send(&self, value: &[u8]) -> Result<()> {
        // In blocks, so that a batch of the client is one of the broker.
        let partition = i32::try_from(self.written / 20)? % PARTITIONS;
        loop {
            let record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(TOPIC)
                .partition(partition)
                .key(b"FRS63P0001".as_slice())
                .payload(value)
                .timestamp(self.start_ms + i64::from(self.written));
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    self.producer.poll(Duration::from_millis(10));
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
    }
}

fn status(number: u32, start_ms: i64, is_poison: bool) -> Result<ChargePointStatus> {
    let (point, station) = (number % 1_000, number % 100);
    let at = start_ms + i64::from(number) * 7;
    ensure!(number > 0, "statuses are numbered from 1");
    Ok(ChargePointStatus {
        event_id: EventId(uuid::Uuid::from_u128(number.into())),
        charge_point_id: ChargePointId::parse(&format!("FRS63E{point:04}"))?,
        station_id: StationId::parse(&format!("FRS63P{station:04}"))?,
        event_time: TimestampMicros::from_us(at * 1_000),
        received_at: Timestamp::from_ms(at),
        payload: StatusPayload {
            service_state: ServiceState::InService,
            occupancy: Occupancy::Free,
            connector_type_2: None,
            connector_ccs: None,
            connector_chademo: None,
            connector_ef: None,
        },
        request_id: RequestId(uuid::Uuid::from_u128(1)),
        submitted_by: if is_poison { POISON } else { "e2e" }.into(),
    })
}
