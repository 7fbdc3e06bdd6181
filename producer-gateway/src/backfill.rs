//! History from files: static records, statuses and sessions, published in the order in which they
//! would have been received.
//!
//! The same validation as over HTTP ([`crate::request`]); no dead letters, since refused lines go
//! to a file. Ids come from content, so that a second run gives the same. The clock of the topics
//! only moves forward: history behind newer records would be too late, and is refused.
//!
//! | room | job |
//! |---|---|
//! | [`source`] | files to values: JSON lines or CSV, gzip or not |
//! | [`static_history`], [`history`] | values to rows, and to events sorted by reception. Pure but for the reading |
//! | [`guard`] | whether they may be published. Pure |
//! | [`parallel`] | pieces of either to all cores, and back in order |
//! | [`sending`] | records and ticks to Kafka |
//! | [`tally`] | what was read, accepted, refused, and why |

use std::process::ExitCode;

use platform::WallClock as _;
use platform::kafka::topics::{TopicAdmin, TopicsError};
use platform::wall_clock::SystemClock;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::config::BackfillArgs;
use crate::directory::Directory;
use crate::directory::change::{Author, Change, upsert};
use crate::directory::follow::Follower;
use crate::publisher::Encoder;
use crate::start;
use domain::Timestamp;
use guard::Topics;
use history::History;
use static_history::StaticHistory;
use tally::Summary;

pub mod guard;
pub mod history;
pub mod parallel;
pub mod sending;
pub mod source;
pub mod static_history;
pub mod tally;

/// The account that records of the backfill name.
pub const ACCOUNT: &str = "backfill";

/// Why a backfill ends without success; each has an exit code of its own.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// Nothing was accepted.
    #[error("no item was accepted: see the summary")]
    Nothing,
    /// Arguments or a file.
    #[error("{0:#}")]
    Input(anyhow::Error),
    /// Kafka or the registry.
    #[error("{0:#}")]
    Kafka(anyhow::Error),
    /// The history must not be published behind what is there.
    #[error("{0}")]
    Refused(String),
}

impl From<TopicsError> for BackfillError {
    /// Topics that are missing or differ are a refusal; that they cannot be asked for is not.
    fn from(error: TopicsError) -> Self {
        match error {
            TopicsError::Missing(_) | TopicsError::Differs(_) | TopicsError::NotListed(_) => {
                Self::Refused(error.to_string())
            }
            TopicsError::List(_)
            | TopicsError::Unreachable { .. }
            | TopicsError::NoLeader(_)
            | TopicsError::Refused { .. } => Self::Kafka(error.into()),
        }
    }
}

impl BackfillError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Nothing => 1,
            Self::Input(_) => 2,
            Self::Kafka(_) => 3,
            Self::Refused(_) => 4,
        }
    }
}

/// Publishes history and says how it went: 0 published, 1 nothing accepted, 2 arguments or file,
/// 3 Kafka, 4 refused to start.
pub async fn run(args: BackfillArgs, shutdown: CancellationToken) -> ExitCode {
    let work = async {
        let prepared = prepare(&args).await?;
        let ended = tokio::task::spawn_blocking(move || publish(&args, &prepared, &shutdown));
        ended
            .await
            .map_err(|error| BackfillError::Kafka(error.into()))?
    };
    match work.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "backfill stopped");
            ExitCode::from(error.exit_code())
        }
    }
}

/// What is known of the cluster before anything is read.
struct Prepared {
    topics: Topics,
    encoder: Encoder,
    directory: Directory,
}

async fn prepare(args: &BackfillArgs) -> Result<Prepared, BackfillError> {
    if args.statique.is_none() && args.statuses.is_none() && args.sessions.is_none() {
        let advice = "no file: name one with --statique, --statuses or --sessions";
        return Err(BackfillError::Input(anyhow::anyhow!(advice)));
    }
    let kafka = |error: anyhow::Error| BackfillError::Kafka(error);
    let list = start::topics().map_err(kafka)?;
    let admin = TopicAdmin::new(&args.kafka, ACCOUNT).map_err(|e| kafka(e.into()))?;
    let verified = admin
        .with_patience(sending::PATIENCE)
        .verify(&list, &start::TOPICS)
        .await;
    verified?;
    let registry = start::registry(&args.registry)
        .map_err(kafka)?
        .with_patience(sending::PATIENCE);
    let ids = start::schema_ids(&registry).await.map_err(kafka)?;
    let partitions = start::partitions(&list).map_err(kafka)?;
    let directory = Directory::new(partitions);
    let is_loaded = CancellationToken::new();
    let follower = Follower {
        directory: directory.clone(),
        registry,
        runtime: Handle::current(),
        shutdown: is_loaded.clone(),
    };
    let flags = args.kafka.clone();
    // Read to the end, then let go: only what was there before counts.
    let load = move || follower.run(&flags, ACCOUNT, || is_loaded.cancel());
    let loaded = tokio::task::spawn_blocking(load).await;
    loaded
        .map_err(|error| kafka(error.into()))?
        .map_err(kafka)?;
    let (active, decommissioned) = directory.read().counts();
    tracing::info!(active, decommissioned, "directory loaded");
    let topics = guard::read(&args.kafka, &list, partitions)
        .await
        .map_err(kafka)?;
    tracing::info!("newest records read");
    Ok(Prepared {
        topics,
        encoder: Encoder::new(ids, partitions),
        directory,
    })
}

fn publish(
    args: &BackfillArgs,
    prepared: &Prepared,
    shutdown: &CancellationToken,
) -> Result<(), BackfillError> {
    let mut summary = Summary::open(args.rejects.as_deref()).map_err(BackfillError::Input)?;
    let now = Timestamp::from_ms(SystemClock.now_ms());
    let read = StaticHistory::read(args, now, &mut summary).map_err(BackfillError::Input)?;
    let new = read.unknown_to(&prepared.directory.read());
    let author = Author {
        username: ACCOUNT,
        received_at: now,
    };
    let change = upsert(&prepared.directory.read(), &new, author);
    change.apply_to(&prepared.directory);
    let mut history = History::read(args, &prepared.directory.read(), &mut summary)
        .map_err(BackfillError::Input)?;
    history.arrange(args.shift, now);
    if let Some((first, last)) = history.bounds() {
        guard::check_future(last, now).map_err(|error| BackfillError::Input(error.into()))?;
        if !args.force {
            let refuse = |error: guard::Refusal| BackfillError::Refused(error.to_string());
            guard::check(&prepared.topics, first, now).map_err(refuse)?;
        }
    }
    let change = dated(change, history.bounds().map_or(now, |(first, _)| first));
    let events = history.len();
    let sender =
        sending::Sender::new(args, prepared.encoder, shutdown).map_err(BackfillError::Kafka)?;
    sender
        .send_directory(&change)
        .map_err(BackfillError::Kafka)?;
    sender
        .send_history(&history, now, &mut summary)
        .map_err(BackfillError::Kafka)?;
    summary.published(change.entries.len(), events);
    summary.print().map_err(BackfillError::Input)?;
    if let Some(path) = &args.summary {
        summary.write(path).map_err(BackfillError::Input)?;
    }
    if summary.is_empty() {
        Err(BackfillError::Nothing)
    } else {
        Ok(())
    }
}

/// The change as if it had been made at `at`.
fn dated(mut change: Change, at: Timestamp) -> Change {
    for entry in &mut change.entries {
        let entry = std::sync::Arc::make_mut(entry);
        if entry.created_at == entry.updated_at {
            entry.created_at = at;
        }
        entry.updated_at = at;
    }
    change
}
