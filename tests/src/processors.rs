//! Several processors of one application, each a process of its own: struck, started again, added, removed.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::Instant;

use crate::metrics::Metrics;
use crate::service::Service;
use crate::stack::{Stack, free_ports};
use crate::wait;

/// The binary.
const SERVICE: &str = "stream-processor";
/// Partitions of the inputs, hence tasks.
const TASKS: usize = 24;
/// How long it may take until every partition has a task, whatever happened: a transaction left open
/// (30 s) and a session (15 s) have to time out, and a broker to come back.
const RECOVERY: Duration = Duration::from_mins(3);

/// What a process is asked to do to itself: which blow, after how many of which step.
#[derive(Debug, Clone, Copy)]
pub struct Blow {
    /// `kill` or `stop`.
    pub blow: &'static str,
    /// A step by the name that the processor gives it.
    pub step: &'static str,
    /// Which of these steps, from 1.
    pub number: usize,
}

/// A place for a process.
#[derive(Debug)]
struct Place {
    name: String,
    listen: String,
    service: Option<Service>,
}

/// The processes.
#[derive(Debug)]
pub struct Processors<'a> {
    stack: &'a Stack,
    settings: Vec<(&'static str, String)>,
    places: Vec<Place>,
    /// How often a process ended without being asked.
    pub ended_alone: usize,
    /// How often one that was asked to end could not commit for the last time, and said so by its exit.
    pub unclean: usize,
}

impl<'a> Processors<'a> {
    /// Starts `count` processes with settings of their own, and waits until every partition has a task.
    ///
    /// # Errors
    /// Fails when they do not get ready.
    pub async fn start(
        stack: &'a Stack,
        count: usize,
        settings: Vec<(&'static str, String)>,
    ) -> Result<Self> {
        let mut processors = Self {
            stack,
            settings,
            places: Vec::new(),
            ended_alone: 0,
            unclean: 0,
        };
        for _ in 0..count {
            processors.add()?;
        }
        processors.recovered().await?;
        Ok(processors)
    }

    /// How many places there are.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Starts one more process.
    ///
    /// # Errors
    /// Fails when it cannot be started.
    pub fn add(&mut self) -> Result<()> {
        let [port] = free_ports()?;
        self.places.push(Place {
            name: format!("p{}", self.places.len()),
            listen: format!("127.0.0.1:{port}"),
            service: None,
        });
        self.spawn(self.places.len() - 1, None)
    }

    /// Ends the last process in good order, for good.
    ///
    /// # Errors
    /// Fails when it does not end.
    pub async fn remove(&mut self) -> Result<()> {
        self.terminate(self.places.len() - 1).await?;
        self.places.pop();
        Ok(())
    }

    /// Ends a process with SIGKILL.
    pub fn kill(&mut self, index: usize) {
        self.places[index].service = None;
    }

    /// Ends a process in good order. Its last commit may fail when the broker was killed just before:
    /// then it leaves with 1, and nothing is lost.
    ///
    /// # Errors
    /// Fails when it does not end.
    pub async fn terminate(&mut self, index: usize) -> Result<()> {
        let place = &mut self.places[index];
        let service = place.service.take().context("no process")?;
        let status = service.terminate().await?;
        ensure!(
            status.code().is_some(),
            "{} ended with {status}",
            place.name
        );
        self.unclean += usize::from(!status.success());
        Ok(())
    }

    /// Starts a process in its place, perhaps with a blow ahead of it.
    ///
    /// # Errors
    /// Fails when it cannot be started.
    pub fn spawn(&mut self, index: usize, blow: Option<Blow>) -> Result<()> {
        let place = &mut self.places[index];
        let mut settings = self.settings.clone();
        settings.push(("PROCESSOR_ADMIN_LISTEN", place.listen.clone()));
        settings.push(("PROCESSOR_INSTANCE_ID", place.name.clone()));
        if let Some(Blow { blow, step, number }) = blow {
            settings.push(("PROCESSOR_FAIL_BLOW", blow.to_owned()));
            settings.push(("PROCESSOR_FAIL_STEP", step.to_owned()));
            settings.push(("PROCESSOR_FAIL_NUMBER", number.to_string()));
        }
        place.service = Some(Service::spawn_with(self.stack, SERVICE, &settings)?);
        Ok(())
    }

    /// Lets a process stand still.
    ///
    /// # Errors
    /// Fails when it is gone.
    pub fn pause(&self, index: usize) -> Result<()> {
        self.service(index)?.process().pause()
    }

    /// Lets a process go on.
    ///
    /// # Errors
    /// Fails when it is gone.
    pub fn resume(&self, index: usize) -> Result<()> {
        self.service(index)?.process().resume()
    }

    /// Waits at most `limit` for the blow that a process carries. Returns whether it fell.
    ///
    /// # Errors
    /// Fails when the process cannot be asked.
    pub async fn struck(&mut self, index: usize, limit: Duration) -> Result<bool> {
        let deadline = Instant::now() + limit;
        loop {
            let service = self.places[index].service.as_mut().context("no process")?;
            if service.ended()?.is_some() {
                self.places[index].service = None;
                return Ok(true);
            }
            if service.process().is_stopped()? {
                return Ok(true);
            }
            if Instant::now() > deadline {
                return Ok(false);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn service(&self, index: usize) -> Result<&Service> {
        self.places[index].service.as_ref().context("no process")
    }

    /// Waits until every process runs and every partition has a task, as a supervisor would: a process
    /// that ended by itself is started again. Returns how long it took.
    ///
    /// # Errors
    /// Fails after three minutes.
    pub async fn recovered(&mut self) -> Result<Duration> {
        let begun = Instant::now();
        wait::until("a task for every partition", RECOVERY, async || {
            for index in 0..self.places.len() {
                let place = &mut self.places[index];
                let has_ended = match &mut place.service {
                    Some(service) => {
                        let ended = service.ended()?;
                        self.ended_alone += usize::from(ended.is_some());
                        ended.is_some()
                    }
                    None => true,
                };
                if has_ended {
                    self.spawn(index, None)?;
                }
            }
            let mut tasks = 0;
            for Place { name, listen, .. } in &self.places {
                let metrics = Metrics::of(&format!("http://{listen}")).await?;
                let of_place = metrics.count("qualicharge_processor_lag_records") / 3;
                ensure!(of_place > 0, "{name} has no task");
                tasks += of_place;
            }
            ensure!(tasks == TASKS, "{tasks} tasks, expected {TASKS}");
            Ok(())
        })
        .await?;
        Ok(begun.elapsed())
    }

    /// Ends all in good order.
    ///
    /// # Errors
    /// Fails when one does not end with 0.
    pub async fn finish(mut self) -> Result<()> {
        let before = self.unclean;
        while !self.places.is_empty() {
            self.remove().await?;
        }
        ensure!(
            self.unclean == before,
            "the last commit of a process failed"
        );
        Ok(())
    }
}
