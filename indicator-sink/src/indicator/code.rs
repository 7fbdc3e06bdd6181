//! The coded indicators: what each counts, over which facts, at which levels.
//!
//! Texts in SQL are expressions over the columns of the facts, which lie in
//! `deploy/clickhouse/indicators/facts`. Definitions and sources: the table in
//! `docs/coded-indicators.md`.

use super::facts::Facts;

/// A coded indicator.
#[derive(Debug, Clone, Copy)]
pub struct Code {
    /// Its code.
    pub code: &'static str,
    /// Its levels: 0 nation, 1 region, 2 department, 3 EPCI, 5 operational unit, 6 owner.
    pub levels: &'static [u8],
    /// The categories that it always shows.
    pub categories: Categories,
    /// What is published.
    pub corrected: Formula,
    /// The formula of QualiCharge, where it has one.
    pub parity: Option<Formula>,
    /// Whether it is a ratio or a mean: days have no mean.
    pub is_ratio: bool,
    /// Whether it exists for days only.
    pub is_daily: bool,
}

/// How a value is made.
#[derive(Debug, Clone, Copy)]
pub struct Formula {
    /// What is counted.
    pub facts: Facts,
    /// The category of a fact.
    pub category: &'static str,
    /// The value of a group of facts.
    pub value: &'static str,
    /// Members of the object `extras` of a group of facts, without braces; an empty string if none.
    pub extras: &'static str,
    /// The same for a group without facts.
    pub zero_extras: &'static str,
    /// Whether a target without facts has a row all the same, with zero.
    pub has_zeros: bool,
}

/// The categories that a code shows even where nothing is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Categories {
    /// None: the category is empty.
    None,
    /// The power classes.
    PowerClass,
    /// The hours of the day.
    HourOfDay,
    /// The kinds of supply.
    Supply,
    /// Mean and percentiles: one row each for every fact.
    Statistic,
}

impl Categories {
    /// Their values as an array in SQL.
    pub fn array(self) -> &'static str {
        match self {
            Self::None => "['']",
            Self::PowerClass => {
                "['[0.0, 7.4)', '[7.4, 22.0]', '(22.0, 50.0)', '[50, 150.0)', '[150, 350.0)', '[350, None)']"
            }
            Self::HourOfDay => "arrayMap(hour -> toString(hour), range(24))",
            Self::Supply => {
                "['DC_direct_valid', 'DC_direct_invalid', 'DC_indirect', \
                 'AC_direct_valid', 'AC_direct_invalid', 'AC_indirect']"
            }
            Self::Statistic => "['mean', 'p50', 'p90', 'p95']",
        }
    }
}

const PLACES: &[u8] = &[0, 1, 2, 3, 5];
const NATION_AND_REGIONS: &[u8] = &[0, 1];
const WITH_UNITS: &[u8] = &[0, 1, 5];
const NO_CATEGORY: &str = "''";
const HOUR_OF_DAY: &str = "toString(toHour(started_at, 'Europe/Paris'))";
const LIST: &str = "concat('\"list\":[', arrayStringConcat(arrayMap(id -> concat('\"', id, '\"'), \
                    arraySort(groupUniqArray(charge_point_id))), ','), ']')";
const AVAILABILITY: &str = "sum(up_ms) / nullIf(sum(up_ms) + sum(down_ms), 0)";
const AVAILABILITY_EXTRAS: &str = "concat(
                    '\"numerator\":', toString(sum(up_ms)),
                    ',\"denominator\":', toString(sum(up_ms) + sum(down_ms)),
                    ',\"coverage\":', toString((sum(up_ms) + sum(down_ms)) / sum(required_ms)),
                    ',\"minimum\":', toString(sum(up_ms) / sum(required_ms)),
                    ',\"maximum\":', toString((sum(required_ms) - sum(down_ms)) / sum(required_ms)),
                    ',\"afirev\":', toString((sum(up_ms) + sum(unknown_short_ms)) / sum(required_ms)),
                    ',\"policy\":\"', {{policy}}, '\"')";
const STATIONS: &str = "concat('\"stations\":{', arrayStringConcat(arrayMap(
                    (station, wh) -> concat('\"', station, '\":', toString(wh)),
                    (sumMap([station_id], [energy_wh]) AS per_station).1, per_station.2), ','), '}')";
