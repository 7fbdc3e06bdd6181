//! What is to be done for a range, and in which order: the protocol. Pure: it is told what happened
//! and says what comes next.
//!
//! ```text
//! intend ─▶ set aside what cannot be decoded ─▶ insert ─▶ audit ─▶ commit
//!                                                │ ▲
//!                       refused: intend in parts ▼ │ halves; a single record is set aside
//! ```
//!
//! Invariants: nothing is inserted before the group has the intent; nothing is committed before
//! rows, dead letters and audit are acknowledged. The tree of parts depends on the range alone, so
//! parts that an earlier attempt has stored have the same names again.

use std::collections::VecDeque;

use crate::batch::{Range, Refused};
use crate::disposition::{Reason, Refusal};
use crate::intent::Intent;
use crate::topic::Topic;

/// A part of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first offset.
    pub from: i64,
    /// The offset after it.
    pub to: i64,
    /// Whether it is written without payloads: the last resort for a record that is itself a dead
    /// letter.
    pub is_bare: bool,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Commit the offset of the start with this intent.
    Intend(Intent),
    /// Send this record to `dead-letter`.
    SetAside(Refused),
    /// Count this record as dropped: it cannot even be set aside.
    Drop(Refused),
    /// Insert this part.
    Insert(Span),
    /// Nothing, until somebody repaired something: too many records are refused.
    Wait,
    /// Write the audit.
    Audit,
    /// Commit the offset of the end.
    Commit,
    /// Nothing more.
    Landed,
}

/// What a range became.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stored {
    /// Rows written.
    pub rows: usize,
    /// Records sent to `dead-letter`.
    pub dead_letters: usize,
    /// Records that could not even be set aside: those *of* the two topics for that.
    pub dropped: usize,
    /// Whether it was written in parts.
    pub is_split: bool,
    /// Whether it was intended by an earlier attempt.
    pub is_replay: bool,
}

/// A range on its way.
#[derive(Debug)]
pub struct Flight {
    topic: Topic,
    to: i64,
    offsets: Vec<i64>,
    intents: Option<Intent>,
    aside: VecDeque<Refused>,
    parts: Vec<Span>,
    max_dead_letters: usize,
    is_blocked: bool,
    is_audited: bool,
    is_committed: bool,
    stored: Stored,
}

impl Flight {
    /// The way of `range`, at most so many of whose records may be set aside.
    pub fn of(range: &Range, max_dead_letters: usize) -> Self {
        let replayed = range.replayed;
        let is_split = replayed.is_some_and(|intent| intent.is_split);
        let new = Intent {
            to: range.to,
            is_split: false,
        };
        let mut flight = Self {
            topic: range.topic,
            to: range.to,
            offsets: range.records.offsets(),
            // A range without rows changes no table: it needs no name.
            intents: Some(new).filter(|_| replayed.is_none() && !range.is_rowless()),
            aside: range.refused.iter().cloned().collect(),
            parts: Vec::new(),
            max_dead_letters,
            is_blocked: false,
            is_audited: false,
            is_committed: false,
            stored: Stored {
                is_split,
                is_replay: replayed.is_some(),
                ..Stored::default()
            },
        };
        let whole = Span {
            from: range.from,
            to: range.to,
            is_bare: false,
        };
        if is_split {
            flight.halve(whole);
        } else {
            flight.push(whole);
        }
        flight
    }

    /// What comes next; the same until it is told what became of it.
    pub fn step(&self) -> Step {
        if let Some(intent) = self.intents {
            return Step::Intend(intent);
        }
        match self.aside.front() {
            Some(refused) if self.is_of_rejections() => return Step::Drop(refused.clone()),
            Some(_) if self.is_exhausted() => return Step::Wait,
            Some(refused) => return Step::SetAside(refused.clone()),
            None => {}
        }
        match self.parts.last() {
            Some(_) if self.is_blocked => Step::Wait,
            Some(part) => Step::Insert(*part),
            None if !self.is_audited => Step::Audit,
            None if !self.is_committed => Step::Commit,
            None => Step::Landed,
        }
    }

    /// What it has become by now.
    pub fn stored(&self) -> Stored {
        self.stored
    }

    /// The step in hand is done.
    pub fn done(&mut self) {
        match self.step() {
            Step::Intend(_) => self.intents = None,
            Step::SetAside(_) => {
                self.aside.pop_front();
                self.stored.dead_letters += 1;
            }
            Step::Drop(_) => {
                self.aside.pop_front();
                self.stored.dropped += 1;
            }
            Step::Insert(_) => {
                if let Some(part) = self.parts.pop() {
                    self.stored.rows += self.rows_in(part);
                }
            }
            Step::Wait => self.is_blocked = false,
            Step::Audit => self.is_audited = true,
            Step::Commit => self.is_committed = true,
            Step::Landed => {}
        }
    }

    /// The part in hand is refused for its data, by an error that says `message`.
    pub fn refused(&mut self, message: String) {
        let Some(part) = self.parts.last().copied() else {
            return;
        };
        match self.only_offset_in(part) {
            None => {
                self.parts.pop();
                self.halve(part);
                if !self.stored.is_split {
                    self.stored.is_split = true;
                    self.intents = Some(Intent {
                        to: self.to,
                        is_split: true,
                    });
                }
            }
            Some(_) if self.is_of_rejections() && !part.is_bare => {
                if let Some(last) = self.parts.last_mut() {
                    last.is_bare = true;
                }
            }
            Some(_) if self.is_exhausted() && !self.is_of_rejections() => self.is_blocked = true,
            Some(offset) => {
                self.parts.pop();
                self.aside.push_back(Refused {
                    offset,
                    refusal: Refusal {
                        reason: Reason::RefusedByStore,
                        message,
                    },
                });
            }
        }
    }

    /// Whether its records are dead letters: they are stored without payload, or dropped.
    fn is_of_rejections(&self) -> bool {
        matches!(self.topic, Topic::DeadLetter | Topic::LateEvent)
    }

    /// Whether so many records are refused that the fault is not in them.
    fn is_exhausted(&self) -> bool {
        self.stored.dead_letters >= self.max_dead_letters
    }

    fn halve(&mut self, part: Span) {
        let middle = part.from + (part.to - part.from) / 2;
        // The first half is taken first.
        self.push(Span {
            from: middle,
            ..part
        });
        self.push(Span { to: middle, ..part });
    }

    fn push(&mut self, part: Span) {
        if self.rows_in(part) > 0 {
            self.parts.push(part);
        }
    }

    fn offsets_in(&self, part: Span) -> &[i64] {
        let start = self.offsets.partition_point(|offset| *offset < part.from);
        let end = self.offsets.partition_point(|offset| *offset < part.to);
        self.offsets.get(start..end).unwrap_or_default()
    }

    fn rows_in(&self, part: Span) -> usize {
        self.offsets_in(part).len()
    }

    fn only_offset_in(&self, part: Span) -> Option<i64> {
        match self.offsets_in(part) {
            [offset] => Some(*offset),
            _ => None,
        }
    }
}
