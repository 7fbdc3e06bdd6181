//! The client that operators have: `qcc`, Python package `qualicharge-client` 0.3.0, unmodified, against the
//! ingress.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use anyhow::{Context, Result, ensure};

use crate::stack::{Stack, checked};
use crate::tool;

/// The program, and who uses it.
#[derive(Debug)]
pub struct Qcc<'a> {
    stack: &'a Stack,
    program: PathBuf,
    account: (&'static str, &'static str),
}

impl<'a> Qcc<'a> {
    /// The program for the account `operator`, fetched if need be.
    ///
    /// # Errors
    /// Says what the stack script said.
    pub fn of(stack: &'a Stack) -> Result<Self> {
        Ok(Self {
            stack,
            program: tool::path(stack, "qcc")?,
            account: ("operator", "charge-ahead"),
        })
    }

    /// The same for the account `admin`, which sees all units.
    #[must_use]
    pub fn as_admin(&self) -> Self {
        Self {
            account: ("admin", "admin-ahead"),
            program: self.program.clone(),
            ..*self
        }
    }

    /// Starts a command: in a wide terminal without colours, so that no message is cut.
    ///
    /// # Errors
    /// Fails when it cannot be started.
    pub fn start(&self, arguments: &[&str]) -> Result<Child> {
        Command::new(&self.program)
            .args(arguments)
            .current_dir(self.stack.folder())
            .env("QCC_API_ROOT_URL", self.stack.ingress())
            .env("QCC_API_LOGIN_USERNAME", self.account.0)
            .env("QCC_API_LOGIN_PASSWORD", self.account.1)
            .envs([("COLUMNS", "4000"), ("NO_COLOR", "1"), ("NO_PROXY", "*")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| self.program.display().to_string())
    }

    fn run(&self, arguments: &[&str], input: &str) -> Result<Output> {
        let mut running = self.start(arguments)?;
        let mut stdin = running.stdin.take().context("its input")?;
        stdin.write_all(input.as_bytes())?;
        drop(stdin);
        Ok(running.wait_with_output()?)
    }

    /// Runs a command that ends well, and returns what it printed.
    ///
    /// # Errors
    /// Shows what it printed when it does not.
    pub fn succeeds(&self, arguments: &[&str], input: &str) -> Result<String> {
        checked(&self.run(arguments, input)?).with_context(|| format!("qcc {arguments:?}"))
    }

    /// Runs a command that ends well and prints `expected` among other things.
    ///
    /// # Errors
    /// Shows what it printed instead.
    pub fn says(&self, arguments: &[&str], input: &str, expected: &str) -> Result<String> {
        let said = self.succeeds(arguments, input)?;
        ensure!(said.contains(expected), "qcc {arguments:?} said {said}");
        Ok(said)
    }

    /// Runs a command that ends with 2 and the answer of the API, without a traceback.
    ///
    /// # Errors
    /// Shows how it ended instead.
    pub fn fails(&self, arguments: &[&str], input: &str, expected: &str) -> Result<()> {
        let output = self.run(arguments, input)?;
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() == Some(2) && !errors.contains("Traceback"),
            "qcc {arguments:?} ended with {}: {said}\n{errors}",
            output.status
        );
        ensure!(said.contains(expected), "qcc {arguments:?} said {said}");
        Ok(())
    }
}
