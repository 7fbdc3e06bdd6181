//! The only file that commits: next offsets, after their ranges are written and audited.
//!
//! What is not committed is read again after a restart; the rows of a repeated range replace equal
//! ones, so a commit that fails loses and doubles nothing.

use platform::kafka::consumer::{Consumer, TopicPartition, offset_list};
use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};

/// What became of a commit.
#[derive(Debug)]
#[must_use = "what was not committed is offered again"]
pub enum Committed {
    /// The group has the offsets.
    Done,
    /// The partitions are not ours any more, or are about to go: their next owner reads again.
    NotOurs(KafkaError),
    /// The brokers did not take them: try again.
    Later(KafkaError),
}

/// Commits next offsets for this member and waits for the answer.
pub fn commit(consumer: &Consumer, offsets: &[(TopicPartition, i64)]) -> Committed {
    match try_commit(consumer, offsets) {
        Ok(()) => Committed::Done,
        Err(error) => match error.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::IllegalGeneration
                | RDKafkaErrorCode::UnknownMemberId
                | RDKafkaErrorCode::RebalanceInProgress
                | RDKafkaErrorCode::FencedInstanceId
                | RDKafkaErrorCode::AssignmentLost,
            ) => Committed::NotOurs(error),
            _ => Committed::Later(error),
        },
    }
}

fn try_commit(consumer: &Consumer, offsets: &[(TopicPartition, i64)]) -> KafkaResult<()> {
    let list = offset_list(offsets)?;
    #[expect(clippy::disallowed_methods, reason = "this is the file that commits")]
    consumer.client().commit(&list, CommitMode::Sync)
}
