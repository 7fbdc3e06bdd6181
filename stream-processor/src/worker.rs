//! The worker: one thread, one member of the group, one transactional producer, its tasks.
//!
//! It joins what the other rooms do and keeps them going: membership, rounds, commits. When
//! something fails, what is in memory is worth nothing, since nobody knows how much of it is in
//! Kafka: the producer and the tasks are dropped, and both are built again from what Kafka has.
//! Failures of a kind that would come back end the process with the reason.
//!
//! It moves in turns, and a turn does one thing: a step of a restore, a round, a step of a commit. A
//! thread takes one turn after the other; a test can do something else in between.

use std::time::Duration;

use platform::admin::{Heartbeat, Readiness};
use platform::backoff::Backoff;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::assignment::{Assignment, Terms};
use crate::clients::Clients;
use crate::decode::Decoders;
use crate::disposition::{self, Disposition, WorkerError};
use crate::membership::{Change, Membership as _};
use crate::output::Output as _;
use crate::restore::Restore;

/// How long an idle worker waits before it looks again.
const IDLE: Duration = Duration::from_millis(10);

/// How often in [`FENCED_WITHIN`] a worker takes its name back from another, before it believes that
/// there is one. A worker that hung, or that an outage separated from the brokers, is fenced once.
const MOST_FENCED: usize = 5;

/// The time in which fencings are counted.
const FENCED_WITHIN: Duration = Duration::from_mins(10);

/// A worker's place in the process.
pub(crate) struct Seat {
    /// Its name: see [`crate::config::Config::worker_name`].
    pub(crate) name: String,
    /// Its number in the process, from 0.
    pub(crate) index: u8,
    /// A number that no other process has: it tells this process's fences from all others.
    pub(crate) nonce: u64,
    /// What its assignments need.
    pub(crate) terms: Terms,
    /// Whether the process is ready.
    pub(crate) readiness: Readiness,
    /// Its sign of progress.
    pub(crate) heartbeat: Heartbeat,
    /// Ends it.
    pub(crate) shutdown: CancellationToken,
}

impl Seat {
    /// Tells a replay whether the worker has nothing left to do.
    fn finished(&self, is_finished: bool) {
        if let Some(goal) = &self.terms.goal {
            goal.finished(self.index, is_finished);
        }
    }
}

/// What follows a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The next turn.
    On,
    /// A wait after this many failures in a row, then the next turn.
    Anew(u32),
    /// Nothing: the shutdown is done.
    Ended,
}

/// What a worker does with its partitions.
enum Work<C: Clients> {
    /// It has none.
    Idle,
    /// It restores them, since then.
    Restoring(Restore<C::Input>, Option<C::Group>, Instant),
    /// It runs them.
    Running(Assignment<C::Input, C::Group>),
    /// It commits for the last time, to give them away.
    Parting(Assignment<C::Input, C::Group>),
    /// It commits for the last time, to end.
    Ending(Assignment<C::Input, C::Group>),
}

/// One worker.
pub(crate) struct Worker<C: Clients> {
    seat: Seat,
    clients: C,
    decoders: Decoders<C::Schemas>,
    membership: Option<C::Membership>,
    output: Option<C::Output>,
    work: Work<C>,
    record: Record,
}

/// How a worker has fared.
#[derive(Debug, Default)]
struct Record {
    /// Failures since the last commit.
    failures: u32,
    /// Restores begun.
    restores: u64,
    /// When it was fenced lately.
    fenced: Vec<Instant>,
}

impl Record {
    /// Notes a fencing. Returns whether there were too many.
    fn is_fenced_again(&mut self) -> bool {
        self.fenced.retain(|at| at.elapsed() < FENCED_WITHIN);
        self.fenced.push(Instant::now());
        self.fenced.len() > MOST_FENCED
    }
}

/// Works on this thread until the shutdown.
///
/// # Errors
/// When going on makes no sense, or the last commit fails.
pub(crate) fn run<C: Clients>(seat: Seat, mut clients: C, runtime: &Handle) -> anyhow::Result<()> {
    let shutdown = seat.shutdown.clone();
    let decoders = Decoders::new(clients.schemas());
    let mut worker = Worker::new(seat, clients, decoders);
    loop {
        match worker.turn()? {
            Turn::On => {}
            Turn::Anew(attempt) => {
                let delay = Backoff::STANDARD.delay(attempt);
                let rest = async { tokio::time::timeout(delay, shutdown.cancelled()).await };
                runtime.block_on(rest).ok();
            }
            Turn::Ended => return Ok(()),
        }
    }
}

impl<C: Clients> Worker<C> {
    /// Creates a worker that has no clients yet.
    pub(crate) fn new(seat: Seat, clients: C, decoders: Decoders<C::Schemas>) -> Self {
        Self {
            seat,
            clients,
            decoders,
            membership: None,
            output: None,
            work: Work::Idle,
            record: Record::default(),
        }
    }

