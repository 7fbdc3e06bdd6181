//! Single rules, each on the smallest log that shows it.

mod aftermath;
mod bounds;
mod late_sessions;

use domain::engine::{Arrival, DirectoryChange, Outcome, Output};
use domain::indicator::Phase;
use domain::status::StatusPayload;
use domain::{
    ChargePointIndicator, Cut, Engine, EpisodeOutcome, FailureEpisode, Occupancy, Policy,
    ServiceState, Span, StationId, Timestamp,
};

use crate::build::{STATION, entry, payload, session, status};
use crate::cases::{charge_points, stations};
use crate::task::take_cut;

const ONE: &str = "FRTSTETEST1";
const TWO: &str = "FRTSTETEST2";
const DAY: Timestamp = Timestamp::from_ms(1_736_121_600_000);

fn after(minutes: i64) -> Timestamp {
    DAY + Span::from_minutes(minutes)
}

/// An engine and what it published.
struct Bench {
    engine: Engine,
    outputs: Vec<Output>,
    clock: Timestamp,
}

impl Bench {
    fn new() -> Self {
        Self {
            engine: Engine::new(Policy::qc_1(), true),
            outputs: Vec::new(),
            clock: DAY,
        }
    }

    /// A status at a minute, received at another.
    fn status(&mut self, id: &str, minute: i64, received: i64, state: ServiceState) -> Outcome {
        let occupancy = match state {
            ServiceState::InService => Occupancy::Free,
            ServiceState::OutOfService | ServiceState::Unknown => Occupancy::Unknown,
        };
        let record = status(
            id,
            after(minute),
            after(received),
            payload(state, occupancy),
        );
        let arrival = Arrival {
            stamp: after(received).max(self.clock),
            offset: received,
        };
        self.engine.observe_status(&record, arrival)
    }

    /// A status of ONE, to the millisecond.
    fn says(
        &mut self,
        event_time: Timestamp,
        received_at: Timestamp,
        content: StatusPayload,
    ) -> Outcome {
        let record = status(ONE, event_time, received_at, content);
        let arrival = Arrival {
            stamp: received_at.max(self.clock),
            offset: received_at.as_ms(),
        };
        self.engine.observe_status(&record, arrival)
    }

    fn session(&mut self, minutes: (i64, i64), received: i64, energy_wh: i64) -> Outcome {
        let times = (after(minutes.0), after(minutes.1));
        let record = session(ONE, times, after(received), energy_wh);
        let arrival = Arrival {
            stamp: after(received).max(self.clock),
            offset: received,
        };
        self.engine.observe_session(&record, arrival)
    }

    /// Takes all cuts up to a minute; returns what the last one published.
    fn cut(&mut self, minute: i64, quiet: bool) -> Vec<Output> {
        let mut last = Vec::new();
        while self.clock < after(minute) {
            self.clock = self.clock + Policy::qc_1().cut_every;
            last.clear();
            let at = self.clock;
            take_cut(&mut self.engine, Cut { at, quiet }, &mut last);
            self.outputs.extend(last.iter().cloned());
        }
        last
    }
}

fn records(outputs: &[Output]) -> Vec<&ChargePointIndicator> {
    charge_points(outputs).collect()
}

fn episodes(outputs: &[Output]) -> Vec<&FailureEpisode> {
    let of_charge_point = outputs.iter().filter_map(|output| match output {
        Output::Episode(episode) if episode.charge_point_id.is_some() => Some(episode),
        Output::Episode(_) | Output::ChargePoint(_) | Output::Station(_) => None,
    });
    of_charge_point.collect()
}

#[test]
fn a_status_after_the_final_revision_changes_nothing() {
    let mut bench = Bench::new();
    let final_at = 60 + 25 * 60;
    assert_eq!(
        bench.status(ONE, 0, 0, ServiceState::InService),
        Outcome::Counted
    );
    bench.cut(final_at, false);
    let outcome = bench.status(ONE, 30, final_at, ServiceState::OutOfService);
    let lateness = Span::from_minutes(final_at - 30);
    assert_eq!(outcome, Outcome::TooLate { lateness });
    assert_eq!(bench.session((30, 40), final_at, 0), Outcome::AfterFinal);
    let next = bench.cut(final_at + 5, true);
    assert_eq!(next, []);
    let ahead = Span::from_minutes(2);
    let outcome = bench.status(ONE, final_at + 12, final_at + 10, ServiceState::InService);
    assert_eq!(outcome, Outcome::FromTheFuture { ahead });
}

