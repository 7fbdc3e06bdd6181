//! Ticks: every few seconds the time to every partition of both event topics, so that silence
//! reaches the windows. They carry neither key nor value; nobody waits for them.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::contract::{CHARGE_POINT_STATUS, CHARGE_SESSION};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::http::Gateway;
use crate::publisher::Message;

/// One tick for each partition of both topics.
pub fn round(partitions: i32, at: Timestamp, instance: &Arc<str>) -> Vec<Message> {
    let tick = |topic| {
        move |partition| Message::Tick {
            topic,
            partition,
            at,
            instance: Arc::clone(instance),
        }
    };
    let statuses = (0..partitions).map(tick(CHARGE_POINT_STATUS.topic));
    statuses
        .chain((0..partitions).map(tick(CHARGE_SESSION.topic)))
        .collect()
}

/// Sends ticks every `interval` until shutdown.
pub async fn run(
    gateway: &Gateway,
    instance: &Arc<str>,
    (partitions, interval): (i32, Duration),
    shutdown: &CancellationToken,
) {
    let mut interval = tokio::time::interval(interval);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = shutdown.cancelled() => return,
        }
        let Some(publisher) = gateway.publisher.get().map(Arc::clone) else {
            continue;
        };
        if !gateway.clock.is_set() {
            gateway.metrics.ticks_skipped.inc();
            continue;
        }
        let (active, decommissioned) = gateway.directory.read().counts();
        let shown = &gateway.metrics.directory_charge_points;
        let gauge = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        shown.with_label_values(&["active"]).set(gauge(active));
        shown
            .with_label_values(&["decommissioned"])
            .set(gauge(decommissioned));
        let messages = round(partitions, gateway.clock.now(), instance);
        let counter = gateway.metrics.ticks.clone();
        tokio::spawn(async move {
            let outcome = match publisher.publish(messages).await {
                Ok(()) => "written",
                Err(error) => {
                    tracing::warn!(reason = error.reason, "ticks not acknowledged");
                    "failed"
                }
            };
            counter.with_label_values(&[outcome]).inc();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_reaches_every_partition_of_both_topics_once() {
        let messages = round(24, Timestamp::from_ms(5), &"g".into());
        assert_eq!(messages.len(), 48);
        let reached: std::collections::BTreeSet<_> = messages
            .iter()
            .map(|message| match message {
                Message::Tick {
                    topic,
                    partition,
                    at,
                    ..
                } if at.as_ms() == 5 => (*topic, *partition),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(reached.len(), 48);
    }
}
