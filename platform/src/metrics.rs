//! The metrics registry of a process, bucket sets, and constructors of typed handles.
//!
//! Names are written out in full (`qualicharge_gateway_items_total`), so that a search finds them
//! in code, dashboards and alerts alike. A service has one `Metrics` struct of handles and fills
//! it with the constructors below; the help text is the doc sentence of the field.

use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry,
};

mod process;

/// The commit that was built, when the build says so.
const COMMIT: Option<&str> = option_env!("BUILD_COMMIT");

/// Result of a registration: it fails for a wrong name or one that is taken.
pub type Result<T> = std::result::Result<T, prometheus::Error>;

/// Upper bounds for durations, in seconds: 1 ms to 60 s.
pub const SECONDS: &[f64] = &[
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// Upper bounds for sizes of batches and requests, in items: 1 to 1,000,000.
pub const COUNTS: &[f64] = &[
    1.0,
    5.0,
    10.0,
    50.0,
    100.0,
    500.0,
    1_000.0,
    5_000.0,
    10_000.0,
    50_000.0,
    100_000.0,
    1_000_000.0,
];

/// Upper bounds for sizes in bytes: 256 B to 64 MiB, by factors of four.
pub const BYTES: &[f64] = &[
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];

/// Creates the registry of `service` (`gateway`, `processor`, `sink` or `api`).
///
/// It holds `qualicharge_<service>_build_info{version, commit}`, which is always 1, and the `process_*`
/// metrics: memory, processor time, threads and open files.
///
/// # Errors
/// When `service` is no part of a metric name.
pub fn registry(service: &str, version: &str) -> Result<Registry> {
    let registry = Registry::new();
    let name = format!("qualicharge_{service}_build_info");
    let help = "Version of the running binary; the value is always 1.";
    int_gauge_vec(&registry, &name, help, &["version", "commit"])?
        .with_label_values(&[version, COMMIT.unwrap_or("unknown")])
        .set(1);
    registry.register(Box::new(process::ProcessCollector::new()?))?;
    Ok(registry)
}

/// Registers a counter; `name` ends in `_total`.
///
/// # Errors
/// When the name is wrong or taken.
pub fn counter(registry: &Registry, name: &str, help: &str) -> Result<IntCounter> {
    add(registry, IntCounter::new(name, help)?)
}

/// Registers counters by label; `name` ends in `_total`.
///
/// # Errors
/// When the name is wrong or taken.
pub fn counter_vec(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntCounterVec> {
    add(registry, IntCounterVec::new(Opts::new(name, help), labels)?)
}

/// Registers a gauge of whole numbers.
///
/// # Errors
/// When the name is wrong or taken.
pub fn int_gauge(registry: &Registry, name: &str, help: &str) -> Result<IntGauge> {
    add(registry, IntGauge::new(name, help)?)
}

/// Registers gauges of whole numbers by label.
///
/// # Errors
/// When the name is wrong or taken.
pub fn int_gauge_vec(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntGaugeVec> {
    add(registry, IntGaugeVec::new(Opts::new(name, help), labels)?)
}

/// Registers a gauge, for instants in seconds (`_timestamp_seconds`) and ratios.
///
/// # Errors
/// When the name is wrong or taken.
pub fn gauge(registry: &Registry, name: &str, help: &str) -> Result<Gauge> {
    add(registry, Gauge::new(name, help)?)
}

/// Registers gauges by label.
///
/// # Errors
/// When the name is wrong or taken.
pub fn gauge_vec(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> Result<GaugeVec> {
    add(registry, GaugeVec::new(Opts::new(name, help), labels)?)
}

/// Registers a histogram over `buckets`, one of [`SECONDS`], [`COUNTS`] and [`BYTES`].
///
/// # Errors
/// When the name is wrong or taken.
pub fn histogram(
    registry: &Registry,
    name: &str,
    help: &str,
    buckets: &[f64],
) -> Result<Histogram> {
    let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    add(registry, Histogram::with_opts(options)?)
}

/// Registers histograms by label over `buckets`.
///
/// # Errors
/// When the name is wrong or taken.
pub fn histogram_vec(
    registry: &Registry,
    name: &str,
    help: &str,
    buckets: &[f64],
    labels: &[&str],
) -> Result<HistogramVec> {
    let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
    add(registry, HistogramVec::new(options, labels)?)
}

fn add<T: Collector + Clone + 'static>(registry: &Registry, handle: T) -> Result<T> {
    registry.register(Box::new(handle.clone()))?;
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_registered_under_their_full_names() {
        let registry = registry("gateway", "0.1.0").unwrap();
        let items = counter_vec(
            &registry,
            "qualicharge_gateway_items_total",
            "Items.",
            &["outcome"],
        )
        .unwrap();
        items.with_label_values(&["accepted"]).inc_by(3);
        let names: Vec<_> = registry
            .gather()
            .iter()
            .map(|family| family.name().to_owned())
            .collect();
        assert!(names.contains(&"qualicharge_gateway_items_total".to_owned()));
        assert!(names.contains(&"qualicharge_gateway_build_info".to_owned()));
    }

    #[test]
    fn a_name_that_is_taken_is_refused() {
        let registry = Registry::new();
        counter(&registry, "a_total", "A.").unwrap();
        assert!(counter(&registry, "a_total", "A.").is_err());
    }

    #[test]
    fn bucket_bounds_rise() {
        for buckets in [SECONDS, COUNTS, BYTES] {
            assert!(buckets.is_sorted_by(|a, b| a < b));
        }
    }
}
