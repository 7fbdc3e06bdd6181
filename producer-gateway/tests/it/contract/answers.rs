//! The exact bodies (chapter 5.2), one row each.

use axum::http::header;
use serde_json::{Value, json};

use super::{ask, asking, bare};
use crate::support::{Bench, row, session, status, with};

fn insufficient(text: &str) -> Value {
    json!({ "message": format!("Unsufficient permissions: {text}") })
}

fn detail(text: &str) -> Value {
    json!({ "detail": text })
}

/// Method, path, account, body, code, body of the answer, whether it names items.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    Option<Value>,
    u16,
    Value,
    bool,
);

fn permissions() -> Vec<Row> {
    let ressource = insufficient("You are not allowed to access this ressource");
    let organization =
        insufficient("You cannot submit data for an organization you are not assigned to");
    let statuses = insufficient("You cannot create statuses for this point of charge");
    let sessions = insufficient("You cannot create sessions for this point of charge");
    let manage = insufficient("You don't manage this charge point");
    let foreign = Some(row("FRTSLE1", "FRTSLP1"));
    vec![
        (
            "POST",
            "/dynamique/status/",
            "reader",
            Some(status("FRPD1EABC1")),
            403,
            ressource.clone(),
            false,
        ),
        (
            "POST",
            "/dynamique/validate",
            "reader",
            Some(status("FRPD1EABC1")),
            403,
            ressource.clone(),
            false,
        ),
        (
            "GET",
            "/statique/",
            "reader",
            None,
            403,
            ressource.clone(),
            false,
        ),
        (
            "POST",
            "/statique/bulk",
            "reader",
            Some(json!([])),
            403,
            ressource.clone(),
            false,
        ),
        (
            "PUT",
            "/statique/X",
            "reader",
            Some(json!({})),
            403,
            ressource.clone(),
            false,
        ),
        (
            "DELETE",
            "/statique/X",
            "reader",
            None,
            403,
            ressource.clone(),
            false,
        ),
        (
            "POST",
            "/statique/X/up",
            "reader",
            None,
            403,
            ressource.clone(),
            false,
        ),
        (
            "GET",
            "/manage/station/siren/891118473",
            "operator",
            None,
            403,
            ressource,
            false,
        ),
        (
            "POST",
            "/dynamique/status/",
            "operator",
            Some(status("FRTSLE1")),
            403,
            statuses,
            true,
        ),
        (
            "POST",
            "/dynamique/session/",
            "operator",
            Some(session("FRTSLE1")),
            403,
            sessions,
            true,
        ),
        (
            "POST",
            "/dynamique/status/bulk",
            "operator",
            Some(json!([status("FRTSLE1")])),
            403,
            organization.clone(),
            true,
        ),
        (
            "POST",
            "/dynamique/session/bulk",
            "operator",
            Some(json!([session("FRTSLE1")])),
            403,
            organization.clone(),
            true,
        ),
        (
            "POST",
            "/statique/",
            "operator",
            foreign.clone(),
            403,
            organization.clone(),
            true,
        ),
        (
            "POST",
            "/statique/bulk",
            "operator",
            Some(json!([foreign])),
            403,
            organization,
            true,
        ),
        (
            "GET",
            "/statique/FRTSLE1",
            "operator",
            None,
            403,
            manage.clone(),
            false,
        ),
        (
            "PUT",
            "/statique/FRTSLE1",
            "operator",
            foreign,
            403,
            manage.clone(),
            true,
        ),
        (
            "DELETE",
            "/statique/FRTSLE1",
            "operator",
            None,
            403,
            manage.clone(),
            false,
        ),
        (
            "POST",
            "/statique/FRTSLE1/up",
            "operator",
            None,
            403,
            manage,
            false,
        ),
    ]
}

fn absences() -> Vec<Row> {
    let undeclared =
        detail("Undeclared attached point(s) of charge, you should create them all first");
    let target = detail("Target charge point does not exist");
    let wait = "Requested statique does not exist yet. You should wait up to 10 minutes for a newly created entry.";
    let nobody = row("Non concerné", "Non concerné");
    vec![
        (
            "POST",
            "/dynamique/status/",
            "operator",
            Some(status("FRPD1EXXX")),
            404,
            detail("Point of charge does not exist"),
            true,
        ),
        (
            "POST",
            "/dynamique/session/",
            "operator",
            Some(session("FRPD1EXXX")),
            404,
            detail("Point of charge does not exist"),
            true,
        ),
        (
            "POST",
            "/dynamique/status/bulk",
            "operator",
            Some(json!([status("FRPD1EXXX")])),
            404,
            undeclared.clone(),
            true,
        ),
        (
            "POST",
            "/dynamique/session/bulk",
            "operator",
            Some(json!([session("FRPD1EXXX")])),
            404,
            undeclared,
            true,
        ),
        (
            "GET",
            "/statique/FRPD1EXXX",
            "operator",
            None,
            404,
            detail(wait),
            false,
        ),
        (
            "PUT",
            "/statique/FRPD1EXXX",
            "operator",
            Some(row("FRPD1EXXX", "FRPD1PABC")),
            404,
            detail("Statique with id_pdc_itinerance does not exist"),
            false,
        ),
        (
            "DELETE",
            "/statique/FRPD1EXXX",
            "operator",
            None,
            404,
            target.clone(),
            false,
        ),
        (
            "POST",
            "/statique/FRPD1EXXX/up",
            "operator",
            None,
            404,
            target,
            false,
        ),
        (
            "POST",
            "/statique/",
            "admin",
            Some(nobody.clone()),
            404,
            detail("OperationalUnit with code Non c should be created first"),
            true,
        ),
        (
            "POST",
            "/statique/bulk",
            "admin",
            Some(json!([nobody])),
            404,
            detail("Operational units should be created first"),
            true,
        ),
        (
            "GET",
            "/manage/station/siren/000000000",
            "admin",
            None,
            404,
            detail("No station corresponds to your request"),
            false,
        ),
    ]
}

