//! A fixed replay of a thousand charge points, for counting instructions: `make instructions`.
//!
//! Prints the name of each item before it runs it inside [`gauged`], which valgrind counts alone.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a bench that cannot go on has to stop, and the script reads the names"
)]
#![expect(dead_code, reason = "the other benches read more of the mix")]

mod mix;

use std::time::Duration;

use mix::meter::Gauges;
use mix::player::Mode;
use mix::{Part, Player, Settings, meter};

/// Enough for every kind of state, few enough for valgrind.
const CHARGE_POINTS: usize = 1_000;

/// The only code whose instructions count.
#[inline(never)]
fn gauged(work: &mut dyn FnMut()) {
    work();
}

fn counted(work: &mut dyn FnMut()) -> meter::Allocations {
    gauged(work);
    meter::Allocations::default()
}

/// Ends an item: valgrind writes down what it has counted so far, and starts anew; it sees only
/// what is called inside [`gauged`].
#[inline(never)]
fn end_of_item(part: Part) {
    std::hint::black_box(part);
}

fn item(player: &mut Player, part: Part, step: impl FnOnce(&mut Player)) {
    println!("{part:?}");
    player.meter.gauges.counter = counted;
    player.meter.only = Some(part);
    step(player);
    gauged(&mut || end_of_item(part));
}

fn main() {
    let gauges = Gauges {
        counter: meter::uncounted,
        clock: || Duration::ZERO,
    };
    let mut player = Player::loaded(Settings::france(CHARGE_POINTS), gauges);
    for part in [Part::Decode, Part::Encode, Part::Observe] {
        item(&mut player, part, |player| player.play(Mode::Apart));
    }
    for part in [Part::LateObserve, Part::LateCut] {
        item(&mut player, part, |player| {
            player.play_late(CHARGE_POINTS / 10);
        });
    }
    for part in [Part::Close, Part::Final, Part::Drain] {
        item(&mut player, part, |player| player.play(Mode::Together));
    }
    item(&mut player, Part::Snapshot, Player::keep);
    item(&mut player, Part::Restore, Player::restore);
}
