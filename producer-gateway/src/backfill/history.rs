//! Files to static rows and events, in the order of their reception.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use domain::status::StatusPayload;
use domain::{ChargePoint, RequestId, Span, Timestamp, TimestampMicros};
use uuid::Uuid;

use super::source::{self, Form};
use super::tally::{Kind, Summary};
use crate::backfill::ACCOUNT;
use crate::config::BackfillArgs;
use crate::config::backfill::Shift;
use crate::directory::Table;
use crate::publisher::Event;
use crate::request::statique::{Legacy, StaticTerms};
use crate::request::{Reception, Session, StaticRow, Status, Terms};
use crate::submission::event::{self, Parsed};
use crate::submission::{Refusal, check_existence};

/// The accepted rows of the static file.
#[derive(Debug, Default)]
pub struct StaticHistory(Vec<StaticRow>);

impl StaticHistory {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(
        args: &BackfillArgs,
        now: Timestamp,
        summary: &mut Summary,
    ) -> anyhow::Result<Self> {
        let mut rows = BTreeMap::new();
        let legacy = if args.accept_legacy {
            Legacy::Accepted
        } else {
            Legacy::Refused
        };
        let terms = StaticTerms::at(now, legacy);
        let Some(path) = &args.statique else {
            return Ok(Self::default());
        };
        source::read(path, Form::LinesOrTable, |(number, line)| {
            summary.read(Kind::Statique);
            let item = match line {
                Ok(item) => item,
                Err(text) => return summary.no_json(Kind::Statique, number, text),
            };
            match StaticRow::read(&item, terms) {
                Ok(row) => {
                    summary.accepted(Kind::Statique, None, &row.flags());
                    let id = row.irve.id_pdc_itinerance.clone();
                    if rows.insert(id, row).is_some() {
                        summary.duplicate(Kind::Statique);
                    }
                }
                Err(violations) => {
                    let refusal = Refusal::of_item(number - 1, &item, violations);
                    summary.refused(Kind::Statique, number, item, &refusal);
                }
            }
        })?;
        Ok(Self(rows.into_values().collect()))
    }

    /// The rows that differ from what the directory says already.
    pub fn unknown_to(self, table: &Table) -> Vec<StaticRow> {
        let is_new = |row: &StaticRow| {
            let found = table.find(row.irve.id_pdc_itinerance.as_str());
            found.is_none_or(|entry| entry.irve != row.irve || entry.legacy != row.legacy)
        };
        self.0.into_iter().filter(is_new).collect()
    }
}

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
        let terms = Terms::standard(Reception::After(delay));
        let counted = Kind::from(kind);
        source::read(Path::new(path), Form::Lines, |(number, line)| {
            let item = match line {
                Ok(item) => item,
                Err(text) => {
                    summary.read(counted);
                    return summary.no_json(counted, number, text);
                }
            };
            let parsed = Parsed::read(kind, &item, &terms);
            if let Ok(parsed) = &parsed
                && !is_selected(args, parsed)
            {
                return;
            }
            summary.read(counted);
            let judged = parsed
                .map_err(|violations| Refusal::of_item(number - 1, &item, violations))
                .and_then(|parsed| {
                    let id = parsed.charge_point_id();
                    let entry = check_existence(table.find(id), number - 1, id)?;
                    Ok((parsed, Arc::clone(entry)))
                });
            match judged {
                Ok((parsed, entry)) => {
                    summary.accepted(counted, Some(event_time(&parsed)), &parsed.flags(&entry));
                    self.0.push(item_of(&parsed, entry));
                }
                Err(refusal) => summary.refused(counted, number, item, &refusal),
            }
        })
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

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl IntoIterator for History {
    type Item = Item;
    type IntoIter = std::vec::IntoIter<Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
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
        let events: Vec<_> = history.into_iter().map(|item| item.event()).collect();
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
