//! The tasks of one assignment: restored, run in rounds, committed, dropped.
//!
//! One assignment lives from the moment when partitions are assigned until they are taken away, or
//! until anything fails. Assigned → restore → run; revoked → commit → drop; lost → abort → drop.
//! Tasks are never carried over: what another worker may have done meanwhile is in the changelog.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use tokio::time::Instant;

use crate::commit::{Limits, Transaction};
use crate::decode::{Decoders, SchemaSource};
use crate::disposition::WorkerError;
use crate::input::{Input, InputError};
use crate::metrics::Metrics;
use crate::output::{Output, OutputError};
use crate::replay::Goal;
use crate::task::{Effects, READY_RECORDS, Rules, Task, Waiting};
use crate::topology::{Lane, Source};

/// How often the distance to the ends of the inputs is shown.
const LAG_EVERY: Duration = Duration::from_secs(10);

/// How often in a row a lane may be seen standing still with something to read: a minute.
const MOST_STANDING: u32 = 6;

/// What an assignment needs besides its clients.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// How to count.
    pub(crate) rules: Rules,
    /// When to commit.
    pub(crate) limits: Limits,
    /// Where to show it.
    pub(crate) metrics: Metrics,
    /// Where a replay stops.
    pub(crate) goal: Option<Arc<Goal>>,
}

/// The tasks and what feeds them.
pub(crate) struct Assignment<I, G> {
    terms: Terms,
    input: I,
    /// What the group knew of us when it assigned them.
    group: Option<G>,
    tasks: BTreeMap<i32, Task>,
    /// The clocks as they are shown.
    clocks: BTreeMap<i32, Timestamp>,
    /// Their largest steps since the lag was shown, ms.
    steps: BTreeMap<i32, i64>,
    transaction: Transaction,
    effects: Effects,
    /// Events were taken since the end of the directory was asked for.
    has_fresh: bool,
    lag_shown: Option<Instant>,
    /// Lanes with something to read and nothing ready: their next offset, and how often it was that.
    standing: BTreeMap<Lane, (i64, u32)>,
}

impl<I: Input, G> Assignment<I, G> {
    /// Runs restored tasks, reading by `input`, as the member that `group` tells of.
    pub(crate) fn new(restored: Vec<Task>, (input, group): (I, Option<G>), terms: Terms) -> Self {
        let mut tasks = BTreeMap::new();
        for task in restored {
            let partition = task.lane(Source::Changelog).partition;
            terms.metrics.state(partition, task.state_size());
            tasks.insert(partition, task);
        }
        let mut transaction = Transaction::new(terms.limits);
        if tasks.values().any(Task::has_moved) {
            transaction.expect();
        }
        Self {
            transaction,
            terms,
            input,
            group,
            tasks,
            clocks: BTreeMap::new(),
            steps: BTreeMap::new(),
            effects: Effects::default(),
            // The directory is read to its end before the first event.
            has_fresh: true,
            lag_shown: None,
            standing: BTreeMap::new(),
        }
    }

    /// Reads what is there, applies what may be applied, and writes what follows. Returns whether
    /// anything happened.
    ///
    /// # Errors
    /// When the assignment cannot go on.
    pub(crate) fn round<S: SchemaSource, O: Output>(
        &mut self,
        decoders: &mut Decoders<S>,
        output: &mut O,
    ) -> Result<bool, WorkerError> {
        self.input.wait(Duration::ZERO)?;
        let mut has_moved = self.take_events()?;
        // Between the two steps below no event is taken, so each is covered by the question.
        if self.has_fresh && !self.ask_directory()? {
            return Ok(false);
        }
        has_moved |= self.take(Source::Directory)?;
        for (partition, task) in &mut self.tasks {
            let rules = &self.terms.rules;
            if task.run(decoders, rules, &mut self.effects) {
                has_moved = true;
                self.transaction.add(&mut self.effects, output)?;
            }
            // A task whose events all wait has a clock as well: those that wait have moved it.
            let clock = task.clock();
            if let Some(at) = clock {
                let before = self.clocks.insert(*partition, at);
                if before != clock {
                    self.terms.metrics.clock(*partition, at);
                    let step = before.map_or(0, |before| at.as_ms() - before.as_ms());
                    let largest = self.steps.entry(*partition).or_default();
                    *largest = step.max(*largest);
                }
            }
        }
        self.note_progress();
        Ok(has_moved)
    }

