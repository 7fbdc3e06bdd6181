//! A task in memory: two input partitions with ticks, the directory, clock, engine and changelog.
//!
//! It admits records as the processor does: one at a time, held at cuts, in any interleaving. What
//! of the interface of the engine differs from a plain call is in [`take_cut`] and
//! [`Task::restart`] only.

use std::collections::BTreeMap;

use domain::engine::{Arrival, DirectoryChange, Outcome, Output};
use domain::{
    Admission, ChargePoint, ChargePointId, ChargePointStatus, ChargeSession, ClockSnapshot, Cut,
    Engine, EventInput, Policy, Span, TaskClock, Timestamp,
};
use oracle::entry::DirectoryRecord;

/// A record of an event input.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Tick(Timestamp),
    Status(ChargePointStatus),
    Session(ChargeSession),
}

/// A record of the directory, and the clock at which the task reads it: the cuts after see it.
#[derive(Debug, Clone)]
pub(crate) struct DirectoryItem {
    pub(crate) read_at: Timestamp,
    pub(crate) charge_point_id: ChargePointId,
    pub(crate) record: DirectoryRecord,
}

impl Item {
    pub(crate) fn received_at(&self) -> Timestamp {
        match self {
            Self::Tick(at) => *at,
            Self::Status(status) => status.received_at,
            Self::Session(session) => session.received_at,
        }
    }

    fn as_status(&self) -> Option<&ChargePointStatus> {
        match self {
            Self::Status(status) => Some(status),
            Self::Tick(_) | Self::Session(_) => None,
        }
    }

    /// The same record, received later.
    pub(crate) fn resent(&self, later: Span) -> Self {
        let mut again = self.clone();
        match &mut again {
            Self::Tick(at) => *at = *at + later,
            Self::Status(status) => status.received_at = status.received_at + later,
            Self::Session(session) => session.received_at = session.received_at + later,
        }
        again
    }
}

/// Both partitions of a task, in the order of their offsets, and the directory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) statuses: Vec<Item>,
    pub(crate) sessions: Vec<Item>,
    /// In the order in which it is read.
    pub(crate) directory: Vec<DirectoryItem>,
}

impl Log {
    /// The events in the given order, with a tick every five minutes in both partitions from the
    /// hour of the first record to `until`, where `has_tick` allows one.
    pub(crate) fn with_ticks(
        events: Vec<Item>,
        until: Timestamp,
        has_tick: impl Fn(Timestamp) -> bool,
    ) -> Self {
        let first = events.iter().map(Item::received_at).min().unwrap_or(until);
        let mut ticks = Vec::new();
        let mut at = first.floor(Span::from_hours(1));
        while at <= until {
            if at == until || has_tick(at) {
                ticks.push(at);
            }
            at = at + Span::from_minutes(5);
        }
        let (statuses, sessions) = events
            .into_iter()
            .partition(|item| matches!(item, Item::Status(_)));
        Self {
            statuses: weave(statuses, &ticks),
            sessions: weave(sessions, &ticks),
            directory: Vec::new(),
        }
    }
}

/// Puts each tick before the first event that was received after it.
fn weave(events: Vec<Item>, ticks: &[Timestamp]) -> Vec<Item> {
    let mut ticks = ticks.iter().copied().peekable();
    let mut items = Vec::new();
    let mut clock = Timestamp::MIN;
    for event in events {
        clock = clock.max(event.received_at());
        while let Some(tick) = ticks.next_if(|&tick| tick < clock) {
            items.push(Item::Tick(tick));
        }
        items.push(event);
    }
    items.extend(ticks.map(Item::Tick));
    items
}

/// Statuses after which the next ones are foreseen; after a restart they are not, for a while.
const FORESEE_EVERY: usize = 7;

/// Takes a cut.
pub(crate) fn take_cut(engine: &mut Engine, cut: Cut, outputs: &mut Vec<Output>) {
    engine.take_cut(cut, &mut |output| outputs.push(output));
}

/// The task.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    policy: Policy,
    has_provisional: bool,
    log: &'a Log,
    engine: Engine,
    clock: TaskClock,
    next: [usize; 2],
    next_of_directory: usize,
    is_held: [bool; 2],
    /// Everything published, in order.
    pub(crate) outputs: Vec<Output>,
    /// What became of each event, in the order in which they were applied.
    pub(crate) outcomes: Vec<Outcome>,
    /// The cuts taken.
    pub(crate) cuts: Vec<Cut>,
}

