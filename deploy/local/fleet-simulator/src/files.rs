//! The command: make a fleet and write its files.
//!
//! All deliveries are held in memory, about 300 bytes each: 165,000 charge points live for a day in
//! about 1.5 GB.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use domain::{Span, Timestamp};
use serde::Serialize;

use crate::behaviour::{self, Period, StationLife};
use crate::config::FilesArgs;
use crate::deliver::Courier;
use crate::deliver::planned::{Body, Planned};
use crate::dice::Dice;
use crate::fleet::FleetPoint;
use crate::fleet::invent::{self, STATION_STREAMS};
use crate::lines::JsonLines;
use crate::plan::{Folder, Kind};
use crate::real::{self, Visits};

/// Streams of the lives of stations start here.
const LIFE_STREAMS: u64 = STATION_STREAMS * 2;

/// What was made.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    /// The seed.
    seed: u64,
    /// First instant of the period, ms since the epoch.
    start_ms: i64,
    /// First instant after the period, ms since the epoch.
    end_ms: i64,
    /// Charge points in the directory.
    charge_points: u64,
    /// Their stations.
    stations: u64,
    /// Failures drawn.
    failures: u64,
    /// Deliveries, invalid ones included.
    deliveries: u64,
    /// Valid statuses, copies and conflicts included.
    statuses: u64,
    /// Valid sessions, copies and conflicts included.
    sessions: u64,
    /// Invalid deliveries by expected code.
    refused: BTreeMap<&'static str, u64>,
    /// Different instants of reception.
    instants: u64,
    /// Reception of the first delivery, ms since the epoch.
    first_received_ms: Option<i64>,
    /// Reception of the last delivery, ms since the epoch.
    last_received_ms: Option<i64>,
}

/// The fleet and its period.
struct Fleet {
    points: Vec<FleetPoint>,
    visits: Option<Visits>,
    period: Period,
}

/// Makes the fleet that `arguments` ask for.
///
/// # Errors
/// When real files cannot be read or the folder cannot be written.
pub fn run(arguments: &FilesArgs) -> anyhow::Result<Summary> {
    let fleet = fleet(arguments)?;
    ensure!(
        !fleet.points.is_empty(),
        "the fleet is empty: ask for at least one charge point"
    );
    std::fs::create_dir_all(&arguments.out)
        .with_context(|| format!("creating {}", arguments.out.display()))?;
    let folder = Folder::new(&arguments.out);

    let mut summary = Summary {
        seed: arguments.seed,
        start_ms: fleet.period.start.as_ms(),
        end_ms: fleet.period.end.as_ms(),
        charge_points: fleet.points.len() as u64,
        ..Summary::default()
    };
    let mut directory = JsonLines::create(&folder.statique())?;
    for point in &fleet.points {
        directory.write(&point.row)?;
    }
    directory.finish()?;

    let mut planned = live(&fleet, arguments, &mut summary);
    // Stable: what one charge point sends at one instant stays in its order.
    planned.sort_by_key(|delivery| delivery.received_at);
    summary.count(&planned);
    let mut deliveries = JsonLines::create(&folder.deliveries())?;
    for delivery in &planned {
        deliveries.write(delivery)?;
    }
    deliveries.finish()?;
    write_history(&folder, planned)?;
    std::fs::write(folder.summary(), serde_json::to_vec_pretty(&summary)?)?;
    Ok(summary)
}

/// The fleet, invented or real.
fn fleet(arguments: &FilesArgs) -> anyhow::Result<Fleet> {
    ensure!(
        arguments.days > 0 && arguments.step_seconds > 0,
        "--days and --step-seconds must be at least 1"
    );
    let asked = Period {
        start: arguments.end - Span::from_days(arguments.days),
        end: arguments.end,
    };
    let (visits, period) = match &arguments.sessions {
        Some(path) => {
            let (visits, period) = real::visits(path, arguments.from, arguments.to, asked)?;
            (Some(visits), period)
        }
        None => (None, asked),
    };
    let points = match &arguments.statique {
        Some(path) => {
            let known = Visits::new();
            real::choose(
                real::directory(path)?,
                visits.as_ref().unwrap_or(&known),
                arguments.max_charge_points,
                arguments.seed,
            )
        }
        None => invent::fleet(arguments.seed, arguments.charge_points, period.start),
    };
    Ok(Fleet {
        points,
        visits,
        period,
    })
}

/// Lets every charge point live through the period.
fn live(fleet: &Fleet, arguments: &FilesArgs, summary: &mut Summary) -> Vec<Planned> {
    let mut stations: BTreeMap<u64, StationLife> = BTreeMap::new();
    let mut planned = Vec::new();
    for (number, point) in fleet.points.iter().enumerate() {
        let station = stations.entry(point.station_number).or_insert_with(|| {
            let mut dice = Dice::new(arguments.seed, LIFE_STREAMS + point.station_number);
            StationLife::draw(
                &mut dice,
                fleet.period,
                arguments.imperfection.silent_percent,
            )
        });
        let mut dice = Dice::new(arguments.seed, number as u64);
        let real = fleet.visits.as_ref().map(|visits| {
            visits
                .get(&point.charge_point_id)
                .cloned()
                .unwrap_or_default()
        });
        let life = behaviour::life(&mut dice, point, station, fleet.period, real);
        summary.failures += life.failures;
        let mut courier = Courier {
            dice: &mut dice,
            imperfection: arguments.imperfection,
            step: Span::from_seconds(arguments.step_seconds),
            period: fleet.period,
            planned: Vec::new(),
        };
        courier.deliver(point, &life);
        planned.extend(courier.planned);
    }
    summary.stations = stations.len() as u64;
    planned
}

/// Writes what a backfill publishes: valid statuses by event time and valid sessions by end, those of
/// one instant in the order of their reception.
fn write_history(folder: &Folder, planned: Vec<Planned>) -> anyhow::Result<()> {
    let mut statuses: Vec<(Timestamp, Body)> = Vec::new();
    let mut sessions: Vec<(Timestamp, Body)> = Vec::new();
    for delivery in planned.into_iter().filter(Planned::is_valid) {
        match &delivery.body {
            Body::Status(item) => statuses.push((item.horodatage.floor(), delivery.body)),
            Body::Session(item) => sessions.push((item.end.floor(), delivery.body)),
            Body::Invalid(_) => {}
        }
    }
    for (path, mut items) in [(folder.statuses(), statuses), (folder.sessions(), sessions)] {
        items.sort_by_key(|(instant, _)| *instant);
        let mut file = JsonLines::create(&path)?;
        for (_, item) in &items {
            file.write(item)?;
        }
        file.finish()?;
    }
    Ok(())
}

impl Summary {
    fn count(&mut self, planned: &[Planned]) {
        let mut last = None;
        for delivery in planned {
            self.deliveries += 1;
            match (delivery.code, delivery.kind) {
                (Some(code), _) => *self.refused.entry(code).or_default() += 1,
                (None, Kind::Status) => self.statuses += 1,
                (None, Kind::Session) => self.sessions += 1,
            }
            if last != Some(delivery.received_at) {
                last = Some(delivery.received_at);
                self.instants += 1;
            }
        }
        self.first_received_ms = planned.first().map(|delivery| delivery.received_at.as_ms());
        self.last_received_ms = last.map(Timestamp::as_ms);
    }
}
