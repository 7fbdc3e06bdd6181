//! A station: its sweep over all instants where one of its charge points changes (chapter 8).

use std::collections::BTreeSet;

use domain::indicator::{FailureGauges, StationSweep, Vector};
use domain::{Policy, StationState, Timestamp, Window};

use crate::charge_point::{Account, ChargePointHour};
use crate::count;
use crate::entry::Place;
use crate::episode::{self, Episode};
use crate::line::{Axis, Interval, state_at};
use crate::tally::Tally;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StationHour {
    /// The hour.
    pub window: Window,
    /// Sum of the power of the charge points summed, and the first municipality known among them.
    pub place: Place,
    /// The sum of their vectors.
    pub vector: Vector,
    /// Charge points summed.
    pub charge_points: i64,
    /// What only the station can tell.
    pub sweep: StationSweep,
    /// State in the last millisecond covered.
    pub state_at_end: StationState,
    /// Failures of its charge points open at the end.
    pub gauges: FailureGauges,
}

impl StationAccount {
    /// The account of the station of these charge points.
    pub fn of(accounts: &[Account]) -> Self {
        let segments = segments(accounts);
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
            episodes: episode::of_station(&line),
            segments,
        }
    }

    /// One hour of the station: `hours` are those of its charge points that have a record for it.
    pub fn hour(&self, window: Window, hours: &[ChargePointHour], policy: &Policy) -> StationHour {
        let mut vector = Vector::default();
        let mut gauges = FailureGauges::default();
        let mut sweep = self.sweep((window.start(), window.end()), policy);
        for hour in hours {
            vector.merge(&hour.vector);
            add_power(&mut sweep, hour.place.power_w, &hour.vector);
            gauges.open_failures_at_end += hour.gauges.open_failures_at_end;
            gauges.oldest_open_failure_ms = gauges
                .oldest_open_failure_ms
                .max(hour.gauges.oldest_open_failure_ms);
        }
        let last = self
            .segments
            .iter()
            .rfind(|each| window.contains(each.start));
        StationHour {
            window,
            place: sum(hours.iter().map(|hour| hour.place.clone())),
            vector,
            charge_points: count(hours.len()),
            sweep,
            state_at_end: last.map_or(StationState::Inactive, |last| last.state.group(policy)),
            gauges,
        }
    }

    /// The sweep over `[start, end)`, a union of hours; power apart, which is rounded by the hour.
    pub fn sweep(&self, (start, end): (Timestamp, Timestamp), policy: &Policy) -> StationSweep {
        let mut sweep = StationSweep::default();
        let inside = |each: &&Interval<Tally>| start <= each.start && each.start < end;
        for segment in self.segments.iter().filter(inside) {
            add_segment(&mut sweep, segment, policy);
        }
        sweep
    }
}

/// What is in force of all charge points that have a record for the window of `instant`.
pub fn place_at(accounts: &[Account], instant: Timestamp) -> Place {
    let window = Window::of(instant);
    let recorded = accounts.iter().filter(|each| each.has_record(window));
    sum(recorded.map(|account| account.entry.in_force(instant)))
}

/// The sum of the powers, and the first municipality known.
fn sum(places: impl Iterator<Item = Place>) -> Place {
    let mut total = Place::default();
    for place in places {
        total.power_w += place.power_w;
        if total.code_insee_commune.is_empty() {
            total.code_insee_commune = place.code_insee_commune;
        }
    }
    total
}

/// The time between any two neighbouring instants at which something changes or a window ends,
/// with the tally that holds between them.
fn segments(accounts: &[Account]) -> Vec<Interval<Tally>> {
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
    let segment = |(start, end): (&Timestamp, &Timestamp)| Interval {
        start: *start,
        end: *end,
        state: Tally::of(
            accounts
                .iter()
                .filter_map(|each| state_at(&each.line, *start)),
        ),
    };
    pairs.map(segment).collect()
}

/// Adds the length of a segment to the fields that count it.
fn add_segment(sweep: &mut StationSweep, segment: &Interval<Tally>, policy: &Policy) {
    let length_ms = (segment.end - segment.start).as_ms();
    match segment.state.any() {
        Axis::Up => sweep.any_up_ms += length_ms,
        Axis::Unknown => sweep.any_unknown_ms += length_ms,
        Axis::Down => sweep.all_down_ms += length_ms,
        Axis::Silent | Axis::Absent => {}
    }
    match segment.state.every() {
        Axis::Up => sweep.every_up_ms += length_ms,
        Axis::Unknown => sweep.every_unknown_ms += length_ms,
        Axis::Down => sweep.some_down_ms += length_ms,
        Axis::Silent | Axis::Absent => {}
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
