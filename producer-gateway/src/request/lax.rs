//! Lax values: what QualiCharge takes for a number, an integer, a boolean, a date or a text.
//!
//! Each reader returns the value, or QualiCharge's type and message for what is wrong with it.
//! Date-times are in [`super::instant`].

use serde_json::{Value, json};

use super::calendar::{US_PER_DAY, day_of};
use super::instant::{self, Reading};
use super::violation::{Code, Mismatch};
use domain::charge_point::Day;

/// A text.
///
/// # Errors
/// What is wrong with the value.
pub fn text(value: &Value) -> Result<&str, Mismatch> {
    value.as_str().ok_or_else(|| {
        Mismatch::new(
            Code::FieldType,
            "string_type",
            "Input should be a valid string",
        )
    })
}

/// A text without the white space around it.
///
/// # Errors
/// What is wrong with the value.
pub fn trimmed(value: &Value) -> Result<&str, Mismatch> {
    text(value).map(str::trim)
}

/// A number; not a number and infinities are left to the range check.
///
/// # Errors
/// What is wrong with the value.
pub fn number(value: &Value) -> Result<f64, Mismatch> {
    match value {
        Value::Number(number) => number.as_f64().ok_or_else(number_parsing),
        Value::Bool(flag) => Ok(f64::from(u8::from(*flag))),
        Value::String(text) => without_underscores(text.trim())
            .and_then(|text| text.parse().ok())
            .ok_or_else(number_parsing),
        _ => Err(Mismatch::new(
            Code::FieldType,
            "float_type",
            "Input should be a valid number",
        )),
    }
}

fn number_parsing() -> Mismatch {
    Mismatch::new(
        Code::FieldFormat,
        "float_parsing",
        "Input should be a valid number, unable to parse string as a number",
    )
}

/// An integer, also one that is written with an empty fraction.
///
/// # Errors
/// What is wrong with the value.
pub fn integer(value: &Value) -> Result<i64, Mismatch> {
    match value {
        Value::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().and_then(whole))
            .ok_or_else(|| {
                Mismatch::new(
                    Code::FieldFormat,
                    "int_from_float",
                    "Input should be a valid integer, got a number with a fractional part",
                )
            }),
        Value::Bool(flag) => Ok(i64::from(*flag)),
        Value::String(text) => integer_of_text(text.trim()).ok_or_else(|| {
            Mismatch::new(
                Code::FieldFormat,
                "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer",
            )
        }),
        _ => Err(Mismatch::new(
            Code::FieldType,
            "int_type",
            "Input should be a valid integer",
        )),
    }
}

/// A float as an integer, when it is one and is represented exactly.
#[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
fn whole(value: f64) -> Option<i64> {
    let exact = value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0;
    exact.then_some(value as i64)
}

fn integer_of_text(text: &str) -> Option<i64> {
    let text = without_underscores(text)?;
    let (digits, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let is_whole = fraction.bytes().all(|byte| byte == b'0');
    let bare = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let is_number = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    (is_whole && is_number)
        .then(|| digits.parse().ok())
        .flatten()
}

/// A numeric text without the underscores between its digits; none when one is elsewhere.
fn without_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let misplaced = bytes.iter().enumerate().any(|(at, byte)| {
        *byte == b'_' && !(is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)))
    });
    (!misplaced).then(|| text.replace('_', ""))
}

/// A boolean: `true`, 1, `"yes"` and their like.
///
/// # Errors
/// What is wrong with the value.
pub fn boolean(value: &Value) -> Result<bool, Mismatch> {
    let parsing = || {
        Mismatch::new(
            Code::FieldFormat,
            "bool_parsing",
            "Input should be a valid boolean, unable to interpret input",
        )
    };
    let of_integer = |number: i64| match number {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(parsing()),
    };
    let wrong_type = || {
        Mismatch::new(
            Code::FieldType,
            "bool_type",
            "Input should be a valid boolean",
        )
    };
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::Number(number) => {
            let whole = number.as_i64().or_else(|| number.as_f64().and_then(whole));
            of_integer(whole.ok_or_else(wrong_type)?)
        }
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "t" | "y" | "1" => Ok(true),
            "false" | "no" | "off" | "f" | "n" | "0" => Ok(false),
            _ => Err(parsing()),
        },
        _ => Err(wrong_type()),
    }
}

/// A day: `YYYY-MM-DD`, or a date-time or epoch at exactly midnight.
///
/// # Errors
/// What is wrong with the value.
pub fn date(value: &Value) -> Result<Day, Mismatch> {
    if let Some(day) = value.as_str().and_then(day_of_text) {
        return Ok(day);
    }
    match instant::read(value) {
        Ok(Reading::Aware(us) | Reading::Naive(us)) if us % US_PER_DAY == 0 => {
            Ok(Day(i32::try_from(us / US_PER_DAY).unwrap_or(i32::MAX)))
        }
        Ok(_) => Err(Mismatch::new(
            Code::FieldFormat,
            "date_from_datetime_inexact",
            "Datetimes provided to dates should have zero time - e.g. be exact dates",
        )),
        Err(instant::Refusal::Type) => Err(Mismatch::new(
            Code::FieldType,
            "date_type",
            "Input should be a valid date",
        )),
        Err(instant::Refusal::Text(reason) | instant::Refusal::Number(reason)) => {
            Err(Mismatch::new(
                Code::FieldFormat,
                "date_from_datetime_parsing",
                format!("Input should be a valid date or datetime, {reason}"),
            )
            .with_context(json!({ "error": reason })))
        }
    }
}

