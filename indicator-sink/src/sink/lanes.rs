//! The partitions of ours: records in, ranges out, reports back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use platform::kafka::consumer::{Consumer, Offset, TopicPartition};
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::bound::{Bound, Intake};
use super::lane::{Flight, Hold, Lane, Stage};
use super::loss::SinkError;
use super::pace::Pace;
use super::report::{Asked, Life, Report, fetch_schema, read_positions, report};
use super::{Settings, Work};
use crate::batch::{Batch, Limits, Range};
use crate::dead_letters::DeadLetters;
use crate::delivery::{News, Stopped, Way};
use crate::disposition::Refusal;
use crate::intent::Position;
use crate::record::Verdict;
use crate::schema::Decoders;
use crate::topic::Topic;
use crate::writer::RowWriter;

/// A partition of a topic of ours.
pub(super) type Key = (Topic, i32);

/// How long a partition that is moved is waited for.
const SEEK_TIMEOUT: Duration = Duration::from_secs(10);

/// The key of a partition; none for a topic that is not ours.
pub(super) fn key_of(partition: &TopicPartition) -> Option<Key> {
    Topic::named(&partition.topic).map(|topic| (topic, partition.partition))
}

pub(super) fn partition_of((topic, partition): Key) -> TopicPartition {
    TopicPartition::new(topic.name(), partition)
}

/// The partitions.
#[derive(Debug)]
pub(super) struct Lanes<W, D> {
    pub(super) consumer: Arc<Consumer>,
    pub(super) settings: Settings,
    pub(super) work: Work<W, D>,
    pub(super) own: BTreeMap<Key, Lane>,
    pub(super) lag_cursor: Option<Key>,
    pub(super) is_asking_lag: bool,
    decoders: Decoders,
    fetching: BTreeSet<(Topic, u32)>,
    /// The assignment that waits for its positions.
    arriving: Option<u64>,
    pace: Pace,
    bound: Bound,
    is_draining: bool,
    lives: u64,
    // Bounded by the tasks that run: one per partition and one per schema.
    pub(super) reports: (Sender<Report>, Receiver<Report>),
}

impl<W: RowWriter, D: DeadLetters> Lanes<W, D> {
    pub(super) fn new(consumer: Arc<Consumer>, settings: Settings, work: Work<W, D>) -> Self {
        Self {
            bound: Bound::of(settings.max_buffered_bytes),
            consumer,
            settings,
            work,
            own: BTreeMap::new(),
            lag_cursor: None,
            is_asking_lag: false,
            decoders: Decoders::default(),
            fetching: BTreeSet::new(),
            arriving: None,
            pace: Pace::USUAL,
            is_draining: false,
            lives: 0,
            reports: channel(),
        }
    }

    /// From now on everything held is due.
    pub(super) fn begin_draining(&mut self) {
        self.is_draining = true;
    }

    /// Asks where partitions stand that become ours.
    pub(super) fn arrive(&mut self, partitions: Vec<TopicPartition>) {
        self.lives += 1;
        self.arriving = Some(self.lives);
        self.ask_positions(Asked::Assignment(self.lives), partitions);
    }

    fn ask_positions(&self, asked: Asked, partitions: Vec<TopicPartition>) {
        let (commits, sender) = (self.work.delivery.commits.clone(), self.reports.0.clone());
        self.work.runtime.spawn(async move {
            if let Some(positions) = read_positions(&commits, partitions).await {
                report(&sender, Report::Positions(asked, positions));
            }
        });
    }

    /// Takes partitions up where they stand.
    fn take_up(&mut self, positions: Vec<(TopicPartition, Position)>) -> Result<(), SinkError> {
        let mut starts = Vec::with_capacity(positions.len());
        for (partition, position) in positions {
            let Some(key) = key_of(&partition) else {
                continue;
            };
            if let Some(intent) = position.intent {
                tracing::info!(%partition, from = position.next, to = intent.to,
                    "an intended range is read again");
            }
            self.lives += 1;
            let batch = Batch::new(key.0, key.1, position);
            let lane = Lane::new(self.lives, key.0, batch, Instant::now());
            self.own.insert(key, lane);
            starts.push((partition, start_of(position)));
        }
        tracing::info!(partitions = starts.len(), "partitions assigned");
        self.consumer
            .take_up(&starts)
            .map_err(SinkError::lost("taking partitions up"))?;
        // One that was here before may have left while it was paused.
        let all: Vec<_> = starts.into_iter().map(|(partition, _)| partition).collect();
        let resumed = self.consumer.resume(&all);
        resumed.map_err(SinkError::lost("resuming partitions"))
    }

    /// Begins a lane anew, from where its group stands: what it holds is not to be written.
    fn restart(&mut self, key: Key) {
        let Some(lane) = self.own.get_mut(&key) else {
            return;
        };
        self.lives += 1;
        lane.abandon.cancel();
        let batch = Batch::new(key.0, key.1, Position::default());
        let stage = lane.stage;
        *lane = Lane::new(self.lives, key.0, batch, Instant::now());
        lane.stage = Stage::Waits;
        // One that leaves anyhow needs no position.
        if stage == Stage::Works {
            let asked = Asked::Lane((key, self.lives));
            self.ask_positions(asked, vec![partition_of(key)]);
        }
    }

