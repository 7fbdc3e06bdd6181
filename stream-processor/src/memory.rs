//! Kafka and the registry in memory, for tests: the same traits, without isolation levels to wait
//! for. A transaction's records are appended when it is committed, and never otherwise.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use domain::contract::{self, Contract};
use domain::status::StatusPayload;
use domain::{
    ChargePointId, ChargePointStatus, Occupancy, RequestId, ServiceState, StationId, Timestamp,
    TimestampMicros,
};
use platform::avro;
use platform::kafka::producer::Record;

use crate::decode::SchemaSource;
use crate::input::{Input, InputError, InputRecord, Start};
use crate::output::{Output, OutputError};
use crate::topology::{Lane, Source};

/// Topic, partition, key and value.
pub(crate) type Written = (String, i32, Option<Vec<u8>>, Option<Vec<u8>>);

type Partitions = BTreeMap<(String, i32), Vec<Record>>;

/// All partitions. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Broker {
    partitions: Rc<RefCell<Partitions>>,
    /// Shows no record to anybody, although it has them.
    pub(crate) is_mute: Rc<Cell<bool>>,
}

impl Broker {
    /// Appends a record, which names its partition.
    pub(crate) fn append(&self, record: Record) {
        let at = (record.topic.clone(), record.partition.unwrap_or_default());
        self.partitions
            .borrow_mut()
            .entry(at)
            .or_default()
            .push(record);
    }

    /// What a partition holds.
    pub(crate) fn records(&self, topic: &str, partition: i32) -> Vec<Record> {
        let at = (topic.to_owned(), partition);
        self.partitions
            .borrow()
            .get(&at)
            .cloned()
            .unwrap_or_default()
    }

    /// Keys and values of everything in the outputs, by topic and partition.
    pub(crate) fn outputs(&self) -> Vec<Written> {
        let inputs = Source::INPUTS.map(Source::topic);
        let is_output =
            |topic: &str| !inputs.contains(&topic) && topic != contract::STATE_CHANGELOG.topic;
        let all = self.partitions.borrow();
        all.iter()
            .filter(|((topic, _), _)| is_output(topic))
            .flat_map(|((topic, partition), records)| {
                records.iter().map(|record| {
                    let (key, value) = (record.key.clone(), record.value.clone());
                    (topic.clone(), *partition, key, value)
                })
            })
            .collect()
    }
}

/// [`Input`] from a [`Broker`].
#[derive(Debug)]
pub(crate) struct MemoryInput {
    broker: Broker,
    next: BTreeMap<Lane, i64>,
}

impl MemoryInput {
    /// Reads from `broker`.
    pub(crate) fn new(broker: &Broker) -> Self {
        Self {
            broker: broker.clone(),
            next: BTreeMap::new(),
        }
    }
}

impl Input for MemoryInput {
    fn open(&mut self, lanes: &[(Lane, Start)]) -> Result<(), InputError> {
        for (lane, start) in lanes {
            let offset = match start {
                Start::Beginning => 0,
                Start::At(offset) => *offset,
            };
            self.next.insert(*lane, offset);
        }
        Ok(())
    }

    fn close(&mut self, lanes: &[Lane]) -> Result<(), InputError> {
        for lane in lanes {
            self.next.remove(lane);
        }
        Ok(())
    }

    fn next(&mut self, lane: Lane) -> Result<Option<InputRecord>, InputError> {
        let Some(next) = self.next.get_mut(&lane) else {
            return Ok(None);
        };
        if self.broker.is_mute.get() {
            return Ok(None);
        }
        let records = self.broker.records(lane.source.topic(), lane.partition);
        let index = usize::try_from(*next).unwrap();
        let found = records.into_iter().nth(index).map(|record| InputRecord {
            lane,
            offset: *next,
            timestamp_ms: record.timestamp_ms,
            key: record.key,
            value: record.value,
            headers: record.headers,
        });
        *next += i64::from(found.is_some());
        Ok(found)
    }

    fn ends(&mut self, lanes: &[Lane]) -> Result<BTreeMap<Lane, i64>, InputError> {
        let end = |lane: &Lane| {
            let records = self.broker.records(lane.source.topic(), lane.partition);
            (*lane, i64::try_from(records.len()).unwrap())
        };
        Ok(lanes.iter().map(end).collect())
    }

    fn wait(&mut self, _timeout: Duration) -> Result<(), InputError> {
        Ok(())
    }
}

