//! Inputs, store and outputs, named by hand, once. `--describe` prints them.
//!
//! Every topic that is joined has the same number of partitions, and a record of a station has the
//! same partition number in each: a task is a partition number, and nothing is repartitioned.

use std::collections::BTreeMap;
use std::fmt;

use domain::contract;

/// Partitions of everything that a task reads or writes under its own number.
pub(crate) const PARTITIONS: i32 = 24;

/// Partitions of `late-event` and `dead-letter`; divides [`PARTITIONS`].
pub(crate) const SET_ASIDE_PARTITIONS: i32 = 6;

/// What a task reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Source {
    /// The directory. It has no ticks and does not move the clock.
    Directory,
    /// Statuses and ticks.
    Status,
    /// Sessions and ticks.
    Session,
    /// The task's own state, while it is restored.
    Changelog,
}

impl Source {
    /// What is read after the restore, in the order in which it is described.
    pub(crate) const INPUTS: [Self; 3] = [Self::Directory, Self::Status, Self::Session];

    /// The topic.
    pub(crate) const fn topic(self) -> &'static str {
        match self {
            Self::Directory => contract::CHARGE_POINT.topic,
            Self::Status => contract::CHARGE_POINT_STATUS.topic,
            Self::Session => contract::CHARGE_SESSION.topic,
            Self::Changelog => contract::STATE_CHANGELOG.topic,
        }
    }

    const fn purpose(self) -> &'static str {
        match self {
            Self::Directory => "directory, read ahead of the events that need it",
            Self::Status => "statuses and ticks; its clock and the sessions' make the task's",
            Self::Session => "sessions and ticks",
            Self::Changelog => "state of the entities, position and fence",
        }
    }
}

/// One partition of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Lane {
    /// The source.
    pub(crate) source: Source,
    /// The partition, which is also the task's number.
    pub(crate) partition: i32,
}

impl fmt::Display for Lane {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.source.topic(), self.partition)
    }
}

/// The outputs under a task's own partition number, and why.
const OUTPUTS: [(&str, &str); 3] = [
    (
        contract::CHARGE_POINT_INDICATOR.topic,
        "hours of charge points, upserts",
    ),
    (
        contract::STATION_INDICATOR.topic,
        "hours of stations, upserts",
    ),
    (contract::FAILURE_EPISODE.topic, "failure episodes, upserts"),
];

/// The outputs for records that were set aside, and why.
const SET_ASIDE: [(&str, &str); 2] = [
    (
        contract::LATE_EVENT_TOPIC,
        "events too late or from the future, original bytes",
    ),
    (
        contract::DEAD_LETTER_TOPIC,
        "records that cannot be read, original bytes",
    ),
];

/// Every topic that is read or written, as the contracts call it.
pub(crate) fn topics() -> Vec<&'static str> {
    let inputs = Source::INPUTS.into_iter().map(Source::topic);
    inputs.chain(written()).collect()
}

/// Every topic that is written, as the contracts call it.
fn written() -> impl Iterator<Item = &'static str> {
    let outputs = OUTPUTS.into_iter().chain(SET_ASIDE).map(|(topic, _)| topic);
    outputs.chain([Source::Changelog.topic()])
}

/// Whether a topic is an input, which is called the same for every application.
pub(crate) fn is_input(topic: &str) -> bool {
    Source::INPUTS.map(Source::topic).contains(&topic)
}

/// What the topics that an application writes are called in Kafka, by the contract's name; one that is
/// not there is not written. Inputs are called as the contract calls them, always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names(BTreeMap<&'static str, String>);

