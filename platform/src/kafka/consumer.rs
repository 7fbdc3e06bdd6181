//! A consumer whose client callbacks become events, on the thread that polls.
//!
//! librdkafka announces a rebalance within a poll and then waits until the application takes the
//! partitions up or lets them go. Here the announcement is an [`Event`] like a record is; the owner
//! answers it with [`Consumer::take_up`] or [`Consumer::let_go`] when it is done with what it has
//! to do first (restore state, commit). Until then the client holds the rebalance back. Empty
//! announcements, which the cooperative protocol makes as well, are answered here and not told.
//!
//! A partition that the client has lost sight of for a minute is told as a fatal error
//! ([`is_fatal`]): the owner drops the consumer and makes a new one.
//!
//! The consumer commits nothing. Dropping it leaves the group; partitions not let go before are
//! given up then, uncommitted.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{
    BaseConsumer, Consumer as _, ConsumerContext, ConsumerGroupMetadata, RebalanceProtocol,
};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::statistics::Statistics;
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaRespErr;

pub use rdkafka::Offset;
use standstill::Standstill;

mod standstill;

/// How often it is looked whether partitions stand still, and how long the brokers may take to answer.
const LOOK_EVERY: Duration = Duration::from_secs(10);
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// A partition of a topic.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: String,
    /// The partition, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// Names a partition.
    pub fn new(topic: &str, partition: i32) -> Self {
        Self {
            topic: topic.to_owned(),
            partition,
        }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.topic, self.partition)
    }
}

impl fmt::Debug for TopicPartition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What a poll brought.
#[derive(Debug)]
pub enum Event<'a> {
    /// A record, in the client's memory.
    Record(BorrowedMessage<'a>),
    /// These partitions become ours: answer with [`Consumer::take_up`].
    Assigned(Vec<TopicPartition>),
    /// These partitions go to another member: commit, then answer with [`Consumer::let_go`].
    Revoked(Vec<TopicPartition>),
    /// These partitions have gone already; a commit would fail: drop their state, then answer with
    /// [`Consumer::let_go`].
    Lost(Vec<TopicPartition>),
    /// The end of a partition was reached (only with `enable.partition.eof=true`). The client does
    /// not say of which topic.
    PartitionEof(i32),
    /// The client met an error. [`is_fatal`] tells whether the consumer can go on.
    Error(KafkaError),
}

/// Returns whether the consumer that reported `error` is of no use any more.
pub fn is_fatal(error: &KafkaError) -> bool {
    matches!(error, KafkaError::MessageConsumptionFatal(_))
}

/// A consumer for one thread.
pub struct Consumer {
    inner: BaseConsumer<Context>,
}

impl Consumer {
    /// Creates a consumer from [`super::KafkaArgs::consumer_config`].
    ///
    /// # Errors
    /// When the client refuses its configuration.
    pub fn new(config: &ClientConfig) -> KafkaResult<Self> {
        let mut config = config.clone();
        // The only place where the client tells from where it fetches, markers included.
        config.set("statistics.interval.ms", LOOK_EVERY.as_millis().to_string());
        let inner = config.create_with_context(Context::default())?;
        Ok(Self { inner })
    }

    /// Joins the group for `topics`; partitions come as [`Event::Assigned`].
    ///
    /// # Errors
    /// When the client refuses the list.
    pub fn subscribe(&self, topics: &[&str]) -> KafkaResult<()> {
        self.inner.subscribe(topics)
    }

