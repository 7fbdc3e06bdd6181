//! The worker's traits on the simulated brokers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use platform::kafka::producer::Record;
use rdkafka::error::KafkaError;

use super::broker::{EndFate, Producer, Shared};
use super::group::Identity;
use super::log::Place;
use super::membership::{Pulses, SimulatedMembership};
use super::mutant::{Mutant, MutantInput, MutantMembership, MutantOutput};
use super::process::{Call, Process};
use super::transactions::Refused;
use crate::clients::Clients;
use crate::config::Guarantee;
use crate::disposition::WorkerError;
use crate::input::{Input, InputError, InputRecord, Start};
use crate::memory::MemorySchemas;
use crate::output::{Output, OutputError};
use crate::topology::{Lane, Source};

/// Makes the clients of one process.
#[derive(Clone)]
pub(crate) struct SimulatedClients {
    /// The worker's name.
    pub(crate) name: String,
    /// The process.
    pub(crate) process: Rc<Process>,
    /// Whom they talk to.
    pub(crate) broker: Shared,
    /// Where a member's thread is announced.
    pub(crate) pulses: Pulses,
    /// What they do wrong.
    pub(crate) mutant: Option<Mutant>,
    /// How often an output is written.
    pub(crate) guarantee: Guarantee,
    /// The fence written last, for a mutant.
    pub(crate) fence: Rc<RefCell<Option<Record>>>,
}

impl Clients for SimulatedClients {
    type Group = Identity;
    type Membership = MutantMembership;
    type Input = MutantInput;
    type Output = MutantOutput;
    type Schemas = MemorySchemas;

    fn output(&mut self) -> Result<MutantOutput, OutputError> {
        let output = SimulatedOutput::new(self)?;
        Ok(MutantOutput::new(output, self))
    }

    fn join(&mut self) -> Result<MutantMembership, WorkerError> {
        let membership = SimulatedMembership::join(self)?;
        Ok(MutantMembership::new(membership, self.mutant))
    }

    fn input(&mut self) -> Result<MutantInput, InputError> {
        let input = SimulatedInput {
            process: Rc::clone(&self.process),
            broker: Rc::clone(&self.broker),
            lanes: BTreeMap::new(),
        };
        Ok(MutantInput::new(input, self))
    }

    fn schemas(&mut self) -> MemorySchemas {
        MemorySchemas::default()
    }
}

fn broken(action: &'static str, reason: &'static str) -> OutputError {
    OutputError::Broken {
        action,
        source: reason.into(),
    }
}

/// A transactional producer.
pub(crate) struct SimulatedOutput {
    name: String,
    process: Rc<Process>,
    broker: Shared,
    id: u64,
    epoch: u32,
    guarantee: Guarantee,
}

impl SimulatedOutput {
    /// Takes the transactions of a worker's name over.
    pub(crate) fn new(clients: &SimulatedClients) -> Result<Self, OutputError> {
        let SimulatedClients {
            name,
            process,
            guarantee,
            ..
        } = clients;
        let is_plain = *guarantee == Guarantee::AtLeastOnce;
        let take_over = || {
            let mut broker = clients.broker.borrow_mut();
            if broker.is_silent && !is_plain {
                broker.fence(name);
                return None;
            }
            let epoch = if is_plain { 0 } else { broker.take_over(name) };
            let id = broker.next_producer;
            broker.next_producer += 1;
            let producer = Producer {
                name: name.clone(),
                epoch,
                process: Rc::clone(process),
                queues: BTreeMap::new(),
                has_failed: false,
                is_closed: false,
                is_plain,
            };
            broker.producers.insert(id, producer);
            Some((id, epoch))
        };
        let taken = process.call(Call::TakeOver, take_over).flatten();
        let (id, epoch) = taken.ok_or_else(|| broken("take over", "no answer"))?;
        Ok(Self {
            name: name.clone(),
            process: Rc::clone(process),
            broker: Rc::clone(&clients.broker),
            id,
            epoch,
            guarantee: *guarantee,
        })
    }

