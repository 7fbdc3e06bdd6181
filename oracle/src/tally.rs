//! How the charge points of a station combine at one instant (chapter 8).

use domain::{ChargePointState, Policy, StationState};

use crate::line::{Axis, Standing};

/// How many charge points are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Up, whatever the occupancy.
    up: i64,
    /// Down.
    down: i64,
    /// Unknown or stale.
    unknown: i64,
    /// Inactive through silence.
    silent: i64,
    /// Up and free.
    free: i64,
    /// Up and occupied.
    occupied: i64,
}

impl Tally {
    /// Counts what the charge points are.
    pub fn of(standings: impl IntoIterator<Item = Standing>) -> Self {
        let mut tally = Self::default();
        for standing in standings {
            match standing.axis {
                Axis::Up => tally.up += 1,
                Axis::Down => tally.down += 1,
                Axis::Unknown => tally.unknown += 1,
                Axis::Silent => tally.silent += 1,
                Axis::Absent => {}
            }
            tally.free += i64::from(standing.state == ChargePointState::Free);
            tally.occupied += i64::from(standing.state == ChargePointState::Occupied);
        }
        tally
    }

    /// Kleene OR over the active charge points. While none is active, one inactive through silence
    /// says that the station was not withdrawn.
    pub const fn any(self) -> Axis {
        match self {
            Self { up: 1.., .. } => Axis::Up,
            Self { unknown: 1.., .. } => Axis::Unknown,
            Self { down: 1.., .. } => Axis::Down,
            Self { silent: 1.., .. } => Axis::Silent,
            _ => Axis::Absent,
        }
    }

    /// Kleene AND over the active charge points.
    pub const fn every(self) -> Axis {
        match self {
            Self { down: 1.., .. } => Axis::Down,
            Self { unknown: 1.., .. } => Axis::Unknown,
            Self { up: 1.., .. } => Axis::Up,
            Self { silent: 1.., .. } => Axis::Silent,
            _ => Axis::Absent,
        }
    }

    /// QualiCharge's group state: the first line of the table that applies.
    pub const fn group(self, policy: &Policy) -> StationState {
        let active = self.up + self.down + self.unknown;
        if active == 0 {
            StationState::Inactive
        } else if self.up == 0 && self.down > 0 {
            StationState::OutOfService
        } else if self.up == 0 {
            StationState::Unknown
        } else if self.occupied == 0 {
            StationState::Idle
        } else if 100 * self.free < policy.saturated_percent * active {
            StationState::Saturated
        } else if 100 * self.free < policy.overloaded_percent * active {
            StationState::Overloaded
        } else {
            StationState::Active
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(up: i64, down: i64, free: i64, occupied: i64) -> StationState {
        let tally = Tally {
            up,
            down,
            free,
            occupied,
            ..Tally::default()
        };
        tally.group(&Policy::qc_1())
    }

    #[test]
    fn a_share_of_free_charge_points_at_a_bound_belongs_to_the_better_state() {
        assert_eq!(group(10, 0, 2, 8), StationState::Active);
        assert_eq!(group(10, 0, 1, 9), StationState::Overloaded);
        assert_eq!(group(10, 0, 0, 10), StationState::Saturated);
        assert_eq!(group(5, 0, 1, 4), StationState::Active);
    }

    #[test]
    fn the_share_counts_charge_points_that_are_down() {
        assert_eq!(group(1, 10, 1, 0), StationState::Idle);
        assert_eq!(group(2, 9, 1, 1), StationState::Saturated);
        assert_eq!(group(0, 3, 0, 0), StationState::OutOfService);
    }
}