    /// Waits at most `timeout` for the next event. Call it at least every five minutes
    /// (`max.poll.interval.ms`), or the group takes the partitions away.
    pub fn poll(&self, timeout: Duration) -> Option<Event<'_>> {
        if let Some(event) = self.inner.context().next() {
            return Some(event.into());
        }
        if let Some(lost) = self.look() {
            tracing::error!(
                topic = lost.topic,
                partition = lost.partition,
                "records are there and do not come, the client is of no use any more"
            );
            let code = RDKafkaErrorCode::PartitionEOF;
            return Some(Event::Error(KafkaError::MessageConsumptionFatal(code)));
        }
        let polled = self.inner.poll(timeout);
        // A rebalance announced during this poll is told before the record that came with it would
        // be; the client returns either one or the other.
        match polled {
            Some(Ok(record)) => Some(Event::Record(record)),
            Some(Err(KafkaError::PartitionEOF(partition))) => Some(Event::PartitionEof(partition)),
            Some(Err(error)) => Some(Event::Error(error)),
            None => self.inner.context().next().map(Event::from),
        }
    }

    /// Looks, when it is time, whether partitions stand still. Returns one that has for too long.
    fn look(&self) -> Option<TopicPartition> {
        let context = self.inner.context();
        let watched = {
            let mut watch = context.watch();
            if !watch.is_due(LOOK_EVERY) {
                return None;
            }
            watch.watched()
        };
        if watched.is_empty() {
            return None;
        }
        let mut asked = TopicPartitionList::with_capacity(watched.len());
        for partition in &watched {
            let (topic, partition) = (&partition.topic, partition.partition);
            asked
                .add_partition_offset(topic, partition, Offset::End)
                .ok()?;
        }
        // During an outage there is nothing to be seen.
        let answered = self.inner.offsets_for_times(asked, LOOK_TIMEOUT).ok()?;
        let ends: Vec<_> = answered
            .elements()
            .iter()
            .filter_map(|element| match (element.error(), element.offset()) {
                (Ok(()), Offset::Offset(end)) => Some((
                    TopicPartition::new(element.topic(), element.partition()),
                    end,
                )),
                _ => None,
            })
            .collect();
        context.watch().look(&ends)
    }

    /// Takes partitions up at the given offsets: the answer to [`Event::Assigned`], or, without a
    /// group, the way to choose partitions. [`Offset::Stored`] is the group's committed offset.
    ///
    /// # Errors
    /// When the client refuses, for example because the assignment changed again.
    pub fn take_up(&self, partitions: &[(TopicPartition, Offset)]) -> KafkaResult<()> {
        assign(&self.inner, &list_with_offsets(partitions)?)?;
        self.inner.context().watch().forget();
        self.inner.context().lock().unanswered = None;
        Ok(())
    }

    /// Takes partitions up where the group last committed, or at the beginning.
    ///
    /// # Errors
    /// When the client refuses.
    pub fn take_up_committed(&self, partitions: &[TopicPartition]) -> KafkaResult<()> {
        let stored: Vec<_> = partitions
            .iter()
            .map(|partition| (partition.clone(), Offset::Stored))
            .collect();
        self.take_up(&stored)
    }

    /// Lets partitions go: the answer to [`Event::Revoked`] and [`Event::Lost`].
    ///
    /// # Errors
    /// When the client refuses.
    pub fn let_go(&self, partitions: &[TopicPartition]) -> KafkaResult<()> {
        release(&self.inner, &list_of(partitions))?;
        self.inner.context().watch().forget();
        self.inner.context().lock().unanswered = None;
        Ok(())
    }

    /// Stops fetching from `partitions`; records already fetched are discarded.
    ///
    /// # Errors
    /// When a partition is not ours.
    pub fn pause(&self, partitions: &[TopicPartition]) -> KafkaResult<()> {
        self.inner.context().watch().pause(partitions, true);
        self.inner.pause(&list_of(partitions))
    }

    /// Goes on fetching from `partitions`.
    ///
    /// # Errors
    /// When a partition is not ours.
    pub fn resume(&self, partitions: &[TopicPartition]) -> KafkaResult<()> {
        self.inner.context().watch().pause(partitions, false);
        self.inner.resume(&list_of(partitions))
    }

    /// Moves a partition that is ours to `offset`.
    ///
    /// # Errors
    /// When the partition is not ours, or the client does not answer within `timeout`.
    pub fn seek(
        &self,
        partition: &TopicPartition,
        offset: Offset,
        timeout: Duration,
    ) -> KafkaResult<()> {
        self.inner
            .seek(&partition.topic, partition.partition, offset, timeout)
    }

    /// Returns the offsets that the group has committed, in the order asked; none where it has not.
    ///
    /// # Errors
    /// When the brokers do not answer within `timeout`.
    pub fn committed(
        &self,
        partitions: &[TopicPartition],
        timeout: Duration,
    ) -> KafkaResult<Vec<(TopicPartition, Option<i64>)>> {
        let list = self.inner.committed_offsets(list_of(partitions), timeout)?;
        Ok(list
            .elements()
            .iter()
            .map(|element| {
                let offset = match element.offset() {
                    Offset::Offset(offset) => Some(offset),
                    _ => None,
                };
                let partition = TopicPartition::new(element.topic(), element.partition());
                (partition, offset)
            })
            .collect())
    }

    /// Returns the first offset and the one after the last of a partition.
    ///
    /// # Errors
    /// When the brokers do not answer within `timeout`.
    pub fn watermarks(
        &self,
        partition: &TopicPartition,
        timeout: Duration,
    ) -> KafkaResult<(i64, i64)> {
        self.inner
            .fetch_watermarks(&partition.topic, partition.partition, timeout)
    }

    /// Returns what a transaction needs to commit offsets for this member.
    pub fn group_metadata(&self) -> Option<ConsumerGroupMetadata> {
        self.inner.group_metadata()
    }

    /// Returns the client, for `commit.rs`.
    pub fn client(&self) -> &BaseConsumer<Context> {
        &self.inner
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Consumer").finish_non_exhaustive()
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        // From here on nobody answers events: the context does, or closing would wait forever.
        let context = self.inner.context();
        context.closing.store(true, Ordering::SeqCst);
        let changes = std::mem::take(&mut *context.lock());
        for change in changes.unanswered.into_iter().chain(changes.untold) {
            let answered = match change {
                Change::Assigned(_) => assign(&self.inner, &TopicPartitionList::new()),
                Change::Revoked(partitions) | Change::Lost(partitions) => {
                    release(&self.inner, &list_of(&partitions))
                }
            };
            log_refusal(answered);
        }
    }
}

