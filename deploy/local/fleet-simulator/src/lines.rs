//! Files of JSON Lines, plain or compressed with gzip.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use anyhow::Context;
use flate2::read::MultiGzDecoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The first two bytes of a gzip file.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// A file of JSON Lines being written.
#[derive(Debug)]
pub struct JsonLines {
    writer: BufWriter<File>,
    lines: u64,
}

impl JsonLines {
    /// Creates or replaces the file.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
        Ok(Self {
            writer: BufWriter::new(file),
            lines: 0,
        })
    }

    /// Appends one line.
    ///
    /// # Errors
    /// When the value is not JSON or the file cannot be written.
    pub fn write(&mut self, value: &impl Serialize) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.writer, value)?;
        self.writer.write_all(b"\n")?;
        self.lines += 1;
        Ok(())
    }

    /// Writes out what is buffered and returns the number of lines.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> anyhow::Result<u64> {
        self.writer.flush()?;
        Ok(self.lines)
    }
}

/// Opens a file and decompresses it when it begins as gzip does.
///
/// # Errors
/// When the file cannot be read.
pub fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    let context = || format!("reading {}", path.display());
    let mut magic = Vec::new();
    File::open(path)
        .with_context(context)?
        .take(2)
        .read_to_end(&mut magic)
        .with_context(context)?;
    let file = File::open(path).with_context(context)?;
    Ok(if magic == GZIP_MAGIC {
        Box::new(BufReader::new(MultiGzDecoder::new(file)))
    } else {
        Box::new(BufReader::new(file))
    })
}

/// Gives every line of a file to `each`, with its number from 1.
///
/// # Errors
/// When the file cannot be read, a line is not such a value, or `each` refuses it; the message names
/// file and line.
pub fn for_each<T: DeserializeOwned>(
    path: &Path,
    mut each: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for (index, line) in open(path)?.lines().enumerate() {
        let context = || format!("{} line {}", path.display(), index + 1);
        let line = line.with_context(context)?;
        if !line.trim().is_empty() {
            let value = serde_json::from_str(&line).with_context(context)?;
            each(value).with_context(context)?;
        }
    }
    Ok(())
}