    /// What it knows of schemas, when it is over.
    #[cfg(test)]
    pub(crate) fn into_decoders(self) -> Decoders<C::Schemas> {
        self.decoders
    }

    /// Takes one turn.
    ///
    /// # Errors
    /// When going on makes no sense, or the last commit fails.
    pub(crate) fn turn(&mut self) -> anyhow::Result<Turn> {
        self.seat.heartbeat.beat();
        match self.step() {
            Ok(turn) => Ok(turn),
            Err(error) => self.begin_anew(error),
        }
    }

    /// Drops what is in memory.
    fn begin_anew(&mut self, error: WorkerError) -> anyhow::Result<Turn> {
        self.work = Work::Idle;
        self.output = None;
        self.seat.readiness.waiting(&self.seat.name);
        self.seat.terms.metrics.failed(&error);
        let is_hopeless = disposition::of_worker(&error) != Disposition::Retry
            || (disposition::is_fenced(&error) && self.record.is_fenced_again());
        if matches!(&error, WorkerError::Membership(_)) {
            // A consumer that was told a fatal error is of no use any more.
            self.membership = None;
        }
        let error = anyhow::Error::new(error);
        if self.seat.shutdown.is_cancelled() || is_hopeless {
            return Err(error.context(format!("worker {} cannot go on", self.seat.name)));
        }
        let attempt = self.record.failures;
        tracing::warn!(
            worker = self.seat.name,
            attempt,
            error = format!("{error:#}"),
            "worker begins anew"
        );
        self.record.failures += 1;
        Ok(Turn::Anew(attempt))
    }

    fn step(&mut self) -> Result<Turn, WorkerError> {
        if self.output.is_none() || self.membership.is_none() {
            if self.seat.shutdown.is_cancelled() {
                return Ok(Turn::Ended);
            }
            self.connect()?;
            return Ok(Turn::On);
        }
        match &self.work {
            Work::Parting(_) => self.part()?,
            Work::Ending(_) => return self.end(),
            // Nothing is asked in the middle of a commit: it succeeds, or is refused.
            Work::Running(assignment) if assignment.is_committing() => self.commit()?,
            Work::Idle | Work::Restoring(..) | Work::Running(_) => {
                if self.seat.shutdown.is_cancelled() {
                    return self.shut_down();
                }
                if let Some(change) = self.poll()? {
                    self.change(change)?;
                } else {
                    self.go_on()?;
                }
            }
        }
        Ok(Turn::On)
    }

    /// Makes what is missing of producer and membership.
    fn connect(&mut self) -> Result<(), WorkerError> {
        if self.output.is_none() {
            // Before it joins, so that a transaction left open by a former life is ended first.
            self.output = Some(self.clients.output()?);
        } else {
            self.membership = Some(self.clients.join()?);
        }
        Ok(())
    }

    fn poll(&mut self) -> Result<Option<Change>, WorkerError> {
        let Some(membership) = &mut self.membership else {
            return Ok(None);
        };
        let has_work = !matches!(self.work, Work::Idle) || membership.partitions().is_some();
        let timeout = if has_work { Duration::ZERO } else { IDLE };
        membership.poll(timeout)
    }

    /// Answers a change: commits first if the partitions are still ours.
    fn change(&mut self, change: Change) -> Result<(), WorkerError> {
        self.seat.terms.metrics.rebalanced(change);
        self.seat.finished(false);
        match (change, std::mem::replace(&mut self.work, Work::Idle)) {
            (Change::Revoked, Work::Running(assignment)) => {
                self.seat.readiness.waiting(&self.seat.name);
                self.work = Work::Parting(assignment);
                Ok(())
            }
            // Idle workers with partitions restore them in the next turn.
            (Change::Assigned, work) => self.give_up(work),
            (Change::Lost, work) => {
                tracing::warn!(worker = self.seat.name, "partitions lost");
                self.seat.readiness.waiting(&self.seat.name);
                let given_up = self.give_up(work);
                self.let_go()?;
                given_up
            }
            (Change::Revoked, work) => {
                self.seat.readiness.waiting(&self.seat.name);
                let given_up = self.give_up(work);
                self.let_go()?;
                given_up
            }
        }
    }

    /// Gives up what was not committed.
    fn give_up(&mut self, work: Work<C>) -> Result<(), WorkerError> {
        let Some(output) = &mut self.output else {
            return Ok(());
        };
        match work {
            Work::Idle => {}
            Work::Restoring(restore, ..) => {
                if restore.is_fencing() {
                    output.abort()?;
                }
            }
            Work::Running(mut assignment)
            | Work::Parting(mut assignment)
            | Work::Ending(mut assignment) => assignment.abort(output)?,
        }
        Ok(())
    }

