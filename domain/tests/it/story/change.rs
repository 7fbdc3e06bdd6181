//! Changes of the directory: power, municipality, withdrawal, registration, moves.

use domain::{ChargePoint, ChargePointId, Policy, Span, StationId, Timestamp};
use oracle::entry::DirectoryRecord;
use proptest::prelude::*;
use proptest::sample::select;

use super::moment::{Moment, moments};
use crate::build::entry;
use crate::task::DirectoryItem;

/// What changes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Amendment {
    Power(f64),
    Municipality(&'static str),
    /// `deleted_at`, in a version received so many minutes later.
    Withdrawal {
        after_minutes: i64,
    },
    /// A null record.
    Null,
    /// A version that is not deleted.
    Registration,
    /// To another station.
    Move,
}

/// One change, and how late the task reads it.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) charge_point: usize,
    pub(crate) moment: Moment,
    amendment: Amendment,
    read_after_minutes: i64,
}

/// Changes within so many hours.
pub(crate) fn changes(hours: i64) -> impl Strategy<Value = Change> {
    let amendment = prop_oneof![
        2 => select(vec![3.7, 50.0, 0.0]).prop_map(Amendment::Power),
        1 => select(vec!["33063", "75102"]).prop_map(Amendment::Municipality),
        4 => select(vec![0, 0, 20, 90]).prop_map(|after_minutes| Amendment::Withdrawal {
            after_minutes
        }),
        1 => Just(Amendment::Null),
        2 => Just(Amendment::Registration),
        3 => Just(Amendment::Move),
    ];
    let read_after = select(vec![0, 0, 10, 100_i64]);
    (0..16_usize, moments(hours), amendment, read_after).prop_map(
        |(charge_point, moment, amendment, read_after_minutes)| Change {
            charge_point,
            moment,
            amendment,
            read_after_minutes,
        },
    )
}

impl Change {
    /// When a gateway receives what happened at `at`.
    pub(crate) fn updated_at(&self, at: Timestamp) -> Timestamp {
        match self.amendment {
            Amendment::Withdrawal { after_minutes } => at + Span::from_minutes(after_minutes),
            Amendment::Power(_)
            | Amendment::Municipality(_)
            | Amendment::Null
            | Amendment::Registration
            | Amendment::Move => at,
        }
    }
}

/// The records of one charge point, whose first version names `homes[0]`; and at which station it
/// is from when on. `changes` are in the order of their reception, with what happened when. Later
/// versions keep `deleted_at` until one registers the charge point.
pub(crate) fn records(
    id: &ChargePointId,
    (power_kw, known_from): (f64, Timestamp),
    homes: &[StationId],
    (changes, policy): (&[(Timestamp, &Change)], &Policy),
) -> (Vec<DirectoryItem>, Vec<(Timestamp, StationId)>) {
    let mut version: ChargePoint = entry(id.as_str(), power_kw, known_from);
    let mut home = 0;
    version.irve.id_station_itinerance = homes[home].clone();
    let mut stays = vec![(known_from, homes[home].clone())];
    let item = |read_at, record| DirectoryItem {
        read_at,
        charge_point_id: id.clone(),
        record,
    };
    let first = DirectoryRecord::Version(Box::new(version.clone()));
    let mut items = vec![item(known_from, first)];
    // Instants and revisions grow along the topic: nothing happens in the millisecond of a null record.
    let mut free_from = known_from;
    for (index, &(at, change)) in changes.iter().enumerate() {
        let updated_at = change.updated_at(at).max(free_from);
        let next = changes.get(index + 1);
        let next = next.map(|&(at, change)| change.updated_at(at));
        let is_move = matches!(change.amendment, Amendment::Move) && homes.len() > 1;
        let longest_ms = (policy.late_limit.as_ms() / 2).min(change.read_after_minutes * 60_000);
        let late = updated_at + Span::from_ms(if is_move { 0 } else { longest_ms });
        let read_at = next.map_or(late, |next| late.min(next)).max(updated_at);
        version.revision += 1;
        version.updated_at = updated_at;
        match change.amendment {
            Amendment::Power(power_kw) => version.irve.puissance_nominale = power_kw,
            Amendment::Municipality(code) => code.clone_into(&mut version.irve.code_insee_commune),
            Amendment::Withdrawal { .. } => version.deleted_at = Some(at),
            Amendment::Registration => version.deleted_at = None,
            Amendment::Move => {
                version.deleted_at = None;
                home = (home + 1) % homes.len();
                version.irve.id_station_itinerance = homes[home].clone();
                stays.push((updated_at, homes[home].clone()));
            }
            Amendment::Null => {
                items.push(item(read_at, DirectoryRecord::Null(updated_at)));
                free_from = updated_at + Span::from_ms(1);
                continue;
            }
        }
        let record = DirectoryRecord::Version(Box::new(version.clone()));
        items.push(item(read_at, record));
    }
    (items, stays)
}
