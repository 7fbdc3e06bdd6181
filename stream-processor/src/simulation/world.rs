//! The world: brokers, processes and time, and whose turn it is.
//!
//! A step lets a few milliseconds pass, lets some records be written, lets one process that is awake
//! take one turn, and perhaps something go wrong.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use platform::admin::{Liveness, Readiness};
use platform::backoff::Backoff;
use tokio_util::sync::CancellationToken;

use super::broker::{Broker, Shared};
use super::clients::SimulatedClients;
use super::dice::Dice;
use super::expectation::Expectation;
use super::fault::{self, Misfortunes};
use super::library::Library;
use super::membership::Pulses;
use super::mutant::Mutant;
use super::play::Play;
use super::process::{After, Blow, Process};
use super::workload::{PARTITIONS, policy};
use crate::assignment::Terms;
use crate::clients::Clients as _;
use crate::commit::Limits;
use crate::config::Guarantee;
use crate::decode::Decoders;
use crate::disposition::WorkerError;
use crate::emit::SchemaIds;
use crate::input::InputError;
use crate::memory::schema_id;
use crate::metrics::Metrics;
use crate::restore::RestoreError;
use crate::task::Rules;
use crate::worker::{Seat, Turn, Worker};

/// Within how many steps everything must be done once nothing goes wrong any more.
const MOST_STEPS: usize = 6_000;

/// Steps after the end, in which nothing may follow.
const AFTERMATH: usize = 20;

/// One process, with its worker.
pub(crate) struct Body {
    pub(crate) process: Rc<Process>,
    pub(crate) shutdown: CancellationToken,
    /// Taken out when it is dropped only.
    worker: Option<Worker<SimulatedClients>>,
    /// When it goes on.
    pub(crate) wakes_at: u64,
    /// Where its decoders go when it is over, if they came from there.
    library: Option<Library>,
}

impl Drop for Body {
    fn drop(&mut self) {
        if let (Some(library), Some(worker)) = (&self.library, self.worker.take()) {
            library.take_back(worker.into_decoders());
        }
    }
}

/// A place for a process of one name.
pub(crate) struct Slot {
    pub(crate) name: String,
    pub(crate) body: Option<Body>,
    /// When it is started again; none: it is not wanted.
    pub(crate) starts_at: Option<u64>,
}

/// How a world is set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) seed: u64,
    /// Processes at the start.
    pub(crate) workers: usize,
    pub(crate) mutant: Option<Mutant>,
    /// The calls of processes are noted down.
    pub(crate) is_traced: bool,
    /// How often an output is written.
    pub(crate) guarantee: Guarantee,
}

impl Setup {
    /// Workers that write once, without flaws.
    pub(crate) const fn new(seed: u64, workers: usize) -> Self {
        Self {
            seed,
            workers,
            mutant: None,
            is_traced: false,
            guarantee: Guarantee::ExactlyOnce,
        }
    }
}

/// The world.
pub(crate) struct World {
    setup: Setup,
    pub(crate) now: u64,
    pub(crate) dice: Dice,
    pub(crate) broker: Shared,
    pub(crate) slots: Vec<Slot>,
    /// Processes whose place was taken by another while they stood still.
    pub(crate) ghosts: Vec<Body>,
    pub(crate) misfortunes: Misfortunes,
    /// What happens to the first process of the first place.
    pub(crate) trap: Option<(After, Blow)>,
    pulses: Pulses,
    play: Play,
    terms: Terms,
    library: Library,
    processes: u64,
    /// What must never happen, if it did.
    violation: Option<String>,
}

