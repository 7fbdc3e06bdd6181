//! The protocol against a world that keeps nothing but its promises: a log with holes, a group that
//! remembers an offset and a text, a table that drops names it knows and hides no copies. A process
//! ends between any two steps, or after a step whose answer it did not hear, and the insert of one
//! that was only frozen arrives later. The seed is printed with every failure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use indicator_sink::batch::{Batch, Limits, Range};
use indicator_sink::flight::{Flight, Span, Step};
use indicator_sink::intent::{Intent, Position};
use indicator_sink::record::Verdict;
use indicator_sink::schema::Decoders;
use indicator_sink::topic::Topic;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rdkafka::Message as _;
use rdkafka::message::OwnedMessage;
use tokio::time::Instant;

use crate::records;

const TOPIC: Topic = Topic::ChargePointStatus;

/// Logs, each with its own bad luck.
const SEEDS: u64 = 400;

/// Records of a log, and the most lives that end over it.
const RECORDS: usize = 400;
const CRASHES: usize = 30;

/// Whether lives read what was intended before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Exact,
    WithoutIntents,
}

/// Where the dice may end a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Assigned,
    Collected,
    Intended,
    IntendedInParts,
    Body,
    Inserted,
    InsertedPart,
    SetAside,
    Audited,
    Committed,
}

struct World<'a> {
    decoders: &'a Decoders,
    dice: ChaCha8Rng,
    protocol: Protocol,
    log: Vec<OwnedMessage>,
    poison: BTreeSet<i64>,
    committed: i64,
    metadata: String,
    table: Vec<i64>,
    tokens: BTreeSet<String>,
    audits: BTreeMap<i64, (i64, usize)>,
    dead_letters: Vec<i64>,
    frozen: Vec<(String, Vec<i64>)>,
    crashes: BTreeMap<Moment, usize>,
    left: usize,
}

/// The process ended.
struct Crash;

impl<'a> World<'a> {
    fn new(decoders: &'a Decoders, seed: u64, protocol: Protocol) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let (mut offset, mut log, mut poison) = (0, Vec::new(), BTreeSet::new());
        let status = records::value(&records::status());
        for _ in 0..RECORDS {
            offset += if dice.random_ratio(1, 10) {
                dice.random_range(1..9)
            } else {
                0
            };
            let value = match dice.random_range(0..40) {
                0 => None,
                1 => Some(b"{}".to_vec()),
                _ => Some(status.clone()),
            };
            if value.as_ref().is_some_and(|value| value.len() > 9) && dice.random_ratio(1, 60) {
                poison.insert(offset);
            }
            log.push(records::message(TOPIC, offset, value));
            offset += 1;
        }
        Self {
            decoders,
            dice,
            protocol,
            log,
            poison,
            committed: 0,
            metadata: String::new(),
            table: Vec::new(),
            tokens: BTreeSet::new(),
            audits: BTreeMap::new(),
            dead_letters: Vec::new(),
            frozen: Vec::new(),
            crashes: BTreeMap::new(),
            left: CRASHES,
        }
    }

    /// Perhaps the process ends here.
    fn risk(&mut self, moment: Moment) -> Result<(), Crash> {
        if self.left == 0 || !self.dice.random_ratio(1, 8) {
            return Ok(());
        }
        self.left -= 1;
        *self.crashes.entry(moment).or_default() += 1;
        Err(Crash)
    }

    fn end(&self) -> i64 {
        self.log.last().map_or(0, |record| record.offset() + 1)
    }

    fn insert(&mut self, token: String, offsets: Vec<i64>) {
        if self.tokens.insert(token) {
            self.table.extend(offsets);
        }
    }

    /// One process, from the start to its end.
    fn live(&mut self) -> Result<(), Crash> {
        self.risk(Moment::Assigned)?;
        let metadata = match self.protocol {
            Protocol::Exact => self.metadata.clone(),
            Protocol::WithoutIntents => String::new(),
        };
        let position = Position::of(Some(self.committed), &metadata).unwrap();
        let now = Instant::now();
        let mut batch = Batch::new(TOPIC, 5, position);
        let limits = Limits {
            rows: self.dice.random_range(1..40),
            bytes: 1 << 20,
            days: 60,
            age: Duration::from_secs(1),
        };
        let start = self
            .log
            .partition_point(|record| record.offset() < self.committed);
        for index in start..self.log.len() {
            let record = self.log[index].clone();
            let verdict = batch.add(&record, self.decoders, now);
            assert!(!matches!(verdict, Verdict::NeedsSchema(_)));
            // A second may be over at any time.
            let is_old = self.dice.random_ratio(1, 30);
            while batch.is_due(&limits, now) || (is_old && !batch.is_empty()) {
                self.fly(&batch.seal().unwrap())?;
            }
        }
        batch.complete(now);
        while let Some(range) = batch.seal() {
            self.fly(&range)?;
        }
        Ok(())
    }

