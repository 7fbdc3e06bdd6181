//! Records and ticks to Kafka, in order, from a thread that may block.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use domain::{Span, Timestamp};
use indicatif::{ProgressBar, ProgressStyle};
use platform::kafka::batch_producer::BatchProducer;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ACCOUNT;
use super::history::{History, Item};
use super::parallel;
use super::tally::Summary;
use crate::config::BackfillArgs;
use crate::directory::change::Change;
use crate::publisher::encoding::Encoded;
use crate::publisher::{Encoder, Message};
use crate::{start, tick};

/// How long Kafka and the registry may be silent.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// From one tick to the next, in reception time.
const TICK_EVERY: Span = Span::from_minutes(15);
/// How often progress is shown without a terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// How many events are encoded at a time, and sent between two looks at time and shutdown.
const PIECE_EVENTS: usize = 4_096;

/// Sends to Kafka.
#[derive(Debug)]
pub struct Sender<'a> {
    producer: BatchProducer,
    encoder: Encoder,
    shutdown: &'a CancellationToken,
    instance: Arc<str>,
}

impl<'a> Sender<'a> {
    /// Opens the producer.
    ///
    /// # Errors
    /// When the client refuses its configuration.
    pub fn new(
        args: &BackfillArgs,
        encoder: Encoder,
        shutdown: &'a CancellationToken,
    ) -> anyhow::Result<Self> {
        // Throughput counts here, not the time of a record: batches fill up within 5 ms, and waiting
        // longer only leaves the broker idle.
        let ours = ["linger.ms=5".to_owned(), start::COMPRESSION.to_owned()];
        let kafka = start::preferring(&args.kafka, &ours)?;
        let config = kafka.producer_config(ACCOUNT, PATIENCE);
        let producer = BatchProducer::new(&config).context("opening the producer")?;
        Ok(Self {
            producer,
            encoder,
            shutdown,
            instance: Arc::from(ACCOUNT),
        })
    }

    /// Sends directory entries, then removals, each acknowledged.
    ///
    /// # Errors
    /// When Kafka does not take them.
    pub fn send_directory(&self, change: &Change) -> anyhow::Result<()> {
        for step in [change.puts(), change.removals.clone()] {
            step.iter().try_for_each(|message| self.send(message))?;
            self.producer.drain(PATIENCE)?;
        }
        tracing::info!(rows = change.entries.len(), "directory entries published");
        Ok(())
    }

    /// Sends events with a round of ticks each 15 minutes of reception and one at the end.
    ///
    /// # Errors
    /// When Kafka does not take them, or shutdown was asked for.
    pub fn send_history(
        &self,
        history: &History,
        now: Timestamp,
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        let Some((first, last)) = history.bounds() else {
            return Ok(());
        };
        let progress = Progress::new(history.len());
        let mut seen = HashSet::with_capacity(history.len());
        let (mut next_tick, mut sent) = (ceil(first), 0);
        let mut pieces = history.items().chunks(PIECE_EVENTS);
        let encode = |items: &[Item]| self.encoder.events(items.iter().map(Item::event));
        let take = |events: Encoded| {
            for event in events.iter() {
                while event.at >= next_tick {
                    self.tick(next_tick)?;
                    next_tick = next_tick + TICK_EVERY;
                }
                if seen.insert(event.id) {
                    self.producer.send_parts(&event.parts(), PATIENCE)?;
                } else {
                    summary.duplicate(event.kind.into());
                }
            }
            sent += events.len();
            ensure!(
                !self.shutdown.is_cancelled(),
                "interrupted after {sent} events"
            );
            progress.show(sent);
            Ok(())
        };
        parallel::in_order(|| Ok(pieces.next()), encode, take)?;
        self.tick(final_tick(last, now))?;
        self.producer.drain(PATIENCE)?;
        progress.finish();
        Ok(())
    }

    fn tick(&self, at: Timestamp) -> anyhow::Result<()> {
        let round = tick::round(self.encoder.partitions(), at, &self.instance);
        round.iter().try_for_each(|message| self.send(message))
    }

    fn send(&self, message: &Message) -> anyhow::Result<()> {
        Ok(self
            .producer
            .send(&self.encoder.record(message), PATIENCE)?)
    }
}

/// The next multiple of 15 minutes, or the instant itself when it is one.
fn ceil(instant: Timestamp) -> Timestamp {
    let floor = instant.floor(TICK_EVERY);
    if floor == instant {
        instant
    } else {
        floor + TICK_EVERY
    }
}

/// The last tick: the last reception rounded up, but not from the future, and never before it.
fn final_tick(last: Timestamp, now: Timestamp) -> Timestamp {
    ceil(last).min(now).max(last)
}

/// A bar on a terminal, else a line every 10 s.
struct Progress {
    bar: ProgressBar,
    total: usize,
    last_line: std::cell::Cell<Instant>,
}

impl Progress {
    fn new(total: usize) -> Self {
        let bar = ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX));
        let style = "{bar:40} {human_pos} of {human_len} events, {per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style);
        }
        Self {
            bar,
            total,
            last_line: std::cell::Cell::new(Instant::now()),
        }
    }

    fn show(&self, sent: usize) {
        self.bar
            .set_position(u64::try_from(sent).unwrap_or(u64::MAX));
        if self.bar.is_hidden() && self.last_line.get().elapsed() >= LINE_EVERY {
            self.last_line.set(Instant::now());
            tracing::info!(sent, total = self.total, "events published");
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tick_is_rounded_up_but_never_from_the_future() {
        let minute = |minutes: i64| Timestamp::from_ms(minutes * 60_000);
        assert_eq!(final_tick(minute(16), minute(100)), minute(30));
        assert_eq!(final_tick(minute(30), minute(100)), minute(30));
        assert_eq!(final_tick(minute(16), minute(20)), minute(20));
        assert_eq!(final_tick(minute(16), minute(15)), minute(16));
    }
}
