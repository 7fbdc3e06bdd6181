//! One of our services, started by hand: for scenarios in which it must fail, or wait.

use std::path::Path;
use std::process::{Child, Command, Output};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::stack::{Stack, workspace};

/// How long a service that cannot start may take to say so.
const LIMIT: Duration = Duration::from_secs(30);

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
        let log = std::fs::File::create(stack.folder().join(format!("log/{name}-by-hand.log")))?;
        let mut command = command(stack, name);
        command.stdout(log.try_clone()?).stderr(log);
        Ok(Self {
            child: command
                .spawn()
                .with_context(|| format!("starting {name}"))?,
        })
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
