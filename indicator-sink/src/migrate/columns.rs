//! What several views share: one text for each, and the marks that views use for it.
//!
//! | mark | becomes |
//! |---|---|
//! | `{{core}}` `{{sessions}}` `{{live}}` `{{extras}}` | the names of the group |
//! | `{{h:core}}` … | the columns of table `h` under those names; `{{h:live}}`: its sessions as live ones |
//! | `{{h:archived_live}}` | the live columns of `h`, which has them by that name |
//! | `{{sum:core}}` … | their sums under those names; `{{sum:h:core}}` as above, of table `h` |
//! | `{{zero:core}}` … | zeros under those names |
//! | `{{times}}` `{{ratios}}` `{{station_ratios}}` | expressions with their names, over the live sessions |
//! | `{{archive:ratios}}` `{{archive:station_ratios}}` | the same over the sessions of the archive |
//! | `{{covered}}` | the sum of the nine states |
//! | `{{state}}` | what a status says, on one line |
//! | `{{policy}}` | the policy that views show |
//! | `{{directory}}` | the charge points in service |
//! | `{{commune}}` `{{epci}}` `{{department}}` `{{territory}}` | what lies where |
//! | `{{since t}}` `{{since t c}}` | the watermark of table `t`, of its rows under condition `c` |
//! | `{{rollup r}}` | the `SELECT` of a roll-up |
//! | `{{comments a b …}}` | a `COMMENT COLUMN` for each name; a group stands for its names, `=a` for column `a` |

#[rustfmt::skip] // one line per column
mod lists;

use lists::{
    CORE, Column, Derived, EXTRAS, OTHERS, RATIOS, SESSIONS, STATE, STATES, STATION_RATIOS, TIMES,
};

use super::catalogue::{CATALOGUE, Kind};
use crate::rollup;

/// The policy that views show.
const POLICY: &str = "(SELECT any(policy) FROM policy FINAL WHERE is_default)";

/// The charge points in service, with what is computed of them.
const DIRECTORY: &str =
    "(SELECT *, power_w, power_class, is_dc FROM charge_point FINAL WHERE deleted_at IS NULL)";

/// A mark that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mark {0:?} is unknown: see the table in migrate/columns.rs")]
pub struct UnknownMark(String);

/// Puts the lists in place of the marks.
///
/// # Errors
/// When a mark means nothing.
pub fn render(template: &str) -> Result<String, UnknownMark> {
    let mut rendered = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, tail)) = rest.split_once("{{") {
        let (mark, after) = tail
            .split_once("}}")
            .ok_or_else(|| UnknownMark(tail.chars().take(20).collect()))?;
        let line = before.rsplit('\n').next().unwrap_or_default();
        let indent = line.len() - line.trim_start().len();
        let separator = format!(",\n{}", " ".repeat(indent));
        rendered.push_str(before);
        rendered.push_str(&replacement(mark, &separator)?);
        rest = after;
    }
    rendered.push_str(rest);
    Ok(rendered)
}

fn replacement(mark: &str, separator: &str) -> Result<String, UnknownMark> {
    let unknown = || UnknownMark(mark.to_owned());
    if let Some((verb, names)) = mark.split_once(' ') {
        return match verb {
            "comments" => {
                let comments: Result<Vec<_>, _> = names.split(' ').map(comments_of).collect();
                Ok(comments?.concat().join(separator))
            }
            "rollup" => render(rollup::select(names).ok_or_else(unknown)?.trim()),
            "since" => Ok(since(names)),
            _ => Err(unknown()),
        };
    }
    if let Some(text) = fixed(mark) {
        return Ok(text);
    }
    let columns = columns(mark).ok_or_else(unknown)?;
    Ok(columns.join(separator))
}

/// Marks that stand for one text.
fn fixed(mark: &str) -> Option<String> {
    let places = |columns: &str, level: &str| {
        format!("(SELECT {columns} FROM territory FINAL WHERE level = '{level}')")
    };
    Some(match mark {
        "policy" => POLICY.to_owned(),
        "directory" => DIRECTORY.to_owned(),
        "state" => STATE.join(", "),
        "covered" => {
            let states: Vec<_> = names(&CORE).into_iter().take(STATES).collect();
            states.join(" + ")
        }
        "commune" => places(
            "code AS code_insee_commune, department_code AS department",
            "commune",
        ),
        "epci" => places("code AS code_insee_commune, epci_code AS epci", "commune"),
        "department" => places("code AS department, region_code AS region", "department"),
        "territory" => places(
            "code, region_code AS region, department_code AS department, epci_code AS epci",
            "commune",
        ),
        _ => return None,
    })
}