/// Returns the list that the client's own calls take, for `commit.rs`: next offsets by partition.
///
/// # Errors
/// When an offset is negative.
pub fn offset_list(offsets: &[(TopicPartition, i64)]) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for (partition, offset) in offsets {
        list.add_partition_offset(
            &partition.topic,
            partition.partition,
            Offset::Offset(*offset),
        )?;
    }
    Ok(list)
}

/// A rebalance that was announced.
#[derive(Clone, Debug)]
enum Change {
    Assigned(Vec<TopicPartition>),
    Revoked(Vec<TopicPartition>),
    Lost(Vec<TopicPartition>),
}

impl From<Change> for Event<'_> {
    fn from(change: Change) -> Self {
        match change {
            Change::Assigned(partitions) => Self::Assigned(partitions),
            Change::Revoked(partitions) => Self::Revoked(partitions),
            Change::Lost(partitions) => Self::Lost(partitions),
        }
    }
}

/// The rebalances that were announced.
#[derive(Debug, Default)]
struct Changes {
    /// Not told to the owner yet.
    untold: VecDeque<Change>,
    /// Told, and not answered yet: the client waits for it, also while it closes.
    unanswered: Option<Change>,
}

/// The callbacks: they note what was announced and return at once.
#[derive(Debug, Default)]
pub struct Context {
    changes: Mutex<Changes>,
    watch: Mutex<Standstill>,
    closing: AtomicBool,
}

impl Context {
    fn next(&self) -> Option<Change> {
        let mut changes = self.lock();
        let change = changes.untold.pop_front()?;
        changes.unanswered = Some(change.clone());
        Some(change)
    }

    fn watch(&self) -> MutexGuard<'_, Standstill> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, detail: &str) {
        super::log_line(level, facility, detail);
    }

    fn stats(&self, statistics: Statistics) {
        let mut watch = self.watch();
        for (name, topic) in statistics.topics {
            for partition in topic.partitions.into_values() {
                if partition.desired && partition.fetch_state == "active" {
                    let at = TopicPartition::new(&name, partition.partition);
                    watch.fetches(at, partition.next_offset);
                }
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The end of a partition is an event for the owner, not an error.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        tracing::warn!(%error, reason, "kafka client reports an error");
    }
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        announced: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let is_assignment = announced == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        if list.count() == 0 || self.closing.load(Ordering::SeqCst) {
            log_refusal(if is_assignment {
                assign(consumer, &TopicPartitionList::new())
            } else {
                release(consumer, list)
            });
            return;
        }
        let partitions = list
            .elements()
            .iter()
            .map(|element| TopicPartition::new(element.topic(), element.partition()))
            .collect();
        let change = if is_assignment {
            Change::Assigned(partitions)
        } else if consumer.assignment_lost() {
            Change::Lost(partitions)
        } else {
            Change::Revoked(partitions)
        };
        self.lock().untold.push_back(change);
    }
}

fn assign(consumer: &BaseConsumer<Context>, list: &TopicPartitionList) -> KafkaResult<()> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_assign(list),
        RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.assign(list),
    }
}

fn release(consumer: &BaseConsumer<Context>, list: &TopicPartitionList) -> KafkaResult<()> {
    match consumer.rebalance_protocol() {
        RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
        RebalanceProtocol::Eager | RebalanceProtocol::None => consumer.unassign(),
    }
}

fn log_refusal(answered: KafkaResult<()>) {
    if let Err(error) = answered {
        tracing::warn!(%error, "rebalance cannot be answered");
    }
}

fn list_of(partitions: &[TopicPartition]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition(&partition.topic, partition.partition);
    }
    list
}

fn list_with_offsets(partitions: &[(TopicPartition, Offset)]) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for (partition, offset) in partitions {
        list.add_partition_offset(&partition.topic, partition.partition, *offset)?;
    }
    Ok(list)
}
