//! The partitions of ours: records in, ranges out, reports back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use platform::kafka::consumer::{Consumer, TopicPartition};
use platform::kafka::offsets::OffsetLedger;
use platform::wall_clock::{SystemClock, WallClock as _};
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::lane::{Flight, Hold, Lane};
use super::report::{Life, Report, fetch_schema};
use super::{Settings, Tools};
use crate::batch::{Batch, Range};
use crate::dead_letters::DeadLetters;
use crate::delivery::Stored;
use crate::disposition::Refusal;
use crate::metrics::in_seconds;
use crate::record::Verdict;
use crate::row::SinkBatchRow;
use crate::schema::Decoders;
use crate::topic::Topic;
use crate::writer::RowWriter;

/// A partition of a topic of ours.
pub(super) type Key = (Topic, i32);

/// The key of a partition; none for a topic that is not ours.
pub(super) fn key_of(partition: &TopicPartition) -> Option<Key> {
    Topic::named(&partition.topic).map(|topic| (topic, partition.partition))
}

fn partition_of((topic, partition): Key) -> TopicPartition {
    TopicPartition::new(topic.name(), partition)
}

/// Audits begun in one flush interval at the most: ranges are audited together, since each insert
/// costs the server about as much as a thousand rows.
const AUDITS_PER_FLUSH: u32 = 4;

/// The partitions.
#[derive(Debug)]
pub(super) struct Lanes<W, D> {
    settings: Settings,
    tools: Tools<W, D>,
    own: BTreeMap<Key, Lane>,
    decoders: Decoders,
    fetching: BTreeSet<(Topic, u32)>,
    ledger: OffsetLedger,
    /// Ranges that are stored and not audited yet.
    stored: Vec<(Life, i64, SinkBatchRow)>,
    is_auditing: bool,
    audit_after: Option<Instant>,
    is_draining: bool,
    lives: u64,
    // Bounded by the tasks that run: one per partition, one audit, one per schema.
    reports: (Sender<Report>, Receiver<Report>),
}

