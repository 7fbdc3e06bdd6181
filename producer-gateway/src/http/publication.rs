//! What handlers bring to the log: accepted records, awaited; refused items, not awaited.

use std::sync::Arc;

use tokio::time::Instant;

use super::Gateway;
use super::trail::Trail;
use crate::auth::Caller;
use crate::error::GatewayError;
use crate::publisher::{Message, PublishError, Publisher};

/// Brings messages to the log.
///
/// # Errors
/// Unavailable when there is no room for them, or when one is not known to be there.
pub async fn publish(
    gateway: &Gateway,
    messages: Vec<Message>,
    trail: &Trail,
) -> Result<(), GatewayError> {
    let publisher = gateway.publisher()?;
    let metrics = &gateway.metrics;
    let queued = publisher.in_flight();
    metrics
        .kafka_queue_records
        .set(i64::try_from(queued).unwrap_or(i64::MAX));
    if queued + messages.len() > gateway.limits.max_queued_records {
        return Err(gateway.shed("queue"));
    }
    let start = Instant::now();
    // The client library looks at its time-outs once a second only: a stall must be answered
    // before clients give up.
    let timeout = gateway.limits.ack_timeout;
    let acknowledged = tokio::time::timeout(timeout, publisher.publish(messages)).await;
    let acknowledged = acknowledged.unwrap_or(Err(PublishError {
        retry_after_seconds: 5,
        reason: "timeout",
        source: None,
    }));
    let waited = start.elapsed();
    trail.note(|note| note.kafka_wait += waited);
    match acknowledged {
        Ok(()) => {
            metrics.kafka_ack_duration.observe(waited.as_secs_f64());
            Ok(())
        }
        Err(error) => {
            let cause = error.source.as_ref().map(ToString::to_string);
            tracing::warn!(
                reason = error.reason,
                error = cause,
                "request not acknowledged"
            );
            metrics
                .kafka_produce_errors
                .with_label_values(&[error.reason])
                .inc();
            Err(GatewayError::Unavailable(error.retry_after_seconds))
        }
    }
}

/// Sends refused items to their topic, within the account's budget; nobody waits for it.
pub fn keep_refused(
    gateway: &Gateway,
    publisher: &Arc<dyn Publisher>,
    caller: &Caller,
    mut letters: Vec<Message>,
) {
    if letters.is_empty() {
        return;
    }
    let now = gateway.clock.now();
    let granted = gateway
        .dead_letters
        .take(&caller.user.username, now, letters.len());
    let counter = gateway.metrics.dead_letters.clone();
    let count = move |reasons: &[String], outcome: &str| {
        for reason in reasons {
            counter.with_label_values(&[reason.as_str(), outcome]).inc();
        }
    };
    let suppressed = letters.split_off(granted);
    count(&reasons(&suppressed), "suppressed");
    let publisher = Arc::clone(publisher);
    tokio::spawn(async move {
        let reasons = reasons(&letters);
        let is_written = publisher.publish(letters).await.is_ok();
        count(&reasons, if is_written { "written" } else { "failed" });
    });
}

/// The reason of each item: one of the codes.
fn reasons(letters: &[Message]) -> Vec<String> {
    let reason = |message: &Message| match message {
        Message::Refused(item) => {
            let header = item.headers.iter().find(|(name, _)| *name == "reason");
            header.map(|(_, reason)| reason.clone())
        }
        _ => None,
    };
    letters.iter().filter_map(reason).collect()
}
