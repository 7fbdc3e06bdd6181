//! Static records: create, read, update, decommission.

use axum::body::Body;
use producer_gateway::publisher::Message;
use serde_json::{Value, json};

use crate::support::{Answer, Bench, request, row, session, status, with};

async fn put(bench: &Bench, id: &str, item: &Value) -> Answer {
    let request = request("PUT", &format!("/statique/{id}"), "operator");
    bench
        .send(request.body(Body::from(item.to_string())).unwrap())
        .await
}

#[tokio::test]
async fn a_new_charge_point_is_there_at_once() {
    let bench = Bench::new();
    let answer = bench
        .post("/statique/", &row("FRPD1EABC1", "FRPD1PABC"))
        .await;
    let expected =
        json!({ "message": "Statique items created", "items": ["FRPD1EABC1"], "size": 1 });
    assert_eq!((answer.status, answer.body), (201, expected));
    assert_eq!(
        bench
            .post("/dynamique/status/", &status("FRPD1EABC1"))
            .await
            .status,
        201
    );
    let answer = bench.bare("GET", "/statique/FRPD1EABC1").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body.as_object().unwrap().len(), 40);
    assert_eq!(
        answer.body["telephone_operateur"],
        json!("tel:+33-1-84-71-00-62")
    );
    assert_eq!(answer.body["date_maj"], json!("2025-03-28"));
    let again = bench
        .post("/statique/", &row("FRPD1EABC1", "FRPD1PABC"))
        .await;
    assert_eq!(again.status, 409);
    assert_eq!(
        again.body["detail"],
        json!("Charge point FRPD1EABC1 already exists")
    );
}

