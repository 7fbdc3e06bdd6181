//! Feeds a story to an engine as the processor does: records in topic order, admitted by the clock
//! of the task, cuts when they are due, state drained after each.

use domain::engine::{Arrival, DirectoryChange, Output, StateRecord};
use domain::wire::{Reader, Record};
use domain::{Admission, clock::ClockSnapshot};
use domain::{
    ChargePointStatus, ChargeSession, Cut, Engine, EventInput, Policy, TaskClock, Timestamp,
};

use super::fleet::entry;
use super::log::Log;
use super::meter::{Gauges, Meter, Part};
use super::story::{FIRST_HOUR, Hour, Settings, Story};

/// Statuses that are foreseen together.
const AHEAD: usize = Engine::FORESIGHT;

/// Whether statuses are decoded and applied one after the other, or first decoded, then applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Together,
    Apart,
}

/// A story, the engine that hears it, and what that costs.
#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) story: Story,
    pub(crate) meter: Meter,
    engine: Engine,
    clock: TaskClock,
    next_offset: i64,
    is_late_hour: bool,
    /// What the last closing cut made.
    pub(crate) closed: usize,
    /// Bytes that the engine held after the load, if they are counted.
    pub(crate) state_bytes: i64,
    /// The state that was kept.
    pub(crate) snapshot: Vec<StateRecord>,
}

/// Where the player is in one log.
#[derive(Debug, Default)]
struct Cursor {
    from: usize,
    to: usize,
    stamps: Vec<Timestamp>,
    is_held: bool,
}

impl Player {
    /// A player at the beginning: the directory is read, nothing has been received.
    pub(crate) fn new(settings: Settings, gauges: Gauges) -> Self {
        let policy = Policy::qc_1();
        let story = Story::new(settings);
        let mut meter = Meter::new(gauges);
        let mut engine = Engine::new(policy.clone(), false);
        meter.run(Part::Directory, || {
            for place in &story.places {
                let entry = entry(place, Timestamp::from_ms(FIRST_HOUR - 3_600_000));
                engine.observe_charge_point(DirectoryChange::Put(&entry));
            }
            story.places.len()
        });
        Self {
            story,
            meter,
            engine,
            clock: TaskClock::restore(policy.cut_every, ClockSnapshot::default()),
            next_offset: 0,
            is_late_hour: false,
            closed: 0,
            state_bytes: 0,
            snapshot: Vec::new(),
        }
    }

    /// A player that has heard 27 hours: the first of them are final and folded.
    pub(crate) fn loaded(settings: Settings, gauges: Gauges) -> Self {
        let mut player = Self::new(settings, gauges);
        for _ in 0..27 {
            player.play(Mode::Together);
        }
        player.state_bytes = player.meter.kept_bytes;
        player.meter.reset();
        player
    }

    /// Plays the next hour.
    pub(crate) fn play(&mut self, mode: Mode) {
        let hour = self.story.next_hour();
        self.hear(&hour, mode);
    }

    /// Plays an hour in which nothing is received but `late` statuses of closed windows.
    pub(crate) fn play_late(&mut self, late: usize) {
        let hour = self.story.late_hour(late);
        self.is_late_hour = true;
        self.hear(&hour, Mode::Apart);
        self.is_late_hour = false;
    }

    /// Takes the state of everything, and keeps it.
    pub(crate) fn keep(&mut self) {
        let Self {
            meter,
            engine,
            snapshot,
            ..
        } = self;
        meter.run(Part::Snapshot, || {
            *snapshot = engine.snapshot();
            snapshot.len()
        });
    }

    /// Restores the state that was kept into another engine.
    pub(crate) fn restore(&mut self) {
        let Self {
            meter,
            snapshot,
            clock,
            ..
        } = self;
        let mut restored = Engine::new(Policy::qc_1(), false);
        meter.run(Part::Restore, || {
            for record in &*snapshot {
                let value = record.value.as_deref().unwrap_or_default();
                restored.restore(&record.key, value).unwrap();
            }
            restored.resume(&clock.snapshot());
            snapshot.len()
        });
    }

    fn hear(&mut self, hour: &Hour, mode: Mode) {
        let mut statuses = Cursor::default();
        let mut sessions = Cursor::default();
        loop {
            self.admit(EventInput::Status, &hour.statuses, &mut statuses);
            self.apply_statuses(&hour.statuses, &statuses, mode);
            self.admit(EventInput::Session, &hour.sessions, &mut sessions);
            self.apply_sessions(&hour.sessions, &sessions);
            let Some(cut) = self.clock.due_cut() else {
                break;
            };
            self.cut(cut);
            self.clock.cut_taken();
            (statuses.is_held, sessions.is_held) = (false, false);
        }
    }

