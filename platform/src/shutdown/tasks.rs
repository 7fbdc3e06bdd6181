//! The tasks of a process, watched together: when one ends unasked, all end.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{DeadlineExceeded, deadline};

/// Why a process has to end with an error.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A task returned although nobody had asked it to.
    #[error("task {0} ended unasked: see the log lines before this one")]
    EndedUnasked(&'static str),
    /// A task returned an error.
    #[error("task {name} failed")]
    Failed {
        /// The task.
        name: &'static str,
        /// What it returned.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A task panicked, which is a defect.
    #[error("task {name} panicked: {message}")]
    Panicked {
        /// The task.
        name: &'static str,
        /// The panic's message.
        message: String,
    },
    /// An operating-system thread could not be started.
    #[error("thread {name} cannot be started: raise the limit of threads")]
    NotStarted {
        /// The task.
        name: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Draining took too long.
    #[error("{deadline} (still running: {running})")]
    Deadline {
        /// The time that was allowed.
        deadline: DeadlineExceeded,
        /// The names of the tasks that had not ended.
        running: String,
    },
}

/// The tasks of a process.
///
/// Every task watches the token that was given to [`Tasks::new`] and returns soon after it is
/// cancelled. What must outlive the draining (the admin port) watches [`Tasks::drained`] and is
/// started with [`Tasks::spawn_background`].
#[derive(Debug)]
pub struct Tasks {
    shutdown: CancellationToken,
    drained: CancellationToken,
    foreground: JoinSet<anyhow::Result<()>>,
    background: JoinSet<anyhow::Result<()>>,
    names: BTreeMap<Id, &'static str>,
}

impl Tasks {
    /// Creates an empty set whose end is asked for by `shutdown`.
    pub fn new(shutdown: CancellationToken) -> Self {
        Self {
            shutdown,
            drained: CancellationToken::new(),
            foreground: JoinSet::new(),
            background: JoinSet::new(),
            names: BTreeMap::new(),
        }
    }

    /// Returns the token that asks for the end.
    pub fn shutdown(&self) -> CancellationToken {
        self.shutdown.clone()
    }

    /// Returns the token that is cancelled when every foreground task has ended.
    pub fn drained(&self) -> CancellationToken {
        self.drained.clone()
    }

    /// Starts an async task.
    pub fn spawn(
        &mut self,
        name: &'static str,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        let handle = self.foreground.spawn(task);
        self.names.insert(handle.id(), name);
    }

    /// Starts an async task that goes on while the others drain; it must watch [`Tasks::drained`].
    pub fn spawn_background(
        &mut self,
        name: &'static str,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        let handle = self.background.spawn(task);
        self.names.insert(handle.id(), name);
    }

    /// Starts a task on an operating-system thread of its own, for calls that block.
    ///
    /// Unlike tokio's blocking pool, such a thread cannot keep the process alive after the deadline.
    ///
    /// # Errors
    /// When the operating system refuses the thread.
    pub fn spawn_thread(
        &mut self,
        name: &'static str,
        task: impl FnOnce() -> anyhow::Result<()> + Send + 'static,
    ) -> Result<(), TaskError> {
        let (sender, receiver) = oneshot::channel();
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                // The receiver outlives the thread unless the deadline passed, and then nobody asks.
                sender.send(catch_unwind(AssertUnwindSafe(task))).ok();
            })
            .map_err(|source| TaskError::NotStarted { name, source })?;
        self.spawn(name, async move {
            match receiver.await {
                Ok(Ok(result)) => result,
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(_gone) => Err(anyhow::anyhow!("thread {name} vanished")),
            }
        });
        Ok(())
    }

    /// Waits for the end: until shutdown is asked for or a task ends, then until all have drained.
    ///
    /// # Errors
    /// The first failure: a task that failed, panicked or ended unasked, or the deadline.
    pub async fn join(mut self, timeout: Duration) -> Result<(), TaskError> {
        let shutdown = self.shutdown.clone();
        let mut first = None;
        if let Some((name, joined)) = self.next_before(&shutdown).await {
            let error = failure(name, joined).unwrap_or(TaskError::EndedUnasked(name));
            first = Some(error);
        }
        shutdown.cancel();
        let drained = deadline(timeout, self.drain(&mut first)).await;
        if let Err(deadline) = drained {
            let running: Vec<_> = self.names.values().copied().collect();
            let running = running.join(", ");
            first.get_or_insert(TaskError::Deadline { deadline, running });
        }
        first.map_or(Ok(()), Err)
    }

    /// Returns the task that ended before shutdown was asked for, if one did.
    async fn next_before(
        &mut self,
        shutdown: &CancellationToken,
    ) -> Option<(&'static str, Joined)> {
        let (id, joined) = tokio::select! {
            biased;
            Some(joined) = self.foreground.join_next_with_id() => split(joined),
            Some(joined) = self.background.join_next_with_id() => split(joined),
            () = shutdown.cancelled() => return None,
        };
        // A task may see the token before this function does: then it was asked.
        let name = self.names.remove(&id).unwrap_or("unnamed");
        if shutdown.is_cancelled() && matches!(joined, Ok(Ok(()))) {
            return None;
        }
        Some((name, joined))
    }

    async fn drain(&mut self, first: &mut Option<TaskError>) {
        while let Some(joined) = self.foreground.join_next_with_id().await {
            self.ended(split(joined), first);
        }
        self.drained.cancel();
        while let Some(joined) = self.background.join_next_with_id().await {
            self.ended(split(joined), first);
        }
    }

    fn ended(&mut self, (id, joined): (Id, Joined), first: &mut Option<TaskError>) {
        let name = self.names.remove(&id).unwrap_or("unnamed");
        if let Some(error) = failure(name, joined) {
            tracing::warn!(task = name, error = %error, "task failed while draining");
            first.get_or_insert(error);
        }
    }
}

