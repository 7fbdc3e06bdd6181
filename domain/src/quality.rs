//! Quality rules that run here: QualiCharge's numbered rules, as far as the vector counts them or
//! the processor flags by them (chapter 14, where = P).
//!
//! | rule | where the processor decides it | what the vector keeps |
//! |---|---|---|
//! | 10 overlap, 38 ENEA, 40 ODUR, 41 ENEX | [`session`] | `flagged_sessions`, together |
//! | 17 DUPS | first copies of sessions | `duplicate_sessions` |
//! | 36 FTRT | [`is_outside_time`] | nothing: such a status changes nothing and goes to `late-event` |
//! | 37 ERRT | [`is_inconsistent`] | `inconsistent_statuses` |
//! | 43 FRET | first copies of statuses | `status_delay_ms` |
//! | 44 DUPT | first copies of statuses | `duplicate_statuses`, `conflicting_statuses` |
//!
//! A rule with a threshold fires when its ratio is **greater**; the others fire on one row. All
//! other rules are the gateway's, which refuses such data at the door, or ClickHouse's, which sees
//! the whole archive and the directory.

pub mod session;

use crate::indicator::freshness::mean_status_delay_s;
use crate::indicator::{Ratio, Vector};
use crate::policy::Policy;
use crate::status::{Occupancy, ServiceState, StatusPayload};
use crate::time::Timestamp;

/// 2024-01-01T00:00:00Z: a status of before is impossible (rule 36).
pub const FIRST_STATUS: Timestamp = Timestamp::from_ms(1_704_067_200_000);

/// When a rule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threshold {
    /// On one row.
    Any,
    /// When its ratio is greater than so many thousandths.
    Thousandths(i64),
    /// When its mean in seconds is greater than the policy's `fresh_limit`.
    FreshLimit,
}

/// What the vector tells of a rule.
#[derive(Debug, Clone, Copy)]
pub enum Measure {
    /// A ratio of sums; for a rule without a threshold, the rows that break it over all.
    OfVector(fn(&Vector) -> Ratio),
    /// The vector counts this rule together with others: see [`session`].
    OfSessions,
    /// The vector holds nothing: the record is set aside.
    SetAside,
}

/// One rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// QualiCharge's number.
    pub number: u8,
    /// QualiCharge's code; a dash where there is none.
    pub code: &'static str,
    /// What breaks it.
    pub condition: &'static str,
    /// When it fires.
    pub threshold: Threshold,
    /// The fields of the vector that count it.
    pub counted_by: &'static [&'static str],
    /// What the vector tells.
    pub measure: Measure,
}

/// The rules that run here, by number.
pub const RULES: [Rule; 9] = [
    Rule {
        number: 10,
        code: "–",
        condition: "start before the largest end of the earlier sessions of the charge point",
        threshold: Threshold::Any,
        counted_by: &["flagged_sessions", "flagged_energy_wh"],
        measure: Measure::OfSessions,
    },
    Rule {
        number: 17,
        code: "DUPS",
        condition: "(n − distinct (charge point, start, end)) / n",
        threshold: Threshold::Thousandths(1),
        counted_by: &["duplicate_sessions", "sessions"],
        measure: Measure::OfVector(duplicate_sessions),
    },
    Rule {
        number: 36,
        code: "FTRT",
        condition: "event time before 2024-01-01, or in the future",
        threshold: Threshold::Any,
        counted_by: &[],
        measure: Measure::SetAside,
    },
    Rule {
        number: 37,
        code: "ERRT",
        condition: "hors_service or inconnu, with occupe",
        threshold: Threshold::Any,
        counted_by: &["inconsistent_statuses"],
        measure: Measure::OfVector(inconsistent_statuses),
    },
    Rule {
        number: 38,
        code: "ENEA",
        condition: "h ≠ 0, 1 < e ≤ 1000, P > 2, e > 1.1·P·h and (e < 2·P·h or e ≤ 50), / sessions with h ≠ 0, 1 < e ≤ 1000",
        threshold: Threshold::Thousandths(1),
        counted_by: &["flagged_sessions", "flagged_energy_wh"],
        measure: Measure::OfSessions,
    },
    Rule {
        number: 40,
        code: "ODUR",
        condition: "end = start, 1 < e ≤ 1000, / sessions with 1 < e ≤ 1000",
        threshold: Threshold::Thousandths(1),
        counted_by: &["flagged_sessions", "flagged_energy_wh"],
        measure: Measure::OfSessions,
    },
    Rule {
        number: 41,
        code: "ENEX",
        condition: "h ≠ 0, 50 < e ≤ 1000, e > 2·P·h",
        threshold: Threshold::Any,
        counted_by: &["flagged_sessions", "flagged_energy_wh"],
        measure: Measure::OfSessions,
    },
    Rule {
        number: 43,
        code: "FRET",
        condition: "mean(received − event time) in s, the whole delay",
        threshold: Threshold::FreshLimit,
        counted_by: &["status_delay_ms", "statuses"],
        measure: Measure::OfVector(mean_status_delay_s),
    },
    Rule {
        number: 44,
        code: "DUPT",
        condition: "(n − distinct (charge point, event time)) / n",
        threshold: Threshold::Thousandths(10),
        counted_by: &["duplicate_statuses", "conflicting_statuses", "statuses"],
        measure: Measure::OfVector(duplicate_statuses),
    },
];

