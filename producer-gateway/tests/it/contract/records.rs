//! Ids and records (chapter 6): the vectors of the contract.

use producer_gateway::publisher::Message;
use serde_json::{Value, json};

use super::{ask, asking};
use crate::support::{Bench, session, status, with};

async fn id(bench: &Bench, path: &str, item: &Value) -> Value {
    let answer = ask(bench, asking("POST", path, "operator", Some(item))).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["id"].clone()
}

#[tokio::test]
async fn the_ids_are_those_of_the_vectors() {
    let mut bench = Bench::with_points().await;
    let occupied = with(
        status("FRFASE3300401"),
        &json!({ "occupation_pdc": "occupe", "etat_prise_type_2": "fonctionnel" }),
    );
    let path = "/dynamique/status/";
    let first = id(&bench, path, &status("FRFASE3300401")).await;
    assert_eq!(first, json!("066c5c83-8168-5301-bf11-72bd1bf9c339"));
    assert_eq!(
        id(&bench, path, &occupied).await,
        json!("ab819dd9-3557-5d50-8441-420c89f4bc22")
    );
    let gateway = std::sync::Arc::get_mut(&mut bench.gateway).unwrap();
    gateway.limits.max_session_age = domain::Span::from_days(3_650);
    let old = with(
        session("FRFASE3300401"),
        &json!({ "start": 1_717_511_204_562_i64, "end": 1_717_517_201_571_i64, "energy": 12.345_67 }),
    );
    let found = id(&bench, "/dynamique/session/", &old).await;
    assert_eq!(found, json!("dadebc2a-510d-5cc5-b601-eb823a4fbc17"));
    let entry = crate::support::row("FRHPCENF080357013", "FRHPCPNF007502");
    let entry = asking("POST", "/statique/", "admin", Some(&entry));
    assert_eq!(ask(&bench, entry).await.status, 201);
    let other = with(
        session("FRHPCENF080357013"),
        &json!({ "start": 1_733_848_096_000_i64, "end": 1_733_850_582_000_i64, "energy": 46.572 }),
    );
    let answer = ask(
        &bench,
        asking("POST", "/dynamique/session/", "admin", Some(&other)),
    );
    let expected = json!("4b6c08a1-746c-5849-a9e3-9dc5d12f9645");
    assert_eq!(answer.await.body["id"], expected);
}

#[tokio::test]
async fn energy_is_whole_wh_half_to_even() {
    let bench = Bench::with_points().await;
    for (kwh, wh) in [
        (json!(12.345_67), 12_346),
        (json!("12.34567"), 12_346),
        (json!(46.572), 46_572),
        (json!(0.0125), 12),
        (json!(0.0135), 14),
        (json!(0.000_4), 0),
        (json!(1_000), 1_000_000),
        (json!(true), 1_000),
    ] {
        let item = with(session("FRPD1EABC1"), &json!({ "energy": kwh }));
        let request = asking("POST", "/dynamique/session/", "operator", Some(&item));
        assert_eq!(ask(&bench, request).await.status, 201);
        match bench.records().as_slice() {
            [Message::Session(session)] => assert_eq!(session.energy_wh, wh, "{kwh}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_request_that_is_repeated_gives_the_same_ids_and_an_id_is_published_once() {
    let bench = Bench::with_points().await;
    let items = json!([
        status("FRPD1EABC1"),
        status("FRFASE3300401"),
        status("FRPD1EABC1")
    ]);
    let mut answers = Vec::new();
    for _ in 0..3 {
        let answer = ask(
            &bench,
            asking("POST", "/dynamique/status/bulk", "operator", Some(&items)),
        )
        .await;
        assert_eq!((answer.status, &answer.body["size"]), (201, &json!(3)));
        answers.push(answer.body["items"].clone());
        assert_eq!(bench.records().len(), 2);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}
