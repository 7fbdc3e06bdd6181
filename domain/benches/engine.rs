//! What the parts of the engine cost in France's mix: criterion over the CPU time per item.
//!
//! `cargo bench -p domain --bench engine`. Sizes of the fleet from `ENGINE_BENCH_SIZES` (default
//! `1,10000,165000`; a million takes some GiB and minutes). An iteration is one item; the player
//! plays whole hours, and their cost per item is what criterion sees.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a bench that cannot go on has to stop"
)]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people"
)]

mod mix;

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode};

use mix::meter::{Gauges, cpu_time, uncounted};
use mix::player::Mode;
use mix::{Part, Player, Settings};

/// The parts that a plain hour shows.
const OF_AN_HOUR: [(Part, &str, Mode); 6] = [
    (Part::DecodeObserve, "decode+observe", Mode::Together),
    (Part::Decode, "decode", Mode::Apart),
    (Part::Encode, "encode", Mode::Apart),
    (Part::Observe, "observe", Mode::Apart),
    (Part::Close, "close", Mode::Together),
    (Part::Drain, "drain", Mode::Together),
];

/// The CPU time per item of what `step` makes the player do, times `iterations`.
fn per_item(
    player: &mut Player,
    part: Part,
    iterations: u64,
    step: impl FnOnce(&mut Player),
) -> Duration {
    player.meter.reset();
    step(player);
    let cost = player.meter.cost(part);
    let nanoseconds = cost.cpu.as_secs_f64() * 1e9 / cost.items.max(1) as f64;
    Duration::from_nanos((nanoseconds * iterations as f64).round() as u64)
}

fn bench(criterion: &mut Criterion, charge_points: usize) {
    let gauges = Gauges {
        counter: uncounted,
        clock: cpu_time,
    };
    let mut player = Player::loaded(Settings::france(charge_points), gauges);
    let mut group = criterion.benchmark_group("engine");
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .warm_up_time(Duration::from_millis(1))
        .measurement_time(Duration::from_millis(1));
    for (part, name, mode) in OF_AN_HOUR {
        group.bench_function(BenchmarkId::new(name, charge_points), |bencher| {
            bencher.iter_custom(|iterations| {
                per_item(&mut player, part, iterations, |player| player.play(mode))
            });
        });
    }
    group.bench_function(BenchmarkId::new("final", charge_points), |bencher| {
        bencher.iter_custom(|iterations| {
            per_item(&mut player, Part::Final, iterations, |player| {
                player.play(Mode::Together);
            })
        });
    });
    for (part, name) in [(Part::LateObserve, "late"), (Part::LateCut, "correct")] {
        group.bench_function(BenchmarkId::new(name, charge_points), |bencher| {
            bencher.iter_custom(|iterations| {
                per_item(&mut player, part, iterations, |player| {
                    player.play_late(charge_points.div_ceil(100));
                })
            });
        });
    }
    group.bench_function(BenchmarkId::new("snapshot", charge_points), |bencher| {
        bencher.iter_custom(|iterations| {
            per_item(&mut player, Part::Snapshot, iterations, Player::keep)
        });
    });
    group.bench_function(BenchmarkId::new("restore", charge_points), |bencher| {
        bencher.iter_custom(|iterations| {
            per_item(&mut player, Part::Restore, iterations, Player::restore)
        });
    });
    group.finish();
}

fn main() {
    let sizes = std::env::var_os("ENGINE_BENCH_SIZES");
    let sizes = sizes.map(|sizes| sizes.to_string_lossy().into_owned());
    let mut criterion = Criterion::default().configure_from_args();
    for charge_points in mix::sizes(sizes.as_deref()) {
        bench(&mut criterion, charge_points);
    }
    criterion.final_summary();
}
