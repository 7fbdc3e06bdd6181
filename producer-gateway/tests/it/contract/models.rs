//! Lax values and the static record (chapters 4.1 and 4.3): what each field takes, as answered.

use serde_json::{Value, json};

use super::{ask, asking};
use crate::support::{Bench, row, with};

/// Field, value as sent, value as answered.
type Row = (&'static str, Value, Value);

fn accepted() -> Vec<Row> {
    let mut rows: Vec<Row> = vec![
        (
            "nom_station",
            json!("  Gare du Nord "),
            json!("Gare du Nord"),
        ),
        ("nom_enseigne", json!(""), json!("")),
        ("id_station_local", json!(null), json!(null)),
        ("tarification", json!(" 0,30 €/kWh"), json!("0,30 €/kWh")),
        ("siren_amenageur", json!("552100554"), json!("552100554")),
        (
            "contact_amenageur",
            json!(" Me <a.B@Example.FR> "),
            json!("a.B@example.fr"),
        ),
        (
            "telephone_operateur",
            json!("01.84.71.00.62"),
            json!("tel:+33-1-84-71-00-62"),
        ),
        (
            "telephone_operateur",
            json!("+33 1 84 71 00 62"),
            json!("tel:+33-1-84-71-00-62"),
        ),
        (
            "telephone_operateur",
            json!("0 800 123 456"),
            json!("tel:+33-800-12-34-56"),
        ),
        (
            "telephone_operateur",
            json!("+49 30 1234567"),
            json!("tel:+49-30-1234567"),
        ),
        (
            "id_pdc_itinerance",
            json!(" FRPD1ENEW1 "),
            json!("FRPD1ENEW1"),
        ),
        ("code_insee_commune", json!("2A004"), json!("2A004")),
        ("code_insee_commune", json!("97105"), json!("97105")),
        (
            "coordonneesXY",
            json!("[2.35,48.85]"),
            json!("[2.35, 48.85]"),
        ),
        (
            "coordonneesXY",
            json!("[\"2.35\", \"48.85\"]"),
            json!("[2.35, 48.85]"),
        ),
        (
            "coordonneesXY",
            json!("POINT(2.35 48.85)"),
            json!("[2.35, 48.85]"),
        ),
        (
            "coordonneesXY",
            json!("SRID=4326;POINT(-61.5 16.25)"),
            json!("[-61.5, 16.25]"),
        ),
        (
            "date_maj",
            json!("2025-03-28T00:00:00Z"),
            json!("2025-03-28"),
        ),
        ("date_maj", json!(1_743_120_000), json!("2025-03-28")),
        ("date_maj", json!("2026-11-23"), json!("2026-11-23")),
        ("date_mise_en_service", json!(null), json!(null)),
        (
            "horaires",
            json!("Mo-Fr 8:00-18:30"),
            json!("Mo-Fr 8:00-18:30"),
        ),
        ("restriction_gabarit", json!(" xy "), json!("xy")),
        ("puissance_nominale", json!(1.3), json!(1.3)),
        ("puissance_nominale", json!(" 4_000 "), json!(4_000.0)),
        ("puissance_nominale", json!("1e3"), json!(1_000.0)),
        ("raccordement", json!("Direct"), json!("Direct")),
        ("num_pdl", json!("0".repeat(64)), json!("0".repeat(64))),
        ("observations", json!("x\u{a0}"), json!("x")),
    ];
    for value in [
        json!(11),
        json!(11.0),
        json!("11"),
        json!("11.0"),
        json!("+11"),
        json!(" 11 "),
    ] {
        rows.push(("nbre_pdc", value, json!(11)));
    }
    for value in [
        json!(true),
        json!(1),
        json!(1.0),
        json!("TRUE"),
        json!("yes"),
        json!("on"),
        json!("t"),
        json!("y"),
        json!("1"),
    ] {
        rows.push(("gratuit", value, json!(true)));
    }
    for value in [
        json!(false),
        json!(0),
        json!(0.0),
        json!("False"),
        json!("no"),
        json!("off"),
        json!("f"),
        json!("n"),
        json!("0"),
    ] {
        rows.push(("reservation", value, json!(false)));
    }
    for (field, values) in [
        (
            "implantation_station",
            vec![
                "Voirie",
                "Parking public",
                "Parking privé à usage public",
                "Parking privé réservé à la clientèle",
                "Station dédiée à la recharge rapide",
            ],
        ),
        ("condition_acces", vec!["Accès libre", "Accès réservé"]),
        (
            "accessibilite_pmr",
            vec![
                "Réservé PMR",
                "Accessible mais non réservé PMR",
                "Non accessible",
                "Accessibilité inconnue",
            ],
        ),
    ] {
        rows.extend(
            values
                .into_iter()
                .map(|value| (field, json!(value), json!(value))),
        );
    }
    rows
}

#[tokio::test]
async fn each_field_of_a_record_takes_what_it_should_and_is_answered_in_one_form() {
    for (field, sent, expected) in accepted() {
        let bench = Bench::new();
        let item = with(row("FRPD1ENEW1", "FRPD1PNEW"), &json!({ field: sent }));
        let answer = ask(
            &bench,
            asking("POST", "/statique/", "operator", Some(&item)),
        )
        .await;
        assert_eq!(answer.status, 201, "{field} {sent}: {}", answer.body);
        let shown = bench.bare("GET", "/statique/FRPD1ENEW1").await;
        assert_eq!(shown.body[field], expected, "{field} {sent}");
    }
}

#[tokio::test]
async fn each_field_of_a_record_refuses_what_it_should() {
    let bench = Bench::new();
    let rows = [
        ("nom_station", json!(7)),
        ("nom_station", json!(null)),
        ("id_pdc_local", json!(7)),
        ("siren_amenageur", json!(" 891118473")),
        ("siren_amenageur", json!("000000000")),
        ("siren_amenageur", json!("٨٩١١١٨٤٧٣")),
        ("contact_amenageur", json!("a@b")),
        ("contact_amenageur", json!("a b@c.fr")),
        ("contact_amenageur", json!("a..b@c.fr")),
        ("contact_amenageur", json!("a@c.test")),
        (
            "contact_operateur",
            json!(format!("{}@c.fr", "a".repeat(250))),
        ),
        ("telephone_operateur", json!("3179")),
        ("telephone_operateur", json!("12345")),
        ("telephone_operateur", json!("+33")),
        ("id_station_itinerance", json!("frpd1pnew")),
        ("id_station_itinerance", json!("FRPD1P")),
        ("id_pdc_itinerance", json!("FRPD1ENEW1 x")),
        (
            "id_pdc_itinerance",
            json!(format!("FRPD1E{}", "1".repeat(30))),
        ),
        ("implantation_station", json!(" Voirie")),
        ("condition_acces", json!("Acces libre")),
        ("code_insee_commune", json!("2C004")),
        ("code_insee_commune", json!("7500")),
        ("code_insee_commune", json!("20004")),
        ("coordonneesXY", json!("[0, 0]")),
        ("coordonneesXY", json!("[48.85, 2.35]")),
        ("coordonneesXY", json!("POINT(2 48)")),
        ("coordonneesXY", json!([2.35, 48.85])),
        ("coordonneesXY", json!("[2.35]")),
        (
            "coordonneesXY",
            json!("[9.022804919525065, 49.08693443628708]"),
        ),
        ("nbre_pdc", json!(11.5)),
        ("nbre_pdc", json!("1e1")),
        ("nbre_pdc", json!("")),
        ("nbre_pdc", json!(0)),
        ("puissance_nominale", json!("12,5")),
        ("puissance_nominale", json!("0x10")),
        ("puissance_nominale", json!("inf")),
        ("puissance_nominale", json!("nan")),
        ("puissance_nominale", json!("")),
        ("prise_type_2", json!(2)),
        ("prise_type_2", json!(0.5)),
        ("prise_type_2", json!("oui")),
        ("prise_type_2", json!(" true")),
        ("prise_type_2", json!("")),
        ("prise_type_2", json!(null)),
        ("horaires", json!("always")),
        ("accessibilite_pmr", json!("")),
        ("restriction_gabarit", json!(" x ")),
        ("raccordement", json!(null)),
        ("raccordement", json!("direct")),
        ("num_pdl", json!("")),
        ("date_maj", json!("28/03/2025")),
        ("date_maj", json!("")),
        ("date_maj", json!("2025-03-28T01:00:00Z")),
        ("date_maj", json!("2026-11-24")),
        ("date_mise_en_service", json!("2027-01-01")),
    ];
    for (field, sent) in rows {
        let item = with(row("FRPD1ENEW1", "FRPD1PNEW"), &json!({ field: sent }));
        let answer = ask(
            &bench,
            asking("POST", "/statique/", "operator", Some(&item)),
        )
        .await;
        assert_eq!(answer.status, 422, "{field} {sent}");
    }
    assert!(bench.records().is_empty());
}

#[tokio::test]
async fn each_station_field_agrees_within_a_list() {
    let changes = [
        ("nom_amenageur", json!("x")),
        ("siren_amenageur", json!("552100554")),
        ("contact_amenageur", json!("x@y.fr")),
        ("nom_operateur", json!("x")),
        ("contact_operateur", json!("x@y.fr")),
        ("telephone_operateur", json!("0184710063")),
        ("nom_enseigne", json!("x")),
        ("nom_station", json!("x")),
        ("implantation_station", json!("Parking public")),
        ("nbre_pdc", json!(9)),
        ("condition_acces", json!("Accès réservé")),
        ("horaires", json!("8:00-9:00")),
        ("station_deux_roues", json!(true)),
        ("date_maj", json!("2025-01-01")),
        ("num_pdl", json!("x")),
        ("id_station_local", json!("x")),
        ("raccordement", json!("Indirect")),
        ("date_mise_en_service", json!("2020-01-01")),
        ("coordonneesXY", json!("[2.0, 48.0]")),
    ];
    let bench = Bench::new();
    let first = row("FRPD1ENEW1", "FRPD1PNEW");
    for (field, value) in changes {
        let second = with(row("FRPD1ENEW2", "FRPD1PNEW"), &json!({ field: value }));
        let request = asking(
            "POST",
            "/statique/bulk",
            "operator",
            Some(&json!([first, second])),
        );
        let answer = ask(&bench, request).await;
        let codes: Vec<_> = answer.body["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| &e["code"])
            .collect();
        assert_eq!(
            (answer.status, codes),
            (400, vec![&json!("station_inconsistent"); 2]),
            "{field}"
        );
    }
    for field in ["adresse_station", "code_insee_commune"] {
        let elsewhere = with(
            row("FRPD1EOTH1", "FRPD1POTH"),
            &json!({ "coordonneesXY": first["coordonneesXY"], field: "75002" }),
        );
        let request = asking(
            "POST",
            "/statique/bulk",
            "operator",
            Some(&json!([first, elsewhere])),
        );
        assert_eq!(ask(&bench, request).await.status, 400, "{field}");
    }
    let same = asking(
        "POST",
        "/statique/bulk",
        "operator",
        Some(&json!([first, first])),
    );
    assert_eq!(ask(&bench, same).await.status, 201);
}
