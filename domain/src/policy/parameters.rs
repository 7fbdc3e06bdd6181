//! The policy as data: whole numbers with their unit in the name, checked when read.
//!
//! A parameter that is not given is that of `qc-1`. A name that is none of the parameters is
//! refused, and so is a set that calls itself `qc-1` and is not.

use serde::{Deserialize, Serialize};

use super::Policy;
use crate::time::Span;
use crate::window::Window;

/// The longest time a parameter may take: ten years. Instants with it stay far from overflow.
const LONGEST: Span = Span::from_days(3_653);

/// The most Wh of the energy threshold: what the gateway accepts in a session.
const MOST_ENERGY_WH: i64 = 1_000_000;

/// A policy as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "each field is the parameter of that name, documented in `Policy`"
)]
pub struct Parameters {
    pub id: String,
    pub stale_after_ms: i64,
    pub inactive_after_ms: i64,
    pub unknown_grace_ms: i64,
    pub close_grace_ms: i64,
    pub late_limit_ms: i64,
    pub cut_every_ms: i64,
    pub future_tolerance_ms: i64,
    pub fresh_limit_ms: i64,
    pub success_energy_wh: i64,
    pub success_short_ms: i64,
    pub success_long_ms: i64,
    pub recovery_classes_ms: [i64; 3],
    pub abnormal_energy_percent: i64,
    pub saturated_percent: i64,
    pub overloaded_percent: i64,
    pub coverage_floor_percent: i64,
    pub low_coverage_percent: i64,
}

/// A policy that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The id cannot be part of a key.
    #[error("policy id {0:?} is not made of 1 to 40 of a-z, 0-9 and '-': choose one that is")]
    Id(String),
    /// A parameter is out of its range.
    #[error("policy {id}: {parameter} is {found}, expected {least} to {most}")]
    Range {
        /// The policy.
        id: String,
        /// The parameter.
        parameter: &'static str,
        /// Its value.
        found: i64,
        /// The least allowed.
        least: i64,
        /// The most allowed.
        most: i64,
    },
    /// A step does not fit.
    #[error("policy {id}: {parameter} is {found}, expected a multiple of {step_name} = {step}")]
    Multiple {
        /// The policy.
        id: String,
        /// The parameter.
        parameter: &'static str,
        /// Its value, ms.
        found: i64,
        /// The parameter that has to divide it.
        step_name: &'static str,
        /// The value of that, ms.
        step: i64,
    },
    /// Two parameters are in the wrong order.
    #[error("policy {id}: {greater} is {found}, expected more than {lesser} = {bound}")]
    Order {
        /// The policy.
        id: String,
        /// The parameter that has to be greater.
        greater: &'static str,
        /// Its value.
        found: i64,
        /// The parameter that has to be smaller.
        lesser: &'static str,
        /// Its value.
        bound: i64,
    },
    /// A set that calls itself the default and is not.
    #[error("policy {id} is fixed, and {parameter} differs from it: give this set another id")]
    NotTheDefault {
        /// The id.
        id: String,
        /// The first parameter that differs.
        parameter: &'static str,
    },
}

/// Those of `qc-1`, without an id: a set that is read has to bring its own.
impl Default for Parameters {
    fn default() -> Self {
        let mut parameters = Self::from(Policy::qc_1());
        parameters.id.clear();
        parameters
    }
}

impl From<Policy> for Parameters {
    fn from(policy: Policy) -> Self {
        Self {
            id: policy.id,
            stale_after_ms: policy.stale_after.as_ms(),
            inactive_after_ms: policy.inactive_after.as_ms(),
            unknown_grace_ms: policy.unknown_grace.as_ms(),
            close_grace_ms: policy.close_grace.as_ms(),
            late_limit_ms: policy.late_limit.as_ms(),
            cut_every_ms: policy.cut_every.as_ms(),
            future_tolerance_ms: policy.future_tolerance.as_ms(),
            fresh_limit_ms: policy.fresh_limit.as_ms(),
            success_energy_wh: policy.success_energy_wh,
            success_short_ms: policy.success_short.as_ms(),
            success_long_ms: policy.success_long.as_ms(),
            recovery_classes_ms: policy.recovery_classes.map(Span::as_ms),
            abnormal_energy_percent: policy.abnormal_energy_percent,
            saturated_percent: policy.saturated_percent,
            overloaded_percent: policy.overloaded_percent,
            coverage_floor_percent: policy.coverage_floor_percent,
            low_coverage_percent: policy.low_coverage_percent,
        }
    }
}

impl TryFrom<Parameters> for Policy {
    type Error = PolicyError;

    fn try_from(given: Parameters) -> Result<Self, PolicyError> {
        given.check()?;
        Ok(Self {
            id: given.id,
            stale_after: Span::from_ms(given.stale_after_ms),
            inactive_after: Span::from_ms(given.inactive_after_ms),
            unknown_grace: Span::from_ms(given.unknown_grace_ms),
            close_grace: Span::from_ms(given.close_grace_ms),
            late_limit: Span::from_ms(given.late_limit_ms),
            cut_every: Span::from_ms(given.cut_every_ms),
            future_tolerance: Span::from_ms(given.future_tolerance_ms),
            fresh_limit: Span::from_ms(given.fresh_limit_ms),
            success_energy_wh: given.success_energy_wh,
            success_short: Span::from_ms(given.success_short_ms),
            success_long: Span::from_ms(given.success_long_ms),
            recovery_classes: given.recovery_classes_ms.map(Span::from_ms),
            abnormal_energy_percent: given.abnormal_energy_percent,
            saturated_percent: given.saturated_percent,
            overloaded_percent: given.overloaded_percent,
            coverage_floor_percent: given.coverage_floor_percent,
            low_coverage_percent: given.low_coverage_percent,
        })
    }
}

