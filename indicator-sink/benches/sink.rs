//! What the sink's path costs, and what it needs around it; `deploy/local/measure-sink` runs all of
//! it against a stack.
//!
//! | command | what |
//! |---|---|
//! | `path` | decode → row → `RowBinary` → LZ4 → socket: CPU per row, beside a raw insert loop of the `clickhouse` crate with the same rows |
//! | `fill` | writes hours of charge points into their topic |
//! | `pace` | writes them at a constant rate, stamped with the time of day |
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench that cannot go on has to stop, and its figures go to standard output"
)]

use std::time::Duration;

use clap::{Parser, Subcommand};
use domain::contract::CHARGE_POINT_INDICATOR;
use domain::indicator::{Emission, FailureGauges, Vector};
use domain::wire::Record as _;
use domain::{
    ChargePointId, ChargePointIndicator, ChargePointState, Phase, StationId, Timestamp, Window,
};
use indicator_sink::batch::{Batch, Range};
use indicator_sink::intent::Position;
use indicator_sink::record::{Records, Verdict};
use indicator_sink::row::{Archived as _, ChargePointHourRow, Source};
use indicator_sink::schema::Decoders;
use indicator_sink::topic::Topic;
use indicator_sink::writer::{ClickHouse, InsertSettings, Part, RowWriter as _};
use platform::avro::{RegistryArgs, RegistryClient, frame};
use platform::kafka::KafkaArgs;
use platform::kafka::producer::{Producer, Record};
use platform::wall_clock::{SystemClock, WallClock as _};
use rdkafka::Timestamp as KafkaTimestamp;
use rdkafka::message::OwnedMessage;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

const TOPIC: Topic = Topic::ChargePointIndicator;
const PARTITIONS: i32 = 24;

/// How long the broker may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Records sent together by `fill`.
const TOGETHER: usize = 10_000;

/// Steps of `pace` per second.
const STEPS: usize = 100;

#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    kafka: KafkaArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    /// Address of ClickHouse
    #[arg(
        long,
        env = "CLICKHOUSE_URL",
        default_value = "http://127.0.0.1:18123",
        global = true
    )]
    clickhouse_url: String,
    /// What cargo passes to every bench
    #[arg(long, hide = true, global = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// CPU per row of each stage
    Path {
        /// Batches of each way
        #[arg(long, default_value_t = 10)]
        batches: usize,
        /// Rows of a batch
        #[arg(long, default_value_t = 50_000)]
        rows: usize,
    },
    /// Fill the topic
    Fill {
        /// Records
        #[arg(long, default_value_t = 1_000_000)]
        records: usize,
    },
    /// Write at a constant rate
    Pace {
        /// Records per second
        #[arg(long, default_value_t = 1_000)]
        rate: usize,
        /// Seconds
        #[arg(long, default_value_t = 60)]
        seconds: usize,
    },
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    match args.command {
        Command::Path { batches, rows } => path(&args.clickhouse_url, batches, rows).await,
        Command::Fill { records } => fill(&args, records).await,
        Command::Pace { rate, seconds } => pace(&args, rate, seconds).await,
    }
}

/// An hour of the charge point with this number: mostly free, sometimes used, rarely down.
fn hour(number: usize, computed_at: Timestamp) -> ChargePointIndicator {
    let number = i64::try_from(number).unwrap();
    let occupied_ms = if number % 7 == 0 { 1_337_000 } else { 0 };
    let out_of_service_ms = if number % 50 == 0 { 300_000 } else { 0 };
    let station = number / 4 % 9_000;
    ChargePointIndicator {
        policy: "qc-1".into(),
        station_id: StationId::parse(&format!("FRS63P{station:06}")).unwrap(),
        charge_point_id: ChargePointId::parse(&format!("FRS63E{:06}", number % 36_000)).unwrap(),
        window: Window::of(Timestamp::from_ms(
            1_774_747_800_000 + number / 36_000 * 3_600_000,
        )),
        code_insee_commune: "75101".into(),
        power_w: 22_000,
        vector: Vector {
            free_ms: 3_600_000 - occupied_ms - out_of_service_ms,
            occupied_ms,
            out_of_service_ms,
            statuses: number % 3,
            sessions: number % 2,
            energy_wh: number % 2 * 11_000,
            ..Vector::default()
        },
        state_at_end: ChargePointState::Free,
        gauges: FailureGauges {
            open_failures_at_end: 0,
            oldest_open_failure_ms: 0,
        },
        emission: Emission {
            phase: Phase::Closed,
            revision: 3,
            version: computed_at,
            computed_at,
        },
    }
}

fn value(schema: u32, record: &ChargePointIndicator) -> Vec<u8> {
    let mut encoded = Vec::new();
    record.encode(&mut encoded);
    frame(schema, &encoded)
}

/// User and system time of this process.
fn cpu_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Time of day and of the processor that one way takes, and its rows.
#[derive(Debug, Default)]
struct Cost {
    cpu: f64,
    wall: f64,
    rows: usize,
}

impl Cost {
    async fn of(&mut self, rows: usize, work: impl Future<Output = ()>) {
        let (cpu, start) = (cpu_seconds(), Instant::now());
        work.await;
        self.cpu += cpu_seconds() - cpu;
        self.wall += start.elapsed().as_secs_f64();
        self.rows += rows;
    }

    fn show(&self, what: &str) {
        let rows = self.rows as f64;
        println!(
            "{what:<44} {:>6.2} µs CPU per row {:>10.0} rows/s",
            self.cpu / rows * 1e6,
            rows / self.wall
        );
    }
}

