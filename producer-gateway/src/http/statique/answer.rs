//! The static record as QualiCharge answers it: forty keys in the model's order.

use domain::charge_point::IrveStatic;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::request::calendar::render_day;

/// A record to be serialized.
#[derive(Debug, Clone, Copy)]
pub struct Statique<'a>(pub &'a IrveStatic);

impl Serialize for Statique<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let irve = self.0;
        let mut map = serializer.serialize_map(Some(40))?;
        map.serialize_entry("nom_amenageur", &irve.nom_amenageur)?;
        map.serialize_entry("siren_amenageur", &irve.siren_amenageur)?;
        map.serialize_entry("contact_amenageur", &irve.contact_amenageur)?;
        map.serialize_entry("nom_operateur", &irve.nom_operateur)?;
        map.serialize_entry("contact_operateur", &irve.contact_operateur)?;
        map.serialize_entry("telephone_operateur", &irve.telephone_operateur)?;
        map.serialize_entry("nom_enseigne", &irve.nom_enseigne)?;
        map.serialize_entry("id_station_itinerance", irve.id_station_itinerance.as_str())?;
        map.serialize_entry("id_station_local", &irve.id_station_local)?;
        map.serialize_entry("nom_station", &irve.nom_station)?;
        map.serialize_entry("implantation_station", &irve.implantation_station)?;
        map.serialize_entry("adresse_station", &irve.adresse_station)?;
        map.serialize_entry("code_insee_commune", &irve.code_insee_commune)?;
        let position = format!("[{:?}, {:?}]", irve.longitude, irve.latitude);
        map.serialize_entry("coordonneesXY", &position)?;
        map.serialize_entry("nbre_pdc", &irve.nbre_pdc)?;
        map.serialize_entry("id_pdc_itinerance", irve.id_pdc_itinerance.as_str())?;
        map.serialize_entry("id_pdc_local", &irve.id_pdc_local)?;
        map.serialize_entry("puissance_nominale", &irve.puissance_nominale)?;
        map.serialize_entry("prise_type_ef", &irve.prise_type_ef)?;
        map.serialize_entry("prise_type_2", &irve.prise_type_2)?;
        map.serialize_entry("prise_type_combo_ccs", &irve.prise_type_combo_ccs)?;
        map.serialize_entry("prise_type_chademo", &irve.prise_type_chademo)?;
        map.serialize_entry("prise_type_autre", &irve.prise_type_autre)?;
        map.serialize_entry("gratuit", &irve.gratuit)?;
        map.serialize_entry("paiement_acte", &irve.paiement_acte)?;
        map.serialize_entry("paiement_cb", &irve.paiement_cb)?;
        map.serialize_entry("paiement_autre", &irve.paiement_autre)?;
        map.serialize_entry("tarification", &irve.tarification)?;
        map.serialize_entry("condition_acces", &irve.condition_acces)?;
        map.serialize_entry("reservation", &irve.reservation)?;
        map.serialize_entry("horaires", &irve.horaires)?;
        map.serialize_entry("accessibilite_pmr", &irve.accessibilite_pmr)?;
        map.serialize_entry("restriction_gabarit", &irve.restriction_gabarit)?;
        map.serialize_entry("station_deux_roues", &irve.station_deux_roues)?;
        map.serialize_entry("raccordement", &irve.raccordement)?;
        map.serialize_entry("num_pdl", &irve.num_pdl)?;
        let in_service = irve.date_mise_en_service.map(render_day);
        map.serialize_entry("date_mise_en_service", &in_service)?;
        map.serialize_entry("observations", &irve.observations)?;
        map.serialize_entry("date_maj", &render_day(irve.date_maj))?;
        map.serialize_entry("cable_t2_attache", &irve.cable_t2_attache)?;
        map.end()
    }
}
