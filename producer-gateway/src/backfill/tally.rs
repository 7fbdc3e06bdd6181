//! What was read, accepted, refused and flagged, and why; refused lines go to a file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use domain::TimestampMicros;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::request::Code;
use crate::request::calendar::render_instant;
use crate::submission::{Entry, Refusal, event};

/// The kinds of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Static records.
    Statique,
    /// Statuses.
    Status,
    /// Sessions.
    Session,
}

impl From<event::Kind> for Kind {
    fn from(kind: event::Kind) -> Self {
        match kind {
            event::Kind::Status => Self::Status,
            event::Kind::Session => Self::Session,
        }
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Statique => "statique",
            Self::Status => "status",
            Self::Session => "session",
        }
    }
}

/// The figures of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Lines read, within the selection.
    pub read: usize,
    /// Accepted, duplicates included.
    pub accepted: usize,
    /// Accepted with an id that came before.
    pub duplicates: usize,
    /// Refused.
    pub refused: usize,
    /// Refused, by code and rule of the first violation.
    pub refused_by: BTreeMap<String, usize>,
    /// Flagged, by code and rule.
    pub flagged_by: BTreeMap<String, usize>,
    /// The first event time, before any shift.
    pub first_event: Option<String>,
    /// The last event time, before any shift.
    pub last_event: Option<String>,
    #[serde(skip)]
    bounds: Option<(TimestampMicros, TimestampMicros)>,
}

/// The figures of a backfill.
#[derive(Debug)]
pub struct Summary {
    tallies: BTreeMap<Kind, Tally>,
    rejects: Option<BufWriter<File>>,
    start: Instant,
    published: (usize, usize),
}

impl Summary {
    /// Begins; refused lines go to the file at `rejects`.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn open(rejects: Option<&Path>) -> anyhow::Result<Self> {
        let create = |path: &Path| {
            File::create(path).with_context(|| format!("creating {}", path.display()))
        };
        Ok(Self {
            tallies: BTreeMap::new(),
            rejects: rejects.map(create).transpose()?.map(BufWriter::new),
            start: Instant::now(),
            published: (0, 0),
        })
    }

    /// The figures of a kind.
    pub fn of(&self, kind: Kind) -> Tally {
        self.tallies.get(&kind).cloned().unwrap_or_default()
    }

    /// Counts a line.
    pub fn read(&mut self, kind: Kind) {
        self.tally(kind).read += 1;
    }

    /// Counts an accepted item and its flags.
    pub fn accepted(
        &mut self,
        kind: Kind,
        at: Option<TimestampMicros>,
        flags: &[(Code, Option<&'static str>, String)],
    ) {
        let tally = self.tally(kind);
        tally.accepted += 1;
        if let Some(at) = at {
            let (first, last) = tally.bounds.unwrap_or((at, at));
            tally.bounds = Some((first.min(at), last.max(at)));
        }
        for (code, field, _) in flags {
            *tally
                .flagged_by
                .entry(label(code.name(), code.rule(*field)))
                .or_default() += 1;
        }
    }

    /// Counts an accepted item whose id came before.
    pub fn duplicate(&mut self, kind: Kind) {
        self.tally(kind).duplicates += 1;
    }

    /// Counts a line that is no JSON.
    pub fn no_json(&mut self, kind: Kind, line: usize, text: String) {
        let tally = self.tally(kind);
        tally.refused += 1;
        *tally
            .refused_by
            .entry("json_invalid".to_owned())
            .or_default() += 1;
        self.reject(kind, line, &Value::String(text), &[]);
    }

    /// Counts a refused item.
    pub fn refused(&mut self, kind: Kind, line: usize, item: Value, refusal: &Refusal) {
        let errors: Vec<_> = refusal.entries().collect();
        let tally = self.tally(kind);
        tally.refused += 1;
        if let Some(first) = errors.first() {
            *tally
                .refused_by
                .entry(label(first.code.name(), first.rule))
                .or_default() += 1;
        }
        self.reject(kind, line, &item, &errors);
        drop(item);
    }

    /// Notes how many directory entries and events were sent.
    pub fn published(&mut self, entries: usize, events: usize) {
        self.published = (entries, events);
    }

    /// Whether nothing was accepted.
    pub fn is_empty(&self) -> bool {
        self.tallies.values().all(|tally| tally.accepted == 0)
    }

    /// Prints a table.
    ///
    /// # Errors
    /// When standard output is closed, or the rejects cannot be written.
    pub fn print(&mut self) -> anyhow::Result<()> {
        if let Some(rejects) = &mut self.rejects {
            rejects.flush().context("writing the rejects")?;
        }
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "{:<10}{:>12}{:>12}{:>12}{:>12}",
            "kind", "read", "accepted", "duplicates", "refused"
        )?;
        for (kind, tally) in &self.tallies {
            let name = kind.name();
            let Tally {
                read,
                accepted,
                duplicates,
                refused,
                ..
            } = tally;
            writeln!(
                out,
                "{name:<10}{read:>12}{accepted:>12}{duplicates:>12}{refused:>12}"
            )?;
            for (reason, count) in &tally.refused_by {
                writeln!(out, "  refused  {reason:<45}{count:>12}")?;
            }
            for (reason, count) in &tally.flagged_by {
                writeln!(out, "  flagged  {reason:<45}{count:>12}")?;
            }
            if let Some((first, last)) = tally.bounds {
                writeln!(
                    out,
                    "  events   {} to {}",
                    render_instant(first),
                    render_instant(last)
                )?;
            }
        }
        let (entries, events) = self.published;
        let rate = self.events_per_second();
        writeln!(
            out,
            "published  {entries} directory entries, {events} events, {rate:.0} events/s"
        )?;
        Ok(())
    }

    /// Writes the figures as JSON.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        let tallies: BTreeMap<_, _> = self
            .tallies
            .iter()
            .map(|(kind, tally)| {
                let mut tally = tally.clone();
                tally.first_event = tally.bounds.map(|(first, _)| render_instant(first));
                tally.last_event = tally.bounds.map(|(_, last)| render_instant(last));
                (kind.name(), tally)
            })
            .collect();
        let (entries, events) = self.published;
        let body = json!({
            "kinds": tallies,
            "published": { "directory_entries": entries, "events": events },
            "events_per_second": self.events_per_second(),
        });
        std::fs::write(path, format!("{body:#}\n"))
            .with_context(|| format!("writing {}", path.display()))
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    fn events_per_second(&self) -> f64 {
        self.published.1 as f64 / self.start.elapsed().as_secs_f64().max(0.001)
    }

    fn tally(&mut self, kind: Kind) -> &mut Tally {
        self.tallies.entry(kind).or_default()
    }

    fn reject(&mut self, kind: Kind, line: usize, item: &Value, errors: &[Entry]) {
        let Some(rejects) = &mut self.rejects else {
            return;
        };
        let body = json!({ "kind": kind, "line": line, "item": item, "errors": errors });
        if let Err(error) = writeln!(rejects, "{body}") {
            tracing::error!(%error, "refused line cannot be written");
            self.rejects = None;
        }
    }
}

fn label(code: &str, rule: Option<u16>) -> String {
    rule.map_or_else(|| code.to_owned(), |rule| format!("{code} (rule {rule})"))
}
