//! Input for measurements of the processor, written straight into the topics: a directory and a history
//! (`fill`), or a constant rate with a clock that runs ahead, so that there is a cut every second, and the
//! time until the figures of each cut can be read (`live`).
//!
//! Stations have four charge points; one event in 72 is a session, at 288 events a day four of them, and one
//! status in 133 out of service; all come in order. `deploy/local/measure-processor` runs it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;
use domain::contract::{self, Contract};
use domain::status::StatusPayload;
use domain::{
    ChargePointId, ChargePointStatus, ChargeSession, Occupancy, RequestId, ServiceState, StationId,
    Timestamp, TimestampMicros, wire,
};
use platform::avro::{self, RegistryArgs, RegistryClient};
use platform::kafka::KafkaArgs;
use platform::kafka::batch_producer::BatchProducer;
use platform::kafka::partition::partition_of;
use platform::kafka::producer::Parts;
use platform::wall_clock::{SystemClock, WallClock as _};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use tokio::time::Instant;

const PARTITIONS: i32 = 24;
const PER_STATION: u64 = 4;
const MINUTE: i64 = 60_000;
const CUT: i64 = 5 * MINUTE;
/// How long after its end an hour closes.
const CLOSE_GRACE: i64 = 10 * MINUTE;
const LIMIT: Duration = Duration::from_mins(2);
/// Odd, so that it visits every charge point of a fleet that it has no factor with.
const STRIDE: u64 = 48_271;

/// Writes input for measurements of the processor
#[derive(Debug, Parser)]
struct Load {
    /// Charge points
    #[arg(long, default_value_t = 165_000)]
    charge_points: u64,

    /// Events of the history; 0 writes no directory either
    #[arg(long, default_value_t = 1_000_000)]
    fill: u64,

    /// Events of a charge point in a day of the history
    #[arg(long, default_value_t = 288.0)]
    per_day: f64,

    /// One event in so many is a session; the others are statuses
    #[arg(long, default_value_t = 72)]
    session_each: u64,

    /// Seconds of live load; 0 leaves it out
    #[arg(long, default_value_t = 0)]
    live: u64,

    /// Events a second of the live load
    #[arg(long, default_value_t = 1_000)]
    rate: u64,

    /// Kafka.
    #[command(flatten)]
    kafka: KafkaArgs,

    /// Schema registry.
    #[command(flatten)]
    registry: RegistryArgs,
}

/// What writes.
struct Writer {
    producer: BatchProducer,
    charge_points: u64,
    session_each: u64,
    schemas: BTreeMap<&'static str, u32>,
    bytes: Vec<u8>,
    written: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let load = Load::parse();
    let registry = RegistryClient::new(&load.registry)?;
    let mut schemas = BTreeMap::new();
    for contract in [contract::CHARGE_POINT_STATUS, contract::CHARGE_SESSION] {
        let id = registry.id_of(contract.subject, contract.schema).await?;
        schemas.insert(contract.topic, id);
    }
    let mut writer = Writer {
        producer: BatchProducer::new(&load.kafka.producer_config("load", LIMIT))?,
        charge_points: load.charge_points,
        session_each: load.session_each.max(1),
        schemas,
        bytes: Vec::new(),
        written: 0,
    };
    if load.fill > 0 {
        writer.fill(load.fill, load.per_day)?;
    }
    if load.live > 0 {
        writer.live(&load)?;
    }
    Ok(())
}

