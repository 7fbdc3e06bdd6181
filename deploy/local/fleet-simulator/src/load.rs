//! The command: requests as fast as they are answered (closed loop), or at a constant rate (open
//! loop), and what an item of them costs the gateway.
//!
//! It speaks HTTP/1.1 by itself ([`connection`]) and writes bodies by hand ([`body`]), so that on a
//! shared machine the load takes little of what it measures. CPU is read from the kernel's count for
//! the gateway's process, all threads together, over exactly the requests of the run.

pub mod body;
pub mod connection;
pub mod process;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::config::{LoadKind, RequestsArgs};
use crate::gateway::Gateway;
use crate::live;
use crate::plan::Folder;
use crate::quantile::Quantiles;
use body::Bodies;
use connection::{Connection, Target};
use process::Usage;

/// What was sent and what it cost.
#[derive(Debug, Serialize)]
pub struct Report {
    kind: LoadKind,
    /// Items per request.
    batch: usize,
    connections: usize,
    is_gzip: bool,
    /// Requests per second, when they were constant.
    rate: Option<f64>,
    /// Items of answered requests.
    items: u64,
    /// Requests that were not answered as they should be.
    failed: u64,
    items_per_second: f64,
    /// CPU of the gateway per item, µs, user and system, all threads.
    gateway_us: Option<f64>,
    /// CPU of the broker per item, µs.
    broker_us: Option<f64>,
    /// The most memory that the gateway has held so far, MiB.
    gateway_peak_mib: Option<u64>,
    /// From the send, or from the planned start at a constant rate, to the answer.
    latency: Quantiles,
}

/// What one connection has done.
#[derive(Debug, Default)]
struct Done {
    latencies: Vec<Duration>,
    failed: u64,
}

/// When requests start.
#[derive(Debug)]
struct Schedule {
    begin: Instant,
    end: Instant,
    /// From one start to the next; none: as soon as the connection is free.
    interval: Option<Duration>,
    next: AtomicU64,
}

impl Schedule {
    /// Waits for the next start; none when the time is over.
    async fn next(&self) -> Option<Instant> {
        let Some(interval) = self.interval else {
            let now = Instant::now();
            return (now < self.end).then_some(now);
        };
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let at = self.begin + interval.mul_f64(count(number));
        if at >= self.end {
            return None;
        }
        sleep_until(at).await;
        Some(at)
    }
}

/// Sends what `arguments` ask for and prints a line.
///
/// # Errors
/// When the fleet cannot be read, the login is refused, or no request was answered as it should be.
pub async fn run(arguments: &RequestsArgs) -> anyhow::Result<()> {
    let gateway = Gateway::new(&arguments.gateway)?;
    gateway.log_in_first().await?;
    let ids = body::charge_points(&Folder::new(&arguments.dir))?;
    ensure!(
        ids.len() >= arguments.connections,
        "the fleet has fewer charge points than there are connections"
    );
    let target = Arc::new(Target::new(arguments, &gateway.token())?);
    // Warm: connections, caches, and the client's knowledge of the partitions.
    measure(
        arguments,
        (&target, &ids),
        Duration::from_secs(arguments.warm_up_seconds),
    )
    .await?;
    let before = (usage(arguments.pid)?, usage(arguments.broker_pid)?);
    let begin = Instant::now();
    let done = measure(
        arguments,
        (&target, &ids),
        Duration::from_secs(arguments.seconds),
    )
    .await?;
    let elapsed = begin.elapsed();
    let after = (usage(arguments.pid)?, usage(arguments.broker_pid)?);
    let items = (done.latencies.len() * arguments.batch) as u64;
    ensure!(items > 0, "no request was answered as it should be");
    let per_item = |before: Option<Usage>, after: Option<Usage>| {
        let spent = after?.cpu.saturating_sub(before?.cpu);
        Some(spent.as_secs_f64() * 1e6 / count(items))
    };
    let report = Report {
        kind: arguments.kind,
        batch: arguments.batch,
        connections: arguments.connections,
        is_gzip: arguments.gzip,
        rate: arguments.rate,
        items,
        failed: done.failed,
        items_per_second: count(items) / elapsed.as_secs_f64(),
        gateway_us: per_item(before.0, after.0),
        broker_us: per_item(before.1, after.1),
        gateway_peak_mib: after.0.map(|usage| usage.peak_mib),
        latency: Quantiles::of(done.latencies),
    };
    print(&report)?;
    live::write_json(arguments.json.as_deref(), &report)
}

fn usage(pid: Option<u32>) -> anyhow::Result<Option<Usage>> {
    pid.map(process::usage).transpose()
}

/// Lets every connection work for `length`.
async fn measure(
    arguments: &RequestsArgs,
    (target, ids): (&Arc<Target>, &Arc<[String]>),
    length: Duration,
) -> anyhow::Result<Done> {
    let begin = Instant::now();
    let schedule = Arc::new(Schedule {
        begin,
        end: begin + length,
        interval: arguments
            .rate
            .map(|rate| Duration::from_secs_f64(rate.recip())),
        next: AtomicU64::new(0),
    });
    let mut connections = JoinSet::new();
    for number in 0..arguments.connections {
        let bodies = Bodies::new(Arc::clone(ids), (number, arguments.connections), arguments);
        let (target, schedule) = (Arc::clone(target), Arc::clone(&schedule));
        connections.spawn(work(target, bodies, schedule));
    }
    let mut all = Done::default();
    while let Some(done) = connections.join_next().await {
        let done = done.context("a connection")??;
        all.latencies.extend(done.latencies);
        all.failed += done.failed;
    }
    Ok(all)
}

async fn work(
    target: Arc<Target>,
    mut bodies: Bodies,
    schedule: Arc<Schedule>,
) -> anyhow::Result<Done> {
    let mut done = Done::default();
    let mut connection = Connection::open(&target).await?;
    while let Some(start) = schedule.next().await {
        let body = bodies.write_next()?;
        let start = if schedule.interval.is_some() {
            start
        } else {
            Instant::now()
        };
        let status = connection.post(&target, body).await?;
        if status == target.expected {
            done.latencies.push(start.elapsed());
        } else {
            done.failed += 1;
        }
    }
    Ok(done)
}

fn print(report: &Report) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let name = match report.kind {
        LoadKind::Status => "status",
        LoadKind::Session => "session",
        LoadKind::Refused => "refused",
    };
    let form = if report.is_gzip { "gzip" } else { "plain" };
    let figure = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.2}"));
    let peak = report
        .gateway_peak_mib
        .map_or("-".to_owned(), |mib| mib.to_string());
    writeln!(
        out,
        "{name:8} x{:<5} {form:5} {:3} conn {:9.0}/s {:>8} µs gateway {:>8} µs broker {:>5} MiB  p50 {:.1} p99 {:.1} ms  failed {}",
        report.batch,
        report.connections,
        report.items_per_second,
        figure(report.gateway_us),
        figure(report.broker_us),
        peak,
        report.latency.p50_ms,
        report.latency.p99_ms,
        report.failed,
    )?;
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn count(number: u64) -> f64 {
    number as f64
}
