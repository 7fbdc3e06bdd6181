//! The codes and their rules (chapter 4.5): one row for each way to be refused or flagged.

use serde_json::{Value, json};

use super::{ask, asking};
use crate::support::{Bench, row, session, status, with};

/// Changes to a good item, field, code, rule.
type Row = (Value, Option<&'static str>, &'static str, Option<u16>);

fn statuses() -> Vec<Row> {
    vec![
        (
            json!({ "horodatage": "2026-11-23T17:11:00.000001Z" }),
            Some("horodatage"),
            "status_in_future",
            Some(36),
        ),
        (
            json!({ "horodatage": "2026-11-22T17:09:59.999999Z" }),
            Some("horodatage"),
            "status_too_old",
            Some(43),
        ),
        (
            json!({ "horodatage": "2026-11-23T17:09:50" }),
            Some("horodatage"),
            "timezone_missing",
            None,
        ),
        (
            json!({ "horodatage": true }),
            Some("horodatage"),
            "field_type",
            None,
        ),
        (
            json!({ "horodatage": "soon" }),
            Some("horodatage"),
            "field_format",
            None,
        ),
        (
            json!({ "etat_pdc": "En_service" }),
            Some("etat_pdc"),
            "field_value",
            None,
        ),
        (
            json!({ "occupation_pdc": null }),
            Some("occupation_pdc"),
            "field_value",
            None,
        ),
        (
            json!({ "etat_prise_type_ef": "" }),
            Some("etat_prise_type_ef"),
            "field_value",
            None,
        ),
        (
            json!({ "id_pdc_itinerance": 7 }),
            Some("id_pdc_itinerance"),
            "field_type",
            None,
        ),
        (
            json!({ "id_pdc_itinerance": "FRTSLE1" }),
            Some("id_pdc_itinerance"),
            "unit_forbidden",
            None,
        ),
        (
            json!({ "id_pdc_itinerance": "FRPD1EXXX" }),
            Some("id_pdc_itinerance"),
            "charge_point_unknown",
            None,
        ),
        (
            json!({ "id_pdc_itinerance": " FRPD1EABC1" }),
            Some("id_pdc_itinerance"),
            "unit_forbidden",
            None,
        ),
        (
            json!({ "id_pdc_itinerance": "FRPD1EABC2" }),
            Some("id_pdc_itinerance"),
            "charge_point_decommissioned",
            None,
        ),
    ]
}

fn sessions() -> Vec<Row> {
    let week = json!({ "start": "2026-11-16T10:00:00Z", "end": "2026-11-23T10:00:00.000001Z" });
    vec![
        (
            json!({ "start": "2026-11-23T17:11:01Z", "end": "2026-11-23T17:11:01Z" }),
            Some("start"),
            "session_in_future",
            None,
        ),
        (
            json!({ "end": "2026-11-23T17:11:01Z" }),
            Some("end"),
            "session_in_future",
            None,
        ),
        (
            json!({ "start": "2025-11-23T17:09:59Z" }),
            Some("start"),
            "session_too_old",
            Some(42),
        ),
        (
            json!({ "start": "2026-11-23T16:06:42Z" }),
            None,
            "session_start_after_end",
            Some(14),
        ),
        (week, None, "session_too_long", Some(15)),
        (
            json!({ "energy": 1_000.001 }),
            Some("energy"),
            "session_energy_out_of_range",
            Some(11),
        ),
        (
            json!({ "energy": -0.1 }),
            Some("energy"),
            "session_energy_out_of_range",
            Some(11),
        ),
        (
            json!({ "energy": "nan" }),
            Some("energy"),
            "session_energy_out_of_range",
            Some(11),
        ),
        (
            json!({ "energy": "12,5" }),
            Some("energy"),
            "field_format",
            None,
        ),
        (
            json!({ "energy": null }),
            Some("energy"),
            "field_type",
            None,
        ),
    ]
}

