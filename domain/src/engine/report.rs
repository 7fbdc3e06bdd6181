//! From what stands at a cut to the records that are published.

use super::Output;
use super::decision::Decision;
use super::digest::digest;
use super::episode_log::EpisodeLog;
use super::failures::{Dimensions, Failure};
use super::hour::Hour;
use super::station_hour::StationHour;
use super::window_log::{Emitted, WindowLog};
use crate::episode::{EpisodeEnd, EpisodeFlags, EpisodeOutcome, FailureEpisode};
use crate::id::{ChargePointId, StationId};
use crate::indicator::{ChargePointIndicator, StationIndicator};
use crate::time::Timestamp;
use crate::window::Window;

/// Writes the records of one station and its charge points at one cut.
#[derive(Debug)]
pub(super) struct Reporter<'a, F> {
    pub(super) station_id: &'a StationId,
    pub(super) decision: &'a Decision<'a>,
    pub(super) publish: &'a mut F,
    /// Whether something that has been emitted is to be stored.
    pub(super) is_dirty: bool,
}

/// How the record of a window stands: what was emitted last, and whether the rules make one now.
pub(super) type Standing = (Option<Emitted>, bool);

impl<F: FnMut(Output)> Reporter<'_, F> {
    /// Publishes an hour of a charge point if it is due.
    pub(super) fn hour(
        &mut self,
        charge_point_id: &ChargePointId,
        (window, hour): (Window, &Hour),
        standing: Standing,
        log: &mut WindowLog,
    ) {
        let deciding = (self.decision, &mut self.is_dirty);
        let emission = log.emit(window, standing, deciding, || hour.digest());
        if let Some(emission) = emission {
            (self.publish)(Output::ChargePoint(ChargePointIndicator {
                policy: self.decision.policy_id.clone(),
                station_id: self.station_id.clone(),
                charge_point_id: charge_point_id.clone(),
                window,
                code_insee_commune: hour.dimensions.code_insee_commune.clone(),
                power_w: hour.dimensions.power_w,
                vector: hour.vector,
                state_at_end: hour.state_at_end,
                gauges: hour.gauges,
                emission,
            }));
        }
    }

    /// Publishes an hour of the station if it is due.
    pub(super) fn station_hour(
        &mut self,
        (window, hour): (Window, &StationHour),
        standing: Standing,
        log: &mut WindowLog,
    ) {
        let deciding = (self.decision, &mut self.is_dirty);
        let emission = log.emit(window, standing, deciding, || hour.digest());
        if let Some(emission) = emission {
            (self.publish)(Output::Station(StationIndicator {
                policy: self.decision.policy_id.clone(),
                station_id: self.station_id.clone(),
                window,
                code_insee_commune: hour.dimensions.code_insee_commune.clone(),
                power_w: hour.dimensions.power_w,
                vector: hour.vector,
                charge_points: hour.charge_points,
                sweep: hour.sweep,
                state_at_end: hour.state_at_end,
                gauges: hour.gauges,
                emission,
            }));
        }
    }

    /// Publishes the episodes of a charge point, or of the station (none), that changed.
    /// `place` tells the directory at an opening.
    pub(super) fn episodes(
        &mut self,
        charge_point_id: Option<&ChargePointId>,
        standing: &[Failure],
        place: impl Fn(Timestamp) -> Dimensions,
        log: &mut EpisodeLog,
    ) {
        for (opened_at, revision) in log.retract(standing) {
            let content = EpisodeContent {
                opened_at,
                outcome: EpisodeOutcome::Retracted,
                end: None,
                flags: EpisodeFlags::default(),
                dimensions: place(opened_at),
            };
            self.episode(charge_point_id, &content, revision);
        }
        for failure in standing {
            let dimensions = failure.dimensions.clone();
            let content = EpisodeContent {
                opened_at: failure.opened_at,
                outcome: failure.outcome,
                end: failure.end,
                flags: failure.flags,
                dimensions: dimensions.unwrap_or_else(|| place(failure.opened_at)),
            };
            if let Some(revision) = log.emit(failure, content.digest()) {
                self.episode(charge_point_id, &content, revision);
            }
        }
    }

    fn episode(
        &mut self,
        charge_point_id: Option<&ChargePointId>,
        content: &EpisodeContent,
        revision: i32,
    ) {
        self.is_dirty = true;
        (self.publish)(Output::Episode(FailureEpisode {
            policy: self.decision.policy_id.clone(),
            station_id: self.station_id.clone(),
            charge_point_id: charge_point_id.cloned(),
            opened_at: content.opened_at,
            outcome: content.outcome,
            end: content.end,
            flags: content.flags,
            code_insee_commune: content.dimensions.code_insee_commune.clone(),
            power_w: content.dimensions.power_w,
            revision,
            version: self.decision.cut,
            computed_at: self.decision.cut,
        }));
    }
}

/// What an episode record says, its key and emission apart.
#[derive(Debug)]
struct EpisodeContent {
    opened_at: Timestamp,
    outcome: EpisodeOutcome,
    end: Option<EpisodeEnd>,
    flags: EpisodeFlags,
    dimensions: Dimensions,
}

impl EpisodeContent {
    fn digest(&self) -> i64 {
        let end = self.end.map_or([-1; 4], |end| {
            [
                end.closed_at.as_ms(),
                end.time_to_return_ms,
                end.out_of_service_ms,
                end.unknown_ms,
            ]
        });
        let beside = [
            i64::from(self.outcome as u8),
            self.dimensions.power_w,
            i64::from(self.flags.left_censored),
            i64::from(self.flags.onset_uncertain),
            i64::from(self.flags.unknown_inside),
        ];
        digest([&beside[..], &end], &self.dimensions.code_insee_commune)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_field_of_an_episode_but_its_key_decides_its_digest() {
        let content = |change: &dyn Fn(&mut EpisodeContent)| {
            let mut content = EpisodeContent {
                opened_at: Timestamp::from_ms(0),
                outcome: EpisodeOutcome::Returned,
                end: None,
                flags: EpisodeFlags::default(),
                dimensions: Dimensions::default(),
            };
            change(&mut content);
            content
        };
        let end = |field: usize| {
            let value = |index: usize| i64::from(index == field);
            EpisodeEnd {
                closed_at: Timestamp::from_ms(value(0)),
                time_to_return_ms: value(1),
                out_of_service_ms: value(2),
                unknown_ms: value(3),
            }
        };
        let mut all = vec![
            content(&|_| {}),
            content(&|content| content.outcome = EpisodeOutcome::Withdrawn),
            content(&|content| content.flags.left_censored = true),
            content(&|content| content.flags.onset_uncertain = true),
            content(&|content| content.flags.unknown_inside = true),
            content(&|content| content.dimensions.power_w = 1),
            content(&|content| content.dimensions.code_insee_commune = "75102".into()),
        ];
        all.extend((0..5).map(|field| content(&|content| content.end = Some(end(field)))));
        let digests: BTreeSet<i64> = all.iter().map(EpisodeContent::digest).collect();
        assert_eq!(digests.len(), all.len());
    }
}
