//! How much may be held in memory, and what follows. Pure.
//!
//! What the client has fetched is lost when a partition is paused, and fetched again: in a backfill,
//! where Kafka gives more than ClickHouse takes all the time, that is most of its work. So above the
//! bound the sink first rests, and polls nothing: inserts make room soon. Where they do not, everything
//! is paused, since a client that is not polled looks like one that hangs.

use std::time::Duration;

use tokio::time::Instant;

/// How long a rest may last.
const REST: Duration = Duration::from_secs(5);

/// What is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intake {
    /// Everything that comes.
    Open,
    /// Nothing, for a moment.
    Rests,
    /// Nothing, and every partition is paused until half of the bound is left.
    Stops,
}

/// The bound.
#[derive(Debug)]
pub(super) struct Bound {
    max: usize,
    intake: Intake,
    over_since: Option<Instant>,
}

impl Bound {
    pub(super) const fn of(max: usize) -> Self {
        Self {
            max,
            intake: Intake::Open,
            over_since: None,
        }
    }

    /// What was judged last.
    pub(super) fn intake(&self) -> Intake {
        self.intake
    }

    /// Judges what is held, bytes. Without `can_rest` something has to be read on before anything can
    /// be written: an intended range has to be whole.
    pub(super) fn judge(&mut self, held: usize, can_rest: bool, now: Instant) -> Intake {
        if held <= self.max {
            self.over_since = None;
        }
        let is_over = held > self.max;
        self.intake = match self.intake {
            Intake::Stops if held > self.max / 2 => Intake::Stops,
            Intake::Open | Intake::Rests | Intake::Stops if !is_over => Intake::Open,
            Intake::Open | Intake::Rests | Intake::Stops => {
                let since = *self.over_since.get_or_insert(now);
                if can_rest && now.saturating_duration_since(since) < REST {
                    Intake::Rests
                } else {
                    Intake::Stops
                }
            }
        };
        self.intake
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn above_the_bound_it_rests_and_goes_on_as_soon_as_there_is_room() {
        let (mut bound, now) = (Bound::of(100), Instant::now());
        assert_eq!(bound.judge(100, true, now), Intake::Open);
        assert_eq!(bound.judge(101, true, now), Intake::Rests);
        assert_eq!(bound.judge(101, true, now + 4 * SECOND), Intake::Rests);
        assert_eq!(bound.judge(99, true, now + 5 * SECOND), Intake::Open);
        assert_eq!(bound.judge(101, true, now + 6 * SECOND), Intake::Rests);
        assert_eq!(bound.judge(101, true, now + 10 * SECOND), Intake::Rests);
    }

    #[test]
    fn a_rest_that_makes_no_room_becomes_a_pause_until_half_is_left() {
        let (mut bound, now) = (Bound::of(100), Instant::now());
        assert_eq!(bound.judge(101, true, now), Intake::Rests);
        assert_eq!(bound.judge(101, true, now + REST), Intake::Stops);
        assert_eq!(bound.judge(51, true, now + 6 * SECOND), Intake::Stops);
        assert_eq!(bound.judge(50, true, now + 7 * SECOND), Intake::Open);
    }

    #[test]
    fn where_an_intended_range_has_to_be_read_on_there_is_no_rest() {
        let (mut bound, now) = (Bound::of(100), Instant::now());
        assert_eq!(bound.judge(101, false, now), Intake::Stops);
    }
}
