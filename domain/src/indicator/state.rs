//! The states of a charge point and of a station (chapters 1, 5 and 8).
//!
//! | axis | states of a charge point |
//! |---|---|
//! | up | `free`, `occupied`, `reserved`, `in_service` |
//! | down | `out_of_service` |
//! | unknown | `unknown_short`, `unknown_long` |
//! | not active | `closed`, `inactive` |

/// The nine states that partition the time of a charge point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChargePointState {
    /// Not (yet, or any more) active.
    Inactive,
    /// Up and free.
    Free,
    /// Up and occupied.
    Occupied,
    /// Up and reserved.
    Reserved,
    /// Up, occupancy unknown.
    InService,
    /// Down.
    OutOfService,
    /// Unknown or stale, within the grace of the run.
    UnknownShort,
    /// Unknown or stale, beyond the grace of the run.
    UnknownLong,
    /// Outside opening hours.
    Closed,
}

impl ChargePointState {
    /// All values, in the order of the schema.
    pub const ALL: [Self; 9] = [
        Self::Inactive,
        Self::Free,
        Self::Occupied,
        Self::Reserved,
        Self::InService,
        Self::OutOfService,
        Self::UnknownShort,
        Self::UnknownLong,
        Self::Closed,
    ];

    /// The symbol of the schema.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Free => "free",
            Self::Occupied => "occupied",
            Self::Reserved => "reserved",
            Self::InService => "in_service",
            Self::OutOfService => "out_of_service",
            Self::UnknownShort => "unknown_short",
            Self::UnknownLong => "unknown_long",
            Self::Closed => "closed",
        }
    }
}

/// The state of a station: QualiCharge's group states, and the two it leaves unnamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StationState {
    /// No charge point is active.
    Inactive,
    /// Some is up, none is occupied (*inactif*).
    Idle,
    /// In use with room left (*actif*).
    Active,
    /// Few are free (*surchargé*).
    Overloaded,
    /// Almost none is free (*saturé*).
    Saturated,
    /// None is up, at least one is down (*hors service*).
    OutOfService,
    /// None is up, none is down: all unknown.
    Unknown,
}

impl StationState {
    /// All values, in the order of the schema.
    pub const ALL: [Self; 7] = [
        Self::Inactive,
        Self::Idle,
        Self::Active,
        Self::Overloaded,
        Self::Saturated,
        Self::OutOfService,
        Self::Unknown,
    ];

    /// The symbol of the schema.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Idle => "idle",
            Self::Active => "active",
            Self::Overloaded => "overloaded",
            Self::Saturated => "saturated",
            Self::OutOfService => "out_of_service",
            Self::Unknown => "unknown",
        }
    }
}
