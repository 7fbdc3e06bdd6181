//! The directory entry of a charge point, as far as figures need it: versions of power and place.
//!
//! In force at an instant is the last version received by then, else the first known. Versions
//! that no open window can see are dropped.

use super::failures::Dimensions;
use super::maybe_instant::MaybeInstant;
use crate::time::Timestamp;

/// Which change of the directory this is: instant, then revision. They grow along the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Change {
    pub(super) at: Timestamp,
    pub(super) revision: i64,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) change: Change,
    pub(super) dimensions: Dimensions,
}

/// The versions of one entry, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Directory {
    pub(super) versions: Vec<Version>,
    /// When the latest change applied was, and its revision.
    pub(super) latest_at: MaybeInstant,
    pub(super) latest_revision: i64,
    /// When the entry was withdrawn, as the latest version says: versions repeat it, and it acts once.
    pub(super) deleted_at: MaybeInstant,
}

impl Directory {
    /// The version in force at `instant`; none while nothing is known.
    pub(super) fn in_force(&self, instant: Timestamp) -> Option<&Dimensions> {
        let later = self
            .versions
            .partition_point(|version| version.change.at <= instant);
        let index = later.saturating_sub(1);
        self.versions.get(index).map(|version| &version.dimensions)
    }

    /// The version in force at `instant`, or power 0 and an empty municipality.
    pub(super) fn dimensions(&self, instant: Timestamp) -> Dimensions {
        self.in_force(instant).cloned().unwrap_or_default()
    }

    /// The latest change applied.
    pub(super) fn latest(&self) -> Option<Change> {
        let revision = self.latest_revision;
        self.latest_at.get().map(|at| Change { at, revision })
    }

    /// Whether `change` is newer than all before.
    pub(super) fn is_newer(&self, change: Change) -> bool {
        self.latest().is_none_or(|latest| latest < change)
    }

    /// Notes that `change` was applied; whether it is newer than all before.
    pub(super) fn advance(&mut self, change: Change) -> bool {
        let is_newer = self.is_newer(change);
        if is_newer {
            self.latest_at = Some(change.at).into();
            self.latest_revision = change.revision;
        }
        is_newer
    }

    /// The instant from which figures would differ with a version; none if it is known, or if no
    /// window from `horizon` on can see it.
    pub(super) fn would_register(
        &self,
        version: &Version,
        horizon: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let change = version.change;
        let index = self.index_of(change);
        let is_known_or_hidden = self.versions.get(index).is_some_and(|next| {
            next.change == change || horizon.is_some_and(|horizon| next.change.at <= horizon)
        });
        if is_known_or_hidden || self.in_force(change.at) == Some(&version.dimensions) {
            return None;
        }
        match index {
            0 => Some(Timestamp::MIN),
            _ => Some(change.at),
        }
    }

    /// Adds a version, if it changes anything: see [`Self::would_register`].
    pub(super) fn register(
        &mut self,
        version: Version,
        horizon: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let from = self.would_register(&version, horizon)?;
        let index = self.index_of(version.change);
        self.versions.reserve_exact(1);
        self.versions.insert(index, version);
        Some(from)
    }

    fn index_of(&self, change: Change) -> usize {
        self.versions.partition_point(|v| v.change < change)
    }

    /// Drops what no window from `horizon` on can see; whether there was anything.
    pub(super) fn prune(&mut self, horizon: Timestamp) -> bool {
        let later = self.versions.partition_point(|v| v.change.at <= horizon);
        self.versions.drain(..later.saturating_sub(1)).len() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(at: i64, power_w: i64) -> Version {
        Version {
            change: Change {
                at: Timestamp::from_ms(at),
                revision: 1,
            },
            dimensions: Dimensions {
                power_w,
                ..Dimensions::default()
            },
        }
    }

    #[test]
    fn in_force_is_the_last_version_received_by_then_else_the_first_known() {
        let mut directory = Directory::default();
        let from_the_start = Some(Timestamp::MIN);
        assert_eq!(directory.register(version(10, 22), None), from_the_start);
        assert_eq!(
            directory.register(version(20, 50), None),
            Some(Timestamp::from_ms(20))
        );
        assert_eq!(
            directory.register(version(20, 50), None),
            None,
            "read again"
        );
        let power =
            |directory: &Directory, at| directory.dimensions(Timestamp::from_ms(at)).power_w;
        assert_eq!(
            [5, 10, 19, 20].map(|at| power(&directory, at)),
            [22, 22, 22, 50]
        );
        let horizon = Timestamp::from_ms(25);
        assert!(directory.prune(horizon));
        assert_eq!(directory.register(version(10, 22), Some(horizon)), None);
        assert_eq!((directory.versions.len(), power(&directory, 25)), (1, 50));
    }
}
