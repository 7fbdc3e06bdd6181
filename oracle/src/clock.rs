//! Time: the stamps of a partition and the cuts of a task (chapter 3).

use domain::{Cut, Policy, Timestamp};

/// The stamps of the records and ticks of a partition, given their `received_at` in the order of
/// the log: the running maximum.
pub fn stamps(received_at: impl IntoIterator<Item = Timestamp>) -> Vec<Timestamp> {
    let mut clock = Timestamp::MIN;
    let mut stamps = Vec::new();
    for received_at in received_at {
        clock = clock.max(received_at);
        stamps.push(clock);
    }
    stamps
}

/// The last cut that a clock has reached: the latest multiple of `cut_every` not after it.
pub fn last_cut(clock: Timestamp, policy: &Policy) -> Timestamp {
    clock.floor(policy.cut_every)
}

/// The cuts of a task, given the stamps of its two partitions, ticks included.
///
/// From the last multiple of `cut_every` not after the first stamp of either, to the clock of the
/// task. Quiet are those of which neither partition has a stamp in `[cut, cut + cut_every)`.
pub fn cuts(statuses: &[Timestamp], sessions: &[Timestamp], policy: &Policy) -> Vec<Cut> {
    let (Some(clock), Some(first)) = (
        statuses.last().min(sessions.last()).copied(),
        statuses.first().min(sessions.first()).copied(),
    ) else {
        return Vec::new();
    };
    let stamped: Vec<Timestamp> = [statuses, sessions].concat();
    let mut cuts = Vec::new();
    let mut at = last_cut(first, policy);
    while at <= clock {
        let next = at + policy.cut_every;
        let quiet = !stamped.iter().any(|stamp| at <= *stamp && *stamp < next);
        cuts.push(Cut { at, quiet });
        at = next;
    }
    cuts
}

#[cfg(test)]
mod tests {
    use domain::Span;

    use super::*;

    fn minute(minutes: i64) -> Timestamp {
        Timestamp::from_ms(0) + Span::from_minutes(minutes)
    }

    #[test]
    fn a_silence_is_made_of_quiet_cuts_and_the_slower_input_ends_it() {
        let statuses = stamps([12, 14, 13, 31].map(minute));
        assert_eq!(statuses, [12, 14, 14, 31].map(minute));
        let sessions = stamps([17, 27].map(minute));
        let cuts = cuts(&statuses, &sessions, &Policy::qc_1());
        let found: Vec<_> = cuts.iter().map(|cut| (cut.at, cut.quiet)).collect();
        let expected = [(10, false), (15, false), (20, true), (25, false)];
        assert_eq!(found, expected.map(|(at, quiet)| (minute(at), quiet)));
    }
}
