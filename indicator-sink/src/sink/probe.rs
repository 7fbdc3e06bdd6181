//! Whether anything is left of an intended range that does not come to its end.
//!
//! An intended range ends with a record that an earlier attempt has seen. Where that record is gone
//! and none came after it, only the end of the partition tells that the range is complete. The
//! client reports an end without its topic, so a consumer of its own, with one partition, looks.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use platform::kafka::consumer::{Consumer, Event, Offset, TopicPartition};
use rdkafka::{ClientConfig, Message as _};
use tokio::time::Instant;

use super::lane::Stage;
use super::lanes::{Lanes, partition_of};
use super::report::{Life, Report, report};
use crate::dead_letters::DeadLetters;
use crate::writer::RowWriter;

/// How long an intended range may stand still before it is looked after.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long looking may take.
const LIMIT: Duration = Duration::from_secs(10);

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing of the range is left.
    Complete,
    /// There is more, or it is not known: it is waited for.
    More,
    /// The partition ends before the range does: records were lost.
    Truncated {
        /// Where it ends.
        end: i64,
    },
}

impl<W: RowWriter, D: DeadLetters> Lanes<W, D> {
    /// Looks what is left of intended ranges that stand still.
    pub(super) fn look_after_intents(&mut self, now: Instant) {
        for (key, lane) in &mut self.own {
            let Some(to) = lane.batch.awaits() else {
                continue;
            };
            let is_still = now.saturating_duration_since(lane.heard_at) >= PATIENCE;
            if lane.is_probed || lane.is_paused() || lane.stage != Stage::Works || !is_still {
                continue;
            }
            lane.is_probed = true;
            let (life, from) = ((*key, lane.number), lane.batch.next());
            let (config, sender) = (self.settings.probe.clone(), self.reports.0.clone());
            self.work.runtime.spawn_blocking(move || {
                let found = look(&config, &partition_of(life.0), from, to);
                report(&sender, Report::Probed(life, from, found));
            });
        }
    }

    pub(super) fn note_probe(
        &mut self,
        life: Life,
        from: i64,
        found: anyhow::Result<Found>,
        now: Instant,
    ) -> anyhow::Result<()> {
        let Some(lane) = self.current(life) else {
            return Ok(());
        };
        (lane.is_probed, lane.heard_at) = (false, now);
        let (partition, to) = (partition_of(life.0), lane.batch.awaits());
        match found {
            Ok(Found::Complete) if lane.batch.next() == from => lane.batch.complete(now),
            Ok(Found::Complete | Found::More) => {}
            Ok(Found::Truncated { end }) => ensure!(
                to.is_none_or(|to| to <= end),
                "log truncated: partition {partition} ends at {end}, but records before {to:?} \
                 were seen: find out what the brokers lost, then reset the group"
            ),
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(%partition, error, "the end of an intended range is not known");
            }
        }
        Ok(())
    }
}

/// Looks for records of `partition` in `[from, to)`.
fn look(
    config: &ClientConfig,
    partition: &TopicPartition,
    from: i64,
    to: i64,
) -> anyhow::Result<Found> {
    let consumer = Consumer::new(config).context("creating a consumer")?;
    consumer.take_up(&[(partition.clone(), Offset::Offset(from))])?;
    let deadline = Instant::now() + LIMIT;
    while Instant::now() < deadline {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Event::Record(record)) if record.offset() < to => return Ok(Found::More),
            Some(Event::Record(_)) => return Ok(Found::Complete),
            Some(Event::PartitionEof(_)) => {
                let (_, end) = consumer.watermarks(partition, LIMIT)?;
                return Ok(if end >= to {
                    Found::Complete
                } else {
                    Found::Truncated { end }
                });
            }
            Some(Event::Error(error)) => return Err(error.into()),
            Some(Event::Assigned(_) | Event::Revoked(_) | Event::Lost(_)) | None => {}
        }
    }
    Ok(Found::More)
}
