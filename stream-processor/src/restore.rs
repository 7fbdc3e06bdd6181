//! How a task comes back: write the fence, read up to it, check, and say where to read on.
//!
//! The changelog is never read to "its end": an end that the brokers report may lie before a commit
//! that is still on its way. The fence is a record of our own, committed before the first read, and
//! readers of committed records see it only when everything before it is decided.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::engine::{self, Engine};
use domain::position::{Fence, Position};
use domain::wire::WireError;
use platform::avro;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::input::{Input, InputError, InputRecord, Start};
use crate::output::{Output, OutputError};
use crate::state::{Changelog, Key, NextOffsets};
use crate::task::{Rules, Task};
use crate::topology::{Lane, Source};

/// How long a restore may stand still. Longer than a transaction that another worker left open may
/// hold it back.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long one wait for records lasts.
const STEP: Duration = Duration::from_millis(10);

/// Why tasks cannot be restored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    /// The changelog cannot be read.
    #[error("reading the changelog failed")]
    Input(#[source] InputError),
    /// The fence cannot be written.
    #[error("writing the fence failed")]
    Output(#[source] OutputError),
    /// The process ends.
    #[error("the restore was interrupted by the shutdown")]
    Interrupted,
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

/// Who restores, and under which rules.
pub(crate) struct Plan<'a> {
    /// The worker's name: whose fence it is.
    pub(crate) owner: &'a str,
    /// Who restores, unique to this restore: the worker may have written fences before.
    pub(crate) writer: String,
    /// The rules of the tasks.
    pub(crate) rules: &'a Rules,
    /// Ends the restore early.
    pub(crate) shutdown: &'a CancellationToken,
}

/// What the changelog of one task has told so far.
#[derive(Debug, Default)]
struct Recollection {
    entities: BTreeMap<String, Vec<u8>>,
    position: Option<Position>,
    is_complete: bool,
}

/// Restores the tasks of `partitions`, and opens their inputs where they stood.
///
/// # Errors
/// When fence or changelog fail; see [`RestoreError`].
pub(crate) fn restore<I: Input, O: Output>(
    partitions: &[i32],
    input: &mut I,
    output: &mut O,
    plan: &Plan<'_>,
) -> Result<Vec<(Task, usize)>, RestoreError> {
    write_fences(partitions, output, plan).map_err(RestoreError::Output)?;
    let lanes = lanes_of(partitions, Source::Changelog);
    let starts: Vec<_> = lanes.iter().map(|lane| (*lane, Start::Beginning)).collect();
    input.open(&starts).map_err(RestoreError::Input)?;
    let recollections = read_to_fences(&lanes, input, plan)?;
    input.close(&lanes).map_err(RestoreError::Input)?;
    let mut tasks = Vec::with_capacity(partitions.len());
    let mut starts = Vec::with_capacity(partitions.len() * Source::INPUTS.len());
    for (lane, recollection) in recollections {
        let keys = recollection.entities.len();
        starts.extend(Source::INPUTS.map(|source| {
            let start = match &recollection.position {
                Some(position) => Start::At(NextOffsets::from_position(position).of(source)),
                None => Start::Beginning,
            };
            let partition = lane.partition;
            (Lane { source, partition }, start)
        }));
        tasks.push((task_of(lane.partition, recollection, plan.rules)?, keys));
    }
    input.open(&starts).map_err(RestoreError::Input)?;
    Ok(tasks)
}

fn lanes_of(partitions: &[i32], source: Source) -> Vec<Lane> {
    partitions
        .iter()
        .map(|partition| Lane {
            source,
            partition: *partition,
        })
        .collect()
}

fn write_fences<O: Output>(
    partitions: &[i32],
    output: &mut O,
    plan: &Plan<'_>,
) -> Result<(), OutputError> {
    output.begin()?;
    let fence = Fence {
        writer: plan.writer.clone(),
    };
    for partition in partitions {
        let changelog = Changelog {
            partition: *partition,
            schema: plan.rules.schemas.changelog,
        };
        output.send(&changelog.fence(plan.owner, &fence))?;
    }
    output.commit(&[])
}

fn read_to_fences<I: Input>(
    lanes: &[Lane],
    input: &mut I,
    plan: &Plan<'_>,
) -> Result<BTreeMap<Lane, Recollection>, RestoreError> {
    let mut all: BTreeMap<_, _> = lanes
        .iter()
        .map(|lane| (*lane, Recollection::default()))
        .collect();
    let mut last_progress = Instant::now();
    loop {
        let mut has_moved = false;
        for (lane, recollection) in &mut all {
            while !recollection.is_complete
                && let Some(record) = input.next(*lane).map_err(RestoreError::Input)?
            {
                has_moved = true;
                recollection.hear(&record, plan)?;
            }
        }
        let Some((lane, _)) = all.iter().find(|(_, it)| !it.is_complete) else {
            return Ok(all);
        };
        if plan.shutdown.is_cancelled() {
            return Err(RestoreError::Interrupted);
        }
        if has_moved {
            last_progress = Instant::now();
        } else if last_progress.elapsed() > PATIENCE {
            return Err(RestoreError::NoProgress { lane: *lane });
        } else {
            input.wait(STEP).map_err(RestoreError::Input)?;
        }
    }
}

fn task_of(
    partition: i32,
    recollection: Recollection,
    rules: &Rules,
) -> Result<Task, RestoreError> {
    let mut engine = Engine::new(rules.policy.clone(), rules.provisional);
    for (key, value) in &recollection.entities {
        engine
            .restore(key, value)
            .map_err(|source| RestoreError::State { partition, source })?;
    }
    let position = recollection.position.unwrap_or_default();
    engine.resume(&position.clock);
    Ok(Task::new(partition, engine, &position, rules))
}

impl Recollection {
    /// Takes in the next record of the changelog.
    fn hear(&mut self, record: &InputRecord, plan: &Plan<'_>) -> Result<(), RestoreError> {
        let refuse = |reason: String| RestoreError::Record {
            lane: record.lane,
            offset: record.offset,
            reason,
        };
        let key = record.key.as_deref().unwrap_or_default();
        let key = std::str::from_utf8(key).map_err(|error| refuse(error.to_string()))?;
        let Some(value) = &record.value else {
            self.entities.remove(key);
            return Ok(());
        };
        let (schema, bytes) = avro::unframe(value).map_err(|error| refuse(error.to_string()))?;
        let expected = plan.rules.schemas.changelog;
        if schema != expected {
            return Err(refuse(format!("schema {schema}, expected {expected}")));
        }
        let wrong = |error: WireError| refuse(error.to_string());
        match Key::of(key) {
            Key::Entity(key) => {
                self.entities.insert(key.to_owned(), bytes.to_vec());
            }
            Key::Fence => {
                let fence = Fence::from_bytes(bytes).map_err(wrong)?;
                self.is_complete = fence.writer == plan.writer;
            }
            Key::Position => {
                let position = Position::from_bytes(bytes).map_err(wrong)?;
                self.follow(record.lane.partition, position)?;
            }
        }
        Ok(())
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
        Ok(())
    }
}