fn decoders() -> Decoders {
    let mut decoders = Decoders::default();
    decoders.learn(TOPIC, 1, Ok(CHARGE_POINT_INDICATOR.schema));
    decoders
}

/// Messages of one batch, as they come from Kafka.
fn messages(first: usize, rows: usize) -> Vec<OwnedMessage> {
    let computed_at = Timestamp::from_ms(SystemClock.now_ms());
    let message = |number: usize| {
        OwnedMessage::new(
            Some(value(1, &hour(number, computed_at))),
            Some(b"FRS63P000001".to_vec()),
            TOPIC.name().to_owned(),
            KafkaTimestamp::CreateTime(computed_at.as_ms()),
            5,
            i64::try_from(number).unwrap(),
            None,
        )
    };
    (first..first + rows).map(message).collect()
}

fn range(messages: &[OwnedMessage], first: usize, decoders: &Decoders) -> Range {
    let next = Some(i64::try_from(first).unwrap());
    let mut batch = Batch::new(TOPIC, 5, Position { next, intent: None });
    for message in messages {
        let verdict = batch.add(message, decoders, Instant::now());
        assert!(matches!(verdict, Verdict::Row(_)), "{verdict:?}");
    }
    batch.seal().unwrap()
}

/// The sink's way and the raw one in turns, so that both meet the same server.
async fn path(url: &str, batches: usize, rows: usize) {
    let client = clickhouse::Client::default()
        .with_url(url)
        .with_database("qualicharge");
    let writer = ClickHouse::new(
        client.clone(),
        InsertSettings {
            is_replicated: false,
        },
    );
    let decoders = decoders();
    let (mut decoding, mut writing, mut raw) = (Cost::default(), Cost::default(), Cost::default());
    for batch in 0..2 * batches {
        let first = batch * rows;
        let messages = messages(first, rows);
        if batch % 2 == 0 {
            let mut taken = None;
            let take = async { taken = Some(range(&messages, first, &decoders)) };
            decoding.of(rows, take).await;
            let range = taken.unwrap();
            let part = Part {
                range: &range,
                from: range.from,
                to: range.to,
            };
            let write = async { writer.write(part).await.unwrap() };
            writing.of(rows, write).await;
        } else {
            let range = range(&messages, first, &decoders);
            let made = made(&range);
            raw.of(rows, insert(&client, &made, first)).await;
        }
    }
    decoding.show("decode and keep");
    writing.show("write: row, RowBinary, LZ4, socket");
    raw.show("raw insert loop of the crate");
    let share = (rows * batches) as f64 / writing.wall / ((rows * batches) as f64 / raw.wall);
    println!("write path at {:.0} % of the raw rate", share * 100.0);
}

/// The rows of a range, made before anything is measured.
fn made(range: &Range) -> Vec<ChargePointHourRow<'_>> {
    let Records::ChargePointIndicator(kept) = &range.records else {
        return Vec::new();
    };
    let row = |offset: i64| Source {
        topic: TOPIC.name(),
        partition: 5,
        offset: u64::try_from(offset).unwrap(),
    };
    kept.iter()
        .map(|kept| kept.record.row(row(kept.offset)))
        .collect()
}

async fn insert(client: &clickhouse::Client, rows: &[ChargePointHourRow<'_>], first: usize) {
    let mut insert = client
        .insert::<ChargePointHourRow<'_>>("charge_point_hour")
        .await
        .unwrap()
        .with_setting("async_insert", "0")
        .with_setting("insert_deduplicate", "1")
        .with_setting("insert_deduplication_token", format!("raw-{first}"))
        .with_setting("max_partitions_per_insert_block", "0");
    for row in rows {
        insert.write(row).await.unwrap();
    }
    insert.end().await.unwrap();
}

async fn producer(args: &Args) -> (Producer, u32) {
    let registry = RegistryClient::new(&args.registry).unwrap();
    let contract = CHARGE_POINT_INDICATOR;
    let schema = registry.id_of(contract.subject, contract.schema).await;
    let config = args.kafka.producer_config("bench", PATIENCE);
    (Producer::new(&config, PATIENCE).unwrap(), schema.unwrap())
}

/// Records from `first` on, in blocks of one partition.
fn records(schema: u32, first: usize, count: usize) -> Vec<Record> {
    let now_ms = SystemClock.now_ms();
    let record = |number: usize| Record {
        topic: TOPIC.name().to_owned(),
        partition: Some(i32::try_from(number / 5).unwrap() % PARTITIONS),
        key: Some(b"FRS63P000001".to_vec()),
        value: Some(value(schema, &hour(number, Timestamp::from_ms(now_ms)))),
        timestamp_ms: Some(now_ms),
        headers: None,
    };
    (first..first + count).map(record).collect()
}

async fn fill(args: &Args, count: usize) {
    let (producer, schema) = producer(args).await;
    for first in (0..count).step_by(TOGETHER) {
        let count = TOGETHER.min(count - first);
        let records = records(schema, first, count);
        producer.send_all(records).await.unwrap();
    }
    println!("{count} records are in the topic");
}

async fn pace(args: &Args, rate: usize, seconds: usize) {
    let (producer, schema) = producer(args).await;
    let mut step = tokio::time::interval(Duration::from_secs(1) / u32::try_from(STEPS).unwrap());
    let mut sent = 0;
    for number in 1..=STEPS * seconds {
        step.tick().await;
        let due = rate * number / STEPS - sent;
        let records = records(schema, sent, due);
        producer.send_all(records).await.unwrap();
        sent += due;
    }
    println!("{sent} records were sent in {seconds} s");
}
