//! Routes, slashes, methods, absolute URLs, parameters (chapter 2).

use axum::http::header;
use serde_json::{Value, json};

use super::{ask, asking};
use crate::support::{Bench, row, session, status, with};

#[tokio::test]
async fn each_route_answers_with_its_success() {
    let new = row("FRPD1ENEW1", "FRPD1PNEW");
    let changed = row("FRPD1EABC1", "FRPD1PABC");
    let many = json!([new]);
    let rows: [(&str, &str, Option<Value>, u16, &[&str]); 16] = [
        (
            "GET",
            "/auth/whoami",
            None,
            200,
            &[
                "username",
                "email",
                "first_name",
                "last_name",
                "is_active",
                "is_staff",
                "is_superuser",
                "scopes",
                "groups",
            ],
        ),
        (
            "GET",
            "/statique/",
            None,
            200,
            &[
                "limit", "offset", "total", "previous", "next", "items", "size",
            ],
        ),
        (
            "GET",
            "/statique/FRPD1EABC1",
            None,
            200,
            &["nom_amenageur", "cable_t2_attache"],
        ),
        (
            "POST",
            "/statique/",
            Some(new.clone()),
            201,
            &["message", "items", "size"],
        ),
        (
            "POST",
            "/statique/bulk",
            Some(many),
            201,
            &["message", "items", "size"],
        ),
        (
            "PUT",
            "/statique/FRPD1EABC1",
            Some(changed),
            200,
            &["nom_amenageur", "cable_t2_attache"],
        ),
        ("DELETE", "/statique/FRPD1EABC1", None, 204, &[]),
        ("POST", "/statique/FRPD1EABC1/up", None, 204, &[]),
        (
            "POST",
            "/dynamique/status/",
            Some(status("FRPD1EABC1")),
            201,
            &["id"],
        ),
        (
            "POST",
            "/dynamique/session/",
            Some(session("FRPD1EABC1")),
            201,
            &["id"],
        ),
        (
            "POST",
            "/dynamique/status/bulk",
            Some(json!([status("FRPD1EABC1")])),
            201,
            &["size", "items"],
        ),
        (
            "POST",
            "/dynamique/session/bulk",
            Some(json!([session("FRPD1EABC1")])),
            201,
            &["size", "items"],
        ),
        (
            "POST",
            "/dynamique/validate",
            Some(status("FRPD1EABC1")),
            200,
            &["kind", "size", "accepted", "items", "errors", "warnings"],
        ),
        (
            "GET",
            "/openapi.json",
            None,
            200,
            &["openapi", "info", "paths", "components"],
        ),
        ("HEAD", "/statique/FRPD1EABC1", None, 200, &[]),
        ("HEAD", "/auth/whoami", None, 200, &[]),
    ];
    for (method, path, body, code, keys) in rows {
        let bench = Bench::with_points().await;
        let answer = ask(&bench, asking(method, path, "operator", body.as_ref())).await;
        assert_eq!(answer.status, code, "{method} {path}: {}", answer.body);
        for key in keys {
            assert!(answer.body.get(key).is_some(), "{method} {path} {key}");
        }
        if keys.is_empty() {
            assert_eq!(answer.body, Value::Null, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn stations_of_a_company_are_listed_across_units() {
    let bench = Bench::with_points().await;
    let other = with(
        row("FRFASE2", "FRFASP2"),
        &json!({ "num_pdl": null, "raccordement": "Indirect" }),
    );
    assert_eq!(bench.post("/statique/", &other).await.status, 201);
    assert_eq!(
        bench.bare("DELETE", "/statique/FRFASE3300401").await.status,
        204
    );
    let path = "/manage/station/siren/891118473";
    let answer = ask(&bench, asking("GET", path, "admin", None)).await;
    assert_eq!(answer.status, 200);
    let station = |id: &str| {
        json!({
            "id_station_itinerance": id, "nom_station": "Place", "num_pdl": "50025843262120",
            "updated_at": "2026-11-23T17:10:00Z",
        })
    };
    assert_eq!(
        answer.body,
        json!([station("FRFASP33004"), station("FRPD1PABC")])
    );
    let code = |path: &'static str, user: &'static str| {
        let request = asking("GET", path, user, None);
        async { ask(&bench, request).await }
    };
    let none = code("/manage/station/siren/552100554", "admin").await;
    assert_eq!(
        (none.status, none.body),
        (
            404,
            json!({ "detail": "No station corresponds to your request" })
        )
    );
    assert_eq!(code(path, "operator").await.status, 403);
    for (query, status, kind) in [
        ("?after=2026-11-23T17:09:59Z", 200, ""),
        ("?after=2026-11-23", 200, ""),
        ("?after=2026-11-23T17:09:59", 200, ""),
        ("?after=2026-11-23T17:09:59.999999%2B00:00", 200, ""),
        (
            "?after=2026-11-23T17:09:59+00:00",
            422,
            "datetime_from_date_parsing",
        ),
        ("?after=2026-11-23T17:10:00Z", 422, "datetime_past"),
        ("?after=x", 422, "datetime_from_date_parsing"),
    ] {
        let request = asking("GET", &format!("{path}{query}"), "admin", None);
        let answer = ask(&bench, request).await;
        assert_eq!(answer.status, status, "{query} {}", answer.body);
        if status == 422 {
            assert_eq!(answer.body["detail"][0]["type"], json!(kind), "{query}");
            assert_eq!(answer.body["detail"][0]["loc"], json!(["query", "after"]));
        }
    }
    let wrong = code("/manage/station/siren/12345678", "admin").await;
    assert_eq!(wrong.status, 422);
    assert_eq!(
        wrong.body["detail"],
        json!([{
            "type": "string_pattern_mismatch", "loc": ["path", "siren"], "msg": "String should match pattern '^\\d{9}$'",
            "input": "12345678", "ctx": { "pattern": "^\\d{9}$" },
        }])
    );
}

#[tokio::test]
async fn the_other_form_of_a_path_is_redirected_to() {
    let bench = Bench::new();
    for (path, to) in [
        ("/dynamique/status?a=1&b", "/dynamique/status/?a=1&b"),
        ("/dynamique/session", "/dynamique/session/"),
        ("/statique", "/statique/"),
        ("/dynamique/status/bulk/", "/dynamique/status/bulk"),
        ("/dynamique/validate/", "/dynamique/validate"),
        ("/auth/token/", "/auth/token"),
        ("/statique/X/", "/statique/X"),
        ("/statique/X/up/", "/statique/X/up"),
        ("/manage/station/siren/1/", "/manage/station/siren/1"),
    ] {
        for method in ["GET", "POST"] {
            let answer = ask(&bench, asking(method, path, "operator", None)).await;
            assert_eq!((answer.status, answer.body), (307, Value::Null), "{path}");
            let location = answer.headers[header::LOCATION].to_str().unwrap();
            assert_eq!(location, format!("http://localhost:8000/api/v1{to}"));
        }
    }
}

#[tokio::test]
async fn other_methods_are_answered_with_those_of_the_path() {
    let bench = Bench::new();
    for (path, allowed) in [
        ("/auth/token", "POST"),
        ("/auth/whoami", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
        ("/docs", "GET, HEAD"),
        ("/dynamique/status/", "GET, HEAD, POST"),
        ("/dynamique/status/bulk", "GET, HEAD, POST"),
        ("/dynamique/status/7b0a", "GET, HEAD"),
        ("/dynamique/status/7b0a/history", "GET, HEAD"),
        ("/dynamique/session/", "POST"),
        ("/dynamique/session/bulk", "POST"),
        ("/dynamique/session/check", "GET, HEAD"),
        ("/dynamique/validate", "POST"),
        ("/manage/station/siren/1", "GET, HEAD"),
        ("/statique/", "GET, HEAD, POST"),
        ("/statique/bulk", "DELETE, GET, HEAD, POST, PUT"),
        ("/statique/X", "DELETE, GET, HEAD, PUT"),
        ("/statique/X/up", "POST"),
    ] {
        let answer = ask(&bench, asking("PATCH", path, "operator", None)).await;
        let expected = json!({ "detail": "Method Not Allowed" });
        assert_eq!((answer.status, answer.body), (405, expected), "{path}");
        assert_eq!(answer.headers[header::ALLOW], allowed, "{path}");
    }
    let answer = ask(&bench, asking("GET", "/nothing", "operator", None)).await;
    assert_eq!(
        (answer.status, answer.body),
        (404, json!({ "detail": "Not Found" }))
    );
}

#[tokio::test]
async fn parameters_have_bounds_and_pages_have_neighbours() {
    let bench = Bench::with_points().await;
    let page = |query: &'static str| {
        let request = asking("GET", &format!("/statique/?{query}"), "operator", None);
        async { ask(&bench, request).await }
    };
    let url = |query: &str| json!(format!("http://localhost:8000/api/v1/statique/?{query}"));
    for (query, previous, next, size) in [
        ("", Value::Null, url("offset=2"), 2),
        ("x=1", Value::Null, url("x=1&offset=2"), 2),
        (
            "limit=1&offset=1",
            url("limit=1&offset=0"),
            url("limit=1&offset=2"),
            1,
        ),
        ("offset=1&limit=2", url("limit=2&offset=0"), Value::Null, 2),
        ("limit=0", Value::Null, Value::Null, 0),
        ("limit=100", Value::Null, Value::Null, 3),
        ("offset=3", url("offset=1"), Value::Null, 0),
        (
            "offset=9999999999",
            url("offset=9999999997"),
            Value::Null,
            0,
        ),
    ] {
        let answer = page(query).await;
        assert_eq!(answer.status, 200, "{query}");
        let found = (
            &answer.body["previous"],
            &answer.body["next"],
            &answer.body["size"],
        );
        assert_eq!(found, (&previous, &next, &json!(size)), "{query}");
        assert_eq!(answer.body["total"], json!(3));
    }
    for (query, kind, msg) in [
        (
            "limit=101",
            "less_than_equal",
            "Input should be less than or equal to 100",
        ),
        (
            "limit=-1",
            "greater_than_equal",
            "Input should be greater than or equal to 0",
        ),
        (
            "limit=x",
            "int_parsing",
            "Input should be a valid integer, unable to parse string as an integer",
        ),
        (
            "offset=-1",
            "greater_than_equal",
            "Input should be greater than or equal to 0",
        ),
    ] {
        let answer = page(query).await;
        assert_eq!(answer.status, 422, "{query}");
        let detail = &answer.body["detail"][0];
        assert_eq!(
            (&detail["type"], &detail["msg"]),
            (&json!(kind), &json!(msg)),
            "{query}"
        );
        let name = query.split('=').next();
        assert_eq!(detail["loc"], json!(["query", name]), "{query}");
    }
    assert_eq!(
        page("limit=x&offset=x").await.body["detail"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
