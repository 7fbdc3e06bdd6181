//! The static file to rows: JSON lines on all cores, a table on one.

use std::collections::BTreeMap;

use anyhow::Context as _;
use domain::{ChargePointId, Timestamp};
use serde_json::Value;

use super::parallel;
use super::source::{self, Line};
use super::tally::{Kind, Summary};
use crate::config::BackfillArgs;
use crate::directory::Table;
use crate::request::statique::{Legacy, StaticTerms};
use crate::request::{Code, StaticRow};
use crate::submission::Refusal;

/// The accepted rows of the static file.
#[derive(Debug, Default)]
pub struct StaticHistory(BTreeMap<ChargePointId, StaticRow>);

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
        let legacy = if args.accept_legacy {
            Legacy::Accepted
        } else {
            Legacy::Refused
        };
        let terms = StaticTerms::at(now, legacy);
        let mut history = Self::default();
        let Some(path) = &args.statique else {
            return Ok(history);
        };
        let mut pieces = source::Pieces::of(path)?;
        let done = if pieces.is_table()? {
            pieces
                .table(|(number, line)| history.take(number, judge((number, line), terms), summary))
        } else {
            let judge = |piece: source::Piece| {
                let lines = piece.lines();
                lines
                    .map(|(number, line)| (number, judge((number, source::parse(line)), terms)))
                    .collect::<Vec<_>>()
            };
            let take = |read: Vec<(usize, Read)>| {
                for (number, read) in read {
                    history.take(number, read, summary);
                }
                Ok(())
            };
            parallel::in_order(|| pieces.next_piece(), judge, take)
        };
        done.with_context(|| format!("reading {}", path.display()))?;
        Ok(history)
    }

    /// The rows that differ from what the directory says already.
    pub fn unknown_to(self, table: &Table) -> Vec<StaticRow> {
        let is_new = |row: &StaticRow| {
            let found = table.find(row.irve.id_pdc_itinerance.as_str());
            found.is_none_or(|entry| entry.irve != row.irve || entry.legacy != row.legacy)
        };
        self.0.into_values().filter(is_new).collect()
    }

    fn take(&mut self, number: usize, read: Read, summary: &mut Summary) {
        summary.read(Kind::Statique);
        match read {
            Read::Accepted(row, flags) => {
                summary.accepted(Kind::Statique, None, &flags);
                let id = row.irve.id_pdc_itinerance.clone();
                if self.0.insert(id, *row).is_some() {
                    summary.duplicate(Kind::Statique);
                }
            }
            Read::Refused(item, refusal) => {
                summary.refused(Kind::Statique, number, item, &refusal);
            }
            Read::NoJson(text) => summary.no_json(Kind::Statique, number, text),
        }
    }
}

/// What a line holds.
enum Read {
    /// An accepted row, with what is remarkable about it.
    Accepted(Box<StaticRow>, Vec<(Code, Option<&'static str>, String)>),
    /// A refused one.
    Refused(Value, Box<Refusal>),
    /// No JSON.
    NoJson(String),
}

fn judge((number, line): Line, terms: StaticTerms) -> Read {
    let item = match line {
        Ok(item) => item,
        Err(text) => return Read::NoJson(text),
    };
    match StaticRow::read(&item, terms) {
        Ok(row) => {
            let flags = row.flags();
            Read::Accepted(Box::new(row), flags)
        }
        Err(violations) => {
            let refusal = Refusal::of_item(number - 1, &item, violations);
            Read::Refused(item, Box::new(refusal))
        }
    }
}
