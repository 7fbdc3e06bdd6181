//! The additive vector of a charge point: time in each state, failures, statuses and sessions.

/// What is counted of a charge point in a window, or summed over charge points and hours. Merging is addition, field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Vector {
    /// Time up and free, ms.
    pub free_ms: i64,
    /// Time up and occupied, ms.
    pub occupied_ms: i64,
    /// Time up and reserved, ms.
    pub reserved_ms: i64,
    /// Time up with occupancy unknown, ms.
    pub in_service_ms: i64,
    /// Time down, ms.
    pub out_of_service_ms: i64,
    /// Time unknown or stale within the first 24 h of the unknown run, ms.
    pub unknown_short_ms: i64,
    /// Time unknown or stale beyond the first 24 h of the unknown run, ms.
    pub unknown_long_ms: i64,
    /// Time outside opening hours, ms; 0 while all count as open 24/7.
    pub closed_ms: i64,
    /// Time not (yet, or any more) active, ms.
    pub inactive_ms: i64,
    /// Episodes opened in the window, not left-censored.
    pub failures: i64,
    /// Episodes returned in the window, not left-censored.
    pub returns: i64,
    /// Sum of the times to return of `returns`, ms.
    pub time_to_return_ms: i64,
    /// `returns` of less than 2 h.
    pub returns_under_2h: i64,
    /// `returns` in [2 h, 24 h).
    pub returns_2h_to_24h: i64,
    /// `returns` in [24 h, 7 d).
    pub returns_24h_to_7d: i64,
    /// `returns` of 7 d and more.
    pub returns_over_7d: i64,
    /// Distinct statuses by event time.
    pub statuses: i64,
    /// Further copies of a status.
    pub duplicate_statuses: i64,
    /// Other contents for the same charge point and instant.
    pub conflicting_statuses: i64,
    /// Statuses whose first copy is late.
    pub late_statuses: i64,
    /// Winners that are occupied while out of service or unknown (rule 37).
    pub inconsistent_statuses: i64,
    /// Sum over statuses of reception minus event time, ms, at least 0 each.
    pub status_delay_ms: i64,
    /// Statuses with a delay of at most 300 s (rule 43).
    pub fresh_statuses: i64,
    /// Distinct sessions by start, received before the window was final.
    pub sessions: i64,
    /// Further copies of a session.
    pub duplicate_sessions: i64,
    /// Sessions flagged as impossible or overlapping; part of `sessions`.
    pub flagged_sessions: i64,
    /// Unflagged sessions of more than 500 Wh and 2 min.
    pub successful_sessions_2min: i64,
    /// Unflagged sessions of more than 500 Wh and 3 min.
    pub successful_sessions_3min: i64,
    /// Duration of unflagged sessions, ms.
    pub session_ms: i64,
    /// Energy of unflagged sessions, Wh.
    pub energy_wh: i64,
    /// Energy of flagged sessions, Wh.
    pub flagged_energy_wh: i64,
}

impl Vector {
    /// The number of fields.
    pub const LENGTH: usize = 31;

    /// The names of the fields, in the order of [`Self::to_array`] and of the schema.
    pub const NAMES: [&'static str; Self::LENGTH] = [
        "free_ms",
        "occupied_ms",
        "reserved_ms",
        "in_service_ms",
        "out_of_service_ms",
        "unknown_short_ms",
        "unknown_long_ms",
        "closed_ms",
        "inactive_ms",
        "failures",
        "returns",
        "time_to_return_ms",
        "returns_under_2h",
        "returns_2h_to_24h",
        "returns_24h_to_7d",
        "returns_over_7d",
        "statuses",
        "duplicate_statuses",
        "conflicting_statuses",
        "late_statuses",
        "inconsistent_statuses",
        "status_delay_ms",
        "fresh_statuses",
        "sessions",
        "duplicate_sessions",
        "flagged_sessions",
        "successful_sessions_2min",
        "successful_sessions_3min",
        "session_ms",
        "energy_wh",
        "flagged_energy_wh",
    ];

