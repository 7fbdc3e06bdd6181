//! The scope of a late event: which windows it may change, and which it re-emits (chapter 9).

use std::collections::{BTreeMap, BTreeSet};

use domain::engine::Output;
use domain::indicator::Phase;
use domain::{Occupancy, Policy, ServiceState, Span, StationId, Timestamp, Window};
use oracle::{ChargePointLog, clock};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::build::{payload, session, status};
use crate::cases::charge_points;
use crate::judge::{content_of, key_of, logs, phase_of, run};
use crate::story::{Sent, Story, foreseen_stories, stories};
use crate::task::{DirectoryItem, Item, Log};

/// What a late event may change: windows with `end > from` and `start ≤ to` of one charge point and
/// of its station.
struct Scope {
    station_id: StationId,
    charge_point: String,
    from: Timestamp,
    to: Option<Timestamp>,
}

impl Scope {
    /// Whether a record is of the charge point or its station.
    fn concerns(&self, output: &Output) -> bool {
        let (station_id, id) = match output {
            Output::ChargePoint(r) => (&r.station_id, Some(r.charge_point_id.as_str())),
            Output::Station(r) => (&r.station_id, None),
            Output::Episode(_) => return true,
        };
        station_id == &self.station_id && id.is_none_or(|id| id == self.charge_point)
    }

    fn holds(&self, output: &Output) -> bool {
        let is_inside = |window: Window| {
            window.end() > self.from && self.to.is_none_or(|to| window.start() <= to)
        };
        self.concerns(output) && window_of(output).is_none_or(is_inside)
    }
}

/// The hour of a record; none of an episode.
fn window_of(output: &Output) -> Option<Window> {
    match output {
        Output::ChargePoint(record) => Some(record.window),
        Output::Station(record) => Some(record.window),
        Output::Episode(_) => None,
    }
}

/// A story with one event more: its log without and with it, and the event.
struct Pair {
    without: Log,
    with: Log,
    late: Item,
}

/// The event happens `permille` of the way through a random log, at a charge point of one of its
/// events, and is received while its window can be corrected.
fn pair(story: &Story, (index, permille): (Index, i64), what: Option<ServiceState>) -> Pair {
    let (sent, directory) = story.sent();
    let model = &sent[index.index(sent.len())].item;
    let (station_id, id) = match model {
        Item::Status(record) => (&record.station_id, record.charge_point_id.as_str()),
        Item::Session(record) => (&record.station_id, record.charge_point_id.as_str()),
        Item::Tick(_) => panic!("a tick is not sent"),
    };
    let from = model.received_at() - Span::from_hours(3);
    let at = from + Span::from_ms(story.hours * 3_600 * permille);
    let policy = &story.policy;
    let closing = Window::of(at).closes_at(policy);
    let received_at = closing + Span::from_ms(permille * 60);
    let late = if let Some(state) = what {
        let payload = payload(state, Occupancy::Unknown);
        let mut record = status(id, at, received_at, payload);
        record.station_id = station_id.clone();
        Item::Status(record)
    } else {
        let end = at + Span::from_minutes(permille % 90);
        let mut record = session(id, (at, end), received_at.max(end), 5_000);
        record.station_id = station_id.clone();
        Item::Session(record)
    };
    let (without, with) = logs_of(story, &sent, &directory, &late);
    Pair {
        without,
        with,
        late,
    }
}

fn logs_of(story: &Story, sent: &[Sent], directory: &[DirectoryItem], late: &Item) -> (Log, Log) {
    let mut items: Vec<Item> = sent.iter().map(|sent| sent.item.clone()).collect();
    // Nothing comes after it, since that would have a scope of its own.
    items.retain(|item| item.received_at() < late.received_at());
    // Only the instant of the late event differs, so that both have the same stamps and cuts.
    let mut with = items.clone();
    items.push(Item::Tick(late.received_at()));
    with.push(late.clone());
    items.sort_by_key(Item::received_at);
    with.sort_by_key(Item::received_at);
    let log_of = |items: Vec<Item>| story.log_of(items, directory.to_vec());
    (log_of(items), log_of(with))
}

/// The first up winner or withdrawal strictly after `at` of a charge point, as a cut sees it.
fn renewal(log: &ChargePointLog, at: Timestamp, seen: (Timestamp, &Policy)) -> Option<Timestamp> {
    let (cut, policy) = seen;
    let account = oracle::Account::at(log, cut, cut, policy)?;
    let ups = account.statuses.iter().filter(|status| {
        status.event_time > at && status.winner.service_state == ServiceState::InService
    });
    let ups = ups.map(|status| status.event_time);
    let withdrawals = account.entry.withdrawn_at(policy);
    ups.chain(withdrawals.into_iter().filter(|withdrawn| *withdrawn > at))
        .min()
}

