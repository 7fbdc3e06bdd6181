//! The catalogue: every derived indicator, with what a reader of the law has to know of it.
//!
//! One line per figure: name, French term, formula, unit, null rule, source, code of QualiCharge,
//! and the function that computes it. The same words stand above that function, in the module of
//! its family, and in `docs/indicators.md`; a test compares the three.

use super::distribution::LongFailure;
use super::{
    Ratio, StationSweep, Vector, availability, distribution, freshness, power, recovery,
    reliability, saturation, sessions, station, utilisation,
};
use crate::policy::Policy;

/// In what an indicator is expressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share; in [0, 1], though the load factor may exceed 1 on bad data.
    One,
    /// Seconds.
    Seconds,
    /// Number per 1000 h of time up.
    PerThousandHours,
}

impl Unit {
    /// As it is written.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::Seconds => "s",
            Self::PerThousandHours => "per 1000 h up",
        }
    }
}

/// How an indicator is computed, and of what.
#[derive(Debug, Clone, Copy)]
pub enum Formula {
    /// Of the summed vectors of charge points.
    OfVector(fn(&Vector) -> Ratio),
    /// Of the summed sweeps of stations.
    OfSweep(fn(&StationSweep) -> Ratio),
    /// Of both sums.
    OfStation(fn(&Vector, &StationSweep) -> Ratio),
    /// Of the times to return, in ms, of the episodes returned in the period, not left-censored.
    OfEpisodes(fn(&[i64]) -> Ratio),
    /// Of the sums of each charge point over a month.
    OfMonths(fn(&[Vector], &Policy) -> Ratio),
    /// Of what each charge point did in the period.
    OfChargePoints(fn(&[LongFailure]) -> Ratio),
}

impl Formula {
    /// What the figure is computed of, in words.
    pub const fn input(&self) -> &'static str {
        match self {
            Self::OfVector(_) => "charge point sums",
            Self::OfSweep(_) => "station sums",
            Self::OfStation(_) => "charge point and station sums",
            Self::OfEpisodes(_) => "episodes",
            Self::OfMonths(_) => "monthly charge point sums",
            Self::OfChargePoints(_) => "charge points and their episodes",
        }
    }
}

/// One derived indicator.
#[derive(Debug, Clone, Copy)]
pub struct Indicator {
    /// The name of the figure and of the function that computes it.
    pub name: &'static str,
    /// The module of its family, below [`crate::indicator`].
    pub family: &'static str,
    /// The French term; empty where there is none.
    pub french: &'static str,
    /// The formula in words, times in ms.
    pub formula: &'static str,
    /// In what it is expressed.
    pub unit: Unit,
    /// When it has no value.
    pub null_when: &'static str,
    /// The law, standard or custom that it follows.
    pub source: &'static str,
    /// The code of QualiCharge; a dash where there is none.
    pub qualicharge: &'static str,
    /// The function.
    pub compute: Formula,
}

