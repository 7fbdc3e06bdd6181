//! The entries of a 422 (chapter 5.2): type, message, context, place, input.

use axum::body::Body;
use axum::http::header;
use serde_json::{Value, json};

use super::{ask, asking};
use crate::support::{Bench, request, row, session, status, with};

/// Path, item, the entry.
type Row = (&'static str, Value, Value);

fn fields() -> Vec<Row> {
    let status = |changes: Value| with(status("FRPD1EABC1"), &changes);
    let session = |changes: Value| with(session("FRPD1EABC1"), &changes);
    let known_states = "'en_service', 'hors_service' or 'inconnu'";
    vec![
        (
            "/dynamique/status/",
            status(json!({ "etat_pdc": "x" })),
            json!({
                "type": "enum", "loc": ["body", "etat_pdc"], "msg": format!("Input should be {known_states}"), "input": "x",
                "ctx": { "expected": known_states },
            }),
        ),
        (
            "/dynamique/status/",
            status(json!({ "horodatage": "2026-11-23T17:09:50" })),
            json!({
                "type": "timezone_aware", "loc": ["body", "horodatage"], "msg": "Input should have timezone info",
                "input": "2026-11-23T17:09:50",
            }),
        ),
        (
            "/dynamique/status/",
            status(json!({ "horodatage": "2026-11-23T17:12:00Z" })),
            json!({
                "type": "datetime_past", "loc": ["body", "horodatage"], "msg": "Input should be in the past",
                "input": "2026-11-23T17:12:00Z",
            }),
        ),
        (
            "/dynamique/status/",
            status(json!({ "horodatage": null })),
            json!({
                "type": "datetime_type", "loc": ["body", "horodatage"], "msg": "Input should be a valid datetime", "input": null,
            }),
        ),
        (
            "/dynamique/status/",
            status(json!({ "horodatage": "2026-11-22T17:08:50.662496Z" })),
            json!({
                "type": "value_error", "loc": ["body", "horodatage"], "input": "2026-11-22T17:08:50.662496Z", "ctx": { "error": {} },
                "msg": "Value error, 2026-11-22 17:08:50.662496+00:00 is older than 1 day, 0:00:00",
            }),
        ),
        (
            "/dynamique/status/",
            status(json!({ "id_pdc_itinerance": 7 })),
            json!({
                "type": "string_type", "loc": ["body", "id_pdc_itinerance"], "msg": "Input should be a valid string", "input": 7,
            }),
        ),
        (
            "/dynamique/session/",
            session(json!({ "energy": [] })),
            json!({
                "type": "float_type", "loc": ["body", "energy"], "msg": "Input should be a valid number", "input": [],
            }),
        ),
        (
            "/dynamique/session/",
            session(json!({ "energy": "12,5" })),
            json!({
                "type": "float_parsing", "loc": ["body", "energy"], "input": "12,5",
                "msg": "Input should be a valid number, unable to parse string as a number",
            }),
        ),
        (
            "/dynamique/session/",
            session(json!({ "energy": -1 })),
            json!({
                "type": "greater_than_equal", "loc": ["body", "energy"], "msg": "Input should be greater than or equal to 0",
                "input": -1, "ctx": { "ge": 0.0 },
            }),
        ),
        (
            "/dynamique/session/",
            session(json!({ "energy": 1_001 })),
            json!({
                "type": "less_than_equal", "loc": ["body", "energy"], "msg": "Input should be less than or equal to 1000",
                "input": 1_001, "ctx": { "le": 1_000.0 },
            }),
        ),
        (
            "/dynamique/session/",
            session(json!({ "start": "2025-11-22T00:00:00Z" })),
            json!({
                "type": "value_error", "loc": ["body", "start"], "input": "2025-11-22T00:00:00Z", "ctx": { "error": {} },
                "msg": "Value error, 2025-11-22 00:00:00+00:00 is older than 365 days, 0:00:00",
            }),
        ),
    ]
}

fn records() -> Vec<Row> {
    let record = |changes: Value| with(row("FRPD1ENEW1", "FRPD1PNEW"), &changes);
    let path = "/statique/";
    let value_error = |field: &str, msg: &str, input: Value| {
        json!({
            "type": "value_error", "loc": ["body", field], "msg": msg, "input": input, "ctx": { "error": {} },
        })
    };
    let boolean = "Input should be a valid boolean, unable to interpret input";
    vec![
        (
            path,
            record(json!({ "nbre_pdc": 0 })),
            json!({
                "type": "greater_than", "loc": ["body", "nbre_pdc"], "msg": "Input should be greater than 0", "input": 0,
                "ctx": { "gt": 0 },
            }),
        ),
        (
            path,
            record(json!({ "nbre_pdc": 1.5 })),
            json!({
                "type": "int_from_float", "loc": ["body", "nbre_pdc"], "input": 1.5,
                "msg": "Input should be a valid integer, got a number with a fractional part",
            }),
        ),
        (
            path,
            record(json!({ "nbre_pdc": "x" })),
            json!({
                "type": "int_parsing", "loc": ["body", "nbre_pdc"], "input": "x",
                "msg": "Input should be a valid integer, unable to parse string as an integer",
            }),
        ),
        (
            path,
            record(json!({ "nbre_pdc": null })),
            json!({
                "type": "int_type", "loc": ["body", "nbre_pdc"], "msg": "Input should be a valid integer", "input": null,
            }),
        ),
        (
            path,
            record(json!({ "prise_type_2": "oui" })),
            json!({
                "type": "bool_parsing", "loc": ["body", "prise_type_2"], "msg": boolean, "input": "oui",
            }),
        ),
        (
            path,
            record(json!({ "prise_type_2": null })),
            json!({
                "type": "bool_type", "loc": ["body", "prise_type_2"], "msg": "Input should be a valid boolean", "input": null,
            }),
        ),
        (
            path,
            record(json!({ "date_maj": null })),
            json!({
                "type": "date_type", "loc": ["body", "date_maj"], "msg": "Input should be a valid date", "input": null,
            }),
        ),
        (
            path,
            record(json!({ "date_maj": "2025-03-28T10:00:00Z" })),
            json!({
                "type": "date_from_datetime_inexact", "loc": ["body", "date_maj"], "input": "2025-03-28T10:00:00Z",
                "msg": "Datetimes provided to dates should have zero time - e.g. be exact dates",
            }),
        ),
        (
            path,
            record(json!({ "date_maj": "2030-01-01" })),
            value_error(
                "date_maj",
                "Value error, 2030-01-01 is in the future",
                json!("2030-01-01"),
            ),
        ),
        (
            path,
            record(json!({ "restriction_gabarit": "x" })),
            json!({
                "type": "string_too_short", "loc": ["body", "restriction_gabarit"], "input": "x",
                "msg": "String should have at least 2 characters", "ctx": { "min_length": 2 },
            }),
        ),
        (
            path,
            record(json!({ "num_pdl": "0".repeat(65) })),
            json!({
                "type": "string_too_long", "loc": ["body", "num_pdl"], "input": "0".repeat(65),
                "msg": "String should have at most 64 characters", "ctx": { "max_length": 64 },
            }),
        ),
        (
            path,
            record(json!({ "siren_amenageur": "1" })),
            json!({
                "type": "string_pattern_mismatch", "loc": ["body", "siren_amenageur"], "input": "1",
                "msg": r"String should match pattern '^\d{9}$'", "ctx": { "pattern": r"^\d{9}$" },
            }),
        ),
        (
            path,
            record(json!({ "siren_amenageur": "123456789" })),
            json!({
                "type": "assertion_error", "loc": ["body", "siren_amenageur"], "input": "123456789", "ctx": { "error": {} },
                "msg": "Assertion failed, 123456789 is not a valid SIREN number",
            }),
        ),
        (
            path,
            record(json!({ "coordonneesXY": "[12.0, 48.5]" })),
            value_error(
                "coordonneesXY",
                "Value error, Input coordinates are not within the french territory.",
                json!("[12.0, 48.5]"),
            ),
        ),
        (
            path,
            record(json!({ "coordonneesXY": [2.0, 48.5] })),
            json!({
                "type": "string_type", "loc": ["body", "coordonneesXY"], "msg": "Input should be a valid string", "input": [2.0, 48.5],
            }),
        ),
    ]
}

#[tokio::test]
async fn each_wrong_field_has_its_entry() {
    let bench = Bench::with_points().await;
    for (path, item, expected) in [fields(), records()].concat() {
        let answer = ask(&bench, asking("POST", path, "operator", Some(&item))).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.body["detail"], json!([expected]));
    }
}

