//! [`Membership`] by a consumer that is paused as soon as it has partitions.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use platform::kafka::KafkaArgs;
use platform::kafka::consumer::{Consumer, Event, Offset, TopicPartition, is_fatal};
use rdkafka::consumer::{Consumer as _, ConsumerGroupMetadata, RebalanceProtocol};
use rdkafka::error::KafkaError;
use tokio::time::Instant;

use super::{Change, Membership};
use crate::disposition::WorkerError;
use crate::failpoint::{self, Step};
use crate::input::kafka::bounds;
use crate::input::{Bound, InputError};
use crate::topology::{Lane, Names, Source};

/// How long a member without partitions waits for some before it counts as spare.
const SPARE_AFTER: Duration = Duration::from_secs(5);

/// The member at an assignment: what the group knew of it, and the client that it is.
pub(crate) struct Standing {
    /// What a transaction tells the group.
    pub(crate) metadata: ConsumerGroupMetadata,
    /// Who commits without a transaction.
    pub(crate) consumer: Rc<Consumer>,
}

/// The member.
pub(crate) struct KafkaMembership {
    consumer: Rc<Consumer>,
    partitions: Option<Vec<i32>>,
    group: Option<Rc<Standing>>,
    idle_since: Option<Instant>,
}

impl KafkaMembership {
    /// Joins `group` as the worker called `name`, which it keeps for a restart: within the session
    /// timeout of the group its partitions wait for it.
    pub(crate) fn join(args: &KafkaArgs, group: &str, name: &str) -> Result<Self, WorkerError> {
        let mut config = args.consumer_config(&format!("{name}-member"), group);
        config
            // One protocol for all, under which nothing runs during a change.
            .set("partition.assignment.strategy", "range")
            // A restart is not a change: no other worker has to give anything up for it.
            .set("group.instance.id", name)
            // It reads nothing. Asked for an end, it tells the one behind everything written.
            .set("isolation.level", "read_uncommitted");
        let consumer = Consumer::new(&config).map_err(WorkerError::Join)?;
        consumer
            .subscribe(&[Source::Status.topic()])
            .map_err(WorkerError::Join)?;
        failpoint::after(Step::Join);
        Ok(Self {
            consumer: Rc::new(consumer),
            partitions: None,
            group: None,
            idle_since: None,
        })
    }

    fn take_up(&mut self, assigned: &[TopicPartition]) -> Result<(), KafkaError> {
        let at_end: Vec<_> = assigned
            .iter()
            .map(|partition| (partition.clone(), Offset::End))
            .collect();
        self.consumer.take_up(&at_end)?;
        self.consumer.pause(assigned)?;
        let consumer = &self.consumer;
        let standing = |metadata| Standing {
            metadata,
            consumer: Rc::clone(consumer),
        };
        self.group = consumer.group_metadata().map(standing).map(Rc::new);
        let mut partitions: Vec<_> = assigned.iter().map(|it| it.partition).collect();
        partitions.sort_unstable();
        tracing::info!(?partitions, "partitions assigned");
        self.partitions = Some(partitions);
        Ok(())
    }
}

impl Membership for KafkaMembership {
    type Group = Rc<Standing>;

    fn written(&mut self, lanes: &[Lane]) -> Result<BTreeMap<Lane, i64>, InputError> {
        // Inputs are called the same for every application.
        let names = Names::live("");
        bounds(self.consumer.client(), &names, lanes, Bound::End)
    }

    fn partitions(&self) -> Option<&[i32]> {
        self.partitions.as_deref()
    }

    fn is_spare(&mut self) -> bool {
        let protocol = self.consumer.client().rebalance_protocol();
        if self.partitions.is_some() || !matches!(protocol, RebalanceProtocol::Eager) {
            self.idle_since = None;
            return false;
        }
        self.idle_since.get_or_insert_with(Instant::now).elapsed() > SPARE_AFTER
    }

    fn group(&self) -> Option<Self::Group> {
        self.group.clone()
    }

    fn poll(&mut self, timeout: Duration) -> Result<Option<Change>, WorkerError> {
        let mut timeout = timeout;
        loop {
            match self.consumer.poll(timeout) {
                None => return Ok(None),
                Some(Event::Assigned(partitions)) => {
                    self.take_up(&partitions).map_err(WorkerError::Membership)?;
                    return Ok(Some(Change::Assigned));
                }
                Some(Event::Revoked(_)) => return Ok(Some(Change::Revoked)),
                Some(Event::Lost(_)) => return Ok(Some(Change::Lost)),
                Some(Event::Error(error)) if is_fatal(&error) => {
                    return Err(WorkerError::Membership(error));
                }
                Some(Event::Error(error)) => {
                    tracing::debug!(%error, "kafka client repairs an error");
                }
                // A record may slip through between taking up and pausing; it is read elsewhere.
                Some(Event::Record(_) | Event::PartitionEof(_)) => {}
            }
            timeout = Duration::ZERO;
        }
    }

    fn let_go(&mut self) -> Result<(), WorkerError> {
        self.group = None;
        if let Some(partitions) = self.partitions.take() {
            tracing::info!(?partitions, "partitions let go");
        }
        self.consumer.let_go(&[]).map_err(WorkerError::Membership)?;
        failpoint::after(Step::LetGo);
        Ok(())
    }
}
