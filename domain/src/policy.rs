//! The policy: the parameters under which figures are made, and the id that names them.
//!
//! Any change that can change a number (a parameter, a mapping, a formula, a rule) takes a new id;
//! the id is part of every emitted key, so that figures made under different rules never mix. A
//! policy is data: [`Policy`] is read from and written to JSON, TOML and the like through
//! [`parameters`], which refuses one that makes no sense.
//!
//! Why 7 d and 30 d: a status is sent on change, without a heartbeat, and a charge point sees a few
//! sessions a week, so days of silence are normal. Why down never goes stale: an operator must not
//! improve its figures by falling silent. Why 24 h forgiven: AFIREV counts *unknown for more than
//! 24 h* as unavailable; we read it as forgiving the first 24 h of every run.

pub mod parameters;

use serde::{Deserialize, Serialize};

use crate::time::Span;

pub use parameters::{Parameters, PolicyError};

/// A set of parameters with an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Parameters", into = "Parameters")]
pub struct Policy {
    /// Names the set; part of every key.
    pub id: String,
    /// How long an up status is believed without a newer one.
    pub stale_after: Span,
    /// The age at which an up or unknown status makes the charge point inactive.
    pub inactive_after: Span,
    /// The first part of an unknown run, which AFIREV forgives.
    pub unknown_grace: Span,
    /// A window closes this long after its end.
    pub close_grace: Span,
    /// A window is final this long after its end.
    pub late_limit: Span,
    /// The step of decisions; divides one hour, `close_grace` and `late_limit`.
    pub cut_every: Span,
    /// How far an event time may lie after `received_at`.
    pub future_tolerance: Span,
    /// The largest delay of a fresh status (QualiCharge rule 43).
    pub fresh_limit: Span,
    /// A session succeeds when its energy is greater than this, Wh.
    pub success_energy_wh: i64,
    /// A session succeeds in the AFIREV sense when it lasts longer than this.
    pub success_short: Span,
    /// A session succeeds in QualiCharge's sense (u11) when it lasts longer than this.
    pub success_long: Span,
    /// Lower bounds of the second, third and fourth class of times to return.
    pub recovery_classes: [Span; 3],
    /// Energy above this share of power × duration flags a session, percent (rules 38, 40, 41).
    pub abnormal_energy_percent: i64,
    /// A station with a smaller share of free charge points is saturated, percent.
    pub saturated_percent: i64,
    /// A station with a smaller share of free charge points is overloaded, percent.
    pub overloaded_percent: i64,
    /// The least coverage to enter `share_above_99`, percent.
    pub coverage_floor_percent: i64,
    /// A figure with a smaller coverage is marked, percent.
    pub low_coverage_percent: i64,
}

impl Policy {
    /// The id of the default policy.
    pub const DEFAULT_ID: &str = "qc-1";

    /// The default policy, `qc-1`.
    pub fn qc_1() -> Self {
        Self {
            id: Self::DEFAULT_ID.into(),
            stale_after: Span::from_days(7),
            inactive_after: Span::from_days(30),
            unknown_grace: Span::from_hours(24),
            close_grace: Span::from_minutes(10),
            late_limit: Span::from_hours(25),
            cut_every: Span::from_minutes(5),
            future_tolerance: Span::from_seconds(60),
            fresh_limit: Span::from_seconds(300),
            success_energy_wh: 500,
            success_short: Span::from_minutes(2),
            success_long: Span::from_minutes(3),
            recovery_classes: [
                Span::from_hours(2),
                Span::from_hours(24),
                Span::from_days(7),
            ],
            abnormal_energy_percent: 110,
            saturated_percent: 10,
            overloaded_percent: 20,
            coverage_floor_percent: 50,
            low_coverage_percent: 80,
        }
    }
}