/// The terms of all simulated workers, which show themselves in `registry`: small transactions, so that
/// there are many.
pub(crate) fn terms(registry: &prometheus::Registry) -> Terms {
    let ids = SchemaIds {
        charge_point_indicator: schema_id(domain::contract::CHARGE_POINT_INDICATOR),
        station_indicator: schema_id(domain::contract::STATION_INDICATOR),
        failure_episode: schema_id(domain::contract::FAILURE_EPISODE),
        changelog: schema_id(domain::contract::STATE_CHANGELOG),
    };
    Terms {
        rules: Rules {
            policy: policy(),
            provisional: true,
            schemas: ids,
            guarantee: Guarantee::ExactlyOnce,
        },
        limits: Limits {
            records: 30,
            ..Limits::every(Duration::from_millis(20))
        },
        metrics: Metrics::new(registry).unwrap(),
        goal: None,
    }
}

impl World {
    /// A world where the first directory is written and nobody has started.
    pub(crate) fn new(setup: Setup, mut play: Play, shared: &(Terms, Library)) -> Self {
        let mut dice = Dice::new(setup.seed);
        let mut broker = Broker::new(&PARTITIONS, Dice::new(dice.below(u64::MAX)));
        play.open(&mut broker);
        let slot = |index| Slot {
            name: format!("w{index}"),
            body: None,
            starts_at: (index < setup.workers).then_some(0),
        };
        Self {
            setup,
            now: 1,
            dice,
            broker: Rc::new(RefCell::new(broker)),
            slots: (0..3).map(slot).collect(),
            ghosts: Vec::new(),
            misfortunes: Misfortunes::default(),
            trap: None,
            pulses: Pulses::default(),
            play,
            terms: shared.0.clone(),
            library: shared.1.clone(),
            processes: 0,
            violation: None,
        }
    }

    /// How often an output is written.
    pub(crate) const fn guarantee(&self) -> Guarantee {
        self.setup.guarantee
    }

    /// Whether everything is written.
    fn is_written(&self) -> bool {
        self.play.is_written() && self.play.is_last()
    }

    /// How much is still to be written.
    pub(crate) fn unwritten(&self) -> usize {
        self.play.unwritten()
    }

    /// Lets `ms` pass.
    async fn pass(&mut self, ms: u64) {
        self.now += ms;
        tokio::time::advance(Duration::from_millis(ms)).await;
        self.broker.borrow_mut().tick(self.now);
        self.pulses.borrow_mut().retain(|it| it.strong_count() > 0);
        for pulse in self
            .pulses
            .borrow()
            .iter()
            .filter_map(std::rc::Weak::upgrade)
        {
            if self.dice.chance(40) {
                pulse.borrow_mut().pulse(&self.broker);
            }
        }
    }

    /// One step.
    pub(crate) async fn step(&mut self) {
        let ms = if self.is_anybody_awake() { 4 } else { 60 };
        let ms = 1 + self.dice.below(ms);
        self.pass(ms).await;
        {
            let mut broker = self.broker.borrow_mut();
            self.play.write(&mut broker, &mut self.dice);
            self.play.advance(&mut broker);
        }
        self.start();
        self.wake();
        let awake: Vec<_> = (0..self.slots.len() + self.ghosts.len())
            .filter(|index| self.body(*index).is_some_and(|it| self.can_move(it)))
            .collect();
        if !awake.is_empty() {
            let index = self.dice.pick(&awake);
            self.turn(index);
        }
    }

    fn is_anybody_awake(&self) -> bool {
        let bodies = self.slots.iter().filter_map(|it| it.body.as_ref());
        bodies.chain(&self.ghosts).any(|it| self.can_move(it))
    }

    /// The calls of the process in the first place.
    pub(crate) fn calls(&self) -> usize {
        let body = self.slots[0].body.as_ref();
        body.map_or(0, |body| body.process.calls())
    }

    fn can_move(&self, body: &Body) -> bool {
        body.process.is_awake() && body.wakes_at <= self.now
    }

    fn body(&self, index: usize) -> Option<&Body> {
        match self.slots.get(index) {
            Some(slot) => slot.body.as_ref(),
            None => self.ghosts.get(index - self.slots.len()),
        }
    }