const CLEAN_STATIONS: &str = "concat('\"stations\":{', arrayStringConcat(arrayMap(
                    (station, wh) -> concat('\"', station, '\":', toString(wh)),
                    (sumMapIf([station_id], [energy_wh], NOT flagged) AS per_station).1, per_station.2), ','), '}')";

impl Formula {
    const fn of(facts: Facts, category: &'static str, value: &'static str) -> Self {
        Self {
            facts,
            category,
            value,
            extras: "''",
            zero_extras: "''",
            has_zeros: true,
        }
    }

    /// Without facts there is no row.
    const fn sparse(self) -> Self {
        Self {
            has_zeros: false,
            ..self
        }
    }

    const fn with(self, extras: &'static str, zero_extras: &'static str) -> Self {
        Self {
            extras,
            zero_extras,
            ..self
        }
    }
}

impl Code {
    const fn of(code: &'static str, levels: &'static [u8], corrected: Formula) -> Self {
        Self {
            code,
            levels,
            categories: Categories::None,
            corrected,
            parity: None,
            is_ratio: false,
            is_daily: false,
        }
    }

    const fn by(self, categories: Categories) -> Self {
        Self { categories, ..self }
    }

    const fn parity(self, formula: Formula) -> Self {
        Self {
            parity: Some(formula),
            ..self
        }
    }

    /// Without data a ratio has no row.
    const fn ratio(self) -> Self {
        Self {
            is_ratio: true,
            corrected: self.corrected.sparse(),
            ..self
        }
    }

    const fn daily(self) -> Self {
        Self {
            is_daily: true,
            ..self
        }
    }

    /// A count of what is in the directory.
    const fn stock(code: &'static str, category: &'static str, value: &'static str) -> Self {
        Self::of(code, PLACES, Formula::of(Facts::InForce, category, value)).parity(Formula::of(
            Facts::InForceNow,
            category,
            value,
        ))
    }

    /// A ratio of numbers that the facts hold, with both in its extras.
    const fn share(
        code: &'static str,
        facts: Facts,
        value: &'static str,
        extras: &'static str,
    ) -> Self {
        Self::of(
            code,
            PLACES,
            Formula::of(facts, NO_CATEGORY, value).with(extras, "''"),
        )
        .ratio()
    }
}

