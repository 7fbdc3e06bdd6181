//! The CPU that an item costs between socket and log: text to values, judged, made into records and
//! encoded. Without HTTP, Kafka and threads, so that instructions can be counted.
//!
//! `intake WAY ROUNDS`: WAY is `quick-status`, `quick-session`, `long-status` or `long-session`; a
//! round is a body of 1,000 items. `deploy/local/count-intake` counts the instructions of an item
//! and compares them with what is written beside this file.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a bench that cannot go on has to stop, and its figures go to standard output"
)]

use std::fmt::Write as _;

use domain::{ChargePoint, RequestId, Timestamp};
use producer_gateway::auth::{Caller, Users};
use producer_gateway::directory::Directory;
use producer_gateway::error::detail::Shape;
use producer_gateway::publisher::{Encoder, SchemaIds};
use producer_gateway::request::statique::{Legacy, StaticTerms};
use producer_gateway::request::{Reception, StaticRow, Terms};
use producer_gateway::submission::event::{Context, Kind, Parsed, judge, judge_quickly, messages};
use serde_json::{Value, json};
use uuid::Uuid;

/// 2026-11-23T17:10:00Z.
const NOW: Timestamp = Timestamp::from_ms(1_795_453_800_000);
/// Items of a body, each of a charge point of its own.
const ITEMS: usize = 1_000;
/// The account that sends them.
const USERS: &str = r#"
[groups.acme]
units = ["FRFAS", "FRPD1", "FRS63"]
[[users]]
username = "operator"
email = "operator@example.com"
scopes = ["dynamic:create"]
groups = ["acme"]
"#;

fn charge_point_id(number: usize) -> String {
    format!("FRFASE33{number:05}")
}

fn directory() -> Directory {
    let directory = Directory::new(24);
    for number in 0..ITEMS {
        let row = json!({
            "nom_amenageur": "Acme", "siren_amenageur": "891118473", "contact_amenageur": "a@acme.fr",
            "nom_operateur": "Acme", "contact_operateur": "o@acme.fr",
            "telephone_operateur": "+33 1 84 71 00 62", "nom_enseigne": "Acme",
            "id_station_itinerance": format!("FRFASP33{:05}", number / 4), "nom_station": "Place",
            "implantation_station": "Voirie", "adresse_station": "1 rue X",
            "code_insee_commune": "75001", "coordonneesXY": "[2.35, 48.85]", "nbre_pdc": 4,
            "id_pdc_itinerance": charge_point_id(number), "puissance_nominale": 22,
            "prise_type_ef": false, "prise_type_2": true, "prise_type_combo_ccs": false,
            "prise_type_chademo": false, "prise_type_autre": false, "paiement_acte": true,
            "condition_acces": "Accès libre", "reservation": false, "horaires": "24/7",
            "accessibilite_pmr": "Accessibilité inconnue", "restriction_gabarit": "Aucune",
            "station_deux_roues": false, "raccordement": "Direct", "num_pdl": "50025843262120",
            "date_maj": "2026-01-01",
        });
        let row = StaticRow::read(&row, StaticTerms::at(NOW, Legacy::Refused)).unwrap();
        let entry = ChargePoint {
            irve: row.irve,
            revision: 1,
            created_at: NOW,
            updated_at: NOW,
            deleted_at: None,
            updated_by: "bench".to_owned(),
            legacy: false,
        };
        let partition = directory.partition_of(entry.station_id());
        directory.apply(partition, &charge_point_id(number), Some(entry));
    }
    directory
}

fn body(kind: Kind) -> String {
    let mut text = "[".to_owned();
    for number in 0..ITEMS {
        let (id, ms) = (charge_point_id(number), number % 1_000);
        let comma = if number > 0 { "," } else { "" };
        match kind {
            Kind::Status => write!(
                text,
                r#"{comma}{{"id_pdc_itinerance":"{id}","etat_pdc":"en_service","occupation_pdc":"libre","horodatage":"2026-11-23T17:06:50.{ms:03}Z","etat_prise_type_2":"fonctionnel","etat_prise_type_combo_ccs":"fonctionnel","etat_prise_type_chademo":"inconnu","etat_prise_type_ef":"fonctionnel"}}"#
            ),
            Kind::Session => write!(
                text,
                r#"{comma}{{"id_pdc_itinerance":"{id}","start":"2026-11-23T14:26:44Z","end":"2026-11-23T16:06:41.{ms:03}Z","energy":12.{ms:03}}}"#
            ),
        }
        .unwrap();
    }
    text.push(']');
    text
}

fn main() {
    let arguments: Vec<_> = std::env::args()
        .skip(1)
        .filter(|text| text != "--bench")
        .collect();
    let way = arguments.first().map_or("quick-status", String::as_str);
    let rounds: usize = arguments
        .get(1)
        .map_or(10, |rounds| rounds.parse().unwrap());
    let (is_quick, kind) = match way {
        "quick-status" => (true, Kind::Status),
        "quick-session" => (true, Kind::Session),
        "long-status" => (false, Kind::Status),
        "long-session" => (false, Kind::Session),
        other => {
            panic!("{other}: expected quick-status, quick-session, long-status or long-session")
        }
    };
    let (directory, text) = (directory(), body(kind));
    let user = Users::parse(USERS)
        .unwrap()
        .by_email("operator@example.com")
        .unwrap();
    let caller = Caller::new(user);
    let ids = SchemaIds {
        charge_point: 1,
        status: 2,
        session: 3,
    };
    let encoder = Encoder::new(ids, 24);
    let table = directory.read();
    let context = Context {
        caller: &caller,
        table: &table,
        terms: Terms::standard(Reception::At(NOW)),
        request_id: RequestId(Uuid::nil()),
    };
    let mut written = 0;
    for _ in 0..rounds {
        let judgement = if is_quick {
            let bounds = (ITEMS, &context.terms);
            let items = Parsed::read_quickly((kind, Shape::List), &text, bounds).unwrap();
            judge_quickly(&items, &context).unwrap()
        } else {
            let items: Vec<Value> = serde_json::from_str(&text).unwrap();
            judge(kind, &items, &context)
        };
        assert!(judgement.refused.is_empty());
        written += encoder
            .encoded(&messages(judgement.accepted))
            .unwrap()
            .len();
    }
    assert_eq!(written, rounds * ITEMS);
    println!("{written} items encoded");
}
