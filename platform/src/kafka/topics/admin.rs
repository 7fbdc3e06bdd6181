//! Asks the brokers about topics and creates them; what that means is decided in the parent.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::{Metadata, MetadataTopic};
use tokio::time::Instant;

use super::{Finding, Topic, TopicList, TopicState, TopicsError, compare, judge};
use crate::backoff::Backoff;
use crate::kafka::KafkaArgs;

/// Time that the first request may take: it finds out whether anybody answers.
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);

/// Time that a topic may at least go without leaders, and how often it is looked at.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(30);
const SETTLE_STEP: Duration = Duration::from_millis(100);

/// Time that any other request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The topics of a cluster.
pub struct TopicAdmin {
    bootstrap: String,
    admin: Arc<AdminClient<DefaultClientContext>>,
    patience: Option<Duration>,
}

impl TopicAdmin {
    /// Creates a client that waits as long as it takes for brokers that do not answer: a starting
    /// service waits, not ready. Nothing is asked yet. Every call can be dropped while it waits.
    ///
    /// # Errors
    /// When the client refuses its configuration.
    pub fn new(args: &KafkaArgs, client_id: &str) -> Result<Self, TopicsError> {
        let admin =
            args.client_config(client_id)
                .create()
                .map_err(|source| TopicsError::Refused {
                    action: "open a client".to_owned(),
                    source,
                })?;
        Ok(Self {
            bootstrap: args.kafka_bootstrap.clone(),
            admin: Arc::new(admin),
            patience: None,
        })
    }

    /// Waits no longer than `patience`, but for one request, for brokers that do not answer.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Compares the cluster with `list` and changes nothing.
    ///
    /// # Errors
    /// When the brokers do not answer or refuse.
    pub async fn check(&self, list: &TopicList) -> Result<Vec<Finding>, TopicsError> {
        let partitions = self.partition_counts(list, &[]).await?;
        let existing: Vec<_> = list
            .topics
            .iter()
            .filter(|topic| partitions.contains_key(&topic.name))
            .collect();
        let settings = self.settings(&existing).await?;
        let state = |topic: &Topic| match partitions.get(&topic.name) {
            None => TopicState::Missing,
            Some(found) => compare(topic, *found, settings.get(&topic.name)),
        };
        Ok(list
            .topics
            .iter()
            .map(|topic| Finding {
                topic: topic.clone(),
                state: state(topic),
            })
            .collect())
    }

    /// Creates the topics of `list` that do not exist, `replication` copies each, and compares the
    /// others.
    ///
    /// # Errors
    /// When the brokers do not answer or refuse.
    pub async fn create_or_verify(
        &self,
        list: &TopicList,
        replication: i32,
    ) -> Result<Vec<Finding>, TopicsError> {
        let mut findings = self.check(list).await?;
        let mut created = Vec::new();
        for finding in &mut findings {
            if finding.state == TopicState::Missing {
                self.create(&finding.topic, replication).await?;
                finding.state = TopicState::Created;
                created.push(finding.topic.name.as_str());
            }
        }
        // A service that starts next must find what was created.
        self.partition_counts(list, &created).await?;
        Ok(findings)
    }

    /// Verifies at the start of a service that the topics `names` of `list` exist with the right
    /// number of partitions. Other differences are logged: they do not make figures wrong.
    ///
    /// # Errors
    /// When the brokers do not answer, or a topic is missing or cannot be used.
    pub async fn verify(&self, list: &TopicList, names: &[&str]) -> Result<(), TopicsError> {
        judge(&self.check(&list.select(names)?).await?)
    }

    /// Returns the partition counts of the topics that exist. Topics of `list` that exist without
    /// leaders, as new ones do for a moment, and those of `created` are waited for.
    async fn partition_counts(
        &self,
        list: &TopicList,
        created: &[&str],
    ) -> Result<BTreeMap<String, i32>, TopicsError> {
        let start = Instant::now();
        let settle_timeout = self.patience.unwrap_or(Duration::MAX).max(SETTLE_TIMEOUT);
        loop {
            let metadata = self.metadata().await?;
            let unsettled = list
                .topics
                .iter()
                .map(|topic| topic.name.as_str())
                .find(|name| {
                    let found = metadata.topics().iter().find(|topic| topic.name() == *name);
                    found.map_or(created.contains(name), |topic| !is_settled(topic))
                });
            let Some(unsettled) = unsettled else {
                return Ok(metadata.topics().iter().map(partition_count).collect());
            };
            if start.elapsed() >= settle_timeout {
                return Err(TopicsError::NoLeader(unsettled.to_owned()));
            }
            tokio::time::sleep(SETTLE_STEP).await;
        }
    }

