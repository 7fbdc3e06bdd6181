//! One thing goes wrong, at every single step of a commit and of a restore in turn.

use std::collections::BTreeMap;

use super::*;
use crate::simulation::broker::EndFate;
use crate::simulation::process::{After, Blow, CALLS, Call};

/// How often a step is tried that is taken for every record.
const MOST_OF_ONE: usize = 12;

/// Who goes on after the process that was struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Successor {
    /// The same, started again.
    Itself,
    /// Another worker, for good.
    Other,
}

struct Trial {
    /// Whether another worker joins meanwhile.
    has_other: bool,
    successor: Successor,
    blow: Blow,
}

impl Trial {
    /// A world in which a worker has done half of the work and ended, and is about to start again: the
    /// steps of its second life are those that are tried.
    async fn world(&self, stage: &Stage) -> World {
        let setup = Setup {
            is_traced: true,
            ..Setup::new(3, 1)
        };
        let mut world = World::new(setup, stage.cases[0].play(), &stage.shared);
        let half = world.unwritten() / 2;
        while world.unwritten() > half {
            world.step().await;
        }
        world.slots[0].body.as_ref().unwrap().shutdown.cancel();
        while world.slots[0].body.is_some() {
            world.step().await;
        }
        let now = world.now;
        world.slots[0].starts_at = Some(now);
        world.slots[1].starts_at = self.has_other.then_some(now + 60);
        world
    }

    /// The steps when nothing goes wrong.
    fn steps(&self, stage: &Stage) -> Vec<Call> {
        run(async {
            let mut world = self.world(stage).await;
            world.settle().await;
            world.slots[0].body.as_ref().unwrap().process.trace()
        })
    }

    /// Strikes after the step with this number, from 1.
    fn strike(&self, stage: &Stage, number: usize) -> Result<(), String> {
        run(async {
            let mut world = self.world(stage).await;
            world.trap = Some((After::Number(number), self.blow));
            if self.successor == Successor::Other {
                while world.slots[0].body.is_none() {
                    world.step().await;
                }
                world.slots[0].starts_at = None;
            }
            world.finish(&stage.cases[0].expectation).await
        })
    }

    /// Strikes after every step. Returns how often after which.
    fn strike_everywhere(&self) -> BTreeMap<Call, usize> {
        let stage = Stage::new(1, 130);
        let mut struck = BTreeMap::new();
        for (index, call) in self.steps(&stage).into_iter().enumerate() {
            let count = struck.entry(call).or_insert(0);
            if *count < MOST_OF_ONE {
                *count += 1;
                let number = index + 1;
                if let Err(violation) = self.strike(&stage, number) {
                    panic!("{:?} after step {number}, {call:?}: {violation}", self.blow);
                }
            }
        }
        println!("{:?} after {struck:?}", self.blow);
        struck
    }
}

/// Says which steps were not struck, though a life takes them: `without` are those that it may not.
fn missed(struck: &BTreeMap<Call, usize>, without: &[Call]) -> Vec<Call> {
    let calls = CALLS.into_iter();
    calls
        .filter(|call| !struck.contains_key(call) && !without.contains(call))
        .collect()
}

#[test]
fn a_process_killed_after_any_step_and_started_again_leaves_no_trace() {
    let struck = Trial {
        has_other: false,
        successor: Successor::Itself,
        blow: Blow::Kill,
    }
    .strike_everywhere();
    assert_eq!(missed(&struck, &[Call::LetGo, Call::Abort]), []);
}

#[test]
fn a_process_killed_after_any_step_is_succeeded_by_another() {
    let struck = Trial {
        has_other: true,
        successor: Successor::Other,
        blow: Blow::Kill,
    }
    .strike_everywhere();
    assert_eq!(missed(&struck, &[Call::Abort]), []);
}

#[test]
fn a_process_that_stands_still_after_any_step_wakes_up_and_harms_nobody() {
    let struck = Trial {
        has_other: true,
        successor: Successor::Itself,
        blow: Blow::Stop,
    }
    .strike_everywhere();
    assert_eq!(missed(&struck, &[Call::Abort]), []);
}

#[test]
fn a_commit_of_unknown_outcome_is_neither_lost_nor_doubled() {
    let stage = Stage::new(1, 130);
    let trial = Trial {
        has_other: true,
        successor: Successor::Itself,
        blow: Blow::Kill,
    };
    let steps = trial.steps(&stage);
    let fates = [
        EndFate::Lost,
        EndFate::Late(5),
        EndFate::Late(120),
        EndFate::Unanswered,
    ];
    let commits: Vec<_> = (1..)
        .zip(&steps)
        .filter(|(_, it)| **it == Call::Commit)
        .collect();
    assert!(commits.len() > 5);
    for (number, _) in commits.into_iter().take(20) {
        for fate in fates {
            for is_killed in [false, true] {
                let outcome = run(async {
                    let mut world = trial.world(&stage).await;
                    world.trap = is_killed.then_some((After::Number(number), Blow::Kill));
                    // The fate is that of the next commit of all: this one, or another just as good.
                    while world.calls() + 1 < number {
                        world.step().await;
                    }
                    world.broker.borrow_mut().end_fate = Some(fate);
                    world.finish(&stage.cases[0].expectation).await
                });
                if let Err(violation) = outcome {
                    panic!("{fate:?} at step {number}, killed {is_killed}: {violation}");
                }
            }
        }
    }
}
