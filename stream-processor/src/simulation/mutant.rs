//! Wrong clients: each breaks one rule that exactly once rests on. The tests show that the simulation
//! notices every one of them, so it would notice the same mistake in the worker.
//!
//! A mutant is a layer between the worker and the simulated brokers; without one, the layer does
//! nothing. The worker itself has no switches.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use platform::kafka::producer::Record;

use super::clients::{SimulatedClients, SimulatedInput, SimulatedOutput};
use super::group::Identity;
use super::log::Place;
use super::membership::SimulatedMembership;
use super::process::Call;
use crate::disposition::WorkerError;
use crate::input::{Input, InputError, InputRecord, Start};
use crate::membership::{Change, Membership};
use crate::output::{Output, OutputError};
use crate::topology::{Lane, Source};

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    /// Offsets are sent while records are still on their way.
    NoDrain,
    /// The changelog is read to where it ends when it is opened, not to the fence.
    EndNotFence,
    /// What the group knew at the first assignment is kept for all others.
    CachedGroup,
    /// A transaction whose outcome is unknown is written once more.
    Retry,
    /// Offsets are committed after the transaction, not in it.
    OffsetsOutside,
    /// The position is written at once, not in the transaction.
    PositionOutside,
}

type Fence = Rc<RefCell<Option<Record>>>;

/// A producer with a flaw.
pub(crate) struct MutantOutput {
    inner: SimulatedOutput,
    clients: SimulatedClients,
    /// The open transaction.
    sent: Vec<Record>,
    offsets: Option<(Vec<(Lane, i64)>, Identity)>,
}

impl MutantOutput {
    pub(crate) fn new(inner: SimulatedOutput, clients: &SimulatedClients) -> Self {
        Self {
            inner,
            clients: clients.clone(),
            sent: Vec::new(),
            offsets: None,
        }
    }

    /// Writes the transaction once more, with a new producer.
    fn write_again(&mut self) -> Result<(), OutputError> {
        self.inner = SimulatedOutput::new(&self.clients)?;
        self.inner.begin()?;
        for record in &self.sent {
            self.inner.send(record)?;
        }
        self.inner.drain()?;
        if let Some((offsets, identity)) = &self.offsets {
            self.inner.offsets(offsets, identity)?;
        }
        self.inner.commit()
    }
}

impl Output for MutantOutput {
    type Group = Identity;

    fn begin(&mut self) -> Result<(), OutputError> {
        self.sent.clear();
        self.offsets = None;
        self.inner.begin()
    }

    fn send(&mut self, record: &Record) -> Result<(), OutputError> {
        let is_changelog = record.topic == Source::Changelog.topic();
        let key = record.key.as_deref().unwrap_or_default();
        match self.clients.mutant {
            Some(Mutant::PositionOutside) if is_changelog && key == b"position" => {
                let write = || {
                    let mut broker = self.clients.broker.borrow_mut();
                    let log = broker.log_mut(Place::of(record));
                    log.append(Rc::new(record.clone()), None);
                };
                self.clients.process.call(Call::SendPosition, write);
                return Ok(());
            }
            Some(Mutant::EndNotFence) if is_changelog && key.starts_with(b"fence|") => {
                *self.clients.fence.borrow_mut() = Some(record.clone());
            }
            Some(Mutant::Retry) => self.sent.push(record.clone()),
            _ => {}
        }
        self.inner.send(record)
    }

    fn drain(&mut self) -> Result<(), OutputError> {
        match self.clients.mutant {
            Some(Mutant::NoDrain) => Ok(()),
            _ => self.inner.drain(),
        }
    }

    fn offsets(&mut self, offsets: &[(Lane, i64)], group: &Identity) -> Result<(), OutputError> {
        self.offsets = Some((offsets.to_vec(), *group));
        match self.clients.mutant {
            Some(Mutant::OffsetsOutside) => Ok(()),
            _ => self.inner.offsets(offsets, group),
        }
    }

