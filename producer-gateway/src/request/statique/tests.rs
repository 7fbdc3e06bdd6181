use super::*;
use serde_json::json;

fn terms(legacy: Legacy) -> StaticTerms {
    // 2026-11-24T00:00:00Z.
    StaticTerms::at(TimestampMicros::from_us(20_781 * 86_400_000_000), legacy)
}

fn row(changes: &Value) -> Value {
    let mut item = json!({
        "nom_amenageur": " Acme ", "siren_amenageur": "891118473", "contact_amenageur": "a@acme.fr",
        "nom_operateur": "Acme", "contact_operateur": "Acme <o@ACME.fr>", "telephone_operateur": "0184710062",
        "nom_enseigne": "Acme", "id_station_itinerance": "FRPD1PABC", "nom_station": "Place",
        "implantation_station": "Voirie", "adresse_station": "1 rue X", "code_insee_commune": "2A004",
        "coordonneesXY": "[2.418161, 48.97489]", "nbre_pdc": "11", "id_pdc_itinerance": "FRPD1EABC1",
        "puissance_nominale": "50.0", "prise_type_ef": "False", "prise_type_2": "False",
        "prise_type_combo_ccs": "True", "prise_type_chademo": 0, "prise_type_autre": false,
        "paiement_acte": true, "condition_acces": "Accès libre", "reservation": "no", "horaires": "24/7",
        "accessibilite_pmr": "Accessibilité inconnue", "restriction_gabarit": "Aucune",
        "station_deux_roues": "False", "raccordement": "Direct", "num_pdl": "50025843262120",
        "date_maj": "2025-03-28", "date_mise_en_service": null,
    });
    for (key, value) in changes.as_object().unwrap() {
        item[key] = value.clone();
    }
    item
}

fn codes(changes: &Value) -> Vec<Code> {
    let refused = StaticRow::read(&row(changes), terms(Legacy::Refused)).err();
    refused
        .unwrap_or_default()
        .iter()
        .map(Violation::code)
        .collect()
}

#[test]
fn a_plain_record_is_read_and_made_canonical() {
    let row = StaticRow::read(&row(&json!({})), terms(Legacy::Refused)).unwrap();
    assert_eq!(row.irve.nom_amenageur, "Acme");
    assert_eq!(row.irve.contact_operateur, "o@acme.fr");
    assert_eq!(row.irve.telephone_operateur, "tel:+33-1-84-71-00-62");
    assert_eq!(
        (row.irve.longitude, row.irve.latitude),
        (2.418_161, 48.974_89)
    );
    assert_eq!(row.irve.nbre_pdc, 11);
    assert_eq!(row.irve.date_maj, Day(20_175));
    assert!(!row.legacy && row.flags().is_empty());
}

#[test]
fn each_field_is_judged_by_its_rule() {
    let cases = [
        (
            json!({ "siren_amenageur": "123456789" }),
            Code::SirenInvalid,
        ),
        (
            json!({ "id_station_itinerance": "FRPD1EABC" }),
            Code::StationIdFormat,
        ),
        (
            json!({ "id_pdc_itinerance": "FRPD1E" }),
            Code::ChargePointIdFormat,
        ),
        (
            json!({ "id_pdc_itinerance": "xFRPD1EABC1" }),
            Code::ChargePointIdFormat,
        ),
        (
            json!({ "id_pdc_itinerance": "FRXX1EABC1" }),
            Code::UnitMismatch,
        ),
        (
            json!({ "code_insee_commune": "20001" }),
            Code::InseeCodeFormat,
        ),
        (
            json!({ "coordonneesXY": "[48.97489, 2.418161]" }),
            Code::CoordinatesOutsideTerritory,
        ),
        (json!({ "coordonneesXY": [2.4, 48.9] }), Code::FieldType),
        (json!({ "coordonneesXY": "POINT(2 48)" }), Code::FieldFormat),
        (json!({ "nbre_pdc": 0 }), Code::FieldRange),
        (json!({ "puissance_nominale": 4_000.1 }), Code::PowerTooHigh),
        (json!({ "puissance_nominale": "1.29" }), Code::PowerTooLow),
        (json!({ "horaires": "toujours" }), Code::FieldFormat),
        (json!({ "restriction_gabarit": " a " }), Code::FieldRange),
        (json!({ "raccordement": null }), Code::FieldValue),
        (json!({ "num_pdl": null }), Code::PdlRequired),
        (json!({ "num_pdl": "" }), Code::PdlRequired),
        (json!({ "num_pdl": "1".repeat(65) }), Code::FieldRange),
        (json!({ "date_maj": "2026-11-25" }), Code::FieldRange),
        (
            json!({ "condition_acces": "accès libre" }),
            Code::FieldValue,
        ),
    ];
    for (changes, code) in cases {
        assert_eq!(codes(&changes), [code], "{changes}");
    }
}

#[test]
fn other_forms_are_accepted() {
    for changes in [
        json!({ "coordonneesXY": "SRID=4326;POINT(2.418161 48.97489)" }),
        json!({ "coordonneesXY": "[\"2.418161\", 48.97489]" }),
        json!({ "horaires": "Mo 9:30-12:00" }),
        json!({ "raccordement": "Indirect", "num_pdl": null }),
        json!({ "date_maj": "2026-11-24" }),
        json!({ "id_station_itinerance": "Non concerné", "id_pdc_itinerance": "Non concerné" }),
    ] {
        assert!(codes(&changes).is_empty(), "{changes}");
    }
}

#[test]
fn violations_come_in_the_order_of_the_model() {
    let mut item = row(&json!({ "num_pdl": 7, "coordonneesXY": 1, "id_pdc_itinerance": "x" }));
    item.as_object_mut().unwrap().remove("nom_amenageur");
    let refused = StaticRow::read(&item, terms(Legacy::Refused)).unwrap_err();
    let fields: Vec<_> = refused
        .iter()
        .filter_map(|violation| violation.field)
        .collect();
    assert_eq!(
        fields,
        [
            "nom_amenageur",
            "coordonneesXY",
            "id_pdc_itinerance",
            "num_pdl"
        ]
    );
    assert_eq!(refused[0].rule(), Some(7));
}

#[test]
fn an_old_record_is_completed_only_when_asked_for() {
    let old = |pdl: Value| row(&json!({ "raccordement": null, "num_pdl": pdl }));
    let read = |item: &Value| StaticRow::read(item, terms(Legacy::Accepted)).unwrap();
    let direct = read(&old(json!("7")));
    assert_eq!(
        (direct.irve.raccordement.as_deref(), direct.legacy),
        (Some("Direct"), true)
    );
    let indirect = read(&old(json!(null)));
    assert_eq!(indirect.irve.raccordement.as_deref(), Some("Indirect"));
    assert!(!read(&row(&json!({}))).legacy);
}

#[test]
fn an_odd_pdl_and_empty_names_are_flagged() {
    let item = row(&json!({ "num_pdl": "7", "nom_operateur": " " }));
    let row = StaticRow::read(&item, terms(Legacy::Refused)).unwrap();
    let codes: Vec<_> = row.flags().into_iter().map(|flag| flag.0).collect();
    assert_eq!(codes, [Code::OperatorEmpty, Code::PdlFormat]);
}
