//! A writer that remembers, for tests: which parts were written and audited, and what it refuses.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Part, RowWriter, WriteError};
use crate::row::SinkBatchRow;

/// The writer. Clones share what they remember.
#[derive(Debug, Clone, Default)]
pub struct RecordingWriter {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    written: BTreeMap<String, Vec<i64>>,
    audits: Vec<SinkBatchRow>,
    failures: VecDeque<String>,
    poison: Vec<i64>,
    bare: Vec<i64>,
}

impl RecordingWriter {
    /// Answers the next writes with these texts, one each, before it obeys again.
    pub fn fail_next(&self, answers: &[&str]) {
        let answers = answers.iter().map(|text| (*text).to_owned());
        self.lock().failures.extend(answers);
    }

    /// How many answers are left before it obeys.
    pub fn failures_left(&self) -> usize {
        self.lock().failures.len()
    }

    /// Obeys from now on.
    pub fn obey(&self) {
        self.lock().failures.clear();
    }

    /// Refuses every part that holds the record at `offset`, as a failing constraint does.
    pub fn poison(&self, offset: i64) {
        self.lock().poison.push(offset);
    }

    /// The offsets written without payload.
    pub fn bare(&self) -> Vec<i64> {
        self.lock().bare.clone()
    }

    /// The offsets written, by token, as a table that deduplicates by token holds them.
    pub fn written(&self) -> BTreeMap<String, Vec<i64>> {
        self.lock().written.clone()
    }

    /// The audit rows written, in order.
    pub fn audits(&self) -> Vec<SinkBatchRow> {
        self.lock().audits.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, part: Part<'_>) -> Result<(), String> {
        let mut offsets = part.range.records.offsets();
        offsets.retain(|offset| (part.from..part.to).contains(offset));
        let mut state = self.lock();
        if let Some(answer) = state.failures.pop_front() {
            return Err(answer);
        }
        if state.poison.iter().any(|poison| offsets.contains(poison)) {
            return Err("Code: 469. DB::Exception: constraint is violated".to_owned());
        }
        let token = part.range.token(part.from, part.to);
        state.written.entry(token).or_insert(offsets);
        Ok(())
    }
}

impl RowWriter for RecordingWriter {
    async fn write(&self, part: Part<'_>) -> Result<(), WriteError> {
        self.take(part).map_err(|text| WriteError {
            table: part.range.topic.table(),
            source: clickhouse::error::Error::BadResponse(text),
        })
    }

    async fn write_bare(&self, part: Part<'_>) -> Result<(), WriteError> {
        let mut offsets = part.range.records.offsets();
        offsets.retain(|offset| (part.from..part.to).contains(offset));
        self.lock().bare.extend(offsets);
        Ok(())
    }

    async fn is_audited(&self, row: &SinkBatchRow) -> Result<bool, WriteError> {
        let range = |row: &SinkBatchRow| {
            let partition = (row.topic.clone(), row.partition);
            (partition, row.from_offset, row.to_offset)
        };
        Ok(self
            .lock()
            .audits
            .iter()
            .any(|audit| range(audit) == range(row)))
    }

    async fn audit(&self, rows: &[SinkBatchRow], _token: &str) -> Result<(), WriteError> {
        self.lock().audits.extend_from_slice(rows);
        Ok(())
    }
}
