//! The ledger of one charge point at one station: what can still change, and a carry-in for the rest.
//!
//! Everything before the horizon (at most the start of the oldest window that is not final) is
//! folded: last mark, start of the unknown run, failures, largest session end, presence. A ledger is
//! folded when it has something to fold, so one at rest does not change from hour to hour.

use thin_vec::ThinVec;

use super::copies::{Novelty, Writing};
use super::decision::Decision;
use super::directory::{Change, Directory, Version};
use super::episode_log::EpisodeLog;
use super::failures::FailureTrace;
use super::maybe_instant::MaybeInstant;
use super::presence::{Occurrence, Presence, Spans};
use super::sessions::{SessionKey, Sessions};
use super::shelf::Shelves;
use super::statuses::{Identity, Statuses};
use super::window_log::WindowLog;
use crate::policy::Policy;
use crate::status::StatusPayload;
use crate::time::Timestamp;
use crate::timeline::{Mark, MarkKind, Segment, draw};
use crate::window::Window;

/// What is kept of all that is final.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Carry {
    /// All before it is folded; none before the first fold.
    pub(super) horizon: MaybeInstant,
    /// Last winner or withdrawal before the horizon.
    pub(super) mark: Option<Mark>,
    /// Start of the unknown run that reaches the horizon.
    pub(super) run_start: MaybeInstant,
    /// How failures stood at the horizon.
    pub(super) trace: FailureTrace,
    /// The presence at the horizon.
    pub(super) presence: Presence,
}

/// Which part of a line is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope {
    /// Nothing before matters; without it, all since the horizon does.
    pub(super) from: Option<Timestamp>,
    pub(super) to: Timestamp,
}

/// All that is known of one charge point at one station. What every status needs comes first, so
/// that it is in one line of a cache.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct ChargePointLedger {
    pub(super) statuses: Statuses,
    /// Earliest instant that a change not yet decided touches.
    pub(super) pending_from: MaybeInstant,
    /// Whether it differs from what was drained last. Not part of the state.
    pub(super) is_dirty: bool,
    pub(super) carry: Carry,
    /// In order, each instant once.
    pub(super) withdrawals: ThinVec<Timestamp>,
    pub(super) sessions: Sessions,
    pub(super) directory: Directory,
    pub(super) windows: WindowLog,
    pub(super) episodes: EpisodeLog,
}

impl ChargePointLedger {
    /// Whether there is nothing to decide, fold or draw.
    pub(super) fn is_idle(&self) -> bool {
        self.carry.presence != Presence::Present
            && self.statuses.0.is_empty()
            && self.withdrawals.is_empty()
            && self.sessions.identities.is_empty()
            && self.windows.is_plain()
            && self.episodes.0.is_empty()
    }

    /// Looks at what a status needs first, so that a look soon after is fast: something of it.
    pub(super) fn glance(&self) -> u32 {
        u32::from(self.is_dirty)
    }

    /// Applies a status whose window is not final.
    pub(super) fn observe_status(
        &mut self,
        event_time: Timestamp,
        payload: StatusPayload,
        writing: Writing,
        shelves: &mut Shelves,
    ) -> Novelty {
        self.touch(event_time);
        self.statuses.observe(event_time, payload, writing, shelves)
    }

    /// Whether a session to be applied changes no window but that of its start: it makes nothing
    /// known, and no session that starts later can overlap it.
    pub(super) fn keeps_to_its_window(&self, key: SessionKey) -> bool {
        self.sessions.is_last_or_known(key) && self.spans().holds(Window::of(key.0))
    }

    /// Applies a session whose window is not final.
    pub(super) fn observe_session(
        &mut self,
        key: SessionKey,
        energy_wh: i64,
        writing: Writing,
        shelves: &mut Shelves,
    ) -> Novelty {
        self.touch(key.0);
        self.sessions.observe(key, energy_wh, writing, shelves)
    }

    /// From when a version of the directory entry would change figures, if any.
    pub(super) fn would_register(
        &self,
        version: &Version,
        horizon: Option<Timestamp>,
    ) -> Option<Timestamp> {
        self.directory.would_register(version, horizon)
    }

    /// Notes when the entry was withdrawn, as a version says; returns it if it says so anew.
    pub(super) fn note_deleted_at(
        &mut self,
        deleted_at: Option<Timestamp>,
        change: Change,
    ) -> Option<Timestamp> {
        if !self.directory.is_newer(change) || self.directory.deleted_at.get() == deleted_at {
            return None;
        }
        self.directory.deleted_at = deleted_at.into();
        self.is_dirty = true;
        deleted_at
    }

    /// Applies a version of the directory entry.
    pub(super) fn register(&mut self, version: Version, horizon: Option<Timestamp>) {
        self.is_dirty |= self.directory.advance(version.change);
        if let Some(from) = self.directory.register(version, horizon) {
            self.touch(from);
        }
    }

