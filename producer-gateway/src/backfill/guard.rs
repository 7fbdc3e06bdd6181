//! Whether history may be published: not behind newer records, not where it would be dropped, not
//! from the future.

use std::collections::BTreeMap;

use anyhow::Context;
use domain::contract::{CHARGE_POINT_STATUS, CHARGE_SESSION};
use domain::{Span, Timestamp};
use platform::kafka::KafkaArgs;
use platform::kafka::topics::TopicList;

use super::ACCOUNT;
use crate::newest;

/// How far ahead of the present the last event may be received: what gateways allow each other.
const MAX_AHEAD: Span = Span::from_seconds(60);

/// Why history must not be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The clock of the topics has come further.
    #[error(
        "topic {topic} partition {partition} has a record of {newest_ms} ms, newer than the first of the history \
         ({first_ms} ms): history behind it would be too late; use new topics, --from, --shift or --force"
    )]
    Behind {
        /// The topic.
        topic: &'static str,
        /// The partition.
        partition: i32,
        /// Its newest record.
        newest_ms: i64,
        /// The first of the history.
        first_ms: i64,
    },
    /// The brokers would delete it.
    #[error(
        "the history begins at {first_ms} ms, before what topic {topic} keeps (from {kept_from_ms} ms): \
         use --from, --shift or --force"
    )]
    Expired {
        /// The topic.
        topic: &'static str,
        /// The first of the history.
        first_ms: i64,
        /// What the topic keeps.
        kept_from_ms: i64,
    },
}

/// History that has not happened yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the last event would be received {ahead_seconds} s from now: use --shift now, or --to")]
pub struct Future {
    ahead_seconds: i64,
}

/// The event topics: how far their clock has come, and how long they keep records.
#[derive(Debug, Clone, Default)]
pub struct Topics(Vec<(&'static str, BTreeMap<i32, Timestamp>, Option<Span>)>);

/// Asks the brokers.
///
/// # Errors
/// When they do not answer.
pub async fn read(kafka: &KafkaArgs, list: &TopicList, partitions: i32) -> anyhow::Result<Topics> {
    let mut topics = Vec::new();
    for topic in [CHARGE_POINT_STATUS.topic, CHARGE_SESSION.topic] {
        let kafka = kafka.clone();
        let ask = move || newest::of_topic(&kafka, ACCOUNT, topic, partitions);
        let newest = tokio::task::spawn_blocking(ask)
            .await
            .context("reading the newest records")??;
        let selected = list.select(&[topic])?;
        let retention = selected
            .topics()
            .first()
            .and_then(|topic| topic.config.get("retention.ms"));
        let retention = retention
            .and_then(|ms| ms.parse().ok())
            .filter(|ms| *ms >= 0);
        topics.push((topic, newest, retention.map(Span::from_ms)));
    }
    Ok(Topics(topics))
}

/// Checks history whose first event is received at `first`.
///
/// # Errors
/// The first reason not to publish it.
pub fn check(topics: &Topics, first: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    let first_ms = first.as_ms();
    for (topic, newest, retention) in &topics.0 {
        for (partition, newest) in newest {
            if *newest > first {
                let (partition, newest_ms) = (*partition, newest.as_ms());
                return Err(Refusal::Behind {
                    topic,
                    partition,
                    newest_ms,
                    first_ms,
                });
            }
        }
        let kept_from = retention.map(|retention| now - retention);
        if let Some(kept_from) = kept_from.filter(|kept_from| first < *kept_from) {
            return Err(Refusal::Expired {
                topic,
                first_ms,
                kept_from_ms: kept_from.as_ms(),
            });
        }
    }
    Ok(())
}

/// Checks that the last event has been received.
///
/// # Errors
/// When it has not.
pub fn check_future(last: Timestamp, now: Timestamp) -> Result<(), Future> {
    if last <= now + MAX_AHEAD {
        return Ok(());
    }
    Err(Future {
        ahead_seconds: (last - now).as_ms() / 1_000,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);

    fn topics(newest_ms: i64) -> Topics {
        let newest = BTreeMap::from([(3, Timestamp::from_ms(newest_ms))]);
        Topics(vec![(
            "charge-session",
            newest,
            Some(Span::from_ms(400_000)),
        )])
    }

    #[test]
    fn history_behind_newer_records_is_refused() {
        let first = Timestamp::from_ms(700_000);
        assert_eq!(check(&topics(700_000), first, NOW), Ok(()));
        assert!(matches!(
            check(&topics(700_001), first, NOW),
            Err(Refusal::Behind {
                partition: 3,
                newest_ms: 700_001,
                ..
            })
        ));
    }

    #[test]
    fn history_older_than_the_retention_is_refused() {
        assert_eq!(check(&topics(0), Timestamp::from_ms(600_000), NOW), Ok(()));
        let refused = check(&topics(0), Timestamp::from_ms(599_999), NOW).unwrap_err();
        assert!(refused.to_string().contains("--shift"), "{refused}");
    }

    #[test]
    fn history_from_the_future_is_refused() {
        assert!(check_future(NOW + MAX_AHEAD, NOW).is_ok());
        assert!(check_future(NOW + MAX_AHEAD + Span::from_ms(1), NOW).is_err());
    }
}
