//! What the lanes show of themselves.

use tokio::time::{Duration, Instant};

use super::lane::{Hold, Lane};
use super::lanes::{Key, Lanes};
use super::report::Life;
use crate::dead_letters::DeadLetters;
use crate::metrics::in_seconds;
use crate::topic::Topic;
use crate::writer::RowWriter;

/// How often gauges are set.
pub(super) const EVERY: Duration = Duration::from_millis(200);

impl<W: RowWriter, D: DeadLetters> Lanes<W, D> {
    /// Sets the gauges, and asks for the end of one more partition.
    pub(super) fn measure(&mut self) {
        let metrics = &self.work.metrics;
        let held: usize = self.own.values().map(Lane::held_bytes).sum();
        metrics.buffered_bytes.set(number(held));
        metrics.inflight_inserts.set(number(self.inserting()));
        for reason in Hold::ALL {
            let paused = self.own.values().filter(|lane| lane.has(reason)).count();
            metrics
                .paused_partitions
                .with_label_values(&[reason.word()])
                .set(number(paused));
        }
        for topic in Topic::ALL {
            let lanes = self.own.values().filter(|lane| lane.topic == topic);
            let oldest = lanes
                .filter_map(|lane| lane.batch.first_timestamp_ms())
                .min();
            metrics
                .oldest_unflushed
                .with_label_values(&[topic.name()])
                .set(in_seconds(oldest.unwrap_or(0)));
        }
        if !self.is_asking_lag
            && let Some(key) = self.after_cursor()
        {
            self.lag_cursor = Some(key);
            self.ask_end(key);
        }
    }

    /// The partition whose turn it is; from the last one back to the first.
    fn after_cursor(&self) -> Option<Key> {
        let first = self.own.keys().next().copied();
        let Some(cursor) = self.lag_cursor else {
            return first;
        };
        let after = (
            std::ops::Bound::Excluded(cursor),
            std::ops::Bound::Unbounded,
        );
        self.own.range(after).next().map(|(key, _)| *key).or(first)
    }

    pub(super) fn note_end(&mut self, life: Life, end: Option<i64>) {
        self.is_asking_lag = false;
        let metrics = self.work.metrics.clone();
        if let (Some(lane), Some(end)) = (self.current(life), end) {
            let lag = end.saturating_sub(lane.committed).max(0);
            metrics.lags(life.0.0, life.0.1, lag);
        }
    }
}

fn number(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Whether it is time, given when it was last done.
pub(super) fn is_time(last: Option<Instant>, now: Instant) -> bool {
    last.is_none_or(|last| now.saturating_duration_since(last) >= EVERY)
}
