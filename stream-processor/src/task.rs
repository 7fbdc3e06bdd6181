//! The task: one partition, its engine and its clock. It decides what to apply, what to hold and
//! what to set aside; it talks to nobody.
//!
//! Records come in through [`Task::take`], in the order of their lanes, and [`Task::run`] applies
//! what may be applied now. What is to be published is appended to an [`Effects`].
//!
//! Invariants: the position points at the first record not applied; a held record is not applied;
//! no event is applied before the directory has been read up to where it ended when the event was
//! read, so an event never meets a directory older than the one it was accepted under.

use domain::clock::{Admission, EventInput, TaskClock};
use domain::engine::{Arrival, DirectoryChange, Engine, Outcome, Output, StateRecord};
use domain::position::Position;
use domain::{Policy, Span, Timestamp};
use platform::kafka::producer::Record;

use crate::config::Guarantee;
use crate::decode::{Decoders, Event, SchemaSource};
use crate::disposition::Refusal;
use crate::emit::{self, Late, SchemaIds};
use crate::input::InputRecord;
use crate::state::book::{StateBook, StateSize};
use crate::state::{Changelog, NextOffsets};
use crate::tally::{Fate, Tally};
use crate::topology::{Lane, Source};
use ready::Ready;

mod ready;

/// How many records of one lane are kept ready. More would only sit here while a cut is waited for.
pub(crate) const READY_RECORDS: usize = 1_000;

/// What a run did, to be written in one transaction.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Records to write, in order.
    pub(crate) records: Vec<Record>,
    /// What was counted.
    pub(crate) tally: Tally,
    /// A cut was taken.
    pub(crate) has_cut: bool,
}

/// How to count, and how to write it down.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// The parameters of the figures.
    pub(crate) policy: Policy,
    /// Whether the running hour is published.
    pub(crate) provisional: bool,
    /// The registry's ids of what is written.
    pub(crate) schemas: SchemaIds,
    /// How often an output is written.
    pub(crate) guarantee: Guarantee,
}

/// What a task takes back and goes on from.
#[derive(Debug, Default)]
pub(crate) struct Inheritance {
    /// Where it stands.
    pub(crate) position: Position,
    /// How much state it has.
    pub(crate) book: StateBook,
    /// What has to be written again, since something that has not happened was written over it.
    pub(crate) repairs: Vec<StateRecord>,
    /// The offset of its fence.
    pub(crate) fence: i64,
}

/// What a record that was read waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// A cut, which the other input has not reached.
    Cut,
    /// The directory.
    Directory,
    /// A schema that is being fetched.
    Schema,
}

impl Waiting {
    /// Every reason.
    pub(crate) const ALL: [Self; 3] = [Self::Cut, Self::Directory, Self::Schema];

    /// The word in the metrics.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Directory => "directory",
            Self::Schema => "schema",
        }
    }
}

/// One partition.
#[derive(Debug)]
pub(crate) struct Task {
    partition: i32,
    engine: Engine,
    clock: TaskClock,
    next: NextOffsets,
    sequence: i64,
    fence: i64,
    book: StateBook,
    repairs: Vec<StateRecord>,
    /// Something was applied since the last position was written.
    has_moved: bool,
    /// Where the directory ended when the newest event was read.
    directory_end: i64,
    /// Events were there when it was last not known.
    waits_for_directory: bool,
    directory: Ready,
    status: Ready,
    session: Ready,
}

impl Task {
    /// Creates the task of `partition` from its restored engine and what it goes on from.
    pub(crate) fn new(partition: i32, engine: Engine, from: Inheritance, rules: &Rules) -> Self {
        let position = &from.position;
        Self {
            partition,
            engine,
            clock: TaskClock::restore(rules.policy.cut_every, position.clock),
            next: NextOffsets::from_position(position),
            sequence: position.sequence,
            fence: from.fence,
            book: from.book,
            // Without transactions the group may not have heard of the position.
            has_moved: !from.repairs.is_empty()
                || (rules.guarantee == Guarantee::AtLeastOnce && position.sequence > 0),
            repairs: from.repairs,
            directory_end: 0,
            waits_for_directory: false,
            directory: Ready::default(),
            status: Ready::default(),
            session: Ready::default(),
        }
    }

    /// The lane of one of its inputs.
    pub(crate) const fn lane(&self, source: Source) -> Lane {
        Lane {
            source,
            partition: self.partition,
        }
    }

    /// Takes the next record of a lane. One that was applied before is left out: the client may go
    /// back further than it was told, never forward.
    pub(crate) fn take(&mut self, record: InputRecord) {
        let source = record.lane.source;
        if record.offset >= self.next.of(source)
            && let Some(ready) = self.ready_of(source)
        {
            ready.records.push_back(record);
        }
    }

    /// How many more records of an input it can use.
    pub(crate) fn room(&self, source: Source) -> usize {
        let ready = match source {
            Source::Directory => &self.directory,
            Source::Status => &self.status,
            Source::Session => &self.session,
            Source::Changelog => return 0,
        };
        READY_RECORDS.saturating_sub(ready.records.len())
    }

