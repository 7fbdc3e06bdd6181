//! A station: its sweep over all instants where one of its charge points changes (chapter 8).

use std::collections::BTreeSet;

use domain::indicator::{FailureGauges, StationSweep, Vector};
use domain::{ChargePointState, Policy, StationState, Timestamp, Window};

use super::charge_point::{Account, ChargePointHour};
use super::failure::{self, Axis, Episode};
use super::line::{Interval, state_at};
use super::status_book::count;

/// How many charge points of a station are in each state at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Up, whatever the occupancy.
    up: i64,
    /// Down.
    down: i64,
    /// Unknown or stale.
    unknown: i64,
    /// Up and free.
    free: i64,
    /// Up and occupied.
    occupied: i64,
}

/// A station at a cut.
#[derive(Debug, Clone)]
pub struct StationAccount {
    /// Window of the earliest event of its charge points; none while nothing was applied.
    pub first_window: Option<Window>,
    /// How its charge points combine, in intervals that no window end cuts.
    segments: Vec<Interval<Tally>>,
    /// Its own failures.
    pub episodes: Vec<Episode>,
}

/// One hour of a station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StationHour {
    /// The hour.
    pub window: Window,
    /// Sum of the power of the charge points summed, W.
    pub power_w: i64,
    /// The sum of their vectors.
    pub vector: Vector,
    /// Charge points summed.
    pub charge_points: i64,
    /// What only the station can tell.
    pub sweep: StationSweep,
    /// State in the last millisecond.
    pub state_at_end: StationState,
    /// Failures of its charge points open at the end.
    pub gauges: FailureGauges,
}

impl Tally {
    /// Counts the states of all charge points at `instant`.
    fn at(accounts: &[Account], instant: Timestamp) -> Self {
        let mut tally = Self::default();
        for state in accounts
            .iter()
            .filter_map(|account| state_at(&account.line, instant))
        {
            match failure::axis(state) {
                Axis::Up => tally.up += 1,
                Axis::Down => tally.down += 1,
                Axis::Unknown => tally.unknown += 1,
                Axis::Inactive => {}
            }
            tally.free += i64::from(state == ChargePointState::Free);
            tally.occupied += i64::from(state == ChargePointState::Occupied);
        }
        tally
    }

    /// Kleene OR over the active charge points.
    fn any(self) -> Axis {
        match self {
            Self { up: 1.., .. } => Axis::Up,
            Self { unknown: 1.., .. } => Axis::Unknown,
            Self { down: 1.., .. } => Axis::Down,
            _ => Axis::Inactive,
        }
    }

    /// Kleene AND over the active charge points.
    fn every(self) -> Axis {
        match self {
            Self { down: 1.., .. } => Axis::Down,
            Self { unknown: 1.., .. } => Axis::Unknown,
            Self { up: 1.., .. } => Axis::Up,
            _ => Axis::Inactive,
        }
    }

    /// QualiCharge's group state: the first line of the table that applies.
    fn group(self, policy: &Policy) -> StationState {
        let active = self.up + self.down + self.unknown;
        if active == 0 {
            StationState::Inactive
        } else if self.up == 0 && self.down > 0 {
            StationState::OutOfService
        } else if self.up == 0 {
            StationState::Unknown
        } else if self.occupied == 0 {
            StationState::Idle
        } else if 100 * self.free < policy.saturated_percent * active {
            StationState::Saturated
        } else if 100 * self.free < policy.overloaded_percent * active {
            StationState::Overloaded
        } else {
            StationState::Active
        }
    }
}

impl StationAccount {
    /// The account of the station of these charge points.
    pub fn of(accounts: &[Account]) -> Self {
        let segments = sweep(accounts);
        let mut line: Vec<Interval<Axis>> = Vec::new();
        for segment in &segments {
            let state = segment.state.any();
            match line.last_mut() {
                Some(last) if last.state == state => last.end = segment.end,
                _ => line.push(Interval {
                    start: segment.start,
                    end: segment.end,
                    state,
                }),
            }
        }
        Self {
            first_window: accounts.iter().map(|account| account.first_window).min(),
            episodes: failure::of_station(&line),
            segments,
        }
    }

