//! The transaction coordinators: producer epochs, the decision, and the markers that follow it,
//! each to its partition, when it gets there.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use platform::kafka::producer::Record;

use super::broker::Broker;
use super::group::Identity;
use super::log::{Place, TransactionId};
use crate::topology::Lane;

/// A producer's name and the epoch that it was given.
pub(crate) type Caller<'a> = (&'a str, u32);

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Produced {
    /// It is in its partition, or there is none.
    Done,
    /// The transaction before is not over: the client tries again.
    Waits,
    /// Another producer has taken the name over.
    Fenced,
}

/// Why a coordinator refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Another producer has taken the name over.
    Fenced,
    /// The group does not know the member as it says it is.
    Group(&'static str),
}

#[derive(Debug)]
struct Ongoing {
    id: TransactionId,
    places: BTreeSet<Place>,
    /// With the number under which they were sent.
    offsets: (Vec<(Lane, i64)>, u64),
    since: u64,
}

/// A transaction that is decided and not yet marked everywhere.
#[derive(Debug)]
struct Decided {
    id: TransactionId,
    is_commit: bool,
    /// Where markers are missing, and when they get there; the group's offsets are one place more.
    places: BTreeMap<Option<Place>, u64>,
    offsets: (Vec<(Lane, i64)>, u64),
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Empty,
    Ongoing(Ongoing),
    Decided(Decided),
}

/// The coordinator of one transactional id.
#[derive(Debug, Default)]
pub(crate) struct Coordinator {
    epoch: u32,
    state: State,
}

impl Coordinator {
    /// Whether no transaction is open, and the last one is marked everywhere.
    pub(crate) const fn is_idle(&self) -> bool {
        matches!(self.state, State::Empty)
    }
}

/// A request that arrives after its client gave up.
#[derive(Debug)]
pub(crate) struct LateEnd {
    due: u64,
    name: String,
    epoch: u32,
}

impl Broker {
    /// `InitProducerId`: raises the epoch, aborts what is open, waits until that is over.
    pub(crate) fn take_over(&mut self, name: &str) -> u32 {
        self.coordinators.entry(name.to_owned()).or_default();
        self.fence(name);
        self.finish(name);
        let coordinator = self.coordinators.get_mut(name).unwrap();
        coordinator.epoch += 1;
        coordinator.epoch
    }

    /// Raises the epoch, and decides an open transaction to be aborted.
    pub(crate) fn fence(&mut self, name: &str) {
        if let Some(coordinator) = self.coordinators.get_mut(name)
            && matches!(coordinator.state, State::Ongoing(_))
        {
            coordinator.epoch += 1;
            self.decide(name, false);
        }
    }

    /// Takes a record into the transaction of a producer.
    pub(crate) fn produce(
        &mut self,
        caller: Caller<'_>,
        place: Place,
        record: Rc<Record>,
    ) -> Produced {
        let Some(ongoing) = self.ongoing(caller) else {
            return Produced::Fenced;
        };
        let Ok(ongoing) = ongoing else {
            return Produced::Waits;
        };
        ongoing.places.insert(place);
        let id = ongoing.id;
        self.log_mut(place).append(record, Some(id));
        Produced::Done
    }

    /// The open transaction of a producer, begun if there is none. An error while the one before is
    /// being marked; none if the producer is fenced.
    fn ongoing(&mut self, (name, epoch): Caller<'_>) -> Option<Result<&mut Ongoing, ()>> {
        let since = self.now;
        let coordinator = self.coordinators.get_mut(name)?;
        if coordinator.epoch != epoch {
            return None;
        }
        if coordinator.is_idle() {
            coordinator.state = State::Ongoing(Ongoing {
                id: self.next_transaction,
                places: BTreeSet::new(),
                offsets: (Vec::new(), 0),
                since,
            });
            self.next_transaction += 1;
        }
        match &mut coordinator.state {
            State::Ongoing(ongoing) => Some(Ok(ongoing)),
            State::Empty | State::Decided(_) => Some(Err(())),
        }
    }

