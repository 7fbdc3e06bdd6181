//! The exact indicators of a set of records, by a slow and obvious batch computation.
//!
//! Nothing here is shared with the engine of the stream processor: it is what the engine is judged
//! by. All records of a charge point are looked at together; its line of states is drawn once, then
//! cut into hours; the station is swept over all instants where anything changes. There is no
//! incremental state, no carry-in and no correction: what a cut sees is simply the set of records
//! stamped before it.
//!
//! Charge points are never withdrawn and never change station here; the fleets that this program
//! makes do neither.

pub mod charge_point;
pub mod failure;
pub mod line;
pub mod log;
pub mod output;
pub mod read;
pub mod report;
pub mod session_book;
pub mod station;
pub mod status_book;

use std::collections::BTreeMap;

use domain::{Policy, StationId, Timestamp, Window};

pub use charge_point::{Account, ChargePointHour};
pub use failure::Episode;
pub use log::{ChargePointLog, SessionRecord, StatusRecord};
pub use station::{StationAccount, StationHour};

/// The last cut that the clock has reached: the latest multiple of `cut_every` not after it.
pub fn last_cut(clock: Timestamp, policy: &Policy) -> Timestamp {
    clock.floor(policy.cut_every)
}

/// The windows from `first` on that are complete at the cut: end + close grace ≤ cut.
pub fn complete_windows(first: Window, cut: Timestamp, policy: &Policy) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut window = first;
    while window.closes_at(policy) <= cut {
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