/// All codes. Those of QualiCharge have a parity variant; q and d codes are its names without its code.
#[rustfmt::skip] // one code per paragraph
pub const CODES: [Code; 20] = [
    Code::stock("i1", NO_CATEGORY, "uniqExact(charge_point_id)"),
    Code::stock("i4", NO_CATEGORY, "uniqExact(station_id)"),
    Code::stock("i7", NO_CATEGORY, "sum(power_w) / 1000"),
    // The original has no row of a class that a target lacks.
    Code::stock("t1", "power_class", "uniqExact(charge_point_id)").by(Categories::PowerClass)
        .parity(Formula::of(Facts::InForceNow, "power_class", "uniqExact(charge_point_id)").sparse()),
    Code::of("e4", NATION_AND_REGIONS,
        Formula::of(Facts::SessionsOfMonthBefore, NO_CATEGORY, "uniqExact(charge_point_id)").with(LIST, "'\"list\":[]'"))
        .parity(Formula::of(Facts::CopiesOfMonthBefore, NO_CATEGORY, "uniqExact(charge_point_id)").with(LIST, "''")),
    Code::of("u5", NATION_AND_REGIONS, Formula::of(Facts::Sessions, HOUR_OF_DAY, "count()"))
        .parity(Formula::of(Facts::Copies, HOUR_OF_DAY, "count()")).by(Categories::HourOfDay),
    Code::of("u6", NATION_AND_REGIONS,
        Formula::of(Facts::Sessions, "power_class", "sumIf(duration_ms, NOT flagged) / 3600000"))
        .parity(Formula::of(Facts::KnownCopies, "power_class", "sum(duration_ms) / 3600000")).by(Categories::PowerClass),
    Code::of("u9", WITH_UNITS, Formula::of(Facts::Sessions, "power_class", "sumIf(energy_wh, NOT flagged) / 1000"))
        .parity(Formula::of(Facts::KnownCopies, "power_class", "sum(energy_wh) / 1000")).by(Categories::PowerClass),
    Code::of("u10", WITH_UNITS, Formula::of(Facts::Sessions, NO_CATEGORY, "count()")
        .with("concat('\"duplicates\":', toString(sum(copies - 1)))", "'\"duplicates\":0'"))
        .parity(Formula::of(Facts::Copies, NO_CATEGORY, "count()")),
    Code::of("u11", NATION_AND_REGIONS, Formula::of(Facts::Sessions, NO_CATEGORY, "countIf(successful_3min)")
        .with("concat('\"successful_2min\":', toString(countIf(successful_2min)))", "'\"successful_2min\":0'"))
        .parity(Formula::of(Facts::Copies, NO_CATEGORY, "countIf(energy_wh > 500 AND duration_ms > 180000)")),
    Code::of("u12", WITH_UNITS, Formula::of(Facts::Points, "power_class", "countIf(up_ms > 0)"))
        .parity(Formula::of(Facts::Statuses, "power_class", "uniqExact(charge_point_id)")).by(Categories::PowerClass),
    Code::of("u13", NATION_AND_REGIONS, Formula::of(Facts::Points, NO_CATEGORY, "sumIf(power_w, up_ms > 0) / 1000"))
        .parity(Formula::of(Facts::Statuses, NO_CATEGORY, "sum(power_w) / 1000")),
    Code::of("u14", WITH_UNITS, Formula::of(Facts::Sessions, "supply", "sumIf(energy_wh, NOT flagged) / 1000"))
        .parity(Formula::of(Facts::Supplied, "supply", "sum(energy_wh) / 1000")).by(Categories::Supply),
    Code::of("tirue", &[6], Formula::of(Facts::Sessions, NO_CATEGORY, "sumIf(energy_wh, NOT flagged) / 1000000")
        .with(CLEAN_STATIONS, "'\"stations\":{}'"))
        .parity(Formula::of(Facts::Certified, NO_CATEGORY, "sum(energy_wh) / 1000000").with(STATIONS, "''")).daily(),
    Code::share("q6", Facts::Hours, AVAILABILITY, AVAILABILITY_EXTRAS),
    Code::of("q7", PLACES, Formula::of(Facts::Hours, "power_class", AVAILABILITY).with(AVAILABILITY_EXTRAS, "''"))
        .by(Categories::PowerClass).ratio(),
    Code::share("q8", Facts::Hours, "sum(occupied_ms) / nullIf(sum(up_ms), 0)", "concat(
                    '\"numerator\":', toString(sum(occupied_ms)), ',\"denominator\":', toString(sum(up_ms)),
                    ',\"policy\":\"', {{policy}}, '\"')"),
    Code::share("q9", Facts::Sessions, "countIf(successful_2min) / nullIf(countIf(NOT flagged), 0)", "concat(
                    '\"numerator\":', toString(countIf(successful_2min)),
                    ',\"denominator\":', toString(countIf(NOT flagged)), ',\"policy\":\"', {{policy}}, '\"')"),
    Code::share("d5", Facts::Outages,
        "uniqExactIf(charge_point_id, long_outage) / nullIf(uniqExact(charge_point_id), 0)", "concat(
                    '\"numerator\":', toString(uniqExactIf(charge_point_id, long_outage)),
                    ',\"denominator\":', toString(uniqExact(charge_point_id)), ',\"policy\":\"', {{policy}}, '\"')"),
    // Nearest rank: of n times in order, the one at the smallest whole number not below q·n; seconds.
    Code::of("recovery", PLACES, Formula::of(Facts::Returns, "statistic",
        "if(category = 'mean', sum(time_to_return_ms) / count(), toFloat64(arraySort(groupArray(time_to_return_ms))[
                    intDiv(count() * transform(category, ['p50', 'p90', 'p95'], [50, 90, 95], 1) + 99, 100)])) / 1000")
        .with("concat('\"returns\":', toString(count()), ',\"policy\":\"', {{policy}}, '\"')", "''"))
        .by(Categories::Statistic).ratio(),
];