impl<W: RowWriter, D: DeadLetters> Lanes<W, D> {
    pub(super) fn new(settings: Settings, tools: Tools<W, D>) -> Self {
        Self {
            settings,
            tools,
            own: BTreeMap::new(),
            decoders: Decoders::default(),
            fetching: BTreeSet::new(),
            ledger: OffsetLedger::default(),
            stored: Vec::new(),
            is_auditing: false,
            audit_after: None,
            is_draining: false,
            lives: 0,
            reports: channel(),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn tools(&self) -> &Tools<W, D> {
        &self.tools
    }

    pub(super) fn keys(&self) -> Vec<Key> {
        self.own.keys().copied().collect()
    }

    /// From now on everything held is due.
    pub(super) fn begin_draining(&mut self) {
        self.is_draining = true;
    }

    /// Takes a partition in, whose next offset is `next`, if one is committed.
    pub(super) fn insert(&mut self, partition: &TopicPartition, next: Option<i64>) {
        let Some(key) = key_of(partition) else {
            return;
        };
        self.lives += 1;
        let lane = Lane::new(self.lives, key.0, Batch::new(key.0, key.1, next));
        self.own.insert(key, lane);
        self.ledger.assigned(partition);
    }

    /// Drops partitions and what they hold.
    pub(super) fn remove(&mut self, keys: &[Key]) {
        for key in keys {
            if let Some(lane) = self.own.remove(key) {
                lane.abandon.cancel();
            }
            self.ledger.forget(&partition_of(*key));
        }
    }

    /// Takes a record in.
    pub(super) fn take(&mut self, consumer: &Consumer, record: &BorrowedMessage<'_>, now: Instant) {
        let Some(topic) = Topic::named(record.topic()) else {
            return;
        };
        let key = (topic, record.partition());
        let Some(lane) = self.own.get_mut(&key) else {
            return;
        };
        if !lane.parked.is_empty() {
            lane.parked.push_back(record.detach());
            return;
        }
        match lane.batch.add(record, &self.decoders, now) {
            Verdict::NeedsSchema(id) => {
                lane.parked.push_back(record.detach());
                hold(consumer, key, lane, Hold::Schema, true);
                self.fetch(topic, id);
            }
            Verdict::Row(_) | Verdict::Null | Verdict::Refused(_) => {
                if lane.batch.is_full(&self.settings.limits) {
                    hold(consumer, key, lane, Hold::Full, true);
                }
            }
        }
    }

    fn fetch(&mut self, topic: Topic, id: u32) {
        if !self.fetching.insert((topic, id)) {
            return;
        }
        let (registry, sender) = (self.tools.registry.clone(), self.reports.0.clone());
        self.tools.runtime.spawn(async move {
            let schema = fetch_schema(&registry, id).await;
            report(&sender, Report::Schema { topic, id, schema });
        });
    }

    /// Takes in what tasks have reported.
    pub(super) fn hear(&mut self, consumer: &Consumer, now: Instant) {
        while let Ok(report) = self.reports.1.try_recv() {
            self.settle_report(consumer, report, now);
        }
    }

    /// Waits for a report, at most `timeout`, and leaves it for [`Self::hear`].
    pub(super) fn wait_for_report(&mut self, timeout: Duration) {
        if let Ok(first) = self.reports.1.recv_timeout(timeout) {
            report(&self.reports.0, first);
        }
    }

    fn settle_report(&mut self, consumer: &Consumer, report: Report, now: Instant) {
        match report {
            Report::Delivered {
                life,
                range,
                result,
            } => {
                if let Ok(stored) = result {
                    self.note_stored(life, &range, stored);
                }
            }
            Report::Audited(ranges) => {
                self.is_auditing = false;
                for range in ranges {
                    self.note_done(range);
                }
            }
            Report::Schema { topic, id, schema } => {
                self.fetching.remove(&(topic, id));
                let schema = schema.as_deref().map_err(Clone::clone);
                self.learn(consumer, (topic, id), schema, now);
            }
        }
    }

    /// Notes a range whose rows can be read; its audit and its commit are still to come.
    fn note_stored(&mut self, life: Life, range: &Range, stored: Stored) {
        self.tools
            .metrics
            .settled(range, stored, SystemClock.now_ms());
        if let Some(flight) = self.current(life).and_then(|lane| lane.flight.as_mut()) {
            flight.is_inserting = false;
        }
        let row = audit_row(&self.settings, range, stored);
        self.stored.push((life, range.to, row));
    }

    /// Notes a range that is audited: its end may be committed, and the next one may go.
    fn note_done(&mut self, (life, next): (Life, i64)) {
        let Some(lane) = self.current(life) else {
            return;
        };
        lane.flight = None;
        // A repetition cannot come here: ranges of a life follow one another.
        let _advance = self.ledger.done_before(&partition_of(life.0), next);
    }

    fn current(&mut self, (key, number): Life) -> Option<&mut Lane> {
        self.own.get_mut(&key).filter(|lane| lane.number == number)
    }

    fn learn(
        &mut self,
        consumer: &Consumer,
        (topic, id): (Topic, u32),
        schema: Result<&str, Refusal>,
        now: Instant,
    ) {
        self.decoders.learn(topic, id, schema);
        let mut next = Vec::new();
        for (key, lane) in &mut self.own {
            if lane.topic != topic {
                continue;
            }
            while let Some(record) = lane.parked.pop_front() {
                if let Verdict::NeedsSchema(id) = lane.batch.add(&record, &self.decoders, now) {
                    lane.parked.push_front(record);
                    next.push(id);
                    break;
                }
            }
            if lane.parked.is_empty() {
                hold(consumer, *key, lane, Hold::Schema, false);
            }
        }
        for id in next {
            self.fetch(topic, id);
        }
    }

    /// Starts what is due and what there is room for.
    pub(super) fn dispatch(&mut self, consumer: &Consumer, now: Instant) {
        self.dispatch_ranges(consumer, now);
        self.dispatch_audit(now);
        self.bound_memory(consumer);
    }

    /// Starts only what has to end before partitions go; while draining, everything.
    pub(super) fn dispatch_for_settling(&mut self, consumer: &Consumer, now: Instant) {
        if self.is_draining {
            self.dispatch_ranges(consumer, now);
        }
        self.audit_after = None;
        self.dispatch_audit(now);
    }

    fn dispatch_ranges(&mut self, consumer: &Consumer, now: Instant) {
        let limits = self.settings.limits;
        let is_due = |lane: &Lane| {
            lane.flight.is_none() && (self.is_draining || lane.batch.is_due(&limits, now))
        };
        let mut due: Vec<_> = self
            .own
            .iter()
            .filter(|(_, lane)| is_due(lane))
            .filter_map(|(key, lane)| Some((lane.batch.opened_at()?, *key)))
            .collect();
        // The oldest data first.
        due.sort_unstable();
        let mut room = self.settings.max_inflight.saturating_sub(self.inserting());
        for (_, key) in due {
            let Some(lane) = self.own.get_mut(&key) else {
                continue;
            };
            if room == 0 && !lane.batch.is_rowless() {
                continue;
            }
            let Some(range) = lane.batch.seal() else {
                continue;
            };
            hold(consumer, key, lane, Hold::Full, false);
            let is_inserting = !range.is_rowless();
            lane.flight = Some(Flight {
                size_bytes: range.size_bytes(),
                is_inserting,
            });
            let (life, abandon) = ((key, lane.number), lane.abandon.clone());
            if is_inserting {
                room -= 1;
                self.deliver(life, range, abandon);
            } else {
                self.note_stored(life, &range, Stored::default());
            }
        }
    }

    fn inserting(&self) -> usize {
        let flights = self.own.values().filter_map(|lane| lane.flight.as_ref());
        flights.filter(|flight| flight.is_inserting).count()
    }

    fn deliver(&self, life: Life, range: Range, abandon: CancellationToken) {
        let (delivery, sender) = (self.tools.delivery.clone(), self.reports.0.clone());
        self.tools.runtime.spawn(async move {
            let result = delivery.deliver(&range, &abandon).await;
            let range = Box::new(range);
            report(
                &sender,
                Report::Delivered {
                    life,
                    range,
                    result,
                },
            );
        });
    }

    /// Audits all stored ranges in one insert.
    fn dispatch_audit(&mut self, now: Instant) {
        let is_early = self.audit_after.is_some_and(|after| now < after);
        if self.is_auditing || is_early || self.stored.is_empty() {
            return;
        }
        self.is_auditing = true;
        self.audit_after = Some(now + self.settings.limits.age / AUDITS_PER_FLUSH);
        let stored = std::mem::take(&mut self.stored);
        let (delivery, sender) = (self.tools.delivery.clone(), self.reports.0.clone());
        let ranges: Vec<_> = stored
            .iter()
            .map(|(life, next, _)| (*life, *next))
            .collect();
        let rows: Vec<_> = stored.into_iter().map(|(_, _, row)| row).collect();
        self.tools.runtime.spawn(async move {
            let token = audit_token(&rows);
            let mut attempt = 0;
            while let Err(error) = delivery.writer().audit(&rows, &token).await {
                tracing::warn!(attempt, error = error.sentence(), "audit was not written");
                tokio::time::sleep(delivery.delay(attempt)).await;
                attempt += 1;
            }
            report(&sender, Report::Audited(ranges));
        });
    }

    /// Pauses everything while too much is held, until half of that is left.
    fn bound_memory(&mut self, consumer: &Consumer) {
        let held: usize = self.own.values().map(Lane::size_bytes).sum();
        let max = self.settings.max_buffered_bytes;
        let is_held = self.own.values().any(|lane| lane.has(Hold::Memory));
        let is_over = held > max;
        if is_over == is_held || (is_held && held > max / 2) {
            return;
        }
        for (key, lane) in &mut self.own {
            hold(consumer, *key, lane, Hold::Memory, is_over);
        }
    }

    /// Next offsets that may be committed.
    pub(super) fn uncommitted(&self) -> Vec<(TopicPartition, i64)> {
        self.ledger.uncommitted()
    }

    /// Notes that `offsets` are committed.
    pub(super) fn committed(&mut self, offsets: &[(TopicPartition, i64)]) {
        self.ledger.committed(offsets);
        let now = in_seconds(SystemClock.now_ms());
        self.tools.metrics.last_progress.set(now);
    }

    /// Whether nothing of `keys` is on its way or waits for its commit.
    pub(super) fn is_settled(&self, keys: &[Key]) -> bool {
        let mut lanes = keys.iter().filter_map(|key| self.own.get(key));
        let is_idle =
            |lane: &Lane| lane.flight.is_none() && (!self.is_draining || lane.batch.is_empty());
        let uncommitted = self.ledger.uncommitted();
        let mut waiting = uncommitted
            .iter()
            .filter_map(|(partition, _)| key_of(partition));
        lanes.all(is_idle) && !waiting.any(|key| keys.contains(&key))
    }

    /// Sets the gauges.
    pub(super) fn measure(&self) {
        let metrics = &self.tools.metrics;
        let held: usize = self.own.values().map(Lane::size_bytes).sum();
        metrics
            .buffered_bytes
            .set(i64::try_from(held).unwrap_or(i64::MAX));
        metrics
            .inflight_inserts
            .set(i64::try_from(self.inserting()).unwrap_or(i64::MAX));
        for reason in Hold::ALL {
            let paused = self.own.values().filter(|lane| lane.has(reason)).count();
            metrics
                .paused_partitions
                .with_label_values(&[reason.word()])
                .set(i64::try_from(paused).unwrap_or(i64::MAX));
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
    }
}

/// The thread outlives its tasks, except at the end, when nobody asks any more.
fn report(sender: &Sender<Report>, report: Report) {
    if sender.send(report).is_err() {
        tracing::debug!("a task ended after the sink");
    }
}

/// Adds or removes a hold, and pauses or resumes the partition when that changes it.
fn hold(consumer: &Consumer, key: Key, lane: &mut Lane, reason: Hold, is_on: bool) {
    if !lane.set_hold(reason, is_on) {
        return;
    }
    let partition = [partition_of(key)];
    let changed = if lane.is_paused() {
        consumer.pause(&partition)
    } else {
        consumer.resume(&partition)
    };
    if let Err(error) = changed {
        tracing::warn!(partition = %partition[0], %error, "partition cannot be paused or resumed");
    }
}

fn audit_row(settings: &Settings, range: &Range, stored: Stored) -> SinkBatchRow {
    let count = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    let (first, last) = range.timestamps_ms.unwrap_or((0, 0));
    SinkBatchRow {
        consumer_group: settings.group.clone(),
        topic: range.topic.name().to_owned(),
        partition: u16::try_from(range.partition).unwrap_or(u16::MAX),
        table_name: range.topic.table().to_owned(),
        from_offset: u64::try_from(range.from).unwrap_or(0),
        to_offset: u64::try_from(range.to).unwrap_or(0),
        rows: count(stored.rows),
        dead_letters: count(stored.dead_letters),
        nulls: count(range.nulls),
        bytes: u64::try_from(range.size_bytes()).unwrap_or(u64::MAX),
        first_timestamp: first.max(0),
        last_timestamp: last.max(0),
        replayed: false,
        split: stored.is_split,
        instance: settings.instance.clone(),
    }
}

/// One name for the audits of the same ranges, whoever writes them.
fn audit_token(rows: &[SinkBatchRow]) -> String {
    let name = |row: &SinkBatchRow| {
        let (group, topic, partition) = (&row.consumer_group, &row.topic, row.partition);
        let (from, to) = (row.from_offset, row.to_offset);
        format!("{group}-{topic}-{partition}-{from}-{to}")
    };
    let names: Vec<_> = rows.iter().map(name).collect();
    Uuid::new_v5(&Uuid::NAMESPACE_OID, names.join("\n").as_bytes()).to_string()
}