    /// Starts the processes that are due.
    fn start(&mut self) {
        for index in 0..self.slots.len() {
            let slot = &self.slots[index];
            if slot.body.is_none() && slot.starts_at.is_some_and(|at| at <= self.now) {
                let body = self.process(&slot.name.clone());
                if index == 0
                    && let Some((after, blow)) = self.trap.take()
                {
                    body.process.set_trap(after, blow);
                }
                self.slots[index].body = Some(body);
            }
        }
    }

    fn process(&mut self, name: &str) -> Body {
        self.processes += 1;
        let process = Rc::new(Process::new(self.setup.is_traced));
        let shutdown = CancellationToken::new();
        let mut clients = SimulatedClients {
            name: name.to_owned(),
            process: Rc::clone(&process),
            broker: Rc::clone(&self.broker),
            pulses: Rc::clone(&self.pulses),
            mutant: self.setup.mutant,
            guarantee: self.setup.guarantee,
            fence: Rc::default(),
        };
        let mut terms = self.terms.clone();
        terms.rules.guarantee = self.setup.guarantee;
        let seat = Seat {
            name: name.to_owned(),
            index: 0,
            nonce: self.processes,
            terms,
            readiness: Readiness::new(shutdown.clone()),
            heartbeat: Liveness::default().heartbeat(name, Duration::MAX),
            shutdown: shutdown.clone(),
        };
        // A process that knows no schema yet waits for them in the middle of its work.
        let knows_schemas = self.dice.chance(85);
        let decoders = if knows_schemas {
            self.library.lend()
        } else {
            Decoders::new(clients.schemas())
        };
        Body {
            process,
            shutdown,
            worker: Some(Worker::new(seat, clients, decoders)),
            wakes_at: 0,
            library: knows_schemas.then(|| self.library.clone()),
        }
    }

    /// Lets processes go on that stood still for long enough.
    fn wake(&mut self) {
        let now = self.now;
        let bodies = self.slots.iter_mut().filter_map(|it| it.body.as_mut());
        for body in bodies.chain(&mut self.ghosts) {
            if body.process.is_stopped() && body.wakes_at <= now {
                body.process.go_on();
            }
        }
    }

    /// Lets one process take a turn.
    fn turn(&mut self, index: usize) {
        let now = self.now;
        let stop = fault::standstill(&mut self.dice);
        let roll = self.dice.below(1_000);
        let body = match self.slots.get_mut(index) {
            Some(slot) => slot.body.as_mut(),
            None => self.ghosts.get_mut(index - self.slots.len()),
        };
        let Some(body) = body else {
            return;
        };
        let Some(worker) = &mut body.worker else {
            return;
        };
        let is_over = match worker.turn() {
            _ if body.process.is_dead() => true,
            Ok(Turn::On) => false,
            Ok(Turn::Anew(attempt)) => {
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let delay = Backoff::STANDARD.delay_at(attempt.min(2), roll as f64 / 1_000.0);
                body.wakes_at = now + u64::try_from(delay.as_millis()).unwrap() / 4;
                false
            }
            Ok(Turn::Ended) => true,
            Err(error) => {
                self.violation = violation_of(&error).or(self.violation.take());
                true
            }
        };
        if body.process.is_stopped() {
            body.wakes_at = now + stop;
        }
        if is_over {
            self.bury(index);
        }
    }

    /// Drops a process that is over.
    pub(crate) fn bury(&mut self, index: usize) {
        let delay = self.dice.below(300);
        match self.slots.get_mut(index) {
            Some(slot) => {
                slot.body = None;
                slot.starts_at = slot.starts_at.map(|_| self.now + delay);
            }
            None => drop(self.ghosts.remove(index - self.slots.len())),
        }
    }

    /// Lets things go wrong for `steps`, and until everything is written.
    pub(crate) async fn suffer(&mut self, steps: usize) {
        for _ in 0..steps {
            fault::befall(self);
            self.step().await;
        }
        let mut calm = 0;
        for _ in 0..MOST_STEPS {
            if self.is_written() {
                break;
            }
            calm = u32::saturating_sub(calm, 1);
            if self.play.is_written() && calm == 0 && self.dice.chance(1) {
                // Whatever happened, a scene comes to its end.
                fault::heal(self);
                calm = 200;
            }
            if calm == 0 {
                fault::befall(self);
            }
            self.step().await;
        }
        fault::heal(self);
    }

