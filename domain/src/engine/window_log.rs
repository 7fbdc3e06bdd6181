//! What has been emitted of an entity's windows, as far as it can still change (chapter 9).
//!
//! Most of it follows from the rules and is not stored: a window that has closed was emitted once,
//! as *closed* with revision 0, if the entity has a record for it. Stored is what differs: drafts
//! (provisional records, with a digest of the content), windows with more revisions, and windows
//! whose record stands although a later withdrawal would not have made one.
//!
//! A digest of a closed window is needed only to see whether a change changed it, so it is taken
//! just before the change: see [`WindowLog::capture`]. Where a change is sure to change it, that it
//! had a record is enough: its digest is then [`digest::NONE`].

use thin_vec::ThinVec;

use super::decision::Decision;
use super::digest;
use super::shelf::Shelves;
use crate::indicator::{Emission, Phase};
use crate::window::Window;

/// The last record emitted for a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Emitted {
    pub(super) phase: Phase,
    pub(super) revision: i32,
    /// Of its content; none where it follows from the rules.
    pub(super) digest: Option<i64>,
}

/// The only record of a window that closed.
const CLOSED_ONCE: Emitted = Emitted {
    phase: Phase::Closed,
    revision: 0,
    digest: None,
};

/// A provisional record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) window: Window,
    pub(super) revision: i32,
    pub(super) digest: i64,
}

/// Windows next to each other, complete, with the same phase and revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: Window,
    pub(super) last: Window,
    pub(super) phase: Phase,
    pub(super) revision: i32,
}

/// What a closed window said before the changes that the next cut decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Capture {
    pub(super) window: Window,
    /// Of its content; none if it had no record.
    pub(super) digest: Option<i64>,
}

/// The emitted records of an entity's windows that are not final.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct WindowLog {
    pub(super) drafts: ThinVec<Draft>,
    pub(super) runs: ThinVec<Run>,
    /// By window.
    pub(super) captures: ThinVec<Capture>,
}

impl WindowLog {
    /// Whether all of it follows from the rules.
    pub(super) fn is_plain(&self) -> bool {
        self.drafts.is_empty() && self.runs.is_empty() && self.captures.is_empty()
    }

    /// The last record emitted for `window`. `is_present` says whether the entity has a record for
    /// it by the rules.
    pub(super) fn last(
        &self,
        window: Window,
        is_present: bool,
        decision: &Decision<'_>,
    ) -> Option<Emitted> {
        match self.captured(window) {
            None => self
                .stored(window)
                .or_else(|| (is_present && decision.had_closed(window)).then_some(CLOSED_ONCE)),
            Some(Capture { digest: None, .. }) => None,
            Some(Capture { digest, .. }) => {
                let emitted = self.stored(window).unwrap_or(CLOSED_ONCE);
                Some(Emitted { digest, ..emitted })
            }
        }
    }

    /// Notes what a closed window says just before a change. The first capture stays: later changes
    /// before the same cut are part of what the cut decides.
    pub(super) fn capture(&mut self, window: Window, digest: Option<i64>, shelves: &mut Shelves) {
        let index = self.captures.partition_point(|known| known.window < window);
        let known = self.captures.get(index);
        if known.is_none_or(|known| known.window != window) {
            shelves.captures.make_room(&mut self.captures);
            self.captures.insert(index, Capture { window, digest });
        }
    }

    /// Notes that a change is sure to change what a closed window, which has a record, says.
    pub(super) fn capture_as_changed(&mut self, window: Window, shelves: &mut Shelves) {
        self.capture(window, Some(digest::NONE), shelves);
    }

    /// Whether every one of the `count` closed windows from `first` on is captured.
    pub(super) fn has_captured(&self, first: Window, count: usize) -> bool {
        let before = self.captures.partition_point(|known| known.window < first);
        self.captures.len() - before == count
    }

    /// What was captured of a window.
    pub(super) fn captured(&self, window: Window) -> Option<Capture> {
        let mut captures = self.captures.iter();
        captures.find(|known| known.window == window).copied()
    }

