//! Real files in place of invented ones: a directory, and the sessions of its charge points.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, bail};
use domain::{Span, Timestamp};
use serde_json::Value;

use crate::behaviour::{Period, Visit};
use crate::dice::Dice;
use crate::fleet::territory::is_inside_any;
use crate::fleet::{DirectoryRow, FleetPoint};
use crate::item::SessionItem;
use crate::lines;

/// One day, the step by which sessions are moved: the hour of the day stays.
const DAY: Span = Span::from_days(1);
/// The stream of the order in which stations are taken.
const STATION_ORDER: u64 = u64::MAX;

/// Real visits by charge point, moved into the period of the fleet.
pub type Visits = BTreeMap<String, Vec<Visit>>;

/// Reads the charge points of a directory that the gateway accepts, with a missing `raccordement`
/// filled in: direct when there is a delivery point, else indirect.
///
/// # Errors
/// When the file cannot be read or a line has no id or power.
pub fn directory(path: &Path) -> anyhow::Result<Vec<FleetPoint>> {
    let mut points: BTreeMap<String, Vec<FleetPoint>> = BTreeMap::new();
    lines::for_each(path, |row: DirectoryRow| {
        if let Some(point) = point(row)? {
            points
                .entry(point.station_id.clone())
                .or_default()
                .push(point);
        }
        Ok(())
    })?;
    let numbered = points.into_values().enumerate();
    Ok(numbered
        .flat_map(|(number, station)| {
            station.into_iter().map(move |point| FleetPoint {
                station_number: number as u64,
                ..point
            })
        })
        .collect())
}

/// The charge point of a line; none when the gateway would refuse it.
fn point(mut row: DirectoryRow) -> anyhow::Result<Option<FleetPoint>> {
    let text = |row: &DirectoryRow, field: &str| match row.get(field) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let required = |field: &str| text(&row, field).with_context(|| format!("{field} is missing"));
    let charge_point_id = required("id_pdc_itinerance")?;
    let station_id = required("id_station_itinerance")?;
    let power_kw = required("puissance_nominale")?
        .trim()
        .parse()
        .context("puissance_nominale is not a number")?;
    let coordinates: (f64, f64) =
        serde_json::from_str(&required("coordonneesXY")?).context("coordonneesXY")?;

    let has_delivery_point = text(&row, "num_pdl").is_some_and(|number| !number.is_empty());
    if row.get("raccordement").is_none_or(Value::is_null) {
        let connection = if has_delivery_point {
            "Direct"
        } else {
            "Indirect"
        };
        row.insert("raccordement".to_owned(), connection.into());
    }
    let lacks_delivery_point = row
        .get("raccordement")
        .is_some_and(|value| value == "Direct")
        && !has_delivery_point;
    if lacks_delivery_point || !is_inside_any(coordinates) {
        return Ok(None);
    }
    Ok(Some(FleetPoint {
        charge_point_id,
        station_id,
        power_kw,
        station_number: 0,
        row,
    }))
}

/// Reads the sessions within `[from, to)` and moves them to the end of the period.
///
/// They move by whole days, so that `to` comes to lie at most one day before that end. Without `to` it is the latest instant of the
/// file with the time of day of the period's end; without `from`, the length of the period before.
///
/// # Errors
/// When the file cannot be read, or no session lies within.
pub fn visits(
    path: &Path,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    period: Period,
) -> anyhow::Result<(Visits, Period)> {
    let mut sessions: Vec<SessionItem> = Vec::new();
    lines::for_each(path, |session| {
        sessions.push(session);
        Ok(())
    })?;
    let last = sessions
        .iter()
        .map(|session| session.end.floor())
        .max()
        .context("no session")?;
    let time_of_day = period.end - period.end.floor(DAY);
    let to = to.unwrap_or_else(|| (last - time_of_day).floor(DAY) + time_of_day);
    let from = from.unwrap_or(to - period.length());
    let shift = Span::from_ms((period.end - to).as_ms().div_euclid(DAY.as_ms()) * DAY.as_ms());

    let mut visits = Visits::new();
    for session in sessions {
        let (start, end) = (session.start.floor(), session.end.floor());
        if from <= start && start <= end && end <= to {
            let visit = Visit::of_session(start + shift, end + shift, session.energy_wh());
            visits
                .entry(session.id_pdc_itinerance)
                .or_default()
                .push(visit);
        }
    }
    if visits.is_empty() {
        bail!(
            "no session of {} lies between {} ms and {} ms",
            path.display(),
            from.as_ms(),
            to.as_ms()
        );
    }
    for visits in visits.values_mut() {
        visits.sort_by_key(|visit| (visit.start, visit.end));
    }
    Ok((
        visits,
        Period {
            start: from + shift,
            end: period.end,
        },
    ))
}

/// Whole stations in a seeded order, those with visits first, up to `most` charge points.
pub fn choose(
    points: Vec<FleetPoint>,
    visits: &Visits,
    most: Option<u64>,
    seed: u64,
) -> Vec<FleetPoint> {
    let Some(most) = most else { return points };
    let visited: BTreeSet<u64> = points
        .iter()
        .filter(|point| visits.contains_key(&point.charge_point_id))
        .map(|point| point.station_number)
        .collect();
    let mut stations: BTreeMap<u64, u64> = BTreeMap::new();
    for point in &points {
        *stations.entry(point.station_number).or_default() += 1;
    }
    let mut dice = Dice::new(seed, STATION_ORDER);
    let mut order: Vec<(bool, u64, u64)> = stations
        .keys()
        .map(|number| (!visited.contains(number), dice.below(u64::MAX), *number))
        .collect();
    order.sort_unstable();
    let mut left = most;
    let mut chosen = BTreeSet::new();
    for (_, _, number) in order {
        let size = stations.get(&number).copied().unwrap_or(0);
        if size <= left {
            left -= size;
            chosen.insert(number);
        }
    }
    points
        .into_iter()
        .filter(|point| chosen.contains(&point.station_number))
        .collect()
}