#[tokio::test]
async fn reasons_in_free_text_begin_as_they_should() {
    let bench = Bench::with_points().await;
    let record = |changes: Value| with(row("FRPD1ENEW1", "FRPD1PNEW"), &changes);
    let status = |changes: Value| with(status("FRPD1EABC1"), &changes);
    for (path, item, kind, begin, context) in [
        (
            "/dynamique/status/",
            status(json!({ "horodatage": "x" })),
            "datetime_from_date_parsing",
            "Input should be a valid datetime or date, ",
            "error",
        ),
        (
            "/dynamique/status/",
            status(json!({ "horodatage": 1e17 })),
            "datetime_parsing",
            "Input should be a valid datetime, ",
            "error",
        ),
        (
            "/statique/",
            record(json!({ "date_maj": "x" })),
            "date_from_datetime_parsing",
            "Input should be a valid date or datetime, ",
            "error",
        ),
        (
            "/statique/",
            record(json!({ "contact_operateur": "x" })),
            "value_error",
            "value is not a valid email address: ",
            "reason",
        ),
    ] {
        let answer = ask(&bench, asking("POST", path, "operator", Some(&item))).await;
        let detail = &answer.body["detail"][0];
        assert_eq!((answer.status, &detail["type"]), (422, &json!(kind)));
        let reason = detail["msg"].as_str().unwrap().strip_prefix(begin).unwrap();
        assert_eq!(detail["ctx"][context], json!(reason));
    }
    let item = record(json!({ "telephone_operateur": "3179" }));
    let answer = ask(
        &bench,
        asking("POST", "/statique/", "operator", Some(&item)),
    )
    .await;
    assert_eq!(
        answer.body["detail"][0]["msg"],
        json!("value is not a valid phone number")
    );
}

