//! What has to be in Kafka at the end, whatever went wrong: exactly what a run without faults leaves.

use std::collections::BTreeMap;

use domain::contract;
use platform::dead_letter::DeadLetter;
use platform::kafka::producer::Record;

use super::broker::Broker;
use super::log::{Place, TOPICS};
use super::workload::PARTITIONS;
use crate::topology::{Lane, SET_ASIDE_PARTITIONS, Source};

/// Key and value.
type Line = (Option<Vec<u8>>, Option<Vec<u8>>, Option<i64>);

/// Everything that a run leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expectation {
    /// The outputs, in order, timestamps included.
    outputs: BTreeMap<Place, Vec<Line>>,
    /// What was set aside, by topic and by where it came from: partitions there are shared by tasks,
    /// and the two inputs of a task are read in any order.
    set_aside: BTreeMap<(usize, String, i32), Vec<Line>>,
    /// The state, without fences and positions.
    state: BTreeMap<(i32, Vec<u8>), Vec<u8>>,
    /// What the group has committed.
    pub(crate) offsets: BTreeMap<Lane, i64>,
}

impl Expectation {
    /// What is there.
    pub(crate) fn found(broker: &Broker) -> Self {
        let mut found = Self {
            offsets: broker.offsets.clone(),
            ..Self::default()
        };
        for (topic, name) in TOPICS.iter().enumerate() {
            if [contract::LATE_EVENT_TOPIC, contract::DEAD_LETTER_TOPIC].contains(name) {
                for partition in 0..SET_ASIDE_PARTITIONS {
                    found.set_aside(broker, Place { topic, partition });
                }
            } else if *name == Source::Changelog.topic() {
                for partition in PARTITIONS {
                    found.state(broker, Place { topic, partition });
                }
            } else if !Source::INPUTS.map(Source::topic).contains(name) {
                for partition in PARTITIONS {
                    let place = Place { topic, partition };
                    let lines = broker.log(place).committed();
                    let lines = lines.map(|(_, record)| line(record));
                    found.outputs.insert(place, lines.collect());
                }
            }
        }
        found
    }

    fn set_aside(&mut self, broker: &Broker, place: Place) {
        for (_, record) in broker.log(place).committed() {
            let headers = record.headers.as_ref().unwrap();
            let letter = DeadLetter::from_headers(headers).unwrap();
            let origin = (place.topic, letter.topic, letter.partition);
            let (key, value, _) = line(record);
            let line = (key, value, Some(letter.offset));
            self.set_aside.entry(origin).or_default().push(line);
        }
    }

    fn state(&mut self, broker: &Broker, place: Place) {
        for (_, record) in broker.log(place).committed() {
            let key = record.key.clone().unwrap();
            if key == b"position" || key.starts_with(b"fence|") {
                continue;
            }
            let key = (place.partition, key);
            match &record.value {
                Some(value) => self.state.insert(key, value.clone()),
                None => self.state.remove(&key),
            };
        }
    }

    /// How much is there: outputs, records set aside, entities.
    pub(crate) fn counts(&self) -> [usize; 3] {
        let outputs = self.outputs.values().map(Vec::len).sum();
        let set_aside = self.set_aside.values().map(Vec::len).sum();
        [outputs, set_aside, self.state.len()]
    }

    /// Says where `found` is different.
    pub(crate) fn compare(&self, found: &Self) -> Result<(), String> {
        for (place, expected) in &self.outputs {
            let lines = found.outputs.get(place).map_or(&[][..], Vec::as_slice);
            let name = format!("{}/{}", TOPICS[place.topic], place.partition);
            compare_lines(&name, expected, lines)?;
        }
        let origins = self.set_aside.keys().chain(found.set_aside.keys());
        for origin in origins {
            let lines = |it: &Self| it.set_aside.get(origin).cloned().unwrap_or_default();
            let name = format!("{} of {}/{}", TOPICS[origin.0], origin.1, origin.2);
            compare_lines(&name, &lines(self), &lines(found))?;
        }
        if self.offsets != found.offsets {
            return Err(format!(
                "offsets are {:?}, expected {:?}",
                found.offsets, self.offsets
            ));
        }
        let differing = self.state.keys().chain(found.state.keys());
        let mut differing = differing.filter(|key| self.state.get(*key) != found.state.get(*key));
        match differing.next() {
            None => Ok(()),
            Some((partition, key)) => Err(format!(
                "state of {} in task {partition} is another",
                String::from_utf8_lossy(key)
            )),
        }
    }
}

fn compare_lines(name: &str, expected: &[Line], found: &[Line]) -> Result<(), String> {
    let equal = expected.iter().zip(found).take_while(|(a, b)| a == b);
    let equal = equal.count();
    if equal == expected.len() && equal == found.len() {
        return Ok(());
    }
    let what = match found.get(equal) {
        None => "is lost",
        Some(line) if expected[..equal].contains(line) => "is followed by one written before",
        Some(_) => "is another",
    };
    Err(format!(
        "{name}: {} records, expected {}; number {equal} {what}",
        found.len(),
        expected.len()
    ))
}

fn line(record: &Record) -> Line {
    (
        record.key.clone(),
        record.value.clone(),
        record.timestamp_ms,
    )
}
