//! The ledger of one charge point at one station: what can still change, and a carry-in for the rest.
//!
//! Everything before the horizon (the start of the oldest window that is not final) is folded:
//! last mark, start of the unknown run, failures, largest session end, presence.

use std::collections::BTreeSet;

use super::copies::{Novelty, Writing};
use super::directory::{Change, Directory, Version};
use super::emission::{Decision, EpisodeLog, WindowLog};
use super::failures::{Failure, FailureTrace, failures};
use super::hour::Hour;
use super::presence::{Occurrence, Presence, Spans};
use super::sessions::{SessionKey, Sessions, count};
use super::statuses::Statuses;
use crate::policy::Policy;
use crate::status::StatusPayload;
use crate::time::Timestamp;
use crate::timeline::{Line, Mark, MarkKind, Segment};
use crate::window::Window;

/// What is kept of all that is final.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Carry {
    /// All before it is folded; none before the first fold.
    pub(super) horizon: Option<Timestamp>,
    /// Last winner or withdrawal before the horizon.
    pub(super) mark: Option<Mark>,
    /// Start of the unknown run that reaches the horizon.
    pub(super) run_start: Option<Timestamp>,
    /// How failures stood at the horizon.
    pub(super) trace: FailureTrace,
    /// The presence at the horizon.
    pub(super) presence: Presence,
}

/// All that is known of one charge point at one station.
#[derive(Debug, Default)]
pub(super) struct ChargePointLedger {
    pub(super) carry: Carry,
    pub(super) statuses: Statuses,
    pub(super) withdrawals: BTreeSet<Timestamp>,
    pub(super) sessions: Sessions,
    pub(super) directory: Directory,
    pub(super) windows: WindowLog,
    pub(super) episodes: EpisodeLog,
    /// Earliest instant that a change not yet decided touches.
    pub(super) pending_from: Option<Timestamp>,
    /// Whether it differs from what was drained last. Not part of the state.
    pub(super) is_dirty: bool,
}

/// A ledger as it stands at a cut.
#[derive(Debug)]
pub(super) struct View {
    pub(super) segments: Vec<Segment>,
    pub(super) failures: Vec<Failure>,
    /// The hours for which it has records.
    pub(super) spans: Spans,
    /// One per window asked for; none where the charge point has no record.
    pub(super) hours: Vec<Option<Hour>>,
}

impl ChargePointLedger {
    /// Whether an event at `instant` can change nothing any more.
    pub(super) fn is_folded(&self, instant: Timestamp) -> bool {
        self.carry.horizon.is_some_and(|horizon| instant < horizon)
    }

    /// Whether there is nothing to decide, fold or draw.
    pub(super) fn is_idle(&self) -> bool {
        self.carry.presence != Presence::Present
            && self.statuses.0.is_empty()
            && self.withdrawals.is_empty()
            && self.sessions.identities.is_empty()
            && self.windows.0.is_empty()
            && self.episodes.0.is_empty()
    }

    /// Applies a status whose window is not final.
    pub(super) fn observe_status(
        &mut self,
        event_time: Timestamp,
        payload: StatusPayload,
        writing: Writing,
    ) -> Novelty {
        self.touch(event_time);
        self.statuses.observe(event_time, payload, writing)
    }

    /// Applies a session whose window is not final.
    pub(super) fn observe_session(
        &mut self,
        key: SessionKey,
        energy_wh: i64,
        writing: Writing,
    ) -> Novelty {
        self.touch(key.0);
        self.sessions.observe(key, energy_wh, writing)
    }

    /// Applies a version of the directory entry.
    pub(super) fn register(&mut self, version: Version) {
        self.is_dirty |= self.directory.advance(version.change);
        if let Some(from) = self.directory.register(version, self.carry.horizon) {
            self.touch(from);
        }
    }