    fn commit(&mut self) -> Result<(), OutputError> {
        let committed = self.inner.commit();
        match (self.clients.mutant, committed) {
            (Some(Mutant::Retry), Err(OutputError::Broken { .. })) => self.write_again(),
            (Some(Mutant::OffsetsOutside), Ok(())) => {
                let Some((offsets, identity)) = self.offsets.take() else {
                    return Ok(());
                };
                if self.clients.process.is_dead() {
                    return Ok(());
                }
                let mut broker = self.clients.broker.borrow_mut();
                let committed = broker.commit_plainly(&offsets, identity);
                committed.map_err(|reason| OutputError::Broken {
                    action: "commit offsets",
                    source: reason.into(),
                })
            }
            (_, committed) => committed,
        }
    }

    fn abort(&mut self) -> Result<(), OutputError> {
        self.inner.abort()
    }
}

/// A reader with a flaw.
pub(crate) struct MutantInput {
    inner: SimulatedInput,
    mutant: Option<Mutant>,
    fence: Fence,
    /// Where the changelogs ended.
    ends: BTreeMap<Lane, i64>,
}

impl MutantInput {
    pub(crate) fn new(inner: SimulatedInput, clients: &SimulatedClients) -> Self {
        Self {
            inner,
            mutant: clients.mutant,
            fence: Rc::clone(&clients.fence),
            ends: BTreeMap::new(),
        }
    }
}

impl Input for MutantInput {
    fn open(&mut self, lanes: &[(Lane, Start)]) -> Result<(), InputError> {
        self.inner.open(lanes)?;
        if self.mutant == Some(Mutant::EndNotFence) {
            let lanes: Vec<_> = lanes.iter().map(|(lane, _)| *lane).collect();
            let ends = self.inner.ends(&lanes)?;
            let changelogs = ends
                .into_iter()
                .filter(|(lane, _)| lane.source == Source::Changelog);
            self.ends = changelogs.collect();
        }
        Ok(())
    }

    fn close(&mut self, lanes: &[Lane]) -> Result<(), InputError> {
        self.inner.close(lanes)
    }

    fn next(&mut self, lane: Lane) -> Result<Option<InputRecord>, InputError> {
        let record = self.inner.next(lane)?;
        let Some(end) = self.ends.get(&lane) else {
            return Ok(record);
        };
        if let Some(record) = record
            && record.offset < *end
        {
            return Ok(Some(record));
        }
        let Some(at) = self.inner.position(lane).filter(|at| at >= end) else {
            return Ok(None);
        };
        // The end: what looks like the fence makes the restore stop here.
        let fence = self.fence.borrow().clone();
        Ok(fence.map(|fence| InputRecord {
            lane,
            offset: at,
            timestamp_ms: None,
            key: fence.key,
            value: fence.value,
            headers: None,
        }))
    }

    fn ends(&mut self, lanes: &[Lane]) -> Result<BTreeMap<Lane, i64>, InputError> {
        self.inner.ends(lanes)
    }

    fn wait(&mut self, timeout: Duration) -> Result<(), InputError> {
        self.inner.wait(timeout)
    }
}

/// A member with a flaw.
pub(crate) struct MutantMembership {
    inner: SimulatedMembership,
    mutant: Option<Mutant>,
    first: RefCell<Option<Identity>>,
}

impl MutantMembership {
    pub(crate) fn new(inner: SimulatedMembership, mutant: Option<Mutant>) -> Self {
        Self {
            inner,
            mutant,
            first: RefCell::new(None),
        }
    }
}

impl Membership for MutantMembership {
    type Group = Identity;

    fn poll(&mut self, timeout: Duration) -> Result<Option<Change>, WorkerError> {
        self.inner.poll(timeout)
    }

    fn partitions(&self) -> Option<&[i32]> {
        self.inner.partitions()
    }

    fn group(&self) -> Option<Identity> {
        let group = self.inner.group();
        if self.mutant != Some(Mutant::CachedGroup) {
            return group;
        }
        let mut first = self.first.borrow_mut();
        *first = first.or(group);
        *first
    }

    fn is_spare(&mut self) -> bool {
        self.inner.is_spare()
    }

    fn written(&mut self, lanes: &[Lane]) -> Result<BTreeMap<Lane, i64>, InputError> {
        self.inner.written(lanes)
    }

    fn let_go(&mut self) -> Result<(), WorkerError> {
        self.inner.let_go()
    }
}