fn records() -> Vec<Row> {
    vec![
        (
            json!({ "nom_operateur": 7 }),
            Some("nom_operateur"),
            "field_type",
            Some(6),
        ),
        (
            json!({ "contact_operateur": "x" }),
            Some("contact_operateur"),
            "field_format",
            Some(6),
        ),
        (
            json!({ "telephone_operateur": "3179" }),
            Some("telephone_operateur"),
            "field_format",
            Some(6),
        ),
        (
            json!({ "contact_amenageur": "x" }),
            Some("contact_amenageur"),
            "field_format",
            Some(7),
        ),
        (
            json!({ "nom_amenageur": null }),
            Some("nom_amenageur"),
            "field_type",
            Some(7),
        ),
        (
            json!({ "siren_amenageur": "123456789" }),
            Some("siren_amenageur"),
            "siren_invalid",
            Some(55),
        ),
        (
            json!({ "siren_amenageur": "12345678" }),
            Some("siren_amenageur"),
            "siren_invalid",
            Some(55),
        ),
        (
            json!({ "id_pdc_itinerance": "FRPD1XABC1" }),
            Some("id_pdc_itinerance"),
            "charge_point_id_format",
            Some(24),
        ),
        (
            json!({ "id_station_itinerance": "FRPD1ABC" }),
            Some("id_station_itinerance"),
            "station_id_format",
            Some(23),
        ),
        (
            json!({ "id_station_itinerance": "FRFASPABC" }),
            None,
            "unit_mismatch",
            Some(23),
        ),
        (
            json!({ "coordonneesXY": "[12.0, 48.5]" }),
            Some("coordonneesXY"),
            "coordinates_outside_territory",
            Some(3),
        ),
        (
            json!({ "coordonneesXY": "48.5, 2.3" }),
            Some("coordonneesXY"),
            "field_format",
            None,
        ),
        (
            json!({ "code_insee_commune": "20001" }),
            Some("code_insee_commune"),
            "insee_code_format",
            Some(2),
        ),
        (
            json!({ "puissance_nominale": 4_000.1 }),
            Some("puissance_nominale"),
            "power_too_high",
            Some(1),
        ),
        (
            json!({ "puissance_nominale": 1.29 }),
            Some("puissance_nominale"),
            "power_too_low",
            Some(39),
        ),
        (json!({ "num_pdl": "" }), None, "pdl_required", Some(20)),
        (json!({ "num_pdl": null }), None, "pdl_required", Some(20)),
        (
            json!({ "nbre_pdc": 0 }),
            Some("nbre_pdc"),
            "field_range",
            None,
        ),
        (
            json!({ "date_maj": "2026-11-24" }),
            Some("date_maj"),
            "field_range",
            None,
        ),
        (
            json!({ "restriction_gabarit": "x" }),
            Some("restriction_gabarit"),
            "field_range",
            None,
        ),
        (
            json!({ "num_pdl": "0".repeat(65) }),
            Some("num_pdl"),
            "field_range",
            None,
        ),
        (
            json!({ "condition_acces": "accès libre" }),
            Some("condition_acces"),
            "field_value",
            None,
        ),
    ]
}

