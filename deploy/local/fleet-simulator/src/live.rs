//! The command: live statuses at a constant rate, whatever the gateway's answers take (open loop).

pub mod traffic;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::StatusCode;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::config::{LiveArgs, LoadArgs};
use crate::gateway::{Attempt, Gateway};
use crate::now::now;
use crate::plan::Folder;
use crate::quantile::Quantiles;
use traffic::Traffic;

/// The largest number of requests that wait for an answer at once.
const CONNECTIONS: usize = 64;

/// What was sent and how long the acknowledgements took.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Statuses sent per second, as asked.
    rate: f64,
    /// Statuses per request.
    batch: usize,
    /// Statuses acknowledged.
    pub accepted: u64,
    /// Statuses that were refused or not acknowledged.
    pub failed: u64,
    /// From the planned start of a request to its acknowledgement.
    acknowledgement: Quantiles,
}

/// The fate of one request.
struct Sent {
    statuses: u64,
    latency: Duration,
    is_acknowledged: bool,
}

/// Sends what `arguments` ask for and prints the acknowledgement latencies.
///
/// # Errors
/// When the fleet cannot be read, the login is refused, or nothing was acknowledged.
pub async fn run(arguments: &LiveArgs) -> anyhow::Result<()> {
    let gateway = Gateway::new(&arguments.gateway)?;
    let traffic = Traffic::of(&Folder::new(&arguments.dir), arguments.load.seed)?;
    let report = load(&gateway, traffic, &arguments.load).await?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} statuses acknowledged, {} not",
        report.accepted, report.failed
    )?;
    writeln!(out, "{:24}{}", "acknowledgement", Quantiles::HEADING)?;
    writeln!(
        out,
        "{:24}{}",
        format!("{} per request", report.batch),
        report.acknowledgement
    )?;
    write_json(arguments.json.as_deref(), &report)?;
    ensure!(report.accepted > 0, "the gateway acknowledged nothing");
    Ok(())
}

/// Writes a report to a file, when one is wanted.
///
/// # Errors
/// When the file cannot be written.
pub fn write_json(path: Option<&Path>, report: &impl Serialize) -> anyhow::Result<()> {
    let Some(path) = path else { return Ok(()) };
    let json = serde_json::to_vec_pretty(report)?;
    std::fs::write(path, json).with_context(|| format!("writing {}", path.display()))
}

/// Sends statuses at the rate until the time is over, and waits for the last answers.
///
/// # Errors
/// When the login is refused or the gateway cannot be reached.
pub async fn load(
    gateway: &Gateway,
    mut traffic: Traffic,
    arguments: &LoadArgs,
) -> anyhow::Result<Report> {
    ensure!(
        arguments.batch > 0 && arguments.rate > 0.0,
        "--batch and --rate must be greater than 0"
    );
    #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
    let interval = Duration::from_secs_f64(arguments.batch as f64 / arguments.rate);
    gateway.log_in_first().await?;
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let (begin, length) = (Instant::now(), Duration::from_secs(arguments.seconds));
    let mut requests: JoinSet<anyhow::Result<Sent>> = JoinSet::new();
    let mut results = Vec::new();
    let mut scheduled = begin;
    while scheduled < begin + length {
        sleep_until(scheduled).await;
        let body = traffic.next_batch(arguments.batch, now())?;
        let (gateway, connections) = (gateway.clone(), Arc::clone(&connections));
        let statuses = arguments.batch;
        requests.spawn(async move {
            let _connection = connections.acquire_owned().await?;
            send(&gateway, &body, statuses, scheduled).await
        });
        while let Some(result) = requests.try_join_next() {
            results.push(result??);
        }
        scheduled += interval;
    }
    while let Some(result) = requests.join_next().await {
        results.push(result??);
    }
    let sum = |is_acknowledged| {
        results
            .iter()
            .filter(|sent| sent.is_acknowledged == is_acknowledged)
            .map(|sent| sent.statuses)
            .sum()
    };
    Ok(Report {
        rate: arguments.rate,
        batch: arguments.batch,
        accepted: sum(true),
        failed: sum(false),
        acknowledgement: Quantiles::of(
            results
                .iter()
                .filter(|sent| sent.is_acknowledged)
                .map(|sent| sent.latency)
                .collect(),
        ),
    })
}

/// Posts one request, once.
async fn send(
    gateway: &Gateway,
    body: &str,
    statuses: usize,
    scheduled: Instant,
) -> anyhow::Result<Sent> {
    let attempt = gateway.post("/dynamique/status/bulk", body).await?;
    let is_acknowledged = matches!(attempt, Attempt::Answered(StatusCode::CREATED, _));
    Ok(Sent {
        statuses: statuses as u64,
        latency: scheduled.elapsed(),
        is_acknowledged,
    })
}