type Joined = Result<anyhow::Result<()>, Box<dyn Any + Send>>;

fn split(joined: Result<(Id, anyhow::Result<()>), tokio::task::JoinError>) -> (Id, Joined) {
    match joined {
        Ok((id, result)) => (id, Ok(result)),
        Err(error) => {
            let id = error.id();
            let panic = error
                .try_into_panic()
                .unwrap_or_else(|_cancelled| Box::new("cancelled"));
            (id, Err(panic))
        }
    }
}

fn failure(name: &'static str, joined: Joined) -> Option<TaskError> {
    match joined {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(TaskError::Failed {
            name,
            source: error.into(),
        }),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let message = text
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_else(|| "no message".to_owned());
            Some(TaskError::Panicked { name, message })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    const TIMEOUT: Duration = Duration::from_secs(5);

    async fn watch(token: CancellationToken) -> anyhow::Result<()> {
        token.cancelled().await;
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_end_when_asked_end_well() {
        let mut tasks = Tasks::new(CancellationToken::new());
        tasks.spawn("a", watch(tasks.shutdown()));
        tasks.spawn_background("admin", watch(tasks.drained()));
        tasks.shutdown().cancel();
        tasks.join(TIMEOUT).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ends_unasked_takes_the_others_with_it() {
        let mut tasks = Tasks::new(CancellationToken::new());
        let shutdown = tasks.shutdown();
        tasks.spawn("a", watch(tasks.shutdown()));
        tasks.spawn("b", async { Ok(()) });
        let error = tasks.join(TIMEOUT).await.unwrap_err();
        assert!(matches!(error, TaskError::EndedUnasked("b")), "{error}");
        assert!(shutdown.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_while_draining_is_returned() {
        let mut tasks = Tasks::new(CancellationToken::new());
        let token = tasks.shutdown();
        tasks.spawn("a", async move {
            token.cancelled().await;
            anyhow::bail!("last commit refused")
        });
        tasks.shutdown().cancel();
        let error = tasks.join(TIMEOUT).await.unwrap_err();
        assert!(matches!(error, TaskError::Failed { name: "a", .. }));
        assert!(format!("{:#}", anyhow::Error::new(error)).contains("last commit refused"));
    }

    #[tokio::test]
    async fn a_panic_on_a_thread_is_reported_with_its_message() {
        let mut tasks = Tasks::new(CancellationToken::new());
        tasks
            .spawn_thread("worker", || panic!("out of range"))
            .unwrap();
        let error = tasks.join(TIMEOUT).await.unwrap_err();
        assert_eq!(error.to_string(), "task worker panicked: out of range");
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_drain_is_named_at_the_deadline() {
        let mut tasks = Tasks::new(CancellationToken::new());
        tasks.spawn("stuck", std::future::pending());
        tasks.shutdown().cancel();
        let error = tasks.join(TIMEOUT).await.unwrap_err();
        assert!(
            error.to_string().contains("still running: stuck"),
            "{error}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_background_task_sees_the_others_drained() {
        let mut tasks = Tasks::new(CancellationToken::new());
        let drained = Arc::new(AtomicBool::new(false));
        let (shutdown, done) = (tasks.shutdown(), Arc::clone(&drained));
        tasks.spawn("a", async move {
            shutdown.cancelled().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            done.store(true, Ordering::SeqCst);
            Ok(())
        });
        let token = tasks.drained();
        tasks.spawn_background("admin", async move {
            token.cancelled().await;
            anyhow::ensure!(drained.load(Ordering::SeqCst), "ended before the task");
            Ok(())
        });
        tasks.shutdown().cancel();
        tasks.join(TIMEOUT).await.unwrap();
    }
}
