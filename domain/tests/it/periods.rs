//! Sums over time: hours add up to days, provisional and rest to the closed hour; and translation.

use std::collections::BTreeMap;

use domain::engine::Output;
use domain::indicator::{Phase, StationSweep, Vector};
use domain::{
    ChargePointId, ChargePointIndicator, Span, StationId, StationIndicator, Timestamp, Window,
};
use oracle::entry::DirectoryRecord;
use oracle::{Account, StationAccount};
use proptest::prelude::*;

use crate::cases::{charge_points, stations};
use crate::judge::{logs, run};
use crate::story::{BEGIN, Size, Story, other_policy, policy, stories, stories_of};
use crate::task::{Item, Log};

/// Enough to fill days of Europe/Paris on both sides of a change of the clock.
const DAYS: Size = Size {
    hours: 50,
    events: 60,
    changes: 5,
    charge_points: 2,
};

/// Days of Europe/Paris around the end and the beginning of summer time in 2025: lengths in hours.
const DAYS_AROUND: [(i64, [i64; 2]); 2] =
    [(1_743_202_800_000, [24, 23]), (1_761_343_200_000, [24, 25])];

proptest! {
    #[test]
    fn hours_add_up_to_the_days_of_paris(
        story in stories_of(DAYS, prop_oneof![Just(policy()), Just(other_policy())]),
        (midnight_ms, hours) in proptest::sample::select(DAYS_AROUND.to_vec()),
    ) {
        let story = story.foreseen();
        let midnight = Timestamp::from_ms(midnight_ms);
        let log = translated(&story.log(), midnight - BEGIN);
        let task = run(&story, &log, false);
        let cut = task.cuts.last().map_or(midnight, |cut| cut.at);
        let mut start = midnight;
        for hours in hours {
            let end = start + Span::from_hours(hours);
            for (station_id, logs) in logs(&log) {
                let accounts: Vec<Account> = logs
                    .iter()
                    .filter_map(|log| Account::at(log, cut, cut, &story.policy))
                    .collect();
                for account in &accounts {
                    let ids = (&station_id, &account.charge_point_id);
                    let sum = sum_of_hours(&task.outputs, ids, (start, end));
                    let mut day = account.vector((start, end), &story.policy);
                    leave_out_unseen_sessions(&mut day, account, (start, end), &story);
                    prop_assert_eq!(sum, day, "{} from {:?}", account.charge_point_id, start);
                }
                let sum = sweep_of_hours(&task.outputs, &station_id, (start, end));
                let day = StationAccount::of(&accounts).sweep((start, end), &story.policy);
                prop_assert_eq!(sum, day, "{} from {:?}", station_id, start);
            }
            start = end;
        }
    }

    #[test]
    fn the_provisional_part_and_the_rest_are_the_closed_hour(
        story in stories(),
        permille in 0..1_000_i64,
    ) {
        let (sent, directory) = story.sent();
        let chosen = BEGIN + Span::from_ms(story.hours * 3_600 * permille);
        let cut = chosen.floor(story.policy.cut_every);
        // Nothing but ticks comes from the cut on.
        let items = sent.into_iter().map(|sent| sent.item);
        let items: Vec<Item> = items.filter(|item| item.received_at() < cut).collect();
        let directory = directory.into_iter().filter(|item| item.read_at < cut).collect();
        let mut log = Log::with_ticks(items, story.end(), |_| true);
        log.directory = directory;
        let task = run(&story, &log, true);
        let window = Window::of(cut - Span::from_ms(1));
        let closed_at = window.closes_at(&story.policy);
        for log in logs(&log).values().flatten() {
            let Some(account) = Account::at(log, closed_at, closed_at, &story.policy) else {
                continue;
            };
            let own = charge_points(&task.outputs).filter(|record| {
                record.charge_point_id == log.charge_point_id
                    && record.station_id == log.station_id
                    && record.window == window
            });
            let own: Vec<_> = own.collect();
            let at_cut = |record: &&&ChargePointIndicator| record.emission.version == cut;
            let closed = own.iter().find(|record| record.emission.phase == Phase::Closed);
            if let (Some(part), Some(closed)) = (own.iter().find(at_cut), closed) {
                prop_assert_eq!(part.emission.phase, Phase::Provisional);
                let mut sum = part.vector;
                sum.merge(&account.vector((cut, window.end()), &story.policy));
                prop_assert_eq!(sum, closed.vector);
            } else {
                prop_assert!(!account.has_record(window) || own.is_empty() == closed.is_none());
            }
        }
    }

    #[test]
    fn moving_all_times_by_whole_hours_moves_the_outputs_and_changes_nothing_else(
        story in stories(),
        hours in -500_000..200_000_i64,
    ) {
        let log = story.log();
        let by = Span::from_hours(hours);
        let moved_log = translated(&log, by);
        let moved = run(&story, &moved_log, true).outputs;
        let back: Vec<Output> = moved.into_iter().map(|output| moved_back(output, by)).collect();
        prop_assert_eq!(back, run(&story, &log, true).outputs);
    }
}

