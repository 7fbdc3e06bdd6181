//! Visits: a vehicle plugs in, charges, and leaves.

use domain::{Span, Timestamp};

use super::overlay::Layer;
use super::{Cover, Period, StationLife};
use crate::dice::{Dice, scaled};
use crate::fleet::FleetPoint;

/// One visit and its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// The charge point becomes occupied.
    pub plugged_in: Timestamp,
    /// The charge point becomes free again.
    pub unplugged: Timestamp,
    /// Start of the session.
    pub start: Timestamp,
    /// End of the session.
    pub end: Timestamp,
    /// Energy of the session, Wh.
    pub energy_wh: i64,
}

/// How many times the mean arrivals come in each hour of the day, UTC + 1.
const ARRIVALS_BY_HOUR: [f64; 24] = [
    0.25, 0.15, 0.10, 0.10, 0.15, 0.30, 0.55, 0.90, 1.10, 1.20, 1.30, 1.45, 1.50, 1.45, 1.40, 1.45,
    1.60, 1.75, 1.75, 1.55, 1.25, 0.95, 0.70, 0.45,
];
/// The largest of them.
const BUSIEST: f64 = 1.75;
/// The longest invented session.
const LONGEST: Span = Span::from_hours(14);

/// What vehicles do at a charge point of some power.
struct Use {
    visits_per_day: f64,
    median: Span,
    sigma: f64,
}

impl Use {
    fn of(power_kw: f64) -> Self {
        let (visits_per_day, minutes, sigma) = match power_kw {
            ..22.0 => (1.0, 190, 0.7),
            22.0..50.0 => (1.8, 100, 0.7),
            50.0..150.0 => (4.0, 38, 0.5),
            150.0..300.0 => (6.0, 27, 0.5),
            _ => (8.0, 20, 0.45),
        };
        Self {
            visits_per_day,
            median: Span::from_minutes(minutes),
            sigma,
        }
    }
}

impl Visit {
    /// The visit that a known session implies: occupied exactly while it runs.
    pub fn of_session(start: Timestamp, end: Timestamp, energy_wh: i64) -> Self {
        Self {
            plugged_in: start,
            unplugged: end,
            start,
            end,
            energy_wh,
        }
    }
}

/// Invented visits: none begins while the charge point is out of service, and a failure ends one.
pub fn invent(
    dice: &mut Dice,
    point: &FleetPoint,
    station: &StationLife,
    period: Period,
    covers: &[Cover],
) -> Vec<Visit> {
    let usage = Use::of(point.power_kw);
    let per_day = usage.visits_per_day * station.popularity * BUSIEST;
    let mean_gap = scaled(Span::from_days(1), 1.0 / per_day);
    let failures: Vec<&Cover> = covers
        .iter()
        .filter(|cover| cover.layer != Layer::Loss)
        .collect();
    let mut visits: Vec<Visit> = Vec::new();
    let mut at = period.start + dice.waiting_time(mean_gap);
    while at < period.end {
        let is_down = failures
            .iter()
            .any(|failure| failure.start <= at && at < failure.end);
        if dice.unit() * BUSIEST < arrivals(at) && !is_down {
            let failed = failures
                .iter()
                .map(|failure| failure.start)
                .filter(|start| *start > at)
                .min();
            let visit = visit(dice, &usage, point.power_kw, at, failed);
            at = visit.unplugged + Span::from_seconds(30);
            visits.extend(overlapping(dice, &visit));
            visits.push(visit);
        }
        at = at + dice.waiting_time(mean_gap);
    }
    visits
}

/// How many times the mean arrivals come at an instant.
fn arrivals(at: Timestamp) -> f64 {
    let local = at + Span::from_hours(1);
    let hour = local.as_ms().div_euclid(3_600_000).rem_euclid(24);
    usize::try_from(hour)
        .ok()
        .and_then(|hour| ARRIVALS_BY_HOUR.get(hour))
        .copied()
        .unwrap_or(1.0)
}

