//! What is wrong with an item, in both languages: QualiCharge's (`type`, `msg`, `ctx`) and ours
//! (`code`, `rule`, `field`, `message`).

use serde::Serialize;
use serde_json::Value;

/// The largest value that is echoed as `input`, in bytes of JSON.
const MAX_ECHO_BYTES: usize = 256;

/// Why an item is refused or flagged. The numbers in comments are QualiCharge's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "each code is its own name, as the contract lists it"
)]
pub enum Code {
    FieldMissing,
    FieldType,
    FieldFormat,
    FieldValue,
    FieldRange,
    TimezoneMissing,
    ItemType,
    StatusInFuture,
    StatusTooOld,
    SessionInFuture,
    SessionTooOld,
    SessionStartAfterEnd,
    SessionTooLong,
    SessionEnergyOutOfRange,
    ChargePointIdFormat,
    StationIdFormat,
    UnitMismatch,
    CoordinatesOutsideTerritory,
    InseeCodeFormat,
    SirenInvalid,
    PowerTooHigh,
    PowerTooLow,
    PdlRequired,
    StationInconsistent,
    LocationInconsistent,
    UnitForbidden,
    UnitUnknown,
    ChargePointUnknown,
    ChargePointDecommissioned,
    ChargePointExists,
    StatusNotFresh,
    SessionNotFresh,
    OccupiedOutOfService,
    SessionEnergyExceedsPower,
    SessionZeroDurationEnergy,
    OperatorEmpty,
    OwnerEmpty,
    PdlFormat,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 38] = [
        Self::FieldMissing,
        Self::FieldType,
        Self::FieldFormat,
        Self::FieldValue,
        Self::FieldRange,
        Self::TimezoneMissing,
        Self::ItemType,
        Self::StatusInFuture,
        Self::StatusTooOld,
        Self::SessionInFuture,
        Self::SessionTooOld,
        Self::SessionStartAfterEnd,
        Self::SessionTooLong,
        Self::SessionEnergyOutOfRange,
        Self::ChargePointIdFormat,
        Self::StationIdFormat,
        Self::UnitMismatch,
        Self::CoordinatesOutsideTerritory,
        Self::InseeCodeFormat,
        Self::SirenInvalid,
        Self::PowerTooHigh,
        Self::PowerTooLow,
        Self::PdlRequired,
        Self::StationInconsistent,
        Self::LocationInconsistent,
        Self::UnitForbidden,
        Self::UnitUnknown,
        Self::ChargePointUnknown,
        Self::ChargePointDecommissioned,
        Self::ChargePointExists,
        Self::StatusNotFresh,
        Self::SessionNotFresh,
        Self::OccupiedOutOfService,
        Self::SessionEnergyExceedsPower,
        Self::SessionZeroDurationEnergy,
        Self::OperatorEmpty,
        Self::OwnerEmpty,
        Self::PdlFormat,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FieldMissing => "field_missing",
            Self::FieldType => "field_type",
            Self::FieldFormat => "field_format",
            Self::FieldValue => "field_value",
            Self::FieldRange => "field_range",
            Self::TimezoneMissing => "timezone_missing",
            Self::ItemType => "item_type",
            Self::StatusInFuture => "status_in_future",
            Self::StatusTooOld => "status_too_old",
            Self::SessionInFuture => "session_in_future",
            Self::SessionTooOld => "session_too_old",
            Self::SessionStartAfterEnd => "session_start_after_end",
            Self::SessionTooLong => "session_too_long",
            Self::SessionEnergyOutOfRange => "session_energy_out_of_range",
            Self::ChargePointIdFormat => "charge_point_id_format",
            Self::StationIdFormat => "station_id_format",
            Self::UnitMismatch => "unit_mismatch",
            Self::CoordinatesOutsideTerritory => "coordinates_outside_territory",
            Self::InseeCodeFormat => "insee_code_format",
            Self::SirenInvalid => "siren_invalid",
            Self::PowerTooHigh => "power_too_high",
            Self::PowerTooLow => "power_too_low",
            Self::PdlRequired => "pdl_required",
            Self::StationInconsistent => "station_inconsistent",
            Self::LocationInconsistent => "location_inconsistent",
            Self::UnitForbidden => "unit_forbidden",
            Self::UnitUnknown => "unit_unknown",
            Self::ChargePointUnknown => "charge_point_unknown",
            Self::ChargePointDecommissioned => "charge_point_decommissioned",
            Self::ChargePointExists => "charge_point_exists",
            Self::StatusNotFresh => "status_not_fresh",
            Self::SessionNotFresh => "session_not_fresh",
            Self::OccupiedOutOfService => "occupied_out_of_service",
            Self::SessionEnergyExceedsPower => "session_energy_exceeds_power",
            Self::SessionZeroDurationEnergy => "session_zero_duration_energy",
            Self::OperatorEmpty => "operator_empty",
            Self::OwnerEmpty => "owner_empty",
            Self::PdlFormat => "pdl_format",
        }
    }

    /// QualiCharge's rule number; for the general codes it depends on the field.
    pub fn rule(self, field: Option<&str>) -> Option<u16> {
        match self {
            Self::PowerTooHigh => Some(1),
            Self::InseeCodeFormat => Some(2),
            Self::CoordinatesOutsideTerritory => Some(3),
            Self::OperatorEmpty => Some(6),
            Self::OwnerEmpty => Some(7),
            Self::SessionEnergyOutOfRange => Some(11),
            Self::SessionStartAfterEnd => Some(14),
            Self::SessionTooLong => Some(15),
            Self::PdlRequired => Some(20),
            Self::StationIdFormat | Self::UnitMismatch => Some(23),
            Self::ChargePointIdFormat => Some(24),
            Self::PdlFormat => Some(34),
            Self::StatusInFuture => Some(36),
            Self::OccupiedOutOfService => Some(37),
            Self::SessionEnergyExceedsPower => Some(38),
            Self::PowerTooLow => Some(39),
            Self::SessionZeroDurationEnergy => Some(40),
            Self::SessionTooOld | Self::SessionNotFresh => Some(42),
            Self::StatusTooOld | Self::StatusNotFresh => Some(43),
            Self::SirenInvalid => Some(55),
            Self::FieldMissing
            | Self::FieldType
            | Self::FieldFormat
            | Self::FieldValue
            | Self::FieldRange => rule_of_field(field?),
            Self::TimezoneMissing
            | Self::ItemType
            | Self::SessionInFuture
            | Self::StationInconsistent
            | Self::LocationInconsistent
            | Self::UnitForbidden
            | Self::UnitUnknown
            | Self::ChargePointUnknown
            | Self::ChargePointDecommissioned
            | Self::ChargePointExists => None,
        }
    }
}

