//! Bodies of requests: statuses and sessions of about 300 bytes, each of a content of its own.

use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use anyhow::ensure;
use domain::{Span, Timestamp};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::config::{LoadKind, RequestsArgs};
use crate::fleet::DirectoryRow;
use crate::item::WireTime;
use crate::lines;
use crate::now::now;
use crate::plan::Folder;

/// How old events are: nearly the 5 minutes from which on they are flagged as not fresh.
const AGE: Span = Span::from_seconds(290);
/// The length of a session.
const LENGTH: Span = Span::from_minutes(90);

/// The ids of the fleet's charge points.
///
/// # Errors
/// When the directory cannot be read, or is empty.
pub fn charge_points(folder: &Folder) -> anyhow::Result<Arc<[String]>> {
    let mut ids = Vec::new();
    lines::for_each(&folder.statique(), |row: DirectoryRow| {
        let id = row.get("id_pdc_itinerance").and_then(|id| id.as_str());
        ids.extend(id.map(str::to_owned));
        Ok(())
    })?;
    ensure!(!ids.is_empty(), "{} is empty", folder.statique().display());
    Ok(ids.into())
}

/// The bodies of one connection: its own charge points in turn.
#[derive(Debug)]
pub struct Bodies {
    ids: Arc<[String]>,
    next: usize,
    step: usize,
    kind: LoadKind,
    batch: usize,
    is_gzip: bool,
    text: String,
    packed: Vec<u8>,
}

impl Bodies {
    /// The bodies of connection `number` of `connections`.
    pub fn new(
        ids: Arc<[String]>,
        (number, connections): (usize, usize),
        arguments: &RequestsArgs,
    ) -> Self {
        Self {
            ids,
            next: number,
            step: connections,
            kind: arguments.kind,
            batch: arguments.batch,
            is_gzip: arguments.gzip,
            text: String::new(),
            packed: Vec::new(),
        }
    }

    /// The next body.
    ///
    /// # Errors
    /// Never: memory can be written.
    pub fn write_next(&mut self) -> anyhow::Result<&[u8]> {
        self.text.clear();
        let at = now() - AGE;
        if self.batch == 1 {
            self.item(at)?;
        } else {
            self.text.push('[');
            for number in 0..self.batch {
                if number > 0 {
                    self.text.push(',');
                }
                self.item(at)?;
            }
            self.text.push(']');
        }
        if !self.is_gzip {
            return Ok(self.text.as_bytes());
        }
        self.packed.clear();
        let mut packer = GzEncoder::new(&mut self.packed, Compression::default());
        packer.write_all(self.text.as_bytes())?;
        packer.finish()?;
        Ok(&self.packed)
    }

    fn item(&mut self, at: Timestamp) -> anyhow::Result<()> {
        let number = self.next % self.ids.len();
        self.next += self.step;
        // A charge point that comes again within a millisecond is given another instant.
        let at = at - Span::from_ms(i64::try_from(self.next / self.ids.len() % 1_000)?);
        let id = &self.ids[number];
        let occupation = if at.as_ms() % 2 == 0 {
            "libre"
        } else {
            "occupe"
        };
        match self.kind {
            LoadKind::Status | LoadKind::Refused => write!(
                self.text,
                r#"{{"id_pdc_itinerance":"{id}","etat_pdc":"en_service","occupation_pdc":"{occupation}","horodatage":"{}","etat_prise_type_2":"fonctionnel","etat_prise_type_combo_ccs":"fonctionnel","etat_prise_type_chademo":"inconnu","etat_prise_type_ef":"fonctionnel"}}"#,
                WireTime::from(at)
            )?,
            LoadKind::Session => write!(
                self.text,
                r#"{{"id_pdc_itinerance":"{id}","start":"{}","end":"{}","energy":{}.{:03}}}"#,
                WireTime::from(at - LENGTH),
                WireTime::from(at),
                5 + number % 10,
                number % 1_000
            )?,
        }
        Ok(())
    }
}
