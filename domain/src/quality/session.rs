//! Quality rules of a session: 10 overlap, 38 ENEA, 40 ODUR and 41 ENEX.
//!
//! The processor flags a session by one wider rule (chapter 4): energy above 110 % of what its
//! charge point can deliver, however little, or an overlap. Every session that breaks 38 or 41, or
//! breaks 40 at a known power, is therefore flagged; the reverse does not hold. The rules
//! themselves, with their bounds, are here in whole numbers.
//!
//! *P* is the nominal power, *h* the duration, *e* the energy; e > 1.1·P·h reads, in Wh, W and ms,
//! e · 3,600,000 · 100 > 110 · P · h.

use super::Threshold;
use crate::indicator::Ratio;
use crate::policy::Policy;
use crate::time::Span;

/// W·ms in a Wh.
const WMS_PER_WH: i128 = 3_600_000;

/// 1 kWh: up to it energy is too small to judge.
const LEAST_WH: i64 = 1_000;

/// 50 kWh: bound between abnormal (38) and excessive (41).
const LARGE_WH: i64 = 50_000;

/// 1000 kWh: above it is rule 11, and the gateway's.
const MOST_WH: i64 = 1_000_000;

/// 2 kW: up to it rule 38 does not judge.
const LEAST_POWER_W: i64 = 2_000;

/// What the rules see of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionFacts {
    /// End − start.
    pub duration: Span,
    /// Energy, Wh.
    pub energy_wh: i64,
    /// Nominal power of the charge point in the window of the start, W; 0 when unknown.
    pub power_w: i64,
}

/// A rule on sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionRule {
    /// 38, ENEA: more energy than the power allows.
    AbnormalEnergy,
    /// 40, ODUR: energy without duration.
    NoDuration,
    /// 41, ENEX: much more energy than the power allows, and much energy.
    ExcessiveEnergy,
}

impl SessionFacts {
    /// Whether e > `percent`/100 · P · h.
    fn exceeds(self, percent: i128) -> bool {
        let most = i128::from(self.power_w) * i128::from(self.duration.as_ms()) * percent;
        i128::from(self.energy_wh) * WMS_PER_WH * 100 > most
    }

    /// Whether e < 2 · P · h.
    fn is_below_twice(self) -> bool {
        let twice = i128::from(self.power_w) * i128::from(self.duration.as_ms()) * 2;
        i128::from(self.energy_wh) * WMS_PER_WH < twice
    }

    /// Whether 1 kWh < e ≤ 1000 kWh.
    fn has_judged_energy(self) -> bool {
        LEAST_WH < self.energy_wh && self.energy_wh <= MOST_WH
    }

    fn has_duration(self) -> bool {
        self.duration != Span::ZERO
    }

    /// The rule by which the processor flags a session, an overlap apart: more than
    /// `abnormal_energy_percent` of power × duration; left out while the power is unknown.
    pub fn is_flagged(self, policy: &Policy) -> bool {
        self.power_w > 0 && self.exceeds(policy.abnormal_energy_percent.into())
    }
}

impl SessionRule {
    /// All values.
    pub const ALL: [Self; 3] = [
        Self::AbnormalEnergy,
        Self::NoDuration,
        Self::ExcessiveEnergy,
    ];

    /// QualiCharge's number.
    pub const fn number(self) -> u8 {
        match self {
            Self::AbnormalEnergy => 38,
            Self::NoDuration => 40,
            Self::ExcessiveEnergy => 41,
        }
    }

    /// When it fires.
    pub const fn threshold(self) -> Threshold {
        match self {
            Self::AbnormalEnergy | Self::NoDuration => Threshold::Thousandths(1),
            Self::ExcessiveEnergy => Threshold::Any,
        }
    }

    /// Whether the rule judges this session: it is in the denominator.
    pub fn judges(self, session: SessionFacts) -> bool {
        match self {
            Self::AbnormalEnergy => session.has_duration() && session.has_judged_energy(),
            Self::NoDuration | Self::ExcessiveEnergy => session.has_judged_energy(),
        }
    }

    /// Whether this session breaks the rule.
    pub fn is_broken_by(self, session: SessionFacts) -> bool {
        let is_judged = self.judges(session);
        is_judged
            && match self {
                Self::AbnormalEnergy => {
                    session.power_w > LEAST_POWER_W
                        && session.exceeds(110)
                        && (session.is_below_twice() || session.energy_wh <= LARGE_WH)
                }
                Self::NoDuration => !session.has_duration(),
                Self::ExcessiveEnergy => {
                    session.has_duration() && session.energy_wh > LARGE_WH && session.exceeds(200)
                }
            }
    }