#[test]
fn a_quiet_cut_makes_no_provisional_record_but_corrects_and_closes() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    assert_eq!(bench.cut(65, true), []);
    let closing = bench.cut(70, true);
    let phases: Vec<_> = records(&closing).iter().map(|r| r.emission.phase).collect();
    assert_eq!(phases, [Phase::Closed]);
    let _counted = bench.status(ONE, 30, 71, ServiceState::OutOfService);
    let correction = bench.cut(75, true);
    let [record] = records(&correction)[..] else {
        panic!("one record, found {correction:?}")
    };
    assert_eq!(record.emission.phase, Phase::Corrected);
    assert_eq!(record.vector.late_statuses, 1);
    assert_eq!(record.vector.out_of_service_ms, 30 * 60_000);
}

#[test]
fn a_provisional_record_covers_the_window_up_to_the_cut() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::OutOfService);
    let _ahead = bench.status(ONE, 10, 10, ServiceState::InService);
    let published = bench.cut(10, false);
    let [record] = records(&published)[..] else {
        panic!("one record, found {published:?}")
    };
    assert_eq!(record.vector.covered_ms(), 10 * 60_000);
    assert_eq!(record.vector.statuses, 1, "the second is not covered yet");
    assert_eq!(record.gauges.oldest_open_failure_ms, 10 * 60_000);
    let next = bench.cut(15, false);
    let [record] = records(&next)[..] else {
        panic!("one record, found {next:?}")
    };
    assert_eq!(
        (record.vector.statuses, record.vector.free_ms),
        (2, 5 * 60_000)
    );
    let [episode] = episodes(&next)[..] else {
        panic!("one episode, found {next:?}")
    };
    assert_eq!(episode.outcome, EpisodeOutcome::Returned);
}

#[test]
fn a_late_status_that_moves_an_opening_retracts_the_old_episode() {
    let mut bench = Bench::new();
    for (minute, state) in [
        (0, ServiceState::InService),
        (60, ServiceState::OutOfService),
    ] {
        let _counted = bench.status(ONE, minute, minute, state);
    }
    bench.cut(120, false);
    let _late = bench.status(ONE, 30, 121, ServiceState::OutOfService);
    let published = bench.cut(125, false);
    let found: Vec<_> = episodes(&published)
        .iter()
        .map(|episode| (episode.opened_at, episode.outcome, episode.revision))
        .collect();
    let expected = [
        (after(60), EpisodeOutcome::Retracted, 1),
        (after(30), EpisodeOutcome::Open, 0),
    ];
    assert_eq!(found, expected);
    let _up = bench.status(ONE, 45, 126, ServiceState::InService);
    let published = bench.cut(130, false);
    let found: Vec<_> = episodes(&published)
        .iter()
        .map(|episode| (episode.opened_at, episode.outcome, episode.revision))
        .collect();
    let expected = [
        (after(30), EpisodeOutcome::Returned, 1),
        (after(60), EpisodeOutcome::Open, 2),
    ];
    assert_eq!(found, expected, "a key that stands again goes on counting");
}

