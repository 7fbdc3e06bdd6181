//! The static record: IRVE statique 2.3.1 with QualiCharge's stricter rules.

use domain::charge_point::{Day, IrveStatic};
use domain::{ChargePointId, StationId, TimestampMicros};
use serde_json::Value;

use super::calendar::day_at;
use super::contact::{email, siren, telephone};
use super::fields::Fields;
use super::lax;
use super::violation::{Code, Mismatch, Violation};
use value::{
    NOT_CONCERNED, access, accessibility, charge_point_id, connection, coordinates, implantation,
    insee_code, nullable_pdl, opening_hours, past_day, pdl, positive, power, restriction,
    station_id, string,
};

pub(crate) mod value;

/// The fields in the order of the model.
pub const KEYS: [&str; 40] = [
    "nom_amenageur",
    "siren_amenageur",
    "contact_amenageur",
    "nom_operateur",
    "contact_operateur",
    "telephone_operateur",
    "nom_enseigne",
    "id_station_itinerance",
    "id_station_local",
    "nom_station",
    "implantation_station",
    "adresse_station",
    "code_insee_commune",
    "coordonneesXY",
    "nbre_pdc",
    "id_pdc_itinerance",
    "id_pdc_local",
    "puissance_nominale",
    "prise_type_ef",
    "prise_type_2",
    "prise_type_combo_ccs",
    "prise_type_chademo",
    "prise_type_autre",
    "gratuit",
    "paiement_acte",
    "paiement_cb",
    "paiement_autre",
    "tarification",
    "condition_acces",
    "reservation",
    "horaires",
    "accessibilite_pmr",
    "restriction_gabarit",
    "station_deux_roues",
    "raccordement",
    "num_pdl",
    "date_mise_en_service",
    "observations",
    "date_maj",
    "cable_t2_attache",
];

/// Whether records from before the stricter rules are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legacy {
    /// They are refused.
    Refused,
    /// A missing `raccordement` becomes `Direct` with a `num_pdl`, else `Indirect`.
    Accepted,
}

/// Under what a static record is judged.
#[derive(Debug, Clone, Copy)]
pub struct StaticTerms {
    /// The last day that a date may name.
    pub today: Day,
    /// Whether old records are taken.
    pub legacy: Legacy,
}

impl StaticTerms {
    /// The terms of an instant, UTC.
    pub fn at(instant: impl Into<TimestampMicros>, legacy: Legacy) -> Self {
        Self {
            today: day_at(instant.into()),
            legacy,
        }
    }
}

/// A static record that is good in itself.
#[derive(Debug, Clone, PartialEq)]
pub struct StaticRow {
    /// What it declares.
    pub irve: IrveStatic,
    /// Whether it was taken as an old record.
    pub legacy: bool,
}

impl StaticRow {
    /// Reads a static record.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the model.
    pub fn read(item: &Value, terms: StaticTerms) -> Result<Self, Vec<Violation>> {
        let mut fields = Fields::of(item)?;
        let is_old = fields.raw("raccordement").is_none_or(Value::is_null);
        let legacy = is_old && terms.legacy == Legacy::Accepted;
        let mut irve = read_irve(&mut fields, terms, legacy);
        if let Some(irve) = irve.as_mut()
            && fields.is_clean()
        {
            if legacy {
                let has_pdl = irve.num_pdl.as_ref().is_some_and(|pdl| !pdl.is_empty());
                irve.raccordement = Some(if has_pdl { "Direct" } else { "Indirect" }.to_owned());
            }
            judge_together(&mut fields, irve);
        }
        let row = irve.map(|irve| Self { irve, legacy });
        fields.finish(row).map_err(in_model_order)
    }

    /// What is remarkable about it: a code, its field and a sentence each.
    pub fn flags(&self) -> Vec<(Code, Option<&'static str>, String)> {
        let irve = &self.irve;
        let mut flags = Vec::new();
        let mut flag_empty = |code, field: &'static str, text: &str| {
            if text.is_empty() {
                flags.push((code, Some(field), format!("{field} is empty")));
            }
        };
        flag_empty(Code::OwnerEmpty, "nom_amenageur", &irve.nom_amenageur);
        flag_empty(Code::OperatorEmpty, "nom_operateur", &irve.nom_operateur);
        flag_empty(Code::OperatorEmpty, "nom_enseigne", &irve.nom_enseigne);
        let is_dc = irve.prise_type_combo_ccs || irve.prise_type_chademo;
        let is_direct = irve.raccordement.as_deref() == Some("Direct");
        let pdl = irve.num_pdl.as_deref().unwrap_or_default();
        let is_pdl = pdl.len() == 14 && pdl.bytes().all(|byte| byte.is_ascii_digit());
        if is_dc && is_direct && !is_pdl {
            let sentence = format!("num_pdl is {pdl:?}, expected 14 digits");
            flags.push((Code::PdlFormat, Some("num_pdl"), sentence));
        }
        flags
    }
}