    /// When a withdrawal would act, if it changes anything: one older than the horizon acts at the
    /// horizon, and a change given again does not act.
    pub(super) fn would_withdraw(
        &self,
        at: Timestamp,
        change: Change,
        horizon: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let at = horizon.map_or(at, |horizon| at.max(horizon));
        let is_new = self.withdrawals.binary_search(&at).is_err();
        (is_new && self.directory.is_newer(change)).then_some(at)
    }

    /// Applies a withdrawal.
    pub(super) fn withdraw(&mut self, at: Timestamp, change: Change, horizon: Option<Timestamp>) {
        let acts_at = self.would_withdraw(at, change, horizon);
        self.is_dirty |= self.directory.advance(change);
        if let Some(at) = acts_at {
            let index = self.withdrawals.partition_point(|&known| known < at);
            self.withdrawals.insert(index, at);
            self.touch(at);
        }
    }

    /// When silence will make the charge point inactive, if nothing more comes.
    pub(super) fn silent_at(&self, policy: &Policy) -> Option<Timestamp> {
        let last_status = self.statuses.winners().next_back();
        let withdrawn_at = self.withdrawals.last().copied();
        let mark = last_status.or(self.carry.mark)?;
        let is_withdrawn = withdrawn_at.is_some_and(|at| mark.at <= at);
        mark.silent_at(policy).filter(|_| !is_withdrawn)
    }

    /// Whether it has no failure that can still change, and what is pending brings none. So a later
    /// line need not begin at the horizon.
    pub(super) fn is_calm(&self) -> bool {
        let brings_down = |from| {
            let mut winners = self.statuses.since(from).iter();
            winners.any(|known| known.mark().kind == MarkKind::OutOfService)
        };
        self.carry.trace.open.is_none()
            && self.episodes.0.is_empty()
            && !self.pending_from.get().is_some_and(brings_down)
    }

    /// Draws its line within a scope: appends to `segments`. `marks` is a scratch.
    pub(super) fn draw(
        &self,
        scope: Scope,
        decision: &Decision<'_>,
        marks: &mut Vec<Mark>,
        segments: &mut Vec<Segment>,
    ) {
        let policy = decision.policy;
        if let Some(from) = scope.from.filter(|&from| self.is_plain_at(from, policy)) {
            self.list_marks(Some(from), scope.to, marks);
            let _run_start = draw(marks, (from, scope.to), None, policy, segments);
        } else {
            self.list_marks(None, scope.to, marks);
            let reach = (self.start(decision), scope.to);
            let run_start = self.carry.run_start.get();
            let _run_start = draw(marks, reach, run_start, policy, segments);
        }
    }

    /// Whether the state just at `instant` needs only the last mark before, not how long it lasts.
    fn is_plain_at(&self, instant: Timestamp, policy: &Policy) -> bool {
        let is_after_horizon = self
            .carry
            .horizon
            .get()
            .is_none_or(|horizon| horizon <= instant);
        let mark = self.statuses.until(instant).last().map(Identity::mark);
        let is_plain =
            |mark: Mark| mark.kind != MarkKind::Unknown && instant < mark.at + policy.stale_after;
        is_after_horizon
            && self.withdrawals.is_empty()
            && mark.or(self.carry.mark).is_none_or(is_plain)
    }

    /// The hours for which it has records by the rules.
    pub(super) fn spans(&self) -> Spans {
        let status = self.statuses.0.first().map(|known| known.at);
        let session = self.sessions.identities.first().map(|known| known.key.0);
        if self.withdrawals.is_empty() {
            let status = status.map(|at| (at, Occurrence::Status));
            let session = session.map(|at| (at, Occurrence::Session));
            return match (status, session) {
                (Some(status), Some(session)) => {
                    Spans::of(self.carry.presence, &mut [status, session])
                }
                (Some(one), None) | (None, Some(one)) => Spans::of(self.carry.presence, &mut [one]),
                (None, None) => Spans::of(self.carry.presence, &mut []),
            };
        }
        let statuses = self.statuses.0.iter();
        let sessions = self.sessions.identities.iter();
        let withdrawals = self.withdrawals.iter();
        let mut occurrences: Vec<_> = statuses
            .map(|known| (known.at, Occurrence::Status))
            .chain(sessions.map(|known| (known.key.0, Occurrence::Session)))
            .chain(withdrawals.map(|&at| (at, Occurrence::Withdrawal)))
            .collect();
        Spans::of(self.carry.presence, &mut occurrences)
    }

