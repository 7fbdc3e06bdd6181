//! Reading Prometheus text.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::stack::checked;

/// The metrics of one process at one moment.
#[derive(Debug)]
pub struct Metrics {
    text: String,
}

impl Metrics {
    /// Fetches `/metrics` of an admin address.
    ///
    /// # Errors
    /// Fails when nothing answers.
    pub async fn of(admin: &str) -> Result<Self> {
        let address = format!("{admin}/metrics");
        let text = reqwest::get(&address)
            .await
            .with_context(|| address.clone())?
            .text()
            .await?;
        Ok(Self { text })
    }

    /// How many series there are.
    pub fn series(&self) -> usize {
        let is_series = |line: &&str| !line.is_empty() && !line.starts_with('#');
        self.text.lines().filter(is_series).count()
    }

    /// Fails with what `promtool check metrics` finds: names, units and texts against the rules of Prometheus.
    ///
    /// # Errors
    /// Shows what it printed.
    pub fn check(&self, promtool: &Path) -> Result<()> {
        let mut child = Command::new(promtool)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut input = child.stdin.take().context("no input")?;
        input.write_all(self.text.as_bytes())?;
        drop(input);
        let output = child.wait_with_output()?;
        checked(&output)?;
        let said = [output.stdout, output.stderr].concat();
        ensure!(said.is_empty(), "{}", String::from_utf8_lossy(&said));
        Ok(())
    }

    /// How many series `name` has.
    pub fn count(&self, name: &str) -> usize {
        let lines = self.text.lines();
        let rests = lines.filter_map(|line| line.strip_prefix(name));
        rests
            .filter(|rest| rest.starts_with('{') || rest.starts_with(' '))
            .count()
    }

    /// The sum over all series of `name` whose labels contain each of `labels` (`outcome="row"`).
    pub fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        self.text
            .lines()
            .filter_map(|line| line.strip_prefix(name))
            .filter(|rest| rest.starts_with('{') || rest.starts_with(' '))
            .filter(|rest| labels.iter().all(|label| rest.contains(label)))
            .filter_map(|rest| rest.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}
