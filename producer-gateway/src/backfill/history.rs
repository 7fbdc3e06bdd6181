//! Files to events, in the order of their reception.

use std::sync::Arc;

use anyhow::Context as _;
use domain::status::StatusPayload;
use domain::{ChargePoint, RequestId, Span, Timestamp, TimestampMicros};
use serde_json::Value;
use uuid::Uuid;

use super::parallel;
use super::source;
use super::tally::{Kind, Summary};
use crate::backfill::ACCOUNT;
use crate::config::BackfillArgs;
use crate::config::backfill::Shift;
use crate::directory::Table;
use crate::error::detail::Shape;
use crate::publisher::Event;
use crate::request::{Code, Reception, Session, Status, Terms};
use crate::submission::event::{self, Parsed};
use crate::submission::{Refusal, check_existence};

/// What an event says, its charge point apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fact {
    Status {
        at: TimestampMicros,
        payload: StatusPayload,
    },
    Session {
        start: TimestampMicros,
        end: TimestampMicros,
        energy_wh: i64,
    },
}

/// An accepted event before it is shifted and published.
#[derive(Debug, Clone)]
pub struct Item {
    /// When it would have been received.
    pub received_at: Timestamp,
    entry: Arc<ChargePoint>,
    fact: Fact,
}

impl Item {
    /// What it is counted as.
    pub fn kind(&self) -> Kind {
        match self.fact {
            Fact::Status { .. } => Kind::Status,
            Fact::Session { .. } => Kind::Session,
        }
    }

    /// The record.
    pub fn event(&self) -> Event {
        let charge_point_id = self.entry.charge_point_id().as_str();
        let received_at = self.received_at;
        let parsed = match self.fact {
            Fact::Status { at, payload } => Parsed::Status(Status {
                charge_point_id,
                event_time: at,
                received_at,
                payload,
            }),
            Fact::Session {
                start,
                end,
                energy_wh,
            } => Parsed::Session(Session {
                charge_point_id,
                start,
                end,
                received_at,
                energy_wh,
            }),
        };
        parsed.accept(&self.entry, ACCOUNT, RequestId(Uuid::nil()))
    }

    fn shift(&mut self, by: Span) {
        let moved = |at: TimestampMicros| TimestampMicros::from_us(at.as_us() + by.as_ms() * 1_000);
        self.received_at = self.received_at + by;
        self.fact = match self.fact {
            Fact::Status { at, payload } => Fact::Status {
                at: moved(at),
                payload,
            },
            Fact::Session {
                start,
                end,
                energy_wh,
            } => Fact::Session {
                start: moved(start),
                end: moved(end),
                energy_wh,
            },
        };
    }
}

/// All accepted events.
#[derive(Debug, Default)]
pub struct History(Vec<Item>);