    /// Offers lines to the clock until it holds one or the log ends.
    fn admit(&mut self, input: EventInput, log: &Log, cursor: &mut Cursor) {
        cursor.stamps.clear();
        cursor.from = cursor.to;
        while let (false, Some(line)) = (cursor.is_held, log.lines.get(cursor.to)) {
            match self.clock.offer(input, line.received_at) {
                Admission::Apply { stamp } => {
                    cursor.stamps.push(stamp);
                    cursor.to += 1;
                }
                Admission::Hold => cursor.is_held = true,
            }
        }
    }

    fn apply_statuses(&mut self, log: &Log, cursor: &Cursor, mode: Mode) {
        let Self { meter, engine, .. } = self;
        let offset = self.next_offset;
        let records = || log.records(cursor.from, cursor.to);
        let arrival = |number: usize| Arrival {
            stamp: cursor.stamps[number - cursor.from],
            offset: offset + number.cast_signed() as i64,
        };
        self.next_offset += cursor.stamps.len().cast_signed() as i64;
        if mode == Mode::Together {
            let mut ahead: Vec<(Arrival, ChargePointStatus)> = Vec::with_capacity(AHEAD);
            meter.run(Part::DecodeObserve, || {
                let mut rest = records();
                let mut count = 0;
                loop {
                    ahead.clear();
                    let next = rest.by_ref().take(AHEAD);
                    ahead
                        .extend(next.map(|(number, bytes)| (arrival(number), decoded_from(bytes))));
                    if ahead.is_empty() {
                        return count;
                    }
                    count += ahead.len();
                    observe_all(engine, &ahead);
                }
            });
            return;
        }
        let mut decoded = Vec::with_capacity(cursor.stamps.len());
        let mut encoded = Vec::with_capacity(cursor.stamps.len() * 256);
        meter.run(Part::Decode, || {
            decoded.extend(records().map(|(number, bytes)| {
                (arrival(number), decoded_from::<ChargePointStatus>(bytes))
            }));
            decoded.len()
        });
        meter.run(Part::Encode, || {
            for (_, status) in &decoded {
                status.encode(&mut encoded);
            }
            decoded.len()
        });
        let part = if self.is_late_hour {
            Part::LateObserve
        } else {
            Part::Observe
        };
        meter.run(part, || {
            for ahead in decoded.chunks(AHEAD) {
                observe_all(engine, ahead);
            }
            decoded.len()
        });
    }

    fn apply_sessions(&mut self, log: &Log, cursor: &Cursor) {
        let Self { meter, engine, .. } = self;
        meter.run(Part::Session, || {
            let each = log.records(cursor.from, cursor.to).map(|(number, bytes)| {
                let session: ChargeSession = decoded_from(bytes);
                let arrival = Arrival {
                    stamp: cursor.stamps[number - cursor.from],
                    offset: number.cast_signed() as i64,
                };
                let _counted = engine.observe_session(&session, arrival);
            });
            each.count()
        });
    }

    fn cut(&mut self, cut: Cut) {
        let minute = cut.at.as_ms().rem_euclid(3_600_000) / 60_000;
        let part = match minute {
            0 => Part::Final,
            10 => Part::Close,
            30 if self.is_late_hour => Part::LateCut,
            _ => Part::OtherCut,
        };
        let Self { meter, engine, .. } = self;
        let mut made = 0;
        meter.run(part, || {
            take_cut(engine, cut, |output| {
                std::hint::black_box(&output);
                made += 1;
            });
            if part == Part::OtherCut { 1 } else { made }
        });
        if part == Part::Close {
            self.closed = made;
        }
        meter.run(Part::Drain, || engine.drain_dirty().len());
    }
}

/// A record of our own schema. A [`domain::wire::Decoder`] does the same once it has chosen; parsing
/// schemas takes random numbers, which would move the heap and with it the count of instructions.
fn decoded_from<T: Record>(bytes: &[u8]) -> T {
    T::decode(&mut Reader::new(bytes)).unwrap()
}

/// Applies statuses as the processor does, foreseen together.
fn observe_all(engine: &mut Engine, statuses: &[(Arrival, ChargePointStatus)]) {
    engine.foresee(statuses.iter().map(|(_, status)| status));
    for (arrival, status) in statuses {
        let _counted = engine.observe_status(status, *arrival);
    }
}

/// The one place that knows how the engine hands out what it makes.
fn take_cut(engine: &mut Engine, cut: Cut, mut each: impl FnMut(Output)) {
    engine.take_cut(cut, &mut each);
}
