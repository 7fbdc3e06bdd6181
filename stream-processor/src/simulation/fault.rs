//! What goes wrong, and that it stops going wrong at the end.

use std::collections::BTreeMap;

use super::broker::EndFate;
use super::dice::Dice;
use super::process::{After, Blow, CALLS, Call};
use super::workload::PARTITIONS;
use super::world::World;
use crate::config::Guarantee;

/// What has to have followed, for the simulation to mean something.
const EVENTS: [&str; 7] = [
    "commit",
    "abort",
    "rebalance",
    "transaction timed out",
    "record fenced",
    "end fenced",
    "unknown member id",
];

/// How often what went wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Misfortunes {
    /// Processes killed.
    pub(crate) kills: u64,
    /// Processes that stood still.
    pub(crate) stops: u64,
    /// Processes replaced by one of the same name, which woke up later.
    pub(crate) ghosts: u64,
    /// Processes shut down in good order.
    pub(crate) shutdowns: u64,
    /// Places for processes added or removed.
    pub(crate) resizes: u64,
    /// Ends of transactions lost, late, or unanswered.
    pub(crate) ends: u64,
    /// Changes of how long markers take.
    pub(crate) markers: u64,
    /// Compactions.
    pub(crate) compactions: u64,
    /// Reads that failed, and silences of the brokers.
    pub(crate) outages: u64,
    /// Outputs written more than once, without transactions.
    pub(crate) copies: u64,
    /// What followed at the brokers.
    pub(crate) events: BTreeMap<&'static str, u64>,
}

impl Misfortunes {
    /// Adds others.
    pub(crate) fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.stops += other.stops;
        self.ghosts += other.ghosts;
        self.shutdowns += other.shutdowns;
        self.resizes += other.resizes;
        self.ends += other.ends;
        self.markers += other.markers;
        self.compactions += other.compactions;
        self.outages += other.outages;
        self.copies += other.copies;
    }

    /// The least of all kinds.
    pub(crate) fn least(&self) -> u64 {
        let processes = [self.kills, self.stops, self.ghosts, self.shutdowns];
        let brokers = [self.ends, self.markers, self.compactions, self.outages];
        let events = EVENTS.map(|event| self.events.get(event).copied().unwrap_or_default());
        let all = processes.into_iter().chain(brokers).chain(events);
        all.chain([self.resizes]).min().unwrap_or_default()
    }
}

/// Lets something go wrong, perhaps.
pub(crate) fn befall(world: &mut World) {
    if !world.dice.chance(8) {
        return;
    }
    let slot = world.dice.index(world.slots.len());
    match world.dice.below(20) {
        0..3 => strike(world, slot, Blow::Kill),
        3..8 => strike(world, slot, Blow::Stop),
        8 => replace(world, slot),
        9 => shut_down(world, slot),
        10 => resize(world, slot),
        11..15 => {
            let late = EndFate::Late(world.dice.below(200));
            let fate = world.dice.pick(&[EndFate::Lost, late, EndFate::Unanswered]);
            world.broker.borrow_mut().end_fate = Some(fate);
            world.misfortunes.ends += 1;
        }
        15 | 16 => {
            let delay = world.dice.pick(&[0, 10, 60, 250]);
            world.broker.borrow_mut().marker_delay = delay;
            world.misfortunes.markers += 1;
        }
        // Without transactions a compaction may lose what a worker that hung has written over.
        17 if world.guarantee() == Guarantee::ExactlyOnce => {
            let partition = world.dice.pick(&PARTITIONS);
            world.broker.borrow_mut().compact(partition);
            world.misfortunes.compactions += 1;
        }
        18 => {
            world.broker.borrow_mut().is_breaking = true;
            world.misfortunes.outages += 1;
        }
        _ => {
            let mut broker = world.broker.borrow_mut();
            broker.is_silent = !broker.is_silent;
            world.misfortunes.outages += 1;
        }
    }
}

/// Kills or stops a process, now or after its next call of some kind: every step is as likely as any
/// other, however rare it is.
fn strike(world: &mut World, slot: usize, blow: Blow) {
    let call = world.dice.pick(&CALLS);
    // What keeps two owners apart is decided around a commit.
    let near_commit = [Call::Drain, Call::Offsets, Call::Commit, Call::SendPosition];
    let call = if world.dice.chance(40) {
        world.dice.pick(&near_commit)
    } else {
        call
    };
    let is_now = world.dice.chance(30);
    let still = standstill(&mut world.dice);
    let now = world.now;
    let Some(body) = &mut world.slots[slot].body else {
        return;
    };
    match blow {
        Blow::Kill => world.misfortunes.kills += 1,
        Blow::Stop => world.misfortunes.stops += 1,
    }
    if !is_now {
        body.process.set_trap(After::Next(call), blow);
        return;
    }
    match blow {
        Blow::Kill => {
            body.process.kill();
            world.bury(slot);
        }
        Blow::Stop => {
            body.process.stop();
            body.wakes_at = now + still;
        }
    }
}

/// How long a process stands still, ms: often just long enough to lose its partitions and not yet its
/// transaction.
pub(crate) fn standstill(dice: &mut Dice) -> u64 {
    match dice.below(3) {
        0 => 20 + dice.below(700),
        _ => 150 + dice.below(150),
    }
}

/// Lets a process stand still, and starts another of its name meanwhile.
fn replace(world: &mut World, slot: usize) {
    let still = standstill(&mut world.dice);
    if let Some(mut body) = world.slots[slot].body.take() {
        body.process.stop();
        body.wakes_at = world.now + still;
        world.ghosts.push(body);
        world.slots[slot].starts_at = Some(world.now + still / 3);
        world.misfortunes.ghosts += 1;
    }
}

fn shut_down(world: &mut World, slot: usize) {
    if let Some(body) = &world.slots[slot].body {
        body.shutdown.cancel();
        world.misfortunes.shutdowns += 1;
    }
}

/// Adds or removes a place for a process.
fn resize(world: &mut World, slot: usize) {
    world.misfortunes.resizes += 1;
    let now = world.now;
    let slot = &mut world.slots[slot];
    if slot.starts_at.take().is_none() {
        slot.starts_at = Some(now);
    } else if let Some(body) = &slot.body {
        body.shutdown.cancel();
    }
}

/// Ends all misfortune: ghosts die, and whoever stands still or is missing comes back.
pub(crate) fn heal(world: &mut World) {
    for ghost in world.ghosts.drain(..) {
        ghost.process.kill();
    }
    let now = world.now;
    let is_wanted = world.slots.iter().any(|it| it.starts_at.is_some());
    if !is_wanted {
        world.slots[0].starts_at = Some(now);
    }
    for slot in &mut world.slots {
        if let Some(body) = &mut slot.body {
            body.wakes_at = body.wakes_at.min(now);
            // A trap that was set and not sprung springs no more.
            body.process.set_trap(After::Number(0), Blow::Stop);
        }
    }
    let mut broker = world.broker.borrow_mut();
    broker.is_silent = false;
    broker.is_breaking = false;
    broker.end_fate = None;
    broker.marker_delay = 0;
}
