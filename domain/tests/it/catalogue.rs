//! The catalogue against the documentation: the words above each function, and the page
//! `docs/indicators.md`, which is printed from the catalogue.

use std::fmt::Write as _;

use domain::Policy;
use domain::indicator::{ALL, Formula, Indicator, Merging, StationSweep, Vector};
use domain::mapping::{Protocol, ROWS, Report};
use domain::policy::Parameters;
use domain::quality::{RULES, Threshold};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/indicators.md");

/// The lines of documentation right above the function of an indicator.
fn documentation(indicator: &Indicator) -> String {
    let path = format!(
        "{}/src/indicator/{}.rs",
        env!("CARGO_MANIFEST_DIR"),
        indicator.family
    );
    let text = std::fs::read_to_string(path).unwrap();
    let function = format!("pub fn {}(", indicator.name);
    let (above, _) = text
        .split_once(&function)
        .unwrap_or_else(|| panic!("no function {} in {}", indicator.name, indicator.family));
    let above: Vec<_> = above.lines().collect();
    let lines = above
        .iter()
        .rev()
        .take_while(|line| line.starts_with("///"));
    let mut lines: Vec<_> = lines
        .map(|line| line.trim_start_matches("///").trim())
        .collect();
    lines.reverse();
    lines.join("\n") + "\n"
}

#[test]
fn the_words_above_every_formula_are_those_of_the_catalogue() {
    for indicator in ALL {
        let documentation = documentation(&indicator);
        for line in [
            format!("- Formula: {}\n", indicator.formula),
            format!("- Unit: {}\n", indicator.unit.symbol()),
            format!("- Null when: {}\n", indicator.null_when),
            format!("- Source: {}\n", indicator.source),
            format!("- QualiCharge: {}\n", indicator.qualicharge),
        ] {
            assert!(
                documentation.contains(&line),
                "{}: {line:?} is not in {documentation}",
                indicator.name
            );
        }
        let prose = documentation
            .split("\n\n")
            .next()
            .unwrap()
            .replace('\n', " ");
        assert!(prose.contains(indicator.french), "{}", indicator.name);
    }
}