/// Marks that stand for several columns.
fn columns(mark: &str) -> Option<Vec<String>> {
    let each = |group: &str, column: &dyn Fn(&str, &str) -> String| -> Option<Vec<String>> {
        let shown = group_of(group)?;
        // The sessions of a base table become live ones; a roll-up has live columns of its own.
        let held = group_of(if group == "live" { "sessions" } else { group })?;
        Some(
            shown
                .iter()
                .zip(&held)
                .map(|(shown, held)| column(held, shown))
                .collect(),
        )
    };
    if let Some(group) = mark.strip_prefix("archive:") {
        let of_archive = |column: String| column.replace("live_", "");
        return Some(derived_of(group)?.into_iter().map(of_archive).collect());
    }
    match mark.split_once(':') {
        None => group_of(mark).or_else(|| derived_of(mark)),
        Some(("h", "archived_live")) => {
            let qualified = |name: String| format!("h.{name} AS {name}");
            Some(group_of("live")?.into_iter().map(qualified).collect())
        }
        Some(("h", group)) => each(group, &|held, shown| format!("h.{held} AS {shown}")),
        Some(("zero", group)) => each(group, &|_, shown| format!("toUInt64(0) AS {shown}")),
        Some(("sum", group)) => match group.strip_prefix("h:") {
            Some(group) => each(group, &|held, shown| format!("sum(h.{held}) AS {shown}")),
            None => each(group, &|_, shown| format!("sum({shown}) AS {shown}")),
        },
        Some(_) => None,
    }
}

/// The names of a group.
fn group_of(group: &str) -> Option<Vec<String>> {
    Some(match group {
        "core" => names(&CORE),
        "sessions" => names(&SESSIONS),
        "live" => SESSIONS.iter().map(|(name, _)| live(name)).collect(),
        "extras" => names(&EXTRAS),
        _ => return None,
    })
}

/// The expressions of a group, with their names.
fn derived_of(group: &str) -> Option<Vec<String>> {
    Some(match group {
        "times" => derived(&TIMES),
        "ratios" => derived(&RATIOS),
        "station_ratios" => derived(&STATION_RATIOS),
        _ => return None,
    })
}

/// What was inserted since then may not be in the table yet: its newest row less 2 minutes, which is
/// longer than any insert, but at most a day ago.
fn since(names: &str) -> String {
    let (table, condition) = names.split_once(' ').unwrap_or((names, ""));
    let and = if condition.is_empty() { "" } else { " AND " };
    format!(
        "greatest((SELECT max(version) FROM {table} WHERE version >= now64(3) - INTERVAL 1 DAY{and}{condition}), \
         now64(3) - INTERVAL 1 DAY) - INTERVAL 2 MINUTE"
    )
}

fn names(columns: &[Column]) -> Vec<String> {
    columns.iter().map(|(name, _)| (*name).to_owned()).collect()
}

fn live(name: &str) -> String {
    format!("live_{name}")
}

fn derived(columns: &[Derived]) -> Vec<String> {
    let column = |(name, expression, _): &Derived| format!("{expression} AS {name}");
    columns.iter().map(column).collect()
}

fn comment(name: &str, text: &str) -> String {
    format!("COMMENT COLUMN {name} '{}'", text.replace('\'', "\\'"))
}

/// The comments of a group, or of one column.
fn comments_of(name: &str) -> Result<Vec<String>, UnknownMark> {
    let plain = |columns: &[Column]| -> Vec<String> {
        columns
            .iter()
            .map(|(name, text)| comment(name, text))
            .collect()
    };
    let of_derived = |columns: &[Derived]| -> Vec<String> {
        columns
            .iter()
            .map(|(name, _, text)| comment(name, text))
            .collect()
    };
    let of_live = |(name, text): &Column| {
        let text = format!("{text} The live book of the processor.");
        comment(&live(name), &text)
    };
    Ok(match name {
        "core" => plain(&CORE),
        "sessions" => plain(&SESSIONS),
        "live" => SESSIONS.iter().map(of_live).collect(),
        "extras" => plain(&EXTRAS),
        "times" => of_derived(&TIMES),
        "ratios" => of_derived(&RATIOS),
        "station_ratios" => of_derived(&STATION_RATIOS),
        _ => {
            let name = name.strip_prefix('=').unwrap_or(name);
            let text = text_of(name).ok_or_else(|| UnknownMark(name.to_owned()))?;
            vec![comment(name, &text)]
        }
    })
}

fn text_of(name: &str) -> Option<String> {
    let plain = CORE.iter().chain(&OTHERS).find(|column| column.0 == name);
    let mut derived = TIMES.iter().chain(&RATIOS).chain(&STATION_RATIOS);
    let listed = plain.map(|column| column.1).or_else(|| {
        derived
            .find(|column| column.0 == name)
            .map(|column| column.2)
    });
    listed.map_or_else(|| text_in_tables(name), |text| Some(text.to_owned()))
}