    /// Decides whether the content of `window` is emitted, and notes it. `last` is the last record;
    /// `is_present` as in [`Self::last`], after all changes; `digest` makes the digest of the content.
    /// Sets `is_dirty` if something is stored or no longer.
    pub(super) fn emit(
        &mut self,
        window: Window,
        (last, is_present): (Option<Emitted>, bool),
        (decision, is_dirty): (&Decision<'_>, &mut bool),
        digest: impl FnOnce() -> i64,
    ) -> Option<Emission> {
        let was_closed = last.is_some_and(|last| last.phase != Phase::Provisional);
        let mut draft = None;
        let (phase, is_due) = match decision.phase(window) {
            Phase::Provisional if !decision.has_provisional => (Phase::Provisional, false),
            Phase::Provisional => {
                let digest = *draft.insert(digest());
                let differs = last.is_none_or(|last| last.digest != Some(digest));
                (Phase::Provisional, differs)
            }
            Phase::Closed | Phase::Corrected if was_closed => {
                let before = last.and_then(|last| last.digest);
                let differs = before.is_some_and(|before| before != digest());
                (Phase::Corrected, differs)
            }
            Phase::Closed | Phase::Corrected => (Phase::Closed, true),
            Phase::Final => (Phase::Final, true),
        };
        let next = last.map_or(0, |last| last.revision + 1);
        if is_due {
            *is_dirty |= self.note(window, (phase, next, draft), is_present);
        } else if let Some(last) = last.filter(|_| was_closed) {
            *is_dirty |= self.note(window, (last.phase, last.revision, None), is_present);
        }
        is_due.then_some(Emission {
            phase,
            revision: next,
            version: decision.cut,
            computed_at: decision.cut,
        })
    }

    /// Ends a cut: what was captured has been decided. Whether there was anything.
    pub(super) fn settle(&mut self, shelves: &mut Shelves) -> bool {
        let had_captures = !self.captures.is_empty();
        self.captures.clear();
        shelves.captures.take_back(&mut self.captures);
        had_captures
    }

    /// What is stored of `window`.
    fn stored(&self, window: Window) -> Option<Emitted> {
        let holds = |run: &&Run| run.first <= window && window <= run.last;
        let run = self.runs.iter().find(holds).map(|run| Emitted {
            phase: run.phase,
            revision: run.revision,
            digest: None,
        });
        run.or_else(|| {
            let mut drafts = self.drafts.iter();
            let draft = drafts.find(|draft| draft.window == window)?;
            Some(Emitted {
                phase: Phase::Provisional,
                revision: draft.revision,
                digest: Some(draft.digest),
            })
        })
    }

    /// Stores what has been emitted of `window`, as far as it does not follow from the rules. Whether
    /// anything is stored or no longer.
    fn note(
        &mut self,
        window: Window,
        (phase, revision, draft): (Phase, i32, Option<i64>),
        is_present: bool,
    ) -> bool {
        if let Some(digest) = draft {
            let noted = Draft {
                window,
                revision,
                digest,
            };
            let mut drafts = self.drafts.iter_mut();
            if let Some(known) = drafts.find(|draft| draft.window == window) {
                *known = noted;
            } else {
                self.drafts.reserve_exact(1);
                self.drafts.push(noted);
            }
            return true;
        }
        let drafts = self.drafts.len();
        self.drafts.retain(|draft| draft.window != window);
        let was_stored = self.take_out(window) || self.drafts.len() < drafts;
        let emitted = Emitted {
            phase,
            revision,
            digest: None,
        };
        let is_stored = phase != Phase::Final && (emitted != CLOSED_ONCE || !is_present);
        if is_stored {
            self.put_in(window, phase, revision);
        }
        self.give_up_room();
        was_stored || is_stored
    }

    /// Keeps no room for what is not there: at most entities nothing is, at most times.
    fn give_up_room(&mut self) {
        if self.drafts.is_empty() {
            self.drafts = ThinVec::new();
        }
        if self.runs.is_empty() {
            self.runs = ThinVec::new();
        }
    }

    fn take_out(&mut self, window: Window) -> bool {
        let holds = |run: &Run| run.first <= window && window <= run.last;
        let Some(index) = self.runs.iter().position(holds) else {
            return false;
        };
        let run = self.runs.remove(index);
        let (before, after) = (window.previous(), window.next());
        let rest = [
            Run {
                last: before,
                ..run
            },
            Run {
                first: after,
                ..run
            },
        ];
        let rest = rest.into_iter().filter(|part| part.first <= part.last);
        for (part, place) in rest.zip(index..) {
            self.runs.insert(place, part);
        }
        true
    }

    fn put_in(&mut self, window: Window, phase: Phase, revision: i32) {
        let index = self.runs.partition_point(|run| run.first < window);
        let fits = |run: &Run| run.phase == phase && run.revision == revision;
        let before = index
            .checked_sub(1)
            .and_then(|before| self.runs.get_mut(before));
        if let Some(run) = before.filter(|run| fits(run) && run.last.next() == window) {
            run.last = window;
            return;
        }
        let after = self.runs.get_mut(index);
        if let Some(run) = after.filter(|run| fits(run) && run.first == window.next()) {
            run.first = window;
            return;
        }
        let run = Run {
            first: window,
            last: window,
            phase,
            revision,
        };
        self.runs.reserve_exact(1);
        self.runs.insert(index, run);
    }
}

#[cfg(test)]
mod tests {
    use smol_str::SmolStr;

