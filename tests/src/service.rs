//! One of our services, started by hand: for scenarios in which it must fail, or wait.

use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::Instant;

use crate::process::Process;
use crate::stack::{Stack, workspace};

/// How long a service that cannot start may take to say so.
const LIMIT: Duration = Duration::from_secs(30);
/// How long a service may take until it is ready.
const READY: Duration = Duration::from_mins(1);
/// How long a service may take to end: more than its own limit, 30 s.
const FAREWELL: Duration = Duration::from_secs(40);
/// How often it is asked.
const PAUSE: Duration = Duration::from_millis(20);

/// A running service; dropping it ends it with SIGKILL.
#[derive(Debug)]
pub struct Service {
    child: Child,
}

impl Service {
    /// Starts a service with the stack's addresses and ports, its log in the stack's folder.
    ///
    /// # Errors
    /// Fails when the binary cannot be started.
    pub fn spawn(stack: &Stack, name: &str) -> Result<Self> {
        Self::spawn_with(stack, name, &[])
    }

    /// The same with settings of its own, environment variables that win over the stack's.
    ///
    /// # Errors
    /// Fails when the binary cannot be started.
    pub fn spawn_with(stack: &Stack, name: &str, settings: &[(&str, String)]) -> Result<Self> {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(stack.folder().join(format!("log/{name}-by-hand.log")))?;
        let mut command = command(stack, name);
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        command.stdout(log.try_clone()?).stderr(log);
        Ok(Self {
            child: command
                .spawn()
                .with_context(|| format!("starting {name}"))?,
        })
    }

    /// Its process.
    pub fn process(&self) -> Process {
        Process::of(self.child.id())
    }

    /// How it ended, if it did.
    ///
    /// # Errors
    /// Fails when the process cannot be asked.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Asks it to end (SIGTERM), and waits until it has.
    ///
    /// # Errors
    /// Fails when it still runs after 40 s.
    pub async fn terminate(mut self) -> Result<ExitStatus> {
        self.process().terminate()?;
        let deadline = Instant::now() + FAREWELL;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                bail!("it runs {} s after SIGTERM", FAREWELL.as_secs());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until an admin address says that the service is ready.
    ///
    /// # Errors
    /// Fails when it ends first, or after a minute.
    pub async fn ready(&mut self, admin: &str) -> Result<()> {
        let address = format!("{admin}/ready");
        let deadline = Instant::now() + READY;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status} before it was ready");
            }
            match reqwest::get(&address).await {
                Ok(response) if response.status().is_success() => return Ok(()),
                _ if Instant::now() > deadline => {
                    bail!("{address} is not ready after {} s", READY.as_secs())
                }
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    /// Runs a service that must end by itself.
    ///
    /// # Errors
    /// Fails when it still runs after 30 s.
    pub async fn run(stack: &Stack, name: &str) -> Result<Output> {
        let mut command = tokio::process::Command::from(command(stack, name));
        let output = command.kill_on_drop(true).output();
        let ended = tokio::time::timeout(LIMIT, output).await;
        let ended = ended.with_context(|| format!("{name} runs after {} s", LIMIT.as_secs()))?;
        Ok(ended?)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

fn command(stack: &Stack, name: &str) -> Command {
    let mut command = stack.command_with_addresses(Path::new(name));
    let [gateway, gateway_admin, processor_admin, sink_admin] = stack.service_listeners();
    command
        .env("GATEWAY_LISTEN", gateway)
        .env("GATEWAY_ADMIN_LISTEN", gateway_admin)
        .env("PROCESSOR_ADMIN_LISTEN", processor_admin)
        .env("SINK_ADMIN_LISTEN", sink_admin)
        .env(
            "GATEWAY_USERS_FILE",
            workspace().join("deploy/local/users.toml"),
        )
        .env(
            "GATEWAY_TOKEN_SECRET",
            "a secret of the tests, at least 32 bytes long",
        );
    command
}
