//! Decoders that know every schema, kept for processes to come: to parse schemas anew for each would be
//! half of the work. A kept decoder knows what all others know, so which one a process gets changes
//! nothing.

use std::cell::RefCell;
use std::rc::Rc;

use platform::kafka::producer::Record;

use super::workload::Workload;
use crate::decode::{DecodeError, Decoders};
use crate::input::InputRecord;
use crate::memory::MemorySchemas;
use crate::topology::{Lane, Source};

/// The decoders that nobody uses. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Library {
    free: Rc<RefCell<Vec<Decoders<MemorySchemas>>>>,
    /// A record of every schema that occurs.
    samples: Rc<RefCell<Vec<InputRecord>>>,
}

impl Library {
    /// Notes which schemas a workload needs.
    pub(crate) fn note(&self, workload: &Workload) {
        let mut samples = self.samples.borrow_mut();
        let schema = |record: &InputRecord| {
            record
                .value
                .as_ref()
                .and_then(|it| it.get(..5).map(Vec::from))
        };
        for record in workload.iter().flat_map(|scene| scene.values().flatten()) {
            let record = read(record);
            let is_known = samples
                .iter()
                .any(|it| it.lane.source == record.lane.source && schema(it) == schema(&record));
            if !is_known {
                samples.push(record);
            }
        }
    }

    /// Gives decoders that know every schema noted.
    pub(crate) fn lend(&self) -> Decoders<MemorySchemas> {
        if let Some(decoders) = self.free.borrow_mut().pop() {
            return decoders;
        }
        let mut decoders = Decoders::new(MemorySchemas::default());
        for sample in self.samples.borrow().iter() {
            while matches!(decoders.decode(sample), Err(DecodeError::Pending(_))) {}
        }
        decoders
    }

    /// Takes decoders back that were lent.
    pub(crate) fn take_back(&self, decoders: Decoders<MemorySchemas>) {
        self.free.borrow_mut().push(decoders);
    }
}

fn read(record: &Record) -> InputRecord {
    let sources = Source::INPUTS.into_iter();
    let source = sources.into_iter().find(|it| it.topic() == record.topic);
    let lane = Lane {
        source: source.unwrap(),
        partition: record.partition.unwrap(),
    };
    InputRecord {
        lane,
        offset: 0,
        timestamp_ms: record.timestamp_ms,
        key: record.key.clone(),
        value: record.value.clone(),
        headers: None,
    }
}