    async fn metadata(&self) -> Result<Metadata, TopicsError> {
        let start = Instant::now();
        let timeout = self.patience.map_or(METADATA_TIMEOUT, |patience| {
            patience.clamp(Duration::from_secs(1), METADATA_TIMEOUT)
        });
        let mut attempt = 0;
        loop {
            let admin = Arc::clone(&self.admin);
            let fetched =
                tokio::task::spawn_blocking(move || admin.inner().fetch_metadata(None, timeout))
                    .await
                    .unwrap_or(Err(KafkaError::Canceled));
            let source = match fetched {
                Ok(metadata) => return Ok(metadata),
                Err(source) => source,
            };
            let delay = Backoff::STANDARD.delay(attempt);
            attempt += 1;
            let bootstrap = self.bootstrap.clone();
            if self
                .patience
                .is_some_and(|patience| start.elapsed() + delay > patience)
            {
                return Err(TopicsError::Unreachable { bootstrap, source });
            }
            tracing::warn!(bootstrap, attempt, error = %source, "kafka does not answer");
            tokio::time::sleep(delay).await;
        }
    }

    async fn settings(
        &self,
        topics: &[&Topic],
    ) -> Result<BTreeMap<String, BTreeMap<String, String>>, TopicsError> {
        if topics.is_empty() {
            return Ok(BTreeMap::new());
        }
        let specifiers: Vec<_> = topics
            .iter()
            .map(|topic| ResourceSpecifier::Topic(&topic.name))
            .collect();
        let described = self
            .admin
            .describe_configs(&specifiers, &options())
            .await
            .map_err(|source| refused("describe topics", source))?;
        topics
            .iter()
            .zip(described)
            .map(|(topic, resource)| {
                let action = format!("describe topic {}", topic.name);
                let resource =
                    resource.map_err(|code| refused(&action, KafkaError::AdminOp(code)))?;
                let settings = resource
                    .entries
                    .into_iter()
                    .filter_map(|entry| Some((entry.name, entry.value?)))
                    .collect();
                Ok((topic.name.clone(), settings))
            })
            .collect()
    }

    async fn create(&self, topic: &Topic, replication: i32) -> Result<(), TopicsError> {
        let replication = TopicReplication::Fixed(replication);
        let mut new = NewTopic::new(&topic.name, topic.partitions, replication);
        for (name, value) in &topic.config {
            new = new.set(name, value);
        }
        let action = format!("create topic {}", topic.name);
        let results = self
            .admin
            .create_topics([&new], &options())
            .await
            .map_err(|source| refused(&action, source))?;
        for result in results {
            match result {
                // Another setup was faster.
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((_, code)) => return Err(refused(&action, KafkaError::AdminOp(code))),
            }
        }
        Ok(())
    }
}

impl fmt::Debug for TopicAdmin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TopicAdmin")
            .field("bootstrap", &self.bootstrap)
            .finish_non_exhaustive()
    }
}

/// Returns whether each partition has a leader; a missing replica does no harm.
fn is_settled(topic: &MetadataTopic) -> bool {
    let partitions = topic.partitions();
    topic.error().is_none()
        && !partitions.is_empty()
        && partitions
            .iter()
            .all(|partition| partition.error().is_none())
}

fn partition_count(topic: &MetadataTopic) -> (String, i32) {
    let count = i32::try_from(topic.partitions().len()).unwrap_or(i32::MAX);
    (topic.name().to_owned(), count)
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(REQUEST_TIMEOUT))
        // Waits until the other brokers know the topic as well.
        .operation_timeout(Some(REQUEST_TIMEOUT))
}

fn refused(action: &str, source: KafkaError) -> TopicsError {
    TopicsError::Refused {
        action: action.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "topics: [{ name: dead-letter, partitions: 6, why: last resort }]";

    #[tokio::test]
    async fn brokers_that_do_not_answer_are_named_with_the_remedy() {
        let mut args = KafkaArgs::plaintext("127.0.0.1:1");
        args.kafka_properties = vec!["log_level=0".parse().unwrap()];
        let admin = TopicAdmin::new(&args, "test")
            .unwrap()
            .with_patience(Duration::ZERO);
        let list = TopicList::parse(YAML).unwrap();
        let error = admin.check(&list).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "kafka at 127.0.0.1:1 does not answer: start it or correct KAFKA_BOOTSTRAP"
        );
    }
}