    fn resume(&mut self, life: Life, positions: &[(TopicPartition, Position)]) {
        let (Some((partition, position)), Some(lane)) =
            (positions.first(), self.own.get_mut(&life.0))
        else {
            return;
        };
        if lane.number != life.1 || lane.stage != Stage::Waits {
            return;
        }
        let start = start_of(*position);
        match self.consumer.seek(partition, start, SEEK_TIMEOUT) {
            Ok(()) => {
                let batch = Batch::new(life.0.0, life.0.1, *position);
                *lane = Lane::new(life.1, life.0.0, batch, Instant::now());
                // Its holds are gone, the client's may not be.
                if let Err(error) = self.consumer.resume(std::slice::from_ref(partition)) {
                    tracing::warn!(%partition, %error, "partition cannot be resumed");
                }
            }
            Err(error) => {
                tracing::warn!(%partition, %error, "partition cannot be moved back");
                lane.stage = Stage::Works;
                self.restart(life.0);
            }
        }
    }

    /// Lets what is on its way end, and nothing more.
    pub(super) fn leave(&mut self, keys: &[Key]) {
        for key in keys {
            if let Some(lane) = self.own.get_mut(key) {
                lane.stage = Stage::Leaves;
            }
        }
    }

    /// Drops partitions and what they hold.
    pub(super) fn remove(&mut self, keys: &[Key]) {
        for key in keys {
            if let Some(lane) = self.own.remove(key) {
                lane.abandon.cancel();
                self.work.metrics.lag_gone(key.0, key.1);
            }
        }
    }

    /// Forgets an assignment that waits for its positions.
    pub(super) fn forget_arrival(&mut self) {
        self.arriving = None;
    }

    /// Takes a record in.
    pub(super) fn take(&mut self, record: &BorrowedMessage<'_>, now: Instant) {
        let Some(topic) = Topic::named(record.topic()) else {
            return;
        };
        let key = (topic, record.partition());
        let Some(lane) = self.own.get_mut(&key) else {
            return;
        };
        if lane.stage != Stage::Works {
            return;
        }
        lane.heard_at = now;
        if !lane.parked.is_empty() {
            lane.parked.push_back(record.detach());
            return;
        }
        match lane.batch.add(record, &self.decoders, now) {
            Verdict::NeedsSchema(id) => {
                lane.parked.push_back(record.detach());
                hold(&self.consumer, key, lane, Hold::Schema, true);
                self.fetch(topic, id);
            }
            Verdict::Row(_) | Verdict::Null | Verdict::Refused(_) => {
                if lane.batch.is_full(&self.settings.limits) {
                    hold(&self.consumer, key, lane, Hold::Full, true);
                }
            }
        }
    }

    fn fetch(&mut self, topic: Topic, id: u32) {
        if !self.fetching.insert((topic, id)) {
            return;
        }
        let (registry, sender) = (self.work.registry.clone(), self.reports.0.clone());
        self.work.runtime.spawn(async move {
            let schema = fetch_schema(&registry, id).await;
            report(&sender, Report::Schema { topic, id, schema });
        });
    }

    /// Takes in what tasks have reported.
    ///
    /// # Errors
    /// When the sink cannot go on.
    pub(super) fn hear(&mut self, now: Instant) -> Result<(), SinkError> {
        while let Ok(report) = self.reports.1.try_recv() {
            self.settle(report, now)?;
        }
        Ok(())
    }

    /// Waits for a report, at most `timeout`, and leaves it for [`Self::hear`].
    pub(super) fn wait_for_report(&mut self, timeout: Duration) {
        if let Ok(first) = self.reports.1.recv_timeout(timeout) {
            report(&self.reports.0, first);
        }
    }

    fn settle(&mut self, report: Report, now: Instant) -> Result<(), SinkError> {
        match report {
            Report::News(life, news) => self.note_news(life, news),
            Report::Ended(life, Ok(next)) => {
                if let Some(lane) = self.current(life) {
                    lane.flight = None;
                    lane.committed = next;
                }
            }
            Report::Ended(life, Err(stopped)) => {
                if self.current(life).is_some() && stopped == Stopped::NotOurs {
                    self.restart(life.0);
                }
            }
            Report::Positions(Asked::Assignment(number), positions) => {
                if self.arriving == Some(number) {
                    self.arriving = None;
                    return self.take_up(positions.map_err(anyhow::Error::new)?);
                }
            }
            Report::Positions(Asked::Lane(life), positions) => {
                self.resume(life, &positions.map_err(anyhow::Error::new)?);
            }
            Report::Probed(life, from, found) => self.note_probe(life, from, found, now)?,
            Report::End(life, end) => self.note_end(life, end),
            Report::Schema { topic, id, schema } => {
                self.fetching.remove(&(topic, id));
                let schema = schema.as_deref().map_err(Clone::clone);
                self.learn((topic, id), schema, now);
            }
        }
        Ok(())
    }