    fn refused(&self, refused: Refused) -> OutputError {
        match refused {
            Refused::Fenced => OutputError::Fenced {
                name: self.name.clone(),
                source: "a newer producer took over".into(),
            },
            Refused::Group(reason) => broken("commit offsets", reason),
        }
    }

    fn end(&self) -> Result<(), OutputError> {
        if self.guarantee == Guarantee::AtLeastOnce {
            return Ok(());
        }
        let caller = (&*self.name, self.epoch);
        let mut broker = self.broker.borrow_mut();
        // The client sends what is left before it asks for the end.
        if !broker.drain(self.id) {
            return Err(broken("deliver records", "refused"));
        }
        match broker.end_fate.take() {
            None => {
                let ended = broker.end(caller, true);
                return ended.map_err(|refused| self.refused(refused));
            }
            Some(EndFate::Lost) => {}
            Some(EndFate::Late(delay)) => broker.end_later(caller, delay),
            Some(EndFate::Unanswered) => {
                broker.end(caller, true).ok();
            }
        }
        Err(broken("commit", "no answer"))
    }
}

impl Output for SimulatedOutput {
    type Group = Identity;

    fn begin(&mut self) -> Result<(), OutputError> {
        let begun = self.process.call(Call::Begin, || ());
        begun.ok_or_else(|| broken("begin", "dead"))
    }

    fn send(&mut self, record: &Record) -> Result<(), OutputError> {
        let place = Place::of(record);
        let queue = || {
            let mut broker = self.broker.borrow_mut();
            if let Some(producer) = broker.producers.get_mut(&self.id)
                && !producer.has_failed
            {
                let queue = producer.queues.entry(place).or_default();
                queue.push_back(Rc::new(record.clone()));
                return true;
            }
            false
        };
        match self.process.call(call_of(record), queue) {
            Some(true) => Ok(()),
            _ => Err(broken("send a record", "refused")),
        }
    }

    fn drain(&mut self) -> Result<(), OutputError> {
        let drain = || self.broker.borrow_mut().drain(self.id);
        match self.process.call(Call::Drain, drain) {
            Some(true) => Ok(()),
            _ => Err(broken("deliver records", "refused")),
        }
    }

    fn offsets(&mut self, offsets: &[(Lane, i64)], group: &Identity) -> Result<(), OutputError> {
        let add = || {
            let mut broker = self.broker.borrow_mut();
            match self.guarantee {
                Guarantee::ExactlyOnce => {
                    broker.add_offsets((&self.name, self.epoch), offsets, *group)
                }
                Guarantee::AtLeastOnce => {
                    let committed = broker.commit_plainly(offsets, *group);
                    committed.map_err(Refused::Group)
                }
            }
        };
        match self.process.call(Call::Offsets, add) {
            Some(added) => added.map_err(|refused| self.refused(refused)),
            None => Err(broken("commit offsets", "dead")),
        }
    }

    fn commit(&mut self) -> Result<(), OutputError> {
        match self.process.call(Call::Commit, || self.end()) {
            Some(ended) => ended,
            None => Err(broken("commit", "dead")),
        }
    }

    fn abort(&mut self) -> Result<(), OutputError> {
        let abort = || {
            let mut broker = self.broker.borrow_mut();
            if let Some(producer) = broker.producers.get_mut(&self.id) {
                producer.queues.clear();
            }
            if self.guarantee == Guarantee::AtLeastOnce {
                return Ok(());
            }
            broker.end((&self.name, self.epoch), false)
        };
        match self.process.call(Call::Abort, abort) {
            Some(ended) => ended.map_err(|refused| self.refused(refused)),
            None => Err(broken("abort", "dead")),
        }
    }
}

impl Drop for SimulatedOutput {
    fn drop(&mut self) {
        self.broker.borrow_mut().close(self.id);
    }
}