    /// The fields in the order of the schema.
    pub const fn to_array(&self) -> [i64; Self::LENGTH] {
        [
            self.free_ms,
            self.occupied_ms,
            self.reserved_ms,
            self.in_service_ms,
            self.out_of_service_ms,
            self.unknown_short_ms,
            self.unknown_long_ms,
            self.closed_ms,
            self.inactive_ms,
            self.failures,
            self.returns,
            self.time_to_return_ms,
            self.returns_under_2h,
            self.returns_2h_to_24h,
            self.returns_24h_to_7d,
            self.returns_over_7d,
            self.statuses,
            self.duplicate_statuses,
            self.conflicting_statuses,
            self.late_statuses,
            self.inconsistent_statuses,
            self.status_delay_ms,
            self.fresh_statuses,
            self.sessions,
            self.duplicate_sessions,
            self.flagged_sessions,
            self.successful_sessions_2min,
            self.successful_sessions_3min,
            self.session_ms,
            self.energy_wh,
            self.flagged_energy_wh,
        ]
    }

    /// The value whose fields, in the order of the schema, are `array`.
    #[expect(clippy::too_many_lines, reason = "one line per field")]
    pub const fn from_array(array: [i64; Self::LENGTH]) -> Self {
        let [
            free_ms,
            occupied_ms,
            reserved_ms,
            in_service_ms,
            out_of_service_ms,
            unknown_short_ms,
            unknown_long_ms,
            closed_ms,
            inactive_ms,
            failures,
            returns,
            time_to_return_ms,
            returns_under_2h,
            returns_2h_to_24h,
            returns_24h_to_7d,
            returns_over_7d,
            statuses,
            duplicate_statuses,
            conflicting_statuses,
            late_statuses,
            inconsistent_statuses,
            status_delay_ms,
            fresh_statuses,
            sessions,
            duplicate_sessions,
            flagged_sessions,
            successful_sessions_2min,
            successful_sessions_3min,
            session_ms,
            energy_wh,
            flagged_energy_wh,
        ] = array;
        Self {
            free_ms,
            occupied_ms,
            reserved_ms,
            in_service_ms,
            out_of_service_ms,
            unknown_short_ms,
            unknown_long_ms,
            closed_ms,
            inactive_ms,
            failures,
            returns,
            time_to_return_ms,
            returns_under_2h,
            returns_2h_to_24h,
            returns_24h_to_7d,
            returns_over_7d,
            statuses,
            duplicate_statuses,
            conflicting_statuses,
            late_statuses,
            inconsistent_statuses,
            status_delay_ms,
            fresh_statuses,
            sessions,
            duplicate_sessions,
            flagged_sessions,
            successful_sessions_2min,
            successful_sessions_3min,
            session_ms,
            energy_wh,
            flagged_energy_wh,
        }
    }

    /// Adds `other`, field by field.
    pub fn merge(&mut self, other: &Self) {
        let mut sum = self.to_array();
        for (total, part) in sum.iter_mut().zip(other.to_array()) {
            *total += part;
        }
        *self = Self::from_array(sum);
    }

    /// The time covered: the sum of the nine states, ms.
    pub const fn covered_ms(&self) -> i64 {
        self.free_ms
            + self.occupied_ms
            + self.reserved_ms
            + self.in_service_ms
            + self.out_of_service_ms
            + self.unknown_short_ms
            + self.unknown_long_ms
            + self.closed_ms
            + self.inactive_ms
    }

    /// Time up: free, occupied, reserved or in service, ms.
    pub const fn up_ms(&self) -> i64 {
        self.free_ms + self.occupied_ms + self.reserved_ms + self.in_service_ms
    }

    /// Time down, ms.
    pub const fn down_ms(&self) -> i64 {
        self.out_of_service_ms
    }

    /// Time unknown or stale, ms.
    pub const fn unknown_ms(&self) -> i64 {
        self.unknown_short_ms + self.unknown_long_ms
    }

    /// Time required: up, down or unknown, ms.
    pub const fn required_ms(&self) -> i64 {
        self.up_ms() + self.down_ms() + self.unknown_ms()
    }
}
