//! The records of a range that become rows, by type.

use domain::{
    ChargePoint, ChargePointIndicator, ChargePointStatus, ChargeSession, FailureEpisode,
    StationIndicator, Timestamp, wire,
};
use rdkafka::Message;

use crate::disposition::{Reason, Refusal};
use crate::row::{Archived, Rejection};
use crate::schema::{Decoders, Known, Undecoded};
use crate::topic::Topic;

/// A record and its offset.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept<T> {
    /// Where it lay.
    pub offset: i64,
    /// The record.
    pub record: T,
}

/// Records of one topic, in the order of their offsets.
#[derive(Debug)]
#[expect(missing_docs, reason = "each variant holds the records of that type")]
pub enum Records {
    ChargePoint(Vec<Kept<ChargePoint>>),
    ChargePointStatus(Vec<Kept<ChargePointStatus>>),
    ChargeSession(Vec<Kept<ChargeSession>>),
    ChargePointIndicator(Vec<Kept<ChargePointIndicator>>),
    StationIndicator(Vec<Kept<StationIndicator>>),
    FailureEpisode(Vec<Kept<FailureEpisode>>),
    DeadLetter(Vec<Kept<Rejection>>),
    LateEvent(Vec<Kept<Rejection>>),
}

/// What became of a record.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the caller counts it"]
pub enum Verdict {
    /// It was kept and becomes a row.
    Row(Facts),
    /// It has no value.
    Null,
    /// It goes to `dead-letter`.
    Refused(Refusal),
    /// It was not looked at: the schema with this id is to be fetched first.
    NeedsSchema(u32),
}

/// What a range has to know of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// See [`Archived::partition_day`].
    pub partition_day: i64,
    /// See [`Archived::computed_at`].
    pub computed_at: Option<Timestamp>,
}

impl Records {
    /// No record of `topic`.
    pub const fn none_of(topic: Topic) -> Self {
        match topic {
            Topic::ChargePoint => Self::ChargePoint(Vec::new()),
            Topic::ChargePointStatus => Self::ChargePointStatus(Vec::new()),
            Topic::ChargeSession => Self::ChargeSession(Vec::new()),
            Topic::ChargePointIndicator => Self::ChargePointIndicator(Vec::new()),
            Topic::StationIndicator => Self::StationIndicator(Vec::new()),
            Topic::FailureEpisode => Self::FailureEpisode(Vec::new()),
            Topic::DeadLetter => Self::DeadLetter(Vec::new()),
            Topic::LateEvent => Self::LateEvent(Vec::new()),
        }
    }

    /// The number of records.
    pub const fn len(&self) -> usize {
        match self {
            Self::ChargePoint(kept) => kept.len(),
            Self::ChargePointStatus(kept) => kept.len(),
            Self::ChargeSession(kept) => kept.len(),
            Self::ChargePointIndicator(kept) => kept.len(),
            Self::StationIndicator(kept) => kept.len(),
            Self::FailureEpisode(kept) => kept.len(),
            Self::DeadLetter(kept) | Self::LateEvent(kept) => kept.len(),
        }
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a decoded record takes without its texts, bytes.
    pub const fn unit_bytes(&self) -> usize {
        match self {
            Self::ChargePoint(_) => size_of::<Kept<ChargePoint>>(),
            Self::ChargePointStatus(_) => size_of::<Kept<ChargePointStatus>>(),
            Self::ChargeSession(_) => size_of::<Kept<ChargeSession>>(),
            Self::ChargePointIndicator(_) => size_of::<Kept<ChargePointIndicator>>(),
            Self::StationIndicator(_) => size_of::<Kept<StationIndicator>>(),
            Self::FailureEpisode(_) => size_of::<Kept<FailureEpisode>>(),
            Self::DeadLetter(_) | Self::LateEvent(_) => size_of::<Kept<Rejection>>(),
        }
    }

    /// The offsets of the records, in order.
    pub fn offsets(&self) -> Vec<i64> {
        fn of<T>(kept: &[Kept<T>]) -> Vec<i64> {
            kept.iter().map(|kept| kept.offset).collect()
        }
        match self {
            Self::ChargePoint(kept) => of(kept),
            Self::ChargePointStatus(kept) => of(kept),
            Self::ChargeSession(kept) => of(kept),
            Self::ChargePointIndicator(kept) => of(kept),
            Self::StationIndicator(kept) => of(kept),
            Self::FailureEpisode(kept) => of(kept),
            Self::DeadLetter(kept) | Self::LateEvent(kept) => of(kept),
        }
    }

    /// Decodes a record of this topic and keeps it.
    pub fn accept(&mut self, record: &impl Message, decoders: &Decoders) -> Verdict {
        let Some(value) = record.payload() else {
            return Verdict::Null;
        };
        let offset = record.offset();
        match self {
            Self::ChargePoint(kept) => decode(kept, offset, value, &decoders.charge_point),
            Self::ChargePointStatus(kept) => {
                decode(kept, offset, value, &decoders.charge_point_status)
            }
            Self::ChargeSession(kept) => decode(kept, offset, value, &decoders.charge_session),
            Self::ChargePointIndicator(kept) => {
                decode(kept, offset, value, &decoders.charge_point_indicator)
            }
            Self::StationIndicator(kept) => {
                decode(kept, offset, value, &decoders.station_indicator)
            }
            Self::FailureEpisode(kept) => decode(kept, offset, value, &decoders.failure_episode),
            Self::DeadLetter(kept) => keep(kept, offset, Rejection::of(record, false)),
            Self::LateEvent(kept) => keep(kept, offset, Rejection::of(record, true)),
        }
    }
}

fn decode<T: Archived + wire::Record>(
    kept: &mut Vec<Kept<T>>,
    offset: i64,
    value: &[u8],
    known: &Known<T>,
) -> Verdict {
    match known.decode(value) {
        Ok(record) => keep(kept, offset, record),
        Err(Undecoded::Unknown(id)) => Verdict::NeedsSchema(id),
        Err(Undecoded::Refused(refusal)) => Verdict::Refused(refusal),
    }
}

fn keep<T: Archived>(kept: &mut Vec<Kept<T>>, offset: i64, record: T) -> Verdict {
    if let Err(error) = record.check() {
        return Verdict::Refused(Refusal {
            reason: Reason::OutOfRange,
            message: error.to_string(),
        });
    }
    let facts = Facts {
        partition_day: record.partition_day(),
        computed_at: record.computed_at(),
    };
    kept.push(Kept { offset, record });
    Verdict::Row(facts)
}
