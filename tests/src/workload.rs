//! Input of one's own: charge points of the simulated fleet's unit, statuses and sessions of them.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

/// Charge points of a station.
const PER_STATION: usize = 5;

/// The id of a charge point.
pub fn charge_point(number: usize) -> String {
    format!("FRSIME{:06}X{number}", number / PER_STATION)
}

/// The id of the station of a charge point.
pub fn station(number: usize) -> String {
    format!("FRSIMP{:06}X", number / PER_STATION)
}

/// The static record of a charge point.
pub fn statique(number: usize) -> Value {
    let place = number / PER_STATION;
    json!({
        "nom_amenageur": "Acme", "siren_amenageur": "891118473", "contact_amenageur": "a@acme.fr",
        "nom_operateur": "Acme", "contact_operateur": "o@acme.fr",
        "telephone_operateur": "0184710062", "nom_enseigne": "Acme",
        "id_station_itinerance": station(number), "nom_station": "Place",
        "implantation_station": "Voirie", "adresse_station": format!("{place} rue X"),
        "code_insee_commune": "75001", "coordonneesXY": format!("[2.{place:06}1, 48.5]"),
        "nbre_pdc": PER_STATION, "id_pdc_itinerance": charge_point(number),
        "puissance_nominale": 22.0, "prise_type_ef": false, "prise_type_2": true,
        "prise_type_combo_ccs": false, "prise_type_chademo": false, "prise_type_autre": false,
        "paiement_acte": true, "condition_acces": "Accès libre", "reservation": false,
        "horaires": "24/7", "accessibilite_pmr": "Accessibilité inconnue",
        "restriction_gabarit": "Aucune", "station_deux_roues": false, "raccordement": "Direct",
        "num_pdl": "50025843262120", "date_maj": "2025-03-28",
    })
}

/// The static records of the first charge points, as a list.
pub fn directory(charge_points: usize) -> String {
    let rows: Vec<Value> = (0..charge_points).map(statique).collect();
    Value::from(rows).to_string()
}

/// A status.
pub fn status(charge_point: &str, at: Timestamp) -> Value {
    json!({
        "id_pdc_itinerance": charge_point, "etat_pdc": "en_service", "occupation_pdc": "libre",
        "horodatage": at.to_string(),
    })
}

/// A session of an hour.
pub fn session(charge_point: &str, end: Timestamp) -> Value {
    let start = Timestamp::from_millisecond(end.as_millisecond() - 3_600_000).unwrap_or(end);
    json!({
        "id_pdc_itinerance": charge_point, "start": start.to_string(), "end": end.to_string(),
        "energy": 11.5,
    })
}

/// One status of each of the first charge points, all at one instant, as a list.
pub fn statuses(charge_points: usize, at: Timestamp) -> String {
    let mut list = String::from("[");
    for number in 0..charge_points {
        let comma = if number == 0 { "" } else { "," };
        write!(
            list,
            r#"{comma}{{"id_pdc_itinerance":"{}","etat_pdc":"en_service","occupation_pdc":"libre","horodatage":"{at}"}}"#,
            charge_point(number)
        )
        .unwrap_or_default();
    }
    list.push(']');
    list
}
