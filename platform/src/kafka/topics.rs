//! The topics: creates what `deploy/kafka/topics.yaml` lists, or says expected, found and remedy.
//!
//! The list is embedded by the caller; replication is the cluster's matter. A topic that exists is
//! never changed: partitions cannot be without a replay, and settings belong to the operator.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use rdkafka::error::KafkaError;
use serde::Deserialize;

pub use admin::TopicAdmin;

mod admin;

/// The list of topics.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicList {
    topics: Vec<Topic>,
}

/// One topic as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// The number of its partitions.
    pub partitions: i32,
    /// Its settings, by Kafka's names.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    /// Why it is as it is.
    pub why: String,
}

/// What was found of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The topic as it should be.
    pub topic: Topic,
    /// What became of it.
    pub state: TopicState,
}

/// What became of one topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicState {
    /// It did not exist and was created.
    Created,
    /// It exists as it should.
    Correct,
    /// It exists and differs.
    Differs(Vec<Difference>),
    /// It does not exist.
    Missing,
}

/// One way in which a topic differs from the list. Displays as a sentence with the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The number of partitions.
    Partitions {
        /// The topic.
        topic: String,
        /// As listed.
        expected: i32,
        /// As found.
        found: i32,
    },
    /// A setting.
    Setting {
        /// The topic.
        topic: String,
        /// Kafka's name of the setting.
        name: String,
        /// As listed.
        expected: String,
        /// As found.
        found: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Partitions {
                topic,
                expected,
                found,
            } => write!(
                formatter,
                "topic {topic} has {found} partitions, expected {expected}: create it anew and replay"
            ),
            Self::Setting {
                topic,
                name,
                expected,
                found,
            } => write!(
                formatter,
                "topic {topic} has {name}={found}, expected {expected}: alter it, or the list"
            ),
        }
    }
}

/// Why topics cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TopicsError {
    /// The list is not what it should be.
    #[error("list of topics cannot be read")]
    List(#[from] serde_norway::Error),
    /// A name that the list does not hold.
    #[error("topic {0} is not in deploy/kafka/topics.yaml: add it there")]
    NotListed(String),
    /// The brokers do not answer.
    #[error("kafka at {bootstrap} does not answer: start it or correct KAFKA_BOOTSTRAP")]
    Unreachable {
        /// The address as configured.
        bootstrap: String,
        /// What the client said.
        source: KafkaError,
    },
    /// Topics that do not exist.
    #[error("topic {0} does not exist: run `stream-setup topics`")]
    Missing(String),
    /// Topics that differ so that they cannot be used.
    #[error("{0}")]
    Differs(String),
    /// A topic that exists and cannot be used.
    #[error("topic {0} has partitions without a leader: see whether every broker runs")]
    NoLeader(String),
    /// The brokers refused a request.
    #[error("kafka refused to {action}")]
    Refused {
        /// What was asked.
        action: String,
        /// Its reason.
        source: KafkaError,
    },
}

impl TopicList {
    /// Parses the text of `deploy/kafka/topics.yaml`.
    ///
    /// # Errors
    /// When it is no such list.
    pub fn parse(yaml: &str) -> Result<Self, TopicsError> {
        Ok(serde_norway::from_str(yaml)?)
    }

    /// Returns the topics in the order of the list.
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// Returns topics of the list under other names: `names` are pairs of the one in the list and the
    /// other one.
    ///
    /// # Errors
    /// When the list does not hold one.
    pub fn renamed(&self, names: &[(&str, &str)]) -> Result<Self, TopicsError> {
        let listed: Vec<_> = names.iter().map(|(listed, _)| *listed).collect();
        let mut renamed = self.select(&listed)?;
        for (topic, (_, name)) in renamed.topics.iter_mut().zip(names) {
            (*name).clone_into(&mut topic.name);
        }
        Ok(renamed)
    }

    /// Returns the topics called `names`, in that order.
    ///
    /// # Errors
    /// When the list does not hold one.
    pub fn select(&self, names: &[&str]) -> Result<Self, TopicsError> {
        let find = |name: &&str| {
            let topic = self.topics.iter().find(|topic| topic.name == **name);
            topic
                .cloned()
                .ok_or_else(|| TopicsError::NotListed((*name).to_owned()))
        };
        Ok(Self {
            topics: names.iter().map(find).collect::<Result<_, _>>()?,
        })
    }
}