/// [`Output`] to a [`Broker`].
#[derive(Debug)]
pub(crate) struct MemoryOutput {
    broker: Broker,
    open: Option<Vec<Record>>,
    /// Refuses the next commit, as a fenced producer does.
    pub(crate) is_fenced: bool,
    /// The next offsets of the last commit that had some.
    pub(crate) offsets: Vec<(Lane, i64)>,
}

impl MemoryOutput {
    /// Writes to `broker`.
    pub(crate) fn new(broker: &Broker) -> Self {
        Self {
            broker: broker.clone(),
            open: None,
            is_fenced: false,
            offsets: Vec::new(),
        }
    }
}

impl Output for MemoryOutput {
    type Group = ();

    fn begin(&mut self) -> Result<(), OutputError> {
        assert!(self.open.is_none(), "a transaction is open already");
        self.open = Some(Vec::new());
        Ok(())
    }

    fn send(&mut self, record: &Record) -> Result<(), OutputError> {
        self.open.as_mut().unwrap().push(record.clone());
        Ok(())
    }

    fn drain(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn offsets(&mut self, offsets: &[(Lane, i64)], (): &()) -> Result<(), OutputError> {
        self.offsets = offsets.to_vec();
        Ok(())
    }

    fn commit(&mut self) -> Result<(), OutputError> {
        let records = self.open.take().unwrap();
        if self.is_fenced {
            return Err(OutputError::Fenced {
                name: "memory".to_owned(),
                source: "a newer producer took over".into(),
            });
        }
        for record in records {
            self.broker.append(record);
        }
        Ok(())
    }

    fn abort(&mut self) -> Result<(), OutputError> {
        self.open = None;
        Ok(())
    }
}

/// [`SchemaSource`] that knows our own schemas under fixed ids, once it may answer.
#[derive(Debug, Default)]
pub(crate) struct MemorySchemas {
    asked: Vec<u32>,
    is_silent: Rc<RefCell<bool>>,
}

impl MemorySchemas {
    /// A registry that answers unless `is_silent`.
    pub(crate) fn new(is_silent: &Rc<RefCell<bool>>) -> Self {
        Self {
            asked: Vec::new(),
            is_silent: Rc::clone(is_silent),
        }
    }
}

/// Id of a contract in [`MemorySchemas`]: its place in the list of contracts.
pub(crate) fn schema_id(contract: Contract) -> u32 {
    let place = contract::CONTRACTS.iter().position(|it| *it == contract);
    u32::try_from(place.unwrap()).unwrap()
}

impl SchemaSource for MemorySchemas {
    fn request(&mut self, id: u32) {
        self.asked.push(id);
    }

    fn answer(&mut self) -> Option<(u32, Option<String>)> {
        if *self.is_silent.borrow() {
            return None;
        }
        let id = self.asked.pop()?;
        let known = contract::CONTRACTS.get(usize::try_from(id).unwrap());
        Some((id, known.map(|contract| contract.schema.to_owned())))
    }
}

/// A status of charge point `point`, which happened at `event_ms` and was received at `received_ms`.
pub(crate) fn status(point: &str, event_ms: i64, received_ms: i64) -> Record {
    let payload = StatusPayload {
        service_state: ServiceState::InService,
        occupancy: Occupancy::Free,
        connector_type_2: None,
        connector_ccs: None,
        connector_chademo: None,
        connector_ef: None,
    };
    let charge_point_id = ChargePointId::parse(point).unwrap();
    let status = ChargePointStatus {
        event_id: ChargePointStatus::id_of(
            &charge_point_id,
            Timestamp::from_ms(event_ms),
            &payload,
        ),
        charge_point_id,
        station_id: StationId::parse("FRSIMP01").unwrap(),
        event_time: TimestampMicros::from(Timestamp::from_ms(event_ms)),
        received_at: Timestamp::from_ms(received_ms),
        payload,
        request_id: RequestId(uuid::Uuid::nil()),
        submitted_by: "test".into(),
    };
    let mut bytes = Vec::new();
    domain::wire::Record::encode(&status, &mut bytes);
    let id = schema_id(contract::CHARGE_POINT_STATUS);
    event(Source::Status, received_ms, Some(avro::frame(id, &bytes)))
}

/// A record of partition 3; without a value it is a tick.
pub(crate) fn event(source: Source, received_ms: i64, value: Option<Vec<u8>>) -> Record {
    Record {
        topic: source.topic().to_owned(),
        partition: Some(3),
        key: value.as_ref().map(|_| b"FRSIMP01".to_vec()),
        value,
        timestamp_ms: Some(received_ms),
        headers: None,
    }
}
