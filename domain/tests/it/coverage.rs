//! What the random stories meet: a property says nothing about what never happens in them.

use std::collections::BTreeSet;

use domain::engine::{Outcome, Output};
use domain::indicator::{Phase, StationSweep, Vector};
use domain::{ChargePointState, EpisodeOutcome, FailureEpisode, StationState};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::cases::{charge_points, stations};
use crate::judge::run;
use crate::story::stories;

/// Fields that no story fills: opening hours are not used yet.
const NEVER: [&str; 2] = ["vector closed_ms", "state Closed"];

fn meets_outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Counted => "outcome counted",
        Outcome::Duplicate => "outcome duplicate",
        Outcome::Conflict => "outcome conflict",
        Outcome::TooLate { .. } => "outcome too late",
        Outcome::FromTheFuture { .. } => "outcome from the future",
        Outcome::AfterFinal => "outcome after final",
    }
}

fn meets_episode(episode: &FailureEpisode) -> Vec<String> {
    let entity = episode.entity_type().symbol();
    let flags = [
        (episode.flags.left_censored, "left_censored"),
        (episode.flags.onset_uncertain, "onset_uncertain"),
        (episode.flags.unknown_inside, "unknown_inside"),
    ];
    let flags = flags.into_iter().filter(|(is_set, _)| *is_set);
    let mut met: Vec<String> = flags.map(|(_, flag)| format!("{entity} {flag}")).collect();
    met.push(format!("{entity} {}", episode.outcome.symbol()));
    met
}

fn meets_fields(kind: &str, names: &[&str], values: &[i64]) -> Vec<String> {
    let filled = names.iter().zip(values).filter(|(_, value)| **value > 0);
    filled.map(|(name, _)| format!("{kind} {name}")).collect()
}

fn meets(outputs: &[Output]) -> BTreeSet<String> {
    let mut met = BTreeSet::new();
    for record in charge_points(outputs) {
        met.extend(meets_fields(
            "vector",
            &Vector::NAMES,
            &record.vector.to_array(),
        ));
        met.insert(format!("state {:?}", record.state_at_end));
        met.insert(format!("phase {:?}", record.emission.phase));
    }
    for record in stations(outputs) {
        met.extend(meets_fields(
            "sweep",
            &StationSweep::NAMES,
            &record.sweep.to_array(),
        ));
        met.insert(format!("station state {:?}", record.state_at_end));
    }
    for output in outputs {
        if let Output::Episode(episode) = output {
            met.extend(meets_episode(episode));
        }
    }
    met
}

fn wanted() -> BTreeSet<String> {
    let mut wanted = BTreeSet::new();
    wanted.extend(Vector::NAMES.map(|name| format!("vector {name}")));
    wanted.extend(StationSweep::NAMES.map(|name| format!("sweep {name}")));
    wanted.extend(ChargePointState::ALL.map(|state| format!("state {state:?}")));
    wanted.extend(StationState::ALL.map(|state| format!("station state {state:?}")));
    wanted.extend(Phase::ALL.map(|phase| format!("phase {phase:?}")));
    let flags = ["left_censored", "onset_uncertain", "unknown_inside"];
    for entity in ["charge_point", "station"] {
        wanted.extend(flags.map(|flag| format!("{entity} {flag}")));
        wanted.extend(EpisodeOutcome::ALL.map(|each| format!("{entity} {}", each.symbol())));
    }
    let outcomes = [
        "counted",
        "duplicate",
        "conflict",
        "too late",
        "from the future",
        "after final",
    ];
    wanted.extend(outcomes.map(|outcome| format!("outcome {outcome}")));
    wanted.retain(|each| !NEVER.contains(&each.as_str()));
    wanted
}

#[test]
fn the_stories_meet_every_field_state_phase_flag_and_outcome() {
    let mut runner = TestRunner::deterministic();
    let mut missing = wanted();
    for _ in 0..400 {
        let story = stories().new_tree(&mut runner).unwrap().current();
        let log = story.log();
        let task = run(&story, &log, true);
        let met = meets(&task.outputs);
        missing.retain(|each| !met.contains(each));
        for outcome in &task.outcomes {
            missing.remove(meets_outcome(outcome));
        }
        if missing.is_empty() {
            return;
        }
    }
    panic!("no story meets {missing:?}");
}
