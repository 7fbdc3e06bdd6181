//! A simulated fleet: its files, its deliveries over HTTP, and the truth that its timeline implies.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::archive::Row;
use crate::stack::{Stack, checked};

/// A fleet whose files lie in the stack's folder.
#[derive(Debug)]
pub struct Fleet<'a> {
    stack: &'a Stack,
    folder: PathBuf,
}

/// What the fleet should have given, worked out without the pipeline.
#[derive(Debug)]
pub struct Truth {
    /// One row per charge point or station and complete hour.
    pub hours: Vec<Row>,
    /// One row per episode.
    pub episodes: Vec<Row>,
}

impl<'a> Fleet<'a> {
    /// Makes the files of a fleet; `arguments` are those of `fleet-simulator files`.
    ///
    /// # Errors
    /// Shows what the simulator said.
    pub fn generate(stack: &'a Stack, arguments: &[&str]) -> Result<Self> {
        let fleet = Self {
            stack,
            folder: stack.folder().join("fleet"),
        };
        let folder = fleet.folder.display().to_string();
        let arguments = [&["files", "--out", &folder], arguments].concat();
        checked(&stack.run("fleet-simulator", &arguments)?).context("fleet-simulator files")?;
        Ok(fleet)
    }

    /// The deliveries, in order.
    ///
    /// # Errors
    /// Fails when the file cannot be read.
    pub fn deliveries(&self) -> Result<Vec<Value>> {
        let text = std::fs::read_to_string(self.folder.join("deliveries.jsonl"))?;
        text.lines()
            .map(|line| Ok(serde_json::from_str(line)?))
            .collect()
    }

    /// Sends the directory, or deliveries, in the background; `arguments` go to `fleet-simulator send`.
    ///
    /// # Errors
    /// Fails when the simulator cannot be started.
    pub fn start_sending(&self, arguments: &[&str]) -> Result<Sending> {
        let mut command = self
            .stack
            .command_with_addresses(Path::new("fleet-simulator"));
        command
            .args(["send", "--url", &self.stack.gateway()])
            .args(["--admin-url", &self.stack.gateway_admin()])
            .arg("--dir")
            .arg(&self.folder)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(Sending {
            child: command.spawn()?,
        })
    }

    /// Sends and waits for the end.
    ///
    /// # Errors
    /// Shows what the simulator said.
    pub fn send(&self, arguments: &[&str]) -> Result<Value> {
        self.start_sending(arguments)?.finish()
    }

    /// The truth at a clock, from the deliveries.
    ///
    /// # Errors
    /// Shows what the simulator said.
    pub fn truth(&self, clock_ms: i64) -> Result<Truth> {
        let (hours, episodes) = (
            self.folder.join("hours.jsonl"),
            self.folder.join("episodes.jsonl"),
        );
        let output = self.stack.run(
            "fleet-simulator",
            &[
                "truth",
                "--source",
                "deliveries",
                "--dir",
                &self.folder.display().to_string(),
                "--clock-ms",
                &clock_ms.to_string(),
                "--hours",
                &hours.display().to_string(),
                "--episodes",
                &episodes.display().to_string(),
            ],
        )?;
        checked(&output).context("fleet-simulator truth")?;
        Ok(Truth {
            hours: read_rows(&hours)?,
            episodes: read_rows(&episodes)?,
        })
    }
}

/// A simulator that is sending.
#[derive(Debug)]
pub struct Sending {
    child: Child,
}

impl Sending {
    /// Whether it is still at work.
    ///
    /// # Errors
    /// Fails when the process cannot be asked.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Waits for the end and returns its summary: the last line of its output, JSON.
    ///
    /// # Errors
    /// Shows what the simulator said.
    pub fn finish(self) -> Result<Value> {
        let output = checked(&self.child.wait_with_output()?).context("fleet-simulator send")?;
        let summary = output.lines().last().unwrap_or_default();
        serde_json::from_str(summary).with_context(|| format!("a summary, not {summary:?}"))
    }
}

fn read_rows(file: &Path) -> Result<Vec<Row>> {
    let text = std::fs::read_to_string(file)?;
    let rows: Vec<Row> = text
        .lines()
        .map(|line| Ok(serde_json::from_str(line)?))
        .collect::<Result<_>>()?;
    ensure!(!rows.is_empty(), "{} is empty", file.display());
    Ok(rows)
}
