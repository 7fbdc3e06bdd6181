//! Rules at their bounds: the very last or first instant, record or unit that counts.

use domain::engine::{Arrival, DirectoryChange, Outcome, Output};
use domain::indicator::Phase;
use domain::{
    ChargePointIndicator, Cut, EpisodeOutcome, EventInput, Occupancy, ServiceState, Span, TaskClock,
};

use super::{Bench, DAY, ONE, TWO, after, episodes, records};
use crate::build::{entry, payload, status};
use crate::cases::stations;

/// The first hour of ONE, closed: its record and that of the station.
fn first_hour(bench: &mut Bench) -> (ChargePointIndicator, domain::StationIndicator) {
    let published = bench.cut(70, true);
    let record = *records(&published).first().unwrap();
    let station = stations(&published).next().unwrap();
    assert_eq!(
        (record.window.start(), record.charge_point_id.as_str()),
        (DAY, ONE)
    );
    (record.clone(), station.clone())
}

#[test]
fn a_session_that_ends_in_the_future_is_from_the_future() {
    let mut bench = Bench::new();
    let ahead = Span::from_minutes(2);
    let outcome = bench.session((0, 12), 10, 500);
    assert_eq!(outcome, Outcome::FromTheFuture { ahead });
    assert_eq!(bench.session((0, 11), 10, 500), Outcome::Counted);
}

#[test]
fn a_cut_is_quiet_when_the_next_record_is_stamped_at_the_next_cut() {
    for (seconds, quiet) in [(299, false), (300, true)] {
        let mut clock = TaskClock::new(Span::from_minutes(5));
        for input in [EventInput::Status, EventInput::Session] {
            let _held = clock.offer(input, DAY);
        }
        clock.cut_taken();
        let next = after(5) + Span::from_seconds(seconds);
        for input in [EventInput::Status, EventInput::Session] {
            let _held = clock.offer(input, next);
        }
        assert_eq!(
            clock.due_cut(),
            Some(Cut {
                at: after(5),
                quiet
            })
        );
    }
}

#[test]
fn the_power_that_judges_a_session_is_that_of_the_start_of_its_window() {
    let mut bench = Bench::new();
    let before = entry(ONE, 22.0, DAY);
    let mut change = entry(ONE, 7.0, after(10));
    change.revision = 2;
    for version in [&before, &change] {
        bench
            .engine
            .observe_charge_point(DirectoryChange::Put(version));
    }
    let _counted = bench.session((20, 30), 30, 3_900);
    let _counted = bench.session((80, 90), 90, 3_900);
    bench.cut(150, false);
    let all = records(&bench.outputs);
    let closed = all
        .iter()
        .filter(|record| record.emission.phase == Phase::Closed);
    let found: Vec<_> = closed
        .map(|record| (record.power_w, record.vector.flagged_sessions))
        .collect();
    assert_eq!(found, [(22_000, 0), (7_000, 1)], "3.9 kWh in 10 min");
}

#[test]
fn a_null_record_of_the_directory_withdraws() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    let _counted = bench.status(ONE, 30, 30, ServiceState::OutOfService);
    let charge_point_id = entry(ONE, 22.0, DAY).charge_point_id().clone();
    bench.engine.observe_charge_point(DirectoryChange::Remove {
        charge_point_id: &charge_point_id,
        at: after(90),
    });
    bench.cut(240, false);
    let all = records(&bench.outputs);
    let last = all.last().unwrap();
    assert_eq!(last.window.start(), after(60));
    assert_eq!(last.vector.out_of_service_ms, 30 * 60_000);
    let outcome = episodes(&bench.outputs).last().unwrap().outcome;
    assert_eq!(outcome, EpisodeOutcome::Withdrawn);
}

#[test]
fn a_status_received_at_the_very_closing_of_its_window_is_late() {
    for (seconds, late) in [(4_199, 0), (4_200, 1)] {
        let mut bench = Bench::new();
        let _counted = bench.status(TWO, 0, 0, ServiceState::InService);
        let free = payload(ServiceState::InService, Occupancy::Free);
        let received_at = DAY + Span::from_seconds(seconds);
        let _counted = bench.says(after(59), received_at, free);
        let published = bench.cut(75, true);
        let record = records(&bench.outputs)
            .into_iter()
            .rfind(|record| record.charge_point_id.as_str() == ONE);
        let record = record.unwrap_or_else(|| panic!("no record in {published:?}"));
        assert_eq!(record.vector.late_statuses, late);
    }
}

#[test]
fn a_status_that_arrives_before_its_time_has_no_delay() {
    let mut bench = Bench::new();
    let free = payload(ServiceState::InService, Occupancy::Free);
    let seconds = Span::from_seconds;
    let _counted = bench.says(DAY + seconds(60), DAY + seconds(20), free);
    let _counted = bench.says(DAY + seconds(70), DAY + seconds(75), free);
    let (record, _) = first_hour(&mut bench);
    assert_eq!(record.vector.status_delay_ms, 5_000);
    assert_eq!(record.vector.fresh_statuses, 2);
}

