//! How a task comes back: write the fence, read up to it, check, and say where to read on.
//!
//! The changelog is never read to "its end": an end that the brokers report may lie before a commit
//! that is still on its way. The fence is a record of our own, committed before the first read, and
//! readers of committed records see it only when everything before it is decided.
//!
//! Without transactions a changelog can end in the middle of what its last owner wrote, and a worker
//! that hung can write behind the fence of its successor. What lies behind the last position, and what
//! its header tells to be a stranger's, has not happened: it is left out, and the task writes what it
//! covers once more, since a compaction keeps the last record of a key.
//!
//! A restore is taken step by step, so that the worker hears meanwhile whether the partitions are
//! still its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::engine::{self, Engine, StateRecord};
use domain::position::{Fence, Position};
use domain::wire::WireError;
use platform::avro;
use tokio::time::Instant;

use crate::commit::Ending;
use crate::input::{Input, InputError, InputRecord, Start};
use crate::output::{Output, OutputError};
use crate::state::book::StateBook;
use crate::state::{self, Changelog, Key, NextOffsets};
use crate::task::{Inheritance, Rules, Task};
use crate::topology::{Lane, Source};

/// How long a restore may stand still. Longer than a transaction that another worker left open may
/// hold it back.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long one wait for records lasts.
const WAIT: Duration = Duration::from_millis(10);

/// How often a long restore tells how far it is.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Records taken in by one step.
const RECORDS_AT_ONCE: usize = 10_000;

/// Why tasks cannot be restored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    /// The changelog cannot be read.
    #[error("reading the changelog failed")]
    Input(#[source] InputError),
    /// The fence cannot be written.
    #[error("writing the fence failed")]
    Output(#[source] OutputError),
    /// Nothing came for too long.
    #[error(
        "no record of {lane} came for {PATIENCE:?} and the fence is not reached: see whether a \
         transaction hangs there"
    )]
    NoProgress {
        /// The changelog's partition.
        lane: Lane,
    },
    /// Positions do not follow each other: two owners have written at once.
    #[error(
        "position {later} follows position {earlier} in the changelog of task {partition}: two \
         workers have written it; replay into a new changelog"
    )]
    Sequence {
        /// The task.
        partition: i32,
        /// The sequence number read first.
        earlier: i64,
        /// The sequence number read then.
        later: i64,
    },
    /// There is state, and no position to go on from.
    #[error(
        "the changelog of task {partition} has state and no position: a worker that hung wrote over \
         it, without transactions; replay into a new changelog"
    )]
    NoPosition {
        /// The task.
        partition: i32,
    },
    /// A record is not what the changelog holds.
    #[error(
        "record {offset} of {lane} is no state of ours ({reason}): run the version that wrote it, \
         or replay into a new changelog"
    )]
    Record {
        /// The changelog's partition.
        lane: Lane,
        /// Its offset.
        offset: i64,
        /// What is wrong.
        reason: String,
    },
    /// The engine refuses a state.
    #[error("the state of task {partition} cannot be restored: run the version that wrote it")]
    State {
        /// The task.
        partition: i32,
        /// Its reason.
        source: engine::RestoreError,
    },
}

/// What the changelog of one task has told so far.
#[derive(Debug, Default)]
struct Recollection {
    entities: BTreeMap<String, Vec<u8>>,
    position: Option<Position>,
    /// What was written since that position, and has not happened unless another one follows. In
    /// transactions nothing is.
    pending: BTreeMap<String, Option<Vec<u8>>>,
    /// Keys whose last record has not happened: a compaction would keep it and lose what it covers.
    spoiled: BTreeSet<String>,
    /// The newest fence known; what was written behind an older one is of a worker that hung.
    fence: i64,
    is_complete: bool,
}

/// A restore of the tasks of one assignment.
pub(crate) struct Restore<I> {
    input: I,
    /// Who restores, unique to this restore: the worker may have written fences before.
    writer: String,
    step: Step,
    recollections: BTreeMap<Lane, Recollection>,
    last_progress: Instant,
    /// Records read, and when that was told last.
    heard: usize,
    told: Instant,
}

/// The next step of a restore.
enum Step {
    WriteFences,
    CommitFences(Ending),
    Open,
    Read,
    Place,
}

