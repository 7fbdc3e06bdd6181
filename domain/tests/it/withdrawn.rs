//! What a withdrawal that is read late leaves: hours published before, in which nothing was active.
//! Whether they were published depends on more than the rules; nothing else does.

use std::collections::BTreeMap;

use domain::engine::Output;
use domain::indicator::Vector;
use domain::{ChargePointIndicator, StationId, Window};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::judge::{finals, run, standing};
use crate::order::permuted;
use crate::story::stories;

/// Whether a withdrawal read late may have left an hour: nothing was active, nothing was said.
fn may_be_left(record: &ChargePointIndicator) -> bool {
    let vector = &record.vector;
    vector.inactive_ms == vector.covered_ms() && vector.statuses == 0
}

/// One vector less another.
fn less(vector: &Vector, part: &Vector) -> Vector {
    let (all, part) = (vector.to_array(), part.to_array());
    Vector::from_array(std::array::from_fn(|field| all[field] - part[field]))
}

/// Final hours without those that may be left, and without their share in the hours of stations.
fn without_what_may_be_left(finals: BTreeMap<String, Output>) -> BTreeMap<String, Output> {
    let mut left: BTreeMap<(StationId, Window), Vec<ChargePointIndicator>> = BTreeMap::new();
    for output in finals.values() {
        if let Output::ChargePoint(record) = output
            && may_be_left(record)
        {
            let key = (record.station_id.clone(), record.window);
            left.entry(key).or_default().push(record.clone());
        }
    }
    let mut rest = finals;
    rest.retain(|_, output| match output {
        Output::ChargePoint(record) => !may_be_left(record),
        Output::Station(record) => {
            for part in left
                .get(&(record.station_id.clone(), record.window))
                .into_iter()
                .flatten()
            {
                record.vector = less(&record.vector, &part.vector);
                record.charge_points -= 1;
                record.power_w -= part.power_w;
            }
            // That of the first charge point.
            record.code_insee_commune = "".into();
            record.charge_points > 0
        }
        Output::Episode(_) => true,
    });
    rest
}

proptest! {
    #[test]
    fn provisional_records_change_nothing_final_but_hours_that_a_withdrawal_leaves(
        story in stories(),
    ) {
        let log = story.log();
        let [with, without] = [true, false].map(|has_provisional| {
            let outputs = run(&story, &log, has_provisional).outputs;
            (without_what_may_be_left(finals(&outputs)), standing(&outputs))
        });
        prop_assert_eq!(with, without);
    }

    #[test]
    fn the_order_of_the_log_changes_nothing_final_but_hours_that_a_withdrawal_leaves(
        story in stories(),
        jitters_ms in vec(0..2_400_000_i64, 64),
    ) {
        let (sent, directory) = story.sent();
        let other_log = story.log_of(permuted(&sent, &jitters_ms, &story.policy), directory);
        let [usual, other] = [story.log(), other_log].map(|log| {
            let outputs = run(&story, &log, true).outputs;
            (without_what_may_be_left(finals(&outputs)), standing(&outputs))
        });
        prop_assert_eq!(usual, other);
    }
}
