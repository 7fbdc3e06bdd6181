//! A stack of one's own: real Kafka, registry, ClickHouse engine and our services, on free ports and
//! in a folder that is removed afterwards. Each part can be killed and started again.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::process::Process;

/// The port variables of `deploy/local/ports.env`, in the order of [`Stack::ports`].
const PORTS: [&str; 9] = [
    "KAFKA_PORT",
    "KAFKA_CONTROLLER_PORT",
    "REGISTRY_PORT",
    "CLICKHOUSE_PORT",
    "INGRESS_PORT",
    "GATEWAY_PORT",
    "GATEWAY_ADMIN_PORT",
    "PROCESSOR_ADMIN_PORT",
    "SINK_ADMIN_PORT",
];

/// Addresses that would replace parts of the stack; a scenario brings its own.
const REPLACEMENTS: [&str; 3] = ["KAFKA_BOOTSTRAP", "SCHEMA_REGISTRY_URL", "CLICKHOUSE_URL"];

/// A running stack. Dropping it stops everything; unless the scenario passed, its logs are kept and named.
#[derive(Debug)]
pub struct Stack {
    folder: Option<TempDir>,
    ports: [u16; PORTS.len()],
    settings: Vec<(&'static str, String)>,
    passed: bool,
}

impl Stack {
    /// Starts Kafka, the registry and the ClickHouse engine. `settings` are environment variables
    /// for the services that are started later.
    ///
    /// # Errors
    /// Says what the stack script said.
    pub fn start(settings: &[(&'static str, &str)]) -> Result<Self> {
        let stack = Self::lay_out(settings)?;
        stack.script(&["up", "kafka", "registry", "clickhouse"])?;
        Ok(stack)
    }

    /// Starts what the gateway alone needs: Kafka and the registry, with topics and schemas.
    ///
    /// # Errors
    /// Says what the stack script or the deploy step said.
    pub fn start_log(settings: &[(&'static str, &str)]) -> Result<Self> {
        let stack = Self::start_bare_log(settings)?;
        for step in ["topics", "schemas"] {
            checked(&stack.run("stream-setup", &[step])?).context(step)?;
        }
        Ok(stack)
    }

    /// Starts Kafka and the registry, without a topic or schema.
    ///
    /// # Errors
    /// Says what the stack script said.
    pub fn start_bare_log(settings: &[(&'static str, &str)]) -> Result<Self> {
        let stack = Self::lay_out(settings)?;
        stack.script(&["up", "kafka", "registry"])?;
        Ok(stack)
    }

    /// A folder and ports, and nothing that runs.
    fn lay_out(settings: &[(&'static str, &str)]) -> Result<Self> {
        Ok(Self {
            folder: Some(
                tempfile::Builder::new()
                    .prefix("qualicharge-e2e-")
                    .tempdir()?,
            ),
            ports: free_ports()?,
            settings: settings
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
            passed: false,
        })
    }

    /// Makes topics, schemas and tables, then starts the three services and waits for readiness.
    ///
    /// # Errors
    /// Says what the stack script said.
    pub fn start_services(&self) -> Result<()> {
        self.script(&["up", "services"])
    }

    /// Says that the scenario reached its end, so that its folder need not be kept.
    pub fn passed(&mut self) {
        self.passed = true;
    }

    /// Ends a part with SIGKILL.
    ///
    /// # Errors
    /// Says what the stack script said.
    pub fn kill(&self, part: &str) -> Result<()> {
        self.script(&["kill", part])
    }

    /// Starts a part and waits for readiness.
    ///
    /// # Errors
    /// Says what the stack script said.
    pub fn start_part(&self, part: &str) -> Result<()> {
        self.script(&["start", part])
    }

    /// Ends a part with SIGTERM.
    ///
    /// # Errors
    /// Says what the stack script said.
    pub fn stop_part(&self, part: &str) -> Result<()> {
        self.script(&["stop", part])
    }

    /// Runs a command of the stack script.
    ///
    /// # Errors
    /// Shows what it printed when it fails.
    pub fn script(&self, arguments: &[&str]) -> Result<()> {
        let script = workspace().join("deploy/local/stack");
        let output = self.command(&script).args(arguments).output()?;
        checked(&output).with_context(|| format!("stack {}", arguments.join(" ")))?;
        Ok(())
    }

    /// A command that has this stack's addresses and settings in its environment.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        for name in REPLACEMENTS {
            command.env_remove(name);
        }
        command
            .env("STACK_DIR", self.folder())
            .env("STACK_BIN", binaries());
        for (name, port) in PORTS.iter().zip(self.ports) {
            command.env(name, port.to_string());
        }
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs one of our binaries against this stack and returns what it printed, whatever its exit.
    ///
    /// # Errors
    /// Fails when it cannot be started.
    pub fn run(&self, binary: &str, arguments: &[&str]) -> Result<Output> {
        let mut command = self.command_with_addresses(Path::new(binary));
        command
            .args(arguments)
            .output()
            .with_context(|| format!("starting {binary}"))
    }

    /// A command of one of our binaries that talks to this stack's parts.
    pub fn command_with_addresses(&self, binary: &Path) -> Command {
        let mut command = self.command(&binaries().join(binary));
        command
            .env("KAFKA_BOOTSTRAP", self.kafka())
            .env("SCHEMA_REGISTRY_URL", self.registry())
            .env("CLICKHOUSE_URL", self.clickhouse());
        command
    }

    /// Where the services listen: gateway, its admin port, processor, sink.
    pub fn service_listeners(&self) -> [String; 4] {
        let [.., gateway, gateway_admin, processor_admin, sink_admin] = self.ports;
        [gateway, gateway_admin, processor_admin, sink_admin]
            .map(|port| format!("127.0.0.1:{port}"))
    }

    /// The folder of this stack; scenarios keep their files in it too.
    pub fn folder(&self) -> &Path {
        self.folder.as_ref().map_or(Path::new("."), TempDir::path)
    }

    /// The broker's address.
    pub fn kafka(&self) -> String {
        format!("127.0.0.1:{}", self.ports[0])
    }

    /// The registry's Confluent-compatible address.
    pub fn registry(&self) -> String {
        format!("http://127.0.0.1:{}/apis/ccompat/v7", self.ports[2])
    }

    /// The ClickHouse HTTP address.
    pub fn clickhouse(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[3])
    }

    /// The base address of the gateway's API.
    pub fn gateway(&self) -> String {
        format!("http://127.0.0.1:{}/api/v1", self.ports[5])
    }

    /// The admin address of the gateway.
    pub fn gateway_admin(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[6])
    }

    /// The admin address of the processor.
    pub fn processor_admin(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[7])
    }

    /// The base address of the API behind the ingress.
    pub fn ingress(&self) -> String {
        format!("http://127.0.0.1:{}/api/v1", self.ports[4])
    }

    /// The process of a part that the stack started.
    ///
    /// # Errors
    /// Fails when it was not started.
    pub fn process(&self, part: &str) -> Result<Process> {
        let file = self.folder().join(format!("run/{part}.pid"));
        let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        let pid = text
            .split_whitespace()
            .next()
            .context("an empty pid file")?;
        Ok(Process::of(pid.parse()?))
    }
}

impl Drop for Stack {
    #[expect(clippy::print_stderr, reason = "a test speaks to whoever runs it")]
    fn drop(&mut self) {
        if let Err(error) = self.script(&["down"]) {
            eprintln!("the stack did not stop cleanly: {error:#}");
        }
        if !self.passed
            && let Some(folder) = self.folder.take()
        {
            eprintln!(
                "the logs of the failed scenario are in {}/log",
                folder.keep().display()
            );
        }
    }
}

/// Fails with everything that a command printed, unless it succeeded.
///
/// # Errors
/// Shows its exit status and output.
pub fn checked(output: &Output) -> Result<String> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{}\n{stdout}\n{stderr}",
        output.status
    );
    Ok(stdout.into_owned())
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The folder of the binaries: the one above the running test's own.
fn binaries() -> PathBuf {
    let mut folder = std::env::current_exe().unwrap_or_default();
    folder.pop();
    folder.pop();
    folder
}

/// Ports that were free a moment ago, all held at once so that they differ.
///
/// # Errors
/// Fails when the system has none.
pub fn free_ports<const COUNT: usize>() -> Result<[u16; COUNT]> {
    let mut held = Vec::new();
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
