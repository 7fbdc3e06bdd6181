//! The records of one lane that were read and not applied, and what the first of them say.

use std::collections::VecDeque;

use domain::ChargePointStatus;

use crate::decode::{DecodeError, Decoders, Event, SchemaSource};
use crate::disposition::{self, Disposition, Refusal};
use crate::input::InputRecord;

/// What a record says, or why it has to be set aside.
pub(super) type Content = Result<Event, (Refusal, String)>;

/// The records of one lane that were read and not applied.
#[derive(Debug, Default)]
pub(super) struct Ready {
    pub(super) records: VecDeque<InputRecord>,
    /// What the first of them say, as far as that is known.
    pub(super) ahead: VecDeque<Content>,
    /// The first of them waits for a cut.
    pub(super) is_held: bool,
}

impl Ready {
    /// Finds out what the first record says. Returns whether that is known.
    pub(super) fn read_first<S: SchemaSource>(&mut self, decoders: &mut Decoders<S>) -> bool {
        if self.ahead.is_empty() {
            self.read_ahead(1, decoders);
        }
        !self.ahead.is_empty()
    }

    /// Finds out what the first records say: at most `count` of them, and none behind one of which
    /// that cannot be known yet.
    pub(super) fn read_ahead<S: SchemaSource>(&mut self, count: usize, decoders: &mut Decoders<S>) {
        while self.ahead.len() < count
            && let Some(record) = self.records.get(self.ahead.len())
        {
            let decoded = match record.timestamp_ms {
                None => Err(DecodeError::NoTimestamp),
                Some(_) => decoders.decode(record),
            };
            self.ahead.push_back(match decoded {
                Ok(event) => Ok(event),
                Err(error) => match disposition::of_record(&error) {
                    Disposition::DeadLetter(refusal) => Err((refusal, error.to_string())),
                    Disposition::Retry | Disposition::Fatal => return,
                },
            });
        }
    }

    /// The statuses among what was read ahead.
    pub(super) fn statuses(&self) -> impl Iterator<Item = &ChargePointStatus> {
        self.ahead.iter().filter_map(|content| match content {
            Ok(Event::Status(status)) => Some(status),
            Ok(Event::Tick | Event::Session(_) | Event::Put(_) | Event::Remove(_)) | Err(_) => None,
        })
    }

    /// Takes the first record with what it says, once that is known.
    pub(super) fn pop<S: SchemaSource>(
        &mut self,
        decoders: &mut Decoders<S>,
    ) -> Option<(InputRecord, Content)> {
        if !self.read_first(decoders) {
            return None;
        }
        let content = self.ahead.pop_front()?;
        Some((self.records.pop_front()?, content))
    }
}
