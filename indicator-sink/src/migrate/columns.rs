//! The columns that several views share: one text for each, and the marks that views use for them.
//!
//! | mark | becomes |
//! |---|---|
//! | `{{core}}` `{{live}}` `{{extras}}` | the names of the group |
//! | `{{h:core}}` `{{h:live}}` `{{h:extras}}` | the columns of table `h` under those names |
//! | `{{times}}` `{{ratios}}` `{{station_ratios}}` | expressions with their names |
//! | `{{covered}}` | the sum of the nine states |
//! | `{{comments a b …}}` | a `COMMENT COLUMN` for each name; a group stands for its names |

#[rustfmt::skip] // one line per column
mod lists;

use lists::{
    CORE, Column, Derived, EXTRAS, OTHERS, RATIOS, SESSIONS, STATES, STATION_RATIOS, TIMES,
};

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
    if let Some(names) = mark.strip_prefix("comments ") {
        let comments: Result<Vec<_>, _> = names.split_whitespace().map(comments_of).collect();
        return Ok(comments?.concat().join(separator));
    }
    let columns: Vec<String> = match mark {
        "core" => names(&CORE),
        "live" => names(&SESSIONS).iter().map(|name| live(name)).collect(),
        "extras" => names(&EXTRAS),
        "h:core" => CORE
            .iter()
            .map(|(name, _)| format!("h.{name} AS {name}"))
            .collect(),
        "h:live" => {
            let column = |(name, _): &Column| format!("h.{name} AS {}", live(name));
            SESSIONS.iter().map(column).collect()
        }
        "h:extras" => EXTRAS
            .iter()
            .map(|(name, _)| format!("h.{name} AS {name}"))
            .collect(),
        "times" => derived(&TIMES),
        "ratios" => derived(&RATIOS),
        "station_ratios" => derived(&STATION_RATIOS),
        "covered" => {
            let states = names(&CORE);
            vec![
                states
                    .into_iter()
                    .take(STATES)
                    .collect::<Vec<_>>()
                    .join(" + "),
            ]
        }
        _ => return Err(UnknownMark(mark.to_owned())),
    };
    Ok(columns.join(separator))
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
        "live" => SESSIONS.iter().map(of_live).collect(),
        "extras" => plain(&EXTRAS),
        "times" => of_derived(&TIMES),
        "ratios" => of_derived(&RATIOS),
        "station_ratios" => of_derived(&STATION_RATIOS),
        _ => vec![comment(
            name,
            text_of(name).ok_or_else(|| UnknownMark(name.to_owned()))?,
        )],
    })
}

fn text_of(name: &str) -> Option<&'static str> {
    let plain = CORE.iter().chain(&OTHERS).find(|column| column.0 == name);
    let mut derived = TIMES.iter().chain(&RATIOS).chain(&STATION_RATIOS);
    plain.map(|column| column.1).or_else(|| {
        derived
            .find(|column| column.0 == name)
            .map(|column| column.2)
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
