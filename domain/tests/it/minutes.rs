//! A slow and obvious reading of the rules of state: minute by minute, over all records at once.
//!
//! Shares no code with the engine. Event times, withdrawals and limits lie on full minutes.

use std::collections::BTreeMap;

use domain::status::StatusPayload;
use domain::{ChargePoint, Occupancy, Policy, ServiceState, Span, Timestamp};

use crate::story::BEGIN;
use crate::task::Item;

/// What one minute of a charge point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Minute {
    Inactive,
    Up(Occupancy),
    Down,
    UnknownShort,
    UnknownLong,
}

/// Per event time, all (content, first reception).
type Winners = BTreeMap<Timestamp, Vec<(StatusPayload, Timestamp)>>;

fn winners(charge_point: &str, items: &[Item]) -> BTreeMap<Timestamp, StatusPayload> {
    let mut all = Winners::new();
    for item in items {
        if let Item::Status(status) = item
            && status.charge_point_id.as_str() == charge_point
        {
            let contents = all.entry(status.event_time.floor()).or_default();
            if contents
                .iter()
                .all(|(payload, _)| *payload != status.payload)
            {
                contents.push((status.payload, status.received_at));
            }
        }
    }
    let latest = |contents: Vec<(StatusPayload, Timestamp)>| {
        contents
            .into_iter()
            .max_by_key(|(_, first)| *first)
            .unwrap()
            .0
    };
    all.into_iter()
        .map(|(at, contents)| (at, latest(contents)))
        .collect()
}

/// The minutes of a charge point from the beginning of the story to `end`. `items` are in the
/// order of reception.
pub(crate) fn minutes(
    charge_point: &str,
    (items, directory): (&[Item], &[ChargePoint]),
    end: Timestamp,
    policy: &Policy,
) -> Vec<Minute> {
    let winners = winners(charge_point, items);
    let withdrawn: Vec<_> = directory
        .iter()
        .filter(|entry| entry.charge_point_id().as_str() == charge_point)
        .filter_map(|entry| entry.deleted_at)
        .collect();
    let mut all = Vec::new();
    let mut run_minutes = 0;
    let mut now = BEGIN;
    while now < end {
        let last = winners.range(..=now).next_back();
        let visible = last.filter(|(at, _)| !withdrawn.iter().any(|w| *at <= w && *w <= now));
        let unknown = |run_minutes: i64| {
            if Span::from_minutes(run_minutes) < policy.unknown_grace {
                Minute::UnknownShort
            } else {
                Minute::UnknownLong
            }
        };
        let minute = match visible {
            None => Minute::Inactive,
            Some((_, status)) if status.service_state == ServiceState::OutOfService => Minute::Down,
            Some((at, _)) if now - *at >= policy.inactive_after => Minute::Inactive,
            Some((_, status)) if status.service_state == ServiceState::Unknown => {
                unknown(run_minutes)
            }
            Some((at, _)) if now - *at >= policy.stale_after => unknown(run_minutes),
            Some((_, status)) => Minute::Up(status.occupancy),
        };
        run_minutes = match minute {
            Minute::UnknownShort | Minute::UnknownLong => run_minutes + 1,
            Minute::Inactive | Minute::Up(_) | Minute::Down => 0,
        };
        all.push(minute);
        now = now + Span::from_minutes(1);
    }
    all
}