    /// The sessions that break the rule, over those that it judges.
    pub fn ratio(self, sessions: &[SessionFacts]) -> Ratio {
        let judged = sessions.iter().filter(|&&session| self.judges(session));
        let (broken, all) = judged.fold((0, 0), |(broken, all), &session| {
            (broken + i64::from(self.is_broken_by(session)), all + 1)
        });
        Ratio::new(broken, all)
    }
}

/// Rule 10: for each session, given as (start, end) and in that order, whether its start is before
/// the largest end of the earlier ones, themselves flagged or not.
pub fn overlaps<T: Copy + Ord>(sessions: &[(T, T)]) -> Vec<bool> {
    let mut largest_end = None;
    let overlaps = sessions.iter().map(|&(start, end)| {
        let is_inside = largest_end.is_some_and(|earlier| start < earlier);
        largest_end = largest_end.max(Some(end));
        is_inside
    });
    overlaps.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At 50 kW for an hour: 110 % are 55 kWh, 200 % are 100 kWh.
    fn hour(energy_wh: i64) -> SessionFacts {
        SessionFacts {
            duration: Span::from_hours(1),
            energy_wh,
            power_w: 50_000,
        }
    }

    fn broken(session: SessionFacts) -> [bool; 3] {
        SessionRule::ALL.map(|rule| rule.is_broken_by(session))
    }

    #[test]
    fn more_than_110_percent_is_abnormal_and_more_than_200_percent_excessive() {
        assert_eq!(broken(hour(55_000)), [false, false, false]);
        assert_eq!(broken(hour(55_001)), [true, false, false]);
        assert_eq!(broken(hour(99_999)), [true, false, false]);
        assert_eq!(
            broken(hour(100_000)),
            [false, false, false],
            "the gap of the original"
        );
        assert_eq!(broken(hour(100_001)), [false, false, true]);
        assert_eq!(broken(hour(1_000_000)), [false, false, true]);
        assert_eq!(broken(hour(1_000_001)), [false, false, false], "rule 11");
    }

    #[test]
    fn up_to_50_kwh_even_more_than_200_percent_is_only_abnormal() {
        let short = |energy_wh| SessionFacts {
            duration: Span::from_minutes(6),
            ..hour(energy_wh)
        };
        assert_eq!(broken(short(50_000)), [true, false, false]);
        assert_eq!(broken(short(50_001)), [false, false, true]);
    }

    #[test]
    fn slow_charge_points_and_small_energies_are_not_judged() {
        let slow = |power_w| SessionFacts {
            power_w,
            ..hour(10_000)
        };
        assert_eq!(broken(slow(2_000)), [false; 3]);
        assert_eq!(broken(slow(2_001)), [true, false, false]);
        let short = |energy_wh| SessionFacts {
            duration: Span::from_ms(1),
            ..hour(energy_wh)
        };
        assert_eq!(broken(short(1_000)), [false; 3]);
        assert_eq!(broken(short(1_001)), [true, false, false]);
    }

    #[test]
    fn energy_without_duration_breaks_one_rule_only() {
        let none = |energy_wh| SessionFacts {
            duration: Span::ZERO,
            ..hour(energy_wh)
        };
        assert_eq!(broken(none(60_000)), [false, true, false]);
        assert_eq!(broken(none(1_000)), [false, false, false]);
    }

    #[test]
    fn each_rule_has_its_own_denominator() {
        let none = SessionFacts {
            duration: Span::ZERO,
            ..hour(2_000)
        };
        let sessions = [hour(60_000), hour(10_000), hour(500), none];
        let ratios = SessionRule::ALL.map(|rule| rule.ratio(&sessions));
        assert_eq!(
            ratios,
            [Ratio::new(1, 2), Ratio::new(1, 3), Ratio::new(0, 3)]
        );
        let fire = SessionRule::ALL.map(|rule| {
            rule.threshold()
                .is_passed(rule.ratio(&sessions), &Policy::qc_1())
        });
        assert_eq!(fire, [true, true, false]);
    }

    #[test]
    fn a_session_overlaps_behind_a_shorter_one_and_not_at_the_very_end() {
        assert_eq!(
            overlaps(&[(0, 100), (10, 20), (50, 60)]),
            [false, true, true]
        );
        assert_eq!(overlaps(&[(0, 10), (10, 20)]), [false, false]);
    }
}
