//! The contracts: which topic carries which schema, and how it may change.

/// How a new version of a schema must relate to all earlier ones (Confluent's names).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compatibility {
    /// Readers of the new version read everything written before.
    BackwardTransitive,
    /// Old and new read each other.
    FullTransitive,
}

impl Compatibility {
    /// The level's name in the registry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BackwardTransitive => "BACKWARD_TRANSITIVE",
            Self::FullTransitive => "FULL_TRANSITIVE",
        }
    }
}

/// What a topic's values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// The topic.
    pub topic: &'static str,
    /// The registry's subject: `<topic>-value`.
    pub subject: &'static str,
    /// The Avro schema, JSON.
    pub schema: &'static str,
    /// How it may change.
    pub compatibility: Compatibility,
}

/// The directory: [`crate::ChargePoint`].
pub const CHARGE_POINT: Contract = Contract {
    topic: "charge-point",
    subject: "charge-point-value",
    schema: include_str!("../../schemas/charge-point-value.avsc"),
    compatibility: Compatibility::BackwardTransitive,
};

/// Statuses and ticks: [`crate::ChargePointStatus`].
pub const CHARGE_POINT_STATUS: Contract = Contract {
    topic: "charge-point-status",
    subject: "charge-point-status-value",
    schema: include_str!("../../schemas/charge-point-status-value.avsc"),
    compatibility: Compatibility::BackwardTransitive,
};

/// Sessions and ticks: [`crate::ChargeSession`].
pub const CHARGE_SESSION: Contract = Contract {
    topic: "charge-session",
    subject: "charge-session-value",
    schema: include_str!("../../schemas/charge-session-value.avsc"),
    compatibility: Compatibility::BackwardTransitive,
};

/// Hours of charge points: [`crate::ChargePointIndicator`].
pub const CHARGE_POINT_INDICATOR: Contract = Contract {
    topic: "charge-point-indicator",
    subject: "charge-point-indicator-value",
    schema: include_str!("../../schemas/charge-point-indicator-value.avsc"),
    compatibility: Compatibility::FullTransitive,
};

/// Hours of stations: [`crate::StationIndicator`].
pub const STATION_INDICATOR: Contract = Contract {
    topic: "station-indicator",
    subject: "station-indicator-value",
    schema: include_str!("../../schemas/station-indicator-value.avsc"),
    compatibility: Compatibility::FullTransitive,
};

/// Episodes: [`crate::FailureEpisode`].
pub const FAILURE_EPISODE: Contract = Contract {
    topic: "failure-episode",
    subject: "failure-episode-value",
    schema: include_str!("../../schemas/failure-episode-value.avsc"),
    compatibility: Compatibility::FullTransitive,
};

/// The processor's state: the engine's [`crate::engine::StateRecord`]s, and [`crate::position`].
pub const STATE_CHANGELOG: Contract = Contract {
    topic: "stream-processor-state-changelog",
    subject: "stream-processor-state-changelog-value",
    schema: include_str!("../../schemas/stream-processor-state-changelog-value.avsc"),
    compatibility: Compatibility::BackwardTransitive,
};

/// All contracts with a schema.
pub const CONTRACTS: [Contract; 7] = [
    CHARGE_POINT,
    CHARGE_POINT_STATUS,
    CHARGE_SESSION,
    CHARGE_POINT_INDICATOR,
    STATION_INDICATOR,
    FAILURE_EPISODE,
    STATE_CHANGELOG,
];

/// Events after the final revision: original bytes and headers, no schema.
pub const LATE_EVENT_TOPIC: &str = "late-event";

/// Records that could not be processed: original bytes and headers, no schema.
pub const DEAD_LETTER_TOPIC: &str = "dead-letter";

/// The header that names the gateway of a tick. A tick has a null key and a null value.
pub const TICK_HEADER: &str = "tick";
