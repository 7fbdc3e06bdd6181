//! [`Input`] by a consumer that belongs to no group: it reads what it is told, from where it is
//! told. Which partitions are ours is the membership's affair, another client's.
//!
//! Each lane has the client's own queue for its partition. It is split off before the partition is
//! taken up; from then on librdkafka keeps it apart, so records never meet in a common queue, and a
//! queue that is not asked fills to its limit and stops fetching.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use platform::kafka::KafkaArgs;
use rdkafka::client::ClientContext;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{Offset, TopicPartitionList};

use super::{Bound, Input, InputError, InputRecord, Start};
use crate::failpoint::{self, Step};
use crate::topology::{Lane, Names, Source};

/// How long a question about offsets may take.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);

/// The client's callbacks. Errors of the connection are repaired by the client itself, and the
/// member of the group reports them as well.
#[derive(Debug)]
pub(crate) struct Context;

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka client reports an error");
    }
}

impl ConsumerContext for Context {}

/// The consumer and a queue for each lane.
pub(crate) struct KafkaInput {
    names: Names,
    queues: BTreeMap<Lane, PartitionQueue<Context>>,
    consumer: Arc<BaseConsumer<Context>>,
}

impl KafkaInput {
    /// Creates a consumer for the worker called `name`, which reads nothing yet.
    pub(crate) fn new(args: &KafkaArgs, name: &str, names: Names) -> Result<Self, InputError> {
        let mut config = args.consumer_config(&format!("{name}-input"), name);
        config
            // The position record says where to go on. If that is gone, records were lost, and
            // nobody may skip them silently.
            .set("auto.offset.reset", "error")
            // The directory and the sessions of a partition must not wait behind its statuses:
            // small portions of many partitions rather than megabytes of one.
            .set("fetch.message.max.bytes", "262144")
            // A partition that is taken up waits until the fetch before it has ended, which at an idle
            // broker lasts this long: half a second by default, and a restore takes up twice.
            .set("fetch.wait.max.ms", "100")
            // With 72 queues of our own, the default of 100,000 records each would be gigabytes.
            .set("queued.min.messages", "5000");
        let consumer = config
            .create_with_context(Context)
            .map_err(InputError::Client)?;
        Ok(Self {
            names,
            queues: BTreeMap::new(),
            consumer: Arc::new(consumer),
        })
    }

    /// Learns who leads the partitions of lanes, so that none has to be looked for when it is taken up:
    /// the client does that half a second later. Brokers that do not answer are not waited for here.
    fn get_acquainted(&self, lanes: &[(Lane, Start)]) {
        let topics: BTreeSet<_> = lanes.iter().map(|(lane, _)| lane.source).collect();
        for source in topics {
            let topic = self.names.read_by(source);
            let known = self.consumer.fetch_metadata(Some(topic), QUESTION_TIMEOUT);
            if let Err(error) = known {
                tracing::debug!(%error, topic, "leaders are not known yet");
            }
        }
    }

    /// One bound of each lane.
    pub(crate) fn bounds(
        &mut self,
        lanes: &[Lane],
        bound: Bound,
    ) -> Result<BTreeMap<Lane, i64>, InputError> {
        bounds(&self.consumer, &self.names, lanes, bound)
    }

    /// Takes one event of the common queue, where errors of the client arrive. Returns whether there
    /// was one.
    fn serve(&self, timeout: Duration) -> Result<bool, InputError> {
        match self.consumer.poll(timeout) {
            Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                Err(InputError::Client(error))
            }
            Some(Err(error)) => {
                tracing::debug!(%error, "kafka client repairs an error");
                Ok(true)
            }
            Some(Ok(record)) => Err(InputError::Client(KafkaError::Seek(format!(
                "record of {}/{} came outside its queue",
                record.topic(),
                record.partition()
            )))),
            None => Ok(false),
        }
    }
}

