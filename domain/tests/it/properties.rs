//! What holds in every record of every phase (chapter 16).

use std::collections::BTreeMap;

use domain::engine::Output;
use domain::indicator::{FailureGauges, Phase, StationSweep, Vector};
use domain::{ChargePointIndicator, StationId, Timestamp, Window, key};
use proptest::prelude::*;

use crate::cases::{charge_points, stations};
use crate::judge::{key_of, phase_of, run};
use crate::story::stories;

fn covered_ms(window: Window, version: Timestamp) -> i64 {
    (version.min(window.end()) - window.start()).as_ms()
}

proptest! {
    #[test]
    fn the_nine_states_sum_to_the_covered_time(story in stories()) {
        let log = story.log();
        let task = run(&story, &log, true);
        for record in charge_points(&task.outputs) {
            let covered_ms = covered_ms(record.window, record.emission.version);
            prop_assert_eq!(record.vector.covered_ms(), covered_ms);
        }
        for record in stations(&task.outputs) {
            let covered_ms = covered_ms(record.window, record.emission.version);
            prop_assert_eq!(record.vector.covered_ms(), covered_ms * record.charge_points);
        }
    }

    #[test]
    fn the_sweep_of_a_station_divides_the_time_with_an_active_charge_point(story in stories()) {
        let log = story.log();
        let task = run(&story, &log, true);
        for record in stations(&task.outputs) {
            let sweep = record.sweep;
            let any = sweep.any_up_ms + sweep.any_unknown_ms + sweep.all_down_ms;
            let every = sweep.every_up_ms + sweep.every_unknown_ms + sweep.some_down_ms;
            prop_assert_eq!(any, every);
            prop_assert!(any <= covered_ms(record.window, record.emission.version));
            prop_assert!(sweep.every_up_ms <= sweep.any_up_ms);
            prop_assert!(sweep.all_down_ms <= sweep.out_of_service_station_ms);
            let busy = sweep.active_ms + sweep.overloaded_ms + sweep.saturated_ms;
            prop_assert_eq!(sweep.idle_ms + busy, sweep.any_up_ms);
            prop_assert!(sweep.up_kwms + sweep.down_kwms <= sweep.required_kwms);
        }
    }

    #[test]
    fn a_station_is_the_sum_of_its_charge_points_in_every_phase(story in stories()) {
        let log = story.log();
        let task = run(&story, &log, true);
        let mut latest: BTreeMap<(StationId, Window, String), ChargePointIndicator> =
            BTreeMap::new();
        for output in &task.outputs {
            match output {
                Output::ChargePoint(record) => {
                    let id = record.charge_point_id.to_string();
                    latest.insert((record.station_id.clone(), record.window, id), record.clone());
                }
                Output::Station(record) => {
                    let first = (record.station_id.clone(), record.window, String::new());
                    let parts = latest.range(first..).map(|(_, part)| part);
                    let parts = parts.take_while(|part| {
                        (&part.station_id, part.window) == (&record.station_id, record.window)
                    });
                    let sum = Sum::of(parts);
                    prop_assert_eq!(record.vector, sum.vector);
                    prop_assert_eq!(record.charge_points, sum.charge_points);
                    prop_assert_eq!(record.power_w, sum.power_w);
                    prop_assert_eq!(record.gauges, sum.gauges);
                    let powers = (record.sweep.up_kwms, record.sweep.down_kwms);
                    prop_assert_eq!(powers, (sum.powers.up_kwms, sum.powers.down_kwms));
                    prop_assert_eq!(record.sweep.required_kwms, sum.powers.required_kwms);
                }
                Output::Episode(_) => {}
            }
        }
    }

    #[test]
    fn revisions_have_no_gap_versions_grow_and_phases_do_not_go_back(story in stories()) {
        let log = story.log();
        let task = run(&story, &log, true);
        let mut last: BTreeMap<String, (i32, Timestamp, Option<Phase>)> = BTreeMap::new();
        for output in &task.outputs {
            let (version, key) = key_of(output);
            let phase = phase_of(output);
            let revision = match output {
                Output::ChargePoint(record) => record.emission.revision,
                Output::Station(record) => record.emission.revision,
                Output::Episode(record) => record.revision,
            };
            match last.get(&key) {
                None => prop_assert_eq!(revision, 0),
                Some(&(last_revision, last_version, last_phase)) => {
                    prop_assert_eq!(revision, last_revision + 1);
                    prop_assert!(version > last_version);
                    prop_assert!(phase >= last_phase && last_phase != Some(Phase::Final));
                    let closes = phase == Some(Phase::Closed);
                    prop_assert!(!closes || last_phase == Some(Phase::Provisional));
                    let corrects = phase == Some(Phase::Corrected);
                    prop_assert!(!corrects || last_phase >= Some(Phase::Closed));
                }
            }
            last.insert(key, (revision, version, phase));
        }
        let last_cut = task.cuts.last().map_or(Timestamp::MIN, |cut| cut.at);
        for record in stations(&task.outputs) {
            if record.window.final_at(&story.policy) <= last_cut {
                let (_, _, phase) = last[&key::of_station_indicator(record)];
                prop_assert_eq!(phase, Some(Phase::Final));
            }
        }
    }

    #[test]
    fn the_rates_of_availability_keep_their_order(story in stories()) {
        let log = story.log();
        let task = run(&story, &log, true);
        let of_charge_points = charge_points(&task.outputs).map(|record| record.vector);
        let of_stations = stations(&task.outputs).map(|record| record.vector);
        for vector in of_charge_points.chain(of_stations) {
            let [up, known, required] = [
                vector.up_ms(),
                vector.up_ms() + vector.down_ms(),
                vector.required_ms(),
            ].map(i128::from);
            let short = i128::from(vector.unknown_short_ms);
            let unknown = i128::from(vector.unknown_ms());
            if required > 0 {
                prop_assert!(up <= up + short && up + short <= up + unknown);
                prop_assert!(up + unknown <= required);
            }
            if required > 0 && known > 0 {
                // Compared as fractions: min ≤ availability ≤ max.
                prop_assert!(up * known <= up * required);
                prop_assert!(up * required <= (up + unknown) * known);
            }
        }
    }
}

/// What a station must be, by the latest records of its charge points.
#[derive(Debug, Default)]
struct Sum {
    vector: Vector,
    charge_points: i64,
    power_w: i64,
    gauges: FailureGauges,
    powers: StationSweep,
}

impl Sum {
    fn of<'r>(parts: impl Iterator<Item = &'r ChargePointIndicator>) -> Self {
        let mut sum = Self::default();
        for part in parts {
            let kwms = |time_ms: i64| part.power_w * time_ms / 1000;
            sum.vector.merge(&part.vector);
            sum.charge_points += 1;
            sum.power_w += part.power_w;
            let oldest_ms = part.gauges.oldest_open_failure_ms;
            sum.gauges.open_failures_at_end += part.gauges.open_failures_at_end;
            sum.gauges.oldest_open_failure_ms = sum.gauges.oldest_open_failure_ms.max(oldest_ms);
            sum.powers.up_kwms += kwms(part.vector.up_ms());
            sum.powers.down_kwms += kwms(part.vector.down_ms());
            sum.powers.required_kwms += kwms(part.vector.required_ms());
        }
        sum
    }
}