    use super::*;
    use crate::policy::Policy;
    use crate::time::{Span, Timestamp};

    fn hour(hours: i64) -> Window {
        Window::of(Timestamp::from_ms(0) + Span::from_hours(hours))
    }

    /// Phases and revisions at cuts (minutes) of a window whose content has a digest.
    fn phases(cuts_and_digests: &[(i64, i64)]) -> Vec<(Phase, i32)> {
        let (policy, policy_id) = (Policy::qc_1(), SmolStr::new("qc-1"));
        let mut log = WindowLog::default();
        let mut last_cut = None;
        let mut last_digest = None;
        let emit = |&(minutes, digest): &(i64, i64)| {
            let cut = Timestamp::from_ms(minutes * 60_000);
            let decision = Decision {
                policy: &policy,
                policy_id: &policy_id,
                cut,
                last_cut,
                has_provisional: true,
            };
            let window = hour(0);
            if decision.had_closed(window) && last_digest != Some(digest) {
                log.capture(window, last_digest, &mut Shelves::default());
            }
            last_digest = Some(digest);
            last_cut = Some(cut);
            let last = log.last(window, true, &decision);
            let mut is_dirty = false;
            let emission = log.emit(window, (last, true), (&decision, &mut is_dirty), || digest);
            let _had_captures = log.settle(&mut Shelves::default());
            emission
        };
        let emissions = cuts_and_digests.iter().filter_map(emit);
        emissions
            .map(|emission| (emission.phase, emission.revision))
            .collect()
    }

    #[test]
    fn equal_content_is_emitted_again_only_when_it_closes_or_is_final() {
        let cuts = [
            (60, 1),
            (65, 1),
            (70, 1),
            (75, 1),
            (80, 2),
            (60 + 25 * 60, 2),
        ];
        let expected = [
            (Phase::Provisional, 0),
            (Phase::Closed, 1),
            (Phase::Corrected, 2),
            (Phase::Final, 3),
        ];
        assert_eq!(phases(&cuts), expected);
    }

    #[test]
    fn a_window_known_late_is_closed_at_once() {
        assert_eq!(phases(&[(200, 1)]), [(Phase::Closed, 0)]);
        assert_eq!(phases(&[(60 + 25 * 60, 1)]), [(Phase::Final, 0)]);
    }

    #[test]
    fn equal_neighbours_are_one_run_and_the_rules_need_none() {
        let mut log = WindowLog::default();
        for hours in [3, 1, 2, 4] {
            let _stored = log.note(hour(hours), (Phase::Corrected, 1, None), true);
        }
        let _stored = log.note(hour(5), (Phase::Closed, 0, None), true);
        let run = |first, last| Run {
            first: hour(first),
            last: hour(last),
            phase: Phase::Corrected,
            revision: 1,
        };
        assert_eq!(log.runs.as_slice(), [run(1, 2), run(3, 4)]);
        let _stored = log.note(hour(3), (Phase::Final, 2, None), true);
        assert_eq!(log.runs.as_slice(), [run(1, 2), run(4, 4)]);
        let _stored = log.note(hour(5), (Phase::Closed, 0, None), false);
        assert_eq!(log.runs.len(), 3, "a record that the rules would not make");
    }
    #[test]
    fn what_is_final_keeps_no_room() {
        let mut log = WindowLog::default();
        let _stored = log.note(hour(1), (Phase::Provisional, 0, Some(7)), true);
        let _stored = log.note(hour(1), (Phase::Corrected, 1, None), true);
        assert_eq!((log.drafts.capacity(), log.runs.len()), (0, 1));
        let _stored = log.note(hour(1), (Phase::Final, 2, None), true);
        assert_eq!(log.runs.capacity(), 0);
    }
}
