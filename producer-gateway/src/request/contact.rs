//! How an operator is reached and identified: e-mail address, telephone number, SIREN.

use phonenumber::{Mode, country};
use serde_json::{Value, json};

use super::lax;
use super::violation::{Code, Mismatch};

/// The longest e-mail address, bytes (RFC 5321).
const MAX_EMAIL_BYTES: usize = 254;
/// Top-level domains under which nobody is reached (RFC 2606, RFC 6761).
const DEAD_DOMAINS: [&str; 6] = ["arpa", "invalid", "local", "localhost", "onion", "test"];

/// An e-mail address, unwrapped from `Name <address>`, its domain in lower case.
///
/// # Errors
/// What is wrong with the value.
pub fn email(value: &Value) -> Result<String, Mismatch> {
    let text = lax::trimmed(value)?;
    let bare = match text
        .strip_suffix('>')
        .and_then(|text| text.rsplit_once('<'))
    {
        Some((_name, address)) => address.trim(),
        None => text,
    };
    let (local, domain) = bare
        .rsplit_once('@')
        .ok_or_else(|| no_email("An email address must have an @-sign."))?;
    let wrong_local = local.is_empty()
        || local.starts_with('.')
        || local.ends_with('.')
        || local.contains("..")
        || local.contains(|c: char| {
            c.is_whitespace() || c.is_control() || "\"@<>(),:;[]\\".contains(c)
        });
    if wrong_local {
        return Err(no_email("The part before the @-sign is not valid."));
    }
    let domain = domain.to_lowercase();
    let labels: Vec<_> = domain.split('.').collect();
    let is_label = |label: &&str| {
        let letters = label.chars().all(|c| c.is_alphanumeric() || c == '-');
        !label.is_empty() && letters && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_dead = labels.last().is_none_or(|last| DEAD_DOMAINS.contains(last));
    if labels.len() < 2 || !labels.iter().all(is_label) || is_dead {
        return Err(no_email("The part after the @-sign is not valid."));
    }
    let address = format!("{local}@{domain}");
    if address.len() > MAX_EMAIL_BYTES {
        return Err(no_email("The email address is too long."));
    }
    Ok(address)
}

fn no_email(reason: &str) -> Mismatch {
    let msg = format!("value is not a valid email address: {reason}");
    Mismatch::new(Code::FieldFormat, "value_error", msg).with_context(json!({ "reason": reason }))
}

/// A telephone number that libphonenumber takes as valid, France when it names no country, in the
/// form of RFC 3966: `tel:+33-1-84-71-00-62`.
///
/// # Errors
/// What is wrong with the value.
pub fn telephone(value: &Value) -> Result<String, Mismatch> {
    let text = lax::text(value)?;
    phonenumber::parse(Some(country::FR), text.trim())
        .ok()
        .filter(phonenumber::is_valid)
        .map(|number| number.format().mode(Mode::Rfc3966).to_string())
        .ok_or_else(|| {
            let msg = "value is not a valid phone number";
            Mismatch::new(Code::FieldFormat, "value_error", msg)
        })
}

/// A SIREN: nine ASCII digits, not trimmed, whose Luhn sum is a multiple of ten.
///
/// # Errors
/// What is wrong with the value.
pub fn siren(value: &Value) -> Result<&str, Mismatch> {
    let text = lax::text(value)?;
    let is_digits = text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits {
        return Err(pattern(Code::SirenInvalid, r"^\d{9}$"));
    }
    if text == "000000000" || !luhn_sum(text).is_multiple_of(10) {
        let msg = format!("Assertion failed, {text} is not a valid SIREN number");
        return Err(Mismatch::new(Code::SirenInvalid, "assertion_error", msg)
            .with_context(json!({ "error": {} })));
    }
    Ok(text)
}

/// The sum of the digits, every second from the right doubled and, above 9, reduced by 9.
fn luhn_sum(digits: &str) -> u32 {
    digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| match (at % 2, u32::from(byte - b'0')) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum()
}

/// The mismatch of a text that does not have the form of `pattern`.
pub fn pattern(code: Code, pattern: &str) -> Mismatch {
    let msg = format!("String should match pattern '{pattern}'");
    Mismatch::new(code, "string_pattern_mismatch", msg).with_context(json!({ "pattern": pattern }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn telephone_numbers_are_answered_in_rfc_3966() {
        let cases = [
            ("0184710062", "tel:+33-1-84-71-00-62"),
            ("01.84.71.00.62", "tel:+33-1-84-71-00-62"),
            ("+33 1 84 71 00 62", "tel:+33-1-84-71-00-62"),
            ("tel:+33-1-84-71-00-62", "tel:+33-1-84-71-00-62"),
            ("0 800 123 456", "tel:+33-800-12-34-56"),
            ("+49 30 1234567", "tel:+49-30-1234567"),
        ];
        for (text, expected) in cases {
            assert_eq!(telephone(&json!(text)).as_deref(), Ok(expected), "{text}");
        }
        for text in ["3179", "12345", "+33", ""] {
            assert!(telephone(&json!(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_is_unwrapped_and_its_domain_lowered() {
        assert_eq!(
            email(&json!(" Me <a.B@Example.FR> ")).as_deref(),
            Ok("a.B@example.fr")
        );
        let refused = [
            "a",
            "a@b",
            "a b@c.fr",
            "a..b@c.fr",
            "\"a\"@c.fr",
            "a@c.test",
            "a@-c.fr",
            "@c.fr",
            "a@c..fr",
            ".a@c.fr",
        ];
        for text in refused {
            assert!(email(&json!(text)).is_err(), "{text}");
        }
        assert!(email(&json!(format!("{}@c.fr", "a".repeat(250)))).is_err());
    }

    #[test]
    fn a_siren_has_nine_digits_and_a_check_digit() {
        assert_eq!(siren(&json!("891118473")), Ok("891118473"));
        assert_eq!(
            siren(&json!("123456789")).unwrap_err().kind,
            "assertion_error"
        );
        assert_eq!(
            siren(&json!("000000000")).unwrap_err().kind,
            "assertion_error"
        );
        for text in [" 891118473", "89111847", "٨٩١١١٨٤٧٣"] {
            assert_eq!(
                siren(&json!(text)).unwrap_err().kind,
                "string_pattern_mismatch",
                "{text}"
            );
        }
    }
}