    /// Adds offsets to the transaction of a producer, as a member of the group.
    pub(crate) fn add_offsets(
        &mut self,
        caller: Caller<'_>,
        offsets: &[(Lane, i64)],
        identity: Identity,
    ) -> Result<(), Refused> {
        self.finish(caller.0);
        let ongoing = self.ongoing(caller);
        let Some(Ok(_)) = ongoing else {
            return Err(Refused::Fenced);
        };
        if let Err(reason) = self.group.check(identity) {
            self.note(reason);
            return Err(Refused::Group(reason));
        }
        let number = self.sent_now();
        if let Some(Ok(ongoing)) = self.ongoing(caller) {
            ongoing.offsets = (offsets.to_vec(), number);
        }
        Ok(())
    }

    /// Ends the transaction of a producer.
    pub(crate) fn end(
        &mut self,
        (name, epoch): Caller<'_>,
        is_commit: bool,
    ) -> Result<(), Refused> {
        match self.coordinators.get(name) {
            Some(coordinator) if coordinator.epoch == epoch => {
                self.decide(name, is_commit);
                Ok(())
            }
            _ => {
                self.note("end fenced");
                Err(Refused::Fenced)
            }
        }
    }

    /// Ends the transaction of a producer later, unless the producer is fenced by then.
    /// Lets requests arrive that are due.
    pub(crate) fn end_later(&mut self, (name, epoch): Caller<'_>, delay: u64) {
        self.late_ends.push(LateEnd {
            due: self.now + delay,
            name: name.to_owned(),
            epoch,
        });
    }

    pub(crate) fn end_late(&mut self) {
        let now = self.now;
        let due: Vec<_> = self.late_ends.extract_if(.., |it| it.due <= now).collect();
        for end in due {
            // Whom it is refused to, nobody is there to hear.
            self.end((&end.name, end.epoch), true).ok();
        }
    }

    /// Decides an open transaction: from here on it is committed or aborted, and readers learn it
    /// partition by partition.
    fn decide(&mut self, name: &str, is_commit: bool) {
        let coordinator = self.coordinators.get_mut(name).unwrap();
        match std::mem::take(&mut coordinator.state) {
            State::Ongoing(ongoing) => {
                let places = ongoing.places.into_iter().map(Some).chain([None]);
                let (now, delay, dice) = (self.now, self.marker_delay, &mut self.dice);
                let due = |place| (place, now + dice.below(delay + 1));
                coordinator.state = State::Decided(Decided {
                    id: ongoing.id,
                    is_commit,
                    places: places.map(due).collect(),
                    offsets: ongoing.offsets,
                });
                self.note(if is_commit { "commit" } else { "abort" });
            }
            other => coordinator.state = other,
        }
    }

    /// Aborts transactions that are open for too long, and fences their producers.
    pub(crate) fn time_out(&mut self) {
        let (now, limit) = (self.now, self.times.transaction);
        let is_old = |it: &Coordinator| match &it.state {
            State::Ongoing(ongoing) => ongoing.since + limit <= now,
            State::Empty | State::Decided(_) => false,
        };
        let old = self.coordinators.iter().filter(|(_, it)| is_old(it));
        for name in old.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            self.fence(&name);
            self.note("transaction timed out");
        }
    }

    /// Writes the markers that have got to their partitions.
    pub(crate) fn write_markers(&mut self) {
        let is_decided = |it: &Coordinator| matches!(it.state, State::Decided(_));
        let decided = self.coordinators.iter().filter(|(_, it)| is_decided(it));
        for name in decided.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            self.mark(&name, self.now);
        }
    }

    /// Waits until the last transaction of `name` is over, if it is decided.
    pub(crate) fn finish(&mut self, name: &str) {
        self.mark(name, u64::MAX);
    }

    fn mark(&mut self, name: &str, until: u64) {
        let Some(coordinator) = self.coordinators.get_mut(name) else {
            return;
        };
        let State::Decided(decided) = &mut coordinator.state else {
            return;
        };
        let (id, is_commit) = (decided.id, decided.is_commit);
        let places = &mut decided.places;
        let due: Vec<_> = places.extract_if(.., |_, due| *due <= until).collect();
        let is_over = places.is_empty();
        let offsets = due.iter().any(|(place, _)| place.is_none() && is_commit);
        let offsets = offsets.then(|| std::mem::take(&mut decided.offsets));
        if is_over {
            coordinator.state = State::Empty;
        }
        if let Some(offsets) = offsets {
            self.commit_offsets(offsets);
        }
        for place in due.into_iter().filter_map(|(place, _)| place) {
            self.log_mut(place).mark(id, is_commit);
        }
    }
}
