//! The same log gives the same bytes, whoever reads it.

use super::*;

/// Runs a case by `before` workers until half of it is written, then by `after` others.
fn change(stage: &Stage, seed: u64, (before, after): (usize, usize)) -> Result<(), String> {
    let case = stage.case(seed);
    let setup = Setup::new(seed, before);
    let mut world = World::new(setup, case.play(), &stage.shared);
    run(async {
        let half = world.unwritten() / 2;
        while world.unwritten() > half {
            world.step().await;
        }
        let now = world.now;
        for (index, slot) in world.slots.iter_mut().enumerate() {
            slot.starts_at = (index < after).then_some(now);
            if let Some(body) = &slot.body {
                body.shutdown.cancel();
            }
        }
        world.finish(&case.expectation).await
    })
}

#[test]
fn the_same_log_gives_the_same_bytes_at_any_parallelism_and_across_a_change_of_it() {
    let stage = Stage::new(4, 190);
    for seed in 0..4 {
        for before in 1..=3 {
            for after in 1..=3 {
                if let Err(violation) = change(&stage, seed, (before, after)) {
                    panic!("seed {seed}, {before} workers, then {after}: {violation}");
                }
            }
        }
    }
}
