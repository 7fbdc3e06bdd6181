//! What has been emitted of an entity's episodes, as far as it can still change (chapter 6).
//!
//! Of a record only its end, revision and a digest of the content are kept.

use thin_vec::ThinVec;

use super::failures::Failure;
use crate::time::Timestamp;

/// The last record emitted for an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EmittedEpisode {
    pub(super) opened_at: Timestamp,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) is_retracted: bool,
    pub(super) revision: i32,
    pub(super) digest: i64,
}

/// The emitted records of an entity's episodes that can still change, by opening.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct EpisodeLog(pub(super) ThinVec<EmittedEpisode>);

impl EpisodeLog {
    /// Decides whether an episode that stands is emitted, and notes it: its revision.
    pub(super) fn emit(&mut self, failure: &Failure, digest: i64) -> Option<i32> {
        let emitted = |revision| EmittedEpisode {
            opened_at: failure.opened_at,
            closed_at: failure.closed_at(),
            is_retracted: false,
            revision,
            digest,
        };
        let index = self
            .0
            .partition_point(|known| known.opened_at < failure.opened_at);
        let last = self.0.get_mut(index);
        let Some(last) = last.filter(|last| last.opened_at == failure.opened_at) else {
            self.0.reserve_exact(1);
            self.0.insert(index, emitted(0));
            return Some(0);
        };
        let is_due = last.is_retracted || last.digest != digest;
        is_due.then(|| {
            *last = emitted(last.revision + 1);
            last.revision
        })
    }

    /// Notes that every emitted episode that is not among `standing` is retracted: opening and
    /// revision of each.
    pub(super) fn retract(&mut self, standing: &[Failure]) -> Vec<(Timestamp, i32)> {
        let mut retracted = Vec::new();
        for last in &mut self.0 {
            let stands = standing.iter().any(|each| each.opened_at == last.opened_at);
            if !stands && !last.is_retracted {
                last.revision += 1;
                last.is_retracted = true;
                last.closed_at = None;
                retracted.push((last.opened_at, last.revision));
            }
        }
        retracted
    }

    /// Forgets what cannot change any more, ended or retracted before the horizon; whether there was
    /// anything.
    pub(super) fn fold(&mut self, horizon: Timestamp) -> bool {
        let before = self.0.len();
        self.0.retain(|last| {
            let last_change = if last.is_retracted {
                Some(last.opened_at)
            } else {
                last.closed_at
            };
            last_change.is_none_or(|at| at >= horizon)
        });
        if self.0.is_empty() {
            self.0 = ThinVec::new();
        }
        self.0.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::episode::{EpisodeFlags, EpisodeOutcome};

    #[test]
    fn an_episode_that_can_no_longer_change_leaves_no_room() {
        let at = Timestamp::from_ms;
        let mut log = EpisodeLog::default();
        for opened_at in [10, 20] {
            let failure = Failure {
                opened_at: at(opened_at),
                flags: EpisodeFlags::default(),
                outcome: EpisodeOutcome::Open,
                end: None,
                dimensions: None,
            };
            assert_eq!(log.emit(&failure, 1), Some(0));
        }
        assert_eq!(log.retract(&[]).len(), 2);
        assert!(log.fold(at(20)));
        assert_eq!(log.0.len(), 1, "one of the horizon can change");
        assert!(log.fold(at(21)) && !log.fold(at(22)));
        assert_eq!(log.0.capacity(), 0);
    }
}