/// A day written `YYYY-MM-DD`.
pub fn day_of_text(text: &str) -> Option<Day> {
    let [year, month, day] = text.split('-').collect::<Vec<_>>().try_into().ok()?;
    let field = |text: &str, length: usize| {
        let fits = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse().ok()).flatten()
    };
    day_of(field(year, 4)?, field(month, 2)?, field(day, 2)?)
}

/// One of `all`, which are written as in `symbols`.
///
/// # Errors
/// What is wrong with the value.
pub fn symbol<T: Copy>(
    value: &Value,
    all: &[T],
    symbols: impl Fn(T) -> &'static str,
) -> Result<T, Mismatch> {
    let text = value.as_str();
    all.iter()
        .copied()
        .find(|candidate| text == Some(symbols(*candidate)))
        .ok_or_else(|| not_one_of(all.iter().map(|candidate| symbols(*candidate))))
}

/// The mismatch of a value that is none of `symbols`.
pub fn not_one_of(symbols: impl Iterator<Item = &'static str>) -> Mismatch {
    let mut quoted: Vec<_> = symbols.map(|symbol| format!("'{symbol}'")).collect();
    let last = quoted.pop().unwrap_or_default();
    let expected = if quoted.is_empty() {
        last
    } else {
        format!("{} or {last}", quoted.join(", "))
    };
    Mismatch::new(
        Code::FieldValue,
        "enum",
        format!("Input should be {expected}"),
    )
    .with_context(json!({ "expected": expected }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        let cases = [
            (json!(12.5), 12.5),
            (json!(" 12.5 "), 12.5),
            (json!("1e3"), 1_000.0),
            (json!(".5"), 0.5),
            (json!("5."), 5.0),
            (json!("1_000"), 1_000.0),
            (json!(true), 1.0),
            (json!(false), 0.0),
        ];
        for (value, expected) in cases {
            assert_eq!(number(&value), Ok(expected), "{value}");
        }
        for value in [
            json!("12,5"),
            json!(""),
            json!("0x10"),
            json!("_1"),
            json!("1__0"),
        ] {
            assert_eq!(number(&value).unwrap_err().kind, "float_parsing", "{value}");
        }
        assert_eq!(number(&json!(null)).unwrap_err().kind, "float_type");
        assert!(number(&json!("nan")).unwrap().is_nan());
    }

    #[test]
    fn integers_may_have_an_empty_fraction() {
        for value in [
            json!(11),
            json!(11.0),
            json!("11"),
            json!("11.0"),
            json!("+11"),
            json!(" 11 "),
        ] {
            assert_eq!(integer(&value), Ok(11), "{value}");
        }
        assert_eq!(integer(&json!(true)), Ok(1));
        let kind = |value| integer(&value).unwrap_err().kind;
        assert_eq!(kind(json!(11.5)), "int_from_float");
        assert_eq!(kind(json!("1e1")), "int_parsing");
        assert_eq!(kind(json!("")), "int_parsing");
        assert_eq!(kind(json!(null)), "int_type");
    }

    #[test]
    fn booleans_have_many_names() {
        for value in [
            json!(true),
            json!(1),
            json!(1.0),
            json!("TRUE"),
            json!("Yes"),
            json!("on"),
            json!("t"),
        ] {
            assert_eq!(boolean(&value), Ok(true), "{value}");
        }
        for value in [
            json!(false),
            json!(0),
            json!(0.0),
            json!("False"),
            json!("n"),
            json!("off"),
        ] {
            assert_eq!(boolean(&value), Ok(false), "{value}");
        }
        for value in [json!(2), json!("oui"), json!(""), json!(" true")] {
            assert_eq!(boolean(&value).unwrap_err().kind, "bool_parsing", "{value}");
        }
        assert_eq!(boolean(&json!(0.5)).unwrap_err().kind, "bool_type");
        assert_eq!(boolean(&json!(null)).unwrap_err().kind, "bool_type");
    }

    #[test]
    fn a_date_may_be_an_instant_at_midnight() {
        let day = Ok(Day(19_375));
        for value in [
            json!("2023-01-18"),
            json!("2023-01-18T00:00:00Z"),
            json!("2023-01-18T00:00"),
            json!(1_674_000_000),
        ] {
            assert_eq!(date(&value), day, "{value}");
        }
        let kind = |value| date(&value).unwrap_err().kind;
        assert_eq!(
            kind(json!("2023-01-18T10:00:00Z")),
            "date_from_datetime_inexact"
        );
        assert_eq!(kind(json!("18/01/2023")), "date_from_datetime_parsing");
        assert_eq!(kind(json!("")), "date_from_datetime_parsing");
        assert_eq!(kind(json!(null)), "date_type");
    }

    #[test]
    fn a_symbol_is_exact_and_the_message_lists_them_all() {
        let all = [1, 2, 3];
        let names =
            |n: i32| ["", "en_service", "hors_service", "inconnu"][usize::try_from(n).unwrap()];
        assert_eq!(symbol(&json!("inconnu"), &all, names), Ok(3));
        let error = symbol(&json!("Inconnu"), &all, names).unwrap_err();
        assert_eq!(
            error.msg,
            "Input should be 'en_service', 'hors_service' or 'inconnu'"
        );
    }
}
