//! From bytes to events: the schema id in front of a value names the schema it was written with.
//!
//! A schema is fetched once and then kept. While it is on its way the records that need it wait,
//! and only their lane; whether the registry answers is nobody else's business.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use domain::wire::{Decoder, Record, WireError};
use domain::{ChargePoint, ChargePointId, ChargePointStatus, ChargeSession};
use platform::avro::{self, FramingError};

use crate::input::InputRecord;
use crate::topology::Source;

pub(crate) mod registry;

/// What a record says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// Time has passed.
    Tick,
    /// A status.
    Status(ChargePointStatus),
    /// A session.
    Session(ChargeSession),
    /// A version of a directory entry.
    Put(Box<ChargePoint>),
    /// A directory entry is withdrawn.
    Remove(ChargePointId),
}

/// Why a record says nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DecodeError {
    /// Its schema is being fetched.
    #[error("schema {0} is being fetched")]
    Pending(u32),
    /// It has no timestamp.
    #[error("the record has no timestamp: its topic needs message.timestamp.type=CreateTime")]
    NoTimestamp,
    /// Its value is not framed.
    #[error(transparent)]
    Framing(#[from] FramingError),
    /// The registry does not know its schema.
    #[error("schema {0} is unknown to the registry: register what the record was written with")]
    NoSchema(u32),
    /// Its schema cannot be read as ours.
    #[error("schema {id} cannot be used: {reason}")]
    Schema {
        /// The id.
        id: u32,
        /// What is wrong with it.
        reason: String,
    },
    /// Its bytes are not what its schema says.
    #[error("the value cannot be read: {0}")]
    Bytes(#[from] WireError),
    /// Its key is no id of a charge point.
    #[error("the key is no id of a charge point")]
    Key,
}

/// Where schemas come from.
pub(crate) trait SchemaSource {
    /// Asks for a schema. Returns at once.
    fn request(&mut self, id: u32);

    /// Takes an answer: the id, and the schema's text unless there is none.
    fn answer(&mut self) -> Option<(u32, Option<String>)>;
}

#[derive(Debug)]
enum Text {
    Requested,
    Known(String),
    Unknown,
}

/// The decoders of all schemas met so far.
pub(crate) struct Decoders<S> {
    source: S,
    texts: BTreeMap<u32, Text>,
    charge_points: Cache<ChargePoint>,
    statuses: Cache<ChargePointStatus>,
    sessions: Cache<ChargeSession>,
}

type Cache<T> = BTreeMap<u32, Result<Decoder<T>, String>>;

impl<S: SchemaSource> Decoders<S> {
    /// Creates decoders that know no schema yet.
    pub(crate) fn new(source: S) -> Self {
        Self {
            source,
            texts: BTreeMap::new(),
            charge_points: Cache::new(),
            statuses: Cache::new(),
            sessions: Cache::new(),
        }
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`DecodeError::Pending`] passes; any other stays.
    pub(crate) fn decode(&mut self, record: &InputRecord) -> Result<Event, DecodeError> {
        let Some(value) = &record.value else {
            return empty(record);
        };
        let (id, bytes) = avro::unframe(value)?;
        match record.lane.source {
            Source::Directory => {
                let read = read(&mut self.charge_points, &mut self.texts, id, bytes);
                self.asked(read.map(|it| Event::Put(Box::new(it))))
            }
            Source::Status => {
                let read = read(&mut self.statuses, &mut self.texts, id, bytes);
                self.asked(read.map(Event::Status))
            }
            Source::Session => {
                let read = read(&mut self.sessions, &mut self.texts, id, bytes);
                self.asked(read.map(Event::Session))
            }
            Source::Changelog => Err(DecodeError::NoSchema(id)),
        }
    }

    /// Asks the source for a schema that turned out to be missing, and takes answers in.
    fn asked(&mut self, read: Result<Event, DecodeError>) -> Result<Event, DecodeError> {
        if let Err(DecodeError::Pending(id)) = &read {
            let source = &mut self.source;
            self.texts.entry(*id).or_insert_with(|| {
                source.request(*id);
                Text::Requested
            });
            while let Some((id, text)) = self.source.answer() {
                self.texts
                    .insert(id, text.map_or(Text::Unknown, Text::Known));
            }
        }
        read
    }
}

/// A record without a value: a tick, or in the directory a withdrawal.
fn empty(record: &InputRecord) -> Result<Event, DecodeError> {
    if record.lane.source != Source::Directory {
        return Ok(Event::Tick);
    }
    let key = record.key.as_deref().unwrap_or_default();
    let text = std::str::from_utf8(key).map_err(|_error| DecodeError::Key)?;
    let id = ChargePointId::parse(text).map_err(|_error| DecodeError::Key)?;
    Ok(Event::Remove(id))
}

fn read<T: Record>(
    cache: &mut Cache<T>,
    texts: &mut BTreeMap<u32, Text>,
    id: u32,
    bytes: &[u8],
) -> Result<T, DecodeError> {
    let decoder = match cache.entry(id) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(vacant) => vacant.insert(match texts.get(&id) {
            None | Some(Text::Requested) => return Err(DecodeError::Pending(id)),
            Some(Text::Unknown) => return Err(DecodeError::NoSchema(id)),
            Some(Text::Known(text)) => Decoder::for_writer(text).map_err(|error| chain(&error)),
        }),
    };
    match decoder {
        Ok(decoder) => Ok(decoder.decode(bytes)?),
        Err(reason) => Err(DecodeError::Schema {
            id,
            reason: reason.clone(),
        }),
    }
}

/// An error with its causes, as one sentence.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
