//! What happens to the fleet, hour after hour.

use std::collections::BTreeMap;

use super::fleet::{Place, Random, fleet};
use super::log::{Log, Says, SessionDraft, StatusDraft};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// The first hour: 2026-03-02 00:00 UTC, far from a change of the clocks.
pub(crate) const FIRST_HOUR: i64 = 1_772_409_600_000;

/// What kind of fleet it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// Its size.
    pub(crate) charge_points: usize,
    /// How many times faster than in France things happen: for many events of few charge points.
    pub(crate) pace: i64,
    /// Whether sessions are sent at all.
    pub(crate) has_sessions: bool,
}

impl Settings {
    /// France's pace; one charge point alone sends a status every 30 s.
    pub(crate) const fn france(charge_points: usize) -> Self {
        Self {
            charge_points,
            pace: if charge_points == 1 { 720 } else { 1 },
            has_sessions: true,
        }
    }
}

/// The logs of one hour.
#[derive(Debug)]
pub(crate) struct Hour {
    pub(crate) statuses: Log,
    pub(crate) sessions: Log,
}

/// Drafts that have not been received yet, of one hour.
#[derive(Debug, Default)]
struct Drafts {
    statuses: Vec<StatusDraft>,
    sessions: Vec<SessionDraft>,
}

/// The story so far.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) places: Vec<Place>,
    /// Until when each charge point is in use, down or unknown.
    busy_until: Vec<i64>,
    settings: Settings,
    random: Random,
    drafts: BTreeMap<i64, Drafts>,
    /// Start of the next hour.
    pub(crate) hour: i64,
}

impl Story {
    /// A story that begins with one status of every charge point in its first hour.
    pub(crate) fn new(settings: Settings) -> Self {
        let mut random = Random(4);
        let places = fleet(settings.charge_points, &mut random);
        let mut story = Self {
            busy_until: vec![FIRST_HOUR; places.len()],
            places,
            settings,
            random,
            drafts: BTreeMap::new(),
            hour: FIRST_HOUR,
        };
        for place in 0..story.places.len() {
            let event_time = FIRST_HOUR + story.random.below(50 * MINUTE);
            story.say(place, event_time, Says::Free);
        }
        story
    }

    /// The next hour.
    pub(crate) fn next_hour(&mut self) -> Hour {
        self.live();
        let drafts = self.drafts.remove(&self.hour).unwrap_or_default();
        self.encoded(drafts)
    }

    /// An hour in which nothing is received but `late` statuses of as many charge points, at most
    /// one of each, shortly before half past, with event times five hours before.
    pub(crate) fn late_hour(&mut self, late: usize) -> Hour {
        self.live();
        let _lost = self.drafts.remove(&self.hour);
        let late = late.min(self.places.len());
        let step = self.places.len() / late.max(1);
        let statuses = (0..late).map(|number| StatusDraft {
            place: number * step,
            event_time: self.hour - 5 * HOUR + self.random.below(HOUR),
            received_at: self.hour + 26 * MINUTE + self.random.below(3 * MINUTE),
            says: if number % 2 == 0 {
                Says::Down
            } else {
                Says::Occupied
            },
        });
        let drafts = Drafts {
            statuses: statuses.collect(),
            sessions: Vec::new(),
        };
        self.encoded(drafts)
    }

    fn encoded(&mut self, drafts: Drafts) -> Hour {
        let fleet = &self.places;
        let statuses = drafts.statuses.into_iter();
        let sessions = drafts.sessions.into_iter();
        let hour = self.hour;
        self.hour += HOUR;
        Hour {
            statuses: Log::of(
                statuses
                    .map(|draft| (draft.received_at, draft.record(fleet)))
                    .collect(),
                hour,
            ),
            sessions: Log::of(
                sessions
                    .map(|draft| (draft.received_at, draft.record(fleet)))
                    .collect(),
                hour,
            ),
        }
    }

    /// Lets one hour happen: in every slot something may begin at a charge point that is idle.
    fn live(&mut self) {
        let slot = HOUR / self.settings.pace;
        for place in 0..self.places.len() {
            for number in 0..self.settings.pace {
                let at = self.hour + number * slot + self.random.below(slot);
                if self.busy_until[place] <= at {
                    self.begin(place, at);
                }
            }
        }
    }

    fn begin(&mut self, place: usize, at: i64) {
        let times_faster = self.settings.pace;
        let lasting = |random: &mut Random, least: i64, most: i64| {
            (least * MINUTE + random.below((most - least) * MINUTE)) / times_faster
        };
        match self.random.below(1_000_000) {
            0..21_000 => {
                let end = at + lasting(&mut self.random, 15, 180);
                self.busy_until[place] = end;
                self.say(place, at, Says::Occupied);
                self.say(place, end, Says::Free);
                self.charge(place, at, end);
            }
            21_000..22_250 => {
                let end = at + lasting(&mut self.random, 20, 2_000);
                self.busy_until[place] = end;
                self.say(place, at, Says::Down);
                self.say(place, end, Says::Free);
            }
            22_250..36_250 => {
                let end = at + lasting(&mut self.random, 2, 90);
                self.busy_until[place] = end;
                self.say(place, at, Says::Unknown);
                self.say(place, end, Says::Free);
            }
            36_250..125_000 => self.say(place, at, Says::Free),
            _ => {}
        }
    }

    /// Sends a status, sometimes late, sometimes twice, sometimes before an older one.
    fn say(&mut self, place: usize, event_time: i64, says: Says) {
        let delay = if self.random.chance(1_000) {
            70 * MINUTE + self.random.below(22 * HOUR)
        } else if self.random.chance(100_000) {
            self.random.below(4 * MINUTE)
        } else {
            2_000 + self.random.below(40_000)
        };
        let draft = StatusDraft {
            place,
            event_time,
            received_at: event_time + delay,
            says,
        };
        self.receive(draft);
        if self.random.chance(10_000) {
            let received_at = draft.received_at + self.random.below(10 * MINUTE);
            self.receive(StatusDraft {
                received_at,
                ..draft
            });
        }
        if self.random.chance(41_000) {
            let earlier = StatusDraft {
                event_time: event_time - 20_000 - self.random.below(100_000),
                received_at: draft.received_at + 1_000 + self.random.below(30_000),
                says: Says::Reserved,
                ..draft
            };
            self.receive(earlier);
        }
    }

    fn receive(&mut self, draft: StatusDraft) {
        let hour = draft.received_at.max(self.hour).div_euclid(HOUR) * HOUR;
        self.drafts.entry(hour).or_default().statuses.push(draft);
    }

    fn charge(&mut self, place: usize, start: i64, end: i64) {
        if self.settings.has_sessions {
            let received_at = end + MINUTE + self.random.below(10 * MINUTE);
            let draft = SessionDraft {
                place,
                start,
                end,
                received_at,
                energy_wh: 500 + self.random.below(40_000),
            };
            let hour = received_at.div_euclid(HOUR) * HOUR;
            self.drafts.entry(hour).or_default().sessions.push(draft);
        }
    }
}
