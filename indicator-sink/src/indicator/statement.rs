//! One `INSERT … SELECT` per code, variant and period.

use domain::Timestamp;
use domain::calendar::{self, Grain, Period};
use domain::charge_point::Day;

use super::code::{Categories, Code, Formula};
use super::facts::DirectoryAt;
use super::quality::Rule;
use crate::literal;
use crate::migrate::{UnknownMark, render};

const CORRECTED: &str = include_str!("../../../deploy/clickhouse/indicators/corrected.sql");
const PARITY: &str = include_str!("../../../deploy/clickhouse/indicators/parity.sql");
const PARITY_MEAN: &str = include_str!("../../../deploy/clickhouse/indicators/parity_mean.sql");
const QUALITY: &str = include_str!("../../../deploy/clickhouse/indicators/quality.sql");

/// Sessions are judged this many days after statuses: by then they have come.
const SESSIONS_BEHIND_DAYS: i32 = 15;

/// An hour, or a period of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// Its letter.
    pub letter: &'static str,
    /// The first instant inside.
    pub start: Timestamp,
    /// The first instant after.
    pub end: Timestamp,
    /// How many days of the calendar it has; 0 for an hour.
    pub days: i32,
}

impl Stretch {
    /// A period of the calendar.
    pub fn of(period: Period) -> Self {
        let letter = match period.grain() {
            Grain::Day => "d",
            Grain::Week => "w",
            Grain::Month => "m",
            Grain::Quarter => "q",
            Grain::Year => "y",
        };
        Self {
            letter,
            start: period.start(),
            end: period.end(),
            days: period.next().first().0 - period.first().0,
        }
    }

    /// The hours of a day of Europe/Paris: 23, 24 or 25.
    pub fn hours(day: Day) -> impl Iterator<Item = Self> {
        let period = Period::of(Grain::Day, calendar::start_of(day));
        period.windows().map(|window| Self {
            letter: "h",
            start: window.start(),
            end: window.end(),
            days: 0,
        })
    }
}

/// A statement and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Code, variant and period, for messages.
    pub title: String,
    /// The SQL.
    pub sql: String,
}

/// Every statement of a stretch of time, in order; `now` is the instant of the directory for parity.
///
/// # Errors
/// When a text holds a mark that means nothing.
pub fn statements(stretch: Stretch, now: Timestamp) -> Result<Vec<Statement>, UnknownMark> {
    let mut all = Vec::new();
    let is_day = stretch.letter == "d";
    for code in &super::CODES {
        if code.is_daily && !is_day {
            continue;
        }
        let title = |variant| format!("{} {variant} {}", code.code, stretch.letter);
        let sql = of_formula(CORRECTED, code, &code.corrected, stretch, now)?;
        let title_of_corrected = title("corrected");
        all.push(Statement {
            title: title_of_corrected,
            sql,
        });
        let Some(parity) = &code.parity else { continue };
        // The original runs days, weeks and months; the longer ones are means of days.
        let template = match stretch.letter {
            "d" => PARITY,
            "w" | "m" => PARITY_MEAN,
            _ => continue,
        };
        let sql = of_formula(template, code, parity, stretch, now)?;
        all.push(Statement {
            title: title("parity"),
            sql,
        });
    }
    if is_day {
        for rule in Rule::all() {
            for (variant, value) in [("corrected", rule.value), ("parity", rule.parity)] {
                let sql = of_rule(&rule, variant, value, stretch, now)?;
                let title = format!("qua {} {variant} d", rule.code);
                all.push(Statement { title, sql });
            }
        }
    }
    Ok(all)
}

fn of_formula(
    template: &str,
    code: &Code,
    formula: &Formula,
    stretch: Stretch,
    now: Timestamp,
) -> Result<String, UnknownMark> {
    let is_statistic = code.categories == Categories::Statistic;
    let split = if is_statistic {
        format!("ARRAY JOIN {} AS statistic", code.categories.array())
    } else {
        String::new()
    };
    let has_daily_mean = !code.is_ratio && stretch.days > 1;
    let value = format!("toFloat64({})", formula.value);
    let facts = formula.facts.of_period(stretch.letter);
    let directory_at = match facts.directory() {
        DirectoryAt::Start => stretch.start,
        DirectoryAt::End => stretch.end,
        DirectoryAt::Now => now,
    };
    let marks = [
        ("facts", facts.select().trim().to_owned()),
        ("code", quoted(code.code)),
        ("category", formula.category.to_owned()),
        ("categories", code.categories.array().to_owned()),
        ("value", value),
        ("extras", formula.extras.to_owned()),
        ("zero_extras", formula.zero_extras.to_owned()),
        ("places", places(code.levels, facts.nation())),
        ("split", split),
        ("has_zeros", truth(formula.has_zeros)),
        ("has_nation", truth(code.levels.contains(&0))),
        ("has_daily_mean", truth(has_daily_mean)),
        ("days", stretch.days.max(1).to_string()),
        ("directory_at", literal::quoted_instant(directory_at)),
    ];
    let is_of_month_before = facts.is_of_month_before();
    let filled = fill(template, &marks);
    render(&with_times(&filled, stretch, now, is_of_month_before))
}

