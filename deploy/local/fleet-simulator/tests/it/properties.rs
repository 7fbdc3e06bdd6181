//! The truth of a random fleet keeps the invariants that every set of figures must keep.

use domain::indicator::{StationSweep, Vector};
use domain::{Policy, Timestamp, Window};
use fleet_simulator::plan::Folder;
use fleet_simulator::truth::read::{self, Source};
use oracle::{
    Account, ChargePointHour, ChargePointLog, StationAccount, StationHour, by_station,
    complete_windows,
};

use crate::fleet::{END_MS, make};

/// A clock at which everything sent is final.
const ALL_FINAL: Timestamp = Timestamp::from_ms(END_MS + 51 * 3_600_000);

fn logs() -> Vec<ChargePointLog> {
    let folder = make(&[
        "--seed",
        "5",
        "--charge-points",
        "40",
        "--days",
        "4",
        "--duplicate-percent",
        "10",
        "--conflict-percent",
        "5",
        "--late-percent",
        "10",
    ]);
    let logs = read::read(&Folder::new(folder.path()), Source::Deliveries).unwrap();
    assert_eq!(logs.unknown_charge_points, 0);
    logs.by_charge_point.into_values().collect()
}

fn account(log: &ChargePointLog) -> Option<Account> {
    Account::at(log, ALL_FINAL, ALL_FINAL, &Policy::qc_1())
}

/// The hours of a charge point that are complete.
fn hours(account: &Account) -> Vec<ChargePointHour> {
    let policy = Policy::qc_1();
    let windows = complete_windows(account.first_window, ALL_FINAL, &policy);
    windows
        .into_iter()
        .map(|window| account.hour(window, &policy))
        .collect()
}

/// The hours without the counts that a resend may change.
fn without_duplicates(account: &Account) -> Vec<ChargePointHour> {
    let without = |hour: ChargePointHour| {
        let vector = Vector {
            duplicate_statuses: 0,
            duplicate_sessions: 0,
            ..hour.vector
        };
        ChargePointHour { vector, ..hour }
    };
    hours(account).into_iter().map(without).collect()
}

#[test]
fn the_nine_states_fill_every_hour_and_every_record_is_counted_once() {
    for log in logs() {
        let Some(account) = account(&log) else {
            continue;
        };
        let mut sum = Vector::default();
        for hour in hours(&account) {
            assert_eq!(hour.vector.covered_ms(), Window::LENGTH.as_ms());
            sum.merge(&hour.vector);
        }
        let policy = Policy::qc_1();
        let statuses = log
            .statuses
            .iter()
            .filter(|status| status.is_applied(ALL_FINAL, &policy))
            .count();
        let sessions = log
            .sessions
            .iter()
            .filter(|session| session.is_applied(ALL_FINAL, &policy))
            .count();
        let counted = sum.statuses + sum.duplicate_statuses + sum.conflicting_statuses;
        assert_eq!(usize::try_from(counted).unwrap(), statuses);
        assert_eq!(
            usize::try_from(sum.sessions + sum.duplicate_sessions).unwrap(),
            sessions
        );
        let returns = sum.returns_under_2h
            + sum.returns_2h_to_24h
            + sum.returns_24h_to_7d
            + sum.returns_over_7d;
        assert_eq!(sum.returns, returns);
    }
}

#[test]
fn failures_minus_returns_are_the_failures_still_open() {
    for account in logs().iter().filter_map(account) {
        let censored = account
            .episodes
            .iter()
            .filter(|episode| episode.flags.left_censored);
        let mut open = 0;
        for hour in hours(&account) {
            open += hour.vector.failures - hour.vector.returns;
            let censored = censored
                .clone()
                .filter(|episode| episode.is_open_before(hour.window.end()))
                .count();
            assert_eq!(
                open + i64::try_from(censored).unwrap(),
                hour.gauges.open_failures_at_end
            );
        }
    }
}

