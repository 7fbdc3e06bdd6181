//! Intervals laid over each other: what is seen from above.

use domain::Timestamp;

use super::Cover;

/// What can cover a charge point, the topmost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// No communication.
    Loss,
    /// Out of service while the occupancy is still shown as occupied.
    FailureOccupied,
    /// Out of service.
    Failure,
    /// A vehicle is plugged in.
    Visit,
    /// Reserved.
    Reservation,
}

/// What is seen from above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// No communication.
    Lost,
    /// Out of service.
    Failed,
    /// Out of service, shown as occupied.
    FailedOccupied,
    /// In service and occupied.
    Occupied,
    /// In service and reserved.
    Reserved,
    /// In service and free: nothing covers.
    Free,
}

/// The number of layers.
const LAYERS: usize = 5;

/// What is seen at `from` and at every later change before `until`.
pub fn flatten(covers: &[Cover], from: Timestamp, until: Timestamp) -> Vec<(Timestamp, Shown)> {
    let starts = covers.iter().map(|cover| (cover.start.max(from), 1, cover));
    let ends = covers.iter().map(|cover| (cover.end.max(from), -1, cover));
    let mut changes: Vec<(Timestamp, i32, Layer)> = starts
        .chain(ends)
        .map(|(at, step, cover)| (at, step, cover.layer))
        .collect();
    changes.sort_unstable();

    let mut depths = [0_i32; LAYERS];
    let mut seen = Vec::new();
    let mut instants: Vec<Timestamp> = std::iter::once(from)
        .chain(changes.iter().map(|(at, ..)| *at))
        .collect();
    instants.dedup();
    let mut pending = changes.iter().peekable();
    for instant in instants.into_iter().take_while(|instant| *instant < until) {
        while let Some((_, step, layer)) = pending.next_if(|(at, ..)| *at <= instant) {
            depths[*layer as usize] += step;
        }
        seen.push((instant, topmost(depths)));
    }
    seen
}

/// The topmost layer that covers.
fn topmost([loss, failure_occupied, failure, visit, reservation]: [i32; LAYERS]) -> Shown {
    if loss > 0 {
        Shown::Lost
    } else if failure_occupied > 0 {
        Shown::FailedOccupied
    } else if failure > 0 {
        Shown::Failed
    } else if visit > 0 {
        Shown::Occupied
    } else if reservation > 0 {
        Shown::Reserved
    } else {
        Shown::Free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topmost_layer_is_seen_and_the_lower_one_again_afterwards() {
        let at = Timestamp::from_ms;
        let cover = |start, end, layer| Cover {
            start: at(start),
            end: at(end),
            layer,
        };
        let covers = [
            cover(10, 50, Layer::Visit),
            cover(20, 30, Layer::Failure),
            cover(25, 40, Layer::Loss),
        ];
        let seen = flatten(&covers, at(5), at(45));
        let expected = [
            (at(5), Shown::Free),
            (at(10), Shown::Occupied),
            (at(20), Shown::Failed),
            (at(25), Shown::Lost),
            (at(30), Shown::Lost),
            (at(40), Shown::Occupied),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn what_began_before_is_seen_from_the_first_instant_on() {
        let at = Timestamp::from_ms;
        let covers = [Cover {
            start: at(0),
            end: at(20),
            layer: Layer::Failure,
        }];
        assert_eq!(
            flatten(&covers, at(10), at(100)),
            [(at(10), Shown::Failed), (at(20), Shown::Free)]
        );
    }
}
