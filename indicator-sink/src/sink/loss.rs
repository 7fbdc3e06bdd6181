//! What ends a consumer, and how often another one takes its place. Pure.
//!
//! A consumer may be lost to an outage: a broker that was killed remembers another member under its
//! name, or the client loses sight of a partition. The next consumer repairs that, and what was
//! intended stands. It repairs nothing where a second process goes by the same name: both would take
//! the name from each other for ever. So losses are counted, and whoever was there first, and has
//! therefore been fenced once more than the other, gives up first.

use std::collections::VecDeque;
use std::time::Duration;

use platform::kafka::consumer::is_fatal;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use tokio::time::Instant;

/// Consumers that may be lost within ten minutes; with the next one the sink ends.
pub const MOST_LOST: usize = 5;

/// The time in which losses are counted.
const LOST_WITHIN: Duration = Duration::from_mins(10);

/// Why the sink does not go on with its consumer.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// It is of no use any more. Another one may do better.
    #[error("the consumer is of no use any more, {doing}")]
    Lost {
        /// What it was doing.
        doing: &'static str,
        /// What the client said.
        source: KafkaError,
    },
    /// Another consumer would meet the same.
    #[error(transparent)]
    Fatal(#[from] anyhow::Error),
}

impl SinkError {
    /// The client refused something that a consumer in order does.
    pub(super) fn lost(doing: &'static str) -> impl FnOnce(KafkaError) -> Self {
        move |source| Self::Lost { doing, source }
    }
}

/// The word for the loss of a consumer, as metrics show it.
pub(super) fn reason(source: &KafkaError) -> &'static str {
    match source.rdkafka_error_code() {
        Some(RDKafkaErrorCode::FencedInstanceId) => "fenced",
        // How the consumer of ours tells of a partition without records that are there.
        Some(RDKafkaErrorCode::PartitionEOF) => "standstill",
        _ => "other",
    }
}

/// Says which errors of the consumer end it, or the sink.
///
/// # Errors
/// When it cannot go on.
pub(super) fn judge(error: KafkaError) -> Result<(), SinkError> {
    let code = error.rdkafka_error_code();
    if code == Some(RDKafkaErrorCode::AutoOffsetReset) {
        let remedy = "records between the committed offset and the start of the log are gone: \
                      find out why, then start with --on-truncation=earliest";
        return Err(anyhow::Error::new(error).context(remedy).into());
    }
    if is_fatal(&error) {
        return Err(SinkError::lost("reading")(error));
    }
    if code != Some(RDKafkaErrorCode::PartitionEOF) {
        tracing::warn!(%error, "consumer reports an error");
    }
    Ok(())
}

/// The losses of late.
#[derive(Debug)]
pub(super) struct Losses {
    most: usize,
    at: VecDeque<Instant>,
}

impl Losses {
    /// At most `most` within ten minutes are borne.
    pub(super) const fn new(most: usize) -> Self {
        Self {
            most,
            at: VecDeque::new(),
        }
    }

    /// Notes a loss. Returns how many were noted before it in ten minutes, none when it is one too many.
    pub(super) fn note(&mut self, now: Instant) -> Option<u32> {
        self.at
            .retain(|at| now.saturating_duration_since(*at) < LOST_WITHIN);
        let before = self.at.len();
        self.at.push_back(now);
        if before >= self.most {
            return None;
        }
        u32::try_from(before).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_borne_until_there_are_too_many_in_ten_minutes() {
        let (mut losses, start) = (Losses::new(3), Instant::now());
        let minute = |number| start + Duration::from_mins(number);
        assert_eq!(losses.note(minute(0)), Some(0));
        assert_eq!(losses.note(minute(4)), Some(1));
        assert_eq!(losses.note(minute(9)), Some(2));
        // The first is ten minutes ago.
        assert_eq!(losses.note(minute(10)), Some(2));
        assert_eq!(losses.note(minute(11)), None);
    }

    #[test]
    fn of_two_that_fence_each_other_the_one_that_was_there_first_gives_up_alone() {
        let (mut first, mut second) = (Losses::new(MOST_LOST), Losses::new(MOST_LOST));
        let mut now = Instant::now();
        for _ in 0..MOST_LOST {
            for sink in [&mut first, &mut second] {
                now += Duration::from_secs(3);
                assert!(sink.note(now).is_some());
            }
        }
        assert_eq!(first.note(now + Duration::from_secs(3)), None);
    }

    #[test]
    fn an_outage_loses_a_consumer_and_a_log_that_was_cut_ends_the_sink() {
        let fenced = KafkaError::MessageConsumptionFatal(RDKafkaErrorCode::FencedInstanceId);
        assert_eq!(reason(&fenced), "fenced");
        assert!(matches!(judge(fenced), Err(SinkError::Lost { .. })));
        let cut = KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset);
        assert!(matches!(judge(cut), Err(SinkError::Fatal(_))));
        let away = KafkaError::MessageConsumption(RDKafkaErrorCode::AllBrokersDown);
        assert!(judge(away).is_ok());
    }
}
