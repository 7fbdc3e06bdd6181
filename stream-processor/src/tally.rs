//! What one transaction did, counted while it is open and shown once it is committed.

use std::collections::BTreeMap;

use crate::disposition::Refusal;
use crate::task::Waiting;
use crate::topology::Source;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fate {
    /// Applied, the first of its identity.
    Counted,
    /// Applied, a further copy.
    Duplicate,
    /// Applied, another content for the same identity.
    Conflict,
    /// A session of a final window: the archive's book has it.
    AfterFinal,
    /// A tick: it moved the clock.
    Tick,
    /// A change of the directory.
    Directory,
    /// Set aside.
    Refused(Refusal),
}

impl Fate {
    /// The word in the metrics.
    pub(crate) const fn outcome(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Duplicate => "duplicate",
            Self::Conflict => "conflict",
            Self::AfterFinal => "after_final",
            Self::Tick => "tick",
            Self::Directory => "directory",
            Self::Refused(refusal) => refusal.word(),
        }
    }
}

/// What one transaction did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Records used or refused.
    pub(crate) fates: BTreeMap<(Source, Fate), u64>,
    /// Windows published, by entity and phase.
    pub(crate) windows: BTreeMap<(&'static str, &'static str), u64>,
    /// Records written, by topic.
    pub(crate) written: BTreeMap<String, u64>,
    /// How often an input began to wait, by reason.
    pub(crate) pauses: BTreeMap<&'static str, u64>,
    /// The earliest reception of an event or a directory entry, ms since the epoch.
    pub(crate) received: BTreeMap<Source, i64>,
}

impl Tally {
    /// Counts a record that was read.
    pub(crate) fn fate(&mut self, source: Source, fate: Fate) {
        *self.fates.entry((source, fate)).or_default() += 1;
    }

    /// Counts a window that is published.
    pub(crate) fn window(&mut self, entity: &'static str, phase: &'static str) {
        *self.windows.entry((entity, phase)).or_default() += 1;
    }

    /// Counts an input that begins to wait.
    pub(crate) fn pause(&mut self, reason: Waiting) {
        *self.pauses.entry(reason.word()).or_default() += 1;
    }

    /// Notes when a record was received.
    pub(crate) fn received(&mut self, source: Source, at_ms: i64) {
        let earliest = self.received.entry(source).or_insert(at_ms);
        *earliest = at_ms.min(*earliest);
    }

    /// Adds what another tally has counted.
    pub(crate) fn add(&mut self, other: &Self) {
        for (key, count) in &other.fates {
            *self.fates.entry(*key).or_default() += count;
        }
        for (key, count) in &other.windows {
            *self.windows.entry(*key).or_default() += count;
        }
        for (topic, count) in &other.written {
            *self.written.entry(topic.clone()).or_default() += count;
        }
        for (reason, count) in &other.pauses {
            *self.pauses.entry(reason).or_default() += count;
        }
        for (source, at_ms) in &other.received {
            self.received(*source, *at_ms);
        }
    }

    /// Counts a record that is written.
    pub(crate) fn written(&mut self, topic: &str) {
        match self.written.get_mut(topic) {
            Some(count) => *count += 1,
            None => {
                self.written.insert(topic.to_owned(), 1);
            }
        }
    }
}