/// Reads every field; the values of wrong ones are placeholders, since the record is refused then.
#[expect(
    clippy::too_many_lines,
    reason = "a list: one entry per field of the record"
)]
fn read_irve(fields: &mut Fields<'_>, terms: StaticTerms, legacy: bool) -> Option<IrveStatic> {
    let station_id = fields
        .required("id_station_itinerance", station_id)
        .or_else(|| StationId::parse(NOT_CONCERNED).ok())?;
    let charge_point_id = fields
        .required("id_pdc_itinerance", charge_point_id)
        .or_else(|| ChargePointId::parse(NOT_CONCERNED).ok())?;
    let (longitude, latitude) = fields
        .required("coordonneesXY", coordinates)
        .unwrap_or_default();
    let raccordement = if legacy {
        None
    } else {
        fields.required("raccordement", connection)
    };
    let num_pdl = if legacy {
        fields.optional("num_pdl", pdl).flatten()
    } else {
        fields.required("num_pdl", nullable_pdl).flatten()
    };
    let date = |value: &Value| past_day(value, terms.today);
    Some(IrveStatic {
        nom_amenageur: fields.required("nom_amenageur", string).unwrap_or_default(),
        siren_amenageur: fields
            .required("siren_amenageur", siren)
            .unwrap_or_default()
            .to_owned(),
        contact_amenageur: fields
            .required("contact_amenageur", email)
            .unwrap_or_default(),
        nom_operateur: fields.required("nom_operateur", string).unwrap_or_default(),
        contact_operateur: fields
            .required("contact_operateur", email)
            .unwrap_or_default(),
        telephone_operateur: fields
            .required("telephone_operateur", telephone)
            .unwrap_or_default(),
        nom_enseigne: fields.required("nom_enseigne", string).unwrap_or_default(),
        id_station_itinerance: station_id,
        id_station_local: fields.optional("id_station_local", string).flatten(),
        nom_station: fields.required("nom_station", string).unwrap_or_default(),
        implantation_station: fields
            .required("implantation_station", implantation)
            .unwrap_or_default(),
        adresse_station: fields
            .required("adresse_station", string)
            .unwrap_or_default(),
        code_insee_commune: fields
            .required("code_insee_commune", insee_code)
            .unwrap_or_default(),
        longitude,
        latitude,
        nbre_pdc: fields.required("nbre_pdc", positive).unwrap_or_default(),
        id_pdc_itinerance: charge_point_id,
        id_pdc_local: fields.optional("id_pdc_local", string).flatten(),
        puissance_nominale: fields
            .required("puissance_nominale", power)
            .unwrap_or_default(),
        prise_type_ef: fields
            .required("prise_type_ef", lax::boolean)
            .unwrap_or_default(),
        prise_type_2: fields
            .required("prise_type_2", lax::boolean)
            .unwrap_or_default(),
        prise_type_combo_ccs: fields
            .required("prise_type_combo_ccs", lax::boolean)
            .unwrap_or_default(),
        prise_type_chademo: fields
            .required("prise_type_chademo", lax::boolean)
            .unwrap_or_default(),
        prise_type_autre: fields
            .required("prise_type_autre", lax::boolean)
            .unwrap_or_default(),
        gratuit: fields.optional("gratuit", lax::boolean).flatten(),
        paiement_acte: fields
            .required("paiement_acte", lax::boolean)
            .unwrap_or_default(),
        paiement_cb: fields.optional("paiement_cb", lax::boolean).flatten(),
        paiement_autre: fields.optional("paiement_autre", lax::boolean).flatten(),
        tarification: fields.optional("tarification", string).flatten(),
        condition_acces: fields
            .required("condition_acces", access)
            .unwrap_or_default(),
        reservation: fields
            .required("reservation", lax::boolean)
            .unwrap_or_default(),
        horaires: fields
            .required("horaires", opening_hours)
            .unwrap_or_default(),
        accessibilite_pmr: fields
            .required("accessibilite_pmr", accessibility)
            .unwrap_or_default(),
        restriction_gabarit: fields
            .required("restriction_gabarit", restriction)
            .unwrap_or_default(),
        station_deux_roues: fields
            .required("station_deux_roues", lax::boolean)
            .unwrap_or_default(),
        raccordement,
        num_pdl,
        date_mise_en_service: fields.optional_with("date_mise_en_service", date).flatten(),
        observations: fields.optional("observations", string).flatten(),
        date_maj: fields.required_with("date_maj", date).unwrap_or(Day(0)),
        cable_t2_attache: fields.optional("cable_t2_attache", lax::boolean).flatten(),
    })
}

/// The rules across fields.
fn judge_together(fields: &mut Fields<'_>, irve: &IrveStatic) {
    let station = irve.id_station_itinerance.operational_unit();
    if station != irve.id_pdc_itinerance.operational_unit() {
        let rule = "AFIREV prefixes from id_station_itinerance and id_pdc_itinerance do not match";
        fields.refuse_item(Mismatch::value_error(Code::UnitMismatch, rule));
    }
    let has_pdl = irve.num_pdl.as_ref().is_some_and(|pdl| !pdl.is_empty());
    if irve.raccordement.as_deref() == Some("Direct") && !has_pdl {
        let rule = "A PDL number is required for direct connections.";
        fields.refuse_item(Mismatch::value_error(Code::PdlRequired, rule));
    }
}

fn in_model_order(mut violations: Vec<Violation>) -> Vec<Violation> {
    violations.sort_by_key(|violation| match violation.field {
        Some(field) => KEYS.iter().position(|key| *key == field),
        None => Some(KEYS.len()),
    });
    violations
}

#[cfg(test)]
mod tests;