/// Every derived indicator.
pub const ALL: [Indicator; 25] = [
    Indicator {
        name: "availability",
        family: "availability",
        french: "taux de disponibilité constatée",
        formula: "up / (up + down)",
        unit: Unit::One,
        null_when: "up + down = 0",
        source: "IEC 60050-192, A = MUT / (MUT + MDT), on observed time; QualiCharge notes, TD / TO",
        qualicharge: "q6; q7 by power class",
        compute: Formula::OfVector(availability::availability),
    },
    Indicator {
        name: "coverage",
        family: "availability",
        french: "couverture",
        formula: "(up + down) / required",
        unit: Unit::One,
        null_when: "required = 0",
        source: "ours",
        qualicharge: "–",
        compute: Formula::OfVector(availability::coverage),
    },
    Indicator {
        name: "availability_afirev",
        family: "availability",
        french: "",
        formula: "(up + `unknown_short`) / required",
        unit: Unit::One,
        null_when: "required = 0",
        source: "AFIREV definition for the arrêté of 27 Oct 2021; decree 2017-26 art. 24-2",
        qualicharge: "–",
        compute: Formula::OfVector(availability::availability_afirev),
    },
    Indicator {
        name: "availability_min",
        family: "availability",
        french: "",
        formula: "up / required",
        unit: Unit::One,
        null_when: "required = 0",
        source: "NEVI, 23 CFR 680.116(b), without its exclusions: offline is down",
        qualicharge: "–",
        compute: Formula::OfVector(availability::availability_min),
    },
    Indicator {
        name: "availability_max",
        family: "availability",
        french: "",
        formula: "(up + unknown) / required",
        unit: Unit::One,
        null_when: "required = 0",
        source: "UK SI 2023/1168 reg. 7: unknown counts as reliable",
        qualicharge: "–",
        compute: Formula::OfVector(availability::availability_max),
    },
    Indicator {
        name: "utilisation",
        family: "utilisation",
        french: "taux d'utilisation",
        formula: "occupied / up",
        unit: Unit::One,
        null_when: "up = 0",
        source: "QualiCharge notes, TU / TD",
        qualicharge: "q8",
        compute: Formula::OfVector(utilisation::utilisation),
    },
    Indicator {
        name: "occupancy",
        family: "utilisation",
        french: "taux d'occupation",
        formula: "occupied / (free + occupied + reserved)",
        unit: Unit::One,
        null_when: "free + occupied + reserved = 0",
        source: "ours: occupancy known",
        qualicharge: "–",
        compute: Formula::OfVector(utilisation::occupancy),
    },
    Indicator {
        name: "mean_time_to_return_s",
        family: "recovery",
        french: "",
        formula: "`time_to_return_ms` / returns / 1000",
        unit: Unit::Seconds,
        null_when: "returns = 0",
        source: "IEC 60050-192, ISO/TR 12489 (`MTTRes`); R353-4-5",
        qualicharge: "–",
        compute: Formula::OfVector(recovery::mean_time_to_return_s),
    },
    Indicator {
        name: "mean_time_between_failures_s",
        family: "reliability",
        french: "",
        formula: "up / failures / 1000",
        unit: Unit::Seconds,
        null_when: "failures = 0: show \"> up\"",
        source: "IEC 60050-192, ITIL 4",
        qualicharge: "–",
        compute: Formula::OfVector(reliability::mean_time_between_failures_s),
    },
    Indicator {
        name: "mean_time_between_failure_starts_s",
        family: "reliability",
        french: "",
        formula: "(up + down) / failures / 1000",
        unit: Unit::Seconds,
        null_when: "failures = 0",
        source: "ITIL 4",
        qualicharge: "–",
        compute: Formula::OfVector(reliability::mean_time_between_failure_starts_s),
    },
    Indicator {
        name: "failure_rate_per_1000h",
        family: "reliability",
        french: "",
        formula: "failures × 3.6·10⁹ / up",
        unit: Unit::PerThousandHours,
        null_when: "up = 0",
        source: "IEC 60050-192",
        qualicharge: "–",
        compute: Formula::OfVector(reliability::failure_rate_per_1000h),
    },
    Indicator {
        name: "time_to_return_p50_s",
        family: "recovery",
        french: "",
        formula: "nearest rank (⌈0.50·n⌉-th smallest) over the episodes returned in the period, not left-censored",
        unit: Unit::Seconds,
        null_when: "no episode",
        source: "ours",
        qualicharge: "–",
        compute: Formula::OfEpisodes(recovery::time_to_return_p50_s),
    },
    Indicator {
        name: "time_to_return_p90_s",
        family: "recovery",
        french: "",
        formula: "nearest rank (⌈0.90·n⌉-th smallest) over the episodes returned in the period, not left-censored",
        unit: Unit::Seconds,
        null_when: "no episode",
        source: "ours",
        qualicharge: "–",
        compute: Formula::OfEpisodes(recovery::time_to_return_p90_s),
    },
    Indicator {
        name: "time_to_return_p95_s",
        family: "recovery",
        french: "",
        formula: "nearest rank (⌈0.95·n⌉-th smallest) over the episodes returned in the period, not left-censored",
        unit: Unit::Seconds,
        null_when: "no episode",
        source: "ours",
        qualicharge: "–",
        compute: Formula::OfEpisodes(recovery::time_to_return_p95_s),
    },
    Indicator {
        name: "share_above_99",
        family: "distribution",
        french: "T99",
        formula: "charge points with availability > 0.99 / charge points, both with coverage ≥ 0.5, per month",
        unit: Unit::One,
        null_when: "no charge point",
        source: "AFIREV observatory",
        qualicharge: "–",
        compute: Formula::OfMonths(distribution::share_above_99),
    },
    Indicator {
        name: "share_down_over_7d",
        family: "distribution",
        french: "T7J",
        formula: "charge points with an episode (left-censored or not) older than 7 d at some instant of the period / charge points active at some instant",
        unit: Unit::One,
        null_when: "none active",
        source: "AFIREV observatory",
        qualicharge: "d5",
        compute: Formula::OfChargePoints(distribution::share_down_over_7d),
    },
    Indicator {
        name: "session_success_2min",
        family: "sessions",
        french: "",
        formula: "`successful_sessions_2min` / (sessions − `flagged_sessions`)",
        unit: Unit::One,
        null_when: "sessions − `flagged_sessions` = 0",
        source: "AFIREV",
        qualicharge: "q9",
        compute: Formula::OfVector(sessions::session_success_2min),
    },
    Indicator {
        name: "session_success_3min",
        family: "sessions",
        french: "",
        formula: "`successful_sessions_3min` / (sessions − `flagged_sessions`)",
        unit: Unit::One,
        null_when: "sessions − `flagged_sessions` = 0",
        source: "QualiCharge code",
        qualicharge: "u11 / u10",
        compute: Formula::OfVector(sessions::session_success_3min),
    },
    Indicator {
        name: "load_factor",
        family: "power",
        french: "facteur de charge",
        formula: "`energy_wh` × 3600 / `required_kwms`",
        unit: Unit::One,
        null_when: "`required_kwms` = 0",
        source: "QualiCharge notes",
        qualicharge: "–",
        compute: Formula::OfStation(power::load_factor),
    },
    Indicator {
        name: "freshness",
        family: "freshness",
        french: "",
        formula: "`fresh_statuses` / statuses",
        unit: Unit::One,
        null_when: "statuses = 0",
        source: "rule 43",
        qualicharge: "FRET",
        compute: Formula::OfVector(freshness::freshness),
    },
    Indicator {
        name: "mean_status_delay_s",
        family: "freshness",
        french: "",
        formula: "`status_delay_ms` / statuses / 1000",
        unit: Unit::Seconds,
        null_when: "statuses = 0",
        source: "rule 43",
        qualicharge: "FRET",
        compute: Formula::OfVector(freshness::mean_status_delay_s),
    },
    Indicator {
        name: "availability_any",
        family: "station",
        french: "",
        formula: "`any_up` / (`any_up` + `all_down`)",
        unit: Unit::One,
        null_when: "`any_up` + `all_down` = 0",
        source: "ours; station level",
        qualicharge: "–",
        compute: Formula::OfSweep(station::availability_any),
    },
    Indicator {
        name: "availability_every",
        family: "station",
        french: "",
        formula: "`every_up` / (`every_up` + `some_down`)",
        unit: Unit::One,
        null_when: "`every_up` + `some_down` = 0",
        source: "ours; station level",
        qualicharge: "–",
        compute: Formula::OfSweep(station::availability_every),
    },
    Indicator {
        name: "availability_power",
        family: "power",
        french: "",
        formula: "`up_kwms` / (`up_kwms` + `down_kwms`)",
        unit: Unit::One,
        null_when: "`up_kwms` + `down_kwms` = 0",
        source: "ours",
        qualicharge: "–",
        compute: Formula::OfSweep(power::availability_power),
    },
    Indicator {
        name: "saturation",
        family: "saturation",
        french: "taux de saturation",
        formula: "saturated / `any_up`",
        unit: Unit::One,
        null_when: "`any_up` = 0",
        source: "QualiCharge notes, TS / TD",
        qualicharge: "q10",
        compute: Formula::OfSweep(saturation::saturation),
    },
];
