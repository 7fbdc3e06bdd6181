//! Reading Prometheus text.

use anyhow::{Context, Result};

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