fn compare(
    topic: &Topic,
    partitions: i32,
    settings: Option<&BTreeMap<String, String>>,
) -> TopicState {
    let count = (partitions != topic.partitions).then(|| Difference::Partitions {
        topic: topic.name.clone(),
        expected: topic.partitions,
        found: partitions,
    });
    let wrong_settings = topic.config.iter().filter_map(|(name, expected)| {
        let found = settings
            .and_then(|settings| settings.get(name))
            .map_or("nothing", String::as_str);
        (!is_same_value(expected, found)).then(|| Difference::Setting {
            topic: topic.name.clone(),
            name: name.clone(),
            expected: expected.clone(),
            found: found.to_owned(),
        })
    });
    let differences: Vec<_> = count.into_iter().chain(wrong_settings).collect();
    if differences.is_empty() {
        TopicState::Correct
    } else {
        TopicState::Differs(differences)
    }
}

/// Lists such as `compact,delete` are sets.
fn is_same_value(expected: &str, found: &str) -> bool {
    let set = |text: &str| -> BTreeSet<String> {
        text.split(',').map(|part| part.trim().to_owned()).collect()
    };
    set(expected) == set(found)
}

/// Says whether a service can work with what was found.
fn judge(findings: &[Finding]) -> Result<(), TopicsError> {
    let missing: Vec<_> = findings
        .iter()
        .filter(|finding| finding.state == TopicState::Missing)
        .map(|finding| finding.topic.name.as_str())
        .collect();
    if !missing.is_empty() {
        return Err(TopicsError::Missing(missing.join(", ")));
    }
    let mut unusable = Vec::new();
    for finding in findings {
        let TopicState::Differs(differences) = &finding.state else {
            continue;
        };
        for difference in differences {
            match difference {
                Difference::Partitions { .. } => unusable.push(difference.to_string()),
                Difference::Setting { .. } => {
                    tracing::warn!(topic = finding.topic.name, %difference, "topic differs");
                }
            }
        }
    }
    if unusable.is_empty() {
        Ok(())
    } else {
        Err(TopicsError::Differs(unusable.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "
topics:
  - name: charge-session
    partitions: 24
    config: { cleanup.policy: 'compact,delete', retention.ms: '100' }
    why: sessions
  - { name: dead-letter, partitions: 6, why: last resort }
";

    fn settings(policy: &str, retention: &str) -> BTreeMap<String, String> {
        [("cleanup.policy", policy), ("retention.ms", retention)]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
    }

    fn session() -> Topic {
        TopicList::parse(YAML).unwrap().topics()[0].clone()
    }

    fn finding(state: TopicState) -> [Finding; 1] {
        let topic = session();
        [Finding { topic, state }]
    }

    #[test]
    fn the_list_is_parsed_and_selected_from() {
        let list = TopicList::parse(YAML).unwrap();
        assert_eq!(list.topics()[1].partitions, 6);
        let selected = list.select(&["dead-letter"]).unwrap();
        assert_eq!(selected.topics(), &list.topics()[1..]);
        let error = list.select(&["a"]).unwrap_err();
        assert!(error.to_string().contains("topic a is not in"));
    }

    #[test]
    fn an_unknown_word_in_the_list_is_refused() {
        assert!(TopicList::parse("topics: [{name: a, partition: 6, why: b}]").is_err());
    }

    #[test]
    fn cleanup_policies_are_compared_as_sets() {
        let found = settings("delete, compact", "100");
        assert_eq!(compare(&session(), 24, Some(&found)), TopicState::Correct);
    }

    #[test]
    fn a_wrong_partition_count_names_expected_found_and_remedy() {
        let found = settings("compact,delete", "100");
        let state = compare(&session(), 12, Some(&found));
        assert_eq!(
            judge(&finding(state)).unwrap_err().to_string(),
            "topic charge-session has 12 partitions, expected 24: create it anew and replay"
        );
    }

    #[test]
    fn a_wrong_setting_is_reported_but_a_service_can_run() {
        let state = compare(&session(), 24, Some(&settings("compact,delete", "7")));
        let TopicState::Differs(differences) = &state else {
            panic!("{state:?}")
        };
        assert_eq!(
            differences[0].to_string(),
            "topic charge-session has retention.ms=7, expected 100: alter it, or the list"
        );
        judge(&finding(state)).unwrap();
    }

    #[test]
    fn a_missing_topic_names_the_command_that_creates_it() {
        let error = judge(&finding(TopicState::Missing)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "topic charge-session does not exist: run `stream-setup topics`"
        );
    }
}
