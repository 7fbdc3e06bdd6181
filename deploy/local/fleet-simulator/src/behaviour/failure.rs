//! Failures and losses of communication.
//!
//! Durations are log-normal: most failures are over within two hours, some last for days, and a few
//! are never repaired within the period.

use domain::{Span, Timestamp};

use super::overlay::Layer;
use super::{Cover, Period, Visit};
use crate::dice::{Dice, scaled};

/// Mean time between two failures of one charge point, before its own factor.
const BETWEEN_FAILURES: Span = Span::from_days(8);
/// Mean time between two losses of communication of one charge point.
const BETWEEN_LOSSES: Span = Span::from_days(6);
/// Mean time between two power cuts of a station.
const BETWEEN_POWER_CUTS: Span = Span::from_days(40);
/// Mean time between two lost lines of a station.
const BETWEEN_LOST_LINES: Span = Span::from_days(25);
/// Median time to return; with the deviation: 65 % < 2 h, 6 % > 24 h, 1 % > 7 d.
const MEDIAN_FAILURE: Span = Span::from_minutes(50);
const FAILURE_SIGMA: f64 = 2.2;
/// Median loss of communication; with the deviation: 2 % > 24 h.
const MEDIAN_LOSS: Span = Span::from_minutes(25);
const LOSS_SIGMA: f64 = 1.95;
/// The shortest failure or loss that an operator notices.
const SHORTEST: Span = Span::from_seconds(20);
/// Percent of failures that nobody repairs within the period.
const LEFT_OPEN: f64 = 3.0;
/// Percent of charge points that are out of service when their first status is sent.
const DOWN_AT_START: f64 = 3.0;

/// What befalls one charge point by itself.
pub fn of_charge_point(dice: &mut Dice, period: Period) -> Vec<Cover> {
    let mut covers = Vec::new();
    if dice.chance(DOWN_AT_START) {
        covers.extend(failure(dice, period.start, period));
    }
    let between_failures = scaled(BETWEEN_FAILURES, dice.factor(0.8));
    let mut at = period.start + dice.waiting_time(between_failures);
    while at < period.end {
        covers.extend(failure(dice, at, period));
        at = at + dice.waiting_time(between_failures);
    }
    let mut at = period.start + dice.waiting_time(BETWEEN_LOSSES);
    while at < period.end {
        let loss = Cover {
            start: at,
            end: at + duration(dice, MEDIAN_LOSS, LOSS_SIGMA),
            layer: Layer::Loss,
        };
        covers.push(loss);
        if dice.chance(10.0) {
            covers.extend(failure(dice, loss.end, period)); // it comes back, and is found out of service
        }
        at = at + dice.waiting_time(BETWEEN_LOSSES);
    }
    covers
}

/// What befalls all charge points of a station at once.
pub fn of_station(dice: &mut Dice, period: Period) -> Vec<Cover> {
    let mut covers = Vec::new();
    for (between, layer) in [
        (BETWEEN_POWER_CUTS, Layer::Failure),
        (BETWEEN_LOST_LINES, Layer::Loss),
    ] {
        let mut at = period.start + dice.waiting_time(between);
        while at < period.end {
            covers.push(Cover {
                start: at,
                end: at + duration(dice, MEDIAN_FAILURE, 1.2),
                layer,
            });
            at = at + dice.waiting_time(between);
        }
    }
    covers
}

/// A failure from `start` on, and perhaps a loss of communication in the middle of it.
fn failure(dice: &mut Dice, start: Timestamp, period: Period) -> Vec<Cover> {
    let length = duration(dice, MEDIAN_FAILURE, FAILURE_SIGMA);
    let end = if dice.chance(LEFT_OPEN) {
        period.end + Span::from_days(1)
    } else {
        start + length
    };
    let layer = if dice.chance(8.0) {
        Layer::FailureOccupied
    } else {
        Layer::Failure
    };
    let mut covers = vec![Cover { start, end, layer }];
    if dice.chance(12.0) {
        let length = end - start;
        covers.push(Cover {
            start: start + scaled(length, 0.3),
            end: start + scaled(length, 0.6),
            layer: Layer::Loss,
        });
    }
    covers
}

fn duration(dice: &mut Dice, median: Span, sigma: f64) -> Span {
    dice.log_normal(median, sigma).max(SHORTEST)
}

/// Failures around real visits, which show that the charge point worked: each begins after the
/// visit that it would have hit and ends before the next one. Losses stay as they are.
pub fn between(visits: &[Visit], own: Vec<Cover>, of_station: &[Cover]) -> Vec<Cover> {
    let mut covers = Vec::new();
    for mut cover in own.into_iter().chain(of_station.iter().copied()) {
        if cover.layer != Layer::Loss {
            for visit in visits {
                if visit.plugged_in <= cover.start && cover.start < visit.unplugged {
                    cover.start = visit.unplugged + Span::from_seconds(30);
                }
            }
            let next = visits
                .iter()
                .map(|visit| visit.plugged_in)
                .filter(|start| *start >= cover.start)
                .min();
            cover.end = cover.end.min(next.unwrap_or(cover.end));
        }
        if cover.end - cover.start >= SHORTEST {
            covers.push(cover);
        }
    }
    covers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_return_are_mostly_short_and_sometimes_long() {
        let mut dice = Dice::new(3, 0);
        let lengths: Vec<Span> = (0..10_000)
            .map(|_| duration(&mut dice, MEDIAN_FAILURE, FAILURE_SIGMA))
            .collect();
        let longer = |than| lengths.iter().filter(|length| **length >= than).count();
        assert!((3_200..3_800).contains(&longer(Span::from_hours(2))));
        assert!((400..900).contains(&longer(Span::from_hours(24))));
        assert!((30..150).contains(&longer(Span::from_days(7))));
    }

    #[test]
    fn a_failure_lies_between_real_visits() {
        let at = Timestamp::from_ms;
        let visit = |start, end| Visit::of_session(at(start), at(end), 1000);
        let visits = [visit(1_000_000, 2_000_000), visit(4_000_000, 5_000_000)];
        let cover = Cover {
            start: at(1_500_000),
            end: at(9_000_000),
            layer: Layer::Failure,
        };
        let expected = Cover {
            start: at(2_030_000),
            end: at(4_000_000),
            layer: Layer::Failure,
        };
        assert_eq!(between(&visits, vec![cover], &[]), [expected]);
    }
}