impl<'a> Task<'a> {
    pub(crate) fn new(policy: &Policy, has_provisional: bool, log: &'a Log) -> Self {
        Self {
            policy: policy.clone(),
            has_provisional,
            log,
            engine: Engine::new(policy.clone(), has_provisional),
            clock: TaskClock::new(policy.cut_every),
            next: [0; 2],
            next_of_directory: 0,
            is_held: [false; 2],
            outputs: Vec::new(),
            outcomes: Vec::new(),
            cuts: Vec::new(),
        }
    }

    /// Gives entries of the directory to the engine, beside those of the log.
    pub(crate) fn put(&mut self, directory: &[ChargePoint]) {
        for entry in directory {
            self.engine
                .observe_charge_point(DirectoryChange::Put(entry));
        }
    }

    /// Puts what changed into a changelog.
    pub(crate) fn store(&mut self, changelog: &mut BTreeMap<String, Vec<u8>>) {
        for record in self.engine.drain_dirty() {
            match record.value {
                Some(value) => changelog.insert(record.key, value),
                None => changelog.remove(&record.key),
            };
        }
    }

    /// The state of everything.
    pub(crate) fn snapshot(&mut self) -> BTreeMap<String, Vec<u8>> {
        let records = self.engine.snapshot().into_iter();
        records
            .map(|record| (record.key, record.value.unwrap()))
            .collect()
    }

    /// Drops everything but what is stored, and goes on from it.
    pub(crate) fn restart(&mut self, changelog: &BTreeMap<String, Vec<u8>>) {
        let snapshot: ClockSnapshot = self.clock.snapshot();
        self.clock = TaskClock::restore(self.policy.cut_every, snapshot);
        self.is_held = [false; 2];
        self.engine = Engine::new(self.policy.clone(), self.has_provisional);
        for (key, value) in changelog {
            self.engine.restore(key, value).unwrap();
        }
        self.engine.resume(&snapshot);
    }

    /// Reads the directory again from its beginning, as far as it was read.
    pub(crate) fn read_directory_again(&mut self) {
        let has_read = std::mem::take(&mut self.next_of_directory);
        while self.next_of_directory < has_read {
            self.read_directory();
        }
    }

    /// Applies one record or takes one cut, preferring one input; whether there was anything to do.
    pub(crate) fn step(&mut self, preferred: EventInput) -> bool {
        if let Some(cut) = self.clock.due_cut() {
            self.read_directory_before(cut.at);
            take_cut(&mut self.engine, cut, &mut self.outputs);
            self.cuts.push(cut);
            self.clock.cut_taken();
            self.is_held = [false; 2];
            self.read_directory_before(cut.at + self.policy.cut_every);
            return true;
        }
        let order = match preferred {
            EventInput::Status => [EventInput::Status, EventInput::Session],
            EventInput::Session => [EventInput::Session, EventInput::Status],
        };
        order.into_iter().any(|input| self.read(input))
    }

    /// Runs to the end of the log.
    pub(crate) fn run(&mut self) {
        while self.step(EventInput::Status) {}
    }

    fn read(&mut self, input: EventInput) -> bool {
        let (index, items) = match input {
            EventInput::Status => (0, &self.log.statuses),
            EventInput::Session => (1, &self.log.sessions),
        };
        if self.is_held[index] {
            return false;
        }
        let Some(item) = items.get(self.next[index]) else {
            return false;
        };
        if input == EventInput::Status && self.next[index].is_multiple_of(FORESEE_EVERY) {
            let ahead = items.iter().skip(self.next[index]).take(2 * FORESEE_EVERY);
            self.engine.foresee(ahead.filter_map(Item::as_status));
        }
        match self.clock.offer(input, item.received_at()) {
            Admission::Hold => self.is_held[index] = true,
            Admission::Apply { stamp } => {
                let offset = i64::try_from(self.next[index]).unwrap();
                let arrival = Arrival { stamp, offset };
                match item {
                    Item::Tick(_) => {}
                    Item::Status(status) => {
                        self.outcomes
                            .push(self.engine.observe_status(status, arrival));
                    }
                    Item::Session(session) => {
                        self.outcomes
                            .push(self.engine.observe_session(session, arrival));
                    }
                }
                self.next[index] += 1;
            }
        }
        true
    }

    fn read_directory_before(&mut self, cut: Timestamp) {
        while let Some(next) = self.log.directory.get(self.next_of_directory)
            && next.read_at < cut
        {
            self.read_directory();
        }
    }

    fn read_directory(&mut self) {
        let item = &self.log.directory[self.next_of_directory];
        let change = match &item.record {
            DirectoryRecord::Version(entry) => DirectoryChange::Put(entry),
            DirectoryRecord::Null(at) => DirectoryChange::Remove {
                charge_point_id: &item.charge_point_id,
                at: *at,
            },
        };
        self.engine.observe_charge_point(change);
        self.next_of_directory += 1;
    }
}