#[tokio::test]
async fn rules_across_fields_have_no_field_and_come_once_each_field_is_good() {
    let bench = Bench::with_points().await;
    let backwards = with(
        session("FRPD1EABC1"),
        &json!({ "start": "2026-11-23T16:30:00Z" }),
    );
    let long = with(
        session("FRPD1EABC1"),
        &json!({ "start": "2026-11-16T16:06:40Z" }),
    );
    let units = with(
        row("FRPD1ENEW1", "FRPD1PNEW"),
        &json!({ "id_station_itinerance": "FRFASP1" }),
    );
    let pdl = with(row("FRPD1ENEW1", "FRPD1PNEW"), &json!({ "num_pdl": null }));
    for (path, item, msg) in [
        (
            "/dynamique/session/",
            &backwards,
            "Value error, A session cannot start after it has ended.",
        ),
        (
            "/dynamique/session/",
            &long,
            "Value error, A session cannot last more than a week.",
        ),
        (
            "/statique/",
            &units,
            "Value error, AFIREV prefixes from id_station_itinerance and id_pdc_itinerance do not match",
        ),
        (
            "/statique/",
            &pdl,
            "Value error, A PDL number is required for direct connections.",
        ),
    ] {
        let answer = ask(&bench, asking("POST", path, "operator", Some(item))).await;
        let detail = &answer.body["detail"][0];
        assert_eq!(
            (&detail["loc"], &detail["msg"]),
            (&json!(["body"]), &json!(msg))
        );
        let list = json!([item]);
        let answer = ask(
            &bench,
            asking("POST", &format!("{path}bulk"), "operator", Some(&list)),
        )
        .await;
        assert_eq!(answer.body["detail"][0]["loc"], json!(["body", 0]));
    }
    let both = with(backwards, &json!({ "energy": -1 }));
    let answer = ask(
        &bench,
        asking("POST", "/dynamique/session/", "operator", Some(&both)),
    )
    .await;
    assert_eq!(answer.body["detail"].as_array().unwrap().len(), 1);
    assert_eq!(answer.body["detail"][0]["loc"], json!(["body", "energy"]));
}

