//! The directory entry: the IRVE static record of one charge point and its life.

use crate::id::{ChargePointId, StationId};
use crate::time::Timestamp;

/// A day, counted from 1970-01-01 (Avro `date`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

/// The 40 fields of IRVE statique 2.3.1, typed. Names are those of the schema.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the record has these fields: IRVE statique 2.3.1 fixes them"
)]
#[expect(
    missing_docs,
    reason = "each field is the IRVE field of that name, documented in the schema"
)]
pub struct IrveStatic {
    pub nom_amenageur: String,
    pub siren_amenageur: String,
    pub contact_amenageur: String,
    pub nom_operateur: String,
    pub contact_operateur: String,
    pub telephone_operateur: String,
    pub nom_enseigne: String,
    pub id_station_itinerance: StationId,
    pub id_station_local: Option<String>,
    pub nom_station: String,
    pub implantation_station: String,
    pub adresse_station: String,
    pub code_insee_commune: String,
    pub longitude: f64,
    pub latitude: f64,
    pub nbre_pdc: i32,
    pub id_pdc_itinerance: ChargePointId,
    pub id_pdc_local: Option<String>,
    pub puissance_nominale: f64,
    pub prise_type_ef: bool,
    pub prise_type_2: bool,
    pub prise_type_combo_ccs: bool,
    pub prise_type_chademo: bool,
    pub prise_type_autre: bool,
    pub gratuit: Option<bool>,
    pub paiement_acte: bool,
    pub paiement_cb: Option<bool>,
    pub paiement_autre: Option<bool>,
    pub tarification: Option<String>,
    pub condition_acces: String,
    pub reservation: bool,
    pub horaires: String,
    pub accessibilite_pmr: String,
    pub restriction_gabarit: String,
    pub station_deux_roues: bool,
    pub raccordement: Option<String>,
    pub num_pdl: Option<String>,
    pub date_mise_en_service: Option<Day>,
    pub observations: Option<String>,
    pub date_maj: Day,
    pub cable_t2_attache: Option<bool>,
}

/// One version of a directory entry, as it travels on topic `charge-point`.
#[derive(Debug, Clone, PartialEq)]
pub struct ChargePoint {
    /// What the operator declared.
    pub irve: IrveStatic,
    /// Number of this version, from 1.
    pub revision: i64,
    /// When the entry was first accepted.
    pub created_at: Timestamp,
    /// When this version was accepted.
    pub updated_at: Timestamp,
    /// When the charge point was decommissioned; none while it is in service.
    pub deleted_at: Option<Timestamp>,
    /// The account that wrote this version, or `backfill`.
    pub updated_by: String,
    /// Accepted under the relaxed rules for old records.
    pub legacy: bool,
}

impl ChargePoint {
    /// The charge point.
    pub fn charge_point_id(&self) -> &ChargePointId {
        &self.irve.id_pdc_itinerance
    }

    /// Its station.
    pub fn station_id(&self) -> &StationId {
        &self.irve.id_station_itinerance
    }

    /// Nominal power, whole W: kW × 1000, rounded to the nearest, half to even.
    pub fn power_w(&self) -> i64 {
        whole_thousandths(self.irve.puissance_nominale)
    }
}

/// A value in kW or kWh as whole W or Wh: × 1000, rounded to the nearest, half to even.
#[expect(
    clippy::cast_possible_truncation,
    reason = "float to integer casts saturate"
)]
pub fn whole_thousandths(value: f64) -> i64 {
    (value * 1000.0).round_ties_even() as i64
}

#[cfg(test)]
mod tests {
    use super::whole_thousandths;

    #[test]
    fn a_half_is_rounded_to_even() {
        assert_eq!(whole_thousandths(0.0125), 12);
        assert_eq!(whole_thousandths(7.4), 7_400);
        assert_eq!(whole_thousandths(12.34567), 12_346);
    }
}
