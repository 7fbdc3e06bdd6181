//! The command: send directory and planned deliveries to a gateway whose clock is simulated.
//!
//! Before every request the clock is set to the planned reception, so `received_at` is what the plan
//! says. A request that was not acknowledged is sent again with the same bytes.

pub mod batch;

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use domain::{Span, Timestamp};
use reqwest::StatusCode;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::config::SendArgs;
use crate::gateway::{AdminClock, Attempt, Gateway, shown};
use crate::lines;
use crate::plan::{Delivery, Folder, Kind};
use batch::Batch;

/// The wait before the first repetition; it doubles up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// The longest wait between two repetitions.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// How often progress is shown.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);
/// How many surprises are shown in full.
const SHOWN_SURPRISES: usize = 10;

/// What was sent and what came of it.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// Charge points of the directory that were sent.
    directory: u64,
    /// Items sent, each counted once however often it was repeated.
    sent: u64,
    /// Items accepted.
    accepted: u64,
    /// Items refused, by code.
    refused: BTreeMap<String, u64>,
    /// Requests, repetitions apart.
    requests: u64,
    /// Requests sent again.
    retries: u64,
    /// Items with another fate than planned.
    surprises: u64,
    /// The simulated clock at the end, ms since the epoch.
    clock_ms: Option<i64>,
}

/// Sends what `arguments` ask for.
///
/// # Errors
/// When a file cannot be read, the gateway refuses a request or stays unreachable, or an item meets
/// another fate than planned.
pub async fn run(arguments: &SendArgs) -> anyhow::Result<Summary> {
    let mut sender = Sender {
        gateway: Gateway::new(&arguments.gateway)?,
        clock: AdminClock::new(&arguments.admin_url)?,
        patience: Duration::from_secs(arguments.patience_seconds),
        summary: Summary::default(),
        surprises: Vec::new(),
        shown_at: Instant::now(),
    };
    let folder = Folder::new(&arguments.dir);
    let deliveries = selected(&folder, arguments)?;
    if arguments.statique {
        sender.send_directory(&folder, arguments.batch).await?;
    }
    sender.send_deliveries(&deliveries, arguments.batch).await?;
    if let Some(instant_ms) = arguments.advance_to_ms {
        sender.set_clock(Timestamp::from_ms(instant_ms)).await?;
    }
    if !sender.surprises.is_empty() {
        let examples = sender.surprises.join("\n  ");
        bail!(
            "{} items met another fate than planned:\n  {examples}",
            sender.summary.surprises
        );
    }
    Ok(sender.summary)
}

/// The deliveries of the wanted lines, counted from 0.
fn selected(folder: &Folder, arguments: &SendArgs) -> anyhow::Result<Vec<Delivery>> {
    let mut deliveries = Vec::new();
    let mut line = 0;
    let wanted = arguments.from_line..arguments.to_line.unwrap_or(u64::MAX);
    lines::for_each(&folder.deliveries(), |delivery: Delivery| {
        if wanted.contains(&line) {
            deliveries.push(delivery);
        }
        line += 1;
        Ok(())
    })?;
    Ok(deliveries)
}

/// When the plan begins: the directory is sent just before.
fn first_reception(folder: &Folder) -> anyhow::Result<Option<Timestamp>> {
    use std::io::BufRead;
    let Some(line) = lines::open(&folder.deliveries())?.lines().next() else {
        return Ok(None);
    };
    Ok(Some(
        serde_json::from_str::<Delivery>(&line?)?.received_at(),
    ))
}

struct Sender {
    gateway: Gateway,
    clock: AdminClock,
    patience: Duration,
    summary: Summary,
    /// The first items with another fate than planned.
    surprises: Vec<String>,
    shown_at: Instant,
}

impl Sender {
    async fn send_directory(&mut self, folder: &Folder, batch: usize) -> anyhow::Result<()> {
        let mut rows: Vec<Box<RawValue>> = Vec::new();
        lines::for_each(&folder.statique(), |row| {
            rows.push(row);
            Ok(())
        })?;
        let clock = first_reception(folder)?.map(|first| first - Span::from_minutes(1));
        for rows in rows.chunks(batch) {
            let body = serde_json::to_string(rows)?;
            let (status, answer) = self
                .post("/statique/bulk", &body, clock, Behind::Allowed)
                .await?;
            ensure!(
                status == StatusCode::CREATED,
                "the directory was refused: {status} {}",
                shown(&answer)
            );
            self.summary.directory += rows.len() as u64;
        }
        Ok(())
    }

