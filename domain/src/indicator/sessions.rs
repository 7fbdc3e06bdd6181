//! Sessions: how many of the recharges that were sent succeeded.
//!
//! A session is clean when it is distinct and not flagged as impossible or overlapping. A clean
//! one succeeded when its energy is greater than 500 Wh **and** its duration greater than 2 min
//! (AFIREV) or 3 min (QualiCharge); the bounds are the policy's.
//!
//! Only sessions that were sent are seen. AFIREV divides by authorised starts and also counts a
//! stop by the customer as success; neither is in the data, and the gap is not estimated.

use super::{Ratio, Vector};

/// The share of clean sessions with more than 500 Wh and more than 2 min.
///
/// - Formula: `successful_sessions_2min` / (sessions − `flagged_sessions`)
/// - Unit: 1
/// - Null when: sessions − `flagged_sessions` = 0
/// - Source: AFIREV
/// - QualiCharge: q9
pub fn session_success_2min(sums: &Vector) -> Ratio {
    Ratio::new(sums.successful_sessions_2min, clean(sums))
}

/// The share of clean sessions with more than 500 Wh and more than 3 min.
///
/// - Formula: `successful_sessions_3min` / (sessions − `flagged_sessions`)
/// - Unit: 1
/// - Null when: sessions − `flagged_sessions` = 0
/// - Source: QualiCharge code
/// - QualiCharge: u11 / u10
pub fn session_success_3min(sums: &Vector) -> Ratio {
    Ratio::new(sums.successful_sessions_3min, clean(sums))
}

/// Distinct sessions that are not flagged.
const fn clean(sums: &Vector) -> i64 {
    sums.sessions - sums.flagged_sessions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flagged_sessions_are_in_neither_part_of_the_ratio() {
        let sums = Vector {
            sessions: 8,
            flagged_sessions: 3,
            duplicate_sessions: 9,
            successful_sessions_2min: 3,
            successful_sessions_3min: 2,
            ..Vector::default()
        };
        assert_eq!(session_success_2min(&sums), Ratio::new(3, 5));
        assert_eq!(session_success_3min(&sums), Ratio::new(2, 5));
        let flagged = Vector {
            sessions: 3,
            ..sums
        };
        assert_eq!(session_success_2min(&flagged).value(), None);
        assert_eq!(session_success_3min(&flagged).value(), None);
    }
}
