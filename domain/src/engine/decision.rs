//! The decision: a cut being taken, under which rules, and which windows it concerns (chapters 3
//! and 9).

use smol_str::SmolStr;

use crate::indicator::Phase;
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::window::Window;

/// A cut being taken, and under which rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decision<'a> {
    pub(super) policy: &'a Policy,
    /// The id of the policy, cheap to copy.
    pub(super) policy_id: &'a SmolStr,
    pub(super) cut: Timestamp,
    /// The cut before; none at the first.
    pub(super) last_cut: Option<Timestamp>,
    /// Whether provisional records are made at this cut.
    pub(super) has_provisional: bool,
}

impl Decision<'_> {
    /// The phase of a window that started before the cut, corrections apart.
    pub(super) fn phase(&self, window: Window) -> Phase {
        if self.cut >= window.final_at(self.policy) {
            Phase::Final
        } else if self.cut >= window.closes_at(self.policy) {
            Phase::Closed
        } else {
            Phase::Provisional
        }
    }

    /// Where the covered part of `window` ends.
    pub(super) fn covered_end(&self, window: Window) -> Timestamp {
        self.cut.min(window.end())
    }

    /// Whether `window` closes at this cut, and did not at the one before.
    pub(super) fn closes_now(&self, window: Window) -> bool {
        let closes_at = window.closes_at(self.policy);
        closes_at <= self.cut && self.cut < closes_at + self.policy.cut_every
    }

    /// Whether `window` had closed at the cut before.
    pub(super) fn had_closed(&self, window: Window) -> bool {
        let closes_at = window.closes_at(self.policy);
        self.last_cut.is_some_and(|last| closes_at <= last)
    }

    /// Whether some window becomes final at this cut, so that the horizon moves.
    pub(super) fn finishes(&self) -> bool {
        let end = self.cut - self.policy.late_limit;
        end == end.floor(Window::LENGTH)
    }

    /// Whether some window closes or becomes final at this cut.
    pub(super) fn closes_or_finishes(&self) -> bool {
        let end = self.cut - self.policy.close_grace;
        end == end.floor(Window::LENGTH) || self.finishes()
    }

    /// The first window that was not final at the previous cut.
    pub(super) fn first_window(&self) -> Window {
        Window::of(self.cut - self.policy.cut_every - self.policy.late_limit)
    }

    /// All windows that were not final at the previous cut and have started.
    pub(super) fn windows(&self) -> impl Iterator<Item = Window> {
        let cut = self.cut;
        std::iter::successors(Some(self.first_window()), |window| Some(window.next()))
            .take_while(move |window| window.start() < cut)
    }

    /// The start of the first window that is not final after this cut.
    pub(super) fn horizon(&self) -> Timestamp {
        Window::of(self.cut - self.policy.late_limit).start()
    }
}
