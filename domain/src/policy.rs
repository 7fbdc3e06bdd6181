//! The policy: the parameters under which figures are made, and the id that names them.
//!
//! Any change that can change a number takes a new id; the id is part of every emitted key.

use crate::time::Span;

/// A set of parameters with an id.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

impl Policy {
    /// The default policy, `qc-1`.
    pub fn qc_1() -> Self {
        Self {
            id: "qc-1".into(),
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
        }
    }
}
