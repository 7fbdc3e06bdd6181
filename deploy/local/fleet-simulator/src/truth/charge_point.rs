//! The account of one charge point, and its hours (chapters 7 and 9).

use domain::indicator::{FailureGauges, Vector};
use domain::{ChargePointId, ChargePointState, Policy, Timestamp, Window};

use super::failure::{self, Episode};
use super::line::{self, Interval, state_at, time_in};
use super::log::ChargePointLog;
use super::session_book::{self, Session};
use super::status_book::{self, StatusIdentity};

/// Everything that the records of a charge point say at a cut.
#[derive(Debug, Clone)]
pub struct Account {
    /// The charge point.
    pub charge_point_id: ChargePointId,
    /// Nominal power, W; 0 when unknown.
    pub power_w: i64,
    /// Window of its earliest event: it has a record from there on.
    pub first_window: Window,
    /// Its statuses.
    pub statuses: Vec<StatusIdentity>,
    /// Its sessions in the processor's book.
    pub sessions: Vec<Session>,
    /// Its states from the start of the first window on.
    pub line: Vec<Interval<ChargePointState>>,
    /// Its failures.
    pub episodes: Vec<Episode>,
}

/// One hour of a charge point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargePointHour {
    /// The hour.
    pub window: Window,
    /// What is counted.
    pub vector: Vector,
    /// State in the last millisecond.
    pub state_at_end: ChargePointState,
    /// Failures open at the end.
    pub gauges: FailureGauges,
}

impl Account {
    /// The account of a charge point at `cut`, its states drawn up to `until`; none while nothing
    /// was applied.
    pub fn at(
        log: &ChargePointLog,
        cut: Timestamp,
        until: Timestamp,
        policy: &Policy,
    ) -> Option<Self> {
        let status_records: Vec<_> = log
            .statuses
            .iter()
            .copied()
            .filter(|status| status.is_applied(cut, policy))
            .collect();
        let session_records: Vec<_> = log
            .sessions
            .iter()
            .copied()
            .filter(|session| session.is_applied(cut, policy))
            .collect();
        let statuses = status_book::identities(&status_records);
        let sessions = session_book::sessions(&session_records, log.power_w, policy);

        let event_times = statuses.iter().map(|status| status.event_time);
        let starts = sessions.iter().map(|session| session.start);
        let first_window = Window::of(event_times.chain(starts).min()?);

        // A status may lie up to the future tolerance after the cut: it is drawn when it is due.
        let due = statuses.partition_point(|status| status.event_time < until);
        let winners = statuses.get(..due).unwrap_or_default();
        let line = line::draw(winners, first_window.start(), until, policy);
        let episodes = failure::of_charge_point(winners, &line);
        Some(Self {
            charge_point_id: log.charge_point_id.clone(),
            power_w: log.power_w,
            first_window,
            statuses,
            sessions,
            line,
            episodes,
        })
    }

    /// One hour of it, which must not lie before its first window.
    pub fn hour(&self, window: Window, policy: &Policy) -> ChargePointHour {
        let mut vector = Vector::default();
        self.add_times(&mut vector, window);
        self.add_failures(&mut vector, window, policy);
        self.add_statuses(&mut vector, window, policy);
        self.add_sessions(&mut vector, window, policy);

        let last_ms = window.end() - domain::Span::from_ms(1);
        let open = self
            .episodes
            .iter()
            .filter(|episode| episode.is_open_before(window.end()));
        let ages = open.map(|episode| (window.end() - episode.opened_at).as_ms());
        let gauges = FailureGauges {
            open_failures_at_end: status_book::count(ages.clone().count()),
            oldest_open_failure_ms: ages.max().unwrap_or(0),
        };
        let state_at_end = state_at(&self.line, last_ms).unwrap_or(ChargePointState::Inactive);
        ChargePointHour {
            window,
            vector,
            state_at_end,
            gauges,
        }
    }

    fn add_times(&self, vector: &mut Vector, window: Window) {
        let time = |wanted| {
            time_in(&self.line, window.start(), window.end(), |state| {
                state == wanted
            })
            .as_ms()
        };
        vector.free_ms = time(ChargePointState::Free);
        vector.occupied_ms = time(ChargePointState::Occupied);
        vector.reserved_ms = time(ChargePointState::Reserved);
        vector.in_service_ms = time(ChargePointState::InService);
        vector.out_of_service_ms = time(ChargePointState::OutOfService);
        vector.unknown_short_ms = time(ChargePointState::UnknownShort);
        vector.unknown_long_ms = time(ChargePointState::UnknownLong);
        vector.closed_ms = time(ChargePointState::Closed);
        vector.inactive_ms = time(ChargePointState::Inactive);
    }

    fn add_failures(&self, vector: &mut Vector, window: Window, policy: &Policy) {
        let [two_hours, one_day, one_week] = policy.recovery_classes;
        for episode in self
            .episodes
            .iter()
            .filter(|episode| !episode.left_censored)
        {
            if window.contains(episode.opened_at) {
                vector.failures += 1;
            }
            let Some(closed_at) = episode.end.map(|end| end.closed_at) else {
                continue;
            };
            if window.contains(closed_at) {
                let time_to_return = closed_at - episode.opened_at;
                vector.returns += 1;
                vector.time_to_return_ms += time_to_return.as_ms();
                if time_to_return < two_hours {
                    vector.returns_under_2h += 1;
                } else if time_to_return < one_day {
                    vector.returns_2h_to_24h += 1;
                } else if time_to_return < one_week {
                    vector.returns_24h_to_7d += 1;
                } else {
                    vector.returns_over_7d += 1;
                }
            }
        }
    }

    fn add_statuses(&self, vector: &mut Vector, window: Window, policy: &Policy) {
        for status in self
            .statuses
            .iter()
            .filter(|status| window.contains(status.event_time))
        {
            vector.statuses += 1;
            vector.duplicate_statuses += status.duplicates;
            vector.conflicting_statuses += status.conflicts;
            vector.late_statuses += i64::from(status.is_late(policy));
            vector.inconsistent_statuses += i64::from(status.is_inconsistent());
            vector.status_delay_ms += status.delay().as_ms();
            vector.fresh_statuses += i64::from(status.delay() <= policy.fresh_limit);
        }
    }

    fn add_sessions(&self, vector: &mut Vector, window: Window, policy: &Policy) {
        for session in self
            .sessions
            .iter()
            .filter(|session| window.contains(session.start))
        {
            vector.sessions += 1;
            vector.duplicate_sessions += session.duplicates;
            vector.successful_sessions_2min +=
                i64::from(session.is_successful(policy.success_short, policy));
            vector.successful_sessions_3min +=
                i64::from(session.is_successful(policy.success_long, policy));
            if session.is_flagged {
                vector.flagged_sessions += 1;
                vector.flagged_energy_wh += session.energy_wh;
            } else {
                vector.session_ms += session.duration().as_ms();
                vector.energy_wh += session.energy_wh;
            }
        }
    }
}