fn of_rule(
    rule: &Rule,
    variant: &str,
    value: &str,
    stretch: Stretch,
    now: Timestamp,
) -> Result<String, UnknownMark> {
    let day = calendar::day_of(stretch.start);
    let sessions = Day(day.0 - SESSIONS_BEHIND_DAYS);
    let (from, to) = (sessions, Day(sessions.0 + 1));
    let marks = [
        ("facts", rule.select.to_owned()),
        ("value", value.to_owned()),
        ("code", quoted(rule.code)),
        ("variant", quoted(variant)),
        ("number", rule.number.to_owned()),
        ("threshold", rule.threshold.unwrap_or("null").to_owned()),
        ("fires", rule.fires()),
        ("places", places(&[0, 5], "'00'")),
        ("sessions_start", literal::instant(calendar::start_of(from))),
        ("sessions_end", literal::instant(calendar::start_of(to))),
    ];
    render(&with_times(&fill(QUALITY, &marks), stretch, now, false))
}

fn fill(template: &str, marks: &[(&str, String)]) -> String {
    marks
        .iter()
        .fold(template.to_owned(), |text, (name, value)| {
            text.replace(&format!("{{{{{name}}}}}"), value)
        })
}

/// Puts the instants of a stretch in place of their marks.
fn with_times(text: &str, stretch: Stretch, now: Timestamp, is_of_month_before: bool) -> String {
    let first = literal::instant(stretch.start);
    let (start, end) = if is_of_month_before {
        let paris = format!("toTimeZone({first}, 'Europe/Paris') - INTERVAL 1 MONTH");
        (format!("toTimeZone({paris}, 'UTC')"), first)
    } else {
        (first, literal::instant(stretch.end))
    };
    let timestamp = |at: Timestamp| format!("toDateTime({}, 'UTC')", at.as_ms() / 1000);
    let marks = [
        ("start", start),
        ("end", end),
        ("first", literal::quoted_instant(stretch.start)),
        ("now", literal::quoted_instant(now)),
        ("timestamp", timestamp(stretch.start)),
        ("timestamp_end", timestamp(stretch.end)),
        ("period", quoted(stretch.letter)),
    ];
    fill(text, &marks)
}

fn quoted(text: &str) -> String {
    format!("'{text}'")
}

fn truth(is: bool) -> String {
    if is { "1" } else { "0" }.to_owned()
}

/// The targets of a fact as an array of level and code in SQL, given the code of the nation.
fn places(levels: &[u8], nation: &str) -> String {
    let place = |level: &u8| {
        let code = match level {
            0 => nation,
            1 => "region",
            2 => "department",
            3 => "epci",
            5 => "operational_unit",
            _ => VALID_OWNER,
        };
        format!("(toUInt8({level}), toString({code}))")
    };
    let places: Vec<String> = levels.iter().map(place).collect();
    format!("[{}]", places.join(", "))
}

/// The SIREN of the owner when it has nine digits, is not zero and passes the test of Luhn; else nothing.
const VALID_OWNER: &str = "if(match(siren_amenageur, '^[0-9]{9}$') AND siren_amenageur != '000000000' AND arraySum(
                    position -> (toUInt8OrZero(substring(siren_amenageur, position, 1)) * if(position % 2 = 0, 2, 1) AS digit)
                        - if(digit > 9, 9, 0), range(1, 10)) % 10 = 0, siren_amenageur, '')";

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Stretch {
        let day = literal::day(text).unwrap();
        Stretch::of(Period::of(Grain::Day, calendar::start_of(day)))
    }

    #[test]
    fn a_day_has_every_code_in_both_variants_and_no_mark_is_left() {
        let now = Timestamp::from_ms(1_774_747_800_123);
        let all = statements(day("2026-03-29"), now).unwrap();
        let rules = Rule::all().count();
        let parity = super::super::CODES
            .iter()
            .filter(|code| code.parity.is_some());
        assert_eq!(all.len(), 20 + parity.count() + 2 * rules);
        for statement in &all {
            assert!(!statement.sql.contains("{{"), "{}", statement.sql);
        }
        let u10 = all
            .iter()
            .find(|one| one.title == "u10 corrected d")
            .unwrap();
        assert!(
            u10.sql
                .contains("timestamp = toDateTime(1774738800, 'UTC')"),
            "{}",
            u10.sql
        );
        assert!(
            u10.sql
                .contains("started_at < toDateTime64('2026-03-29 22:00:00.000', 3, 'UTC')")
        );
    }

    #[test]
    fn longer_periods_of_the_original_are_means_and_it_has_no_quarters() {
        let now = Timestamp::from_ms(0);
        let month = Period::of(Grain::Month, day("2026-03-29").start);
        let all = statements(Stretch::of(month), now).unwrap();
        let parity = all.iter().filter(|one| one.title.contains("parity"));
        assert!(parity.clone().all(|one| one.sql.contains("history")));
        assert!(parity.count() > 0);
        let quarter = Period::of(Grain::Quarter, day("2026-03-29").start);
        let all = statements(Stretch::of(quarter), now).unwrap();
        assert!(all.iter().all(|one| one.title.contains("corrected")));
        assert_eq!(Stretch::of(month).days, 31);
        assert_eq!(
            Stretch::hours(literal::day("2026-03-29").unwrap()).count(),
            23
        );
    }
}
