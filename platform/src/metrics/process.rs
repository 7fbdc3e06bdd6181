//! What the operating system says about this process, read from `/proc/self` when asked.
//!
//! Off Linux there is no such folder, and the values stay 0.

use std::fs;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, IntGauge};

/// Ticks per second of the times in `/proc/<pid>/stat` (`USER_HZ`), fixed in Linux's interface.
const TICKS_PER_SECOND: f64 = 100.0;

/// Collects memory, processor time, threads and open files.
pub(super) struct ProcessCollector {
    resident_bytes: IntGauge,
    cpu_seconds: Counter,
    threads: IntGauge,
    open_files: IntGauge,
}

impl ProcessCollector {
    /// Creates the collector.
    pub(super) fn new() -> prometheus::Result<Self> {
        Ok(Self {
            resident_bytes: IntGauge::new(
                "process_resident_memory_bytes",
                "Resident memory, bytes.",
            )?,
            cpu_seconds: Counter::new(
                "process_cpu_seconds_total",
                "Processor time in user and system mode, seconds.",
            )?,
            threads: IntGauge::new("process_threads", "Threads.")?,
            open_files: IntGauge::new("process_open_fds", "Open file descriptors.")?,
        })
    }

    fn update(&self) {
        if let Ok(text) = fs::read_to_string("/proc/self/status") {
            if let Some(kibibytes) = status_field(&text, "VmRSS:") {
                self.resident_bytes.set(kibibytes.saturating_mul(1_024));
            }
            if let Some(threads) = status_field(&text, "Threads:") {
                self.threads.set(threads);
            }
        }
        if let Some(seconds) = fs::read_to_string("/proc/self/stat")
            .ok()
            .and_then(|text| cpu_seconds(&text))
        {
            self.cpu_seconds
                .inc_by((seconds - self.cpu_seconds.get()).max(0.0));
        }
        if let Ok(files) = fs::read_dir("/proc/self/fd") {
            self.open_files
                .set(i64::try_from(files.count()).unwrap_or(i64::MAX));
        }
    }
}

impl Collector for ProcessCollector {
    fn desc(&self) -> Vec<&Desc> {
        [
            self.resident_bytes.desc(),
            self.cpu_seconds.desc(),
            self.threads.desc(),
            self.open_files.desc(),
        ]
        .concat()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.update();
        [
            self.resident_bytes.collect(),
            self.cpu_seconds.collect(),
            self.threads.collect(),
            self.open_files.collect(),
        ]
        .concat()
    }
}

/// Returns the number behind `name` in `/proc/<pid>/status`.
fn status_field(text: &str, name: &str) -> Option<i64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Returns the seconds in `/proc/<pid>/stat`: fields 14 (user) and 15 (system), in ticks.
fn cpu_seconds(text: &str) -> Option<f64> {
    // The second field is the command in parentheses and may hold spaces; field 3 follows it.
    let (_, rest) = text.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_a_command_with_spaces() {
        let text = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20";
        assert_eq!(cpu_seconds(text), Some(3.0));
        assert_eq!(cpu_seconds("7 (a) S 1"), None);
    }

    #[test]
    fn a_status_field_is_a_number_before_its_unit() {
        let text = "Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t3\n";
        assert_eq!(status_field(text, "VmRSS:"), Some(2_048));
        assert_eq!(status_field(text, "VmSwap:"), None);
    }

    #[test]
    fn this_process_has_memory_and_a_thread() {
        let collector = ProcessCollector::new().unwrap();
        assert_eq!(collector.collect().len(), 4);
        assert!(collector.resident_bytes.get() > 0);
        assert!(collector.threads.get() > 0);
    }
}