    /// Goes on without misfortune until what has to come has come.
    ///
    /// # Errors
    /// Says what is wrong.
    pub(crate) async fn finish(&mut self, expectation: &Expectation) -> Result<(), String> {
        let mut steps = 0;
        while !self.is_done(expectation) {
            if let Some(violation) = self.violation.take() {
                return Err(violation);
            }
            steps += 1;
            if steps > MOST_STEPS {
                let offsets = self.broker.borrow().offsets.clone();
                let expected = &expectation.offsets;
                return Err(format!(
                    "no progress: at {offsets:?} of {expected:?} after {MOST_STEPS} steps; {}",
                    self.describe()
                ));
            }
            self.step().await;
        }
        for _ in 0..AFTERMATH {
            self.step().await;
        }
        let found = Expectation::found(&self.broker.borrow());
        match self.setup.guarantee {
            Guarantee::ExactlyOnce => expectation.compare(&found),
            Guarantee::AtLeastOnce => {
                self.misfortunes.copies += found.copies();
                expectation.is_covered_by(&found)
            }
        }
    }

    /// Who is there, and what the brokers know of them.
    fn describe(&self) -> String {
        let slots = self.slots.iter().map(|slot| {
            let process = slot
                .body
                .as_ref()
                .map(|body| (&body.process, body.wakes_at));
            format!("{}: {process:?} starts at {:?}", slot.name, slot.starts_at)
        });
        let slots: Vec<_> = slots.collect();
        let broker = self.broker.borrow();
        let (is_written, on_its_way) = (self.is_written(), broker.on_its_way());
        format!(
            "now {}, {slots:?}, {:?}, {:?}, all written: {is_written}, {on_its_way}",
            self.now, broker.group, broker.coordinators
        )
    }

    fn is_done(&self, expectation: &Expectation) -> bool {
        let broker = self.broker.borrow();
        self.is_written() && broker.is_quiet() && broker.offsets == expectation.offsets
    }

    /// Goes on until nothing has moved for long, and tells what is there.
    pub(crate) async fn settle(&mut self) -> Expectation {
        let mut milestones = Vec::new();
        loop {
            self.rest().await;
            if self.is_written() {
                break;
            }
            let mut broker = self.broker.borrow_mut();
            milestones.push(broker.offsets.clone());
            self.play.open(&mut broker);
        }
        let mut found = Expectation::found(&self.broker.borrow());
        found.milestones = milestones;
        found
    }

    /// Goes on until this scene is written and nothing has moved for long.
    async fn rest(&mut self) {
        let mut still = 0;
        let mut offsets = self.broker.borrow().offsets.clone();
        while still < 100 || !self.play.is_written() {
            self.step().await;
            let broker = self.broker.borrow();
            still = if broker.offsets == offsets {
                still + 1
            } else {
                0
            };
            offsets.clone_from(&broker.offsets);
        }
    }
}

/// What a worker must never meet, whatever its processes and the brokers went through.
fn violation_of(error: &anyhow::Error) -> Option<String> {
    let error = error.downcast_ref::<WorkerError>()?;
    let is_violation = match error {
        WorkerError::Input(error) | WorkerError::Restore(RestoreError::Input(error)) => {
            matches!(error, InputError::OffsetGone { .. })
        }
        WorkerError::Restore(error) => matches!(
            error,
            RestoreError::Sequence { .. }
                | RestoreError::Record { .. }
                | RestoreError::NoPosition { .. }
                | RestoreError::State { .. }
        ),
        WorkerError::Output(_) | WorkerError::Membership(_) | WorkerError::Join(_) => false,
    };
    is_violation.then(|| error.to_string())
}
