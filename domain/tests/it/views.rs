//! The ratios that ClickHouse computes, against ours: the expressions of the views are read as
//! text, evaluated on the same sums, and have to give the same values and the same nulls.

use std::collections::BTreeMap;

use domain::indicator::{ALL, Formula, StationSweep, Vector};

/// The expressions of the views, one `("name", "expression", "comment")` a line.
const EXPRESSIONS: &str = "/../indicator-sink/src/migrate/columns/lists.rs";

type Columns = BTreeMap<String, Option<f64>>;

/// The expressions of a list, in order.
fn expressions(text: &str, list: &str) -> Vec<(String, String)> {
    let (_, list) = text.split_once(&format!("const {list}:")).unwrap();
    let lines = list.lines().skip(1);
    let lines = lines.take_while(|line| line.trim() != "];");
    let parts = lines.map(|line| line.split('"').map(String::from).collect::<Vec<_>>());
    parts
        .map(|part| (part[1].clone(), part[3].clone()))
        .collect()
}

/// Sums, products, quotients and `nullIf`, as SQL reads them.
struct Reader<'a> {
    tokens: Vec<&'a str>,
    next: usize,
    columns: &'a Columns,
}

impl<'a> Reader<'a> {
    fn evaluate(text: &'a str, columns: &'a Columns) -> Option<f64> {
        let mut tokens = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_word = |c: char| c.is_alphanumeric() || c == '_';
            let length = if is_word(first) {
                rest.find(|c| !is_word(c)).unwrap_or(rest.len())
            } else {
                first.len_utf8()
            };
            let (token, others) = rest.split_at(length);
            tokens.push(token);
            rest = others.trim_start();
        }
        let mut reader = Self {
            tokens,
            next: 0,
            columns,
        };
        let value = reader.sum();
        assert_eq!(reader.next, reader.tokens.len(), "{text}");
        value
    }

    fn take(&mut self) -> &'a str {
        self.next += 1;
        self.tokens[self.next - 1]
    }

    fn takes(&mut self, token: &str) -> bool {
        let is_next = self.tokens.get(self.next) == Some(&token);
        self.next += usize::from(is_next);
        is_next
    }

    fn sum(&mut self) -> Option<f64> {
        let mut value = self.product();
        loop {
            if self.takes("+") {
                value = both(value, self.product(), |a, b| a + b);
            } else if self.takes("-") {
                value = both(value, self.product(), |a, b| a - b);
            } else {
                return value;
            }
        }
    }

    fn product(&mut self) -> Option<f64> {
        let mut value = self.factor();
        loop {
            if self.takes("*") {
                value = both(value, self.factor(), |a, b| a * b);
            } else if self.takes("/") {
                value = both(value, self.factor(), |a, b| a / b);
            } else {
                return value;
            }
        }
    }

    fn factor(&mut self) -> Option<f64> {
        let token = self.take();
        if token == "(" {
            let value = self.sum();
            assert!(self.takes(")"));
            return value;
        }
        if token == "nullIf" {
            assert!(self.takes("("));
            let value = self.sum();
            assert!(self.takes(",") && self.takes("0") && self.takes(")"));
            return value.filter(|&value| value != 0.0);
        }
        if let Ok(number) = token.parse() {
            return Some(number);
        }
        let name = token.strip_prefix("live_").unwrap_or(token);
        *self
            .columns
            .get(name)
            .unwrap_or_else(|| panic!("no column {name}"))
    }
}

fn both(a: Option<f64>, b: Option<f64>, combine: fn(f64, f64) -> f64) -> Option<f64> {
    Some(combine(a?, b?))
}

/// Sums whose fields are all told apart, with every `gap`-th of them 0.
fn sums(seed: i64, gap: usize) -> (Vector, StationSweep) {
    let field = |index: usize| {
        let number = index.cast_signed() as i64 + 1;
        let is_zero = gap > 0 && index.is_multiple_of(gap);
        if is_zero {
            0
        } else {
            number * number * seed + number
        }
    };
    let vector = Vector::from_array(std::array::from_fn(field));
    (vector, StationSweep::from_array(std::array::from_fn(field)))
}

#[expect(clippy::cast_precision_loss, reason = "small sums")]
fn columns(vector: &Vector, sweep: &StationSweep) -> Columns {
    let vector = Vector::NAMES.iter().zip(vector.to_array());
    let sweep = StationSweep::NAMES.iter().zip(sweep.to_array());
    let all = vector.chain(sweep);
    all.map(|(name, value)| ((*name).to_owned(), Some(value as f64)))
        .collect()
}

#[test]
fn the_views_compute_the_ratios_of_the_catalogue() {
    let path = format!("{}{EXPRESSIONS}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let times = expressions(&text, "TIMES");
    let mut ratios = expressions(&text, "RATIOS");
    ratios.extend(expressions(&text, "STATION_RATIOS"));
    let (mut values, mut nulls) = (0, 0);
    for (seed, gap) in [(1, 0), (7, 0), (3, 2), (5, 3), (2, 1)] {
        let (vector, sweep) = sums(seed, gap);
        let mut columns = columns(&vector, &sweep);
        for (name, expression) in &times {
            let value = Reader::evaluate(expression, &columns);
            columns.insert(name.clone(), value);
        }
        for indicator in ALL {
            let expected = match indicator.compute {
                Formula::OfVector(compute) => compute(&vector).value(),
                Formula::OfSweep(compute) => compute(&sweep).value(),
                Formula::OfStation(compute) => compute(&vector, &sweep).value(),
                Formula::OfEpisodes(_) | Formula::OfMonths(_) | Formula::OfChargePoints(_) => {
                    continue;
                }
            };
            let of_name = ratios.iter().find(|(name, _)| name == indicator.name);
            let (name, expression) = of_name.unwrap_or_else(|| panic!("no {}", indicator.name));
            let found = Reader::evaluate(expression, &columns);
            match (found, expected) {
                (None, None) => nulls += 1,
                (Some(found), Some(expected))
                    if (found - expected).abs() <= 1e-12 * expected.abs() =>
                {
                    values += 1;
                }
                _ => panic!("{name}: the view gives {found:?}, the catalogue {expected:?}"),
            }
        }
    }
    assert!(values > 60 && nulls > 10, "{values} values, {nulls} nulls");
}
