//! A task in memory: two input partitions with ticks, the clock, the engine, and its changelog.
//!
//! It admits records as the processor does: one at a time, held at cuts, in any interleaving.

use std::collections::BTreeMap;

use domain::engine::{Arrival, DirectoryChange, Outcome, Output};
use domain::{
    Admission, ChargePoint, ChargePointStatus, ChargeSession, ClockSnapshot, Cut, Engine,
    EventInput, Policy, Span, TaskClock, Timestamp,
};

/// A record of an event input.
#[derive(Debug, Clone)]
pub(crate) enum Item {
    Tick(Timestamp),
    Status(ChargePointStatus),
    Session(ChargeSession),
}

impl Item {
    pub(crate) fn received_at(&self) -> Timestamp {
        match self {
            Self::Tick(at) => *at,
            Self::Status(status) => status.received_at,
            Self::Session(session) => session.received_at,
        }
    }
}

/// Both partitions of a task, in the order of their offsets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) statuses: Vec<Item>,
    pub(crate) sessions: Vec<Item>,
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

/// The task.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    policy: Policy,
    has_provisional: bool,
    log: &'a Log,
    engine: Engine,
    clock: TaskClock,
    next: [usize; 2],
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
            is_held: [false; 2],
            outputs: Vec::new(),
            outcomes: Vec::new(),
            cuts: Vec::new(),
        }
    }

    /// Gives the directory to the engine.
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

    /// Applies one record or takes one cut, preferring one input; whether there was anything to do.
    pub(crate) fn step(&mut self, preferred: EventInput) -> bool {
        if let Some(cut) = self.clock.due_cut() {
            let outputs = &mut self.outputs;
            self.engine
                .take_cut(cut, &mut |output| outputs.push(output));
            self.cuts.push(cut);
            self.clock.cut_taken();
            self.is_held = [false; 2];
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
}