    fn fly(&mut self, range: &Range) -> Result<(), Crash> {
        self.risk(Moment::Collected)?;
        let mut flight = Flight::of(range, usize::MAX);
        loop {
            match flight.step() {
                Step::Intend(intent) => {
                    (self.committed, self.metadata) = (range.from, Intent::text_of(Some(intent)));
                    self.risk(if intent.is_split {
                        Moment::IntendedInParts
                    } else {
                        Moment::Intended
                    })?;
                }
                Step::SetAside(refused) => {
                    self.dead_letters.push(refused.offset);
                    self.risk(Moment::SetAside)?;
                }
                Step::Insert(span) => {
                    if !self.write(range, span, flight.stored().is_split)? {
                        flight.refused("refused".to_owned());
                        continue;
                    }
                }
                Step::Audit => {
                    let entry = (range.to, flight.stored().rows);
                    self.audits.insert(range.from, entry);
                    self.risk(Moment::Audited)?;
                }
                Step::Commit => {
                    (self.committed, self.metadata) = (range.to, String::new());
                    self.risk(Moment::Committed)?;
                }
                Step::Landed => return Ok(()),
                Step::Drop(_) | Step::Wait => panic!("statuses are set aside without end"),
            }
            flight.done();
        }
    }

    /// Whether the table takes the part.
    fn write(&mut self, range: &Range, span: Span, is_split: bool) -> Result<bool, Crash> {
        let mut offsets = range.records.offsets();
        offsets.retain(|offset| (span.from..span.to).contains(offset));
        let token = range.token(span.from, span.to);
        if let Err(crash) = self.risk(Moment::Body) {
            // Gone with the process, or only frozen on its way.
            let is_good = !offsets.iter().any(|offset| self.poison.contains(offset));
            if is_good && self.dice.random_ratio(1, 2) {
                self.frozen.push((token, offsets));
            }
            return Err(crash);
        }
        if offsets.iter().any(|offset| self.poison.contains(offset)) {
            return Ok(false);
        }
        self.insert(token, offsets);
        self.risk(if is_split {
            Moment::InsertedPart
        } else {
            Moment::Inserted
        })?;
        Ok(true)
    }

    /// Lives until one of them reads all.
    fn run(&mut self) {
        while self.live().is_err() {
            if self.dice.random_ratio(1, 2)
                && let Some((token, offsets)) = self.frozen.pop()
            {
                self.insert(token, offsets);
            }
        }
        for (token, offsets) in std::mem::take(&mut self.frozen) {
            self.insert(token, offsets);
        }
    }

    /// What has to be in the table, once each.
    fn rows(&self) -> Vec<i64> {
        let is_row = |record: &&OwnedMessage| {
            let position = Position::default();
            let mut batch = Batch::new(TOPIC, 5, position);
            let verdict = batch.add(*record, self.decoders, Instant::now());
            matches!(verdict, Verdict::Row(_)) && !self.poison.contains(&record.offset())
        };
        let rows = self.log.iter().filter(is_row);
        rows.map(OwnedMessage::offset).collect()
    }

    fn copies(&self) -> usize {
        let distinct: BTreeSet<_> = self.table.iter().collect();
        self.table.len() - distinct.len()
    }
}

#[test]
fn a_crash_at_any_step_neither_loses_nor_doubles_a_row() {
    let mut crashes: BTreeMap<Moment, usize> = BTreeMap::new();
    let (decoders, mut controls) = (records::decoders(), 0);
    for seed in 0..SEEDS {
        let mut world = World::new(&decoders, seed, Protocol::Exact);
        world.run();
        let mut table = world.table.clone();
        table.sort_unstable();
        let rows = world.rows();
        assert_eq!(table, rows, "seed {seed}");
        // Every range begins where the one before it ended, and the account adds up.
        let mut end = 0;
        for (from, (to, _)) in &world.audits {
            assert_eq!(*from, end, "seed {seed}: a gap in the audit");
            end = *to;
        }
        assert_eq!(
            (end, world.committed),
            (world.end(), world.end()),
            "seed {seed}"
        );
        let audited: usize = world.audits.values().map(|(_, rows)| rows).sum();
        assert_eq!(audited, rows.len(), "seed {seed}");
        // Set aside perhaps twice, never not at all, and nothing else.
        let aside: BTreeSet<_> = world.dead_letters.iter().copied().collect();
        let good: BTreeSet<_> = rows.into_iter().collect();
        let bad = world.log.iter().filter(|record| record.payload().is_some());
        let bad = bad.map(OwnedMessage::offset);
        assert_eq!(
            aside,
            bad.filter(|offset| !good.contains(offset)).collect(),
            "seed {seed}"
        );
        for (moment, count) in world.crashes {
            *crashes.entry(moment).or_default() += count;
        }
        let mut control = World::new(&decoders, seed, Protocol::WithoutIntents);
        control.run();
        controls += u64::from(control.copies() > 0);
    }
    println!("crashes by moment: {crashes:?}; {controls} of {SEEDS} controls show copies");
    assert_eq!(crashes.len(), 10, "{crashes:?}");
    assert!(crashes.values().all(|count| *count > 100), "{crashes:?}");
    // Without intents the same crashes must show, or all this proves nothing.
    assert!(controls > SEEDS * 3 / 4, "{controls} of {SEEDS}");
}