    fn note_news(&mut self, life: Life, news: News) {
        match news {
            News::Passed => self.pace.passed(),
            News::SlowDown => self.pace.slow_down(),
            News::Blocked | News::Stored => {}
        }
        let consumer = Arc::clone(&self.consumer);
        let Some(lane) = self.current(life) else {
            return;
        };
        if news == News::Stored
            && let Some(flight) = lane.flight.as_mut()
        {
            flight.is_inserting = false;
        }
        match news {
            News::Blocked => hold(&consumer, life.0, lane, Hold::Store, true),
            News::Passed => hold(&consumer, life.0, lane, Hold::Store, false),
            News::SlowDown | News::Stored => {}
        }
    }

    pub(super) fn current(&mut self, (key, number): Life) -> Option<&mut Lane> {
        self.own.get_mut(&key).filter(|lane| lane.number == number)
    }

    fn learn(&mut self, (topic, id): (Topic, u32), schema: Result<&str, Refusal>, now: Instant) {
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
                hold(&self.consumer, *key, lane, Hold::Schema, false);
            }
        }
        for id in next {
            self.fetch(topic, id);
        }
    }

    /// Starts what is due and what there is room for.
    pub(super) fn dispatch(&mut self, now: Instant) {
        let limits = Limits {
            age: self.pace.age(self.settings.limits.age),
            ..self.settings.limits
        };
        let is_due = |lane: &Lane| {
            lane.stage == Stage::Works
                && lane.flight.is_none()
                && !lane.batch.is_empty()
                && (self.is_draining || lane.batch.is_due(&limits, now))
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
            if !lane.batch.is_full(&limits) {
                hold(&self.consumer, key, lane, Hold::Full, false);
            }
            let is_inserting = !range.is_rowless();
            room -= usize::from(is_inserting);
            lane.flight = Some(Flight {
                held_bytes: range.held_bytes(),
                is_inserting,
            });
            let (life, abandon) = ((key, lane.number), lane.abandon.clone());
            self.deliver(life, range, abandon);
        }
        self.look_after_intents(now);
        self.bound_memory(now);
    }

    pub(super) fn inserting(&self) -> usize {
        let flights = self.own.values().filter_map(|lane| lane.flight.as_ref());
        flights.filter(|flight| flight.is_inserting).count()
    }

    fn deliver(&self, life: Life, range: Range, abandon: CancellationToken) {
        let (delivery, sender) = (self.work.delivery.clone(), self.reports.0.clone());
        self.work.runtime.spawn(async move {
            let news = sender.clone();
            let tell = move |what| report(&news, Report::News(life, what));
            let way = Way {
                abandon: &abandon,
                tell: &tell,
            };
            let ended = delivery.deliver(&range, &way).await;
            let ended = ended.map(|_stored| range.to);
            report(&sender, Report::Ended(life, ended));
        });
    }

    /// Rests, or pauses everything, while too much is held. An intended range goes on: it cannot be
    /// cut, and an earlier attempt has held it.
    fn bound_memory(&mut self, now: Instant) {
        let held: usize = self.own.values().map(Lane::held_bytes).sum();
        let can_rest = self.own.values().all(|lane| lane.batch.awaits().is_none());
        let stops = self.bound.judge(held, can_rest, now) == Intake::Stops;
        if stops == self.own.values().any(|lane| lane.has(Hold::Memory)) {
            return;
        }
        for (key, lane) in &mut self.own {
            let is_on = stops && lane.batch.awaits().is_none();
            hold(&self.consumer, *key, lane, Hold::Memory, is_on);
        }
    }

    /// Whether nothing is to be polled for a moment.
    pub(super) fn rests(&self) -> bool {
        self.bound.intake() == Intake::Rests
    }

    /// Whether nothing of `keys` is on its way, nor, while draining, held.
    pub(super) fn is_settled(&self, keys: &[Key]) -> bool {
        let mut lanes = keys.iter().filter_map(|key| self.own.get(key));
        lanes.all(|lane| {
            lane.flight.is_none()
                && (!self.is_draining || lane.stage != Stage::Works || lane.batch.is_empty())
        })
    }

    /// Asks for the end of a partition, for its lag.
    pub(super) fn ask_end(&mut self, key: Key) {
        let Some(lane) = self.own.get(&key) else {
            return;
        };
        self.is_asking_lag = true;
        let life = (key, lane.number);
        let (commits, sender) = (self.work.delivery.commits.clone(), self.reports.0.clone());
        self.work.runtime.spawn(async move {
            let end = commits.end(partition_of(key)).await;
            report(&sender, Report::End(life, end));
        });
    }
}

fn start_of(position: Position) -> Offset {
    position.next.map_or(Offset::Beginning, Offset::Offset)
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
