//! Quality rules that need the archive: one file each under `deploy/clickhouse/quality`.
//!
//! The head of a file says number, threshold, value and, where the original is defective, its value
//! for comparison; the rest is the `SELECT` of the facts, by operational unit. The rows are
//! indicators of code `qua`, period `d`, levels 0 and 5, with the rule as category.

/// A quality rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its code.
    pub code: &'static str,
    /// Its number in QualiCharge.
    pub number: &'static str,
    /// What it looks for.
    pub what: &'static str,
    /// Above which value it fires; `None` when any row does.
    pub threshold: Option<&'static str>,
    /// Its value over a group of facts, in SQL.
    pub value: &'static str,
    /// The value that the original computes, in SQL.
    pub parity: &'static str,
    /// When it fires, over the value `v`; `None`: when that is above the threshold.
    fires: Option<&'static str>,
    /// The facts, with marks.
    pub select: &'static str,
}

macro_rules! rules {
    ($($name:literal),* $(,)?) => {
        &[$(include_str!(concat!("../../../deploy/clickhouse/quality/", $name, ".sql"))),*]
    };
}

/// The text of every rule, by number.
const TEXTS: &[&str] = rules![
    "01_powu", "02_inse", "03_crdf", "06_opem", "07_amem", "13_ovrs", "17_dups", "20_pdlm",
    "21_occt", "22_sest", "23_afip", "24_afie", "29_addr", "30_pdcm", "34_ne10", "38_enea",
    "39_powl", "40_odur", "41_enex", "42_fres", "43_fret", "44_dupt", "46_locp", "47_pdcl",
    "48_r48", "49_rats", "51_inac", "52_decl", "53_ovrt", "54_r54",
];

impl Rule {
    /// Reads the head of a file; `None` when it lacks a line.
    fn parse(text: &'static str) -> Option<Self> {
        let line = |name: &str| {
            text.lines()
                .filter_map(|line| line.strip_prefix("-- ")?.split_once(": "))
                .find_map(|(key, value)| (key == name).then_some(value))
        };
        let body = text.find("\nSELECT")?;
        let threshold = line("threshold")?;
        let value = line("value")?;
        Some(Self {
            code: line("rule")?,
            number: line("number")?,
            what: line("what")?,
            threshold: threshold.parse::<f64>().is_ok().then_some(threshold),
            value,
            parity: line("parity").unwrap_or(value),
            fires: line("fires"),
            select: text.get(body..)?.trim(),
        })
    }

    /// Every rule, by number.
    pub fn all() -> impl Iterator<Item = Self> {
        TEXTS.iter().filter_map(|text| Self::parse(text))
    }

    /// When it fires, over the value `v`, in SQL.
    pub fn fires(&self) -> String {
        let threshold = self.threshold.unwrap_or("0");
        self.fires
            .map_or_else(|| format!("v > {threshold}"), ToOwned::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_is_a_rule_and_has_a_whole_head() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/clickhouse/quality");
        let files = std::fs::read_dir(folder).unwrap().count();
        assert_eq!(TEXTS.len(), files);
        let rules: Vec<Rule> = Rule::all().collect();
        assert_eq!(rules.len(), files);
        assert!(rules.is_sorted_by_key(|rule| rule.number.parse::<u32>().unwrap()));
        assert!(rules.iter().all(|rule| !rule.what.is_empty()));
    }

    #[test]
    fn a_rule_fires_above_its_threshold_at_any_row_or_as_it_says() {
        let fires = |code: &str| Rule::all().find(|rule| rule.code == code).unwrap().fires();
        assert_eq!(fires("DUPS"), "v > 0.001");
        assert_eq!(fires("POWU"), "v > 0");
        assert_eq!(fires("RATS"), "v < 1 OR v > 30");
    }
}
