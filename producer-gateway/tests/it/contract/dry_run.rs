//! The dry run (chapter 5.4).

use serde_json::json;

use super::{ask, asking};
use crate::support::{Bench, session, status, with};

#[tokio::test]
async fn a_dry_run_says_what_a_request_would_say_and_stores_nothing() {
    let bench = Bench::with_points().await;
    let old = with(
        status("FRPD1EABC1"),
        &json!({ "horodatage": "2026-11-22T16:09:50Z" }),
    );
    let items = json!([
        status("FRFASE3300401"),
        old,
        status("FRTSLE1"),
        status("FRPD1EXXX")
    ]);
    let answer = ask(
        &bench,
        asking(
            "POST",
            "/dynamique/validate?kind=status",
            "operator",
            Some(&items),
        ),
    )
    .await;
    assert_eq!(answer.status, 200);
    let body = &answer.body;
    assert_eq!(
        (&body["kind"], &body["size"], &body["accepted"]),
        (&json!("status"), &json!(4), &json!(1))
    );
    assert_eq!(
        body["items"],
        json!(["066c5c83-8168-5301-bf11-72bd1bf9c339"])
    );
    let told: Vec<_> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (&e["index"], &e["code"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!(1), &json!("status_too_old")),
            (&json!(2), &json!("unit_forbidden")),
            (&json!(3), &json!("charge_point_unknown")),
        ]
    );
    assert!(bench.log.take().is_empty());
}

#[tokio::test]
async fn an_item_tells_its_own_kind_when_the_query_does_not() {
    let bench = Bench::with_points().await;
    let validate = |path: &'static str, body: serde_json::Value| {
        let request = asking("POST", path, "operator", Some(&body));
        async { ask(&bench, request).await }
    };
    let one = validate("/dynamique/validate", session("FRPD1EABC1")).await;
    assert_eq!(
        (one.status, &one.body["kind"], &one.body["accepted"]),
        (200, &json!("session"), &json!(1))
    );
    let both = json!([
        session("FRPD1EABC1"),
        status("FRPD1EXXX"),
        status("FRPD1EABC1"),
        session("FRPD1EXXX")
    ]);
    let both = validate("/dynamique/validate", both).await;
    assert_eq!(
        (&both.body["kind"], &both.body["accepted"]),
        (&json!(null), &json!(2))
    );
    assert_eq!(
        (
            &both.body["errors"][0]["index"],
            &both.body["errors"][1]["index"]
        ),
        (&json!(1), &json!(3))
    );
    let forced = validate("/dynamique/validate?kind=session", status("FRPD1EABC1")).await;
    assert_eq!((forced.status, &forced.body["accepted"]), (200, &json!(0)));
    for (path, body, kind) in [
        ("/dynamique/validate?kind=x", json!({}), "enum"),
        ("/dynamique/validate", json!(null), "missing"),
        ("/dynamique/validate", json!([]), "too_short"),
        ("/dynamique/validate", json!(7), "list_type"),
    ] {
        let answer = validate(path, body).await;
        assert_eq!(
            (answer.status, &answer.body["detail"][0]["type"]),
            (422, &json!(kind))
        );
    }
}
