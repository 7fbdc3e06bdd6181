//! The worker's membership in the simulated group, with the client's thread that works behind its back.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::broker::Shared;
use super::clients::SimulatedClients;
use super::group::{Beat, Identity};
use super::log::Place;
use super::process::{Call, Process};
use crate::disposition::WorkerError;
use crate::input::InputError;
use crate::membership::{Change, Membership};
use crate::topology::Lane;

/// What the thread of a member's client knows: it keeps the membership alive, and hears of changes
/// before the worker asks.
#[derive(Debug)]
pub(crate) struct Standing {
    instance: String,
    process: Rc<Process>,
    identity: Identity,
    phase: Phase,
    /// Not told to the worker yet.
    news: Option<News>,
    partitions: Vec<i32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Joining,
    Holding,
    /// Partitions have to be let go.
    Giving,
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    Change(Change),
    Fenced,
}

/// The background threads of the members' clients, gone with the clients; shared with the world.
pub(crate) type Pulses = Rc<RefCell<Vec<Weak<RefCell<Standing>>>>>;

impl Standing {
    /// Does what the thread does now and then.
    pub(crate) fn pulse(&mut self, broker: &Shared) {
        if !self.process.is_awake() {
            return;
        }
        let mut broker = broker.borrow_mut();
        let now = broker.now;
        let beat = broker.group.beat(self.identity, &self.instance, now);
        if beat == Beat::Fenced && self.phase != Phase::Over {
            self.phase = Phase::Over;
            self.news = Some(News::Fenced);
            return;
        }
        match self.phase {
            Phase::Joining => {
                let member = self.identity.member;
                if let Some((generation, partitions)) = broker.group.assignment(member) {
                    self.identity.generation = generation;
                    self.partitions = partitions;
                    self.phase = Phase::Holding;
                    self.news = Some(News::Change(Change::Assigned));
                } else {
                    // Also when the group changed again before it heard of its share.
                    self.identity.member = broker.group.rejoin(member, &self.instance, now);
                }
            }
            Phase::Holding if self.news.is_none() => match beat {
                Beat::Fine | Beat::Fenced => {}
                Beat::Rebalance => {
                    self.phase = Phase::Giving;
                    self.news = Some(News::Change(Change::Revoked));
                }
                Beat::Unknown => {
                    self.phase = Phase::Giving;
                    self.news = Some(News::Change(Change::Lost));
                }
            },
            Phase::Holding | Phase::Giving | Phase::Over => {}
        }
    }
}

/// A member of the group.
pub(crate) struct SimulatedMembership {
    process: Rc<Process>,
    broker: Shared,
    standing: Rc<RefCell<Standing>>,
    partitions: Option<Vec<i32>>,
    group: Option<Identity>,
}

impl SimulatedMembership {
    /// Joins the group as the worker of these clients.
    pub(crate) fn join(clients: &SimulatedClients) -> Result<Self, WorkerError> {
        let join = || {
            let mut broker = clients.broker.borrow_mut();
            let now = broker.now;
            broker.group.join(&clients.name, now)
        };
        let member = clients.process.call(Call::Join, join);
        let member = member.ok_or(WorkerError::Join(KafkaError::Canceled))?;
        let standing = Rc::new(RefCell::new(Standing {
            instance: clients.name.clone(),
            process: Rc::clone(&clients.process),
            identity: Identity {
                member,
                generation: -1,
            },
            phase: Phase::Joining,
            news: None,
            partitions: Vec::new(),
        }));
        clients.pulses.borrow_mut().push(Rc::downgrade(&standing));
        Ok(Self {
            process: Rc::clone(&clients.process),
            broker: Rc::clone(&clients.broker),
            standing,
            partitions: None,
            group: None,
        })
    }
}

impl Membership for SimulatedMembership {
    type Group = Identity;

    fn poll(&mut self, _timeout: Duration) -> Result<Option<Change>, WorkerError> {
        if self.process.is_dead() {
            return Ok(None);
        }
        let mut standing = self.standing.borrow_mut();
        match standing.news.take() {
            None => Ok(None),
            Some(News::Fenced) => {
                let code = RDKafkaErrorCode::FencedInstanceId;
                let error = KafkaError::MessageConsumptionFatal(code);
                Err(WorkerError::Membership(error))
            }
            Some(News::Change(change)) => {
                if change == Change::Assigned {
                    self.partitions = Some(standing.partitions.clone());
                    self.group = Some(standing.identity);
                    self.process.call(Call::TakeUp, || ());
                }
                Ok(Some(change))
            }
        }
    }

    fn partitions(&self) -> Option<&[i32]> {
        self.partitions.as_deref()
    }

    fn group(&self) -> Option<Identity> {
        self.group
    }

    fn written(&mut self, lanes: &[Lane]) -> Result<BTreeMap<Lane, i64>, InputError> {
        let broker = self.broker.borrow();
        let end = |lane: &Lane| (*lane, broker.log(Place::read_by(*lane)).end());
        Ok(lanes.iter().map(end).collect())
    }

    fn is_spare(&mut self) -> bool {
        false
    }

    fn let_go(&mut self) -> Result<(), WorkerError> {
        self.partitions = None;
        self.group = None;
        let mut standing = self.standing.borrow_mut();
        let rejoin = || {
            let mut broker = self.broker.borrow_mut();
            let now = broker.now;
            let Standing {
                identity, instance, ..
            } = &mut *standing;
            identity.member = broker.group.rejoin(identity.member, instance, now);
            identity.generation = -1;
            standing.phase = Phase::Joining;
        };
        self.process.call(Call::LetGo, rejoin);
        Ok(())
    }
}