#[tokio::test]
async fn a_decommissioned_charge_point_is_gone_until_it_is_up_again() {
    let bench = Bench::with_points().await;
    assert_eq!(
        bench.bare("DELETE", "/statique/FRPD1EABC1").await.status,
        204
    );
    assert_eq!(
        bench.bare("DELETE", "/statique/FRPD1EABC1").await.status,
        204
    );
    assert_eq!(bench.records().len(), 1);
    assert_eq!(
        bench
            .post("/dynamique/status/", &status("FRPD1EABC1"))
            .await
            .status,
        404
    );
    let sessions = json!([session("FRPD1EABC1")]);
    let answer = bench.post("/dynamique/session/bulk", &sessions).await;
    assert_eq!(
        (answer.status, &answer.body["errors"][0]["code"]),
        (404, &json!("charge_point_decommissioned"))
    );
    assert_eq!(bench.bare("GET", "/statique/FRPD1EABC1").await.status, 404);
    let item = row("FRPD1EABC1", "FRPD1PABC");
    let answer = put(&bench, "FRPD1EABC1", &item).await;
    let expected = json!({ "detail": "Statique with id_pdc_itinerance does not exist" });
    assert_eq!((answer.status, answer.body), (404, expected));
    assert_eq!(
        bench.post("/statique/bulk", &json!([item])).await.status,
        201
    );
    assert_eq!(bench.bare("GET", "/statique/FRPD1EABC1").await.status, 404);
    assert_eq!(
        bench.bare("POST", "/statique/FRPD1EABC1/up").await.status,
        204
    );
    assert_eq!(
        bench
            .post("/dynamique/status/", &status("FRPD1EABC1"))
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn absent_and_foreign_charge_points_have_their_texts() {
    let bench = Bench::with_points().await;
    let wait = "Requested statique does not exist yet. You should wait up to 10 minutes for a newly created entry.";
    let foreign = "Unsufficient permissions: You don't manage this charge point";
    let cases = [
        ("GET", "/statique/FRPD1EXXX", 404, json!({ "detail": wait })),
        (
            "GET",
            "/statique/FRTSLE1",
            403,
            json!({ "message": foreign }),
        ),
        (
            "DELETE",
            "/statique/FRPD1EXXX",
            404,
            json!({ "detail": "Target charge point does not exist" }),
        ),
        (
            "POST",
            "/statique/FRPD1EXXX/up",
            404,
            json!({ "detail": "Target charge point does not exist" }),
        ),
        (
            "DELETE",
            "/statique/FRTSLE1",
            403,
            json!({ "message": foreign }),
        ),
    ];
    for (method, path, code, body) in cases {
        let answer = bench.bare(method, path).await;
        assert_eq!(
            (answer.status, answer.body),
            (code, body),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn an_update_names_the_same_charge_point_in_path_and_body() {
    let bench = Bench::with_points().await;
    let item = with(
        row("FRPD1EABC1", "FRPD1PABC"),
        &json!({ "observations": " new " }),
    );
    let answer = put(&bench, "FRPD1EABC2", &item).await;
    let expected = json!({ "detail": "id_pdc_itinerance does not match request body" });
    assert_eq!((answer.status, answer.body), (406, expected));
    let answer = put(&bench, "FRPD1EABC1", &item).await;
    assert_eq!(
        (answer.status, &answer.body["observations"]),
        (200, &json!("new"))
    );
}

#[tokio::test]
async fn a_move_to_another_station_leaves_one_entry() {
    let bench = Bench::with_points().await;
    let answer = put(&bench, "FRPD1EABC1", &row("FRPD1EABC1", "FRPD1PXYZ")).await;
    assert_eq!(answer.status, 200);
    match bench.records().as_slice() {
        [
            Message::ChargePoint(entry),
            Message::Removal { station_id, .. },
        ] => {
            assert_eq!(
                (entry.station_id().as_str(), entry.revision),
                ("FRPD1PXYZ", 2)
            );
            assert_eq!(station_id.as_str(), "FRPD1PABC");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(bench.gateway.directory.read().counts(), (3, 0));
    assert!(bench.gateway.directory.read().leftovers().is_empty());
}

#[tokio::test]
async fn rows_of_one_station_agree() {
    let bench = Bench::new();
    let other = with(
        row("FRPD1EABC2", "FRPD1PABC"),
        &json!({ "nom_station": "Gare" }),
    );
    let third = row("FRPD1EXYZ1", "FRPD1PXYZ");
    let rows = json!([row("FRPD1EABC1", "FRPD1PABC"), other, third]);
    let answer = bench.post("/statique/bulk", &rows).await;
    let text = "An error occured while trying to create or update the '_station' table";
    assert_eq!((answer.status, &answer.body["detail"]), (400, &json!(text)));
    let answer = bench.post("/statique/bulk?partial=true", &rows).await;
    assert_eq!(
        (answer.status, &answer.body["items"]),
        (201, &json!(["FRPD1EXYZ1"]))
    );
    let same_place = json!({ "coordonneesXY": "[2.5, 48.5]", "adresse_station": "elsewhere" });
    let here = json!({ "coordonneesXY": "[2.5, 48.5]" });
    let rows = json!([
        with(row("FRPD1EABC1", "FRPD1PABC"), &here),
        with(row("FRPD1EXYZ1", "FRPD1PXYZ"), &same_place),
    ]);
    let answer = bench.post("/statique/bulk", &rows).await;
    let text = "An error occured while trying to create or update the 'localisation' table";
    assert_eq!((answer.status, &answer.body["detail"]), (400, &json!(text)));
}

#[tokio::test]
async fn pages_follow_each_other() {
    let bench = Bench::with_points().await;
    let answer = bench.bare("GET", "/statique/?x=1").await;
    assert_eq!(answer.status, 200);
    let ids = |page: &Value| -> Vec<_> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|i| i["id_pdc_itinerance"].clone())
            .collect()
    };
    assert_eq!(ids(&answer.body), ["FRFASE3300401", "FRPD1EABC1"]);
    let page = &answer.body;
    assert_eq!(
        (&page["limit"], &page["total"], &page["size"]),
        (&json!(2), &json!(3), &json!(2))
    );
    assert_eq!(page["previous"], Value::Null);
    assert_eq!(
        page["next"],
        json!("http://localhost:8000/api/v1/statique/?x=1&offset=2")
    );
    let answer = bench.bare("GET", "/statique/?x=1&offset=2").await;
    assert_eq!(ids(&answer.body), ["FRPD1EABC2"]);
    assert_eq!(answer.body["next"], Value::Null);
    assert_eq!(
        answer.body["previous"],
        json!("http://localhost:8000/api/v1/statique/?x=1&offset=0")
    );
    let answer = bench.bare("GET", "/statique/?limit=0").await;
    assert_eq!(
        (&answer.body["size"], &answer.body["next"]),
        (&json!(0), &Value::Null)
    );
    for query in ["limit=101", "limit=-1", "offset=x"] {
        assert_eq!(
            bench
                .bare("GET", &format!("/statique/?{query}"))
                .await
                .status,
            422,
            "{query}"
        );
    }
}
