//! What goes wrong shows, and what is counted adds up.

use super::*;

/// The sum over all series of a metric whose labels contain `labels`.
fn sum(registry: &prometheus::Registry, name: &str, labels: &str) -> f64 {
    let text = prometheus::TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap();
    let series = text.lines().filter(|line| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|it| it.starts_with(['{', ' ']) && it.contains(labels))
    });
    series
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}

#[test]
fn misfortunes_show_in_the_metrics_and_records_in_are_used_or_refused() {
    let registry = prometheus::Registry::new();
    let stage = Stage::shown_in(&registry, 4, 130);
    let mut misfortunes = Misfortunes::default();
    for seed in 0..40 {
        let setup = Setup::new(seed, 2);
        stage.seed(setup, &mut misfortunes).unwrap();
    }
    let sum = |name: &str, labels: &str| {
        let name = format!("qualicharge_processor_{name}");
        sum(&registry, &name, labels)
    };
    for kind in ["assigned", "revoked", "lost"] {
        assert!(sum("rebalances_total", kind) > 0.0, "{kind}");
    }
    for kind in ["fenced", "input", "output", "restore"] {
        assert!(sum("worker_failures_total", kind) > 0.0, "{kind}");
    }
    for outcome in ["committed", "aborted", "failed"] {
        assert!(sum("transactions_total", outcome) > 0.0, "{outcome}");
    }
    let used = sum("records_used_total", "");
    let refused = sum("records_refused_total", "");
    assert!(used > 0.0 && refused > 0.0);
    assert!((sum("records_in_total", "") - used - refused).abs() < 0.5);
    assert!(sum("restore_duration_seconds_count", "") > 40.0);
}
