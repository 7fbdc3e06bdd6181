//! What the kernel says that a process has used.

use std::time::Duration;

use anyhow::Context;

/// Ticks of `/proc/PID/stat` per second: fixed for programs, whatever the kernel counts in.
const TICKS_PER_SECOND: u64 = 100;

/// What a process has used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// User and system time of all threads.
    pub cpu: Duration,
    /// The most memory it has held, MiB.
    pub peak_mib: u64,
}

/// Reads what process `pid` has used.
///
/// # Errors
/// When there is no such process.
pub fn usage(pid: u32) -> anyhow::Result<Usage> {
    let read = |file: &str| {
        let path = format!("/proc/{pid}/{file}");
        std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))
    };
    let (stat, status) = (read("stat")?, read("status")?);
    Ok(Usage {
        cpu: cpu(&stat).with_context(|| format!("/proc/{pid}/stat reads {stat:?}"))?,
        peak_mib: peak_mib(&status).with_context(|| format!("/proc/{pid}/status has no VmHWM"))?,
    })
}

/// The fields `utime` and `stime`: the 12th and 13th after the name in parentheses.
fn cpu(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: Vec<u64> = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .map_while(|field| field.parse().ok())
        .collect();
    (ticks.len() == 2)
        .then(|| Duration::from_millis(ticks.iter().sum::<u64>() * 1_000 / TICKS_PER_SECOND))
}

fn peak_mib(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_added_whatever_the_name_of_the_process() {
        let stat = "7 (a b) c) S 1 1 1 0 -1 0 0 0 0 0 150 25 9 9 20 0";
        assert_eq!(cpu(stat), Some(Duration::from_millis(1_750)));
        assert_eq!(cpu("7 (a) S 1"), None);
    }

    #[test]
    fn the_peak_of_memory_is_read() {
        assert_eq!(
            peak_mib("Name:\tx\nVmHWM:\t  204800 kB\nVmRSS:\t1 kB\n"),
            Some(200)
        );
    }
}