/// The comment of a column in the first table that has it: the same name says the same everywhere.
fn text_in_tables(name: &str) -> Option<String> {
    let head = format!("    {name} ");
    let tables = CATALOGUE
        .iter()
        .filter(|migration| migration.kind == Kind::Versioned);
    let mut lines = tables.flat_map(|migration| migration.text.lines());
    lines.find_map(|line| {
        let (_, comment) = line.strip_prefix(&head)?.split_once(" COMMENT '")?;
        let comment = comment.replace("\\'", "\u{1}");
        let (text, _) = comment.split_once('\'')?;
        Some(text.replace('\u{1}', "'"))
    })
}

#[cfg(test)]
mod tests {
    use domain::indicator::{StationSweep, Vector};

    use super::*;

    #[test]
    fn the_lists_are_the_fields_of_the_records_in_their_order() {
        let vector: Vec<_> = CORE
            .iter()
            .chain(&SESSIONS)
            .map(|column| column.0)
            .collect();
        assert_eq!(vector, Vector::NAMES);
        assert_eq!(EXTRAS.map(|column| column.0), StationSweep::NAMES);
    }

    #[test]
    fn the_tables_carry_the_comments_of_the_lists() {
        let tables = [
            include_str!("../../../deploy/clickhouse/0080_charge_point_hour.sql"),
            include_str!("../../../deploy/clickhouse/0090_station_hour.sql"),
        ];
        for (name, text) in CORE.iter().chain(&SESSIONS) {
            let column = format!("    {name} UInt64 COMMENT '{text}' CODEC(T64, ZSTD(1)),\n");
            assert!(
                tables.iter().all(|table| table.contains(&column)),
                "{column}"
            );
        }
        for (name, text) in &EXTRAS {
            let column = format!("    {name} UInt64 COMMENT '{text}' CODEC(T64, ZSTD(1)),\n");
            assert!(tables[1].contains(&column), "{column}");
        }
    }

    #[test]
    fn sums_and_zeros_keep_the_names_and_the_sessions_of_a_base_table_become_live_ones() {
        let first = |mark: &str| -> String {
            let rendered = render(mark).unwrap();
            rendered.split(",\n").next().unwrap().to_owned()
        };
        assert_eq!(first("{{sum:core}}"), "sum(free_ms) AS free_ms");
        assert_eq!(first("{{sum:h:live}}"), "sum(h.sessions) AS live_sessions");
        assert_eq!(first("{{sum:live}}"), "sum(live_sessions) AS live_sessions");
        assert_eq!(
            first("{{h:archived_live}}"),
            "h.live_sessions AS live_sessions"
        );
        assert_eq!(first("{{zero:extras}}"), "toUInt64(0) AS any_up_ms");
        assert!(
            render("{{archive:ratios}}")
                .unwrap()
                .contains("nullIf(sessions - flagged_sessions, 0)")
        );
        assert!(
            !render("{{archive:station_ratios}}")
                .unwrap()
                .contains("live_")
        );
    }

    #[test]
    fn a_column_that_tables_have_takes_their_comment_and_a_group_can_be_told_from_a_column() {
        let comment = render("{{comments siren_amenageur}}").unwrap();
        assert_eq!(
            comment,
            "COMMENT COLUMN siren_amenageur 'Numéro SIREN de l\\'aménageur.'"
        );
        assert!(
            render("{{comments =extras}}")
                .unwrap()
                .contains("JSON object")
        );
        assert!(
            render("{{comments extras}}")
                .unwrap()
                .starts_with("COMMENT COLUMN any_up_ms")
        );
    }

    #[test]
    fn every_text_of_the_catalogue_can_be_rendered() {
        for migration in CATALOGUE {
            let rendered = render(migration.text).unwrap();
            assert!(!rendered.contains("{{"), "{}", migration.name);
        }
        assert!(render("{{rollup nothing}}").is_err());
        let since = render("{{since t level != 'epci'}}").unwrap();
        assert!(
            since
                .contains("FROM t WHERE version >= now64(3) - INTERVAL 1 DAY AND level != 'epci')")
        );
    }

    #[test]
    fn marks_become_lists_with_the_indent_of_their_line() {
        let rendered = render("SELECT\n    {{h:live}},\n    {{covered}} AS c").unwrap();
        assert!(rendered.starts_with(
            "SELECT\n    h.sessions AS live_sessions,\n    h.duplicate_sessions AS live_dup"
        ));
        assert!(
            rendered.ends_with("+ closed_ms + inactive_ms AS c"),
            "{rendered}"
        );
        let comments = render("{{comments utilisation}}").unwrap();
        assert!(comments.starts_with("COMMENT COLUMN utilisation 'Taux d\\'utilisation:"));
        assert!(render("{{nothing}}").is_err());
        assert!(render("{{comments nothing}}").is_err());
    }
}