/// Which step the sending of a record is.
fn call_of(record: &Record) -> Call {
    let key = record.key.as_deref().unwrap_or_default();
    if record.topic != Source::Changelog.topic() {
        Call::SendOutput
    } else if key == b"position" {
        Call::SendPosition
    } else if key.starts_with(b"fence|") {
        Call::SendFence
    } else {
        Call::SendState
    }
}

/// Where a lane is read.
#[derive(Clone, Copy, Debug)]
struct Reading {
    next: i64,
    /// How far the client has fetched.
    fetched: i64,
}

/// A reader of lanes.
pub(crate) struct SimulatedInput {
    process: Rc<Process>,
    broker: Shared,
    lanes: BTreeMap<Lane, Reading>,
}

impl SimulatedInput {
    /// Where a lane stands.
    pub(crate) fn position(&self, lane: Lane) -> Option<i64> {
        self.lanes.get(&lane).map(|reading| reading.next)
    }
}

impl Input for SimulatedInput {
    fn open(&mut self, lanes: &[(Lane, Start)]) -> Result<(), InputError> {
        let is_changelog = |(lane, _): &(Lane, Start)| lane.source == Source::Changelog;
        let call = if lanes.iter().any(is_changelog) {
            Call::OpenChangelog
        } else {
            Call::OpenInputs
        };
        self.process.call(call, || ());
        for (lane, start) in lanes {
            let next = match start {
                Start::Beginning => 0,
                Start::At(offset) => *offset,
            };
            let reading = Reading { next, fetched: 0 };
            self.lanes.insert(*lane, reading);
        }
        Ok(())
    }

    fn close(&mut self, lanes: &[Lane]) -> Result<(), InputError> {
        self.process.call(Call::CloseChangelog, || ());
        self.lanes.retain(|lane, _| !lanes.contains(lane));
        Ok(())
    }

    fn next(&mut self, lane: Lane) -> Result<Option<InputRecord>, InputError> {
        let Some(reading) = self.lanes.get_mut(&lane) else {
            return Ok(None);
        };
        if reading.next >= reading.fetched || self.process.is_dead() {
            return Ok(None);
        }
        let broker = self.broker.borrow();
        let log = broker.log(Place::read_by(lane));
        let Some((offset, record)) = log.next(reading.next, reading.fetched) else {
            reading.next = reading.fetched;
            return Ok(None);
        };
        reading.next = offset + 1;
        let call = match lane.source {
            Source::Changelog if call_of(&record) == Call::SendFence => Call::ReadFence,
            Source::Changelog => Call::ReadChangelog,
            Source::Directory | Source::Status | Source::Session => Call::ReadInput,
        };
        self.process.call(call, || ());
        Ok(Some(InputRecord {
            lane,
            offset,
            timestamp_ms: record.timestamp_ms,
            key: record.key.clone(),
            value: record.value.clone(),
            headers: record.headers.clone(),
        }))
    }

    fn ends(&mut self, lanes: &[Lane]) -> Result<BTreeMap<Lane, i64>, InputError> {
        let broker = &self.broker;
        let ask = || {
            let broker = broker.borrow();
            let end = |lane: &Lane| (*lane, broker.log(Place::read_by(*lane)).stable_end());
            (!broker.is_silent).then(|| lanes.iter().map(end).collect())
        };
        let told = self.process.call(Call::AskEnds, ask).flatten();
        told.ok_or(InputError::Unavailable(KafkaError::Canceled))
    }

    fn wait(&mut self, _timeout: Duration) -> Result<(), InputError> {
        let mut broker = self.broker.borrow_mut();
        if let Some((lane, _)) = self.lanes.first_key_value()
            && std::mem::take(&mut broker.is_breaking)
        {
            return Err(InputError::Lane {
                lane: *lane,
                source: KafkaError::Canceled,
            });
        }
        for (lane, reading) in &mut self.lanes {
            let end = broker.log(Place::read_by(*lane)).stable_end();
            if reading.fetched < end && broker.dice.chance(70) {
                let least = reading.fetched + 1;
                reading.fetched = broker.dice.between(least, end).max(reading.next.min(end));
            }
        }
        Ok(())
    }
}