#[test]
fn no_name_is_used_twice_and_none_is_a_field() {
    let mut names: Vec<_> = ALL.iter().map(|indicator| indicator.name).collect();
    names.extend(Vector::NAMES);
    names.extend(StationSweep::NAMES);
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn nothing_gives_no_value_to_any_indicator() {
    let policy = Policy::qc_1();
    for indicator in ALL {
        let ratio = match indicator.compute {
            Formula::OfVector(compute) => compute(&Vector::default()),
            Formula::OfSweep(compute) => compute(&StationSweep::default()),
            Formula::OfStation(compute) => compute(&Vector::default(), &StationSweep::default()),
            Formula::OfEpisodes(compute) => compute(&[]),
            Formula::OfMonths(compute) => compute(&[], &policy),
            Formula::OfChargePoints(compute) => compute(&[]),
        };
        assert_eq!(ratio.value(), None, "{}", indicator.name);
    }
}

const HEAD: &str = "# Indicators

Printed from the code (`domain/src/indicator/catalogue.rs` and its neighbours); a test compares. To print it anew:
`cargo test -p domain --test it print_the_page -- --ignored`.

Every figure is a ratio of sums of whole numbers, computed when it is read; without a denominator it is null, not 0. Times are sums in ms:
up = free + occupied + reserved + `in_service`, down = `out_of_service`, unknown = `unknown_short` + `unknown_long`, required = up + down + unknown.
Definitions and what to bear in mind stand above each function, one module per family: `make docs`.
";

fn indicators(page: &mut String) {
    page.push_str("\n## Figures\n\n| name | formula | unit | null when | source | QualiCharge | of |\n|---|---|---|---|---|---|---|\n");
    for indicator in ALL {
        let french = match indicator.french {
            "" => String::new(),
            french => format!(" *({french})*"),
        };
        writeln!(
            page,
            "| `{}`{french} | {} | {} | {} | {} | {} | {} |",
            indicator.name,
            indicator.formula,
            indicator.unit.symbol(),
            indicator.null_when,
            indicator.source,
            indicator.qualicharge,
            indicator.compute.input(),
        )
        .unwrap();
    }
}

fn merging(page: &mut String) {
    page.push_str("\n## Sums over time and space\n\n| what | over time | over charge points and stations | note |\n|---|---|---|---|\n");
    for kind in Merging::ALL {
        writeln!(
            page,
            "| {} | {} | {} | {} |",
            kind.what,
            kind.over_time.text(),
            kind.over_space.text(),
            kind.note
        )
        .unwrap();
    }
}

fn report(report: Report) -> String {
    match report {
        Report::Status(service_state, occupancy) => {
            format!("{} / {}", service_state.symbol(), occupancy.symbol())
        }
        Report::Withdrawal => "withdrawal in the directory".to_owned(),
        Report::Nothing => "nothing is sent".to_owned(),
    }
}

fn mappings(page: &mut String) {
    page.push_str("\n## Status mapping\n\n|");
    for protocol in Protocol::ALL {
        write!(page, " {} |", protocol.name()).unwrap();
    }
    page.push_str(" `etat_pdc` / `occupation_pdc` | if only closed | state | UK reg. 7 |\n|---|---|---|---|---|---|---|\n");
    for row in ROWS {
        page.push('|');
        for protocol in Protocol::ALL {
            let words = match row.words(protocol) {
                [] => "–".to_owned(),
                words => words.join(", "),
            };
            write!(page, " {words} |").unwrap();
        }
        writeln!(
            page,
            " {} | {} | {} | {} |",
            report(row.report),
            row.only_closed.map_or_else(|| "–".to_owned(), report),
            row.state.symbol(),
            row.reliability.text()
        )
        .unwrap();
    }
    page.push_str("\nOffline, whatever the protocol: as UNKNOWN.\n");
}

fn quality(page: &mut String) {
    page.push_str("\n## Quality rules that run in the processor\n\n*P* = nominal power in kW, *h* = duration in hours, *e* = energy in kWh. A rule with a threshold fires when its ratio is greater, the others on one row.\n\n| no. | code | condition | threshold | counted by |\n|---|---|---|---|---|\n");
    for rule in RULES {
        let threshold = match rule.threshold {
            Threshold::Any => "any".to_owned(),
            Threshold::Thousandths(thousandths) => {
                format!("{}.{} %", thousandths / 10, thousandths % 10)
            }
            Threshold::FreshLimit => "`fresh_limit_ms`".to_owned(),
        };
        let counted_by = match rule.counted_by {
            [] => "set aside in `late-event`".to_owned(),
            fields => format!("`{}`", fields.join("` `")),
        };
        writeln!(
            page,
            "| {} | {} | {} | {threshold} | {counted_by} |",
            rule.number, rule.code, rule.condition
        )
        .unwrap();
    }
}

fn policy(page: &mut String) {
    page.push_str("\n## The default policy\n\n| parameter | `qc-1` |\n|---|---|\n");
    for (name, values) in Parameters::from(Policy::qc_1()).values() {
        let values: Vec<_> = values.iter().map(ToString::to_string).collect();
        writeln!(page, "| `{name}` | {} |", values.join(", ")).unwrap();
    }
}

fn page() -> String {
    let mut page = HEAD.to_owned();
    indicators(&mut page);
    merging(&mut page);
    mappings(&mut page);
    quality(&mut page);
    policy(&mut page);
    page
}

#[test]
fn the_page_says_what_the_code_says() {
    let found = std::fs::read_to_string(PAGE).unwrap_or_default();
    let both = found
        .lines()
        .zip(page().lines().map(str::to_owned).collect::<Vec<_>>());
    for (found, expected) in both {
        assert_eq!(found, expected, "print the page anew: its head says how");
    }
    assert_eq!(found, page());
}

#[test]
#[ignore = "writes docs/indicators.md"]
fn print_the_page() {
    std::fs::write(PAGE, page()).unwrap();
}