    async fn send_deliveries(
        &mut self,
        deliveries: &[Delivery],
        batch: usize,
    ) -> anyhow::Result<()> {
        let total = deliveries.len();
        for instant in deliveries.chunk_by(|one, next| one.received_at_ms == next.received_at_ms) {
            for (kind, path) in [
                (Kind::Status, "/dynamique/status/bulk?partial=true"),
                (Kind::Session, "/dynamique/session/bulk?partial=true"),
            ] {
                let of_kind: Vec<&Delivery> = instant
                    .iter()
                    .filter(|delivery| delivery.kind == kind)
                    .collect();
                for batch in of_kind.chunks(batch).map(Batch::new) {
                    let (status, answer) = self
                        .post(path, &batch.body()?, batch.received_at(), Behind::Refused)
                        .await?;
                    self.judge(&batch, status, &answer)?;
                }
            }
            self.show_progress(total)?;
        }
        Ok(())
    }

    /// Compares the answer with the plan.
    fn judge(
        &mut self,
        batch: &Batch<'_>,
        status: StatusCode,
        answer: &Value,
    ) -> anyhow::Result<()> {
        let fates = batch.fates(status, answer)?;
        for (delivery, refusal) in batch.deliveries().iter().zip(fates) {
            self.summary.sent += 1;
            if refusal.as_deref() != delivery.code.as_deref() {
                self.summary.surprises += 1;
                if self.surprises.len() < SHOWN_SURPRISES {
                    let (planned, met) = (
                        delivery.code.as_deref().unwrap_or("accepted"),
                        refusal.as_deref().unwrap_or("accepted"),
                    );
                    self.surprises
                        .push(format!("planned {planned}, met {met}: {}", delivery.item));
                }
            }
            match refusal {
                None => self.summary.accepted += 1,
                Some(code) => *self.summary.refused.entry(code).or_default() += 1,
            }
        }
        Ok(())
    }

    /// Sets the clock and posts, again and again until the gateway decides.
    async fn post(
        &mut self,
        path: &str,
        body: &str,
        clock: Option<Timestamp>,
        behind: Behind,
    ) -> anyhow::Result<(StatusCode, Value)> {
        self.summary.requests += 1;
        let give_up = Instant::now() + self.patience;
        let mut wait = FIRST_WAIT;
        loop {
            // After a restart the gateway's clock shows the newest record: it is set for every attempt.
            let reason = match self.try_clock(clock, behind).await? {
                Some(reason) => reason,
                None => match self.gateway.post(path, body).await? {
                    Attempt::Answered(status, answer) => return Ok((status, answer)),
                    Attempt::Unavailable(reason) => reason,
                },
            };
            ensure!(
                Instant::now() < give_up,
                "{path} was not acknowledged within {:?}: {reason}",
                self.patience
            );
            self.summary.retries += 1;
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Sets the clock, again and again until the gateway decides.
    async fn set_clock(&mut self, instant: Timestamp) -> anyhow::Result<()> {
        let give_up = Instant::now() + self.patience;
        while let Some(reason) = self.try_clock(Some(instant), Behind::Refused).await? {
            ensure!(
                Instant::now() < give_up,
                "the clock could not be set within {:?}: {reason}",
                self.patience
            );
            tokio::time::sleep(LONGEST_WAIT).await;
        }
        Ok(())
    }

    /// Sets the clock; tells why when the gateway could not be asked.
    async fn try_clock(
        &mut self,
        clock: Option<Timestamp>,
        behind: Behind,
    ) -> anyhow::Result<Option<String>> {
        let Some(instant) = clock else {
            return Ok(None);
        };
        match self.clock.set(instant).await {
            Attempt::Unavailable(reason) => return Ok(Some(reason)),
            Attempt::Answered(status, _) if status.is_success() => {
                self.summary.clock_ms = Some(instant.as_ms());
            }
            Attempt::Answered(StatusCode::CONFLICT, _) if behind == Behind::Allowed => {}
            Attempt::Answered(StatusCode::CONFLICT, answer) => bail!(
                "the gateway's clock is past {} ms: {}; go on with --from-line, or send to a fresh stack",
                instant.as_ms(),
                shown(&answer)
            ),
            Attempt::Answered(status, answer) => bail!(
                "the gateway's clock cannot be set: {status} {}; start it with GATEWAY_CLOCK=simulated",
                shown(&answer)
            ),
        }
        Ok(None)
    }

    fn show_progress(&mut self, total: usize) -> anyhow::Result<()> {
        if self.shown_at.elapsed() >= PROGRESS_EVERY {
            self.shown_at = Instant::now();
            let Summary { sent, retries, .. } = self.summary;
            writeln!(
                std::io::stderr().lock(),
                "sent {sent} of {total} items, {retries} retries"
            )
            .context("showing progress")?;
        }
        Ok(())
    }
}

/// What to do when the clock already shows a later instant than the wanted one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// Go on with the later one.
    Allowed,
    /// Stop: the plan cannot be kept.
    Refused,
}
