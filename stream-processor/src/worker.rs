//! The worker: one thread, one member of the group, one transactional producer, its tasks.
//!
//! It joins what the other rooms do and keeps them going: membership, rounds, commits. When
//! something fails, what is in memory is worth nothing, since nobody knows how much of it is in
//! Kafka: the producer and the tasks are dropped, and both are built again from what Kafka has.
//! Failures of a kind that would come back end the process with the reason.

use std::sync::Arc;
use std::time::Duration;

use platform::admin::{Heartbeat, Readiness};
use platform::avro::RegistryClient;
use platform::backoff::Backoff;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::assignment::{Assignment, Terms};
use crate::config::Config;
use crate::decode::Decoders;
use crate::decode::registry::RegistrySchemas;
use crate::disposition::{self, Disposition, WorkerError};
use crate::input::kafka::KafkaInput;
use crate::membership::{Change, Membership};
use crate::output::kafka::KafkaOutput;
use crate::restore::Plan;

/// How long an idle worker waits before it looks again.
const IDLE: Duration = Duration::from_millis(10);

/// How often in [`FENCED_WITHIN`] a worker takes its name back from another, before it believes that
/// there is one. A worker that hung, or that an outage separated from the brokers, is fenced once.
const MOST_FENCED: usize = 5;

/// The time in which fencings are counted.
const FENCED_WITHIN: Duration = Duration::from_mins(10);

type KafkaAssignment = Assignment<KafkaInput, RegistrySchemas>;

/// One worker.
pub(crate) struct Worker {
    /// Its name: see [`Config::worker_name`].
    pub(crate) name: String,
    /// The process's configuration.
    pub(crate) config: Arc<Config>,
    /// What its assignments need.
    pub(crate) terms: Terms,
    /// Where schemas are asked for.
    pub(crate) registry: RegistryClient,
    /// Where to ask for them.
    pub(crate) runtime: Handle,
    /// Whether the process is ready.
    pub(crate) readiness: Readiness,
    /// Its sign of progress.
    pub(crate) heartbeat: Heartbeat,
    /// Ends it.
    pub(crate) shutdown: CancellationToken,
}

/// How a worker has fared.
#[derive(Debug, Default)]
struct Record {
    /// Failures since the last commit.
    failures: u32,
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

impl Worker {
    /// Works until the shutdown.
    ///
    /// # Errors
    /// When going on makes no sense, or the last commit fails.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let mut membership = None;
        let mut record = Record::default();
        loop {
            let Err(error) = self.live(&mut membership, &mut record) else {
                return Ok(());
            };
            self.readiness.waiting(&self.name);
            let is_hopeless = disposition::of_worker(&error) != Disposition::Retry
                || (disposition::is_fenced(&error) && record.is_fenced_again());
            if matches!(&error, WorkerError::Membership(_)) {
                // A consumer that was told a fatal error is of no use any more.
                membership = None;
            }
            let error = anyhow::Error::new(error);
            if self.shutdown.is_cancelled() || is_hopeless {
                return Err(error.context(format!("worker {} cannot go on", self.name)));
            }
            let attempt = record.failures;
            tracing::warn!(
                worker = self.name,
                attempt,
                error = format!("{error:#}"),
                "worker begins anew"
            );
            self.rest(Backoff::STANDARD.delay(attempt));
            record.failures += 1;
        }
    }

    /// Waits, unless the process ends.
    fn rest(&self, delay: Duration) {
        self.heartbeat.beat();
        let shutdown = self.shutdown.clone();
        self.runtime
            .block_on(async move { tokio::time::timeout(delay, shutdown.cancelled()).await })
            .ok();
    }

    /// One life: a producer, and the assignments that it commits for.
    fn live(
        &self,
        membership: &mut Option<Membership>,
        record: &mut Record,
    ) -> Result<(), WorkerError> {
        let kafka = &self.config.kafka;
        // Before it joins, so that a transaction left open by a former life is ended first.
        let mut output = KafkaOutput::new(kafka, &self.name, &self.shutdown)?;
        let membership = match membership {
            Some(membership) => membership,
            None => membership.insert(Membership::join(
                kafka,
                &self.config.application_id,
                &self.name,
            )?),
        };
        let mut assignment = self.restore(membership, &mut output)?;
        while !self.shutdown.is_cancelled() {
            self.heartbeat.beat();
            match membership.poll(Duration::ZERO)? {
                Some(Change::Assigned) => assignment = self.restore(membership, &mut output)?,
                Some(change) => self.part(change, assignment.take(), membership, &mut output)?,
                None => {}
            }
            if let Some(assignment) = &mut assignment {
                self.work(assignment, &mut output, record)?;
            } else {
                if membership.is_spare() {
                    self.readiness.done(&self.name);
                }
                self.rest(IDLE);
            }
        }
        if let Some(mut assignment) = assignment {
            assignment.commit(&mut output)?;
        }
        tracing::info!(worker = self.name, "worker ended");
        Ok(())
    }

    /// Restores the tasks of what is assigned, if anything is known to be.
    fn restore(
        &self,
        membership: &Membership,
        output: &mut KafkaOutput,
    ) -> Result<Option<KafkaAssignment>, WorkerError> {
        let Some(partitions) = membership.partitions() else {
            return Ok(None);
        };
        output.set_group(membership.group());
        let plan = Plan {
            owner: &self.name,
            writer: format!("{}/{:016x}", self.name, rand::random::<u64>()),
            rules: &self.terms.rules,
            shutdown: &self.shutdown,
        };
        let input = KafkaInput::new(&self.config.kafka, &self.name)?;
        let schemas = RegistrySchemas::new(self.registry.clone(), self.runtime.clone());
        let sources = (input, Decoders::new(schemas));
        Assignment::restore(partitions, sources, output, (&plan, self.terms.clone())).map(Some)
    }

    /// Gives partitions away: with a commit if they are still ours.
    fn part(
        &self,
        change: Change,
        assignment: Option<KafkaAssignment>,
        membership: &mut Membership,
        output: &mut KafkaOutput,
    ) -> Result<(), WorkerError> {
        self.readiness.waiting(&self.name);
        let done = match (change, assignment) {
            (Change::Revoked, Some(mut assignment)) => assignment.commit(output),
            (Change::Lost, Some(mut assignment)) => {
                tracing::warn!(worker = self.name, "partitions lost");
                assignment.abort(output)
            }
            (Change::Assigned, _) | (_, None) => Ok(()),
        };
        // The group waits for this answer, whatever became of the commit.
        membership.let_go()?;
        Ok(done?)
    }

    fn work(
        &self,
        assignment: &mut KafkaAssignment,
        output: &mut KafkaOutput,
        record: &mut Record,
    ) -> Result<(), WorkerError> {
        let has_moved = assignment.round(output)?;
        if assignment.commit_if_due(output)? {
            record.failures = 0;
        }
        if assignment.is_settled() {
            self.readiness.done(&self.name);
        }
        assignment.show_lag()?;
        if !has_moved {
            assignment.wait(IDLE)?;
        }
        Ok(())
    }
}
