//! Wrong clients are noticed: each of them breaks one rule, and a seed is found that shows it.

use super::*;
use crate::config::Guarantee;
use crate::simulation::mutant::Mutant;

/// Within how many seeds a mutant has to be caught.
const SEEDS: u64 = 2_000;

/// What a mutant leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Harm {
    /// Something is lost, doubled or torn, or two workers have written one changelog.
    Wrong,
    /// Nobody gets anywhere.
    Stuck,
}

/// Shows the first seed at which a mutant does harm of a kind.
fn catch(mutant: Mutant, harm: Harm) {
    catch_with(Guarantee::ExactlyOnce, (mutant, harm));
}

fn catch_with(guarantee: Guarantee, (mutant, harm): (Mutant, Harm)) {
    let stage = Stage::new(6, 130);
    let mut misfortunes = Misfortunes::default();
    let found = (0..SEEDS).find_map(|seed| {
        let setup = Setup {
            mutant: Some(mutant),
            guarantee,
            ..Setup::new(seed, 2)
        };
        let violation = stage.seed(setup, &mut misfortunes).err()?;
        let is_stuck = violation.starts_with("no progress");
        ((harm == Harm::Stuck) == is_stuck).then_some((seed, violation))
    });
    let (seed, violation) = found.unwrap_or_else(|| panic!("{mutant:?} survived {SEEDS} seeds"));
    println!("{mutant:?} is caught by seed {seed}: {violation}");
}

#[test]
fn offsets_sent_before_everything_is_drained_are_noticed() {
    catch(Mutant::NoDrain, Harm::Wrong);
}

#[test]
fn a_position_that_goes_ahead_of_the_outputs_is_noticed_without_transactions() {
    catch_with(Guarantee::AtLeastOnce, (Mutant::NoDrain, Harm::Wrong));
}

#[test]
fn a_restore_to_the_end_of_the_changelog_instead_of_the_fence_is_noticed() {
    catch(Mutant::EndNotFence, Harm::Wrong);
}

#[test]
fn a_membership_remembered_from_the_first_assignment_is_noticed() {
    catch(Mutant::CachedGroup, Harm::Stuck);
}

#[test]
fn a_transaction_written_again_after_an_unknown_outcome_is_noticed() {
    catch(Mutant::Retry, Harm::Wrong);
}

#[test]
fn offsets_committed_outside_of_the_transaction_are_noticed() {
    catch(Mutant::OffsetsOutside, Harm::Wrong);
}

#[test]
fn a_position_outside_of_the_transaction_is_noticed() {
    catch(Mutant::PositionOutside, Harm::Wrong);
}
