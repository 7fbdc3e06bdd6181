//! What is written, scene by scene: the directory of a scene at once, its events little by little. A scene
//! begins when everything of the one before is applied, so that every run reads a change of the directory
//! at the same cut: the same outputs are promised for the same directory only.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use platform::kafka::producer::Record;

use super::broker::Broker;
use super::dice::Dice;
use super::log::Place;
use super::workload::{Scene, Workload};
use crate::topology::Lane;

/// What the group has committed at a moment.
pub(crate) type Offsets = BTreeMap<Lane, i64>;

/// The scenes that are written and those to come.
pub(crate) struct Play {
    arrivals: Vec<(Place, VecDeque<Rc<Record>>)>,
    scenes: VecDeque<Scene>,
    /// What is committed at the end of each scene but the last, once a run has told.
    milestones: VecDeque<Offsets>,
}

impl Play {
    /// A play of which nothing is written.
    pub(crate) fn new(workload: &Workload, milestones: &[Offsets]) -> Self {
        Self {
            arrivals: Vec::new(),
            scenes: workload.iter().cloned().collect(),
            milestones: milestones.iter().cloned().collect(),
        }
    }

    /// Begins the next scene, if there is one.
    pub(crate) fn open(&mut self, broker: &mut Broker) {
        for (place, records) in self.scenes.pop_front().unwrap_or_default() {
            if place.topic == 0 {
                let log = broker.log_mut(place);
                for record in records {
                    log.append(record, None);
                }
            } else {
                self.arrivals.push((place, records.into()));
            }
        }
    }

    /// Begins the next scene if everything of this one is applied.
    pub(crate) fn advance(&mut self, broker: &mut Broker) {
        let is_applied = self.milestones.front() == Some(&broker.offsets);
        if self.is_written() && is_applied && broker.is_quiet() {
            self.milestones.pop_front();
            self.open(broker);
        }
    }

    /// Lets some records be written.
    pub(crate) fn write(&mut self, broker: &mut Broker, dice: &mut Dice) {
        if self.arrivals.is_empty() || !dice.chance(40) {
            return;
        }
        let index = dice.index(self.arrivals.len());
        let count = dice.index(5) + 1;
        let (place, records) = &mut self.arrivals[index];
        for record in records.drain(..count.min(records.len())) {
            broker.log_mut(*place).append(record, None);
        }
        if records.is_empty() {
            self.arrivals.swap_remove(index);
        }
    }

    /// Whether everything of this scene is written.
    pub(crate) const fn is_written(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// Whether this scene is the last.
    pub(crate) fn is_last(&self) -> bool {
        self.scenes.is_empty()
    }

    /// How many events are still to be written, of all scenes.
    pub(crate) fn unwritten(&self) -> usize {
        let arriving = self.arrivals.iter().map(|(_, records)| records.len());
        let coming = self.scenes.iter().flatten();
        let coming = coming.filter(|(place, _)| place.topic != 0);
        arriving
            .chain(coming.map(|(_, records)| records.len()))
            .sum()
    }
}
