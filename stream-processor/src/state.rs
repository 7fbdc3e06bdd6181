//! What the changelog holds: the engine's entities, the position of the task, and fences.
//!
//! A task's partition of `stream-processor-state-changelog` rebuilds the task and nothing else. The
//! engine's records have keys of its own; ours are `position` and `fence|<worker>`. All values are
//! framed under the one schema of that topic.
//!
//! The position is written in the same transaction as the state and the outputs that belong to it,
//! so the three are always of one moment. The fence is written by the new owner of a partition in a
//! transaction of its own before it reads: what the former owner had committed lies before it, and
//! nothing of the former owner can follow it. Without transactions a former owner that hung can write
//! behind it; its records are known by a header.

use domain::clock::ClockSnapshot;
use domain::contract;
use domain::engine::StateRecord;
use domain::position::{Fence, InputPosition, Position};
use platform::avro;
use platform::kafka::producer::Record;
use rdkafka::message::{Header, Headers as _, OwnedHeaders};

use crate::topology::Source;

pub(crate) mod book;

/// Key of the position record.
pub(crate) const POSITION_KEY: &str = "position";

/// What the keys of fences begin with; the worker's name follows.
const FENCE_PREFIX: &str = "fence|";

/// The first record not yet applied, for each input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct NextOffsets {
    /// In the directory.
    pub(crate) directory: i64,
    /// Among the statuses.
    pub(crate) status: i64,
    /// Among the sessions.
    pub(crate) session: i64,
}

impl NextOffsets {
    /// The next offsets that a position tells; 0 where it tells none.
    pub(crate) fn from_position(position: &Position) -> Self {
        let next = |source: Source| {
            let mut inputs = position.inputs.iter();
            let found = inputs.find(|input| input.topic == source.topic());
            found.map_or(0, |input| input.next_offset)
        };
        Self {
            directory: next(Source::Directory),
            status: next(Source::Status),
            session: next(Source::Session),
        }
    }

    /// The next offset of an input.
    pub(crate) const fn of(&self, source: Source) -> i64 {
        match source {
            Source::Directory => self.directory,
            Source::Status => self.status,
            Source::Session => self.session,
            Source::Changelog => 0,
        }
    }

    /// Notes that the record at `offset` of an input was applied.
    pub(crate) const fn applied(&mut self, source: Source, offset: i64) {
        match source {
            Source::Directory => self.directory = offset + 1,
            Source::Status => self.status = offset + 1,
            Source::Session => self.session = offset + 1,
            Source::Changelog => {}
        }
    }

    /// The position of task `partition` after its transaction number `sequence`.
    pub(crate) fn position(&self, partition: i32, sequence: i64, clock: ClockSnapshot) -> Position {
        let inputs = Source::INPUTS.map(|source| InputPosition {
            topic: source.topic().to_owned(),
            partition,
            next_offset: self.of(source),
        });
        Position {
            sequence,
            inputs: inputs.into(),
            clock,
        }
    }
}

/// Whose a changelog record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key<'a> {
    /// The position.
    Position,
    /// A fence.
    Fence,
    /// The engine's.
    Entity(&'a str),
}

impl<'a> Key<'a> {
    /// Tells whose `key` is.
    pub(crate) fn of(key: &'a str) -> Self {
        if key == POSITION_KEY {
            Self::Position
        } else if key.starts_with(FENCE_PREFIX) {
            Self::Fence
        } else {
            Self::Entity(key)
        }
    }
}

/// Makes the changelog records of one partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changelog {
    /// The partition.
    pub(crate) partition: i32,
    /// The registry's id of the changelog's schema.
    pub(crate) schema: u32,
    /// Offset of the fence behind which its owner writes; none where transactions keep owners apart.
    pub(crate) fence: Option<i64>,
}

impl Changelog {
    /// A record of the engine's.
    pub(crate) fn entity(self, state: StateRecord) -> Record {
        self.record(state.key, state.value.as_deref())
    }

    /// The position.
    pub(crate) fn position(self, position: &Position) -> Record {
        self.record(POSITION_KEY.to_owned(), Some(&position.to_bytes()))
    }

    /// A fence of the worker called `owner`: one key for each worker, so that fences do not pile up.
    pub(crate) fn fence(self, owner: &str, fence: &Fence) -> Record {
        self.record(format!("{FENCE_PREFIX}{owner}"), Some(&fence.to_bytes()))
    }

    fn record(self, key: String, value: Option<&[u8]>) -> Record {
        Record {
            topic: contract::STATE_CHANGELOG.topic.to_owned(),
            partition: Some(self.partition),
            key: Some(key.into_bytes()),
            value: value.map(|bytes| avro::frame(self.schema, bytes)),
            timestamp_ms: None,
            headers: self.fence.map(mark),
        }
    }
}

/// Header of a changelog record that was written without a transaction: the offset of the fence of its
/// owner. A worker that hung and was succeeded writes with an older one.
const FENCE_HEADER: &str = "fence";

fn mark(fence: i64) -> OwnedHeaders {
    OwnedHeaders::new_with_capacity(1).insert(Header {
        key: FENCE_HEADER,
        value: Some(&fence.to_string()),
    })
}

/// The fence behind which the owner of a changelog record wrote, if it has that mark.
pub(crate) fn fence_of(headers: Option<&OwnedHeaders>) -> Option<i64> {
    let mut headers = headers?.iter();
    let found = headers.find(|header| header.key == FENCE_HEADER)?;
    std::str::from_utf8(found.value?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_offsets_go_into_a_position_and_come_back() {
        let next = NextOffsets {
            directory: 1,
            status: 22,
            session: 333,
        };
        let position = next.position(5, 7, ClockSnapshot::default());
        assert_eq!(NextOffsets::from_position(&position), next);
        assert!(position.inputs.iter().all(|input| input.partition == 5));
    }

    #[test]
    fn the_mark_of_an_owner_is_read_back() {
        assert_eq!(fence_of(Some(&mark(1_234))), Some(1_234));
        assert_eq!(fence_of(None), None);
    }

    #[test]
    fn keys_tell_whose_a_record_is() {
        assert_eq!(Key::of("position"), Key::Position);
        assert_eq!(Key::of("fence|a-0"), Key::Fence);
        assert_eq!(Key::of("station|X"), Key::Entity("station|X"));
    }
}
