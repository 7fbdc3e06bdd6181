//! What the gateway waits for, shown when it is asked for.

use platform::admin::Readiness;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntGaugeVec, Opts};

/// Shows 1 for each dependency that is there and 0 for each that is waited for.
pub(super) struct ReadyCollector {
    shown: IntGaugeVec,
    readiness: Readiness,
    dependencies: Vec<&'static str>,
}

impl std::fmt::Debug for ReadyCollector {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ReadyCollector")
            .field("dependencies", &self.dependencies)
            .finish_non_exhaustive()
    }
}

impl ReadyCollector {
    /// Shows `dependencies` as `readiness` knows them.
    ///
    /// # Errors
    /// When the name is wrong.
    pub(super) fn new(
        readiness: Readiness,
        dependencies: Vec<&'static str>,
    ) -> prometheus::Result<Self> {
        let options = Opts::new(
            "qualicharge_gateway_ready",
            "1 when the dependency is there, 0 while it is waited for.",
        );
        Ok(Self {
            shown: IntGaugeVec::new(options, &["dependency"])?,
            readiness,
            dependencies,
        })
    }
}

impl Collector for ReadyCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.shown.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let waiting = self.readiness.waiting_for();
        for dependency in &self.dependencies {
            let is_there = !waiting.iter().any(|name| name == dependency);
            self.shown
                .with_label_values(&[*dependency])
                .set(i64::from(is_there));
        }
        self.shown.collect()
    }
}
