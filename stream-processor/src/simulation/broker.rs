//! The brokers: partitions, the group and its offsets, producers on their way, and time.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use platform::kafka::producer::Record;

use super::dice::Dice;
use super::group::{Group, Identity};
use super::log::{Log, Place, TOPICS};
use super::process::Process;
use super::transactions::{Coordinator, LateEnd, Produced};
use crate::topology::{Lane, PARTITIONS, Source};

/// The brokers' time limits, ms. As in production, a process that stands still loses its partitions well
/// before its transaction is given up: in between, two of them believe that they own one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// After which a member without a heartbeat is dead.
    pub(crate) session: u64,
    /// For which a rebalance waits for members.
    pub(crate) rebalance: u64,
    /// After which an open transaction is aborted.
    pub(crate) transaction: u64,
}

impl Times {
    /// Those of every simulation.
    pub(crate) const STANDARD: Self = Self {
        session: 90,
        rebalance: 300,
        transaction: 300,
    };
}

/// A producer's records on their way to the brokers.
#[derive(Debug)]
pub(crate) struct Producer {
    /// Its transactional id.
    pub(crate) name: String,
    /// The epoch that it was given.
    pub(crate) epoch: u32,
    /// Whose client it is.
    pub(crate) process: Rc<Process>,
    /// What is on its way; in order for each partition, in any order across them.
    pub(crate) queues: BTreeMap<Place, VecDeque<Rc<Record>>>,
    /// A record was refused.
    pub(crate) has_failed: bool,
    /// The client is gone; what is left is in the network.
    pub(crate) is_closed: bool,
    /// It has no transactions.
    pub(crate) is_plain: bool,
}

/// What becomes of the request that ends a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EndFate {
    /// It is lost.
    Lost,
    /// It arrives after the client gave up waiting, this many ms later.
    Late(u64),
    /// It arrives, and the answer is lost.
    Unanswered,
}

/// All brokers.
#[derive(Debug)]
pub(crate) struct Broker {
    /// The time, ms.
    pub(crate) now: u64,
    /// What happens here by chance.
    pub(crate) dice: Dice,
    /// Their time limits.
    pub(crate) times: Times,
    /// The one consumer group.
    pub(crate) group: Group,
    /// What the group has committed.
    pub(crate) offsets: BTreeMap<Lane, i64>,
    /// When that was sent: of two commits the one sent last counts, whenever they are decided.
    sent: BTreeMap<Lane, u64>,
    next_sent: u64,
    /// By transactional id.
    pub(crate) coordinators: BTreeMap<String, Coordinator>,
    /// The number of the next transaction.
    pub(crate) next_transaction: u64,
    /// Ends of transactions on their way.
    pub(crate) late_ends: Vec<LateEnd>,
    /// Clients, by a number of ours.
    pub(crate) producers: BTreeMap<u64, Producer>,
    /// The number of the next client.
    pub(crate) next_producer: u64,
    /// Of the next request that ends a transaction with a commit.
    pub(crate) end_fate: Option<EndFate>,
    /// How many ms a marker takes, at most.
    pub(crate) marker_delay: u64,
    /// What happened, and how often.
    pub(crate) events: BTreeMap<&'static str, u64>,
    /// Questions about offsets are not answered.
    pub(crate) is_silent: bool,
    /// The next read fails.
    pub(crate) is_breaking: bool,
    logs: Vec<Log>,
}

/// The brokers, shared by clients and world.
pub(crate) type Shared = Rc<RefCell<Broker>>;

impl Broker {
    /// Brokers whose group shares out `partitions`.
    pub(crate) fn new(partitions: &[i32], dice: Dice) -> Self {
        let times = Times::STANDARD;
        let places = TOPICS.len() * usize::try_from(PARTITIONS).unwrap();
        Self {
            now: 1,
            dice,
            times,
            group: Group::new(partitions, times),
            offsets: BTreeMap::new(),
            sent: BTreeMap::new(),
            next_sent: 1,
            coordinators: BTreeMap::new(),
            next_transaction: 1,
            late_ends: Vec::new(),
            producers: BTreeMap::new(),
            next_producer: 1,
            end_fate: None,
            marker_delay: 0,
            events: BTreeMap::new(),
            is_silent: false,
            is_breaking: false,
            logs: (0..places).map(|_| Log::default()).collect(),
        }
    }

    /// A partition.
    pub(crate) fn log(&self, place: Place) -> &Log {
        &self.logs[Self::index(place)]
    }

    /// A partition, to be written.
    pub(crate) fn log_mut(&mut self, place: Place) -> &mut Log {
        &mut self.logs[Self::index(place)]
    }

    fn index(place: Place) -> usize {
        let partitions = usize::try_from(PARTITIONS).unwrap();
        place.topic * partitions + usize::try_from(place.partition).unwrap()
    }

    /// Counts something that happened.
    pub(crate) fn note(&mut self, event: &'static str) {
        *self.events.entry(event).or_default() += 1;
    }

    /// Lets time pass until `now`.
    pub(crate) fn tick(&mut self, now: u64) {
        self.now = now;
        self.end_late();
        self.time_out();
        self.write_markers();
        self.deliver_some();
        let generation = self.group.generation();
        self.group.tick(now);
        if self.group.generation() > generation {
            self.note("rebalance");
        }
    }

