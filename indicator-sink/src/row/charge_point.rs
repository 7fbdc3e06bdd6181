//! Table `charge_point`: one version of a directory entry.

use clickhouse::Row;
use domain::ChargePoint;
use serde::{Deserialize, Serialize};

use super::{Archived, Source, Unstorable, count, unit};

/// A row of `charge_point`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the record has these fields: IRVE statique 2.3.1 fixes them"
)]
#[derive(Debug, Clone, PartialEq, Row, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "each field is the column of that name, documented by its comment"
)]
pub struct ChargePointRow<'a> {
    pub charge_point_id: &'a str,
    pub station_id: &'a str,
    pub operational_unit: &'a str,
    pub nom_amenageur: &'a str,
    pub siren_amenageur: &'a str,
    pub contact_amenageur: &'a str,
    pub nom_operateur: &'a str,
    pub contact_operateur: &'a str,
    pub telephone_operateur: &'a str,
    pub nom_enseigne: &'a str,
    pub id_station_local: Option<&'a str>,
    pub nom_station: &'a str,
    pub implantation_station: &'a str,
    pub adresse_station: &'a str,
    pub code_insee_commune: &'a str,
    pub longitude: f64,
    pub latitude: f64,
    pub nbre_pdc: u16,
    pub id_pdc_local: Option<&'a str>,
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
    pub tarification: Option<&'a str>,
    pub condition_acces: &'a str,
    pub reservation: bool,
    pub horaires: &'a str,
    pub accessibilite_pmr: &'a str,
    pub restriction_gabarit: &'a str,
    pub station_deux_roues: bool,
    pub raccordement: Option<&'a str>,
    pub num_pdl: Option<&'a str>,
    pub date_mise_en_service: Option<i32>,
    pub observations: Option<&'a str>,
    pub date_maj: i32,
    pub cable_t2_attache: Option<bool>,
    pub revision: u64,
    pub created_at: i64,
    pub updated_at: i64,
    pub deleted_at: Option<i64>,
    pub updated_by: &'a str,
    pub legacy: bool,
    pub version: u64,
    pub source_topic: &'a str,
    pub source_partition: u16,
    pub source_offset: u64,
}

impl Archived for ChargePoint {
    const TABLE: &'static str = "charge_point";
    type Row = ChargePointRow<'static>;

    fn row<'a>(&'a self, source: Source<'a>) -> ChargePointRow<'a> {
        let irve = &self.irve;
        let revision = count(self.revision);
        ChargePointRow {
            charge_point_id: self.charge_point_id().as_str(),
            station_id: self.station_id().as_str(),
            operational_unit: unit(self.charge_point_id().as_str()),
            nom_amenageur: &irve.nom_amenageur,
            siren_amenageur: &irve.siren_amenageur,
            contact_amenageur: &irve.contact_amenageur,
            nom_operateur: &irve.nom_operateur,
            contact_operateur: &irve.contact_operateur,
            telephone_operateur: &irve.telephone_operateur,
            nom_enseigne: &irve.nom_enseigne,
            id_station_local: irve.id_station_local.as_deref(),
            nom_station: &irve.nom_station,
            implantation_station: &irve.implantation_station,
            adresse_station: &irve.adresse_station,
            code_insee_commune: &irve.code_insee_commune,
            longitude: irve.longitude,
            latitude: irve.latitude,
            nbre_pdc: u16::try_from(irve.nbre_pdc).unwrap_or(u16::MAX),
            id_pdc_local: irve.id_pdc_local.as_deref(),
            puissance_nominale: irve.puissance_nominale,
            prise_type_ef: irve.prise_type_ef,
            prise_type_2: irve.prise_type_2,
            prise_type_combo_ccs: irve.prise_type_combo_ccs,
            prise_type_chademo: irve.prise_type_chademo,
            prise_type_autre: irve.prise_type_autre,
            gratuit: irve.gratuit,
            paiement_acte: irve.paiement_acte,
            paiement_cb: irve.paiement_cb,
            paiement_autre: irve.paiement_autre,
            tarification: irve.tarification.as_deref(),
            condition_acces: &irve.condition_acces,
            reservation: irve.reservation,
            horaires: &irve.horaires,
            accessibilite_pmr: &irve.accessibilite_pmr,
            restriction_gabarit: &irve.restriction_gabarit,
            station_deux_roues: irve.station_deux_roues,
            raccordement: irve.raccordement.as_deref(),
            num_pdl: irve.num_pdl.as_deref(),
            date_mise_en_service: irve.date_mise_en_service.map(|day| day.0),
            observations: irve.observations.as_deref(),
            date_maj: irve.date_maj.0,
            cable_t2_attache: irve.cable_t2_attache,
            revision,
            created_at: self.created_at.as_ms(),
            updated_at: self.updated_at.as_ms(),
            deleted_at: self.deleted_at.map(domain::Timestamp::as_ms),
            updated_by: &self.updated_by,
            legacy: self.legacy,
            // A revision that was published twice: the later record wins.
            version: (revision << 24) | (source.offset & 0x00FF_FFFF),
            source_topic: source.topic,
            source_partition: source.partition,
            source_offset: source.offset,
        }
    }

    fn check(&self) -> Result<(), Unstorable> {
        super::check_counts(&["revision"], &[self.revision])?;
        super::check_small("revision", self.revision)?;
        super::check_instant("created_at", self.created_at)?;
        super::check_instant("updated_at", self.updated_at)?;
        if let Some(deleted_at) = self.deleted_at {
            super::check_instant("deleted_at", deleted_at)?;
        }
        super::check_small("puissance_nominale", self.power_w())?;
        u16::try_from(self.irve.nbre_pdc)
            .map(drop)
            .map_err(|_| Unstorable::range("nbre_pdc", self.irve.nbre_pdc.into()))
    }

    /// The table is not partitioned.
    fn partition_day(&self) -> i64 {
        0
    }
}