#[test]
fn a_status_is_inconsistent_by_its_winner() {
    let down = ServiceState::OutOfService;
    let occupied = payload(down, Occupancy::Occupied);
    let free = payload(ServiceState::InService, Occupancy::Free);
    for (contents, expected) in [([occupied, free], 0), ([free, occupied], 1)] {
        let mut bench = Bench::new();
        for (second, content) in [1, 2].into_iter().zip(contents) {
            let _any = bench.says(DAY, DAY + Span::from_seconds(second), content);
        }
        let (record, _) = first_hour(&mut bench);
        assert_eq!(record.vector.inconsistent_statuses, expected);
        assert_eq!(record.vector.conflicting_statuses, 1);
    }
}

#[test]
fn power_times_time_is_rounded_down_once_per_charge_point() {
    let mut bench = Bench::new();
    for id in [ONE, TWO] {
        bench
            .engine
            .observe_charge_point(DirectoryChange::Put(&entry(id, 7.4, DAY)));
        let _counted = bench.status(id, 0, 0, ServiceState::InService);
    }
    let down = payload(ServiceState::OutOfService, Occupancy::Unknown);
    let last = after(60) - Span::from_ms(1);
    let _counted = bench.says(last, last, down);
    let (_, station) = first_hour(&mut bench);
    // 7.4 kW for 3,599,999 ms are 26,639,992.6 kW·ms, for 1 ms 7.4, for an hour 26,640,000.
    assert_eq!(station.sweep.up_kwms, 26_639_992 + 26_640_000);
    assert_eq!(station.sweep.down_kwms, 7);
    assert_eq!(station.sweep.required_kwms, 2 * 26_640_000);
}

#[test]
fn the_failure_of_a_station_stays_open_when_its_last_charge_point_falls_silent() {
    let mut bench = Bench::new();
    for (minute, state) in [
        (0, ServiceState::InService),
        (10, ServiceState::OutOfService),
        (20, ServiceState::Unknown),
    ] {
        let _counted = bench.status(ONE, minute, minute, state);
    }
    bench.cut(31 * 24 * 60, true);
    let of_station = bench.outputs.iter().rev().find_map(|output| match output {
        Output::Episode(episode) if episode.charge_point_id.is_none() => Some(episode),
        Output::Episode(_) | Output::ChargePoint(_) | Output::Station(_) => None,
    });
    let last = of_station.unwrap();
    assert_eq!(
        (last.outcome, last.opened_at),
        (EpisodeOutcome::Open, after(10))
    );
    let all = records(&bench.outputs);
    let last = all.iter().max_by_key(|record| record.window).unwrap();
    assert_eq!(last.state_at_end, domain::ChargePointState::Inactive);
}

#[test]
fn every_up_status_is_a_return_to_service() {
    for occupancy in Occupancy::ALL {
        let mut bench = Bench::new();
        let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
        let _counted = bench.status(ONE, 10, 10, ServiceState::OutOfService);
        let back = payload(ServiceState::InService, occupancy);
        let _counted = bench.says(after(40), after(40), back);
        bench.cut(70, true);
        let episode = *episodes(&bench.outputs).last().unwrap();
        assert_eq!(episode.outcome, EpisodeOutcome::Returned, "{occupancy:?}");
        assert_eq!(episode.end.unwrap().time_to_return_ms, 30 * 60_000);
    }
}

#[test]
fn the_time_up_of_a_station_is_divided_by_its_group_state() {
    let hour_ms = 60 * 60_000;
    for (all, expected) in [
        (1, [hour_ms, 0, 0, 0]),
        (5, [0, hour_ms, 0, 0]),
        (6, [0, 0, hour_ms, 0]),
        (11, [0, 0, 0, hour_ms]),
    ] {
        let mut bench = Bench::new();
        let free = payload(ServiceState::InService, Occupancy::Free);
        let _counted = bench.says(DAY, DAY, free);
        for number in 2..=all {
            let occupied = payload(ServiceState::InService, Occupancy::Occupied);
            let record = status(&format!("FRTSTETEST{number}"), DAY, DAY, occupied);
            let arrival = Arrival {
                stamp: DAY,
                offset: number,
            };
            let _counted = bench.engine.observe_status(&record, arrival);
        }
        let (_, station) = first_hour(&mut bench);
        let sweep = station.sweep;
        let states = [
            sweep.idle_ms,
            sweep.active_ms,
            sweep.overloaded_ms,
            sweep.saturated_ms,
        ];
        assert_eq!(
            (states, sweep.any_up_ms),
            (expected, hour_ms),
            "1 free of {all}"
        );
    }
}