impl History {
    /// Reads the files of statuses and sessions that there are.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read(args: &BackfillArgs, table: &Table, summary: &mut Summary) -> anyhow::Result<Self> {
        let mut history = Self::default();
        let delays = (args.status_delay_seconds, args.session_delay_seconds);
        let mut read = |kind, path: &Option<_>, delay| match path {
            Some(path) => history.read_file((kind, path, delay), (args, table), summary),
            None => Ok(()),
        };
        read(
            event::Kind::Status,
            &args.statuses,
            Span::from_seconds(delays.0),
        )?;
        read(
            event::Kind::Session,
            &args.sessions,
            Span::from_seconds(delays.1),
        )?;
        Ok(history)
    }

    fn read_file(
        &mut self,
        (kind, path, delay): (event::Kind, &std::path::PathBuf, Span),
        (args, table): (&BackfillArgs, &Table),
        summary: &mut Summary,
    ) -> anyhow::Result<()> {
        let reader = LineReader {
            kind,
            terms: Terms::standard(Reception::After(delay)),
            args,
            table,
        };
        let mut pieces = source::Pieces::of(path)?;
        let take = |read: Vec<(usize, Read)>| {
            for (number, read) in read {
                self.0.extend(read.counted(kind.into(), number, summary));
            }
            Ok(())
        };
        parallel::in_order(|| pieces.next_piece(), |piece| reader.read(&piece), take)
            .with_context(|| format!("reading {}", path.display()))
    }

    /// Shifts the events and sorts them by reception; ties stay in input order.
    pub fn arrange(&mut self, shift: Option<Shift>, now: Timestamp) {
        let last = self.0.iter().map(|item| item.received_at).max();
        let by = match (shift, last) {
            (None, _) | (_, None) => Span::ZERO,
            (Some(Shift::Now), Some(last)) => now - last,
            (Some(Shift::By(by)), Some(_)) => by,
        };
        self.0.iter_mut().for_each(|item| item.shift(by));
        self.0.sort_by_key(|item| item.received_at);
    }

    /// The first and the last reception.
    pub fn bounds(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.0.first()?.received_at, self.0.last()?.received_at))
    }

    /// The events in their order.
    pub fn items(&self) -> &[Item] {
        &self.0
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a line of events holds.
enum Read {
    /// An accepted event, with what is remarkable about it.
    Accepted(Item, TimestampMicros, Flags),
    /// A refused one.
    Refused(Value, Box<Refusal>),
    /// No JSON.
    NoJson(String),
    /// An event outside of the selection.
    Skipped,
}

type Flags = Vec<(Code, Option<&'static str>, String)>;

impl Read {
    /// Counts it, and returns the event of an accepted one.
    fn counted(self, kind: Kind, number: usize, summary: &mut Summary) -> Option<Item> {
        if !matches!(self, Self::Skipped) {
            summary.read(kind);
        }
        match self {
            Self::Accepted(item, at, flags) => {
                summary.accepted(kind, Some(at), &flags);
                return Some(item);
            }
            Self::Refused(item, refusal) => summary.refused(kind, number, item, &refusal),
            Self::NoJson(text) => summary.no_json(kind, number, text),
            Self::Skipped => {}
        }
        None
    }
}

/// Reads lines of one kind.
struct LineReader<'a> {
    kind: event::Kind,
    terms: Terms,
    args: &'a BackfillArgs,
    table: &'a Table,
}

impl LineReader<'_> {
    fn read(&self, piece: &source::Piece) -> Vec<(usize, Read)> {
        let lines = piece.lines();
        lines
            .map(|(number, line)| (number, self.line(number, line)))
            .collect()
    }

    fn line(&self, number: usize, line: &[u8]) -> Read {
        let text = std::str::from_utf8(line).ok();
        if let Some([parsed]) = text
            .and_then(|text| {
                Parsed::read_quickly((self.kind, Shape::Single), text, (1, &self.terms))
            })
            .as_deref()
            && let Some(read) = self.accepted(parsed)
        {
            return read;
        }
        let item = match source::parse(line) {
            Ok(item) => item,
            Err(text) => return Read::NoJson(text),
        };
        let judged = match Parsed::read(self.kind, &item, &self.terms) {
            Ok(parsed) => self.accepted(&parsed).ok_or_else(|| {
                let id = parsed.charge_point_id();
                check_existence(self.table.find(id), number - 1, id).err()
            }),
            Err(violations) => Err(Some(Refusal::of_item(number - 1, &item, violations))),
        };
        match judged {
            Ok(read) => read,
            Err(Some(refusal)) => Read::Refused(item, Box::new(refusal)),
            Err(None) => Read::Skipped,
        }
    }

    /// An event that is good in itself, unless its charge point is not there.
    fn accepted(&self, parsed: &Parsed<'_>) -> Option<Read> {
        if !is_selected(self.args, parsed) {
            return Some(Read::Skipped);
        }
        let entry = self.table.find(parsed.charge_point_id())?;
        entry.deleted_at.is_none().then_some(())?;
        let flags = parsed.flags(entry);
        Some(Read::Accepted(
            item_of(parsed, Arc::clone(entry)),
            event_time(parsed),
            flags,
        ))
    }
}

fn event_time(parsed: &Parsed<'_>) -> TimestampMicros {
    match parsed {
        Parsed::Status(status) => status.event_time,
        Parsed::Session(session) => session.end,
    }
}

fn is_selected(args: &BackfillArgs, parsed: &Parsed<'_>) -> bool {
    let at = event_time(parsed);
    args.from.is_none_or(|from| at >= from) && args.to.is_none_or(|to| at < to)
}

fn item_of(parsed: &Parsed<'_>, entry: Arc<ChargePoint>) -> Item {
    let (received_at, fact) = match *parsed {
        Parsed::Status(Status {
            event_time: at,
            received_at,
            payload,
            ..
        }) => (received_at, Fact::Status { at, payload }),
        Parsed::Session(Session {
            start,
            end,
            received_at,
            energy_wh,
            ..
        }) => (
            received_at,
            Fact::Session {
                start,
                end,
                energy_wh,
            },
        ),
    };
    Item {
        received_at,
        entry,
        fact,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::change::tests::entry;

    fn session(received_at_ms: i64, energy_wh: i64) -> Item {
        let at = |ms| TimestampMicros::from(Timestamp::from_ms(ms));
        Item {
            received_at: Timestamp::from_ms(received_at_ms),
            entry: Arc::new(entry("FRAAAE1", "FRAAAP1", 1)),
            fact: Fact::Session {
                start: at(received_at_ms - 700_000),
                end: at(received_at_ms - 600_000),
                energy_wh,
            },
        }
    }

    #[test]
    fn events_are_sorted_by_reception_and_moved_to_the_present() {
        let mut history = History(vec![
            session(3_000_000, 1),
            session(2_000_000, 2),
            session(3_000_000, 3),
        ]);
        history.arrange(Some(Shift::Now), Timestamp::from_ms(9_000_000));
        let events: Vec<_> = history.items().iter().map(Item::event).collect();
        let told: Vec<_> = events
            .iter()
            .map(|event| match event {
                Event::Session(session) => (
                    session.received_at.as_ms(),
                    session.end.floor().as_ms(),
                    session.energy_wh,
                ),
                Event::Status(status) => panic!("{status:?}"),
            })
            .collect();
        assert_eq!(
            told,
            [
                (8_000_000, 7_400_000, 2),
                (9_000_000, 8_400_000, 1),
                (9_000_000, 8_400_000, 3)
            ]
        );
    }
}