/// One visit from `plugged_in` on, which a failure at `failed` ends.
fn visit(
    dice: &mut Dice,
    usage: &Use,
    power_kw: f64,
    plugged_in: Timestamp,
    failed: Option<Timestamp>,
) -> Visit {
    let start = plugged_in + dice.span(Span::from_seconds(2), Span::from_seconds(45));
    let is_aborted = dice.chance(4.0);
    let wanted = if is_aborted {
        dice.span(Span::from_seconds(15), Span::from_seconds(170))
    } else {
        dice.log_normal(usage.median, usage.sigma).min(LONGEST)
    };
    let start = failed.map_or(start, |failed| start.min(failed));
    let end = failed.map_or(start + wanted, |failed| failed.min(start + wanted));
    let unplugged = end + dice.span(Span::from_seconds(5), Span::from_minutes(10));
    let unplugged = failed.map_or(unplugged, |failed| unplugged.min(failed));
    let energy_wh = if is_aborted {
        0
    } else {
        energy(dice, power_kw, end - start)
    };
    Visit {
        plugged_in,
        unplugged,
        start,
        end,
        energy_wh,
    }
}

/// Energy of a session, Wh: a plausible share of power × duration up to a full battery; one in 200
/// is more than the charge point can deliver, which the processor flags.
fn energy(dice: &mut Dice, power_kw: f64, duration: Span) -> i64 {
    let share = if dice.chance(0.5) {
        dice.uniform(1.2, 1.6)
    } else {
        dice.uniform(0.3, 0.9)
    };
    let battery_wh = dice.uniform(12_000.0, 80_000.0);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a duration is far below 2^53 ms"
    )]
    let hours = duration.as_ms() as f64 / 3_600_000.0;
    let wanted_wh = power_kw * 1000.0 * hours * share;
    let delivered_wh = if share > 1.0 {
        wanted_wh.min(900_000.0)
    } else {
        wanted_wh.min(battery_wh)
    };
    scaled(Span::from_ms(1), delivered_wh).as_ms()
}

/// Now and then a second session within the first: an overlap, which the processor flags.
fn overlapping(dice: &mut Dice, visit: &Visit) -> Option<Visit> {
    let quarter = scaled(visit.end - visit.start, 0.25);
    let inner = Visit {
        start: visit.start + quarter,
        end: visit.end - quarter,
        energy_wh: visit.energy_wh / 3,
        ..*visit
    };
    (dice.chance(0.4) && inner.start < inner.end).then_some(inner)
}

/// Reservations before some of the visits.
pub fn reservations(dice: &mut Dice, visits: &[Visit], period: Period) -> Vec<Cover> {
    let mut covers = Vec::new();
    for visit in visits {
        let start = visit.plugged_in - dice.span(Span::from_minutes(5), Span::from_minutes(30));
        if dice.chance(25.0) && start > period.start {
            covers.push(Cover {
                start,
                end: visit.plugged_in,
                layer: Layer::Reservation,
            });
        }
    }
    covers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_ends_a_visit_and_its_session() {
        let mut dice = Dice::new(1, 1);
        let usage = Use {
            visits_per_day: 1.0,
            median: Span::from_hours(100),
            sigma: 0.1,
        };
        let (at, failed) = (Timestamp::from_ms(0), Timestamp::from_ms(600_000));
        for _ in 0..100 {
            let visit = visit(&mut dice, &usage, 22.0, at, Some(failed));
            assert!(visit.start <= visit.end && visit.end <= failed && visit.unplugged <= failed);
        }
    }

    #[test]
    fn most_energies_are_below_what_the_charge_point_can_deliver() {
        let mut dice = Dice::new(1, 1);
        let possible = (0..2_000)
            .filter(|_| energy(&mut dice, 22.0, Span::from_hours(1)) <= 22_000)
            .count();
        assert!((1_960..2_000).contains(&possible), "{possible}");
    }
}
