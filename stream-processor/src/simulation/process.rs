//! One run of a worker's process: which calls it makes, and after which of them it dies or stands
//! still.
//!
//! Nothing that a worker does is visible but its calls. A process that died after one of them makes
//! no other, so it is as good as gone at that very line, whatever its memory does until it is dropped.

use std::cell::{Cell, RefCell};

/// The steps of a worker, named after what it asks of Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    /// `InitProducerId`: ends what was left open, and fences.
    TakeOver,
    /// The group is joined.
    Join,
    /// Partitions are taken up.
    TakeUp,
    /// A transaction begins.
    Begin,
    /// A fence is sent.
    SendFence,
    /// The state of an entity is sent.
    SendState,
    /// A position is sent.
    SendPosition,
    /// An output, or a record set aside, is sent.
    SendOutput,
    /// Everything sent is in Kafka.
    Drain,
    /// Offsets are in the transaction.
    Offsets,
    /// The transaction is committed, or nobody knows.
    Commit,
    /// The transaction is given up.
    Abort,
    /// The changelog is opened.
    OpenChangelog,
    /// A record of the changelog is read.
    ReadChangelog,
    /// A fence is read, perhaps of somebody else.
    ReadFence,
    /// The changelog is closed.
    CloseChangelog,
    /// The inputs are opened where the task stood.
    OpenInputs,
    /// A record of an input is read.
    ReadInput,
    /// The end of the directory, or of all inputs, is asked for.
    AskEnds,
    /// Partitions are let go.
    LetGo,
}

/// Every step.
pub(crate) const CALLS: [Call; 20] = [
    Call::TakeOver,
    Call::Join,
    Call::TakeUp,
    Call::Begin,
    Call::SendFence,
    Call::SendState,
    Call::SendPosition,
    Call::SendOutput,
    Call::Drain,
    Call::Offsets,
    Call::Commit,
    Call::Abort,
    Call::OpenChangelog,
    Call::ReadChangelog,
    Call::ReadFence,
    Call::CloseChangelog,
    Call::OpenInputs,
    Call::ReadInput,
    Call::AskEnds,
    Call::LetGo,
];

/// What happens to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// It is killed.
    Kill,
    /// It stands still: SIGSTOP.
    Stop,
}

/// After which call it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// The call with this number, from 1.
    Number(usize),
    /// The next call of this kind.
    Next(Call),
}

/// One run of a process.
#[derive(Debug, Default)]
pub(crate) struct Process {
    is_dead: Cell<bool>,
    is_stopped: Cell<bool>,
    trap: Cell<Option<(After, Blow)>>,
    trace: RefCell<Vec<Call>>,
    is_traced: Cell<bool>,
    calls: Cell<usize>,
}

impl Process {
    /// A process that is well, and whose calls are noted down if `is_traced`.
    pub(crate) fn new(is_traced: bool) -> Self {
        let process = Self::default();
        process.is_traced.set(is_traced);
        process
    }

    /// Deals a blow after a call to come.
    pub(crate) fn set_trap(&self, after: After, blow: Blow) {
        self.trap.set(Some((after, blow)));
    }

    /// Kills it.
    pub(crate) fn kill(&self) {
        self.is_dead.set(true);
    }

    /// Lets it stand still.
    pub(crate) fn stop(&self) {
        self.is_stopped.set(true);
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.is_stopped.set(false);
    }

    /// Whether it was killed.
    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead.get()
    }

    /// Whether it stands still.
    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped.get()
    }

    /// Whether it does anything, such as sending heartbeats.
    pub(crate) fn is_awake(&self) -> bool {
        !self.is_dead() && !self.is_stopped()
    }

    /// How many calls it has made.
    pub(crate) fn calls(&self) -> usize {
        self.calls.get()
    }

    /// The calls so far.
    pub(crate) fn trace(&self) -> Vec<Call> {
        self.trace.borrow().clone()
    }

    /// Makes a call, unless dead.
    pub(crate) fn call<T>(&self, call: Call, effect: impl FnOnce() -> T) -> Option<T> {
        if self.is_dead() {
            return None;
        }
        let answer = effect();
        self.calls.set(self.calls.get() + 1);
        if self.is_traced.get() {
            self.trace.borrow_mut().push(call);
        }
        if let Some((after, blow)) = self.trap.get() {
            let is_sprung = match after {
                After::Number(number) => number == self.calls.get(),
                After::Next(next) => next == call,
            };
            if is_sprung {
                self.trap.set(None);
                match blow {
                    Blow::Kill => self.kill(),
                    Blow::Stop => self.stop(),
                }
            }
        }
        Some(answer)
    }
}
