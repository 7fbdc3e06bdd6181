//! The sessions of a charge point by identity, and which of them are impossible (chapter 4).

use std::collections::BTreeMap;

use domain::{Policy, Span, Timestamp, Window};

use crate::count;
use crate::entry::Entry;
use crate::log::SessionRecord;

/// All records of one charge point with the same start and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Start of the recharge.
    pub start: Timestamp,
    /// End of the recharge.
    pub end: Timestamp,
    /// The energy whose first copy is the latest, Wh.
    pub energy_wh: i64,
    /// Records beyond the first.
    pub duplicates: i64,
    /// More energy than the charge point can deliver, or begun before an earlier one had ended.
    pub is_flagged: bool,
}

/// The sessions of `records` by start and end, under the powers of `entry`.
pub fn sessions(records: &[SessionRecord], entry: &Entry, policy: &Policy) -> Vec<Session> {
    let mut by_identity: BTreeMap<(Timestamp, Timestamp), Vec<SessionRecord>> = BTreeMap::new();
    for record in records {
        by_identity
            .entry((record.start, record.end))
            .or_default()
            .push(*record);
    }
    let mut largest_end: Option<Timestamp> = None;
    let mut sessions = Vec::new();
    for ((start, end), copies) in by_identity {
        let duplicates = count(copies.len() - 1);
        let energy_wh = winning_energy(copies);
        let power_w = entry.power_w(Window::of(start));
        let overlaps = largest_end.is_some_and(|largest| start < largest);
        let is_flagged = overlaps || is_abnormal(energy_wh, end - start, power_w, policy);
        sessions.push(Session {
            start,
            end,
            energy_wh,
            duplicates,
            is_flagged,
        });
        largest_end = largest_end.max(Some(end));
    }
    sessions
}

/// The energy whose first copy is the latest.
fn winning_energy(mut copies: Vec<SessionRecord>) -> i64 {
    copies.sort_by_key(|copy| (copy.received_at, copy.offset));
    let mut energies: Vec<i64> = Vec::new();
    for copy in copies {
        if !energies.contains(&copy.energy_wh) {
            energies.push(copy.energy_wh);
        }
    }
    energies.last().copied().unwrap_or(0)
}

/// energy (Wh) × 360,000,000 > percent × power (W) × duration (ms); unknown power flags nothing.
fn is_abnormal(energy_wh: i64, duration: Span, power_w: i64, policy: &Policy) -> bool {
    let energy = i128::from(energy_wh) * 360_000_000;
    let limit = i128::from(policy.abnormal_energy_percent)
        * i128::from(power_w)
        * i128::from(duration.as_ms());
    power_w > 0 && energy > limit
}

impl Session {
    /// From start to end.
    pub fn duration(&self) -> Span {
        self.end - self.start
    }

    /// Whether it is unflagged, delivered more than the least energy and lasted longer than `least`.
    pub fn is_successful(&self, least: Span, policy: &Policy) -> bool {
        !self.is_flagged && self.energy_wh > policy.success_energy_wh && self.duration() > least
    }
}
