//! The values of a static record that have a rule of their own.

use domain::charge_point::Day;
use domain::{ChargePointId, StationId};
use serde_json::{Value, json};

use crate::request::calendar::render_day;
use crate::request::contact::pattern;
use crate::request::lax;
use crate::request::territory::{self, Position};
use crate::request::violation::{Code, Mismatch};

/// The id of what takes no part in roaming.
pub(super) const NOT_CONCERNED: &str = "Non concerné";
pub(crate) const IMPLANTATION: [&str; 5] = [
    "Voirie",
    "Parking public",
    "Parking privé à usage public",
    "Parking privé réservé à la clientèle",
    "Station dédiée à la recharge rapide",
];
pub(crate) const ACCESS: [&str; 2] = ["Accès libre", "Accès réservé"];
pub(crate) const ACCESSIBILITY: [&str; 4] = [
    "Réservé PMR",
    "Accessible mais non réservé PMR",
    "Non accessible",
    "Accessibilité inconnue",
];
pub(crate) const CONNECTION: [&str; 2] = ["Direct", "Indirect"];
/// `FR`, three of the unit, `P`, the operator's own.
pub(crate) const STATION_ID_PATTERN: &str = r"^(FR[A-Z0-9]{3}P[A-Z0-9]{1,29}|Non concerné)$";
/// `FR`, three of the unit, `E`, the operator's own.
pub(crate) const CHARGE_POINT_ID_PATTERN: &str = r"^(FR[A-Z0-9]{3}E[A-Z0-9]{1,29}|Non concerné)$";
/// Department and municipality.
pub(crate) const INSEE_CODE_PATTERN: &str = r"^([013-9]\d|2[AB1-9])\d{3}$";
const MAX_PDL_CHARACTERS: usize = 64;

pub(super) fn string(value: &Value) -> Result<String, Mismatch> {
    lax::trimmed(value).map(str::to_owned)
}

/// `FR`, three of `[A-Z0-9]`, the letter of the kind, 1 to 29 of `[A-Z0-9]`.
fn is_roaming_id(text: &str, kind: u8) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.starts_with(b"FR")
        && bytes.get(5) == Some(&kind)
        && (7..=35).contains(&bytes.len())
        && bytes.iter().all(is_plain)
}

pub(super) fn station_id(value: &Value) -> Result<StationId, Mismatch> {
    let text = lax::trimmed(value)?;
    let fits = text == NOT_CONCERNED || is_roaming_id(text, b'P');
    let id = fits.then(|| StationId::parse(text).ok()).flatten();
    id.ok_or_else(|| pattern(Code::StationIdFormat, STATION_ID_PATTERN))
}

pub(super) fn charge_point_id(value: &Value) -> Result<ChargePointId, Mismatch> {
    let text = lax::trimmed(value)?;
    let fits = text == NOT_CONCERNED || is_roaming_id(text, b'E');
    let id = fits.then(|| ChargePointId::parse(text).ok()).flatten();
    id.ok_or_else(|| pattern(Code::ChargePointIdFormat, CHARGE_POINT_ID_PATTERN))
}

