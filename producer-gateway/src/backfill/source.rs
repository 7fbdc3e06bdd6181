//! Files to values: JSON lines, or CSV of schema 2.3.1; gzip is detected.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::path::Path;

use anyhow::Context;
use flate2::bufread::MultiGzDecoder;
use serde_json::{Map, Value};

/// The first bytes of a gzip file.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// A piece of a file, without the rest of its last line.
const PIECE_BYTES: usize = 1024 * 1024;
/// Room for the rest of a line.
const LINE_BYTES: usize = 4 * 1024;
/// What is read, or decompressed, at a time.
const BUFFER_BYTES: usize = 256 * 1024;
/// Fields whose key must be there, so that their empty cell is null rather than absent.
const NULLABLE: [&str; 2] = ["raccordement", "num_pdl"];

/// One line: its number from 1, and its value or, when it is none, its text.
pub type Line = (usize, Result<Value, String>);

/// Pieces of whole lines of a file.
pub struct Pieces {
    text: Box<dyn BufRead>,
    next_line: usize,
}

/// Whole lines.
#[derive(Debug)]
pub struct Piece {
    /// The number of the first, from 1.
    first_line: usize,
    text: Vec<u8>,
}

impl Pieces {
    /// The pieces of the file at `path`; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn of(path: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            text: open(path)?,
            next_line: 1,
        })
    }

    /// Whether it is a table: its first character is no brace.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn is_table(&mut self) -> anyhow::Result<bool> {
        let start = self.text.fill_buf()?;
        let first = start.iter().find(|byte| !byte.is_ascii_whitespace());
        Ok(first.is_some_and(|byte| *byte != b'{'))
    }

    /// Calls `take` with every line of a table.
    ///
    /// # Errors
    /// When the file cannot be read, or is no table although it looks like one.
    pub fn table(self, take: impl FnMut(Line)) -> anyhow::Result<()> {
        table(self.text, take)
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_piece(&mut self) -> anyhow::Result<Option<Piece>> {
        let mut text = Vec::with_capacity(PIECE_BYTES + LINE_BYTES);
        let limit = u64::try_from(PIECE_BYTES)?;
        self.text.by_ref().take(limit).read_to_end(&mut text)?;
        self.text.read_until(b'\n', &mut text)?;
        let first_line = self.next_line;
        self.next_line += text.split(|byte| *byte == b'\n').count() - 1;
        Ok((!text.is_empty()).then_some(Piece { first_line, text }))
    }
}

impl std::fmt::Debug for Pieces {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Pieces")
            .field("next_line", &self.next_line)
            .finish_non_exhaustive()
    }
}

impl Piece {
    /// The lines that are not blank, each with its number.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &[u8])> {
        (self.first_line..)
            .zip(self.text.split(|byte| *byte == b'\n'))
            .filter(|(_, line)| !line.iter().all(u8::is_ascii_whitespace))
    }
}

/// The text of the file at `path`, decompressed.
fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    let shown = path.display();
    let raw: Box<dyn Read> = if path == Path::new("-") {
        Box::new(stdin().lock())
    } else {
        Box::new(File::open(path).with_context(|| format!("opening {shown}"))?)
    };
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, raw);
    let is_gzip = raw
        .fill_buf()
        .with_context(|| format!("reading {shown}"))?
        .starts_with(&GZIP);
    Ok(if is_gzip {
        let text = MultiGzDecoder::new(raw);
        Box::new(BufReader::with_capacity(BUFFER_BYTES, text))
    } else {
        Box::new(raw)
    })
}

/// Reads a line as JSON, or says what it says.
///
/// # Errors
/// Its text, when it is no JSON.
pub fn parse(line: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(line).map_err(|_error| String::from_utf8_lossy(line).into_owned())
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
    use std::fmt::Write as _;
    use std::io::Write as _;

    /// The lines of a file with this text.
    fn all(text: &[u8]) -> Vec<Line> {
        let name = format!("source-test-{}-{}", std::process::id(), text.len());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        let mut pieces = Pieces::of(&path).unwrap();
        let mut found = Vec::new();
        if pieces.is_table().unwrap() {
            pieces.table(|line| found.push(line)).unwrap();
        } else {
            while let Some(piece) = pieces.next_piece().unwrap() {
                found.extend(piece.lines().map(|(number, line)| (number, parse(line))));
            }
        }
        std::fs::remove_file(&path).unwrap();
        found
    }

    #[test]
    fn lines_keep_their_numbers_and_bad_ones_their_text() {
        let found = all(b"{\"a\":1}\n\n{broken\n");
        assert_eq!(
            found,
            [(1, Ok(json!({ "a": 1 }))), (3, Err("{broken".to_owned()))]
        );
    }

    #[test]
    fn pieces_hold_whole_lines_with_their_numbers() {
        let mut text = String::new();
        for number in 1..=200_000 {
            writeln!(text, "{{\"n\":{number}}}\n").unwrap();
        }
        let path = std::env::temp_dir().join(format!("pieces-test-{}", std::process::id()));
        std::fs::write(&path, &text).unwrap();
        let mut pieces = Pieces::of(&path).unwrap();
        let (mut count, mut lines) = (0, 0);
        while let Some(piece) = pieces.next_piece().unwrap() {
            count += 1;
            for (number, line) in piece.lines() {
                lines += 1;
                assert_eq!(number, 2 * lines - 1);
                assert_eq!(parse(line), Ok(json!({ "n": lines })));
            }
        }
        std::fs::remove_file(&path).unwrap();
        assert!(count > 1, "{count}");
        assert_eq!(lines, 200_000);
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
        assert_eq!(all(&both).len(), 2);
    }

    #[test]
    fn an_empty_cell_is_absent_but_for_the_fields_that_must_be_there() {
        let found = all(b"a,b,num_pdl\n\"x, y\",,\n");
        assert_eq!(found, [(2, Ok(json!({ "a": "x, y", "num_pdl": null })))]);
    }
}
