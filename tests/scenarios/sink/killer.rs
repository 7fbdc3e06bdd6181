//! Whoever kills the sink at a chosen step: it sees every insert on its way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use e2e::proxy::{Insert, Moment, Verdict};
use e2e::service::Service;
use e2e::statuses::TOPIC;

/// Where a life ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// Some time after the start: before, within or after the assignment, or while collecting.
    Starting,
    /// The intent is committed; nothing of the insert was passed on.
    Intended,
    /// Half of the body was passed on.
    Body,
    /// The server has the rows, the sink does not know.
    Inserted,
    /// The server has the audit, the sink does not know.
    Audited,
    /// A moment after the audit was acknowledged: around the commit.
    Committing,
    /// A part of a divided range is stored, the sink does not know.
    Part,
    /// A moment after a refusal: around the division and the dead letter.
    Refused,
    /// A moment after a second member came.
    Revoking,
}

impl Step {
    pub(super) const ALL: [Self; 9] = [
        Self::Starting,
        Self::Intended,
        Self::Body,
        Self::Inserted,
        Self::Audited,
        Self::Committing,
        Self::Part,
        Self::Refused,
        Self::Revoking,
    ];
}

/// The sink that is to be killed, and when.
#[derive(Debug, Default)]
struct State {
    victim: Option<Service>,
    plan: Option<(Step, u32)>,
    refused: Vec<String>,
    deaths: BTreeMap<Step, u32>,
}

/// The killer. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Killer(Arc<Mutex<State>>);

impl Killer {
    /// Takes a sink on, to be killed at the `count`th time that it comes to `step`.
    pub(super) fn aim(&self, victim: Service, step: Step, count: u32) {
        let mut state = self.lock();
        state.refused.clear();
        (state.victim, state.plan) = (Some(victim), Some((step, count)));
    }

    /// Whether it is dead.
    pub(super) fn is_done(&self) -> bool {
        self.lock().victim.is_none()
    }

    /// How often it died where.
    pub(super) fn deaths(&self) -> BTreeMap<Step, u32> {
        self.lock().deaths.clone()
    }

    /// Kills it now, if it lives.
    pub(super) fn kill(&self) {
        let mut state = self.lock();
        if let (Some(_), Some((step, _))) = (state.victim.take(), state.plan.take()) {
            *state.deaths.entry(step).or_default() += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees an insert, and perhaps ends the sink.
    pub(super) fn watch(&self, insert: &Insert, moment: Moment) -> Verdict {
        let is_rows = insert.table == TOPIC.replace('-', "_");
        let is_audit = insert.table == "sink_batch";
        let is_now = {
            let mut state = self.lock();
            if is_rows && matches!(moment, Moment::Answered(code) if code != 200) {
                state.refused.push(insert.token.clone());
            }
            let is_part = state
                .refused
                .iter()
                .any(|whole| holds(whole, &insert.token));
            let Some((step, count)) = state.plan.as_mut() else {
                return Verdict::Pass;
            };
            let is_met = match (*step, moment) {
                (Step::Intended, Moment::Before)
                | (Step::Body, Moment::Within)
                | (Step::Inserted, Moment::Answered(200)) => is_rows,
                (Step::Part, Moment::Answered(200)) => is_rows && is_part,
                (Step::Audited | Step::Committing, Moment::Answered(200)) => is_audit,
                (Step::Refused, Moment::Answered(code)) => is_rows && code != 200,
                _ => false,
            };
            if !is_met {
                return Verdict::Pass;
            }
            *count = count.saturating_sub(1);
            (*count == 0).then_some(*step)
        };
        match is_now {
            None => Verdict::Pass,
            Some(Step::Committing | Step::Refused) => {
                let (killer, token) = (self.clone(), insert.token.len() as u64);
                tokio::spawn(async move {
                    // Any moment will do; the length of the token is as good as dice.
                    tokio::time::sleep(Duration::from_millis(token % 23)).await;
                    killer.kill();
                });
                Verdict::Pass
            }
            Some(_) => {
                self.kill();
                Verdict::Cut
            }
        }
    }
}

/// Whether the range of one token lies within that of another, and is not the same.
fn holds(whole: &str, part: &str) -> bool {
    let range = |token: &str| -> Option<(String, i64, i64)> {
        let mut words = token.rsplitn(3, '-');
        let to = words.next()?.parse().ok()?;
        let from = words.next()?.parse().ok()?;
        Some((words.next()?.to_owned(), from, to))
    };
    match (range(whole), range(part)) {
        (Some(whole), Some(part)) => {
            whole.0 == part.0 && whole.1 <= part.1 && part.2 <= whole.2 && whole != part
        }
        _ => false,
    }
}
