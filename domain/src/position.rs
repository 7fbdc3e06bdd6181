//! The position and fence records of the state changelog: how far a task has come.
//!
//! They share topic and schema with the ledgers of the engine, which knows nothing of offsets.

use crate::clock::ClockSnapshot;
use crate::wire::binary::{put_array, put_int, put_long, put_optional_timestamp, put_string};
use crate::wire::{Reader, WireError};

/// The branch of [`Position`] in the union of the schema.
const POSITION_BRANCH: i64 = 2;
/// The branch of [`Fence`] in the union of the schema.
const FENCE_BRANCH: i64 = 3;

/// Where one input partition stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InputPosition {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Offset of the first record not yet applied; a held record is not applied.
    pub next_offset: i64,
}

/// Where a task stands: everything before it is in the state. Key `position`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    /// Number of the transaction that wrote it, from 1, without gaps.
    pub sequence: i64,
    /// The input partitions, by topic and partition.
    pub inputs: Vec<InputPosition>,
    /// The clock after the last applied records.
    pub clock: ClockSnapshot,
}

/// Marks how far a restore reads. Key `fence|<instance>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    /// Who wrote it, unique to one assignment.
    pub writer: String,
}

impl Position {
    /// The Avro binary of this record.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_long(&mut out, POSITION_BRANCH);
        put_long(&mut out, self.sequence);
        put_array(&mut out, &self.inputs, |out, input| {
            put_string(out, &input.topic);
            put_int(out, input.partition);
            put_long(out, input.next_offset);
        });
        put_optional_timestamp(&mut out, self.clock.status);
        put_optional_timestamp(&mut out, self.clock.session);
        put_optional_timestamp(&mut out, self.clock.next_cut);
        out
    }

    /// Reads one record, all of `bytes`.
    ///
    /// # Errors
    /// Says what is wrong with the bytes; another branch of the schema is an index error.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        branch(&mut reader, POSITION_BRANCH)?;
        let position = Self {
            sequence: reader.long()?,
            inputs: reader.array(|reader| {
                Ok(InputPosition {
                    topic: reader.string()?.to_owned(),
                    partition: reader.int()?,
                    next_offset: reader.long()?,
                })
            })?,
            clock: ClockSnapshot {
                status: reader.optional(Reader::timestamp)?,
                session: reader.optional(Reader::timestamp)?,
                next_cut: reader.optional(Reader::timestamp)?,
            },
        };
        reader.end()?;
        Ok(position)
    }
}

impl Fence {
    /// The Avro binary of this record.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_long(&mut out, FENCE_BRANCH);
        put_string(&mut out, &self.writer);
        out
    }

    /// Reads one record, all of `bytes`.
    ///
    /// # Errors
    /// Says what is wrong with the bytes; another branch of the schema is an index error.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        branch(&mut reader, FENCE_BRANCH)?;
        let writer = reader.string()?.to_owned();
        reader.end()?;
        Ok(Self { writer })
    }
}

fn branch(reader: &mut Reader<'_>, expected: i64) -> Result<(), WireError> {
    match reader.long()? {
        found if found == expected => Ok(()),
        other => Err(WireError::Index(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn a_position_is_read_back_as_it_was_written() {
        let position = Position {
            sequence: 7,
            inputs: vec![InputPosition {
                topic: "charge-session".into(),
                partition: 23,
                next_offset: 9_000_000_000,
            }],
            clock: ClockSnapshot {
                status: Some(Timestamp::from_ms(1)),
                session: None,
                next_cut: Some(Timestamp::from_ms(300_000)),
            },
        };
        assert_eq!(
            Position::from_bytes(&position.to_bytes()),
            Ok(position.clone())
        );
        assert_eq!(
            Fence::from_bytes(&position.to_bytes()),
            Err(WireError::Index(POSITION_BRANCH))
        );
    }
}
