//! The sweep of a station: Kleene OR and AND over its active charge points, saturation, and power-weighted time.

/// What only the station can tell: how its charge points combine at each instant. Adds over time and over stations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StationSweep {
    /// Kleene OR: some charge point is up, ms.
    pub any_up_ms: i64,
    /// Kleene OR: none is up, some is unknown, ms.
    pub any_unknown_ms: i64,
    /// Kleene OR: all active are down, ms.
    pub all_down_ms: i64,
    /// Kleene AND: all active are up, ms.
    pub every_up_ms: i64,
    /// Kleene AND: none is down, some is unknown, ms.
    pub every_unknown_ms: i64,
    /// Kleene AND: some is down, ms.
    pub some_down_ms: i64,
    /// Some up, none occupied (inactif), ms.
    pub idle_ms: i64,
    /// In use with room left (actif), ms.
    pub active_ms: i64,
    /// Free share below 20 % (surchargé), ms.
    pub overloaded_ms: i64,
    /// Free share below 10 % (saturé), ms.
    pub saturated_ms: i64,
    /// None up, at least one down (hors service), ms.
    pub out_of_service_station_ms: i64,
    /// Power times time up, kW·ms, rounded down per charge point.
    pub up_kwms: i64,
    /// Power times time down, kW·ms, rounded down per charge point.
    pub down_kwms: i64,
    /// Power times time up, down or unknown, kW·ms, rounded down per charge point.
    pub required_kwms: i64,
}

impl StationSweep {
    /// The number of fields.
    pub const LENGTH: usize = 14;

    /// The names of the fields, in the order of [`Self::to_array`] and of the schema.
    pub const NAMES: [&'static str; Self::LENGTH] = [
        "any_up_ms",
        "any_unknown_ms",
        "all_down_ms",
        "every_up_ms",
        "every_unknown_ms",
        "some_down_ms",
        "idle_ms",
        "active_ms",
        "overloaded_ms",
        "saturated_ms",
        "out_of_service_station_ms",
        "up_kwms",
        "down_kwms",
        "required_kwms",
    ];

    /// The fields in the order of the schema.
    pub const fn to_array(&self) -> [i64; Self::LENGTH] {
        [
            self.any_up_ms,
            self.any_unknown_ms,
            self.all_down_ms,
            self.every_up_ms,
            self.every_unknown_ms,
            self.some_down_ms,
            self.idle_ms,
            self.active_ms,
            self.overloaded_ms,
            self.saturated_ms,
            self.out_of_service_station_ms,
            self.up_kwms,
            self.down_kwms,
            self.required_kwms,
        ]
    }

    /// The value whose fields, in the order of the schema, are `array`.
    pub const fn from_array(array: [i64; Self::LENGTH]) -> Self {
        let [
            any_up_ms,
            any_unknown_ms,
            all_down_ms,
            every_up_ms,
            every_unknown_ms,
            some_down_ms,
            idle_ms,
            active_ms,
            overloaded_ms,
            saturated_ms,
            out_of_service_station_ms,
            up_kwms,
            down_kwms,
            required_kwms,
        ] = array;
        Self {
            any_up_ms,
            any_unknown_ms,
            all_down_ms,
            every_up_ms,
            every_unknown_ms,
            some_down_ms,
            idle_ms,
            active_ms,
            overloaded_ms,
            saturated_ms,
            out_of_service_station_ms,
            up_kwms,
            down_kwms,
            required_kwms,
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
}
