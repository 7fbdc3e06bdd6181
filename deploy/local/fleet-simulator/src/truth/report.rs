//! The command: read a fleet, compute its truth at an instant of the clock, write it.

use domain::{Policy, StationId, Timestamp};
use oracle::clock::last_cut;
use oracle::{
    Account, ChargePointHour, ChargePointLog, StationAccount, by_station, complete_windows,
};
use serde::Serialize;

use super::output::{EpisodeLine, HourLine};
use super::read::{self, Logs};
use crate::config::TruthArgs;
use crate::lines::JsonLines;
use crate::plan::Folder;

/// How much was computed, and what became of every record.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// The cut that the truth describes, ms since the epoch.
    cut_ms: i64,
    /// Charge points with at least one applied record.
    charge_points: u64,
    /// Stations of these.
    stations: u64,
    /// Hours written, of charge points.
    charge_point_hours: u64,
    /// Hours written, of stations.
    station_hours: u64,
    /// Episodes written, of both.
    episodes: u64,
    /// Statuses applied, copies and conflicts included.
    applied_statuses: u64,
    /// Sessions applied, copies included.
    applied_sessions: u64,
    /// Statuses stamped at the cut or later, too late or from the future.
    other_statuses: u64,
    /// Sessions stamped at the cut or later, or after their window was final.
    other_sessions: u64,
    /// Records of charge points outside the directory.
    unknown_charge_points: u64,
}

/// Where the truth is written; nowhere when no file is wanted.
#[derive(Debug)]
struct Sinks {
    hours: Option<JsonLines>,
    episodes: Option<JsonLines>,
}

/// Computes and writes the truth that `arguments` ask for.
///
/// # Errors
/// When a file cannot be read or written.
pub fn run(arguments: &TruthArgs) -> anyhow::Result<Summary> {
    let policy = Policy::qc_1();
    let cut = last_cut(Timestamp::from_ms(arguments.clock_ms), &policy);
    let Logs {
        by_charge_point,
        unknown_charge_points,
        ..
    } = read::read(&Folder::new(&arguments.dir), arguments.source)?;
    let mut sinks = Sinks {
        hours: arguments
            .hours
            .as_deref()
            .map(JsonLines::create)
            .transpose()?,
        episodes: arguments
            .episodes
            .as_deref()
            .map(JsonLines::create)
            .transpose()?,
    };
    let mut summary = Summary {
        cut_ms: cut.as_ms(),
        unknown_charge_points,
        ..Summary::default()
    };
    for (station_id, logs) in by_station(by_charge_point.into_values().collect()) {
        write_station(&station_id, &logs, cut, &mut sinks, &mut summary)?;
    }
    for sink in [sinks.hours, sinks.episodes].into_iter().flatten() {
        sink.finish()?;
    }
    Ok(summary)
}

/// Writes hours and episodes of one station and of its charge points.
fn write_station(
    station_id: &StationId,
    logs: &[ChargePointLog],
    cut: Timestamp,
    sinks: &mut Sinks,
    summary: &mut Summary,
) -> anyhow::Result<()> {
    let policy = Policy::qc_1();
    summary.count_records(logs, cut, &policy);
    let accounts: Vec<Account> = logs
        .iter()
        .filter_map(|log| Account::at(log, cut, cut, &policy))
        .collect();
    let station = StationAccount::of(&accounts);
    let Some(first_window) = station.first_window else {
        return Ok(());
    };
    summary.stations += 1;
    summary.charge_points += accounts.len() as u64;

    if let Some(sink) = &mut sinks.hours {
        for window in complete_windows(first_window, cut, &policy) {
            let mut hours: Vec<ChargePointHour> = Vec::new();
            for account in accounts.iter().filter(|account| account.has_record(window)) {
                let hour = account.hour(window, &policy);
                sink.write(&HourLine::of_charge_point(station_id, account, &hour))?;
                hours.push(hour);
            }
            sink.write(&HourLine::of_station(
                station_id,
                &station.hour(window, &hours, &policy),
            ))?;
            summary.charge_point_hours += hours.len() as u64;
            summary.station_hours += 1;
        }
    }
    if let Some(sink) = &mut sinks.episodes {
        let of_charge_points = accounts.iter().flat_map(|account| {
            account
                .episodes
                .iter()
                .map(move |episode| (Some(account), episode))
        });
        let of_station = station.episodes.iter().map(|episode| (None, episode));
        for (account, episode) in of_charge_points.chain(of_station) {
            sink.write(&EpisodeLine::new(station_id, account, episode))?;
            summary.episodes += 1;
        }
    }
    Ok(())
}

impl Summary {
    fn count_records(&mut self, logs: &[ChargePointLog], cut: Timestamp, policy: &Policy) {
        for log in logs {
            let statuses = log
                .statuses
                .iter()
                .filter(|status| status.is_applied(cut, policy))
                .count();
            let sessions = log
                .sessions
                .iter()
                .filter(|session| session.is_applied(cut, policy))
                .count();
            self.applied_statuses += statuses as u64;
            self.applied_sessions += sessions as u64;
            self.other_statuses += (log.statuses.len() - statuses) as u64;
            self.other_sessions += (log.sessions.len() - sessions) as u64;
        }
    }
}
