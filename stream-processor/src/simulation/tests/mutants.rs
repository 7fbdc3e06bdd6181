//! Wrong clients are noticed: each of them breaks one rule, and a seed is found that shows it.

use super::*;
use crate::simulation::mutant::Mutant;

/// Within how many seeds a mutant has to be caught.
const SEEDS: u64 = 2_000;

/// The first seed that shows a mutant, and how.
fn catch(mutant: Mutant) -> (u64, String) {
    let stage = Stage::new(6, 130);
    let mut misfortunes = Misfortunes::default();
    let found = (0..SEEDS).find_map(|seed| {
        let setup = Setup {
            seed,
            workers: 2,
            mutant: Some(mutant),
            is_traced: false,
        };
        let violation = stage.seed(setup, &mut misfortunes).err()?;
        Some((seed, violation))
    });
    let (seed, violation) = found.unwrap_or_else(|| panic!("{mutant:?} survived {SEEDS} seeds"));
    println!("{mutant:?} is caught by seed {seed}: {violation}");
    (seed, violation)
}

#[test]
fn offsets_sent_before_everything_is_drained_are_noticed() {
    catch(Mutant::NoDrain);
}

#[test]
fn a_restore_to_the_end_of_the_changelog_instead_of_the_fence_is_noticed() {
    catch(Mutant::EndNotFence);
}

#[test]
fn a_membership_remembered_from_the_first_assignment_is_noticed() {
    let (_, violation) = catch(Mutant::CachedGroup);
    assert!(violation.starts_with("no progress"), "{violation}");
}

#[test]
fn a_transaction_written_again_after_an_unknown_outcome_is_noticed() {
    catch(Mutant::Retry);
}

#[test]
fn offsets_committed_outside_of_the_transaction_are_noticed() {
    catch(Mutant::OffsetsOutside);
}

#[test]
fn a_position_outside_of_the_transaction_is_noticed() {
    catch(Mutant::PositionOutside);
}
