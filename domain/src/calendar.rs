//! The calendar: day, week, month, quarter and year of Europe/Paris, as unions of hours.
//!
//! Public figures are told in legal French time. Its offsets are whole hours, so every period is a
//! union of windows and none is cut; a day has 23, 24 or 25 of them.
//!
//! No time zone data is needed: since 1996 summer time begins on the last Sunday of March and ends
//! on the last Sunday of October, both at 01:00 UTC, in the whole European Union (Directive
//! 2000/84/EC, before it 97/44/EC). Legal time is UTC + 1 h in winter and UTC + 2 h in summer
//! (decree 78-855, arrêté of 3 April 2001). There is no data from before 1996; should the rule be
//! abolished, this file changes and figures after the change take a new policy id.

use crate::charge_point::Day;
use crate::time::{Span, Timestamp};
use crate::window::Window;

/// A length of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grain {
    /// From midnight to midnight.
    Day,
    /// From Monday on (ISO 8601).
    Week,
    /// From the 1st on.
    Month,
    /// From the 1st of January, April, July or October on.
    Quarter,
    /// From the 1st of January on.
    Year,
}

impl Grain {
    /// All values, the shortest first.
    pub const ALL: [Self; 5] = [
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
    ];
}

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// The year.
    pub year: i64,
    /// The month, 1 to 12.
    pub month: i64,
    /// The day of the month, 1 to 31.
    pub day: i64,
}

/// One day, week, month, quarter or year of Europe/Paris.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    grain: Grain,
    first: Day,
}

/// Days in 400 years.
const DAYS_PER_ERA: i64 = 146_097;

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_FROM_MARCH_OF_YEAR_0: i64 = 719_468;

impl Date {
    /// The date of a day counted from 1970-01-01.
    ///
    /// Years are counted from March, so that the leap day is the last of its year.
    pub const fn of(day: Day) -> Self {
        let days = day.0 as i64 + EPOCH_FROM_MARCH_OF_YEAR_0;
        let era = days.div_euclid(DAYS_PER_ERA);
        let day_of_era = days.rem_euclid(DAYS_PER_ERA);
        let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
        let year_of_era = (day_of_era - leap_days) / 365;
        let day_of_year = day_of_era - days_before_year(year_of_era);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = (month_from_march + 2) % 12 + 1;
        let is_next_year = if month <= 2 { 1 } else { 0 };
        Self {
            year: era * 400 + year_of_era + is_next_year,
            month,
            day: day_of_year - days_before_month(month_from_march) + 1,
        }
    }

    /// The day counted from 1970-01-01; months beyond 12 are of the next year.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "dates of the data are thousands of days from the epoch, not billions"
    )]
    pub const fn to_day(self) -> Day {
        let months = self.year * 12 + self.month - 3;
        let (year, month_from_march) = (months.div_euclid(12), months.rem_euclid(12));
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = days_before_month(month_from_march) + self.day - 1;
        let days = era * DAYS_PER_ERA + days_before_year(year_of_era) + day_of_year;
        Day((days - EPOCH_FROM_MARCH_OF_YEAR_0) as i32)
    }
}

/// Days in the `years` years, counted from March, at the beginning of 400.
const fn days_before_year(years: i64) -> i64 {
    years * 365 + years / 4 - years / 100
}

/// Days in the `months` months from March on: 31 30 31 30 31, and again.
const fn days_before_month(months: i64) -> i64 {
    (153 * months + 2) / 5
}

/// Days since Monday: 0 to 6. 1970-01-01 was a Thursday.
const fn days_since_monday(day: Day) -> i32 {
    (day.0 + 3).rem_euclid(7)
}

/// Midnight UTC of a day.
const fn midnight_utc(day: Day) -> Timestamp {
    Timestamp::from_ms(day.0 as i64 * 86_400_000)
}

/// 01:00 UTC on the last Sunday of a month of 31 days: March or October.
fn last_sunday(year: i64, month: i64) -> Timestamp {
    let last = Date {
        year,
        month,
        day: 31,
    };
    let last = last.to_day();
    let sunday = Day(last.0 - (days_since_monday(last) + 1) % 7);
    midnight_utc(sunday) + Span::from_hours(1)
}

/// The offset of legal French time from UTC at `instant`.
pub fn offset(instant: Timestamp) -> Span {
    let year = Date::of(day_utc(instant)).year;
    let is_summer = last_sunday(year, 3) <= instant && instant < last_sunday(year, 10);
    Span::from_hours(if is_summer { 2 } else { 1 })
}

/// The day of `instant` in UTC.
#[expect(
    clippy::cast_possible_truncation,
    reason = "instants of the data are thousands of days from the epoch, not billions"
)]
const fn day_utc(instant: Timestamp) -> Day {
    Day(instant.as_ms().div_euclid(86_400_000) as i32)
}

/// The day of `instant` in Europe/Paris.
pub fn day_of(instant: Timestamp) -> Day {
    day_utc(instant + offset(instant))
}

/// The first instant of a day in Europe/Paris.
///
/// Clocks change at 01:00 UTC, never at midnight, so midnight exists once each day; at midnight
/// UTC the offset is that of the local midnight just before.
pub fn start_of(day: Day) -> Timestamp {
    let midnight = midnight_utc(day);
    midnight - offset(midnight)
}

impl Period {
    /// The period of that grain that holds `instant`.
    pub fn of(grain: Grain, instant: Timestamp) -> Self {
        let day = day_of(instant);
        let date = Date::of(day);
        let first = match grain {
            Grain::Day => day,
            Grain::Week => Day(day.0 - days_since_monday(day)),
            Grain::Month => Date { day: 1, ..date }.to_day(),
            Grain::Quarter => {
                let month = (date.month - 1) / 3 * 3 + 1;
                Date {
                    month,
                    day: 1,
                    ..date
                }
                .to_day()
            }
            Grain::Year => Date {
                month: 1,
                day: 1,
                ..date
            }
            .to_day(),
        };
        Self { grain, first }
    }

    /// Its length in the calendar.
    pub const fn grain(self) -> Grain {
        self.grain
    }

    /// Its first day.
    pub const fn first(self) -> Day {
        self.first
    }

    /// The first instant inside.
    pub fn start(self) -> Timestamp {
        start_of(self.first)
    }

    /// The first instant after.
    pub fn end(self) -> Timestamp {
        self.next().start()
    }

    /// The period after this one.
    #[must_use]
    pub fn next(self) -> Self {
        let months = |months| {
            let date = Date::of(self.first);
            Date {
                month: date.month + months,
                ..date
            }
            .to_day()
        };
        let first = match self.grain {
            Grain::Day => Day(self.first.0 + 1),
            Grain::Week => Day(self.first.0 + 7),
            Grain::Month => months(1),
            Grain::Quarter => months(3),
            Grain::Year => months(12),
        };
        Self { first, ..self }
    }

    /// Its hours, in order: together they are the period.
    pub fn windows(self) -> impl Iterator<Item = Window> {
        let end = self.end();
        std::iter::successors(Some(Window::of(self.start())), |window| Some(window.next()))
            .take_while(move |window| window.start() < end)
    }
}
