//! How far the directory is behind its topic, and the event topics ahead of the own clock.

use std::sync::Arc;
use std::time::Duration;

use domain::contract::CHARGE_POINT;
use platform::kafka::KafkaArgs;
use platform::kafka::consumer::{Consumer, TopicPartition};
use tokio_util::sync::CancellationToken;

use crate::http::Gateway;
use crate::start::newest_record;

/// How often it is measured.
const PAUSE: Duration = Duration::from_secs(10);
/// The clock of the topics is looked at once in so many rounds: it takes a consumer of its own.
const ROUNDS_A_CLOCK: u32 = 6;
/// How long the brokers may take for one partition.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Measures until `shutdown`.
///
/// # Errors
/// When no client can be made.
pub async fn run(
    gateway: Arc<Gateway>,
    (kafka, instance): (KafkaArgs, String),
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let client_id = format!("{instance}-watch");
    let consumer = Arc::new(Consumer::new(
        &kafka.consumer_config(&client_id, &client_id),
    )?);
    for round in 0_u32.. {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = shutdown.cancelled() => return Ok(()),
        }
        let (shared, consumer) = (Arc::clone(&gateway), Arc::clone(&consumer));
        let measured = tokio::task::spawn_blocking(move || measure(&shared, &consumer)).await?;
        // Brokers that do not answer are told of by the writes that wait for them.
        if let Some(lag) = measured {
            gateway.metrics.directory_lag_records.set(lag);
        }
        if round % ROUNDS_A_CLOCK == 0 {
            let partitions = gateway.directory.partitions();
            if let Ok(Some(newest)) = newest_record(&kafka, &instance, partitions).await {
                gateway.metrics.clock_is_ahead(newest - gateway.clock.now());
            }
        }
    }
    Ok(())
}

/// The sum over the partitions of end minus next offset to apply.
fn measure(gateway: &Gateway, consumer: &Consumer) -> Option<i64> {
    let mut lag = 0;
    for (partition, next) in gateway.directory.positions() {
        let partition = TopicPartition::new(CHARGE_POINT.topic, partition);
        let (low, end) = consumer.watermarks(&partition, TIMEOUT).ok()?;
        lag += (end - next.max(low)).max(0);
    }
    Some(lag)
}
