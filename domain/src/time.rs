//! Instants and durations: whole milliseconds since the epoch, UTC. There is no `now` here.

use std::ops::{Add, Sub};

/// An instant, in ms since the epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// An instant as operators send it, in µs since the epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TimestampMicros(i64);

/// A duration, in ms; negative when the end lies before the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(i64);

impl Timestamp {
    /// Before every other instant.
    pub const MIN: Self = Self(i64::MIN);

    /// The instant `ms` milliseconds after the epoch.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// The last multiple of `step` that is not after this instant, or the first instant of all.
    #[must_use]
    pub const fn floor(self, step: Span) -> Self {
        Self(self.0.div_euclid(step.0).saturating_mul(step.0))
    }
}

impl TimestampMicros {
    /// The instant `us` microseconds after the epoch.
    pub const fn from_us(us: i64) -> Self {
        Self(us)
    }

    /// Microseconds since the epoch.
    pub const fn as_us(self) -> i64 {
        self.0
    }

    /// What the engine sees: whole milliseconds, rounded down.
    pub const fn floor(self) -> Timestamp {
        Timestamp(self.0.div_euclid(1000))
    }
}

impl From<Timestamp> for TimestampMicros {
    fn from(value: Timestamp) -> Self {
        Self(value.0 * 1000)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A duration of `ms` milliseconds.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// A duration of `seconds` seconds.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * 1000)
    }

    /// A duration of `minutes` minutes.
    pub const fn from_minutes(minutes: i64) -> Self {
        Self::from_seconds(minutes * 60)
    }

    /// A duration of `hours` hours.
    pub const fn from_hours(hours: i64) -> Self {
        Self::from_minutes(hours * 60)
    }

    /// A duration of `days` times 24 hours.
    pub const fn from_days(days: i64) -> Self {
        Self::from_hours(days * 24)
    }

    /// Milliseconds.
    pub const fn as_ms(self) -> i64 {
        self.0
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0 + span.0)
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;

    fn sub(self, span: Span) -> Self {
        Self(self.0 - span.0)
    }
}

impl Sub for Timestamp {
    type Output = Span;

    fn sub(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_are_rounded_down_even_before_the_epoch() {
        assert_eq!(
            TimestampMicros::from_us(1_999).floor(),
            Timestamp::from_ms(1)
        );
        assert_eq!(TimestampMicros::from_us(-1).floor(), Timestamp::from_ms(-1));
    }

    #[test]
    fn an_instant_is_floored_to_a_multiple_of_the_step() {
        let step = Span::from_minutes(5);
        assert_eq!(
            Timestamp::from_ms(599_999).floor(step),
            Timestamp::from_ms(300_000)
        );
        assert_eq!(
            Timestamp::from_ms(600_000).floor(step),
            Timestamp::from_ms(600_000)
        );
    }
}