impl Input for KafkaInput {
    fn open(&mut self, lanes: &[(Lane, Start)]) -> Result<(), InputError> {
        let mut list = TopicPartitionList::with_capacity(lanes.len());
        self.get_acquainted(lanes);
        for (lane, start) in lanes {
            let topic = self.names.read_by(lane.source);
            let queue = self
                .consumer
                .split_partition_queue(topic, lane.partition)
                .ok_or_else(|| InputError::Client(KafkaError::Seek(lane.to_string())))?;
            self.queues.insert(*lane, queue);
            let offset = match start {
                Start::Beginning => Offset::Beginning,
                Start::At(offset) => Offset::Offset(*offset),
            };
            list.add_partition_offset(topic, lane.partition, offset)
                .map_err(InputError::Client)?;
        }
        self.consumer
            .incremental_assign(&list)
            .map_err(InputError::Client)?;
        failpoint::after(Step::Open);
        Ok(())
    }

    fn close(&mut self, lanes: &[Lane]) -> Result<(), InputError> {
        for lane in lanes {
            self.queues.remove(lane);
        }
        self.consumer
            .incremental_unassign(
                &list_of(&self.names, lanes, Offset::Invalid).map_err(InputError::Client)?,
            )
            .map_err(InputError::Client)
    }

    fn next(&mut self, lane: Lane) -> Result<Option<InputRecord>, InputError> {
        let Some(queue) = self.queues.get(&lane) else {
            return Ok(None);
        };
        match queue.poll(Duration::ZERO) {
            None => Ok(None),
            Some(Ok(record)) => Ok(Some(detach(&record, lane))),
            Some(Err(source)) => match source.rdkafka_error_code() {
                Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
                    Err(InputError::OffsetGone { lane })
                }
                _ => Err(InputError::Lane { lane, source }),
            },
        }
    }

    fn ends(&mut self, lanes: &[Lane]) -> Result<BTreeMap<Lane, i64>, InputError> {
        self.bounds(lanes, Bound::End)
    }

    fn wait(&mut self, timeout: Duration) -> Result<(), InputError> {
        if self.serve(timeout)? {
            while self.serve(Duration::ZERO)? {}
        }
        Ok(())
    }
}

/// Asks for one bound of each lane. What the end is depends on the client: behind the last record that
/// is decided (the last stable offset), or for one that reads the undecided as well, the high watermark.
pub(crate) fn bounds<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    names: &Names,
    lanes: &[Lane],
    bound: Bound,
) -> Result<BTreeMap<Lane, i64>, InputError> {
    if lanes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let offset = match bound {
        Bound::First => Offset::Beginning,
        Bound::End => Offset::End,
    };
    // A list of "timestamps" -1 asks for the ends, and of -2 for the beginnings: one request for each
    // broker, whatever the number of partitions.
    let asked = list_of(names, lanes, offset).map_err(InputError::Unavailable)?;
    let answered = consumer
        .offsets_for_times(asked, QUESTION_TIMEOUT)
        .map_err(InputError::Unavailable)?;
    let mut bounds = BTreeMap::new();
    for lane in lanes {
        let found = answered.find_partition(names.read_by(lane.source), lane.partition);
        match found.map(|element| (element.error(), element.offset())) {
            Some((Ok(()), Offset::Offset(bound))) => bounds.insert(*lane, bound),
            Some((Err(error), _)) => return Err(InputError::Unavailable(error)),
            _ => return Err(InputError::Unavailable(KafkaError::Canceled)),
        };
    }
    Ok(bounds)
}

fn list_of(names: &Names, lanes: &[Lane], offset: Offset) -> KafkaResult<TopicPartitionList> {
    let mut list = TopicPartitionList::with_capacity(lanes.len());
    for lane in lanes {
        list.add_partition_offset(names.read_by(lane.source), lane.partition, offset)?;
    }
    Ok(list)
}

/// Copies a record out of the client's memory.
fn detach(record: &BorrowedMessage<'_>, lane: Lane) -> InputRecord {
    // Ticks name their gateway in a header, which nobody needs here.
    let is_empty = record.payload().is_none() && lane.source != Source::Directory;
    let headers = record.headers().filter(|it| !is_empty && it.count() > 0);
    InputRecord {
        lane,
        offset: record.offset(),
        timestamp_ms: record.timestamp().to_millis(),
        key: record.key().map(<[u8]>::to_vec),
        value: record.payload().map(<[u8]>::to_vec),
        headers: headers.map(rdkafka::message::BorrowedHeaders::detach),
    }
}
