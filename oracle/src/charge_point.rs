//! The account of one charge point, and its hours (chapters 7 and 9).

use domain::indicator::{FailureGauges, Vector};
use domain::{ChargePointId, ChargePointState, EpisodeOutcome, Policy, Span, Timestamp, Window};

use crate::count;
use crate::entry::{Entry, Place};
use crate::episode::{self, Episode};
use crate::line::{self, Axis, Interval, Standing, state_at, time_in};
use crate::log::ChargePointLog;
use crate::presence;
use crate::session_book::{self, Session};
use crate::status_book::{self, StatusIdentity};

/// Everything that the records of a charge point say at a cut.
#[derive(Debug, Clone)]
pub struct Account {
    /// The charge point.
    pub charge_point_id: ChargePointId,
    /// The directory, as far as it is known.
    pub entry: Entry,
    /// Window of its earliest event: its line starts there.
    pub first_window: Window,
    /// How far its line is drawn.
    pub until: Timestamp,
    /// Its statuses.
    pub statuses: Vec<StatusIdentity>,
    /// Its sessions in the processor's book.
    pub sessions: Vec<Session>,
    /// Its states.
    pub line: Vec<Interval<Standing>>,
    /// Its failures.
    pub episodes: Vec<Episode>,
    /// The windows for which it has records.
    pub spans: Vec<presence::Span>,
}

