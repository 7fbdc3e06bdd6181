//! Days and instants as people write them: proleptic Gregorian calendar, UTC.

use domain::TimestampMicros;
use domain::charge_point::Day;

const US_PER_SECOND: i64 = 1_000_000;
/// Microseconds of a day.
pub const US_PER_DAY: i64 = 86_400 * US_PER_SECOND;

/// Days from 1970-01-01 to the given day; none when the calendar has no such day.
pub fn day_of(year: i64, month: i64, day: i64) -> Option<Day> {
    let exists = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day);
    if !exists {
        return None;
    }
    // Years begin in March, so that the leap day is the last; 400 years have 146,097 days.
    let shifted = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    i32::try_from(days).ok().map(Day)
}

/// Year, month and day of a day number.
pub fn civil(day: Day) -> (i64, i64, i64) {
    let days = i64::from(day.0) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let month_day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + years + i64::from(month <= 2);
    (year, month, month_day)
}

/// The UTC day in which an instant lies.
pub fn day_at(instant: TimestampMicros) -> Day {
    let days = instant.as_us().div_euclid(US_PER_DAY);
    Day(i32::try_from(days).unwrap_or(i32::MAX))
}

/// A day as `YYYY-MM-DD`.
pub fn render_day(day: Day) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// An instant as `YYYY-MM-DD HH:MM:SS[.ffffff]+00:00`, as Python prints it.
pub fn render_instant(instant: TimestampMicros) -> String {
    let us = instant.as_us();
    let of_day = us.rem_euclid(US_PER_DAY);
    let (seconds, fraction) = (of_day / US_PER_SECOND, of_day % US_PER_SECOND);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let day = render_day(day_at(instant));
    if fraction == 0 {
        format!("{day} {hour:02}:{minute:02}:{second:02}+00:00")
    } else {
        format!("{day} {hour:02}:{minute:02}:{second:02}.{fraction:06}+00:00")
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_the_epoch_in_both_directions() {
        assert_eq!(day_of(1970, 1, 1), Some(Day(0)));
        assert_eq!(day_of(1969, 12, 31), Some(Day(-1)));
        assert_eq!(day_of(2000, 3, 1), Some(Day(11_017)));
        assert_eq!(day_of(2026, 11, 24), Some(Day(20_781)));
        assert_eq!(day_of(2100, 2, 29), None);
        assert_eq!(day_of(2000, 2, 29), Some(Day(11_016)));
        assert_eq!(day_of(2026, 2, 30), None);
    }

    #[test]
    fn a_day_survives_the_way_there_and_back() {
        for number in (-200_000..200_000).step_by(37) {
            let (year, month, day) = civil(Day(number));
            assert_eq!(day_of(year, month, day), Some(Day(number)));
        }
    }

    #[test]
    fn an_instant_is_shown_as_python_shows_it() {
        let whole = TimestampMicros::from_us(1_795_453_790_000_000);
        let broken = TimestampMicros::from_us(1_795_453_790_662_496);
        assert_eq!(render_instant(whole), "2026-11-23 17:09:50+00:00");
        assert_eq!(render_instant(broken), "2026-11-23 17:09:50.662496+00:00");
    }
}
