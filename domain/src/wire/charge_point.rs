//! [`ChargePoint`] on the wire.

use super::binary::{put_boolean, put_double, put_int, put_long, put_optional, put_string};
use super::{Reader, Record, WireError};
use crate::charge_point::{ChargePoint, Day, IrveStatic};
use crate::contract::{CHARGE_POINT, Contract};
use crate::time::Timestamp;

fn optional_text(reader: &mut Reader<'_>) -> Result<Option<String>, WireError> {
    reader.optional(|reader| reader.string().map(str::to_owned))
}

fn put_irve(out: &mut Vec<u8>, irve: &IrveStatic) {
    put_string(out, &irve.nom_amenageur);
    put_string(out, &irve.siren_amenageur);
    put_string(out, &irve.contact_amenageur);
    put_string(out, &irve.nom_operateur);
    put_string(out, &irve.contact_operateur);
    put_string(out, &irve.telephone_operateur);
    put_string(out, &irve.nom_enseigne);
    put_string(out, irve.id_station_itinerance.as_str());
    put_optional(out, irve.id_station_local.as_deref(), put_string);
    put_string(out, &irve.nom_station);
    put_string(out, &irve.implantation_station);
    put_string(out, &irve.adresse_station);
    put_string(out, &irve.code_insee_commune);
    put_double(out, irve.longitude);
    put_double(out, irve.latitude);
    put_int(out, irve.nbre_pdc);
    put_string(out, irve.id_pdc_itinerance.as_str());
    put_optional(out, irve.id_pdc_local.as_deref(), put_string);
    put_double(out, irve.puissance_nominale);
    put_boolean(out, irve.prise_type_ef);
    put_boolean(out, irve.prise_type_2);
    put_boolean(out, irve.prise_type_combo_ccs);
    put_boolean(out, irve.prise_type_chademo);
    put_boolean(out, irve.prise_type_autre);
    put_optional(out, irve.gratuit, put_boolean);
    put_boolean(out, irve.paiement_acte);
    put_optional(out, irve.paiement_cb, put_boolean);
    put_optional(out, irve.paiement_autre, put_boolean);
    put_optional(out, irve.tarification.as_deref(), put_string);
    put_string(out, &irve.condition_acces);
    put_boolean(out, irve.reservation);
    put_string(out, &irve.horaires);
    put_string(out, &irve.accessibilite_pmr);
    put_string(out, &irve.restriction_gabarit);
    put_boolean(out, irve.station_deux_roues);
    put_optional(out, irve.raccordement.as_deref(), put_string);
    put_optional(out, irve.num_pdl.as_deref(), put_string);
    put_optional(out, irve.date_mise_en_service.map(|day| day.0), put_int);
    put_optional(out, irve.observations.as_deref(), put_string);
    put_int(out, irve.date_maj.0);
    put_optional(out, irve.cable_t2_attache, put_boolean);
}

fn read_irve(reader: &mut Reader<'_>) -> Result<IrveStatic, WireError> {
    Ok(IrveStatic {
        nom_amenageur: reader.string()?.to_owned(),
        siren_amenageur: reader.string()?.to_owned(),
        contact_amenageur: reader.string()?.to_owned(),
        nom_operateur: reader.string()?.to_owned(),
        contact_operateur: reader.string()?.to_owned(),
        telephone_operateur: reader.string()?.to_owned(),
        nom_enseigne: reader.string()?.to_owned(),
        id_station_itinerance: reader.station_id()?,
        id_station_local: optional_text(reader)?,
        nom_station: reader.string()?.to_owned(),
        implantation_station: reader.string()?.to_owned(),
        adresse_station: reader.string()?.to_owned(),
        code_insee_commune: reader.string()?.to_owned(),
        longitude: reader.double()?,
        latitude: reader.double()?,
        nbre_pdc: reader.int()?,
        id_pdc_itinerance: reader.charge_point_id()?,
        id_pdc_local: optional_text(reader)?,
        puissance_nominale: reader.double()?,
        prise_type_ef: reader.boolean()?,
        prise_type_2: reader.boolean()?,
        prise_type_combo_ccs: reader.boolean()?,
        prise_type_chademo: reader.boolean()?,
        prise_type_autre: reader.boolean()?,
        gratuit: reader.optional(Reader::boolean)?,
        paiement_acte: reader.boolean()?,
        paiement_cb: reader.optional(Reader::boolean)?,
        paiement_autre: reader.optional(Reader::boolean)?,
        tarification: optional_text(reader)?,
        condition_acces: reader.string()?.to_owned(),
        reservation: reader.boolean()?,
        horaires: reader.string()?.to_owned(),
        accessibilite_pmr: reader.string()?.to_owned(),
        restriction_gabarit: reader.string()?.to_owned(),
        station_deux_roues: reader.boolean()?,
        raccordement: optional_text(reader)?,
        num_pdl: optional_text(reader)?,
        date_mise_en_service: reader.optional(Reader::int)?.map(Day),
        observations: optional_text(reader)?,
        date_maj: Day(reader.int()?),
        cable_t2_attache: reader.optional(Reader::boolean)?,
    })
}

impl Record for ChargePoint {
    const CONTRACT: Contract = CHARGE_POINT;

    fn encode(&self, out: &mut Vec<u8>) {
        put_irve(out, &self.irve);
        put_long(out, self.revision);
        put_long(out, self.created_at.as_ms());
        put_long(out, self.updated_at.as_ms());
        put_optional(out, self.deleted_at.map(Timestamp::as_ms), put_long);
        put_string(out, &self.updated_by);
        put_boolean(out, self.legacy);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            irve: read_irve(reader)?,
            revision: reader.long()?,
            created_at: reader.instant()?,
            updated_at: reader.instant()?,
            deleted_at: reader.optional(Reader::instant)?,
            updated_by: reader.string()?.to_owned(),
            legacy: reader.boolean()?,
        })
    }
}
