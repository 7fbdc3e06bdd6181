//! Directory entries that the gateway accepts: IRVE statique 2.3.1.

use serde_json::{Value, json};

use super::DirectoryRow;
use super::town::Town;

/// What the entries of one station have in common.
#[derive(Debug, Clone)]
pub struct StationEntry {
    /// Operational unit.
    pub unit: &'static str,
    /// Number of the unit among those of the fleet.
    pub unit_number: u64,
    /// `id_station_itinerance`.
    pub station_id: String,
    /// Number of the station, for names and addresses.
    pub number: u64,
    /// Where it stands.
    pub town: Town,
    /// Longitude and latitude, degrees.
    pub coordinates: (f64, f64),
    /// `nbre_pdc`.
    pub charge_points: u64,
    /// `num_pdl`, for a direct connection; none for an indirect one.
    pub delivery_point: Option<String>,
    /// Whether it was built for fast charging.
    pub is_fast: bool,
    /// `reservation`.
    pub is_reservable: bool,
    /// `date_mise_en_service` and `date_maj`.
    pub dates: (String, String),
}

impl StationEntry {
    /// The entry of one of its charge points.
    pub fn row(&self, charge_point_id: &str, power_kw: f64) -> DirectoryRow {
        let owner = format!("Aménageur simulé {}", self.unit_number + 1);
        let host = format!("simulated-{}.example.com", self.unit_number + 1);
        let is_dc = power_kw >= 50.0;
        let (longitude, latitude) = self.coordinates;
        let fields = json!({
            "nom_amenageur": owner,
            "siren_amenageur": siren(41_000_000 + self.unit_number),
            "contact_amenageur": format!("owner@{host}"),
            "nom_operateur": format!("Opérateur simulé {}", self.unit_number + 1),
            "contact_operateur": format!("operator@{host}"),
            "telephone_operateur": "+33 1 84 71 00 62",
            "nom_enseigne": format!("Réseau simulé {}", self.unit_number + 1),
            "id_station_itinerance": self.station_id,
            "id_station_local": null,
            "nom_station": format!("{} {}", self.town.name, self.number),
            "implantation_station": if self.is_fast { "Station dédiée à la recharge rapide" } else { "Voirie" },
            "adresse_station": format!("{} rue de la Recharge, {}", self.number, self.town.name),
            "code_insee_commune": self.town.insee,
            "coordonneesXY": format!("[{longitude:.6}, {latitude:.6}]"),
            "nbre_pdc": self.charge_points,
            "id_pdc_itinerance": charge_point_id,
            "id_pdc_local": null,
            "puissance_nominale": power_kw,
            "prise_type_ef": false,
            "prise_type_2": !is_dc,
            "prise_type_combo_ccs": is_dc,
            "prise_type_chademo": false,
            "prise_type_autre": false,
            "gratuit": false,
            "paiement_acte": true,
            "paiement_cb": is_dc,
            "paiement_autre": true,
            "tarification": null,
            "condition_acces": "Accès libre",
            "reservation": self.is_reservable,
            "horaires": "24/7",
            "accessibilite_pmr": "Accessibilité inconnue",
            "restriction_gabarit": "Inconnu",
            "station_deux_roues": false,
            "raccordement": if self.delivery_point.is_some() { "Direct" } else { "Indirect" },
            "num_pdl": self.delivery_point,
            "date_mise_en_service": self.dates.0,
            "observations": null,
            "date_maj": self.dates.1,
            "cable_t2_attache": if is_dc { Value::Null } else { Value::Bool(false) },
        });
        match fields {
            Value::Object(row) => row,
            _ => DirectoryRow::new(),
        }
    }
}

/// A SIREN: eight digits and the one that makes the Luhn sum a multiple of ten.
fn siren(eight_digits: u64) -> String {
    let luhn = |(place, digit): (usize, u32)| match (place % 2, digit * 2) {
        (0, doubled) if doubled > 9 => doubled - 9,
        (0, doubled) => doubled,
        (_, doubled) => doubled / 2,
    };
    let digits = format!("{eight_digits:08}");
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|digit| digit.to_digit(10))
        .enumerate()
        .map(luhn)
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_siren_ends_in_its_check_digit() {
        assert_eq!(siren(89_111_847), "891118473");
        assert_eq!(siren(73_282_932), "732829320");
    }
}
