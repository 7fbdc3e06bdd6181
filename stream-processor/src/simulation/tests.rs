//! What the simulation shows.

use super::expectation::Expectation;
use super::fault::Misfortunes;
use super::library::Library;
use super::play::Play;
use super::verdict;
use super::workload::{self, Workload};
use super::world::{Setup, World, terms};
use crate::assignment::Terms;

mod crashes;
mod metrics;
mod mutants;
mod parallelism;
mod schedules;
mod without_transactions;

/// A workload, and what has to come of it: by a run without faults, which the oracle has judged.
struct Case {
    workload: Workload,
    expectation: Expectation,
}

impl Case {
    /// The play of a run.
    fn play(&self) -> Play {
        Play::new(&self.workload, &self.expectation.milestones)
    }
}

/// Everything that runs share.
struct Stage {
    shared: (Terms, Library),
    cases: Vec<Case>,
}

impl Stage {
    /// A stage with workloads of `minutes`, run once without faults.
    fn new(workloads: u64, minutes: i64) -> Self {
        Self::shown_in(&prometheus::Registry::new(), workloads, minutes)
    }

    /// A stage whose workers show themselves in `registry`.
    fn shown_in(registry: &prometheus::Registry, workloads: u64, minutes: i64) -> Self {
        let workloads = (0..workloads).map(|seed| workload::of_seed(seed, minutes));
        Self::of(registry, workloads.collect())
    }

    /// A stage with workloads in which the directory does not change.
    fn unchanging(workloads: u64, minutes: i64) -> Self {
        let workloads = (0..workloads).map(|seed| {
            let mut workload = workload::of_seed(seed, minutes);
            workload.remove(1);
            workload
        });
        Self::of(&prometheus::Registry::new(), workloads.collect())
    }

    fn of(registry: &prometheus::Registry, workloads: Vec<Workload>) -> Self {
        let shared = (terms(registry), Library::default());
        for workload in &workloads {
            shared.1.note(workload);
        }
        let cases = (0..).zip(workloads).map(|(seed, workload)| {
            let setup = Setup::new(seed, 1);
            let mut world = World::new(setup, Play::new(&workload, &[]), &shared);
            let expectation = run(world.settle());
            let verdict = verdict::of(&workload, &shared.0.rules.schemas);
            if let Err(difference) = verdict.judge(&expectation) {
                panic!("workload {seed}, without faults: {difference}");
            }
            Case {
                workload,
                expectation,
            }
        });
        Self {
            cases: cases.collect(),
            shared,
        }
    }

    fn case(&self, seed: u64) -> &Case {
        let count = u64::try_from(self.cases.len()).unwrap();
        &self.cases[usize::try_from(seed % count).unwrap()]
    }

    /// Runs what a seed brings.
    fn seed(&self, setup: Setup, misfortunes: &mut Misfortunes) -> Result<(), String> {
        let case = self.case(setup.seed);
        let mut world = World::new(setup, case.play(), &self.shared);
        let outcome = run(async {
            world.suffer(250).await;
            world.finish(&case.expectation).await
        });
        misfortunes.add(&world.misfortunes);
        for (event, count) in &world.broker.borrow().events {
            *misfortunes.events.entry(event).or_default() += count;
        }
        outcome
    }
}

/// Runs a world on a clock of its own.
fn run<T>(world: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(world)
}