    /// Ends a cut: keeps as pending only what lies after the cut.
    pub(super) fn settle(&mut self, decision: &Decision<'_>, shelves: &mut Shelves) {
        let status = self.statuses.since(decision.cut).first();
        let later = self.withdrawals.partition_point(|&at| at < decision.cut);
        let withdrawal = self.withdrawals.get(later).copied();
        let nexts = status.map(|known| known.at).into_iter().chain(withdrawal);
        let pending_from = nexts.min().into();
        self.is_dirty |= self.pending_from != pending_from;
        self.pending_from = pending_from;
        self.is_dirty |= self.windows.settle(shelves);
    }

    /// Whether something lies before the horizon that moves the line.
    pub(super) fn has_past(&self, horizon: Timestamp) -> bool {
        let status = self.statuses.0.first().map(|known| known.at);
        let session = self.sessions.identities.first().map(|known| known.key.0);
        let firsts = [status, session, self.withdrawals.first().copied()];
        firsts.into_iter().flatten().any(|first| first < horizon)
    }

    /// Folds all before the horizon. `desk` lends marks and segments.
    pub(super) fn fold(
        &mut self,
        horizon: Timestamp,
        decision: &Decision<'_>,
        (marks, segments): (&mut Vec<Mark>, &mut Vec<Segment>),
        shelves: &mut Shelves,
    ) {
        self.list_marks(None, horizon, marks);
        segments.clear();
        let reach = (self.start(decision), horizon);
        let run_start = draw(
            marks,
            reach,
            self.carry.run_start.get(),
            decision.policy,
            segments,
        );
        self.carry.trace.follow(axes(segments));
        if let Some(open) = &mut self.carry.trace.open {
            let opened_at = open.opened_at;
            open.dimensions
                .get_or_insert_with(|| self.directory.dimensions(opened_at));
        }
        self.carry.presence = self.presence_at(horizon);
        self.carry.mark = marks.last().copied();
        self.carry.run_start = run_start.into();
        self.carry.horizon = Some(horizon).into();
        self.sessions.fold(horizon, shelves);
        self.statuses.fold(horizon, shelves);
        let folded = self.withdrawals.partition_point(|&at| at < horizon);
        self.withdrawals.drain(..folded);
        self.withdrawals.shrink_to_fit();
        self.is_dirty = true;
    }

    /// Forgets what no window from the horizon on can see.
    pub(super) fn forget(&mut self, horizon: Timestamp) {
        self.is_dirty |= self.directory.prune(horizon);
        self.is_dirty |= self.episodes.fold(horizon);
    }

    fn presence_at(&self, horizon: Timestamp) -> Presence {
        let statuses = self.statuses.0.iter();
        let sessions = self.sessions.identities.iter();
        let withdrawals = self.withdrawals.iter();
        let mut occurrences: Vec<_> = statuses
            .map(|known| (known.at, Occurrence::Status))
            .chain(sessions.map(|known| (known.key.0, Occurrence::Session)))
            .chain(withdrawals.map(|&at| (at, Occurrence::Withdrawal)))
            .filter(|&(at, _)| at < horizon)
            .collect();
        Spans::of(self.carry.presence, &mut occurrences).last
    }

    /// Where the line starts: all before it is folded, or empty.
    fn start(&self, decision: &Decision<'_>) -> Timestamp {
        self.carry
            .horizon
            .get()
            .unwrap_or_else(|| decision.first_window().start())
    }

    /// Writes down the winners and withdrawals before `to`, one per instant, from the last one at or
    /// before `from` on: without it, from the last mark before the horizon.
    fn list_marks(&self, from: Option<Timestamp>, to: Timestamp, marks: &mut Vec<Mark>) {
        marks.clear();
        let statuses = self.statuses.until(to);
        let seen = from.map_or(0, |from| statuses.partition_point(|known| known.at <= from));
        let statuses = statuses.get(seen.saturating_sub(1)..).unwrap_or_default();
        if seen == 0 {
            marks.extend(self.carry.mark);
        }
        marks.extend(statuses.iter().map(Identity::mark));
        if !self.withdrawals.is_empty() {
            let withdrawal = |&at: &Timestamp| Mark {
                at,
                kind: MarkKind::Withdrawal,
            };
            let withdrawals = self.withdrawals.iter().filter(|&&at| at < to);
            marks.extend(withdrawals.map(withdrawal));
            marks.sort_unstable_by(|a, b| b.cmp(a));
            marks.dedup_by_key(|mark| mark.at);
            marks.reverse();
        }
    }

    /// Marks a change that touches windows from the one of `instant` on.
    fn touch(&mut self, instant: Timestamp) {
        let pending = self
            .pending_from
            .get()
            .map_or(instant, |from| from.min(instant));
        self.pending_from = Some(pending).into();
        self.is_dirty = true;
    }
}

/// What the failure rules see of a line.
pub(super) fn axes(
    segments: &[Segment],
) -> impl Iterator<Item = (Timestamp, Timestamp, crate::timeline::Axis)> {
    segments
        .iter()
        .map(|segment| (segment.start, segment.end, segment.state.axis()))
}