/// The rules on completeness: operator 6, owner 7.
fn rule_of_field(field: &str) -> Option<u16> {
    match field {
        "nom_operateur" | "contact_operateur" | "telephone_operateur" | "nom_enseigne" => Some(6),
        "nom_amenageur" | "siren_amenageur" | "contact_amenageur" => Some(7),
        _ => None,
    }
}

/// Why a value does not fit, without saying where.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// Our code.
    pub code: Code,
    /// QualiCharge's error type.
    pub kind: &'static str,
    /// QualiCharge's message.
    pub msg: String,
    /// QualiCharge's context.
    pub context: Option<Value>,
}

impl Mismatch {
    /// A mismatch without context.
    pub fn new(code: Code, kind: &'static str, msg: impl Into<String>) -> Self {
        Self {
            code,
            kind,
            msg: msg.into(),
            context: None,
        }
    }

    /// Adds the context.
    #[must_use]
    pub fn with_context(mut self, context: Value) -> Self {
        self.context = Some(context);
        self
    }

    /// A rule of ours that QualiCharge checks in a validator of its own.
    pub fn value_error(code: Code, msg: &str) -> Self {
        Self::new(code, "value_error", format!("Value error, {msg}"))
            .with_context(serde_json::json!({ "error": {} }))
    }
}

/// One thing wrong with an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Why.
    pub mismatch: Mismatch,
    /// The field; none for the item as a whole.
    pub field: Option<&'static str>,
    /// The offending value, cut to what may be echoed.
    pub input: Value,
    /// A sentence for a person: names field and value.
    pub message: String,
}

impl Violation {
    /// Says that `input` in `field` does not fit.
    pub fn new(field: Option<&'static str>, input: &Value, mismatch: Mismatch) -> Self {
        let message = match field {
            Some(field) => format!("{field}: {}", mismatch.msg),
            None => mismatch.msg.clone(),
        };
        Self {
            mismatch,
            field,
            input: echo(input),
            message,
        }
    }

    /// Replaces the sentence.
    #[must_use]
    pub fn saying(mut self, message: String) -> Self {
        self.message = message;
        self
    }

    /// Our code.
    pub fn code(&self) -> Code {
        self.mismatch.code
    }

    /// QualiCharge's rule number.
    pub fn rule(&self) -> Option<u16> {
        self.code().rule(self.field)
    }
}

/// A value of at most 256 bytes of JSON as it is; a longer text cut, anything else longer null.
pub fn echo(value: &Value) -> Value {
    match value {
        Value::String(text) if text.len() > MAX_ECHO_BYTES => {
            let end = text.floor_char_boundary(MAX_ECHO_BYTES);
            let head = text.get(..end).unwrap_or_default();
            Value::String(format!("{head}…"))
        }
        Value::Array(_) | Value::Object(_) if !is_short(value) => Value::Null,
        short => short.clone(),
    }
}

/// Whether a value has at most 256 bytes of JSON; stops counting when it has more.
fn is_short(value: &Value) -> bool {
    struct Budget(usize);
    impl std::io::Write for Budget {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(std::io::ErrorKind::WriteZero)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    serde_json::to_writer(Budget(MAX_ECHO_BYTES), value).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_name_of_a_code_is_its_serialized_form() {
        for code in [
            Code::FieldMissing,
            Code::SessionEnergyOutOfRange,
            Code::PdlFormat,
        ] {
            assert_eq!(json!(code), json!(code.name()));
        }
    }

    #[test]
    fn a_missing_operator_field_breaks_rule_6_and_an_owner_field_rule_7() {
        assert_eq!(
            Code::FieldMissing.rule(Some("telephone_operateur")),
            Some(6)
        );
        assert_eq!(Code::FieldMissing.rule(Some("nom_amenageur")), Some(7));
        assert_eq!(Code::FieldMissing.rule(Some("horaires")), None);
        assert_eq!(Code::FieldMissing.rule(None), None);
    }

    #[test]
    fn long_values_are_cut_or_dropped() {
        let Value::String(cut) = echo(&json!("é".repeat(200))) else {
            panic!("no text")
        };
        assert_eq!(cut.chars().count(), 129);
        assert!(cut.ends_with('…'));
        assert_eq!(echo(&json!(vec![1; 200])), Value::Null);
        assert_eq!(echo(&json!({ "a": 1 })), json!({ "a": 1 }));
    }
}