impl Names {
    /// The outputs that everybody reads.
    pub(crate) fn live(application: &str) -> Self {
        let changelog = Source::Changelog.topic();
        let name = |topic: &'static str| {
            let store = topic.strip_prefix("stream-processor");
            match store {
                Some(store) if topic == changelog => (topic, format!("{application}{store}")),
                _ => (topic, topic.to_owned()),
            }
        };
        Self(written().map(name).collect())
    }

    /// Outputs of the application's own.
    pub(crate) fn own(application: &str) -> Self {
        let mut names = Self::live(application).0;
        for (topic, name) in &mut names {
            if topic == name {
                *name = format!("{application}-{topic}");
            }
        }
        Self(names)
    }

    /// The outputs that everybody reads, beside the live application, which sets aside what is to be set
    /// aside.
    pub(crate) fn beside(application: &str) -> Self {
        let mut names = Self::live(application).0;
        for (topic, _) in SET_ASIDE {
            names.remove(topic);
        }
        Self(names)
    }

    /// The name of a topic that is written; none if it is not.
    pub(crate) fn of(&self, topic: &str) -> Option<&str> {
        self.0.get(topic).map(String::as_str)
    }

    /// The name of the topic that a source reads.
    pub(crate) fn read_by(&self, source: Source) -> &str {
        match source {
            Source::Changelog => self.of(source.topic()).unwrap_or(source.topic()),
            Source::Directory | Source::Status | Source::Session => source.topic(),
        }
    }

    /// Contract names of what is written, and the names in Kafka.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(topic, name)| (*topic, name.as_str()))
    }
}

/// The topology as text, one line for each topic.
pub fn describe() -> String {
    let line = |role: &str, topic: &str, partitions: i32, purpose: &str| {
        format!("{role:<10}{topic:<34}{partitions:>2} partitions  {purpose}\n")
    };
    let inputs = Source::INPUTS.map(|it| line("input", it.topic(), PARTITIONS, it.purpose()));
    let store = line(
        "store",
        Source::Changelog.topic(),
        PARTITIONS,
        Source::Changelog.purpose(),
    );
    let outputs = OUTPUTS.map(|(topic, purpose)| line("output", topic, PARTITIONS, purpose));
    let set_aside =
        SET_ASIDE.map(|(topic, purpose)| line("set aside", topic, SET_ASIDE_PARTITIONS, purpose));
    [inputs.concat(), store, outputs.concat(), set_aside.concat()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::kafka::topics::TopicList;

    #[test]
    fn the_description_shows_every_topic_with_its_partitions() {
        insta::assert_snapshot!(describe(), @r"
        input     charge-point                      24 partitions  directory, read ahead of the events that need it
        input     charge-point-status               24 partitions  statuses and ticks; its clock and the sessions' make the task's
        input     charge-session                    24 partitions  sessions and ticks
        store     stream-processor-state-changelog  24 partitions  state of the entities, position and fence
        output    charge-point-indicator            24 partitions  hours of charge points, upserts
        output    station-indicator                 24 partitions  hours of stations, upserts
        output    failure-episode                   24 partitions  failure episodes, upserts
        set aside late-event                         6 partitions  events too late or from the future, original bytes
        set aside dead-letter                        6 partitions  records that cannot be read, original bytes
        ");
    }

    #[test]
    fn the_live_application_writes_what_the_contracts_name() {
        assert!(Names::live("stream-processor").all().all(|(a, b)| a == b));
    }

    #[test]
    fn a_replay_writes_to_topics_of_its_own_or_beside_the_live_one() {
        let own = Names::own("again");
        assert!(own.all().all(|(_, name)| name.starts_with("again-")));
        assert_eq!(own.read_by(Source::Changelog), "again-state-changelog");
        assert_eq!(own.read_by(Source::Status), "charge-point-status");
        let beside = Names::beside("again");
        assert_eq!(beside.of("failure-episode"), Some("failure-episode"));
        assert_eq!(beside.of("late-event"), None);
        assert_eq!(beside.read_by(Source::Changelog), "again-state-changelog");
    }

    #[test]
    fn partition_counts_are_those_of_the_list_of_topics() {
        let list = TopicList::parse(crate::TOPICS).unwrap();
        for topic in list.select(&topics()).unwrap().topics() {
            let is_set_aside = SET_ASIDE.iter().any(|(name, _)| *name == topic.name);
            let expected = if is_set_aside {
                SET_ASIDE_PARTITIONS
            } else {
                PARTITIONS
            };
            assert_eq!(topic.partitions, expected, "{}", topic.name);
        }
    }
}
