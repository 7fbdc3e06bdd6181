//! A running process: stopped for a while, killed, asked for its memory. Only by its number, never by name.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A process.
#[derive(Debug, Clone, Copy)]
pub struct Process {
    pid: u32,
}

impl Process {
    /// The process with a number.
    pub fn of(pid: u32) -> Self {
        Self { pid }
    }

    /// Makes it stand still (SIGSTOP); its connections stay open.
    ///
    /// # Errors
    /// Fails when it is gone.
    pub fn pause(self) -> Result<()> {
        self.signal("-STOP")
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// Fails when it is gone.
    pub fn resume(self) -> Result<()> {
        self.signal("-CONT")
    }

    /// Asks it to end (SIGTERM).
    ///
    /// # Errors
    /// Fails when it is gone.
    pub fn terminate(self) -> Result<()> {
        self.signal("-TERM")
    }

    /// Whether it stands still (state `T` of proc(5)).
    ///
    /// # Errors
    /// Fails when it is gone.
    pub fn is_stopped(self) -> Result<bool> {
        let file = format!("/proc/{}/stat", self.pid);
        let text = std::fs::read_to_string(&file).with_context(|| file.clone())?;
        let (_, state) = text.rsplit_once(')').context("no name in parentheses")?;
        Ok(state.trim_start().starts_with('T'))
    }

    /// The most memory that it has had, bytes (`VmHWM` of proc(5)).
    ///
    /// # Errors
    /// Fails when it is gone.
    pub fn peak_memory_bytes(self) -> Result<u64> {
        let file = format!("/proc/{}/status", self.pid);
        let text = std::fs::read_to_string(&file).with_context(|| file.clone())?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next());
        let kib: u64 = kib.context("no VmHWM")?.parse()?;
        Ok(kib * 1024)
    }

    fn signal(self, signal: &str) -> Result<()> {
        let status = Command::new("kill")
            .args([signal, &self.pid.to_string()])
            .status()?;
        ensure!(status.success(), "kill {signal} {}: {status}", self.pid);
        Ok(())
    }
}
