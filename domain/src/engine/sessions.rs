//! The sessions of one charge point, and which of them are flagged (chapters 4 and 10).

use thin_vec::ThinVec;

use super::copies::{Copies, Novelty, Writing};
use super::directory::Directory;
use super::maybe_instant::MaybeInstant;
use super::shelf::Shelves;
use crate::indicator::Vector;
use crate::policy::Policy;
use crate::quality::session::SessionFacts;
use crate::time::{Span, Timestamp};
use crate::window::Window;

/// Start and end: what identifies a session of a charge point, in the order that decides overlaps.
pub(super) type SessionKey = (Timestamp, Timestamp);

/// All records of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) key: SessionKey,
    pub(super) copies: Copies<i64>,
}

/// The sessions that start from the horizon on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Sessions {
    /// By start and end.
    pub(super) identities: ThinVec<Identity>,
    /// Largest end of the sessions before the horizon.
    pub(super) largest_end: MaybeInstant,
}

/// One distinct session, judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) start: Timestamp,
    duration: Span,
    energy_wh: i64,
    further_records: i64,
    is_flagged: bool,
}

impl Sessions {
    /// Applies one record: at once when it is the last, else after a binary search.
    pub(super) fn observe(
        &mut self,
        key: SessionKey,
        energy_wh: i64,
        writing: Writing,
        shelves: &mut Shelves,
    ) -> Novelty {
        let all = &mut self.identities;
        let index = match all.last() {
            Some(last) if key <= last.key => all.partition_point(|known| known.key < key),
            Some(_) | None => all.len(),
        };
        if let Some(known) = all.get_mut(index).filter(|known| known.key == key) {
            return known.copies.observe(key.0, energy_wh, writing);
        }
        shelves.sessions.make_room(all);
        let copies = Copies::new(key.0, energy_wh, writing);
        all.insert(index, Identity { key, copies });
        Novelty::Identity
    }

    /// Whether no session that starts later stands, or a record of this one has been applied.
    pub(super) fn is_last_or_known(&self, key: SessionKey) -> bool {
        let all = &self.identities;
        all.last().is_none_or(|last| last.key <= key)
            || all.binary_search_by_key(&key, |known| known.key).is_ok()
    }

    /// Writes down every distinct session in the order (start, end), flagged or not.
    pub(super) fn judge(&self, directory: &Directory, policy: &Policy, judged: &mut Vec<Judged>) {
        judged.clear();
        let mut largest_end = self.largest_end.get();
        for identity in &self.identities {
            let (start, end) = identity.key;
            let energy_wh = identity.copies.winner();
            let duration = end - start;
            let overlaps = largest_end.is_some_and(|earlier| start < earlier);
            let power_w = directory
                .in_force(Window::of(start).start())
                .map_or(0, |dimensions| dimensions.power_w);
            let facts = SessionFacts {
                duration,
                energy_wh,
                power_w,
            };
            judged.push(Judged {
                start,
                duration,
                energy_wh,
                further_records: identity.copies.records() - 1,
                is_flagged: overlaps || facts.is_flagged(policy),
            });
            largest_end = largest_end.max(Some(end));
        }
    }

    /// Folds the sessions that start before the horizon into the carry-in.
    pub(super) fn fold(&mut self, horizon: Timestamp, shelves: &mut Shelves) {
        let folded = self
            .identities
            .partition_point(|identity| identity.key.0 < horizon);
        let ends = self
            .identities
            .drain(..folded)
            .map(|known| Some(known.key.1));
        self.largest_end = ends.fold(self.largest_end.get(), Ord::max).into();
        shelves.sessions.take_back(&mut self.identities);
    }
}

/// Adds the sessions that start in `[from, to)`.
pub(super) fn count(
    judged: &[Judged],
    (from, to): (Timestamp, Timestamp),
    policy: &Policy,
    vector: &mut Vector,
) {
    let first = judged.partition_point(|session| session.start < from);
    let rest = judged.get(first..).unwrap_or_default().iter();
    for session in rest.take_while(|session| session.start < to) {
        vector.sessions += 1;
        vector.duplicate_sessions += session.further_records;
        if session.is_flagged {
            vector.flagged_sessions += 1;
            vector.flagged_energy_wh += session.energy_wh;
        } else {
            let has_energy = session.energy_wh > policy.success_energy_wh;
            let lasts = |limit: Span| i64::from(has_energy && session.duration > limit);
            vector.successful_sessions_2min += lasts(policy.success_short);
            vector.successful_sessions_3min += lasts(policy.success_long);
            vector.session_ms += session.duration.as_ms();
            vector.energy_wh += session.energy_wh;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(sessions: &[(i64, i64)]) -> Vec<bool> {
        let mut all = Sessions::default();
        for &(start, end) in sessions {
            let at = Timestamp::from_ms;
            let writing = Writing {
                received_at: at(end),
                offset: 0,
            };
            let key = (at(start), at(end));
            let _first = all.observe(key, 0, writing, &mut Shelves::default());
        }
        let mut judged = Vec::new();
        all.judge(&Directory::default(), &Policy::qc_1(), &mut judged);
        judged.iter().map(|session| session.is_flagged).collect()
    }

    #[test]
    fn an_overlap_is_seen_behind_a_shorter_session() {
        assert_eq!(flags(&[(0, 100), (10, 20), (50, 60)]), [false, true, true]);
        assert_eq!(flags(&[(0, 10), (10, 20)]), [false, false]);
        assert_eq!(flags(&[(0, 10), (0, 20)]), [false, true]);
    }
    #[test]
    fn sessions_that_are_folded_leave_their_room_and_the_largest_end() {
        let mut all = Sessions::default();
        let mut shelves = Shelves::default();
        let at = Timestamp::from_ms;
        for (start, end) in [(0, 90), (10, 20), (30, 40), (50, 60)] {
            let writing = Writing {
                received_at: at(end),
                offset: 0,
            };
            let _first = all.observe((at(start), at(end)), 0, writing, &mut shelves);
        }
        assert_eq!(all.identities.capacity(), 4);
        all.fold(at(50), &mut shelves);
        assert_eq!((all.identities.len(), all.identities.capacity()), (1, 1));
        all.fold(at(51), &mut shelves);
        assert_eq!(all.identities.capacity(), 0);
        assert_eq!(all.largest_end.get(), Some(at(90)));
    }
}