async fn check(path: &str, good: &Value, rows: Vec<Row>) {
    let bench = Bench::with_points().await;
    assert_eq!(
        bench.bare("DELETE", "/statique/FRPD1EABC2").await.status,
        204
    );
    for (changes, field, code, rule) in rows {
        let item = with(good.clone(), &changes);
        let answer = ask(&bench, asking("POST", path, "operator", Some(&item))).await;
        assert!(answer.status >= 400, "{changes}: {}", answer.status);
        let told = &answer.body["errors"][0];
        let found = (&told["index"], &told["code"], &told["rule"], &told["field"]);
        assert_eq!(
            found,
            (&json!(0), &json!(code), &json!(rule), &json!(field)),
            "{changes}"
        );
        assert!(
            told["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
}

#[tokio::test]
async fn each_way_to_be_refused_has_its_code_and_its_rule() {
    check("/dynamique/status/", &status("FRPD1EABC1"), statuses()).await;
    check("/dynamique/session/", &session("FRPD1EABC1"), sessions()).await;
    check("/statique/", &row("FRPD1ENEW1", "FRPD1PNEW"), records()).await;
}

#[tokio::test]
async fn each_missing_field_is_named() {
    let bench = Bench::with_points().await;
    for (path, good) in [
        ("/dynamique/status/", status("FRPD1EABC1")),
        ("/dynamique/session/", session("FRPD1EABC1")),
        ("/statique/", row("FRPD1ENEW1", "FRPD1PNEW")),
    ] {
        for key in good.as_object().unwrap().keys() {
            let mut item = good.clone();
            item.as_object_mut().unwrap().remove(key);
            let answer = ask(&bench, asking("POST", path, "operator", Some(&item))).await;
            assert_eq!(answer.status, 422, "{path} {key}");
            let detail = &answer.body["detail"][0];
            assert_eq!(detail["type"], json!("missing"), "{path} {key}");
            assert_eq!(detail["loc"], json!(["body", key]));
            assert_eq!(detail["msg"], json!("Field required"));
            assert_eq!(answer.body["errors"][0]["code"], json!("field_missing"));
        }
    }
}

#[tokio::test]
async fn each_remarkable_item_is_accepted_with_its_code() {
    let bench = Bench::with_points().await;
    let status = |changes: Value| with(status("FRPD1EABC1"), &changes);
    let session = |changes: Value| with(session("FRPD1EABC1"), &changes);
    let record = |changes: Value| with(row("FRPD1EABC1", "FRPD1PABC"), &changes);
    let dc = json!({ "prise_type_combo_ccs": true, "num_pdl": "x" });
    let equal = json!({ "start": "2026-11-23T16:06:41Z", "energy": 1 });
    for (path, item, code, rule, field) in [
        (
            "/dynamique/status/bulk",
            status(json!({ "horodatage": "2026-11-23T17:04:59Z" })),
            "status_not_fresh",
            43,
            "horodatage",
        ),
        (
            "/dynamique/status/bulk",
            status(json!({ "etat_pdc": "inconnu", "occupation_pdc": "occupe" })),
            "occupied_out_of_service",
            37,
            "occupation_pdc",
        ),
        (
            "/dynamique/session/bulk",
            session(json!({ "start": "2026-11-01T00:00:00Z", "end": "2026-11-01T01:00:00Z" })),
            "session_not_fresh",
            42,
            "end",
        ),
        (
            "/dynamique/session/bulk",
            session(json!({ "energy": 900 })),
            "session_energy_exceeds_power",
            38,
            "energy",
        ),
        (
            "/dynamique/session/bulk",
            session(equal),
            "session_zero_duration_energy",
            40,
            "energy",
        ),
        (
            "/statique/bulk",
            record(json!({ "nom_operateur": " " })),
            "operator_empty",
            6,
            "nom_operateur",
        ),
        (
            "/statique/bulk",
            record(json!({ "nom_amenageur": "" })),
            "owner_empty",
            7,
            "nom_amenageur",
        ),
        ("/statique/bulk", record(dc), "pdl_format", 34, "num_pdl"),
    ] {
        let answer = ask(
            &bench,
            asking("POST", path, "operator", Some(&json!([item]))),
        )
        .await;
        assert_eq!(answer.status, 201, "{code}: {}", answer.body);
        let told = &answer.body["warnings"][0];
        let found = (&told["index"], &told["code"], &told["rule"], &told["field"]);
        assert_eq!(
            found,
            (&json!(0), &json!(code), &json!(rule), &json!(field))
        );
    }
}

#[tokio::test]
async fn bounds_are_accepted_at_both_ends() {
    let bench = Bench::with_points().await;
    let status = |at: &str| with(status("FRPD1EABC1"), &json!({ "horodatage": at }));
    let session = |changes: Value| with(session("FRPD1EABC1"), &changes);
    for (path, item) in [
        ("/dynamique/status/", status("2026-11-23T17:11:00Z")),
        ("/dynamique/status/", status("2026-11-22T17:10:00Z")),
        (
            "/dynamique/session/",
            session(json!({ "end": "2026-11-23T17:11:00Z" })),
        ),
        (
            "/dynamique/session/",
            session(json!({ "start": "2025-11-23T17:10:00Z", "end": "2025-11-23T18:00:00Z" })),
        ),
        (
            "/dynamique/session/",
            session(json!({ "start": "2026-11-16T16:06:41Z" })),
        ),
        (
            "/dynamique/session/",
            session(json!({ "start": "2026-11-23T16:06:41Z", "energy": 0 })),
        ),
        ("/dynamique/session/", session(json!({ "energy": 1_000 }))),
    ] {
        let answer = ask(&bench, asking("POST", path, "operator", Some(&item))).await;
        assert_eq!(answer.status, 201, "{item}: {}", answer.body);
    }
}