    /// Applies a withdrawal. One older than the horizon acts at the horizon, once.
    pub(super) fn withdraw(&mut self, at: Timestamp, change: Change) {
        let is_newer = self.directory.advance(change);
        self.is_dirty |= is_newer;
        let at = match self.carry.horizon {
            Some(horizon) if at < horizon => {
                if !is_newer {
                    return;
                }
                horizon
            }
            Some(_) | None => at,
        };
        if self.withdrawals.insert(at) {
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

    /// The ledger at a cut: its line, its failures and its hours in `targets`.
    pub(super) fn view(&self, targets: &[Window], decision: &Decision<'_>) -> View {
        if self.is_idle() {
            return View {
                segments: Vec::new(),
                failures: Vec::new(),
                spans: Spans::of(self.carry.presence, Vec::new()),
                hours: vec![None; targets.len()],
            };
        }
        let policy = decision.policy;
        let marks = self.marks();
        let from = self.start(decision);
        let line = Line::draw(&marks, (from, decision.cut), self.carry.run_start, policy);
        let segments = line.segments;
        let failures = failures(&self.carry.trace, axes(&segments));
        let spans = Spans::of(self.carry.presence, self.occurrences());
        let judged = self.sessions.judge(&self.directory, policy);
        let hour = |&window: &Window| {
            let is_recorded = spans.holds(window) || self.windows.holds(window);
            is_recorded.then(|| {
                let dimensions = self.directory.dimensions(window.start());
                let mut hour = Hour::of(window, (&segments, &failures), dimensions, decision);
                let to = decision.covered_end(window);
                self.statuses.count(window, to, policy, &mut hour.vector);
                count(&judged, (window.start(), to), policy, &mut hour.vector);
                hour
            })
        };
        let hours = targets.iter().map(hour).collect();
        View {
            segments,
            failures,
            spans,
            hours,
        }
    }

    /// Ends a cut: folds what is final, and keeps as pending only what lies after the cut.
    pub(super) fn settle(&mut self, decision: &Decision<'_>) {
        let next_status = self.statuses.0.range(decision.cut..).next();
        let next_withdrawal = self.withdrawals.range(decision.cut..).next();
        let nexts = next_status.map(|(at, _)| at).into_iter();
        let pending_from = nexts.chain(next_withdrawal).min().copied();
        self.is_dirty |= self.pending_from != pending_from;
        self.pending_from = pending_from;
        let horizon = decision.horizon();
        let is_folded = self.carry.horizon.is_some_and(|last| last >= horizon);
        if !is_folded && !self.is_idle() {
            self.fold(horizon, decision);
            self.is_dirty = true;
        }
    }

    fn fold(&mut self, horizon: Timestamp, decision: &Decision<'_>) {
        let from = self.start(decision);
        let later_statuses = self.statuses.0.split_off(&horizon);
        let later_withdrawals = self.withdrawals.split_off(&horizon);
        let later_sessions = self
            .sessions
            .identities
            .split_off(&(horizon, Timestamp::MIN));
        let marks = self.marks();
        let line = Line::draw(
            &marks,
            (from, horizon),
            self.carry.run_start,
            decision.policy,
        );
        for (start, end, axis) in axes(&line.segments) {
            let _ended = self.carry.trace.follow(start, end, axis);
        }
        if let Some(open) = &mut self.carry.trace.open {
            let opened_at = open.opened_at;
            open.dimensions
                .get_or_insert_with(|| self.directory.dimensions(opened_at));
        }
        self.carry.presence = Spans::of(self.carry.presence, self.occurrences()).last;
        self.carry.mark = marks.last().copied();
        self.carry.run_start = line.run_start;
        self.carry.horizon = Some(horizon);
        self.sessions.fold();
        self.sessions.identities = later_sessions;
        self.statuses.0 = later_statuses;
        self.withdrawals = later_withdrawals;
        self.directory.prune(horizon);
        self.episodes.fold(horizon);
    }

    /// Where the line starts: all before it is folded, or empty.
    fn start(&self, decision: &Decision<'_>) -> Timestamp {
        self.carry
            .horizon
            .unwrap_or_else(|| decision.first_window().start())
    }

    /// The last mark before the horizon, and all winners and withdrawals since, one per instant.
    fn marks(&self) -> Vec<Mark> {
        let mut marks: Vec<_> = self.carry.mark.into_iter().collect();
        marks.extend(self.statuses.winners());
        if !self.withdrawals.is_empty() {
            let withdrawal = |&at: &Timestamp| Mark {
                at,
                kind: MarkKind::Withdrawal,
            };
            marks.extend(self.withdrawals.iter().map(withdrawal));
            marks.sort_unstable_by(|a, b| b.cmp(a));
            marks.dedup_by_key(|mark| mark.at);
            marks.reverse();
        }
        marks
    }

    /// All that decides for which hours there is a record.
    fn occurrences(&self) -> Vec<(Timestamp, Occurrence)> {
        let statuses = self.statuses.0.keys();
        if self.withdrawals.is_empty() {
            let status = statuses.copied().next();
            let session = self.sessions.identities.keys().next();
            let status = status.map(|at| (at, Occurrence::Status));
            let session = session.map(|&(at, _)| (at, Occurrence::Session));
            return status.into_iter().chain(session).collect();
        }
        let sessions = self.sessions.identities.keys();
        let statuses = statuses.map(|&at| (at, Occurrence::Status));
        let sessions = sessions.map(|&(at, _)| (at, Occurrence::Session));
        let withdrawals = self.withdrawals.iter();
        let withdrawals = withdrawals.map(|&at| (at, Occurrence::Withdrawal));
        statuses.chain(sessions).chain(withdrawals).collect()
    }

    /// Marks a change that touches windows from the one of `instant` on.
    fn touch(&mut self, instant: Timestamp) {
        let pending = self.pending_from.map_or(instant, |from| from.min(instant));
        self.pending_from = Some(pending);
        self.is_dirty = true;
    }
}

fn axes(
    segments: &[Segment],
) -> impl Iterator<Item = (Timestamp, Timestamp, crate::timeline::Axis)> {
    segments
        .iter()
        .map(|segment| (segment.start, segment.end, segment.state.axis()))
}