fn one_of(value: &Value, all: &[&'static str]) -> Result<String, Mismatch> {
    lax::symbol(value, all, |symbol| symbol).map(str::to_owned)
}

pub(super) fn implantation(value: &Value) -> Result<String, Mismatch> {
    one_of(value, &IMPLANTATION)
}

pub(super) fn access(value: &Value) -> Result<String, Mismatch> {
    one_of(value, &ACCESS)
}

pub(super) fn accessibility(value: &Value) -> Result<String, Mismatch> {
    one_of(value, &ACCESSIBILITY)
}

pub(super) fn connection(value: &Value) -> Result<String, Mismatch> {
    one_of(value, &CONNECTION)
}

/// `([013-9]\d|2[AB1-9])\d{3}`.
pub(super) fn insee_code(value: &Value) -> Result<String, Mismatch> {
    let text = lax::trimmed(value)?;
    let fits = match text.as_bytes() {
        [b'2', second, rest @ ..] => {
            (matches!(second, b'A' | b'B') || (b'1'..=b'9').contains(second)) && is_digits(rest, 3)
        }
        all => is_digits(all, 5),
    };
    if fits {
        Ok(text.to_owned())
    } else {
        Err(pattern(Code::InseeCodeFormat, INSEE_CODE_PATTERN))
    }
}

fn is_digits(bytes: &[u8], length: usize) -> bool {
    bytes.len() == length && bytes.iter().all(u8::is_ascii_digit)
}

/// `"[lon, lat]"`, `POINT(lon lat)` or `SRID=dddd;POINT(lon lat)`, inside the French territory.
pub(super) fn coordinates(value: &Value) -> Result<Position, Mismatch> {
    let text = lax::text(value)?.trim();
    let position = position_of_array(text).or_else(|| position_of_point(text));
    let position = position.ok_or_else(|| {
        let form = r"^(\[lon, lat\]|(SRID=\d{4};)?POINT\(-?\d+\.\d+ -?\d+\.\d+\))$";
        pattern(Code::FieldFormat, form)
    })?;
    if territory::contains(position) {
        return Ok(position);
    }
    let rule = "Input coordinates are not within the french territory.";
    Err(Mismatch::value_error(
        Code::CoordinatesOutsideTerritory,
        rule,
    ))
}

fn position_of_array(text: &str) -> Option<Position> {
    let [longitude, latitude]: [Value; 2] = serde_json::from_str(text).ok()?;
    let read = |value: &Value| match value {
        Value::Number(_) | Value::String(_) => lax::number(value).ok(),
        _ => None,
    };
    Some((read(&longitude)?, read(&latitude)?))
}

fn position_of_point(text: &str) -> Option<Position> {
    let point = match text.strip_prefix("SRID=") {
        Some(rest) => {
            rest.split_once(';')
                .filter(|(srid, _)| is_digits(srid.as_bytes(), 4))?
                .1
        }
        None => text,
    };
    let inside = point
        .strip_prefix("POINT")?
        .trim_start()
        .strip_prefix('(')?
        .strip_suffix(')')?;
    let (longitude, latitude) = inside.trim().split_once(' ')?;
    let read = |text: &str| text.contains('.').then(|| text.parse().ok()).flatten();
    Some((read(longitude)?, read(latitude.trim())?))
}

fn bound(code: Code, kind: &'static str, msg: String, bound: (&str, Value)) -> Mismatch {
    let context = serde_json::Map::from_iter([(bound.0.to_owned(), bound.1)]);
    Mismatch::new(code, kind, msg).with_context(Value::Object(context))
}

/// An integer above 0 that fits the schema's 32 bits.
pub(super) fn positive(value: &Value) -> Result<i32, Mismatch> {
    let number = lax::integer(value)?;
    if number <= 0 {
        let msg = "Input should be greater than 0".to_owned();
        return Err(bound(
            Code::FieldRange,
            "greater_than",
            msg,
            ("gt", json!(0)),
        ));
    }
    i32::try_from(number).map_err(|_error| {
        let msg = format!("Input should be less than or equal to {}", i32::MAX);
        bound(
            Code::FieldRange,
            "less_than_equal",
            msg,
            ("le", json!(i32::MAX)),
        )
    })
}

/// Nominal power, 1.3 to 4000 kW.
pub(super) fn power(value: &Value) -> Result<f64, Mismatch> {
    let power = lax::number(value)?;
    if power > 4_000.0 {
        let msg = "Input should be less than or equal to 4000".to_owned();
        return Err(bound(
            Code::PowerTooHigh,
            "less_than_equal",
            msg,
            ("le", json!(4_000.0)),
        ));
    }
    if power >= 1.3 {
        return Ok(power);
    }
    let msg = "Input should be greater than or equal to 1.3".to_owned();
    Err(bound(
        Code::PowerTooLow,
        "greater_than_equal",
        msg,
        ("ge", json!(1.3)),
    ))
}

/// Contains `24/7` or `\d{1,2}:\d{2}-\d{1,2}:\d{2}`.
pub(super) fn opening_hours(value: &Value) -> Result<String, Mismatch> {
    let text = lax::trimmed(value)?;
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let colon = |at: usize| bytes.get(at) == Some(&b':');
    let hour_ends =
        |at: usize| at >= 4 && digit(at - 4) && colon(at - 3) && digit(at - 2) && digit(at - 1);
    let minutes = |at: usize| colon(at) && digit(at + 1) && digit(at + 2);
    let hour_starts =
        |at: usize| digit(at) && (minutes(at + 1) || (digit(at + 1) && minutes(at + 2)));
    let has_range = bytes
        .iter()
        .enumerate()
        .any(|(at, byte)| *byte == b'-' && hour_ends(at) && hour_starts(at + 1));
    if has_range || text.contains("24/7") {
        return Ok(text.to_owned());
    }
    Err(pattern(
        Code::FieldFormat,
        r"(.*((\d{1,2}:\d{2})-(\d{1,2}:\d{2})).*|.*24/7.*)",
    ))
}

pub(super) fn restriction(value: &Value) -> Result<String, Mismatch> {
    let text = lax::trimmed(value)?;
    if text.chars().count() >= 2 {
        return Ok(text.to_owned());
    }
    let msg = "String should have at least 2 characters".to_owned();
    Err(bound(
        Code::FieldRange,
        "string_too_short",
        msg,
        ("min_length", json!(2)),
    ))
}

pub(super) fn pdl(value: &Value) -> Result<String, Mismatch> {
    let text = lax::trimmed(value)?;
    if text.chars().count() <= MAX_PDL_CHARACTERS {
        return Ok(text.to_owned());
    }
    let msg = format!("String should have at most {MAX_PDL_CHARACTERS} characters");
    Err(bound(
        Code::FieldRange,
        "string_too_long",
        msg,
        ("max_length", json!(MAX_PDL_CHARACTERS)),
    ))
}

pub(super) fn nullable_pdl(value: &Value) -> Result<Option<String>, Mismatch> {
    if value.is_null() {
        Ok(None)
    } else {
        pdl(value).map(Some)
    }
}

pub(super) fn past_day(value: &Value, today: Day) -> Result<Day, Mismatch> {
    let day = lax::date(value)?;
    if day <= today {
        return Ok(day);
    }
    let rule = format!("{} is in the future", render_day(day));
    Err(Mismatch::value_error(Code::FieldRange, &rule))
}
