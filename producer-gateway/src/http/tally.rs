//! The items of a request by operational unit: what became of them, and how new they are.

use domain::Timestamp;

use crate::auth::{Caller, unit_of};
use crate::submission::Refusal;

/// The label of items that name no unit of the caller's.
const OTHER: &str = "other";

/// What became of the items of one unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Accepted.
    pub accepted: usize,
    /// Refused.
    pub refused: usize,
    /// The newest event among the accepted ones.
    pub last_event: Option<Timestamp>,
}

/// The items of a request by unit: few units, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(Vec<(String, Count)>);

impl Tally {
    /// Counts an accepted item; its charge point exists, so that its unit is one of few.
    pub fn accept(&mut self, id: &str, event: Option<Timestamp>) {
        let count = self.count(unit_of(id));
        count.accepted += 1;
        count.last_event = count.last_event.max(event);
    }

    /// Counts refused items; only units of the caller's have a label of their own.
    pub fn refuse(&mut self, refused: &[Refusal], caller: &Caller) {
        for refusal in refused {
            let unit = refusal.id.as_deref().map_or(OTHER, unit_of);
            let is_own = caller.user.units.contains(unit);
            self.count(if is_own { unit } else { OTHER }).refused += 1;
        }
    }

    /// Forgets that anything was accepted: the request is refused as a whole.
    pub fn refuse_all(&mut self) {
        for count in self.0.iter_mut().map(|(_, count)| count) {
            count.accepted = 0;
            count.last_event = None;
        }
    }

    /// The units with their counts.
    pub fn units(&self) -> impl Iterator<Item = (&str, &Count)> + Clone {
        self.0.iter().map(|(unit, count)| (unit.as_str(), count))
    }

    /// How many were accepted.
    pub fn accepted(&self) -> usize {
        self.0.iter().map(|(_, count)| count.accepted).sum()
    }

    /// How many were refused.
    pub fn refused(&self) -> usize {
        self.0.iter().map(|(_, count)| count.refused).sum()
    }

    fn count(&mut self, unit: &str) -> &mut Count {
        let at = self.0.iter().position(|(known, _)| known == unit);
        let at = at.unwrap_or_else(|| {
            self.0.push((unit.to_owned(), Count::default()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }
}
