//! The topics that the sink reads, and the table that each one feeds.

use domain::contract;

/// A topic of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The directory.
    ChargePoint,
    /// Statuses and ticks.
    ChargePointStatus,
    /// Sessions and ticks.
    ChargeSession,
    /// Hours of charge points.
    ChargePointIndicator,
    /// Hours of stations.
    StationIndicator,
    /// Episodes.
    FailureEpisode,
    /// Records that could not be processed.
    DeadLetter,
    /// Events after the final revision of their hour.
    LateEvent,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ChargePoint,
        Self::ChargePointStatus,
        Self::ChargeSession,
        Self::ChargePointIndicator,
        Self::StationIndicator,
        Self::FailureEpisode,
        Self::DeadLetter,
        Self::LateEvent,
    ];

    /// The name in Kafka.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ChargePoint => contract::CHARGE_POINT.topic,
            Self::ChargePointStatus => contract::CHARGE_POINT_STATUS.topic,
            Self::ChargeSession => contract::CHARGE_SESSION.topic,
            Self::ChargePointIndicator => contract::CHARGE_POINT_INDICATOR.topic,
            Self::StationIndicator => contract::STATION_INDICATOR.topic,
            Self::FailureEpisode => contract::FAILURE_EPISODE.topic,
            Self::DeadLetter => contract::DEAD_LETTER_TOPIC,
            Self::LateEvent => contract::LATE_EVENT_TOPIC,
        }
    }

    /// The table in ClickHouse.
    pub const fn table(self) -> &'static str {
        match self {
            Self::ChargePoint => "charge_point",
            Self::ChargePointStatus => "charge_point_status",
            Self::ChargeSession => "charge_session",
            Self::ChargePointIndicator => "charge_point_hour",
            Self::StationIndicator => "station_hour",
            Self::FailureEpisode => "failure_episode",
            Self::DeadLetter | Self::LateEvent => "rejected_event",
        }
    }

    /// The topic with this name in Kafka.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.name() == name)
    }

    /// What a record without a value is.
    pub const fn null(self) -> Null {
        match self {
            Self::ChargePointStatus | Self::ChargeSession => Null::Tick,
            Self::ChargePoint
            | Self::ChargePointIndicator
            | Self::StationIndicator
            | Self::FailureEpisode
            | Self::DeadLetter
            | Self::LateEvent => Null::Tombstone,
        }
    }
}

/// What a record without a value is: counted, never a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Null {
    /// It carries the clock only.
    Tick,
    /// It deletes its key from a compacted topic; the archive keeps what it has.
    Tombstone,
}

#[cfg(test)]
mod tests {
    use super::Topic;

    #[test]
    fn every_topic_is_found_by_its_name() {
        for topic in Topic::ALL {
            assert_eq!(Topic::named(topic.name()), Some(topic));
        }
        assert_eq!(Topic::named("stream-processor-state-changelog"), None);
    }
}