/// The final hours of a charge point summed; an hour without a record is wholly inactive.
fn sum_of_hours(
    outputs: &[Output],
    ids: (&StationId, &ChargePointId),
    (start, end): (Timestamp, Timestamp),
) -> Vector {
    let mut sum = Vector::default();
    let hours: BTreeMap<Window, &ChargePointIndicator> = charge_points(outputs)
        .filter(|record| (&record.station_id, &record.charge_point_id) == ids)
        .filter(|record| record.emission.phase == Phase::Final)
        .map(|record| (record.window, record))
        .collect();
    let mut window = Window::of(start);
    while window.start() < end {
        match hours.get(&window) {
            Some(hour) => sum.merge(&hour.vector),
            None => sum.inactive_ms += Window::LENGTH.as_ms(),
        }
        window = window.next();
    }
    sum
}

/// The final sweeps of a station summed, power apart, which is rounded by the hour.
fn sweep_of_hours(
    outputs: &[Output],
    station_id: &StationId,
    (start, end): (Timestamp, Timestamp),
) -> StationSweep {
    let mut sum = StationSweep::default();
    let inside = |record: &&StationIndicator| {
        let at = record.window.start();
        record.station_id == *station_id && start <= at && at < end
    };
    let finals = stations(outputs).filter(|record| record.emission.phase == Phase::Final);
    for record in finals.filter(inside) {
        sum.merge(&record.sweep);
    }
    StationSweep {
        up_kwms: 0,
        down_kwms: 0,
        required_kwms: 0,
        ..sum
    }
}

/// Takes out the sessions of hours without a record.
fn leave_out_unseen_sessions(
    day: &mut Vector,
    account: &Account,
    (start, end): (Timestamp, Timestamp),
    story: &Story,
) {
    let mut window = Window::of(start);
    while window.start() < end {
        if !account.has_record(window) {
            let mut unseen = account.hour(window, &story.policy).vector.to_array();
            unseen[8] = 0; // inactive_ms
            let seen = day.to_array();
            *day = Vector::from_array(std::array::from_fn(|index| seen[index] - unseen[index]));
        }
        window = window.next();
    }
}

/// The log with all times moved.
fn translated(log: &Log, by: Span) -> Log {
    let moved = |items: &[Item]| items.iter().map(|item| moved_item(item, by)).collect();
    let mut directory = log.directory.clone();
    for item in &mut directory {
        item.read_at = item.read_at + by;
        match &mut item.record {
            DirectoryRecord::Version(version) => {
                version.updated_at = version.updated_at + by;
                version.created_at = version.created_at + by;
                version.deleted_at = version.deleted_at.map(|at| at + by);
            }
            DirectoryRecord::Null(at) => *at = *at + by,
        }
    }
    Log {
        statuses: moved(&log.statuses),
        sessions: moved(&log.sessions),
        directory,
    }
}

fn moved_item(item: &Item, by: Span) -> Item {
    let micros = |at: domain::TimestampMicros| {
        domain::TimestampMicros::from_us(at.as_us() + by.as_ms() * 1000)
    };
    let mut moved = item.resent(by);
    match &mut moved {
        Item::Tick(_) => {}
        Item::Status(record) => record.event_time = micros(record.event_time),
        Item::Session(record) => {
            record.start = micros(record.start);
            record.end = micros(record.end);
        }
    }
    moved
}

fn moved_back(mut output: Output, by: Span) -> Output {
    let back = |at: &mut Timestamp| *at = *at - by;
    match &mut output {
        Output::ChargePoint(record) => {
            record.window = Window::of(record.window.start() - by);
            back(&mut record.emission.version);
            back(&mut record.emission.computed_at);
        }
        Output::Station(record) => {
            record.window = Window::of(record.window.start() - by);
            back(&mut record.emission.version);
            back(&mut record.emission.computed_at);
        }
        Output::Episode(record) => {
            back(&mut record.opened_at);
            back(&mut record.version);
            back(&mut record.computed_at);
            if let Some(end) = &mut record.end {
                back(&mut end.closed_at);
            }
        }
    }
    output
}
