//! Columns of text, aligned: what a person reads.

use std::io::{self, Write};

/// Rows of cells under a heading.
#[derive(Debug)]
pub(crate) struct Table<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// Creates a table with `heading` above its rows.
    pub(crate) fn new(heading: [&str; COLUMNS]) -> Self {
        Self {
            rows: vec![heading.map(str::to_owned)],
        }
    }

    /// Adds a row.
    pub(crate) fn push(&mut self, row: [String; COLUMNS]) {
        self.rows.push(row);
    }

    /// Writes the rows, two spaces between columns and none at the end of a line.
    pub(crate) fn write(&self, mut output: impl Write) -> io::Result<()> {
        let mut widths = [0; COLUMNS];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in &self.rows {
            let cells = row.iter().zip(widths);
            let line: Vec<_> = cells
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            writeln!(output, "{}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["topic", "state"]);
        table.push(["a".to_owned(), "created".to_owned()]);
        table.push(["électricité".to_owned(), String::new()]);
        let mut written = Vec::new();
        table.write(&mut written).unwrap();
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "topic        state\na            created\nélectricité\n"
        );
    }
}
