//! Date-times as QualiCharge takes them: RFC 3339 with its variants, and Unix epochs.

use domain::TimestampMicros;
use serde_json::{Value, json};

use super::calendar::{US_PER_DAY, day_of};
use super::violation::{Code, Mismatch};

/// Epochs above this are milliseconds, below seconds (QualiCharge's watershed).
const MAX_EPOCH_SECONDS: f64 = 2e10;
/// The last instant of the year 9999, µs since the epoch.
const MAX_US: i64 = 253_402_300_799_999_999;
/// The first instant of the year 1600, µs since the epoch.
const MIN_US: i64 = -11_676_096_000_000_000;
/// The minus sign of typography, which some systems send.
const MINUS: char = '\u{2212}';

/// What was read: µs since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// With an offset, or an epoch.
    Aware(i64),
    /// Without an offset, read as UTC; also a mere date.
    Naive(i64),
}

/// Why a value is no date-time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Neither text nor number.
    Type,
    /// A text that cannot be read, with the reason.
    Text(&'static str),
    /// An epoch out of range, with the reason.
    Number(&'static str),
}

/// An aware date-time.
///
/// # Errors
/// What is wrong with the value.
pub fn aware(value: &Value) -> Result<TimestampMicros, Mismatch> {
    match read(value) {
        Ok(Reading::Aware(us)) => Ok(TimestampMicros::from_us(us)),
        Ok(Reading::Naive(_)) => Err(Mismatch::new(
            Code::TimezoneMissing,
            "timezone_aware",
            "Input should have timezone info",
        )),
        Err(Refusal::Type) => Err(Mismatch::new(
            Code::FieldType,
            "datetime_type",
            "Input should be a valid datetime",
        )),
        Err(Refusal::Text(reason)) => Err(Mismatch::new(
            Code::FieldFormat,
            "datetime_from_date_parsing",
            format!("Input should be a valid datetime or date, {reason}"),
        )
        .with_context(json!({ "error": reason }))),
        Err(Refusal::Number(reason)) => Err(Mismatch::new(
            Code::FieldFormat,
            "datetime_parsing",
            format!("Input should be a valid datetime, {reason}"),
        )
        .with_context(json!({ "error": reason }))),
    }
}

/// Reads a date-time, aware or not.
///
/// # Errors
/// What is wrong with the value.
pub fn read(value: &Value) -> Result<Reading, Refusal> {
    match value {
        Value::Number(number) => number.as_f64().map_or(Err(Refusal::Type), read_epoch),
        Value::String(text) => read_text(text),
        _ => Err(Refusal::Type),
    }
}

/// Reads a date-time from a text, aware or not.
///
/// # Errors
/// What is wrong with the text.
pub fn read_text(text: &str) -> Result<Reading, Refusal> {
    if is_numeric(text) {
        let epoch = text.parse();
        return read_epoch(epoch.map_err(|_error| Refusal::Text("invalid number"))?);
    }
    of_text(text)
}

fn is_numeric(text: &str) -> bool {
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = bare.split_once('.').unwrap_or((bare, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction)
}

/// Reads an epoch: seconds, or milliseconds above the watershed.
///
/// # Errors
/// Out of range.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked first"
)]
#[expect(
    clippy::cast_precision_loss,
    reason = "the bounds need no more than a second"
)]
pub fn read_epoch(value: f64) -> Result<Reading, Refusal> {
    let us = if value.abs() > MAX_EPOCH_SECONDS {
        value * 1e3
    } else {
        value * 1e6
    };
    if us > MAX_US as f64 || us.is_nan() {
        return Err(Refusal::Number(
            "dates after 9999 are not supported as unix timestamps",
        ));
    }
    if us < MIN_US as f64 {
        return Err(Refusal::Number(
            "dates before 1600 are not supported as unix timestamps",
        ));
    }
    Ok(Reading::Aware(us.round_ties_even() as i64))
}

fn of_text(text: &str) -> Result<Reading, Refusal> {
    let mut cursor = Cursor { rest: text };
    let (year, month, day) = cursor.day().ok_or(Refusal::Text(reason(text)))?;
    let day =
        day_of(year, month, day).ok_or(Refusal::Text("day value is outside expected range"))?;
    let midnight = i64::from(day.0) * US_PER_DAY;
    if cursor.rest.is_empty() {
        return Ok(Reading::Naive(midnight));
    }
    cursor.any_of(&['T', 't', ' ', '_']).ok_or(Refusal::Text(
        "invalid datetime separator, expected `T`, `t`, `_` or space",
    ))?;
    let time = cursor.time().ok_or(Refusal::Text("invalid time"))?;
    if cursor.rest.is_empty() {
        return Ok(Reading::Naive(midnight + time));
    }
    let offset = cursor
        .offset()
        .ok_or(Refusal::Text("invalid timezone sign or offset"))?;
    if !cursor.rest.is_empty() {
        return Err(Refusal::Text(
            "unexpected extra characters at the end of the input",
        ));
    }
    Ok(Reading::Aware(midnight + time - offset))
}

