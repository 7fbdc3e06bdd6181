//! The failure episode: one failure of a charge point or a station, from its opening to its end.

use smol_str::SmolStr;

use crate::id::{ChargePointId, StationId};
use crate::time::Timestamp;

/// What failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityType {
    /// One charge point.
    ChargePoint,
    /// A station: none of its charge points was up, and none unknown.
    Station,
}

impl EntityType {
    /// All values, in the order of the schema.
    pub const ALL: [Self; 2] = [Self::ChargePoint, Self::Station];

    /// The symbol of the schema.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::ChargePoint => "charge_point",
            Self::Station => "station",
        }
    }
}

/// How an episode stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EpisodeOutcome {
    /// Not ended yet.
    Open,
    /// Ended by a return to service (*remise en service*).
    Returned,
    /// Ended by a withdrawal (*décommissionnement*).
    Withdrawn,
    /// A late status moved its opening or removed it: this key no longer stands.
    Retracted,
}

impl EpisodeOutcome {
    /// All values, in the order of the schema.
    pub const ALL: [Self; 4] = [Self::Open, Self::Returned, Self::Withdrawn, Self::Retracted];

    /// The symbol of the schema.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Returned => "returned",
            Self::Withdrawn => "withdrawn",
            Self::Retracted => "retracted",
        }
    }
}

/// How an episode ended, and how its time divides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpisodeEnd {
    /// When it ended.
    pub closed_at: Timestamp,
    /// closed − opened, ms.
    pub time_to_return_ms: i64,
    /// Share of it spent down, ms.
    pub out_of_service_ms: i64,
    /// Share of it spent unknown, ms; the rest, if any, is inactive.
    pub unknown_ms: i64,
}

/// What is uncertain about an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EpisodeFlags {
    /// Nothing precedes the opening, or a withdrawal directly does.
    pub left_censored: bool,
    /// Just before the opening the state was unknown, stale, or inactive through silence.
    pub onset_uncertain: bool,
    /// An unknown winner fell inside.
    pub unknown_inside: bool,
}

/// One episode, open or ended, as it travels on topic `failure-episode`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureEpisode {
    /// Id of the policy.
    pub policy: SmolStr,
    /// The station.
    pub station_id: StationId,
    /// The charge point; none for an episode of the station itself.
    pub charge_point_id: Option<ChargePointId>,
    /// Start of the failure.
    pub opened_at: Timestamp,
    /// How it stands.
    pub outcome: EpisodeOutcome,
    /// How it ended; none while it is open. A retracted episode has none.
    pub end: Option<EpisodeEnd>,
    /// What is uncertain about it.
    pub flags: EpisodeFlags,
    /// Municipality in force at the opening; empty when unknown.
    pub code_insee_commune: SmolStr,
    /// Power in force at the opening, W; for a station the sum; 0 when unknown.
    pub power_w: i64,
    /// Number of this emission of the key, from 0, without gaps.
    pub revision: i32,
    /// The cut at which it was emitted.
    pub version: Timestamp,
    /// The processor's clock at the emission.
    pub computed_at: Timestamp,
}

impl FailureEpisode {
    /// What failed.
    pub const fn entity_type(&self) -> EntityType {
        match self.charge_point_id {
            Some(_) => EntityType::ChargePoint,
            None => EntityType::Station,
        }
    }
}
