//! What the engine costs in France's mix, as a table: CPU time per item, allocations per item,
//! bytes of state per charge point, the ratio between sizes, how an event's cost grows with the
//! statuses that are retained of one charge point, and what events allocate from day to day.
//!
//! `cargo bench -p domain --bench counts [-- SIZES]`, sizes as `10000,165000,1000000` (default
//! `1,10000,165000`). Allocations are counted by the allocator of this binary: CPU times are
//! slightly above those of the `engine` bench.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench that cannot go on has to stop, and its figures go to standard output"
)]

mod mix;

use mix::meter::{Allocations, Cost, Gauges, cpu_time, uncounted};
use mix::player::Mode;
use mix::{Part, Player, Settings};

/// Hours that are measured after the load, of each mode.
const HOURS: usize = 3;

/// Days after which the fleet of the smallest size is looked at again, and its size.
const DAYS: [usize; 8] = [1, 2, 3, 5, 10, 20, 30, 40];
const FOLLOWED: usize = 10_000;

/// Paces of the fleet of one: retained statuses from a hundred to a hundred thousand.
const PACES: [i64; 4] = [25, 250, 2_500, 25_000];

fn counted(work: &mut dyn FnMut()) -> Allocations {
    let info = allocation_counter::measure(work);
    Allocations {
        count: info.count_total,
        kept_bytes: info.bytes_current,
    }
}

const COUNTING: Gauges = Gauges {
    counter: counted,
    clock: cpu_time,
};

const TIMING: Gauges = Gauges {
    counter: uncounted,
    clock: cpu_time,
};

fn per_item(cost: Cost) -> f64 {
    cost.cpu.as_secs_f64() * 1e9 / cost.items.max(1) as f64
}

/// Measures one size and prints its table; returns the cost of a status, decoded and applied, ns.
fn measure(charge_points: usize) -> f64 {
    let mut player = Player::loaded(Settings::france(charge_points), COUNTING);
    let bytes = player.state_bytes as f64 / charge_points as f64;
    println!("\n{charge_points} charge points");
    println!("  state                 {bytes:>10.0} bytes per charge point");
    for _ in 0..HOURS {
        player.play(Mode::Together);
        player.play(Mode::Apart);
    }
    player.play_late(charge_points.div_ceil(20));
    for _ in 0..HOURS {
        player.keep();
        player.restore();
    }
    println!("  part            items      runs  ns per item   ms per run  allocations per item");
    for part in Part::ALL {
        let cost = player.meter.cost(part);
        if cost.runs > 0 {
            println!(
                "  {:<13} {:>8} {:>8} {:>12.0} {:>12.3} {:>10.3}",
                format!("{part:?}"),
                cost.items,
                cost.runs,
                per_item(cost),
                cost.cpu.as_secs_f64() * 1e3 / cost.runs as f64,
                cost.allocations as f64 / cost.items.max(1) as f64,
            );
        }
    }
    let (observed, cut) = (
        player.meter.cost(Part::LateObserve),
        player.meter.cost(Part::LateCut),
    );
    let corrected = per_item(Cost {
        cpu: observed.cpu + cut.cpu,
        ..observed
    });
    println!("  a late status, observed and corrected {corrected:.0} ns");
    let kept: usize = player
        .snapshot
        .iter()
        .map(|record| record.key.len() + record.value.as_ref().map_or(0, Vec::len))
        .sum();
    println!(
        "  last closing cut {} records; snapshot {} records, {:.0} bytes each",
        player.closed,
        player.snapshot.len(),
        kept as f64 / player.snapshot.len().max(1) as f64,
    );
    per_item(player.meter.cost(Part::DecodeObserve))
}

/// State without sessions.
fn measure_without_sessions(charge_points: usize) {
    let settings = Settings {
        has_sessions: false,
        ..Settings::france(charge_points)
    };
    let player = Player::loaded(settings, COUNTING);
    let bytes = player.state_bytes as f64 / charge_points as f64;
    println!("\n{charge_points} charge points without sessions: {bytes:.0} bytes of state each");
}

/// How the cost of a status grows with what is retained of its charge point.
fn measure_retained() {
    println!("\none charge point       retained  observe ns  late ns  correct one, µs");
    for pace in PACES {
        let settings = Settings {
            pace,
            ..Settings::france(1)
        };
        let mut player = Player::loaded(settings, TIMING);
        for _ in 0..HOURS {
            player.play(Mode::Apart);
        }
        for _ in 0..HOURS {
            player.play_late(1);
        }
        let cost = player.meter.cost(Part::Observe);
        let retained = cost.items / HOURS as u64 * 26;
        let late = player.meter.cost(Part::LateObserve);
        let cut = player.meter.cost(Part::LateCut);
        println!(
            "  {:>29} {:>11.0} {:>8.0} {:>10.1}",
            retained,
            per_item(cost),
            per_item(late),
            cut.cpu.as_secs_f64() * 1e6 / cut.runs as f64,
        );
    }
}

/// What an event allocates, and what the state takes, from day to day: lists grow, and find their room.
fn measure_days() {
    println!(
        "\n{FOLLOWED} charge points: the day before, allocations per event, and state at its end"
    );
    println!("  day   decode+observe   session   bytes per charge point");
    let mut player = Player::new(Settings::france(FOLLOWED), COUNTING);
    let per_item = |cost: Cost| cost.allocations as f64 / cost.items.max(1) as f64;
    for day in 1..=DAYS[DAYS.len() - 1] {
        player.meter.reset();
        for _ in 0..24 {
            player.play(Mode::Together);
        }
        if DAYS.contains(&day) {
            println!(
                "  {day:>3} {:>16.5} {:>9.5} {:>24.0}",
                per_item(player.meter.cost(Part::DecodeObserve)),
                per_item(player.meter.cost(Part::Session)),
                player.meter.kept_bytes as f64 / FOLLOWED as f64,
            );
        }
    }
}

fn main() {
    let sizes = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let sizes = mix::sizes(sizes.as_deref());
    let costs: Vec<f64> = sizes.iter().map(|&size| measure(size)).collect();
    if let Some(base) = sizes.iter().position(|&size| size == 10_000) {
        println!("\na status, decoded and observed, against 10,000 charge points");
        for (size, cost) in sizes.iter().zip(&costs) {
            println!("  {size:>9} {:>6.2}", cost / costs[base]);
        }
    }
    if let Some(&size) = sizes.iter().find(|&&size| size > 1) {
        measure_without_sessions(size);
    }
    measure_retained();
    measure_days();
}
