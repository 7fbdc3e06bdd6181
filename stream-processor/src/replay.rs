//! A replay: everything that the topics hold is computed again, up to where they ended at the start, by an
//! application of its own. It joins its own group, has its own changelog, and writes to topics of its own
//! or under the keys of another policy, so that nothing of the live application is touched. Ended early, it
//! goes on where it stood when it is started again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use platform::kafka::KafkaArgs;
use platform::kafka::topics::{TopicAdmin, TopicList};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::input::Bound;
use crate::input::kafka::KafkaInput;
use crate::topology::{Lane, Names, PARTITIONS, Source};

/// How often a replay tells how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Copies of a topic that is made: as many as the brokers make by default.
const DEFAULT_REPLICATION: i32 = -1;

/// One input partition, as far as the replay goes.
#[derive(Debug)]
struct Stretch {
    first: i64,
    end: i64,
    /// The first record not applied, as last heard.
    next: AtomicI64,
}

/// Where a replay stops, and how far it is. Workers note it, one task tells it.
#[derive(Debug)]
pub(crate) struct Goal {
    stretches: BTreeMap<Lane, Stretch>,
    /// For each worker of the process, whether it has nothing left to do.
    finished: Vec<AtomicBool>,
    /// Cancelled when all have.
    reached: CancellationToken,
}

impl Goal {
    /// Asks where the inputs begin and end now.
    ///
    /// # Errors
    /// When the brokers do not answer.
    pub(crate) fn ask(kafka: &KafkaArgs, name: &str, workers: u8) -> anyhow::Result<Self> {
        let partitions = 0..PARTITIONS;
        let lanes: Vec<_> = partitions
            .flat_map(|partition| Source::INPUTS.map(|source| Lane { source, partition }))
            .collect();
        let mut input = KafkaInput::new(kafka, name, Names::live(name))
            .context("making a consumer for the ends of the inputs")?;
        let mut ask = |bound| input.bounds(&lanes, bound).context("asking for offsets");
        Ok(Self::between(
            &ask(Bound::First)?,
            &ask(Bound::End)?,
            workers,
        ))
    }

    /// Between the given first offsets and ends.
    pub(crate) fn between(
        first: &BTreeMap<Lane, i64>,
        end: &BTreeMap<Lane, i64>,
        workers: u8,
    ) -> Self {
        let stretch = |(lane, end): (&Lane, &i64)| {
            let first = first.get(lane).copied().unwrap_or_default();
            let stretch = Stretch {
                first,
                end: *end,
                next: AtomicI64::new(first),
            };
            (*lane, stretch)
        };
        Self {
            stretches: end.iter().map(stretch).collect(),
            finished: (0..workers).map(|_| AtomicBool::new(false)).collect(),
            reached: CancellationToken::new(),
        }
    }

    /// The offset at which a lane is over.
    pub(crate) fn end(&self, lane: Lane) -> i64 {
        self.stretches.get(&lane).map_or(0, |it| it.end)
    }

    /// Notes the first record of a lane that is not applied.
    pub(crate) fn note(&self, lane: Lane, next: i64) {
        if let Some(stretch) = self.stretches.get(&lane) {
            stretch.next.store(next, Ordering::Relaxed);
        }
    }

    /// Notes whether a worker has nothing left to do.
    pub(crate) fn finished(&self, worker: u8, is_finished: bool) {
        if let Some(finished) = self.finished.get(usize::from(worker)) {
            finished.store(is_finished, Ordering::Relaxed);
        }
        if self.finished.iter().all(|it| it.load(Ordering::Relaxed)) {
            self.reached.cancel();
        }
    }

    /// Cancelled when every worker has nothing left to do.
    pub(crate) fn reached(&self) -> &CancellationToken {
        &self.reached
    }

    /// Records applied, and records in all.
    pub(crate) fn progress(&self) -> (i64, i64) {
        let mut progress = (0, 0);
        for stretch in self.stretches.values() {
            let next = stretch.next.load(Ordering::Relaxed);
            progress.0 += next.clamp(stretch.first, stretch.end) - stretch.first;
            progress.1 += stretch.end - stretch.first;
        }
        progress
    }

    /// Tells how far the replay is until it is over, then asks for the end of the process.
    pub(crate) async fn tell(&self, shutdown: &CancellationToken) {
        let start = Instant::now();
        let (before, _) = self.progress();
        loop {
            let rest = tokio::time::sleep(TELL_EVERY);
            tokio::select! {
                () = self.reached.cancelled() => break,
                () = shutdown.cancelled() => return,
                () = rest => {}
            }
            let (applied, records) = self.progress();
            let per_second = rate(applied - before, start.elapsed());
            let eta_seconds = seconds_left(records - applied, per_second);
            tracing::info!(applied, records, per_second, eta_seconds, "replaying");
        }
        let (applied, records) = self.progress();
        let elapsed_ms = start.elapsed().as_millis();
        let per_second = rate(applied - before, start.elapsed());
        tracing::info!(
            applied,
            records,
            per_second,
            elapsed_ms,
            "replay is complete"
        );
        shutdown.cancel();
    }
}

/// Records per second.
fn rate(records: i64, elapsed: Duration) -> i64 {
    let elapsed_ms = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
    records.saturating_mul(1_000) / elapsed_ms.max(1)
}

/// The time that records take at a rate; none while nothing moves.
fn seconds_left(records: i64, per_second: i64) -> Option<i64> {
    (per_second > 0).then(|| records / per_second)
}

/// Makes the topics of an application that do not exist: its changelog, and its outputs if they are its
/// own.
///
/// # Errors
/// When the brokers do not answer or refuse.
pub(crate) async fn make_topics(
    admin: &TopicAdmin,
    list: &TopicList,
    names: &Names,
) -> anyhow::Result<()> {
    let own: Vec<_> = names.all().filter(|(topic, name)| topic != name).collect();
    let list = list
        .renamed(&own)
        .context("naming the topics of a replay")?;
    admin
        .create_or_verify(&list, DEFAULT_REPLICATION)
        .await
        .context("making the topics of the replay")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(source: Source) -> Lane {
        Lane {
            source,
            partition: 0,
        }
    }

    fn goal(workers: u8) -> Goal {
        let first = [(lane(Source::Status), 10), (lane(Source::Session), 0)];
        let end = [(lane(Source::Status), 110), (lane(Source::Session), 50)];
        Goal::between(&first.into(), &end.into(), workers)
    }

    #[test]
    fn progress_counts_from_the_first_record_that_is_there_to_the_end() {
        let goal = goal(1);
        assert_eq!(goal.progress(), (0, 150));
        goal.note(lane(Source::Status), 60);
        goal.note(lane(Source::Session), 70);
        assert_eq!(goal.progress(), (100, 150));
        assert_eq!(goal.end(lane(Source::Status)), 110);
    }

    #[test]
    fn the_goal_is_reached_when_every_worker_is_finished_at_once() {
        let goal = goal(2);
        goal.finished(0, true);
        goal.finished(0, false);
        goal.finished(1, true);
        assert!(!goal.reached().is_cancelled());
        goal.finished(0, true);
        assert!(goal.reached().is_cancelled());
    }

    #[test]
    fn what_is_left_is_told_in_seconds_once_something_moves() {
        assert_eq!(rate(500, Duration::from_millis(250)), 2_000);
        assert_eq!(seconds_left(10_000, 2_000), Some(5));
        assert_eq!(seconds_left(10_000, 0), None);
    }
}
