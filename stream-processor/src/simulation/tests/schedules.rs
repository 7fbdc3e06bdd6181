//! Random schedules: many seeds, each a life full of misfortune.
//!
//! `SIM_SEEDS=100000` runs more of them, `SIM_SEED=17` that one alone.

use super::*;

/// Workloads among which the seeds choose.
const WORKLOADS: u64 = 24;

/// Their length, minutes: an hour becomes final.
const MINUTES: i64 = 135;

#[expect(
    clippy::disallowed_methods,
    reason = "a switch of the test, not of the program"
)]
fn number(name: &str) -> Option<u64> {
    Some(std::env::var(name).ok()?.parse().unwrap())
}

fn setup(seed: u64) -> Setup {
    Setup::new(seed, usize::try_from(seed % 3 + 1).unwrap())
}

#[test]
fn whatever_goes_wrong_the_outputs_are_those_of_a_run_in_which_nothing_did() {
    let seeds = match number("SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIM_SEEDS").unwrap_or(10_000),
    };
    let stage = Stage::new(WORKLOADS, MINUTES);
    for case in &stage.cases {
        let [outputs, set_aside, entities] = case.expectation.counts();
        assert!(outputs > 100 && set_aside > 0 && entities > 0);
    }
    let mut misfortunes = Misfortunes::default();
    let count = seeds.end - seeds.start;
    for seed in seeds {
        if let Err(violation) = stage.seed(setup(seed), &mut misfortunes) {
            panic!("SIM_SEED={seed}: {violation}");
        }
    }
    println!("{count} seeds, {misfortunes:?}");
    assert!(count < 1_000 || misfortunes.least() > count / 20);
}