#[test]
fn a_withdrawal_ends_records_and_episodes_and_wins_over_a_status_of_the_same_millisecond() {
    let mut bench = Bench::new();
    let mut withdrawn = entry(ONE, 22.0, DAY);
    withdrawn.deleted_at = Some(after(90));
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    let _counted = bench.status(ONE, 30, 30, ServiceState::OutOfService);
    bench
        .engine
        .observe_charge_point(DirectoryChange::Put(&withdrawn));
    let _counted = bench.status(ONE, 90, 90, ServiceState::InService);
    bench.cut(60 * 5, false);
    let windows: Vec<_> = records(&bench.outputs)
        .iter()
        .map(|r| r.window.start())
        .collect();
    assert_eq!(windows.iter().max(), Some(&after(60)));
    let all = records(&bench.outputs);
    let last = all.last().unwrap();
    assert_eq!((last.vector.statuses, last.vector.returns), (1, 0));
    assert_eq!(last.vector.inactive_ms, 30 * 60_000);
    let all = episodes(&bench.outputs);
    let episode = all.last().unwrap();
    assert_eq!(episode.outcome, EpisodeOutcome::Withdrawn);
    assert_eq!(episode.end.unwrap().time_to_return_ms, 60 * 60_000);
    let _again = bench.status(ONE, 60 * 5, 60 * 5, ServiceState::OutOfService);
    let published = bench.cut(60 * 5 + 5, false);
    assert!(episodes(&published)[0].flags.left_censored);
    assert_eq!(records(&published).len(), 1);
}

#[test]
fn a_directory_entry_read_late_corrects_at_the_next_cut_and_once() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    let _counted = bench.session((5, 15), 15, 4_000);
    bench.cut(75, false);
    let change = entry(ONE, 7.0, DAY);
    bench
        .engine
        .observe_charge_point(DirectoryChange::Put(&change));
    let published = bench.cut(80, true);
    let [record] = records(&published)[..] else {
        panic!("one record, found {published:?}")
    };
    assert_eq!(
        (record.emission.phase, record.power_w),
        (Phase::Corrected, 7_000)
    );
    assert_eq!(record.vector.flagged_sessions, 1, "4 kWh in 10 min at 7 kW");
    let station = stations(&published).next().unwrap();
    assert_eq!(station.sweep.up_kwms, 7_000 * 3_600);
    bench
        .engine
        .observe_charge_point(DirectoryChange::Put(&change));
    assert_eq!(bench.cut(85, true), []);
}

#[test]
fn a_charge_point_that_changes_station_is_withdrawn_from_the_old_one() {
    let mut bench = Bench::new();
    bench
        .engine
        .observe_charge_point(DirectoryChange::Put(&entry(ONE, 22.0, DAY)));
    let _counted = bench.status(ONE, 0, 0, ServiceState::InService);
    bench.cut(30, false);
    let mut moved = entry(ONE, 22.0, after(40));
    moved.revision = 2;
    moved.irve.id_station_itinerance = StationId::parse("FRTSTPOTHER").unwrap();
    assert!(bench.engine.knows(moved.charge_point_id()));
    bench
        .engine
        .observe_charge_point(DirectoryChange::Put(&moved));
    bench.cut(180, false);
    let all = records(&bench.outputs);
    assert!(
        all.iter()
            .all(|record| record.station_id.as_str() == STATION)
    );
    assert_eq!(
        all.iter().map(|record| record.window.start()).max(),
        Some(DAY)
    );
    let last = all.last().unwrap();
    assert_eq!(last.vector.free_ms, 40 * 60_000);
    let at = after(200);
    let charge_point_id = moved.charge_point_id();
    let removal = DirectoryChange::Remove {
        charge_point_id,
        at,
    };
    bench.engine.observe_charge_point(removal);
    assert_eq!(bench.cut(205, false), []);
}

#[test]
fn a_station_fails_by_silence_of_its_last_unknown_charge_point() {
    let mut bench = Bench::new();
    let _counted = bench.status(ONE, 0, 0, ServiceState::Unknown);
    let _counted = bench.status(TWO, 0, 1, ServiceState::OutOfService);
    let silent_at = 30 * 24 * 60;
    bench.cut(silent_at, true);
    let published = bench.cut(silent_at + 5, true);
    let [Output::Episode(episode)] = published.as_slice() else {
        panic!("one episode, found {published:?}")
    };
    assert_eq!(
        (&episode.charge_point_id, episode.opened_at),
        (&None, after(silent_at))
    );
    assert!(episode.flags.onset_uncertain && !episode.flags.left_censored);
}