impl<I: Input> Restore<I> {
    /// Restores the tasks of `partitions`, reading by `input`, as `writer`.
    pub(crate) fn new(partitions: &[i32], input: I, writer: String) -> Self {
        let lane = |partition: &i32| Lane {
            source: Source::Changelog,
            partition: *partition,
        };
        let lanes = partitions.iter().map(lane);
        Self {
            input,
            writer,
            step: Step::WriteFences,
            recollections: lanes.map(|lane| (lane, Recollection::default())).collect(),
            last_progress: Instant::now(),
            heard: 0,
            told: Instant::now(),
        }
    }

    /// Whether a transaction is open.
    pub(crate) const fn is_fencing(&self) -> bool {
        matches!(self.step, Step::CommitFences(_))
    }

    /// What it reads by.
    pub(crate) fn into_input(self) -> I {
        self.input
    }

    /// Takes the next step. Returns the tasks once they are restored, with their inputs open where they
    /// stood.
    ///
    /// # Errors
    /// When fence or changelog fail; see [`RestoreError`].
    pub(crate) fn step<O: Output>(
        &mut self,
        owner: &str,
        output: &mut O,
        rules: &Rules,
    ) -> Result<Option<Vec<Task>>, RestoreError> {
        match &mut self.step {
            Step::WriteFences if self.recollections.is_empty() => return Ok(Some(Vec::new())),
            Step::WriteFences => {
                self.write_fences(owner, output, rules)
                    .map_err(RestoreError::Output)?;
                self.step = Step::CommitFences(Ending::new(Vec::new(), Vec::new()));
            }
            Step::CommitFences(ending) => {
                if ending.step(output, None).map_err(RestoreError::Output)? {
                    self.step = Step::Open;
                }
            }
            Step::Open => {
                let lanes = self.recollections.keys();
                let starts: Vec<_> = lanes.map(|lane| (*lane, Start::Beginning)).collect();
                self.input.open(&starts).map_err(RestoreError::Input)?;
                self.last_progress = Instant::now();
                self.step = Step::Read;
            }
            Step::Read => {
                if self.read(rules)? {
                    self.step = Step::Place;
                }
            }
            Step::Place => return self.place(rules).map(Some),
        }
        Ok(None)
    }

    fn write_fences<O: Output>(
        &self,
        owner: &str,
        output: &mut O,
        rules: &Rules,
    ) -> Result<(), OutputError> {
        output.begin()?;
        let fence = Fence {
            writer: self.writer.clone(),
        };
        for lane in self.recollections.keys() {
            let changelog = Changelog {
                partition: lane.partition,
                schema: rules.schemas.changelog,
                fence: None,
            };
            output.send(&changelog.fence(owner, &fence))?;
        }
        Ok(())
    }

    /// Reads what is there. Returns whether every fence is reached.
    fn read(&mut self, rules: &Rules) -> Result<bool, RestoreError> {
        let mut room = RECORDS_AT_ONCE;
        for (lane, recollection) in &mut self.recollections {
            while !recollection.is_complete
                && room > 0
                && let Some(record) = self.input.next(*lane).map_err(RestoreError::Input)?
            {
                room -= 1;
                recollection.hear(&record, &self.writer, rules)?;
            }
        }
        self.heard += RECORDS_AT_ONCE - room;
        self.tell();
        let Some((lane, _)) = self.recollections.iter().find(|(_, it)| !it.is_complete) else {
            return Ok(true);
        };
        if room < RECORDS_AT_ONCE {
            self.last_progress = Instant::now();
        } else if self.last_progress.elapsed() > PATIENCE {
            return Err(RestoreError::NoProgress { lane: *lane });
        } else {
            self.input.wait(WAIT).map_err(RestoreError::Input)?;
        }
        Ok(false)
    }

    /// Tells now and then how far it is.
    fn tell(&mut self) {
        if self.told.elapsed() < TELL_EVERY {
            return;
        }
        self.told = Instant::now();
        let complete = self.recollections.values().filter(|it| it.is_complete);
        tracing::info!(
            records = self.heard,
            complete = complete.count(),
            tasks = self.recollections.len(),
            "restoring"
        );
    }

    /// Closes the changelog, makes the tasks, and opens their inputs.
    fn place(&mut self, rules: &Rules) -> Result<Vec<Task>, RestoreError> {
        let recollections = std::mem::take(&mut self.recollections);
        let lanes: Vec<_> = recollections.keys().copied().collect();
        self.input.close(&lanes).map_err(RestoreError::Input)?;
        let mut tasks = Vec::with_capacity(lanes.len());
        let mut starts = Vec::with_capacity(lanes.len() * Source::INPUTS.len());
        for (lane, recollection) in recollections {
            starts.extend(Source::INPUTS.map(|source| {
                let start = match &recollection.position {
                    Some(position) => Start::At(NextOffsets::from_position(position).of(source)),
                    None => Start::Beginning,
                };
                let partition = lane.partition;
                (Lane { source, partition }, start)
            }));
            tasks.push(task_of(lane.partition, recollection, rules)?);
        }
        self.input.open(&starts).map_err(RestoreError::Input)?;
        Ok(tasks)
    }
}