impl Parameters {
    /// The parameters by name, each as one or more whole numbers.
    pub fn values(&self) -> [(&'static str, Vec<i64>); 17] {
        [
            ("stale_after_ms", vec![self.stale_after_ms]),
            ("inactive_after_ms", vec![self.inactive_after_ms]),
            ("unknown_grace_ms", vec![self.unknown_grace_ms]),
            ("close_grace_ms", vec![self.close_grace_ms]),
            ("late_limit_ms", vec![self.late_limit_ms]),
            ("cut_every_ms", vec![self.cut_every_ms]),
            ("future_tolerance_ms", vec![self.future_tolerance_ms]),
            ("fresh_limit_ms", vec![self.fresh_limit_ms]),
            ("success_energy_wh", vec![self.success_energy_wh]),
            ("success_short_ms", vec![self.success_short_ms]),
            ("success_long_ms", vec![self.success_long_ms]),
            ("recovery_classes_ms", self.recovery_classes_ms.to_vec()),
            (
                "abnormal_energy_percent",
                vec![self.abnormal_energy_percent],
            ),
            ("saturated_percent", vec![self.saturated_percent]),
            ("overloaded_percent", vec![self.overloaded_percent]),
            ("coverage_floor_percent", vec![self.coverage_floor_percent]),
            ("low_coverage_percent", vec![self.low_coverage_percent]),
        ]
    }

    /// Whether the set makes sense.
    ///
    /// # Errors
    /// Names the first parameter that does not, its value, and what is expected.
    pub fn check(&self) -> Result<(), PolicyError> {
        self.check_id()?;
        self.check_ranges()?;
        self.check_order()?;
        self.check_steps()?;
        self.check_default()
    }

    fn check_id(&self) -> Result<(), PolicyError> {
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if (1..=40).contains(&self.id.len()) && self.id.bytes().all(is_allowed) {
            Ok(())
        } else {
            Err(PolicyError::Id(self.id.clone()))
        }
    }

    fn check_ranges(&self) -> Result<(), PolicyError> {
        let (hour_ms, longest_ms) = (Window::LENGTH.as_ms(), LONGEST.as_ms());
        for (parameter, values) in self.values() {
            let (least, most) = match parameter {
                "cut_every_ms" => (1, hour_ms),
                "stale_after_ms" | "inactive_after_ms" | "recovery_classes_ms" => (1, longest_ms),
                "success_energy_wh" => (0, MOST_ENERGY_WH),
                "abnormal_energy_percent" => (1, 1_000),
                "saturated_percent"
                | "overloaded_percent"
                | "coverage_floor_percent"
                | "low_coverage_percent" => (0, 100),
                _ => (0, longest_ms),
            };
            for found in values {
                if found < least || most < found {
                    return Err(PolicyError::Range {
                        id: self.id.clone(),
                        parameter,
                        found,
                        least,
                        most,
                    });
                }
            }
        }
        Ok(())
    }

    /// Parameters that bound the same thing from below and from above.
    fn check_order(&self) -> Result<(), PolicyError> {
        let [second, third, fourth] = self.recovery_classes_ms;
        let classes = "recovery_classes_ms";
        let strict = [
            (
                "inactive_after_ms",
                self.inactive_after_ms,
                "stale_after_ms",
                self.stale_after_ms,
            ),
            (
                "late_limit_ms",
                self.late_limit_ms,
                "close_grace_ms",
                self.close_grace_ms,
            ),
            (
                "success_long_ms",
                self.success_long_ms,
                "success_short_ms",
                self.success_short_ms,
            ),
            (classes, third, classes, second),
            (classes, fourth, classes, third),
            (
                "overloaded_percent",
                self.overloaded_percent,
                "saturated_percent",
                self.saturated_percent,
            ),
        ];
        for (greater, found, lesser, bound) in strict {
            if found <= bound {
                return Err(PolicyError::Order {
                    id: self.id.clone(),
                    greater,
                    found,
                    lesser,
                    bound,
                });
            }
        }
        Ok(())
    }

    /// Decisions fall on cuts, so every delay and the hour are whole numbers of steps.
    fn check_steps(&self) -> Result<(), PolicyError> {
        let step = self.cut_every_ms;
        let delays = [
            ("one hour", Window::LENGTH.as_ms()),
            ("close_grace_ms", self.close_grace_ms),
            ("late_limit_ms", self.late_limit_ms),
        ];
        for (parameter, found) in delays {
            if found % step != 0 {
                return Err(PolicyError::Multiple {
                    id: self.id.clone(),
                    parameter,
                    found,
                    step_name: "cut_every_ms",
                    step,
                });
            }
        }
        Ok(())
    }

    fn check_default(&self) -> Result<(), PolicyError> {
        if self.id != Policy::DEFAULT_ID {
            return Ok(());
        }
        let fixed = Self::from(Policy::qc_1());
        let both = self.values().into_iter().zip(fixed.values());
        for ((parameter, found), (_, expected)) in both {
            if found != expected {
                return Err(PolicyError::NotTheDefault {
                    id: self.id.clone(),
                    parameter,
                });
            }
        }
        Ok(())
    }
}
