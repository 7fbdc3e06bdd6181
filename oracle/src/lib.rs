//! What the indicators are: a slow and obvious batch computation, by which the engine is judged.
//!
//! It shares the vocabulary with the engine (identifiers, instants, windows, the names of fields)
//! and no rule. All records of a charge point are looked at together: its line of states is drawn
//! once and cut into hours; a station is swept over all instants where anything changes. There is
//! no incremental state, no carry-in and no correction: what a cut sees is simply the set of
//! records stamped before it, and what it publishes follows from that and from what was published.
//!
//! Read it beside the specification: [`clock`] and [`log`] (chapter 3), [`status_book`],
//! [`session_book`], [`entry`] and [`presence`] (4), [`mod@line`] (5), [`episode`] (6),
//! [`charge_point`] (7), [`tally`] and [`station`] (8), [`publisher`] (9). What the specification
//! leaves open is decided as the documentation of [`domain::engine`] says.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod charge_point;
pub mod clock;
pub mod entry;
pub mod episode;
pub mod line;
pub mod log;
pub mod presence;
pub mod publisher;
pub mod session_book;
pub mod station;
pub mod status_book;
pub mod tally;

use std::collections::BTreeMap;

use domain::{Policy, StationId, Timestamp, Window};

pub use charge_point::{Account, ChargePointHour};
pub use entry::{Directory, Entry};
pub use episode::Episode;
pub use log::{ChargePointLog, Fate, SessionRecord, StatusRecord};
pub use publisher::{Published, Publisher};
pub use station::{StationAccount, StationHour};

/// The windows from `first` on that are complete at the cut: end + close grace ≤ cut.
pub fn complete_windows(first: Window, cut: Timestamp, policy: &Policy) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut window = first;
    while window.end() + policy.close_grace <= cut {
        windows.push(window);
        window = window.next();
    }
    windows
}

/// The charge points of each station, in the order of their ids.
pub fn by_station(logs: Vec<ChargePointLog>) -> BTreeMap<StationId, Vec<ChargePointLog>> {
    let mut stations: BTreeMap<StationId, Vec<ChargePointLog>> = BTreeMap::new();
    for log in logs {
        stations
            .entry(log.station_id.clone())
            .or_default()
            .push(log);
    }
    for logs in stations.values_mut() {
        logs.sort_by(|a, b| a.charge_point_id.cmp(&b.charge_point_id));
    }
    stations
}

/// A number of things as a field of a vector.
pub(crate) fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
