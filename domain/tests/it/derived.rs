//! The derived indicators that the worked cases check: ratios of sums (chapter 11).

#![expect(
    clippy::cast_precision_loss,
    reason = "figures of the cases are far below 2^53"
)]

use std::collections::BTreeMap;

use domain::indicator::{StationSweep, Vector};

fn ratio(numerator: i64, denominator: i64) -> Option<f64> {
    (denominator != 0).then(|| numerator as f64 / denominator as f64)
}

/// Of a vector.
pub(crate) fn of_vector(v: &Vector) -> BTreeMap<&'static str, Option<f64>> {
    let (up, down, unknown, required) = (v.up_ms(), v.down_ms(), v.unknown_ms(), v.required_ms());
    let in_seconds = |value: Option<f64>| value.map(|ms| ms / 1000.0);
    let clean = v.sessions - v.flagged_sessions;
    BTreeMap::from([
        ("availability", ratio(up, up + down)),
        ("coverage", ratio(up + down, required)),
        (
            "availability_afirev",
            ratio(up + v.unknown_short_ms, required),
        ),
        ("availability_min", ratio(up, required)),
        ("availability_max", ratio(up + unknown, required)),
        ("utilisation", ratio(v.occupied_ms, up)),
        (
            "occupancy",
            ratio(v.occupied_ms, v.free_ms + v.occupied_ms + v.reserved_ms),
        ),
        (
            "mean_time_to_return_s",
            in_seconds(ratio(v.time_to_return_ms, v.returns)),
        ),
        (
            "mean_time_between_failures_s",
            in_seconds(ratio(up, v.failures)),
        ),
        (
            "mean_time_between_failure_starts_s",
            in_seconds(ratio(up + down, v.failures)),
        ),
        (
            "failure_rate_per_1000h",
            ratio(v.failures * 3_600_000_000, up),
        ),
        (
            "session_success_2min",
            ratio(v.successful_sessions_2min, clean),
        ),
        (
            "session_success_3min",
            ratio(v.successful_sessions_3min, clean),
        ),
    ])
}

/// Of a sweep.
pub(crate) fn of_sweep(s: &StationSweep) -> BTreeMap<&'static str, Option<f64>> {
    BTreeMap::from([
        (
            "availability_any",
            ratio(s.any_up_ms, s.any_up_ms + s.all_down_ms),
        ),
        (
            "availability_every",
            ratio(s.every_up_ms, s.every_up_ms + s.some_down_ms),
        ),
        (
            "availability_power",
            ratio(s.up_kwms, s.up_kwms + s.down_kwms),
        ),
        ("saturation", ratio(s.saturated_ms, s.any_up_ms)),
    ])
}

/// The ⌈q·n⌉-th smallest of `times`, q in percent, seconds.
pub(crate) fn nearest_rank_s(times_ms: &[i64], percent: usize) -> f64 {
    let mut sorted = times_ms.to_vec();
    sorted.sort_unstable();
    let rank = (percent * sorted.len()).div_ceil(100);
    sorted[rank - 1] as f64 / 1000.0
}
