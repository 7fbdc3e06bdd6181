//! The ledger of one station: its charge points, and what only the station can tell.
//!
//! A station has a record for every window for which one of its charge points has. Its episodes
//! follow the Kleene OR of its charge points instead of winners.

use super::arena::Arena;
use super::charge_point_ledger::ChargePointLedger;
use super::episode_log::EpisodeLog;
use super::failures::FailureTrace;
use super::window_log::WindowLog;
use crate::policy::Policy;
use crate::time::Timestamp;

/// What a station's own records need: kept beside its charge points.
#[derive(Debug, Default)]
pub(super) struct StationBook {
    /// All before it is folded into the trace; none before the first fold.
    pub(super) horizon: Option<Timestamp>,
    /// How failures of the station stood at the horizon.
    pub(super) trace: FailureTrace,
    pub(super) windows: WindowLog,
    pub(super) episodes: EpisodeLog,
    /// Whether it differs from what was drained last. Not part of the state.
    pub(super) is_dirty: bool,
}

/// All that is known of one station.
#[derive(Debug, Default)]
pub(super) struct StationLedger {
    /// The numbers of its charge points, in the order of their ids.
    pub(super) members: Vec<u32>,
    pub(super) book: StationBook,
}

impl StationLedger {
    /// Earliest instant that a change not yet decided touches.
    pub(super) fn pending_from(
        &self,
        charge_points: &Arena<ChargePointLedger>,
    ) -> Option<Timestamp> {
        let ledgers = self.members.iter().map(|&number| charge_points.get(number));
        ledgers.filter_map(|ledger| ledger.pending_from.get()).min()
    }

    /// The next instant, at or after `from`, at which silence makes one of its charge points
    /// inactive: it can change the Kleene OR without any event.
    pub(super) fn silent_at(
        &self,
        from: Timestamp,
        charge_points: &Arena<ChargePointLedger>,
        policy: &Policy,
    ) -> Option<Timestamp> {
        let ledgers = self.members.iter().map(|&number| charge_points.get(number));
        let instants = ledgers.filter_map(|ledger| ledger.silent_at(policy));
        instants.filter(|&at| at >= from).min()
    }
}