    /// Says where the directory ends now. Events taken before this call wait until it was read that
    /// far; events taken after it must not be run before the next call.
    pub(crate) fn directory_ends_at(&mut self, end: i64) {
        self.directory_end = self.directory_end.max(end);
    }

    /// What the next record of an input waits for, after a run.
    pub(crate) fn waits_for(&self, source: Source) -> Option<Waiting> {
        let ready = match source {
            Source::Directory => &self.directory,
            Source::Status => &self.status,
            Source::Session => &self.session,
            Source::Changelog => return None,
        };
        if ready.records.is_empty() {
            None
        } else if ready.is_held {
            Some(Waiting::Cut)
        } else if source == Source::Directory || self.knows_directory() {
            Some(Waiting::Schema)
        } else {
            Some(Waiting::Directory)
        }
    }

    /// Whether the directory has been read as far as the events need.
    pub(crate) const fn knows_directory(&self) -> bool {
        self.next.directory >= self.directory_end
    }

    /// The first offset not applied of an input.
    pub(crate) const fn next_offset(&self, source: Source) -> i64 {
        self.next.of(source)
    }

    /// The task's clock.
    pub(crate) fn clock(&self) -> Option<Timestamp> {
        self.clock.task_clock()
    }

    /// Whether something was applied since the last commit.
    pub(crate) const fn has_moved(&self) -> bool {
        self.has_moved
    }

    /// Applies what can be applied: first the directory, then events and cuts, until every lane is
    /// empty or waits. Returns whether anything was.
    pub(crate) fn run<S: SchemaSource>(
        &mut self,
        decoders: &mut Decoders<S>,
        rules: &Rules,
        effects: &mut Effects,
    ) -> bool {
        let mut applied = 0_u64;
        while self.apply_directory(decoders, effects) {
            applied += 1;
        }
        if !self.knows_directory() || !self.directory.records.is_empty() {
            let has_events = !(self.status.records.is_empty() && self.session.records.is_empty());
            if has_events && !std::mem::replace(&mut self.waits_for_directory, true) {
                effects.tally.pause(Waiting::Directory);
            }
            return applied > 0;
        }
        self.waits_for_directory = false;
        loop {
            let status = self.apply_event(EventInput::Status, decoders, effects);
            let session = self.apply_event(EventInput::Session, decoders, effects);
            if let Some(cut) = self.clock.due_cut() {
                self.take_cut(cut, rules, effects);
            } else if !status && !session {
                return applied > 0;
            }
            applied += 1;
        }
    }

    fn take_cut(&mut self, cut: domain::clock::Cut, rules: &Rules, effects: &mut Effects) {
        effects.has_cut = true;
        let Effects { tally, records, .. } = effects;
        self.engine.take_cut(cut, &mut |output| {
            match &output {
                Output::ChargePoint(it) => tally.window("charge_point", it.emission.phase.symbol()),
                Output::Station(it) => tally.window("station", it.emission.phase.symbol()),
                Output::Episode(_) => {}
            }
            records.push(emit::output(&output, self.partition, &rules.schemas));
        });
        self.clock.cut_taken();
        self.status.is_held = false;
        self.session.is_held = false;
        self.has_moved = true;
    }

    /// Applies the next directory record, if one is ready and can be read.
    fn apply_directory<S: SchemaSource>(
        &mut self,
        decoders: &mut Decoders<S>,
        effects: &mut Effects,
    ) -> bool {
        let Some((record, content)) = self.directory.pop(decoders) else {
            return false;
        };
        let fate = match &content {
            Ok(Event::Put(entry)) => {
                self.engine
                    .observe_charge_point(DirectoryChange::Put(entry));
                Fate::Directory
            }
            Ok(Event::Remove(charge_point_id)) => {
                let at = Timestamp::from_ms(record.timestamp_ms.unwrap_or_default());
                self.engine.observe_charge_point(DirectoryChange::Remove {
                    charge_point_id,
                    at,
                });
                Fate::Directory
            }
            // The decoder of the directory makes no events.
            Ok(Event::Tick | Event::Status(_) | Event::Session(_)) => Fate::Tick,
            Err((refusal, message)) => effects.refuse(&record, *refusal, message),
        };
        self.applied(&record, fate, effects);
        true
    }