#[test]
fn of_two_versions_of_one_instant_the_greater_revision_is_in_force() {
    for revisions in [[1, 2], [2, 1]] {
        let mut bench = Bench::new();
        for revision in revisions {
            let power_kw = if revision == 1 { 22.0 } else { 50.0 };
            let mut version = entry(ONE, power_kw, DAY);
            version.revision = revision;
            bench
                .engine
                .observe_charge_point(DirectoryChange::Put(&version));
        }
        let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
        let (record, _) = first_hour(&mut bench);
        assert_eq!(record.power_w, 50_000, "{revisions:?}");
    }
}

#[test]
fn of_two_contents_received_at_once_the_greater_offset_wins() {
    let free = payload(ServiceState::InService, Occupancy::Free);
    let occupied = payload(ServiceState::InService, Occupancy::Occupied);
    for writings in [[(3, occupied), (7, free)], [(7, free), (3, occupied)]] {
        let mut bench = Bench::new();
        for (offset, content) in writings {
            let record = status(ONE, DAY, DAY, content);
            let arrival = Arrival { stamp: DAY, offset };
            let _any = bench.engine.observe_status(&record, arrival);
        }
        let (record, _) = first_hour(&mut bench);
        assert_eq!(record.vector.free_ms, 60 * 60_000);
    }
}

#[test]
fn before_the_first_version_of_the_directory_that_version_is_in_force() {
    let mut bench = Bench::new();
    let first = entry(ONE, 22.0, after(30));
    bench
        .engine
        .observe_charge_point(DirectoryChange::Put(&first));
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    let (record, _) = first_hour(&mut bench);
    assert_eq!(record.power_w, 22_000);
}

#[test]
fn a_session_does_not_bring_back_what_was_withdrawn_and_a_status_does() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    let mut withdrawn = entry(ONE, 22.0, DAY);
    withdrawn.deleted_at = Some(after(30));
    bench
        .engine
        .observe_charge_point(DirectoryChange::Put(&withdrawn));
    let _counted = bench.session((130, 140), 140, 500);
    let _counted = bench.status(ONE, 250, 250, ServiceState::InService);
    bench.cut(310, true);
    let windows: Vec<_> = records(&bench.outputs)
        .iter()
        .map(|record| record.window.start())
        .collect();
    assert_eq!(windows, [DAY, after(240)]);
}

#[test]
fn a_failure_after_long_silence_may_have_begun_earlier_and_is_a_failure() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    let minute = 31 * 24 * 60;
    bench.cut(minute, true);
    let _counted = bench.status(ONE, minute, minute, ServiceState::OutOfService);
    bench.cut(minute + 70, true);
    let flags = episodes(&bench.outputs).last().unwrap().flags;
    assert!(flags.onset_uncertain && !flags.left_censored, "{flags:?}");
    assert_eq!(records(&bench.outputs).last().unwrap().vector.failures, 1);
}

#[test]
fn charge_points_out_of_service_count_among_the_active_when_few_are_free() {
    let mut bench = Bench::new();
    let occupied = payload(ServiceState::InService, Occupancy::Occupied);
    let _counted = bench.says(DAY, DAY, occupied);
    let _counted = bench.status(TWO, 0, 0, ServiceState::InService);
    for number in 3..=6 {
        let id = format!("FRTSTETEST{number}");
        let _counted = bench.status(&id, 0, 0, ServiceState::OutOfService);
    }
    let (_, station) = first_hour(&mut bench);
    assert_eq!(station.sweep.overloaded_ms, 60 * 60_000, "1 of 6 is free");
}

#[test]
fn a_record_that_did_not_change_is_not_emitted_again() {
    let mut bench = Bench::new();
    let of_first_hour = |published: &[Output]| {
        let all = records(published);
        let of_hour = all.iter().filter(|record| record.window.start() == DAY);
        of_hour.count()
    };
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    let _counted = bench.status(ONE, 90, 90, ServiceState::InService);
    assert_eq!(of_first_hour(&bench.cut(60, false)), 1);
    assert_eq!(
        of_first_hour(&bench.cut(65, false)),
        0,
        "still the same hour"
    );
    assert_eq!(of_first_hour(&bench.cut(70, false)), 1, "closed");
    bench.cut(200, true);
    let _late = bench.status(ONE, 10, 201, ServiceState::InService);
    let published = bench.cut(205, true);
    let windows: Vec<_> = records(&published)
        .iter()
        .map(|record| record.window.start())
        .collect();
    assert_eq!(windows, [DAY], "the later hours are as they were");
}

#[test]
fn a_session_of_exactly_110_percent_and_one_of_unknown_power_are_not_flagged() {
    for (power_kw, energy_wh, flagged) in
        [(60.0, 11_000, 0), (60.0, 11_001, 1), (0.0, 1_000_000, 0)]
    {
        let mut bench = Bench::new();
        bench
            .engine
            .observe_charge_point(DirectoryChange::Put(&entry(ONE, power_kw, DAY)));
        let _counted = bench.session((0, 10), 10, energy_wh);
        let (record, _) = first_hour(&mut bench);
        assert_eq!(record.vector.flagged_sessions, flagged, "{energy_wh} Wh");
    }
}
