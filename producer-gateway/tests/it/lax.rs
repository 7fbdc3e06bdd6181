//! Values that clients send, and what becomes of them.

use serde_json::{Value, json};

use crate::support::{Bench, session, status, with};

async fn outcome(bench: &Bench, path: &str, item: Value) -> Value {
    let answer = bench.post(path, &item).await;
    match answer.status {
        201 => Value::Null,
        422 => answer.body["detail"][0]["type"].clone(),
        other => panic!("{other}: {}", answer.body),
    }
}

#[tokio::test]
async fn date_times_of_many_forms_are_taken() {
    let bench = Bench::with_points().await;
    let at = |value: Value| with(status("FRPD1EABC1"), &json!({ "horodatage": value }));
    let path = "/dynamique/status/";
    for value in [
        json!("2026-11-23T17:09:50+00:00"),
        json!("2026-11-23t18:09:50+0100"),
        json!("2026-11-23 17:07Z"),
        json!("2026-11-23_17:07:00,123456789z"),
        json!(1_795_453_790),
        json!(1_795_453_790_000_i64),
        json!("1795453790.5"),
    ] {
        assert_eq!(
            outcome(&bench, path, at(value.clone())).await,
            Value::Null,
            "{value}"
        );
    }
    for (value, kind) in [
        (json!("2026-11-23T17:09:50"), "timezone_aware"),
        (json!("2026-11-23"), "timezone_aware"),
        (
            json!("2026-11-23T17:09:50+01"),
            "datetime_from_date_parsing",
        ),
        (json!(" 2026-11-23T17:09:50Z"), "datetime_from_date_parsing"),
        (json!(1_795_453_790_000_000_i64), "datetime_parsing"),
        (json!("2026-11-23T17:11:01Z"), "datetime_past"),
        (json!(true), "datetime_type"),
        (json!(null), "datetime_type"),
    ] {
        assert_eq!(
            outcome(&bench, path, at(value.clone())).await,
            json!(kind),
            "{value}"
        );
    }
}

#[tokio::test]
async fn numbers_of_many_forms_are_taken() {
    let bench = Bench::with_points().await;
    let of = |value: Value| with(session("FRPD1EABC1"), &json!({ "energy": value }));
    let path = "/dynamique/session/";
    for value in [
        json!(" 12.5 "),
        json!("1e1"),
        json!(".5"),
        json!("1_0"),
        json!(true),
        json!(0),
    ] {
        assert_eq!(
            outcome(&bench, path, of(value.clone())).await,
            Value::Null,
            "{value}"
        );
    }
    for (value, kind) in [
        (json!("12,5"), "float_parsing"),
        (json!("nan"), "greater_than_equal"),
        (json!("inf"), "less_than_equal"),
        (json!(null), "float_type"),
        (json!([]), "float_type"),
    ] {
        assert_eq!(
            outcome(&bench, path, of(value.clone())).await,
            json!(kind),
            "{value}"
        );
    }
}

#[tokio::test]
async fn an_unknown_symbol_is_answered_with_the_list_of_symbols() {
    let bench = Bench::with_points().await;
    let item = with(status("FRPD1EABC1"), &json!({ "etat_pdc": "En_service" }));
    let answer = bench.post("/dynamique/status/", &item).await;
    assert_eq!(
        answer.body["detail"],
        json!([{
            "type": "enum", "loc": ["body", "etat_pdc"],
            "msg": "Input should be 'en_service', 'hors_service' or 'inconnu'", "input": "En_service",
            "ctx": { "expected": "'en_service', 'hors_service' or 'inconnu'" },
        }])
    );
}