    /// Applies or holds the next event of an input. Returns whether it was applied.
    fn apply_event<S: SchemaSource>(
        &mut self,
        input: EventInput,
        decoders: &mut Decoders<S>,
        effects: &mut Effects,
    ) -> bool {
        let ready = match input {
            EventInput::Status => &mut self.status,
            EventInput::Session => &mut self.session,
        };
        if ready.is_held {
            return false;
        }
        if input == EventInput::Status && ready.ahead.is_empty() {
            ready.read_ahead(Engine::FORESIGHT, decoders);
            self.engine.foresee(ready.statuses());
        }
        if !ready.read_first(decoders) {
            return false;
        }
        let received_at = ready.records.front().and_then(|record| record.timestamp_ms);
        let stamp = match received_at.map(Timestamp::from_ms) {
            // A record without a timestamp has no place in time: it is set aside, and moves nothing.
            None => Timestamp::default(),
            Some(received_at) => match self.clock.offer(input, received_at) {
                Admission::Apply { stamp } => stamp,
                Admission::Hold => {
                    ready.is_held = true;
                    effects.tally.pause(Waiting::Cut);
                    return false;
                }
            },
        };
        let Some((record, content)) = ready.pop(decoders) else {
            return false;
        };
        let arrival = Arrival {
            stamp,
            offset: record.offset,
        };
        let fate = match &content {
            Ok(Event::Status(status)) => {
                let outcome = self.engine.observe_status(status, arrival);
                let unit = status.charge_point_id.operational_unit();
                effects.fate_of(outcome, &record, unit.as_str())
            }
            Ok(Event::Session(session)) => {
                let outcome = self.engine.observe_session(session, arrival);
                let unit = session.charge_point_id.operational_unit();
                effects.fate_of(outcome, &record, unit.as_str())
            }
            // The decoders of events make no directory entries.
            Ok(Event::Tick | Event::Put(_) | Event::Remove(_)) => Fate::Tick,
            Err((refusal, message)) => effects.refuse(&record, *refusal, message),
        };
        self.applied(&record, fate, effects);
        true
    }

    fn applied(&mut self, record: &InputRecord, fate: Fate, effects: &mut Effects) {
        effects.tally.fate(record.lane.source, fate);
        if let (true, Some(at)) = (record.value.is_some(), record.timestamp_ms) {
            effects.tally.received(record.lane.source, at);
        }
        self.next.applied(record.lane.source, record.offset);
        self.has_moved = true;
    }

    fn ready_of(&mut self, source: Source) -> Option<&mut Ready> {
        match source {
            Source::Directory => Some(&mut self.directory),
            Source::Status => Some(&mut self.status),
            Source::Session => Some(&mut self.session),
            Source::Changelog => None,
        }
    }

    /// The changelog records of everything that changed since the last call, the position last.
    /// They belong into the transaction that holds the effects of all runs until now.
    pub(crate) fn drain_state(&mut self, rules: &Rules) -> Vec<Record> {
        let changelog = Changelog {
            partition: self.partition,
            schema: rules.schemas.changelog,
            fence: (rules.guarantee == Guarantee::AtLeastOnce).then_some(self.fence),
        };
        self.sequence += 1;
        self.has_moved = false;
        let clock = self.clock.snapshot();
        let position = self.next.position(self.partition, self.sequence, clock);
        let repairs = std::mem::take(&mut self.repairs);
        let entities = repairs.into_iter().chain(self.engine.drain_dirty());
        let noted = entities.inspect(|state| self.book.note(state));
        let records = noted.map(|state| changelog.entity(state));
        records.chain([changelog.position(&position)]).collect()
    }

    /// How much state it has written.
    pub(crate) fn state_size(&self) -> StateSize {
        self.book.size()
    }

    /// Whether nothing before `end` is left that can be applied: everything is, or waits for a cut that
    /// only later records can bring.
    pub(crate) fn is_spent(&self, end: impl Fn(Lane) -> i64) -> bool {
        Source::INPUTS.into_iter().all(|source| {
            let is_held = match source {
                Source::Status => self.status.is_held,
                Source::Session => self.session.is_held,
                Source::Directory | Source::Changelog => false,
            };
            is_held || self.next.of(source) >= end(self.lane(source))
        })
    }
}

impl Effects {
    /// What became of an event, and its copy on `late-event` if it changes nothing any more.
    fn fate_of(&mut self, outcome: Outcome, record: &InputRecord, unit: &str) -> Fate {
        let (refusal, lateness) = match outcome {
            Outcome::Counted => return Fate::Counted,
            Outcome::Duplicate => return Fate::Duplicate,
            Outcome::Conflict => return Fate::Conflict,
            Outcome::AfterFinal => return Fate::AfterFinal,
            Outcome::TooLate { lateness } => (Refusal::TooLate, lateness),
            Outcome::FromTheFuture { ahead } => {
                (Refusal::FromTheFuture, Span::from_ms(-ahead.as_ms()))
            }
        };
        let late = Late {
            refusal,
            unit,
            lateness,
        };
        self.records.push(emit::late_event(record, &late));
        Fate::Refused(refusal)
    }

    /// Sets a record aside that cannot be processed.
    fn refuse(&mut self, record: &InputRecord, refusal: Refusal, message: &str) -> Fate {
        let message = message.to_owned();
        tracing::debug!(
            topic = record.lane.source.topic(),
            partition = record.lane.partition,
            offset = record.offset,
            reason = refusal.word(),
            "record set aside"
        );
        self.records
            .push(emit::dead_letter(record, refusal, message));
        Fate::Refused(refusal)
    }
}

#[cfg(test)]
mod tests;
