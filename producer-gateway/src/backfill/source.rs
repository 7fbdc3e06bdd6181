//! Files to values: JSON lines, or CSV of schema 2.3.1; gzip is detected.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::path::Path;

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;
use serde_json::{Map, Value};

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Fields whose key must be there, so that their empty cell is null rather than absent.
const NULLABLE: [&str; 2] = ["raccordement", "num_pdl"];

/// One line: its number from 1, and its value or, when it is none, its text.
pub type Line = (usize, Result<Value, String>);

/// The forms that a file may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON lines only.
    Lines,
    /// JSON lines, or CSV when the first character is no brace.
    LinesOrTable,
}

/// Calls `take` with every line of the file at `path`; `-` is standard input.
///
/// # Errors
/// When it cannot be read, or is no table although it looks like one.
pub fn read(path: &Path, form: Form, take: impl FnMut(Line)) -> anyhow::Result<()> {
    let shown = path.display();
    let raw: Box<dyn Read> = if path == Path::new("-") {
        Box::new(stdin().lock())
    } else {
        Box::new(File::open(path).with_context(|| format!("opening {shown}"))?)
    };
    let mut raw = BufReader::new(raw);
    let is_gzip = raw
        .fill_buf()
        .with_context(|| format!("reading {shown}"))?
        .starts_with(&GZIP);
    let mut text: Box<dyn BufRead> = if is_gzip {
        Box::new(BufReader::new(MultiGzDecoder::new(raw)))
    } else {
        Box::new(raw)
    };
    let start = text
        .fill_buf()
        .with_context(|| format!("reading {shown}"))?;
    let is_json = start
        .iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .is_none_or(|byte| *byte == b'{');
    let done = if is_json || form == Form::Lines {
        lines(text, take)
    } else {
        table(text, take)
    };
    done.with_context(|| format!("reading {shown}"))
}

fn lines(text: impl BufRead, mut take: impl FnMut(Line)) -> anyhow::Result<()> {
    for (number, line) in (1..).zip(text.split(b'\n')) {
        let line = line?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let value = serde_json::from_slice(&line);
        take((
            number,
            value.map_err(|_error| String::from_utf8_lossy(&line).into_owned()),
        ));
    }
    Ok(())
}

fn table(text: impl Read, mut take: impl FnMut(Line)) -> anyhow::Result<()> {
    let mut reader = csv::Reader::from_reader(text);
    let names = reader.headers()?.clone();
    for record in reader.records() {
        let record = record?;
        let number = record.position().map_or(0, csv::Position::line);
        let cells = names
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}'))
            .zip(&record);
        let values = cells.filter_map(|(name, cell)| match cell {
            "" => NULLABLE
                .contains(&name)
                .then(|| (name.to_owned(), Value::Null)),
            cell => Some((name.to_owned(), Value::String(cell.to_owned()))),
        });
        let map: Map<_, _> = values.collect();
        take((usize::try_from(number)?, Ok(Value::Object(map))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::io::Write as _;

    fn all(text: &[u8], form: Form) -> Vec<Line> {
        let name = format!("source-test-{}-{}", std::process::id(), text.len());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        let mut found = Vec::new();
        read(&path, form, |line| found.push(line)).unwrap();
        std::fs::remove_file(&path).unwrap();
        found
    }

    #[test]
    fn lines_keep_their_numbers_and_bad_ones_their_text() {
        let found = all(b"{\"a\":1}\n\n{broken\n", Form::Lines);
        assert_eq!(
            found,
            [(1, Ok(json!({ "a": 1 }))), (3, Err("{broken".to_owned()))]
        );
    }

    #[test]
    fn gzip_of_several_members_is_read() {
        let member = |text: &[u8]| {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(text).unwrap();
            encoder.finish().unwrap()
        };
        let both = [member(b"{\"a\":1}\n"), member(b"{\"a\":2}\n")].concat();
        assert_eq!(all(&both, Form::Lines).len(), 2);
    }

    #[test]
    fn an_empty_cell_is_absent_but_for_the_fields_that_must_be_there() {
        let found = all(b"a,b,num_pdl\n\"x, y\",,\n", Form::LinesOrTable);
        assert_eq!(found, [(2, Ok(json!({ "a": "x, y", "num_pdl": null })))]);
    }
}