    /// One hour of the station: `hours` are those of its charge points that have a record for it,
    /// each with its power in W.
    pub fn hour(
        &self,
        window: Window,
        hours: &[(i64, ChargePointHour)],
        policy: &Policy,
    ) -> StationHour {
        let mut sweep = StationSweep::default();
        let mut state_at_end = StationState::Inactive;
        for segment in self
            .segments
            .iter()
            .filter(|segment| window.contains(segment.start))
        {
            add_segment(&mut sweep, segment, policy);
            state_at_end = segment.state.group(policy);
        }
        let mut vector = Vector::default();
        let mut gauges = FailureGauges::default();
        for (power_w, hour) in hours {
            vector.merge(&hour.vector);
            add_power(&mut sweep, *power_w, &hour.vector);
            gauges.open_failures_at_end += hour.gauges.open_failures_at_end;
            gauges.oldest_open_failure_ms = gauges
                .oldest_open_failure_ms
                .max(hour.gauges.oldest_open_failure_ms);
        }
        let power_w = hours.iter().map(|(power_w, _)| power_w).sum();
        StationHour {
            window,
            power_w,
            vector,
            charge_points: count(hours.len()),
            sweep,
            state_at_end,
            gauges,
        }
    }
}

/// The time between any two neighbouring instants at which something changes or a window ends,
/// with the tally that holds between them.
fn sweep(accounts: &[Account]) -> Vec<Interval<Tally>> {
    let mut instants: BTreeSet<Timestamp> = BTreeSet::new();
    for interval in accounts.iter().flat_map(|account| &account.line) {
        instants.extend([interval.start, interval.end]);
    }
    let (Some(first), Some(last)) = (instants.first().copied(), instants.last().copied()) else {
        return Vec::new();
    };
    let mut window = Window::of(first);
    while window.end() < last {
        instants.insert(window.end());
        window = window.next();
    }
    let instants: Vec<Timestamp> = instants.into_iter().collect();
    let pairs = instants.iter().zip(instants.iter().skip(1));
    pairs
        .map(|(start, end)| Interval {
            start: *start,
            end: *end,
            state: Tally::at(accounts, *start),
        })
        .collect()
}

/// Adds the length of a segment to the fields that count it.
fn add_segment(sweep: &mut StationSweep, segment: &Interval<Tally>, policy: &Policy) {
    let length_ms = (segment.end - segment.start).as_ms();
    match segment.state.any() {
        Axis::Up => sweep.any_up_ms += length_ms,
        Axis::Unknown => sweep.any_unknown_ms += length_ms,
        Axis::Down => sweep.all_down_ms += length_ms,
        Axis::Inactive => {}
    }
    match segment.state.every() {
        Axis::Up => sweep.every_up_ms += length_ms,
        Axis::Unknown => sweep.every_unknown_ms += length_ms,
        Axis::Down => sweep.some_down_ms += length_ms,
        Axis::Inactive => {}
    }
    match segment.state.group(policy) {
        StationState::Idle => sweep.idle_ms += length_ms,
        StationState::Active => sweep.active_ms += length_ms,
        StationState::Overloaded => sweep.overloaded_ms += length_ms,
        StationState::Saturated => sweep.saturated_ms += length_ms,
        StationState::OutOfService => sweep.out_of_service_station_ms += length_ms,
        StationState::Unknown | StationState::Inactive => {}
    }
}

/// Adds ⌊power × time ÷ 1000⌋ of one charge point, rounded down once per field and window.
fn add_power(sweep: &mut StationSweep, power_w: i64, vector: &Vector) {
    let weighted = |time_ms: i64| (power_w * time_ms).div_euclid(1000);
    sweep.up_kwms += weighted(vector.up_ms());
    sweep.down_kwms += weighted(vector.down_ms());
    sweep.required_kwms += weighted(vector.required_ms());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(up: i64, down: i64, free: i64, occupied: i64) -> StationState {
        let tally = Tally {
            up,
            down,
            unknown: 0,
            free,
            occupied,
        };
        tally.group(&Policy::qc_1())
    }

    #[test]
    fn a_share_of_free_charge_points_at_a_bound_belongs_to_the_better_state() {
        assert_eq!(group(10, 0, 2, 8), StationState::Active);
        assert_eq!(group(10, 0, 1, 9), StationState::Overloaded);
        assert_eq!(group(10, 0, 0, 10), StationState::Saturated);
        assert_eq!(group(5, 0, 1, 4), StationState::Active);
    }

    #[test]
    fn the_share_counts_charge_points_that_are_down() {
        assert_eq!(group(1, 10, 1, 0), StationState::Idle);
        assert_eq!(group(2, 9, 1, 1), StationState::Saturated);
        assert_eq!(group(0, 3, 0, 0), StationState::OutOfService);
    }
}
