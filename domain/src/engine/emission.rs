//! What has been emitted, and what must be emitted now: phases, revisions, versions (chapter 9).
//!
//! Of an emitted record only phase, revision and a digest of the content are kept, and only while
//! it can still change.

use std::collections::BTreeMap;

use super::failures::Failure;
use crate::indicator::{Emission, Phase};
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::window::Window;

/// A cut being taken, and under which rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decision<'a> {
    pub(super) policy: &'a Policy,
    pub(super) cut: Timestamp,
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

    /// Whether some window closes or becomes final at this cut.
    pub(super) fn closes_or_finishes(&self) -> bool {
        [self.policy.close_grace, self.policy.late_limit]
            .into_iter()
            .any(|delay| {
                let end = self.cut - delay;
                end == end.floor(Window::LENGTH)
            })
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

/// FNV-1a, 64 bits, over little-endian integers and text: the same on every machine and version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Digest(u64);

impl Digest {
    pub(super) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self
    }

    pub(super) fn integers(self, values: &[i64]) -> Self {
        values
            .iter()
            .fold(self, |digest, value| digest.bytes(&value.to_le_bytes()))
    }

    pub(super) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes()).bytes(&[0xff])
    }

    pub(super) const fn value(self) -> i64 {
        self.0.cast_signed()
    }
}

/// The last record emitted for a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EmittedWindow {
    pub(super) phase: Phase,
    pub(super) revision: i32,
    pub(super) digest: i64,
}

/// The emitted records of an entity's windows that are not final.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct WindowLog(pub(super) BTreeMap<Window, EmittedWindow>);

impl WindowLog {
    /// Whether a record of `window` has been emitted and can still change.
    pub(super) fn holds(&self, window: Window) -> bool {
        self.0.contains_key(&window)
    }

    /// Decides whether the content with `digest` is emitted, and notes it.
    pub(super) fn emit(
        &mut self,
        window: Window,
        digest: i64,
        decision: &Decision<'_>,
    ) -> Option<Emission> {
        let last = self.0.get(&window);
        let differs = last.is_none_or(|last| last.digest != digest);
        let was_closed = last.is_some_and(|last| last.phase != Phase::Provisional);
        let (phase, is_due) = match decision.phase(window) {
            Phase::Provisional => (Phase::Provisional, decision.has_provisional && differs),
            Phase::Closed | Phase::Corrected if was_closed => (Phase::Corrected, differs),
            Phase::Closed | Phase::Corrected => (Phase::Closed, true),
            Phase::Final => (Phase::Final, true),
        };
        if !is_due {
            return None;
        }
        let revision = last.map_or(0, |last| last.revision + 1);
        if phase == Phase::Final {
            self.0.remove(&window);
        } else {
            let emitted = EmittedWindow {
                phase,
                revision,
                digest,
            };
            self.0.insert(window, emitted);
        }
        Some(Emission {
            phase,
            revision,
            version: decision.cut,
            computed_at: decision.cut,
        })
    }
}

/// The last record emitted for an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EmittedEpisode {
    pub(super) closed_at: Option<Timestamp>,
    pub(super) is_retracted: bool,
    pub(super) revision: i32,
    pub(super) digest: i64,
}

/// The emitted records of an entity's episodes that can still change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct EpisodeLog(pub(super) BTreeMap<Timestamp, EmittedEpisode>);

impl EpisodeLog {
    /// Decides whether an episode that stands is emitted, and notes it: its revision.
    pub(super) fn emit(&mut self, failure: &Failure, digest: i64) -> Option<i32> {
        let last = self.0.get(&failure.opened_at);
        let is_due = last.is_none_or(|last| last.is_retracted || last.digest != digest);
        let revision = last.map_or(0, |last| last.revision + 1);
        is_due.then(|| {
            let emitted = EmittedEpisode {
                closed_at: failure.closed_at(),
                is_retracted: false,
                revision,
                digest,
            };
            self.0.insert(failure.opened_at, emitted);
            revision
        })
    }

    /// Notes that every emitted episode that is not among `standing` is retracted: opening and
    /// revision of each.
    pub(super) fn retract(&mut self, standing: &[Failure]) -> Vec<(Timestamp, i32)> {
        let mut retracted = Vec::new();
        for (&opened_at, last) in &mut self.0 {
            let stands = standing.iter().any(|each| each.opened_at == opened_at);
            if !stands && !last.is_retracted {
                last.revision += 1;
                last.is_retracted = true;
                last.closed_at = None;
                retracted.push((opened_at, last.revision));
            }
        }
        retracted
    }

    /// Forgets what cannot change any more: ended or retracted before the horizon.
    pub(super) fn fold(&mut self, horizon: Timestamp) {
        self.0.retain(|&opened_at, last| {
            let last_change = if last.is_retracted {
                Some(opened_at)
            } else {
                last.closed_at
            };
            last_change.is_none_or(|at| at >= horizon)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phases(cuts_and_digests: &[(i64, i64)]) -> Vec<(Phase, i32)> {
        let policy = Policy::qc_1();
        let mut log = WindowLog::default();
        let window = Window::of(Timestamp::from_ms(0));
        let emit = |&(minutes, digest): &(i64, i64)| {
            let decision = Decision {
                policy: &policy,
                cut: Timestamp::from_ms(minutes * 60_000),
                has_provisional: true,
            };
            log.emit(window, digest, &decision)
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
    fn the_digest_is_fnv_1a() {
        assert_eq!(Digest::new().bytes(b"a").0, 0xaf63_dc4c_8601_ec8c);
    }
}
