//! At least once: without transactions nothing is lost, what is written again is the same, and of every
//! key the greatest version is that of a run in which nothing went wrong.
//!
//! The directory does not change here: a worker that hung may, on waking, read a change of it before
//! events that others have counted already, and nothing keeps what it then writes from being read.

use super::*;
use crate::config::Guarantee;

/// Seeds; `SIM_SEEDS` of the other schedules does not change them.
const SEEDS: u64 = 2_000;

fn plain(seed: u64, workers: usize) -> Setup {
    Setup {
        guarantee: Guarantee::AtLeastOnce,
        ..Setup::new(seed, workers)
    }
}

#[test]
fn without_transactions_nothing_is_lost_and_the_last_versions_are_the_same() {
    let stage = Stage::unchanging(12, 135);
    let mut misfortunes = Misfortunes::default();
    for seed in 0..SEEDS {
        let workers = usize::try_from(seed % 3 + 1).unwrap();
        if let Err(violation) = stage.seed(plain(seed, workers), &mut misfortunes) {
            panic!("seed {seed}: {violation}");
        }
    }
    println!("{SEEDS} seeds, {misfortunes:?}");
    let count = |event: &str| misfortunes.events.get(event).copied().unwrap_or_default();
    assert!(misfortunes.copies > SEEDS && count("record lost") > SEEDS / 20);
}

#[test]
fn without_misfortune_every_output_is_written_once_also_without_transactions() {
    let stage = Stage::new(1, 190);
    let case = &stage.cases[0];
    let mut world = World::new(plain(0, 1), Play::new(&case.workload, &[]), &stage.shared);
    let found = run(world.settle());
    assert_eq!(found.copies(), 0);
    case.expectation.compare(&found).unwrap();
}
