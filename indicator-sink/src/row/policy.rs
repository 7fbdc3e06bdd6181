//! Table `policy`: the parameters under which figures are made.

use clickhouse::Row;
use domain::{Policy, Span};
use serde::{Deserialize, Serialize};

/// A row of `policy`.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "each field is the column of that name, documented by its comment"
)]
pub struct PolicyRow {
    pub policy: String,
    pub title: String,
    pub parameters: String,
    pub is_default: u8,
    pub version: u64,
}

impl PolicyRow {
    /// The row of the default policy, `qc-1`.
    pub fn default_policy() -> Self {
        let policy = Policy::qc_1();
        Self {
            parameters: parameters(&policy),
            policy: policy.id,
            title: "Rules of QualiCharge and AFIREV, hourly windows".to_owned(),
            is_default: 1,
            version: 2,
        }
    }
}

/// The parameters as a JSON object; times in ms.
fn parameters(policy: &Policy) -> String {
    let [short, middle, long] = policy.recovery_classes.map(Span::as_ms);
    serde_json::json!({
        "stale_after_ms": policy.stale_after.as_ms(),
        "inactive_after_ms": policy.inactive_after.as_ms(),
        "unknown_grace_ms": policy.unknown_grace.as_ms(),
        "close_grace_ms": policy.close_grace.as_ms(),
        "late_limit_ms": policy.late_limit.as_ms(),
        "cut_every_ms": policy.cut_every.as_ms(),
        "future_tolerance_ms": policy.future_tolerance.as_ms(),
        "fresh_limit_ms": policy.fresh_limit.as_ms(),
        "success_energy_wh": policy.success_energy_wh,
        "success_short_ms": policy.success_short.as_ms(),
        "success_long_ms": policy.success_long.as_ms(),
        "recovery_classes_ms": [short, middle, long],
        "abnormal_energy_percent": policy.abnormal_energy_percent,
        "saturated_percent": policy.saturated_percent,
        "overloaded_percent": policy.overloaded_percent,
        "coverage_floor_percent": policy.coverage_floor_percent,
        "low_coverage_percent": policy.low_coverage_percent,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::PolicyRow;

    #[test]
    fn the_default_policy_holds_its_parameters_as_json() {
        let row = PolicyRow::default_policy();
        let parameters: serde_json::Value = serde_json::from_str(&row.parameters).unwrap();
        assert_eq!(row.policy, "qc-1");
        assert_eq!(parameters["stale_after_ms"], 7 * 86_400_000_i64);
        assert_eq!(parameters["recovery_classes_ms"][1], 86_400_000);
        assert_eq!(parameters["success_long_ms"], 180_000);
        assert_eq!(parameters["coverage_floor_percent"], 50);
        assert_eq!(parameters["low_coverage_percent"], 80);
    }
}
