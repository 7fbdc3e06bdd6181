//! Many connections that send batches of statuses, each until it is acknowledged, as an operator's
//! program should; and a book of what was answered.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::gateway::Operator;
use crate::workload;

/// Charge points, hence statuses of a batch.
pub const BATCH: usize = 100;
/// What a connection waits after an acknowledged batch.
const PAUSE: Duration = Duration::from_millis(30);
/// What it waits after any other end of a request, before it sends the same again.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// What was answered.
#[derive(Debug, Default)]
pub struct Book {
    /// The ids of every 201, and how many 201 named each.
    pub acknowledged: BTreeMap<u128, usize>,
    /// How many answers had each status code.
    pub answers: BTreeMap<u16, usize>,
    /// How many requests ended without an answer.
    pub broken: usize,
    /// The last answer that is neither 201 nor 503.
    pub refused: Option<String>,
    /// The longest that an answer took.
    pub slowest: Duration,
}

/// The connections.
#[derive(Debug)]
pub struct Load {
    book: Arc<Mutex<Book>>,
    leaving: Arc<AtomicBool>,
    tasks: JoinSet<Result<usize>>,
}

impl Load {
    /// Starts `connections` of an operator.
    pub fn start(operator: &Operator, connections: usize) -> Self {
        let book = Arc::<Mutex<Book>>::default();
        let leaving = Arc::<AtomicBool>::default();
        let mut tasks = JoinSet::new();
        // An hour ago, so that no status is from the future and none too old, however long it takes.
        let origin = Timestamp::now().as_millisecond() - 3_600_000;
        for connection in 0..connections {
            let sender = Sender {
                operator: operator.reconnected(),
                book: Arc::clone(&book),
                leaving: Arc::clone(&leaving),
            };
            tasks.spawn(async move {
                let mut sent = 0;
                while !sender.leaving.load(Ordering::Relaxed) {
                    let number = i64::try_from(sent * connections + connection)?;
                    let at = Timestamp::from_millisecond(origin + number)?;
                    sender.deliver(&workload::statuses(BATCH, at)).await?;
                    sent += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Ok(sent)
            });
        }
        Self {
            book,
            leaving,
            tasks,
        }
    }

    /// What was answered so far.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a new page: the counts and times of answers, not the ids.
    pub fn turn_page(&self) {
        let mut book = self.book();
        book.answers.clear();
        book.broken = 0;
        book.slowest = Duration::ZERO;
    }

    /// Says what ended a connection, if one ended.
    ///
    /// # Errors
    /// Fails when a connection met an answer that is neither 201 nor 503.
    pub fn failed(&self) -> Result<()> {
        let book = self.book();
        ensure!(book.refused.is_none(), "{:?}", book.refused);
        Ok(())
    }

    /// How many batches are acknowledged.
    pub fn acknowledged(&self) -> usize {
        let book = self.book();
        book.answers.get(&201).copied().unwrap_or_default()
    }

    /// Lets each connection finish its batch, and returns how many batches were delivered.
    ///
    /// # Errors
    /// Fails when a connection met an answer that is neither 201 nor 503.
    pub async fn finish(&mut self) -> Result<usize> {
        self.leaving.store(true, Ordering::Relaxed);
        let mut batches = 0;
        while let Some(sent) = self.tasks.join_next().await {
            batches += sent??;
        }
        Ok(batches)
    }
}

/// One connection.
struct Sender {
    operator: Operator,
    book: Arc<Mutex<Book>>,
    leaving: Arc<AtomicBool>,
}

impl Sender {
    /// Sends a batch until it is acknowledged.
    async fn deliver(&self, body: &str) -> Result<()> {
        loop {
            let begun = Instant::now();
            let answer = self
                .operator
                .post("/dynamique/status/bulk", body.to_owned())
                .await;
            let took = begun.elapsed();
            if self.note(answer, took)? {
                return Ok(());
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// Writes an answer into the book and says whether the batch is stored.
    fn note(&self, answer: Result<(StatusCode, Value)>, took: Duration) -> Result<bool> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let Ok((status, body)) = answer else {
            book.broken += 1;
            return Ok(false);
        };
        *book.answers.entry(status.as_u16()).or_default() += 1;
        book.slowest = book.slowest.max(took);
        match status {
            StatusCode::CREATED => {
                for id in ids(&body)? {
                    *book.acknowledged.entry(id).or_default() += 1;
                }
                Ok(true)
            }
            StatusCode::SERVICE_UNAVAILABLE => Ok(false),
            other => {
                book.refused = Some(format!("{other}: {body}"));
                bail!("{other}: {body}")
            }
        }
    }
}

/// The ids that an answer names.
fn ids(body: &Value) -> Result<Vec<u128>> {
    let items = body["items"].as_array().context("no items")?;
    ensure!(
        items.len() == BATCH && body["size"] == BATCH,
        "{} items of {BATCH}, size {}",
        items.len(),
        body["size"]
    );
    items
        .iter()
        .map(|item| {
            let hex = item.as_str().context("an id")?.replace('-', "");
            Ok(u128::from_str_radix(&hex, 16)?)
        })
        .collect()
}