impl Threshold {
    /// Whether a rule with this threshold fires on `ratio`; without rows none does.
    pub fn is_passed(self, ratio: Ratio, policy: &Policy) -> bool {
        match self {
            Self::Any => ratio.numerator > 0,
            Self::Thousandths(thousandths) => {
                ratio.numerator * 1000 > ratio.denominator * i128::from(thousandths)
            }
            Self::FreshLimit => {
                let limit_ms = i128::from(policy.fresh_limit.as_ms());
                ratio.numerator * 1000 > ratio.denominator * limit_ms
            }
        }
    }
}

impl Rule {
    /// Whether the rule fires on the sums of a period; none where the vector cannot tell.
    pub fn fires(&self, sums: &Vector, policy: &Policy) -> Option<bool> {
        match self.measure {
            Measure::OfVector(ratio) => Some(self.threshold.is_passed(ratio(sums), policy)),
            Measure::OfSessions | Measure::SetAside => None,
        }
    }
}

/// Rule 17, DUPS: further records of a session, over all its records.
pub fn duplicate_sessions(sums: &Vector) -> Ratio {
    let records = sums.sessions + sums.duplicate_sessions;
    Ratio::new(sums.duplicate_sessions, records)
}

/// Rule 37, ERRT: statuses that are occupied while out of service or unknown, over all.
pub fn inconsistent_statuses(sums: &Vector) -> Ratio {
    Ratio::new(sums.inconsistent_statuses, sums.statuses)
}

/// Rule 44, DUPT: further records of a status, copies and other contents alike, over all its
/// records.
pub fn duplicate_statuses(sums: &Vector) -> Ratio {
    let further = sums.duplicate_statuses + sums.conflicting_statuses;
    Ratio::new(further, sums.statuses + further)
}

/// Rules 10, 38, 40 and 41 together: the share of flagged sessions.
pub fn flagged_sessions(sums: &Vector) -> Ratio {
    Ratio::new(sums.flagged_sessions, sums.sessions)
}

/// Rule 37, ERRT: occupied while out of service or unknown.
pub fn is_inconsistent(payload: StatusPayload) -> bool {
    payload.occupancy == Occupancy::Occupied && payload.service_state != ServiceState::InService
}

/// Rule 36, FTRT: an event time before 2024, or after the reception by more than the tolerance.
pub fn is_outside_time(event_time: Timestamp, received_at: Timestamp, policy: &Policy) -> bool {
    event_time < FIRST_STATUS || received_at + policy.future_tolerance < event_time
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn fires(number: u8, sums: &Vector) -> Option<bool> {
        let rule = RULES.iter().find(|rule| rule.number == number).unwrap();
        rule.fires(sums, &Policy::qc_1())
    }

    #[test]
    fn duplicates_fire_above_their_threshold_and_not_at_it() {
        let sums = Vector {
            sessions: 999,
            duplicate_sessions: 1,
            statuses: 990,
            duplicate_statuses: 6,
            conflicting_statuses: 4,
            ..Vector::default()
        };
        assert_eq!(duplicate_sessions(&sums), Ratio::new(1, 1_000));
        assert_eq!(duplicate_statuses(&sums), Ratio::new(10, 1_000));
        assert_eq!(
            (fires(17, &sums), fires(44, &sums)),
            (Some(false), Some(false))
        );
        let more = Vector {
            sessions: 998,
            statuses: 989,
            ..sums
        };
        assert_eq!(
            (fires(17, &more), fires(44, &more)),
            (Some(true), Some(true))
        );
    }

    #[test]
    fn one_inconsistent_status_is_enough() {
        let sums = Vector {
            statuses: 1_000_000,
            inconsistent_statuses: 1,
            ..Vector::default()
        };
        assert_eq!(fires(37, &sums), Some(true));
        let consistent = Vector {
            inconsistent_statuses: 0,
            ..sums
        };
        assert_eq!(fires(37, &consistent), Some(false));
    }

    #[test]
    fn a_mean_delay_of_exactly_300_s_does_not_fire() {
        let sums = Vector {
            statuses: 2,
            status_delay_ms: 600_000,
            ..Vector::default()
        };
        assert_eq!(fires(43, &sums), Some(false));
        let later = Vector {
            status_delay_ms: 600_001,
            ..sums
        };
        assert_eq!(fires(43, &later), Some(true));
    }

    #[test]
    fn without_rows_no_rule_fires() {
        for rule in RULES {
            let fires = rule.fires(&Vector::default(), &Policy::qc_1());
            assert_ne!(fires, Some(true), "rule {}", rule.number);
        }
    }

    #[test]
    fn every_counting_field_is_one_of_the_vector() {
        for rule in RULES {
            for field in rule.counted_by {
                assert!(
                    Vector::NAMES.contains(field),
                    "rule {}: {field}",
                    rule.number
                );
            }
        }
    }

    #[test]
    fn an_event_time_before_2024_or_ahead_of_its_reception_is_outside_time() {
        let policy = Policy::qc_1();
        let received_at = FIRST_STATUS + Span::from_days(400);
        let is_outside = |event_time| is_outside_time(event_time, received_at, &policy);
        assert!(is_outside(Timestamp::from_ms(FIRST_STATUS.as_ms() - 1)));
        assert!(!is_outside(FIRST_STATUS));
        assert!(!is_outside(received_at + Span::from_seconds(60)));
        assert!(is_outside(received_at + Span::from_ms(60_001)));
    }
}
