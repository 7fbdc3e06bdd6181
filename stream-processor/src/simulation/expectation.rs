//! What has to be in Kafka at the end, whatever went wrong: exactly what a run without faults leaves.

use std::collections::{BTreeMap, BTreeSet};

use domain::contract;
use platform::dead_letter::DeadLetter;
use platform::kafka::producer::Record;

use super::broker::Broker;
use super::log::{Place, TOPICS};
use super::play::Offsets;
use super::workload::PARTITIONS;
use crate::topology::{SET_ASIDE_PARTITIONS, Source};

/// Key and value.
pub(crate) type Line = (Option<Vec<u8>>, Option<Vec<u8>>, Option<i64>);

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
    pub(crate) offsets: Offsets,
    /// What it had committed when each scene but the last was over.
    pub(crate) milestones: Vec<Offsets>,
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

    /// Says whether the outputs are these, in any order.
    pub(crate) fn is_set(&self, outputs: &BTreeMap<Place, BTreeSet<Line>>) -> Result<(), String> {
        for (place, lines) in &self.outputs {
            let name = format!("{}/{}", TOPICS[place.topic], place.partition);
            let expected: Vec<_> = outputs.get(place).into_iter().flatten().cloned().collect();
            same_set(&name, &expected, lines)?;
        }
        let places = |lines: &BTreeSet<Line>| !lines.is_empty();
        match outputs
            .iter()
            .find(|(place, lines)| places(lines) && !self.outputs.contains_key(place))
        {
            Some((place, _)) => Err(format!("nothing in {place:?}")),
            None => Ok(()),
        }
    }

    /// How many records a topic of records set aside has.
    pub(crate) fn set_aside_in(&self, topic: &str) -> usize {
        let of_topic = self.set_aside.iter();
        let of_topic = of_topic.filter(|((index, ..), _)| TOPICS[*index] == topic);
        of_topic.map(|(_, lines)| lines.len()).sum()
    }

    /// How much is there: outputs, records set aside, entities.
    pub(crate) fn counts(&self) -> [usize; 3] {
        let outputs = self.outputs.values().map(Vec::len).sum();
        let set_aside = self.set_aside.values().map(Vec::len).sum();
        [outputs, set_aside, self.state.len()]
    }

    /// Says what `found` lacks or has too much, copies apart, and whether of any key another version is
    /// the greatest.
    pub(crate) fn is_covered_by(&self, found: &Self) -> Result<(), String> {
        for (place, expected) in &self.outputs {
            let lines = found.outputs.get(place).map_or(&[][..], Vec::as_slice);
            let name = format!("{}/{}", TOPICS[place.topic], place.partition);
            same_set(&name, expected, lines)?;
            if last_versions(expected) != last_versions(lines) {
                return Err(format!("{name}: another version is the greatest"));
            }
        }
        let origins = self.set_aside.keys().chain(found.set_aside.keys());
        for origin in origins {
            let lines = |it: &Self| it.set_aside.get(origin).cloned().unwrap_or_default();
            let name = format!("{} of {}/{}", TOPICS[origin.0], origin.1, origin.2);
            same_set(&name, &lines(self), &lines(found))?;
        }
        self.compare_offsets(found)
    }

    fn compare_offsets(&self, found: &Self) -> Result<(), String> {
        if self.offsets == found.offsets {
            return Ok(());
        }
        Err(format!(
            "offsets are {:?}, expected {:?}",
            found.offsets, self.offsets
        ))
    }

    /// How many outputs are there more than once.
    pub(crate) fn copies(&self) -> u64 {
        let copies = |lines: &Vec<Line>| lines.len() - lines.iter().collect::<BTreeSet<_>>().len();
        let copies: usize = self.outputs.values().map(copies).sum();
        u64::try_from(copies).unwrap()
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
        self.compare_offsets(found)?;
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

/// Says which record is lost, or should not be there.
fn same_set(name: &str, expected: &[Line], found: &[Line]) -> Result<(), String> {
    let (expected, found): (BTreeSet<_>, BTreeSet<_>) =
        (expected.iter().collect(), found.iter().collect());
    let shown = |line: &Line, what: &str| {
        let key = line.0.clone().unwrap_or_default();
        let (key, at) = (String::from_utf8_lossy(&key), line.2);
        Err(format!("{name}: {key} at {at:?} {what}"))
    };
    if let Some(lost) = expected.difference(&found).next() {
        return shown(lost, "is lost");
    }
    match found.difference(&expected).next() {
        Some(other) => shown(other, "is another"),
        None => Ok(()),
    }
}

/// Of each key the value with the greatest timestamp, which is the version.
fn last_versions(lines: &[Line]) -> BTreeMap<&[u8], (Option<i64>, &Line)> {
    let mut last = BTreeMap::new();
    for line in lines {
        let key = line.0.as_deref().unwrap_or_default();
        let newest = last.entry(key).or_insert((line.2, line));
        if newest.0 <= line.2 {
            *newest = (line.2, line);
        }
    }
    last
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

/// A record as it is compared.
pub(crate) fn line(record: &Record) -> Line {
    (
        record.key.clone(),
        record.value.clone(),
        record.timestamp_ms,
    )
}