fn task_of(
    partition: i32,
    recollection: Recollection,
    rules: &Rules,
) -> Result<Task, RestoreError> {
    let Recollection {
        mut entities,
        position,
        spoiled,
        fence,
        ..
    } = recollection;
    if position.is_none() && !entities.is_empty() {
        return Err(RestoreError::NoPosition { partition });
    }
    let repair = |key: String| {
        let value = entities.get(&key).cloned();
        StateRecord { key, value }
    };
    let repairs = spoiled.into_iter().map(repair).collect();
    let mut engine = Engine::new(rules.policy.clone(), rules.provisional);
    let mut book = StateBook::default();
    // One at a time out of the map, so that a state is not there twice.
    while let Some((key, value)) = entities.pop_first() {
        engine
            .restore(&key, &value)
            .map_err(|source| RestoreError::State { partition, source })?;
        let value = Some(value);
        book.note(&StateRecord { key, value });
    }
    let position = position.unwrap_or_default();
    engine.resume(&position.clock);
    let inheritance = Inheritance {
        position,
        book,
        repairs,
        fence,
    };
    Ok(Task::new(partition, engine, inheritance, rules))
}

impl Recollection {
    /// Takes in the next record of the changelog.
    fn hear(
        &mut self,
        record: &InputRecord,
        writer: &str,
        rules: &Rules,
    ) -> Result<(), RestoreError> {
        let refuse = |reason: String| RestoreError::Record {
            lane: record.lane,
            offset: record.offset,
            reason,
        };
        let key = record.key.as_deref().unwrap_or_default();
        let key = std::str::from_utf8(key).map_err(|error| refuse(error.to_string()))?;
        let is_fence = matches!(Key::of(key), Key::Fence);
        let behind = state::fence_of(record.headers.as_ref());
        if behind.is_some_and(|fence| fence < self.fence) {
            self.spoil(key);
            return Ok(());
        }
        self.fence = behind.unwrap_or(self.fence).max(self.fence);
        if is_fence {
            self.fence = record.offset;
        }
        let Some(value) = &record.value else {
            self.write(key, None);
            return Ok(());
        };
        let (schema, bytes) = avro::unframe(value).map_err(|error| refuse(error.to_string()))?;
        let expected = rules.schemas.changelog;
        if schema != expected {
            return Err(refuse(format!("schema {schema}, expected {expected}")));
        }
        let wrong = |error: WireError| refuse(error.to_string());
        match Key::of(key) {
            Key::Entity(key) => self.write(key, Some(bytes.to_vec())),
            Key::Fence => {
                let fence = Fence::from_bytes(bytes).map_err(wrong)?;
                self.is_complete = fence.writer == writer;
                if self.is_complete {
                    let torn = std::mem::take(&mut self.pending);
                    self.spoiled.extend(torn.into_keys());
                }
            }
            Key::Position => {
                let position = Position::from_bytes(bytes).map_err(wrong)?;
                self.follow(record.lane.partition, position)?;
            }
        }
        Ok(())
    }

    /// Takes a record of an entity in; it counts from the next position on.
    fn write(&mut self, key: &str, value: Option<Vec<u8>>) {
        self.spoiled.remove(key);
        self.pending.insert(key.to_owned(), value);
    }

    /// Leaves a record out that somebody wrote whose partition it was not any more.
    fn spoil(&mut self, key: &str) {
        if let Key::Entity(key) = Key::of(key) {
            self.spoiled.insert(key.to_owned());
        }
    }

    fn follow(&mut self, partition: i32, position: Position) -> Result<(), RestoreError> {
        if let Some(earlier) = &self.position
            && earlier.sequence >= position.sequence
        {
            return Err(RestoreError::Sequence {
                partition,
                earlier: earlier.sequence,
                later: position.sequence,
            });
        }
        self.position = Some(position);
        for (key, value) in std::mem::take(&mut self.pending) {
            match value {
                Some(value) => self.entities.insert(key, value),
                None => self.entities.remove(&key),
            };
        }
        Ok(())
    }
}