impl Writer {
    /// Writes a history that ends a day before now.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a length of days"
    )]
    fn fill(&mut self, events: u64, per_day: f64) -> anyhow::Result<()> {
        let days = events as f64 / (self.charge_points as f64 * per_day);
        ensure!(
            days < 30.0,
            "{days} days: take more charge points, or fewer events"
        );
        let length = (days * 86_400_000.0) as i64;
        let start = (SystemClock.now_ms() - 86_400_000 - length) / CUT * CUT;
        let begun = Instant::now();
        let mut tick = start;
        for number in 0..events {
            let at = start + (number as f64 / events as f64 * length as f64) as i64;
            while tick <= at {
                self.ticks(tick)?;
                tick += MINUTE;
            }
            self.event(number, at)?;
        }
        self.ticks(start + length + CUT)?;
        self.producer.drain(LIMIT)?;
        report("filled", self.written, events, begun.elapsed());
        Ok(())
    }

    fn ticks(&mut self, at: i64) -> anyhow::Result<()> {
        for partition in 0..PARTITIONS {
            for contract in [contract::CHARGE_POINT_STATUS, contract::CHARGE_SESSION] {
                self.send(contract, (partition, None), at, false)?;
            }
        }
        Ok(())
    }

    fn event(&mut self, number: u64, at: i64) -> anyhow::Result<()> {
        let index = number.wrapping_mul(STRIDE) % self.charge_points;
        let point = ChargePointId::parse(&format!("FRSIME{index:08}"))?;
        let station = StationId::parse(&format!("FRSIMP{:08}", index / PER_STATION))?;
        let partition = partition_of(station.as_str().as_bytes(), PARTITIONS);
        let (received, event) = (Timestamp::from_ms(at), Timestamp::from_ms(at - 2_000));
        self.bytes.clear();
        let contract = if number % self.session_each == self.session_each - 1 {
            let start = Timestamp::from_ms(at - 32 * MINUTE);
            let session = ChargeSession {
                event_id: ChargeSession::id_of(&point, start, event, 11_500),
                charge_point_id: point,
                station_id: station.clone(),
                start: TimestampMicros::from(start),
                end: TimestampMicros::from(event),
                received_at: received,
                energy_wh: 11_500,
                request_id: RequestId(uuid::Uuid::nil()),
                submitted_by: "load".into(),
            };
            frame(
                contract::CHARGE_SESSION,
                &session,
                (&self.schemas, &mut self.bytes),
            );
            contract::CHARGE_SESSION
        } else {
            let payload = payload(number);
            let status = ChargePointStatus {
                event_id: ChargePointStatus::id_of(&point, event, &payload),
                charge_point_id: point,
                station_id: station.clone(),
                event_time: TimestampMicros::from(event),
                received_at: received,
                payload,
                request_id: RequestId(uuid::Uuid::nil()),
                submitted_by: "load".into(),
            };
            frame(
                contract::CHARGE_POINT_STATUS,
                &status,
                (&self.schemas, &mut self.bytes),
            );
            contract::CHARGE_POINT_STATUS
        };
        self.send(contract, (partition, Some(station.as_str())), at, true)
    }

    fn send(
        &mut self,
        contract: Contract,
        (partition, key): (i32, Option<&str>),
        at: i64,
        has_value: bool,
    ) -> anyhow::Result<()> {
        let parts = Parts {
            topic: contract.topic,
            partition: Some(partition),
            key: key.map(str::as_bytes),
            value: has_value.then_some(&*self.bytes),
            timestamp_ms: Some(at),
        };
        self.producer.send_parts(&parts, LIMIT)?;
        self.written += 1;
        Ok(())
    }

    /// Writes at a constant rate. Each second of ours is a cut of the topics' clock; at its end both inputs
    /// of every partition tick, and until the next one the figures of the cut are waited for.
    fn live(&mut self, load: &Load) -> anyhow::Result<()> {
        let mut seen = Seen::new(&load.kafka)?;
        let first = (SystemClock.now_ms() - 86_000_000) / CUT * CUT;
        let step = Duration::from_secs(1) * 10 / u32::try_from(load.rate)?;
        let mut due = Instant::now();
        for second in 0..load.live {
            let cut = first + i64::try_from(second)? * CUT;
            for number in 0..load.rate {
                let at = cut - CUT + i64::try_from(number * 299_000 / load.rate)?;
                self.event(second * load.rate + number, at)?;
                if number % 10 == 9 {
                    self.producer.client().poll_now();
                    due += step;
                    seen.look_until(due)?;
                }
            }
            self.producer.drain(LIMIT)?;
            self.ticks(cut)?;
            self.producer.drain(LIMIT)?;
            seen.ticked.insert(cut, Instant::now());
        }
        seen.look_until(due + Duration::from_secs(5))?;
        seen.report();
        Ok(())
    }
}