fn conflicts() -> Vec<Row> {
    let other = |changes: Value| with(row("FRPD1EABC2", "FRPD1PABC"), &changes);
    let station = json!([
        row("FRPD1EABC1", "FRPD1PABC"),
        other(json!({ "nom_station": "Gare" }))
    ]);
    let place = json!([
        row("FRPD1EABC1", "FRPD1PABC"),
        other(json!({ "code_insee_commune": "75002" }))
    ]);
    vec![
        (
            "POST",
            "/statique/",
            "operator",
            Some(row("FRPD1EABC1", "FRPD1PABC")),
            409,
            detail("Charge point FRPD1EABC1 already exists"),
            true,
        ),
        (
            "PUT",
            "/statique/FRPD1EABC2",
            "operator",
            Some(row("FRPD1EABC1", "FRPD1PABC")),
            406,
            detail("id_pdc_itinerance does not match request body"),
            false,
        ),
        (
            "POST",
            "/statique/bulk",
            "operator",
            Some(station),
            400,
            detail("An error occured while trying to create or update the '_station' table"),
            true,
        ),
        (
            "POST",
            "/statique/bulk",
            "operator",
            Some(place),
            400,
            detail("An error occured while trying to create or update the 'localisation' table"),
            true,
        ),
    ]
}

#[tokio::test]
async fn each_refusal_has_its_code_and_its_text() {
    let rows = [permissions(), absences(), conflicts()].concat();
    let bench = Bench::with_points().await;
    for (method, path, user, body, code, expected, names_items) in rows {
        let answer = ask(&bench, asking(method, path, user, body.as_ref())).await;
        let found = (answer.status, bare(&answer.body));
        assert_eq!(found, (code, expected), "{method} {path}");
        assert_eq!(
            answer.body.get("errors").is_some(),
            names_items,
            "{method} {path}"
        );
        assert!(bench.records().is_empty(), "{method} {path}");
    }
}

#[tokio::test]
async fn a_decommissioned_charge_point_is_absent_for_all_but_a_new_one() {
    let bench = Bench::with_points().await;
    assert_eq!(
        bench.bare("DELETE", "/statique/FRPD1EABC1").await.status,
        204
    );
    let row = row("FRPD1EABC1", "FRPD1PABC");
    let rows = [
        (
            "POST",
            "/dynamique/status/",
            Some(status("FRPD1EABC1")),
            404,
        ),
        (
            "POST",
            "/dynamique/session/bulk",
            Some(json!([session("FRPD1EABC1")])),
            404,
        ),
        ("GET", "/statique/FRPD1EABC1", None, 404),
        ("PUT", "/statique/FRPD1EABC1", Some(row.clone()), 404),
        ("POST", "/statique/", Some(row), 409),
    ];
    for (method, path, body, code) in rows {
        let answer = ask(&bench, asking(method, path, "operator", body.as_ref())).await;
        assert_eq!(answer.status, code, "{method} {path}");
    }
}

#[tokio::test]
async fn every_401_says_how_to_authenticate_and_leaves_large_bodies_unread() {
    let bench = Bench::new();
    for (path, length) in [
        ("/dynamique/status/", "2"),
        ("/dynamique/validate", "16385"),
        ("/statique/bulk", "16385"),
    ] {
        let mut request = asking("POST", path, "operator", Some(&json!({})));
        request.headers_mut().remove(header::AUTHORIZATION);
        request
            .headers_mut()
            .insert(header::CONTENT_LENGTH, length.parse().unwrap());
        let answer = ask(&bench, request).await;
        let expected = json!({
            "detail": "Not authenticated", "message": "Authentication failed: Not authenticated",
        });
        assert_eq!((answer.status, answer.body), (401, expected), "{path}");
        assert_eq!(answer.headers[header::WWW_AUTHENTICATE], "Bearer");
        let is_closed = answer.headers.contains_key(header::CONNECTION);
        assert_eq!(is_closed, length != "2", "{path}");
    }
}