    fn let_go(&mut self) -> Result<(), WorkerError> {
        match &mut self.membership {
            Some(membership) => membership.let_go(),
            None => Ok(()),
        }
    }

    /// A step of the restore, or a round.
    fn go_on(&mut self) -> Result<(), WorkerError> {
        match &mut self.work {
            Work::Idle => self.begin(),
            Work::Restoring(..) => self.restore(),
            Work::Running(_) => self.round(),
            Work::Parting(_) | Work::Ending(_) => Ok(()),
        }
    }

    /// Begins to restore the tasks of what is assigned, if anything is.
    fn begin(&mut self) -> Result<(), WorkerError> {
        let Some(membership) = &mut self.membership else {
            return Ok(());
        };
        if let Some(partitions) = membership.partitions() {
            self.record.restores += 1;
            let Seat { name, nonce, .. } = &self.seat;
            let writer = format!("{name}/{nonce:016x}/{}", self.record.restores);
            let restore = Restore::new(partitions, self.clients.input()?, writer);
            self.work = Work::Restoring(restore, membership.group(), Instant::now());
        } else if membership.is_spare() {
            self.seat.readiness.done(&self.seat.name);
            self.seat.finished(true);
        }
        Ok(())
    }

    fn restore(&mut self) -> Result<(), WorkerError> {
        let (Work::Restoring(restore, ..), Some(output)) = (&mut self.work, &mut self.output)
        else {
            return Ok(());
        };
        let rules = &self.seat.terms.rules;
        let Some(tasks) = restore.step(&self.seat.name, output, rules)? else {
            return Ok(());
        };
        if let Work::Restoring(restore, group, since) =
            std::mem::replace(&mut self.work, Work::Idle)
        {
            let elapsed = since.elapsed();
            let terms = self.seat.terms.clone();
            terms
                .metrics
                .restore_duration
                .observe(elapsed.as_secs_f64());
            tracing::info!(
                tasks = tasks.len(),
                elapsed_ms = elapsed.as_millis(),
                "tasks restored"
            );
            let assignment = Assignment::new(tasks, (restore.into_input(), group), terms);
            self.work = Work::Running(assignment);
        }
        Ok(())
    }

    fn round(&mut self) -> Result<(), WorkerError> {
        let (Work::Running(assignment), Some(output)) = (&mut self.work, &mut self.output) else {
            return Ok(());
        };
        let has_moved = assignment.round(&mut self.decoders, output)?;
        if assignment.is_settled() {
            self.seat.readiness.done(&self.seat.name);
        }
        let is_time = assignment.show_lag()?;
        if is_time && let Some(membership) = &mut self.membership {
            match membership.written(&assignment.lanes()) {
                Ok(ends) => assignment.show_written(&ends),
                Err(error) => tracing::debug!(%error, "lag to the newest record cannot be told"),
            }
        }
        let is_spent = !has_moved && assignment.is_spent();
        let is_committed = assignment.is_committed();
        if assignment.is_due() || (is_spent && !is_committed) {
            return self.commit();
        }
        if !has_moved {
            self.seat.finished(is_spent && is_committed);
            assignment.wait(IDLE)?;
        }
        Ok(())
    }

    /// A step of a commit, the first one included.
    fn commit(&mut self) -> Result<(), WorkerError> {
        let (Work::Running(assignment), Some(output)) = (&mut self.work, &mut self.output) else {
            return Ok(());
        };
        if assignment.commit_step(output)? {
            self.record.failures = 0;
        }
        Ok(())
    }

    /// A step of the commit before partitions are given away.
    fn part(&mut self) -> Result<(), WorkerError> {
        let (Work::Parting(assignment), Some(output)) = (&mut self.work, &mut self.output) else {
            return Ok(());
        };
        let is_over = assignment.commit_step(output);
        if !matches!(is_over, Ok(false)) {
            self.work = Work::Idle;
            // The group waits for this answer, whatever became of the commit.
            self.let_go()?;
        }
        is_over?;
        Ok(())
    }

    /// A step of the commit before the end.
    fn end(&mut self) -> Result<Turn, WorkerError> {
        let (Work::Ending(assignment), Some(output)) = (&mut self.work, &mut self.output) else {
            return Ok(Turn::Ended);
        };
        if !assignment.commit_step(output)? {
            return Ok(Turn::On);
        }
        tracing::info!(worker = self.seat.name, "worker ended");
        Ok(Turn::Ended)
    }

    fn shut_down(&mut self) -> Result<Turn, WorkerError> {
        match std::mem::replace(&mut self.work, Work::Idle) {
            Work::Running(assignment) => {
                self.work = Work::Ending(assignment);
                Ok(Turn::On)
            }
            work => {
                self.give_up(work)?;
                tracing::info!(worker = self.seat.name, "worker ended");
                Ok(Turn::Ended)
            }
        }
    }
}