/// What was read of the outputs, and when.
struct Seen {
    outputs: BaseConsumer,
    /// When the inputs ticked at a cut.
    ticked: BTreeMap<i64, Instant>,
    /// How long figures took of cuts that close no hour.
    ordinary: Vec<Duration>,
    /// Of cuts that close one.
    closing: Vec<Duration>,
}

impl Seen {
    fn new(kafka: &KafkaArgs) -> anyhow::Result<Self> {
        Ok(Self {
            outputs: outputs(kafka)?,
            ticked: BTreeMap::new(),
            ordinary: Vec::new(),
            closing: Vec::new(),
        })
    }

    fn look_until(&mut self, until: Instant) -> anyhow::Result<()> {
        let rest = || until.saturating_duration_since(Instant::now());
        while !rest().is_zero() {
            let Some(message) = self.outputs.poll(rest()) else {
                return Ok(());
            };
            let cut = message?.timestamp().to_millis().unwrap_or_default();
            let Some(ticked) = self.ticked.get(&cut) else {
                continue;
            };
            let is_closing = (cut - CLOSE_GRACE).rem_euclid(60 * MINUTE) == 0;
            let delays = if is_closing {
                &mut self.closing
            } else {
                &mut self.ordinary
            };
            delays.push(ticked.elapsed());
        }
        Ok(())
    }

    fn report(mut self) {
        for (what, delays) in [
            ("close no hour", &mut self.ordinary),
            ("close an hour", &mut self.closing),
        ] {
            delays.sort_unstable();
            let at = |percent: usize| delays.get(delays.len().saturating_sub(1) * percent / 100);
            let quantiles = [50, 90, 99, 100].map(|it| (it, at(it).copied().unwrap_or_default()));
            report_delays(what, &quantiles, delays.len());
        }
    }
}

/// Serves the client's queue without waiting.
trait PollNow {
    fn poll_now(&self);
}

impl<C: rdkafka::producer::ProducerContext> PollNow for rdkafka::producer::BaseProducer<C> {
    fn poll_now(&self) {
        self.poll(Duration::ZERO);
    }
}

/// A reader of what is committed from now on.
fn outputs(kafka: &KafkaArgs) -> anyhow::Result<BaseConsumer> {
    let consumer: BaseConsumer = kafka
        .consumer_config("load-reader", "load-reader")
        .create()?;
    let mut all = TopicPartitionList::new();
    for topic in [
        contract::CHARGE_POINT_INDICATOR.topic,
        contract::STATION_INDICATOR.topic,
    ] {
        for partition in 0..PARTITIONS {
            all.add_partition_offset(topic, partition, Offset::End)?;
        }
    }
    consumer.assign(&all).context("reading the outputs")?;
    drop(consumer.poll(Duration::from_secs(3)));
    Ok(consumer)
}

const fn payload(number: u64) -> StatusPayload {
    StatusPayload {
        service_state: if number.is_multiple_of(133) {
            ServiceState::OutOfService
        } else {
            ServiceState::InService
        },
        occupancy: if number.is_multiple_of(2) {
            Occupancy::Free
        } else {
            Occupancy::Occupied
        },
        connector_type_2: None,
        connector_ccs: None,
        connector_chademo: None,
        connector_ef: None,
    }
}

fn frame<T: wire::Record>(
    contract: Contract,
    content: &T,
    (schemas, bytes): (&BTreeMap<&'static str, u32>, &mut Vec<u8>),
) {
    let id = schemas.get(contract.topic).copied().unwrap_or_default();
    avro::frame_into(id, bytes);
    content.encode(bytes);
}

#[expect(clippy::print_stdout, reason = "its output is the figures")]
fn report(what: &str, records: u64, events: u64, took: Duration) {
    println!(
        "{what} {events} events, {records} records with ticks, in {:.1} s",
        took.as_secs_f64()
    );
}

#[expect(clippy::print_stdout, reason = "its output is the figures")]
fn report_delays(what: &str, quantiles: &[(usize, Duration)], count: usize) {
    let quantiles = quantiles.iter().map(|(percent, delay)| {
        let ms = delay.as_millis();
        format!("p{percent} {ms} ms")
    });
    let quantiles: Vec<_> = quantiles.collect();
    let quantiles = quantiles.join(", ");
    println!("{count} figures of cuts that {what} can be read after: {quantiles}");
}