    /// Lets some records arrive that are on their way.
    fn deliver_some(&mut self) {
        let ids: Vec<_> = self.producers.keys().copied().collect();
        for id in ids {
            let Some(producer) = self.producers.get(&id) else {
                continue;
            };
            if producer.queues.is_empty() {
                if producer.is_closed {
                    self.producers.remove(&id);
                }
                continue;
            }
            // A process that stands still sends nothing; what a closed client left is in the network.
            let stands_still = !producer.is_closed && producer.process.is_stopped();
            if !stands_still && self.dice.chance(40) {
                let places: Vec<_> = producer.queues.keys().copied().collect();
                let place = self.dice.pick(&places);
                for _ in 0..=self.dice.below(4) {
                    self.deliver(id, place);
                }
            }
        }
    }

    /// Lets the next record of a producer for `place` arrive.
    fn deliver(&mut self, id: u64, place: Place) -> Produced {
        let Some(producer) = self.producers.get_mut(&id) else {
            return Produced::Fenced;
        };
        let Some(record) = producer.queues.get(&place).and_then(VecDeque::front) else {
            return Produced::Done;
        };
        let (name, epoch) = (producer.name.clone(), producer.epoch);
        let record = Rc::clone(record);
        let outcome = if producer.is_plain {
            self.log_mut(place).append(record, None);
            Produced::Done
        } else {
            self.produce((&name, epoch), place, record)
        };
        let Some(producer) = self.producers.get_mut(&id) else {
            return outcome;
        };
        match outcome {
            Produced::Done => {
                if let Some(queue) = producer.queues.get_mut(&place) {
                    queue.pop_front();
                    if queue.is_empty() {
                        producer.queues.remove(&place);
                    }
                }
            }
            Produced::Fenced => {
                producer.has_failed = true;
                producer.queues.clear();
                self.note("record fenced");
            }
            Produced::Waits => {}
        }
        outcome
    }

    /// Waits until everything of a producer has arrived. Returns whether it has.
    pub(crate) fn drain(&mut self, id: u64) -> bool {
        if let Some(name) = self.producers.get(&id).map(|it| it.name.clone()) {
            self.finish(&name);
        }
        self.lose_some(id);
        loop {
            let Some(producer) = self.producers.get(&id) else {
                return false;
            };
            let Some(place) = producer.queues.keys().next().copied() else {
                return !producer.has_failed;
            };
            self.deliver(id, place);
        }
    }

    /// Lets a client without transactions give up a record, when the end of a transaction would go wrong:
    /// those behind it arrive all the same.
    fn lose_some(&mut self, id: u64) {
        let Some(producer) = self.producers.get_mut(&id) else {
            return;
        };
        if !producer.is_plain || self.end_fate.take().is_none() {
            return;
        }
        let places: Vec<_> = producer.queues.keys().copied().collect();
        if places.is_empty() {
            return;
        }
        let place = self.dice.pick(&places);
        if let Some(queue) = producer.queues.get_mut(&place) {
            queue.pop_front();
            producer.has_failed = true;
            producer.queues.retain(|_, queue| !queue.is_empty());
            self.note("record lost");
        }
    }

    /// A client is destroyed: of what it had not sent yet, a little may be in the network.
    pub(crate) fn close(&mut self, id: u64) {
        let mut kept = usize::try_from(self.dice.below(3)).unwrap();
        if let Some(producer) = self.producers.get_mut(&id) {
            if producer.process.is_stopped() {
                kept = 0;
            }
            producer.is_closed = true;
            for queue in producer.queues.values_mut() {
                queue.truncate(kept);
            }
            producer.queues.retain(|_, queue| !queue.is_empty());
        }
    }

    /// The number of offsets that are sent now.
    pub(crate) const fn sent_now(&mut self) -> u64 {
        self.next_sent += 1;
        self.next_sent
    }

    /// Makes offsets count that were sent under a number.
    pub(crate) fn commit_offsets(&mut self, (offsets, number): (Vec<(Lane, i64)>, u64)) {
        for (lane, offset) in offsets {
            let sent = self.sent.entry(lane).or_default();
            if *sent < number {
                *sent = number;
                self.offsets.insert(lane, offset);
            }
        }
    }

    /// Commits offsets outside of any transaction.
    pub(crate) fn commit_plainly(
        &mut self,
        offsets: &[(Lane, i64)],
        identity: Identity,
    ) -> Result<(), &'static str> {
        self.group.check(identity)?;
        let number = self.sent_now();
        self.commit_offsets((offsets.to_vec(), number));
        Ok(())
    }

    /// Compacts a part of the changelog of `partition`.
    pub(crate) fn compact(&mut self, partition: i32) {
        let place = Place::named(Source::Changelog.topic(), partition);
        let end = self.log(place).stable_end();
        if end > 0 {
            let until = self.dice.between(0, end);
            self.log_mut(place).compact(until);
        }
    }

    /// What keeps it from being quiet, transactions apart.
    pub(crate) fn on_its_way(&self) -> String {
        let queues = self
            .producers
            .iter()
            .map(|(number, it)| (number, it.queues.len()));
        let queues: Vec<_> = queues.filter(|(_, length)| *length > 0).collect();
        format!(
            "late ends: {}, queues of producers: {queues:?}",
            self.late_ends.len()
        )
    }

    /// Whether no transaction is open and nothing is on its way.
    pub(crate) fn is_quiet(&self) -> bool {
        self.coordinators.values().all(Coordinator::is_idle)
            && self.late_ends.is_empty()
            && self.producers.values().all(|it| it.queues.is_empty())
    }
}
