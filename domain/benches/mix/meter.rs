//! What the parts of the work cost: CPU time of the process, and what a counter of allocations says.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// Directory entries applied.
    Directory,
    /// Statuses decoded.
    Decode,
    /// Statuses encoded.
    Encode,
    /// Decoded statuses applied.
    Observe,
    /// Statuses decoded and applied, one after the other.
    DecodeObserve,
    /// Sessions decoded and applied.
    Session,
    /// Late statuses applied.
    LateObserve,
    /// Records of late statuses made again, at a cut with nothing else to do; per record.
    LateCut,
    /// The cuts that close an hour; per charge point and station.
    Close,
    /// The cuts that make an hour final and fold it; per charge point and station.
    Final,
    /// All other cuts; per cut.
    OtherCut,
    /// State drained after closing cuts: all of it; per record.
    Snapshot,
    /// State drained after other cuts; per record.
    Drain,
    /// State restored; per record.
    Restore,
}

impl Part {
    /// All parts.
    pub(crate) const ALL: [Self; 14] = [
        Self::Directory,
        Self::Decode,
        Self::Encode,
        Self::Observe,
        Self::DecodeObserve,
        Self::Session,
        Self::LateObserve,
        Self::LateCut,
        Self::Close,
        Self::Final,
        Self::OtherCut,
        Self::Snapshot,
        Self::Drain,
        Self::Restore,
    ];
}

/// What a counting allocator saw.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Allocations {
    /// Allocations made.
    pub(crate) count: u64,
    /// Bytes allocated and not freed.
    pub(crate) kept_bytes: i64,
}

/// Runs something under a counting allocator, or just runs it.
pub(crate) type Counter = fn(&mut dyn FnMut()) -> Allocations;

/// With what to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gauges {
    /// Under what to run the parts.
    pub(crate) counter: Counter,
    /// The CPU time so far.
    pub(crate) clock: fn() -> Duration,
}

/// Runs `work` and counts nothing.
pub(crate) fn uncounted(work: &mut dyn FnMut()) -> Allocations {
    work();
    Allocations::default()
}

/// What a part has cost so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    /// How often it was run.
    pub(crate) runs: u64,
    /// Items handled.
    pub(crate) items: u64,
    /// CPU time, user and system.
    pub(crate) cpu: Duration,
    /// Allocations made.
    pub(crate) allocations: u64,
}

/// The costs of all parts.
#[derive(Debug)]
pub(crate) struct Meter {
    costs: [Cost; Part::ALL.len()],
    pub(crate) gauges: Gauges,
    /// The one part that is run under the counter; all without one.
    pub(crate) only: Option<Part>,
    /// Bytes that the measured parts allocated and did not free: what the engine holds.
    pub(crate) kept_bytes: i64,
}

impl Meter {
    /// A meter that has seen nothing.
    pub(crate) fn new(gauges: Gauges) -> Self {
        Self {
            costs: [Cost::default(); Part::ALL.len()],
            gauges,
            only: None,
            kept_bytes: 0,
        }
    }

    /// Runs `work`, which says how many items it handled.
    pub(crate) fn run(&mut self, part: Part, work: impl FnOnce() -> usize) {
        let mut work = Some(work);
        let mut items = 0;
        let before = (self.gauges.clock)();
        let is_counted = self.only.is_none_or(|only| only == part);
        let counter = if is_counted {
            self.gauges.counter
        } else {
            uncounted
        };
        let allocations = counter(&mut || {
            if let Some(work) = work.take() {
                items = work();
            }
        });
        let cost = &mut self.costs[part as usize];
        cost.cpu += (self.gauges.clock)().saturating_sub(before);
        cost.runs += 1;
        cost.items += items as u64;
        cost.allocations += allocations.count;
        self.kept_bytes += allocations.kept_bytes;
    }

    /// What a part has cost.
    pub(crate) fn cost(&self, part: Part) -> Cost {
        self.costs[part as usize]
    }

    /// Forgets the costs, not the bytes.
    pub(crate) fn reset(&mut self) {
        self.costs = [Cost::default(); Part::ALL.len()];
    }
}

/// User and system time of this process.
pub(crate) fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or(0))
}