#[test]
fn the_station_agrees_with_its_charge_points() {
    let mut stations = 0;
    for logs in by_station(logs()).values() {
        let accounts: Vec<Account> = logs.iter().filter_map(account).collect();
        let station = StationAccount::of(&accounts);
        let Some(first) = station.first_window else {
            continue;
        };
        let policy = Policy::qc_1();
        for window in complete_windows(first, ALL_FINAL, &policy) {
            let known = accounts
                .iter()
                .filter(|account| account.first_window <= window);
            let hours: Vec<_> = known.map(|account| account.hour(window, &policy)).collect();
            check_station(&station.hour(window, &hours, &policy));
        }
        stations += 1;
    }
    assert!(stations > 5, "{stations} stations");
}

fn check_station(hour: &StationHour) {
    let StationSweep {
        any_up_ms,
        any_unknown_ms,
        all_down_ms,
        every_up_ms,
        every_unknown_ms,
        some_down_ms,
        ..
    } = hour.sweep;
    let sweep = &hour.sweep;
    assert_eq!(
        hour.vector.covered_ms(),
        hour.charge_points * Window::LENGTH.as_ms()
    );
    assert_eq!(
        any_up_ms + any_unknown_ms + all_down_ms,
        every_up_ms + every_unknown_ms + some_down_ms
    );
    assert!(any_up_ms + any_unknown_ms + all_down_ms <= Window::LENGTH.as_ms());
    assert!(every_up_ms <= any_up_ms && all_down_ms <= sweep.out_of_service_station_ms);
    assert_eq!(
        sweep.idle_ms + sweep.active_ms + sweep.overloaded_ms + sweep.saturated_ms,
        any_up_ms
    );
    assert!(sweep.up_kwms + sweep.down_kwms <= sweep.required_kwms);
}

#[test]
fn sending_everything_again_later_changes_the_duplicate_counts_only() {
    for log in logs() {
        let mut resent = log.clone();
        // At the last instant at which each record is still applied.
        let last =
            |end: Timestamp| Window::of(end).final_at(&Policy::qc_1()) - domain::Span::from_ms(1);
        resent.statuses.extend(log.statuses.iter().map(|status| {
            let mut again = *status;
            again.received_at = last(status.event_time);
            again.stamp = again.received_at;
            again
        }));
        resent.sessions.extend(log.sessions.iter().map(|session| {
            let mut again = *session;
            again.received_at = session.received_at.max(last(session.start));
            again.stamp = again.received_at;
            again
        }));
        resent.statuses.sort_by_key(|status| status.received_at);
        resent.sessions.sort_by_key(|session| session.received_at);
        let (Some(once), Some(twice)) = (account(&log), account(&resent)) else {
            continue;
        };
        assert_eq!(without_duplicates(&once), without_duplicates(&twice));
        assert_eq!(once.episodes, twice.episodes);
    }
}

#[test]
fn moving_everything_by_whole_hours_moves_the_hours_and_changes_nothing_else() {
    let by = domain::Span::from_hours(7);
    for log in logs() {
        let mut moved = log.clone();
        for status in &mut moved.statuses {
            (status.event_time, status.received_at) =
                (status.event_time + by, status.received_at + by);
            status.stamp = status.received_at;
        }
        for session in &mut moved.sessions {
            (session.start, session.end) = (session.start + by, session.end + by);
            session.received_at = session.received_at + by;
            session.stamp = session.received_at;
        }
        let policy = Policy::qc_1();
        let Some(account) = account(&log) else {
            continue;
        };
        let later = Account::at(&moved, ALL_FINAL + by, ALL_FINAL + by, &policy).unwrap();
        for hour in hours(&account) {
            let same = later.hour(Window::of(hour.window.start() + by), &policy);
            assert_eq!(
                (same.vector, same.state_at_end, same.gauges),
                (hour.vector, hour.state_at_end, hour.gauges)
            );
        }
    }
}
