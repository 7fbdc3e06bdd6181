//! The clock of a task: running maxima of `received_at`, and the cuts that follow from them.
//!
//! Fed by records and ticks of the two event inputs, in the order of each partition. It decides
//! which record may be applied now and which must wait for a cut, so that a cut sees exactly the
//! records stamped before it, whatever the interleaving. It reads no wall clock.
//!
//! Invariants: a record stamped before the next cut is applied when read, any other is held; cuts
//! are taken in order and none is left out. The first cut of an empty log is the last multiple of
//! the step that is not after the first record of either input: it sees nothing, and it makes the
//! series of cuts a function of the log alone.

use crate::time::{Span, Timestamp};

/// The two inputs that move the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventInput {
    /// Topic `charge-point-status`.
    Status,
    /// Topic `charge-session`.
    Session,
}

/// What to do with the record or tick just read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a held record has to be offered again after the cut"]
pub enum Admission {
    /// Apply it now.
    Apply {
        /// The clock of its partition just after it.
        stamp: Timestamp,
    },
    /// Keep it, pause its partition, and offer it again after the next cut.
    Hold,
}

/// A decision point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// A multiple of the policy's `cut_every`.
    pub at: Timestamp,
    /// No record or tick is stamped in `[at, at + cut_every)`: no provisional record is made.
    pub quiet: bool,
}

/// The applied part of a clock: what a position record keeps. A held head is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockSnapshot {
    /// Clock of the status partition after its last applied record; none before the first.
    pub status: Option<Timestamp>,
    /// Clock of the session partition after its last applied record; none before the first.
    pub session: Option<Timestamp>,
    /// The next cut; none before the first record of both inputs has been seen.
    pub next_cut: Option<Timestamp>,
}

/// One input: its clock after the last applied record, and the stamp of the record held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct InputClock {
    applied: Option<Timestamp>,
    held: Option<Timestamp>,
}

impl InputClock {
    fn stamp(self, received_at: Timestamp) -> Timestamp {
        self.applied
            .map_or(received_at, |clock| clock.max(received_at))
    }

    fn now(self) -> Option<Timestamp> {
        self.held.or(self.applied)
    }
}

/// The clock of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskClock {
    cut_every: Span,
    status: InputClock,
    session: InputClock,
    next_cut: Option<Timestamp>,
}

impl TaskClock {
    /// A clock that has seen nothing, with the step of the cuts.
    pub fn new(cut_every: Span) -> Self {
        Self::restore(cut_every, ClockSnapshot::default())
    }

    /// The clock as it was when `snapshot` was taken, nothing held.
    pub fn restore(cut_every: Span, snapshot: ClockSnapshot) -> Self {
        let input = |applied| InputClock {
            applied,
            held: None,
        };
        Self {
            cut_every,
            status: input(snapshot.status),
            session: input(snapshot.session),
            next_cut: snapshot.next_cut,
        }
    }

    /// The applied part, to be stored with the state.
    pub const fn snapshot(&self) -> ClockSnapshot {
        ClockSnapshot {
            status: self.status.applied,
            session: self.session.applied,
            next_cut: self.next_cut,
        }
    }

    /// Takes the next record or tick of an input. While one is held, no other may be offered.
    pub fn offer(&mut self, input: EventInput, received_at: Timestamp) -> Admission {
        let next_cut = self.next_cut;
        let clock = match input {
            EventInput::Status => &mut self.status,
            EventInput::Session => &mut self.session,
        };
        let stamp = clock.stamp(received_at);
        if next_cut.is_some_and(|cut| stamp < cut) {
            clock.applied = Some(stamp);
            clock.held = None;
            Admission::Apply { stamp }
        } else {
            clock.held = Some(stamp);
            Admission::Hold
        }
    }

    /// The cut to take now: some when both inputs hold a record stamped at or after it.
    pub fn due_cut(&self) -> Option<Cut> {
        let reached = self.status.held?.min(self.session.held?);
        let at = self
            .next_cut
            .unwrap_or_else(|| reached.floor(self.cut_every));
        (at <= reached).then(|| Cut {
            at,
            quiet: reached >= at + self.cut_every,
        })
    }

    /// Says that the due cut has been taken; the caller then offers both held records again.
    pub fn cut_taken(&mut self) {
        if let Some(cut) = self.due_cut() {
            self.next_cut = Some(cut.at + self.cut_every);
            self.status.held = None;
            self.session.held = None;
        }
    }

    /// The clock of the task, held records included; none until both inputs have been read.
    pub fn task_clock(&self) -> Option<Timestamp> {
        Some(self.status.now()?.min(self.session.now()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Span = Span::from_minutes(5);

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_ms(0) + Span::from_minutes(minutes)
    }

    fn started() -> TaskClock {
        let mut clock = TaskClock::new(STEP);
        assert_eq!(clock.offer(EventInput::Status, at(12)), Admission::Hold);
        assert_eq!(clock.due_cut(), None);
        assert_eq!(clock.offer(EventInput::Session, at(17)), Admission::Hold);
        assert_eq!(
            clock.due_cut(),
            Some(Cut {
                at: at(10),
                quiet: false
            })
        );
        clock.cut_taken();
        clock
    }

    #[test]
    fn the_first_cut_does_not_depend_on_which_input_is_read_first() {
        let mut other = TaskClock::new(STEP);
        assert_eq!(other.offer(EventInput::Session, at(17)), Admission::Hold);
        assert_eq!(other.offer(EventInput::Status, at(12)), Admission::Hold);
        other.cut_taken();
        assert_eq!(other, started());
    }

    #[test]
    fn a_record_stamped_before_the_next_cut_is_applied_and_any_other_held() {
        let mut clock = started();
        let stamp = at(12);
        assert_eq!(
            clock.offer(EventInput::Status, at(12)),
            Admission::Apply { stamp }
        );
        assert_eq!(clock.offer(EventInput::Session, at(17)), Admission::Hold);
        assert_eq!(
            clock.offer(EventInput::Status, at(3)),
            Admission::Apply { stamp },
            "the clock never goes back"
        );
        assert_eq!(clock.offer(EventInput::Status, at(15)), Admission::Hold);
        assert_eq!(clock.task_clock(), Some(at(15)));
        assert_eq!(
            clock.due_cut(),
            Some(Cut {
                at: at(15),
                quiet: false
            })
        );
    }

    #[test]
    fn every_cut_of_a_silence_is_taken_and_all_but_the_last_are_quiet() {
        let mut clock = started();
        let mut cuts = Vec::new();
        for input in [EventInput::Status, EventInput::Session] {
            let _applied_or_held = clock.offer(input, at(27));
        }
        while let Some(cut) = clock.due_cut() {
            cuts.push((cut.at, cut.quiet));
            clock.cut_taken();
            for input in [EventInput::Status, EventInput::Session] {
                let _applied_or_held = clock.offer(input, at(27));
            }
        }
        assert_eq!(cuts, [(at(15), true), (at(20), true), (at(25), false)]);
        assert_eq!(clock.snapshot().status, Some(at(27)));
    }

    #[test]
    fn a_restored_clock_holds_nothing_and_goes_on_as_before() {
        let mut clock = started();
        let _held = clock.offer(EventInput::Session, at(17));
        let mut restored = TaskClock::restore(STEP, clock.snapshot());
        assert_eq!(restored.task_clock(), None);
        let _held = restored.offer(EventInput::Session, at(17));
        assert_eq!(restored, clock);
    }
}