/// What the late event may change at a cut.
fn scope_at(
    cut: Timestamp,
    late: &Item,
    logs: &BTreeMap<StationId, Vec<ChargePointLog>>,
    policy: &Policy,
) -> Scope {
    let (station_id, id, from, to) = match late {
        Item::Status(record) => {
            let at = record.event_time.floor();
            let mut of_station = logs[&record.station_id].iter();
            let log = of_station.find(|log| log.charge_point_id == record.charge_point_id);
            let to = renewal(log.unwrap(), at, (cut, policy));
            (&record.station_id, &record.charge_point_id, at, to)
        }
        Item::Session(record) => {
            let end = record.end.floor();
            let ids = (&record.station_id, &record.charge_point_id);
            (ids.0, ids.1, record.start.floor(), Some(end))
        }
        Item::Tick(_) => panic!("a tick is not late"),
    };
    Scope {
        station_id: station_id.clone(),
        charge_point: id.to_string(),
        from,
        to,
    }
}

/// When each hour of the charge point was first published.
fn known_at(outputs: &[Output], scope: &Scope) -> BTreeMap<Window, Timestamp> {
    let mut known = BTreeMap::new();
    for record in charge_points(outputs) {
        if record.station_id == scope.station_id
            && record.charge_point_id.as_str() == scope.charge_point
        {
            known
                .entry(record.window)
                .or_insert(record.emission.version);
        }
    }
    known
}

/// Both runs must agree outside the scope: in all that they publish, cut by cut. Hours that exist
/// only because the late event makes its charge point known are apart.
fn keeps_to_its_scope(story: &Story, pair: &Pair) -> Result<(), TestCaseError> {
    let policy = &story.policy;
    let logs = logs(&pair.with);
    let scope_at = |cut: Timestamp| scope_at(cut, &pair.late, &logs, policy);
    let without = run(story, &pair.without, true);
    let with = run(story, &pair.with, true);
    prop_assert_eq!(&with.cuts, &without.cuts);
    let known_at = known_at(&without.outputs, &scope_at(Timestamp::MIN));
    let may_differ = |output: &Output| {
        let (version, _) = key_of(output);
        let scope = scope_at(version);
        let is_known = window_of(output)
            .is_none_or(|window| known_at.get(&window).is_some_and(|first| *first < version));
        !is_known && scope.concerns(output) || scope.holds(output)
    };
    let by_key = |outputs: &[Output]| {
        let hours = outputs.iter().filter(|output| phase_of(output).is_some());
        hours
            .map(|output| (key_of(output), output.clone()))
            .collect::<BTreeMap<_, _>>()
    };
    let (before, after) = (by_key(&without.outputs), by_key(&with.outputs));
    let seen_at = clock::last_cut(pair.late.received_at(), policy) + policy.cut_every;
    for key in before.keys().chain(after.keys()) {
        let (Some(usual), Some(found)) = (before.get(key), after.get(key)) else {
            let only = before.get(key).or(after.get(key)).unwrap();
            prop_assert!(key.0 >= seen_at, "{:?} before the event was seen", key);
            prop_assert!(
                may_differ(only),
                "{:?} emitted for nothing, or missing",
                key
            );
            continue;
        };
        if content_of(usual) != content_of(found) {
            prop_assert!(key.0 >= seen_at, "{:?} before the event was seen", key);
            prop_assert!(may_differ(found), "{:?} changed", key);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_late_status_changes_only_windows_up_to_the_next_renewal(
        story in foreseen_stories(),
        place in (any::<Index>(), 0..1_000_i64),
        state in select(ServiceState::ALL.as_slice()),
    ) {
        keeps_to_its_scope(&story, &pair(&story, place, Some(state)))?;
    }

    #[test]
    fn a_late_session_changes_only_the_windows_that_it_meets(
        story in foreseen_stories(),
        place in (any::<Index>(), 0..1_000_i64),
    ) {
        keeps_to_its_scope(&story, &pair(&story, place, None))?;
    }

    #[test]
    fn no_hour_changes_after_it_is_final_whatever_the_directory_says(
        story in stories(),
        later_hours in 0..12_i64,
    ) {
        let mut log = story.log();
        for item in &mut log.directory {
            item.read_at = item.read_at + Span::from_hours(later_hours);
        }
        let task = run(&story, &log, true);
        let mut finals = BTreeSet::new();
        for output in &task.outputs {
            let (_, key) = key_of(output);
            prop_assert!(!finals.contains(&key), "{} after its final record", key);
            if phase_of(output) == Some(Phase::Final) {
                finals.insert(key);
            }
        }
    }
}