    fn take_events(&mut self) -> Result<bool, InputError> {
        let status = self.take(Source::Status)?;
        let session = self.take(Source::Session)?;
        self.has_fresh |= status || session;
        Ok(status || session)
    }

    fn take(&mut self, source: Source) -> Result<bool, InputError> {
        let mut has_taken = false;
        for task in self.tasks.values_mut() {
            let lane = task.lane(source);
            let goal = self.terms.goal.as_ref();
            let end = goal.map_or(i64::MAX, |goal| goal.end(lane));
            for _ in 0..task.room(source) {
                let Some(record) = self.input.next(lane)? else {
                    break;
                };
                // What was written since a replay began is left to the live application.
                if record.offset >= end {
                    break;
                }
                task.take(record);
                has_taken = true;
            }
        }
        Ok(has_taken)
    }

    /// Asks where the directory ends, for all tasks at once. Brokers that do not answer are waited
    /// for: nothing is lost by standing still. A replay knows: it does not read what came later.
    fn ask_directory(&mut self) -> Result<bool, InputError> {
        if let Some(goal) = &self.terms.goal {
            for task in self.tasks.values_mut() {
                task.directory_ends_at(goal.end(task.lane(Source::Directory)));
            }
            self.has_fresh = false;
            return Ok(true);
        }
        let lanes: Vec<_> = self
            .tasks
            .values()
            .map(|task| task.lane(Source::Directory))
            .collect();
        match self.input.ends(&lanes) {
            Ok(ends) => {
                for (lane, end) in ends {
                    if let Some(task) = self.tasks.get_mut(&lane.partition) {
                        task.directory_ends_at(end);
                    }
                }
                self.has_fresh = false;
                Ok(true)
            }
            Err(error @ InputError::Unavailable(_)) => {
                tracing::warn!(%error, "events wait for the directory");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether every task has read the directory as far as it must.
    pub(crate) fn is_settled(&self) -> bool {
        !self.has_fresh && self.tasks.values().all(Task::knows_directory)
    }

    /// Whether a replay has nothing left to apply here.
    pub(crate) fn is_spent(&self) -> bool {
        let Some(goal) = &self.terms.goal else {
            return false;
        };
        let mut tasks = self.tasks.values();
        self.is_settled() && tasks.all(|it| it.is_spent(|lane| goal.end(lane)))
    }

    /// Whether everything is committed.
    pub(crate) const fn is_committed(&self) -> bool {
        self.transaction.is_empty()
    }

    /// Tells a replay how far the tasks are, committed or not.
    fn note_progress(&self) {
        let Some(goal) = &self.terms.goal else {
            return;
        };
        for task in self.tasks.values() {
            for source in Source::INPUTS {
                goal.note(task.lane(source), task.next_offset(source));
            }
        }
    }

    /// Whether it is time to commit.
    pub(crate) fn is_due(&self) -> bool {
        self.transaction.is_due()
    }

    /// Whether a commit has begun and is not over: until then, no round.
    pub(crate) const fn is_committing(&self) -> bool {
        self.transaction.is_ending()
    }

    /// Commits what was done since the last commit: begins, or takes the next step. Returns whether that
    /// was the last.
    ///
    /// # Errors
    /// When the assignment cannot go on.
    pub(crate) fn commit_step<O: Output<Group = G>>(
        &mut self,
        output: &mut O,
    ) -> Result<bool, OutputError> {
        if self.is_committing() {
            let group = self.group.as_ref();
            return self.transaction.step(output, group, &self.terms.metrics);
        }
        self.transaction
            .end(self.tasks.values_mut(), output, &self.terms.rules)?;
        Ok(!self.is_committing())
    }

    /// Gives up what was done since the last commit.
    ///
    /// # Errors
    /// When the producer has to be dropped as well.
    pub(crate) fn abort<O: Output>(&mut self, output: &mut O) -> Result<(), OutputError> {
        self.transaction.abort(output, &self.terms.metrics)
    }

    /// Waits at most `timeout` for something to do.
    ///
    /// # Errors
    /// When the assignment cannot go on.
    pub(crate) fn wait(&mut self, timeout: Duration) -> Result<(), InputError> {
        self.input.wait(timeout)
    }

    /// The lanes of all inputs.
    pub(crate) fn lanes(&self) -> Vec<Lane> {
        let tasks = self.tasks.values();
        tasks
            .flat_map(|task| Source::INPUTS.map(|source| task.lane(source)))
            .collect()
    }

    /// Shows how far the inputs are behind everything written, whose ends are given.
    pub(crate) fn show_written(&self, ends: &BTreeMap<Lane, i64>) {
        for (lane, end) in ends {
            if let Some(task) = self.tasks.get(&lane.partition) {
                let behind = end.saturating_sub(task.next_offset(lane.source)).max(0);
                self.terms.metrics.lag_written(*lane, behind);
            }
        }
    }

    /// Shows what records wait for, how the clocks move, and how much state there is.
    fn show_waiting(&mut self) {
        for (partition, task) in &self.tasks {
            self.terms.metrics.state(*partition, task.state_size());
            for reason in Waiting::ALL {
                let sources = Source::INPUTS.into_iter();
                let inputs = sources.filter(|source| task.waits_for(*source) == Some(reason));
                let metrics = &self.terms.metrics;
                metrics.waiting(*partition, reason, inputs.count());
            }
        }
        for (partition, step_ms) in std::mem::take(&mut self.steps) {
            self.terms.metrics.clock_step(partition, step_ms);
        }
    }

    /// Shows how far the inputs are behind, every ten seconds, and looks whether they move. Returns
    /// whether it was time.
    ///
    /// # Errors
    /// When a lane stands still although there is something to read, and nothing waits to be applied:
    /// the client can lose sight of a partition for good after an outage.
    pub(crate) fn show_lag(&mut self) -> Result<bool, InputError> {
        if self.lag_shown.is_some_and(|at| at.elapsed() < LAG_EVERY) {
            return Ok(false);
        }
        self.lag_shown = Some(Instant::now());
        self.show_waiting();
        let lanes = self.lanes();
        let ends = match self.input.ends(&lanes) {
            Ok(ends) => ends,
            Err(error) => {
                tracing::debug!(%error, "lag cannot be told");
                return Ok(true);
            }
        };
        for (lane, end) in ends {
            let Some(task) = self.tasks.get(&lane.partition) else {
                continue;
            };
            let next = task.next_offset(lane.source);
            let behind = end.saturating_sub(next).max(0);
            self.terms.metrics.lag(lane, behind);
            let goal = self.terms.goal.as_ref();
            let is_over = goal.is_some_and(|goal| next >= goal.end(lane));
            if behind == 0 || is_over || task.room(lane.source) < READY_RECORDS {
                self.standing.remove(&lane);
                continue;
            }
            let (at, times) = self.standing.entry(lane).or_insert((next, 0));
            *times = if *at == next { *times + 1 } else { 0 };
            *at = next;
            if *times > MOST_STANDING {
                return Err(InputError::Stalled { lane });
            }
        }
        Ok(true)
    }
}

impl<I, G> Drop for Assignment<I, G> {
    fn drop(&mut self) {
        for partition in self.tasks.keys() {
            self.terms.metrics.forget(*partition);
        }
    }
}

#[cfg(test)]
mod tests;