#[tokio::test]
async fn bodies_that_are_no_list_or_object_have_their_entry() {
    let bench = Bench::with_points().await;
    let object = "Input should be a valid dictionary or object to extract fields from";
    let list = "Input should be a valid list";
    let missing =
        json!({ "type": "missing", "loc": ["body"], "msg": "Field required", "input": null });
    let wrong = |kind: &str, msg: &str, input: Value| {
        json!({
            "type": kind, "loc": ["body"], "msg": msg, "input": input,
        })
    };
    let json_type = "application/json";
    for (path, kind, body, expected) in [
        ("/dynamique/status/", json_type, "", missing.clone()),
        ("/dynamique/status/bulk", json_type, "null", missing),
        (
            "/dynamique/status/",
            json_type,
            "[]",
            wrong("model_attributes_type", object, json!([])),
        ),
        (
            "/dynamique/status/",
            "text/plain",
            "{}",
            wrong("model_attributes_type", object, json!("{}")),
        ),
        (
            "/dynamique/status/bulk",
            "text/plain",
            "[]",
            wrong("list_type", list, json!("[]")),
        ),
        (
            "/dynamique/status/bulk",
            json_type,
            "{}",
            wrong("list_type", list, json!({})),
        ),
        (
            "/dynamique/status/bulk",
            json_type,
            "[]",
            json!({
                "type": "too_short", "loc": ["body"], "msg": "List should have at least 1 item after validation, not 0", "input": [],
                "ctx": { "field_type": "List", "min_length": 1, "actual_length": 0 },
            }),
        ),
        (
            "/dynamique/status/",
            json_type,
            "{\"a\": NaN}",
            json!({
                "type": "json_invalid", "loc": ["body", 6], "msg": "JSON decode error", "input": {},
                "ctx": { "error": "expected value" },
            }),
        ),
    ] {
        let request = request("POST", path, "operator")
            .body(Body::from(body))
            .unwrap();
        let (mut parts, body) = request.into_parts();
        parts
            .headers
            .insert(header::CONTENT_TYPE, kind.parse().unwrap());
        let answer = ask(&bench, axum::http::Request::from_parts(parts, body)).await;
        assert_eq!(
            (answer.status, &answer.body["detail"]),
            (422, &json!([expected])),
            "{path}"
        );
    }
    let list = json!([status("FRPD1EABC1"), 7, null]);
    let answer = ask(
        &bench,
        asking("POST", "/dynamique/status/bulk", "operator", Some(&list)),
    )
    .await;
    let places: Vec<_> = answer.body["detail"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| &d["loc"])
        .collect();
    assert_eq!(places, [&json!(["body", 1]), &json!(["body", 2])]);
    assert_eq!(answer.body["errors"][0]["code"], json!("item_type"));
}

#[tokio::test]
async fn lists_of_entries_and_values_are_cut() {
    let mut bench = Bench::with_points().await;
    std::sync::Arc::get_mut(&mut bench.gateway)
        .unwrap()
        .limits
        .status_bulk_max = 2_000;
    std::sync::Arc::get_mut(&mut bench.gateway)
        .unwrap()
        .limits
        .max_body_bytes = 1 << 20;
    let many = json!(vec![json!({}); 300]);
    let answer = ask(
        &bench,
        asking("POST", "/dynamique/status/bulk", "operator", Some(&many)),
    )
    .await;
    assert_eq!(answer.body["detail"].as_array().unwrap().len(), 1_000);
    assert_eq!(answer.body["errors"].as_array().unwrap().len(), 1_000);
    assert_eq!(answer.body["errors_total"], json!(1_200));
    let old = with(
        status("FRPD1EABC1"),
        &json!({ "horodatage": "2026-11-23T17:00:00Z" }),
    );
    let flagged = json!(vec![old; 150]);
    let answer = ask(
        &bench,
        asking("POST", "/dynamique/status/bulk", "operator", Some(&flagged)),
    )
    .await;
    assert_eq!(answer.body["warnings"].as_array().unwrap().len(), 100);
    assert_eq!(answer.body["warnings_total"], json!(150));
    let long = with(
        status("FRPD1EABC1"),
        &json!({ "etat_pdc": "x".repeat(300) }),
    );
    let answer = ask(
        &bench,
        asking("POST", "/dynamique/status/", "operator", Some(&long)),
    )
    .await;
    let input = answer.body["detail"][0]["input"].as_str().unwrap();
    assert!(input.ends_with('…') && input.len() < 300);
    let large = with(status("FRPD1EABC1"), &json!({ "etat_pdc": vec![1; 300] }));
    let answer = ask(
        &bench,
        asking("POST", "/dynamique/status/", "operator", Some(&large)),
    )
    .await;
    assert_eq!(answer.body["detail"][0]["input"], Value::Null);
}