fn reason(text: &str) -> &'static str {
    if text.len() < 10 {
        "input is too short"
    } else {
        "invalid character in year"
    }
}

/// What is left of the text.
struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    /// Takes exactly `length` digits.
    fn digits(&mut self, length: usize) -> Option<i64> {
        let (head, tail) = self.rest.split_at_checked(length)?;
        if !head.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        self.rest = tail;
        head.parse().ok()
    }

    fn any_of(&mut self, wanted: &[char]) -> Option<char> {
        let first = self.rest.chars().next().filter(|c| wanted.contains(c))?;
        self.rest = self.rest.get(first.len_utf8()..)?;
        Some(first)
    }

    fn day(&mut self) -> Option<(i64, i64, i64)> {
        let year = self.digits(4)?;
        self.any_of(&['-'])?;
        let month = self.digits(2)?;
        self.any_of(&['-'])?;
        Some((year, month, self.digits(2)?))
    }

    /// `HH:MM[:SS[.f]]` in µs of the day.
    fn time(&mut self) -> Option<i64> {
        let hour = self.digits(2).filter(|hour| *hour < 24)?;
        self.any_of(&[':'])?;
        let minute = self.digits(2).filter(|minute| *minute < 60)?;
        let mut us = (hour * 60 + minute) * 60_000_000;
        if self.any_of(&[':']).is_some() {
            us += self.digits(2).filter(|second| *second < 60)? * 1_000_000;
            if self.any_of(&['.', ',']).is_some() {
                us += self.fraction()?;
            }
        }
        Some(us)
    }

    /// The digits of a fraction of a second, cut after µs.
    fn fraction(&mut self) -> Option<i64> {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (head, tail) = self.rest.split_at_checked(length).filter(|_| length > 0)?;
        self.rest = tail;
        let six = head.bytes().chain(std::iter::repeat(b'0')).take(6);
        Some(six.fold(0, |us, digit| us * 10 + i64::from(digit - b'0')))
    }

    /// `Z` or `±hh[:]mm`, east positive, in µs.
    fn offset(&mut self) -> Option<i64> {
        if self.any_of(&['Z', 'z']).is_some() {
            return Some(0);
        }
        let sign = if self.any_of(&['+', '-', MINUS])? == '+' {
            1
        } else {
            -1
        };
        let hours = self.digits(2).filter(|hours| *hours < 24)?;
        self.any_of(&[':']);
        let minutes = self.digits(2).filter(|minutes| *minutes < 60)?;
        Some(sign * (hours * 60 + minutes) * 60_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 1_795_453_790_000_000;

    fn us(value: &Value) -> Option<i64> {
        aware(value).ok().map(TimestampMicros::as_us)
    }

    #[test]
    fn every_accepted_form_names_the_same_instant() {
        let forms = [
            json!("2026-11-23T17:09:50Z"),
            json!("2026-11-23t17:09:50z"),
            json!("2026-11-23 17:09:50+00:00"),
            json!("2026-11-23_18:09:50+0100"),
            json!("2026-11-23T16:09:50\u{2212}01:00"),
            json!("2026-11-23T17:09:50.000000999Z"),
            json!("2026-11-23T17:09:50,0Z"),
            json!(1_795_453_790),
            json!("1795453790"),
            json!(1_795_453_790_000_i64),
            json!(1_795_453_790.0),
        ];
        for form in forms {
            assert_eq!(us(&form), Some(AT), "{form}");
        }
        assert_eq!(us(&json!("2026-11-23T17:07Z")), Some(AT - 170_000_000));
        assert_eq!(us(&json!("1795453790.5")), Some(AT + 500_000));
        assert_eq!(
            us(&json!("2026-11-23T17:09:50.6624969Z")),
            Some(AT + 662_496)
        );
    }

    #[test]
    fn everything_else_is_refused() {
        let refused = [
            json!("2026-11-23T17:09:50"),
            json!("2026-11-23"),
            json!("2026-11-23T17:09:50+01"),
            json!("20261123T170950Z"),
            json!("2026-11-23T17:09:60Z"),
            json!("2026-11-23T24:00:00Z"),
            json!("2026-11-23T17:09:50+24:00"),
            json!(" 2026-11-23T17:09:50Z"),
            json!("2026-02-30T00:00:00Z"),
            json!(1_795_453_790_000_000_i64),
            json!(true),
            json!(null),
            json!(""),
            json!("2026-11-23T17:09:50.Z"),
            json!("é026-11-23T17:09:50Z"),
        ];
        for value in refused {
            assert_eq!(us(&value), None, "{value}");
        }
    }

    #[test]
    fn a_refusal_says_what_is_wrong() {
        let kind = |value| aware(&value).unwrap_err().kind;
        assert_eq!(kind(json!("2026-11-23T17:09:50")), "timezone_aware");
        assert_eq!(kind(json!("soon")), "datetime_from_date_parsing");
        assert_eq!(kind(json!(1e17)), "datetime_parsing");
        assert_eq!(kind(json!(null)), "datetime_type");
    }
}