/// One hour of a charge point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargePointHour {
    /// The hour.
    pub window: Window,
    /// What the directory says, in force at its start.
    pub place: Place,
    /// What is counted.
    pub vector: Vector,
    /// State in the last millisecond covered.
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
        let mut status_records = log.statuses.clone();
        status_records.retain(|status| status.is_applied(cut, policy));
        let mut session_records = log.sessions.clone();
        session_records.retain(|session| session.is_applied(cut, policy));
        let entry = log.entry.seen_at(cut);
        let withdrawals = entry.withdrawn_at(policy);

        let statuses = status_book::identities(&status_records);
        let sessions = session_book::sessions(&session_records, &entry, policy);
        let event_times: Vec<_> = statuses.iter().map(|status| status.event_time).collect();
        let starts: Vec<_> = sessions.iter().map(|session| session.start).collect();
        let first_window = Window::of(event_times.iter().chain(&starts).min().copied()?);

        // A status may lie up to the future tolerance after the cut: it is drawn when it is due.
        let marks = line::marks(&statuses, &withdrawals, until);
        let line = line::draw(&marks, (first_window.start(), until), policy);
        Some(Self {
            charge_point_id: log.charge_point_id.clone(),
            first_window,
            until,
            episodes: episode::of_charge_point(&marks, &axes(&line)),
            spans: presence::spans(&event_times, &starts, &withdrawals),
            entry,
            statuses,
            sessions,
            line,
        })
    }

    /// Whether it has a record for `window`.
    pub fn has_record(&self, window: Window) -> bool {
        presence::holds(&self.spans, window)
    }

    /// What the records of one hour say, as far as it is drawn.
    pub fn hour(&self, window: Window, policy: &Policy) -> ChargePointHour {
        let covered = (window.start(), window.end().min(self.until));
        let last_ms = covered.1 - Span::from_ms(1);
        let standing = state_at(&self.line, last_ms);
        ChargePointHour {
            window,
            place: self.entry.in_force(window.start()),
            vector: self.vector(covered, policy),
            state_at_end: standing.map_or(ChargePointState::Inactive, |standing| standing.state),
            gauges: self.gauges(covered.1),
        }
    }

    /// What is counted within `[start, end)`, an hour or any other period.
    pub fn vector(&self, (start, end): (Timestamp, Timestamp), policy: &Policy) -> Vector {
        let mut vector = Vector::default();
        self.add_times(&mut vector, (start, end));
        let holds = |instant: Timestamp| start <= instant && instant < end;
        self.add_failures(&mut vector, holds, policy);
        self.add_statuses(&mut vector, holds, policy);
        self.add_sessions(&mut vector, holds, policy);
        vector
    }

    fn gauges(&self, covered_end: Timestamp) -> FailureGauges {
        let open = self.episodes.iter();
        let open = open.filter(|episode| episode.is_open_before(covered_end));
        let ages: Vec<i64> = open
            .map(|episode| (covered_end - episode.opened_at).as_ms())
            .collect();
        FailureGauges {
            open_failures_at_end: count(ages.len()),
            oldest_open_failure_ms: ages.into_iter().max().unwrap_or(0),
        }
    }

    /// Time in each state; what the line does not reach is inactive.
    fn add_times(&self, vector: &mut Vector, period: (Timestamp, Timestamp)) {
        let time_ms = |wanted| {
            let is_wanted = |standing: Standing| standing.state == wanted;
            time_in(&self.line, period, is_wanted).as_ms()
        };
        vector.free_ms = time_ms(ChargePointState::Free);
        vector.occupied_ms = time_ms(ChargePointState::Occupied);
        vector.reserved_ms = time_ms(ChargePointState::Reserved);
        vector.in_service_ms = time_ms(ChargePointState::InService);
        vector.out_of_service_ms = time_ms(ChargePointState::OutOfService);
        vector.unknown_short_ms = time_ms(ChargePointState::UnknownShort);
        vector.unknown_long_ms = time_ms(ChargePointState::UnknownLong);
        vector.closed_ms = time_ms(ChargePointState::Closed);
        vector.inactive_ms = time_ms(ChargePointState::Inactive);
        let drawn_ms = time_in(&self.line, period, |_| true).as_ms();
        vector.inactive_ms += (period.1 - period.0).as_ms() - drawn_ms;
    }

    fn add_failures(
        &self,
        vector: &mut Vector,
        holds: impl Fn(Timestamp) -> bool,
        policy: &Policy,
    ) {
        let [first, second, third] = policy.recovery_classes.map(Span::as_ms);
        let counted = self.episodes.iter();
        for episode in counted.filter(|episode| !episode.flags.left_censored) {
            vector.failures += i64::from(holds(episode.opened_at));
            let returned = episode.outcome == EpisodeOutcome::Returned;
            let Some(end) = episode.end.filter(|end| returned && holds(end.closed_at)) else {
                continue;
            };
            let time_to_return_ms = end.time_to_return_ms;
            vector.returns += 1;
            vector.time_to_return_ms += time_to_return_ms;
            if time_to_return_ms < first {
                vector.returns_under_2h += 1;
            } else if time_to_return_ms < second {
                vector.returns_2h_to_24h += 1;
            } else if time_to_return_ms < third {
                vector.returns_24h_to_7d += 1;
            } else {
                vector.returns_over_7d += 1;
            }
        }
    }

    fn add_statuses(
        &self,
        vector: &mut Vector,
        holds: impl Fn(Timestamp) -> bool,
        policy: &Policy,
    ) {
        let held = self.statuses.iter();
        for status in held.filter(|status| holds(status.event_time)) {
            vector.statuses += 1;
            vector.duplicate_statuses += status.duplicates;
            vector.conflicting_statuses += status.conflicts;
            vector.late_statuses += i64::from(status.is_late(policy));
            vector.inconsistent_statuses += i64::from(status.is_inconsistent());
            vector.status_delay_ms += status.delay().as_ms();
            vector.fresh_statuses += i64::from(status.delay() <= policy.fresh_limit);
        }
    }

    fn add_sessions(
        &self,
        vector: &mut Vector,
        holds: impl Fn(Timestamp) -> bool,
        policy: &Policy,
    ) {
        let held = self.sessions.iter();
        for session in held.filter(|session| holds(session.start)) {
            let succeeds = |least| i64::from(session.is_successful(least, policy));
            vector.sessions += 1;
            vector.duplicate_sessions += session.duplicates;
            vector.successful_sessions_2min += succeeds(policy.success_short);
            vector.successful_sessions_3min += succeeds(policy.success_long);
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

/// The line as failures see it.
fn axes(line: &[Interval<Standing>]) -> Vec<Interval<Axis>> {
    let axis = |interval: &Interval<Standing>| Interval {
        start: interval.start,
        end: interval.end,
        state: interval.state.axis,
    };
    line.iter().map(axis).collect()
}
