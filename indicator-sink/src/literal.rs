//! Days and instants as people write them, and as SQL takes them; lines for standard output.

use std::io::Write as _;

use anyhow::Context as _;
use domain::Timestamp;
use domain::calendar::Date;
use domain::charge_point::Day;

/// Parses `2026-03-29`.
///
/// # Errors
/// When it is no day of the calendar.
pub fn day(text: &str) -> Result<Day, String> {
    let parts: Vec<i64> = text
        .split('-')
        .filter_map(|part| part.parse().ok())
        .collect();
    if let [year, month, day] = parts[..] {
        let date = Date { year, month, day };
        if text.len() == 10 && (1..=12).contains(&month) && Date::of(date.to_day()) == date {
            return Ok(date.to_day());
        }
    }
    Err(format!("{text} is not a day, for example 2026-03-29"))
}

/// A day as `2026-03-29`.
pub fn date(day: Day) -> String {
    let Date { year, month, day } = Date::of(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// An instant as an expression of type `DateTime64(3,'UTC')`.
pub fn instant(instant: Timestamp) -> String {
    format!("toDateTime64({}, 3, 'UTC')", quoted_instant(instant))
}

/// An instant as a quoted literal, for a parameter of a view.
pub fn quoted_instant(instant: Timestamp) -> String {
    let ms = instant.as_ms();
    let (days, of_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let day = date(Day(i32::try_from(days).unwrap_or(i32::MAX)));
    let (hours, minutes) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (seconds, rest) = (of_day / 1000 % 60, of_day % 1000);
    format!("'{day} {hours:02}:{minutes:02}:{seconds:02}.{rest:03}'")
}

/// Prints a line on standard output.
///
/// # Errors
/// When nobody reads it.
pub fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").context("writing to standard output")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_and_written() {
        assert_eq!(date(day("2024-02-29").unwrap()), "2024-02-29");
        assert_eq!(day("1970-01-02").unwrap(), Day(1));
        for wrong in [
            "2025-02-29",
            "2025-2-9",
            "2025-13-01",
            "today",
            "2025-01-01T",
        ] {
            assert!(day(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_instant_is_written_to_the_millisecond() {
        assert_eq!(
            instant(Timestamp::from_ms(1_774_747_800_123)),
            "toDateTime64('2026-03-29 01:30:00.123', 3, 'UTC')"
        );
        assert_eq!(
            quoted_instant(Timestamp::from_ms(-1)),
            "'1969-12-31 23:59:59.999'"
        );
    }
}
