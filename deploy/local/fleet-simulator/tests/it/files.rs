//! What `files` writes: reproducible, and within the rules of the gateway.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fleet_simulator::item::{SessionItem, StatusItem};
use fleet_simulator::lines;
use fleet_simulator::plan::{Delivery, Folder, Kind};
use fleet_simulator::truth::read::{self, Source};
use oracle::status_book::StatusIdentity;
use oracle::{Account, ChargePointLog};
use serde_json::{Value, json};

use crate::fleet::{END_MS, make};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;

fn deliveries(folder: &Path) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    lines::for_each(&Folder::new(folder).deliveries(), |delivery| {
        deliveries.push(delivery);
        Ok(())
    })
    .unwrap();
    deliveries
}

fn values(path: &Path) -> Vec<Value> {
    let mut values = Vec::new();
    lines::for_each(path, |value| {
        values.push(value);
        Ok(())
    })
    .unwrap();
    values
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let bytes = |seed| {
        let folder = make(&["--seed", seed, "--charge-points", "20", "--days", "2"]);
        let files = [
            "statique.jsonl",
            "statuses.jsonl",
            "sessions.jsonl",
            "deliveries.jsonl",
            "summary.json",
        ];
        files.map(|file| std::fs::read(folder.path().join(file)).unwrap())
    };
    assert_eq!(bytes("7"), bytes("7"));
    assert_ne!(bytes("7"), bytes("8"));
}

#[test]
fn every_valid_item_arrives_within_the_limits_of_the_gateway() {
    let folder = make(&[
        "--charge-points",
        "60",
        "--days",
        "3",
        "--late-percent",
        "20",
        "--conflict-percent",
        "10",
    ]);
    let (mut statuses, mut sessions, mut clock) = (0, 0, 0);
    for delivery in deliveries(folder.path()) {
        let received_ms = delivery.received_at_ms;
        assert!(received_ms >= clock && received_ms % MINUTE_MS == 0);
        clock = received_ms;
        assert_eq!(delivery.valid, delivery.code.is_none());
        match delivery.kind {
            _ if !delivery.valid => {}
            Kind::Status => {
                let item: StatusItem = serde_json::from_str(delivery.item.get()).unwrap();
                let age_ms = received_ms - item.horodatage.floor().as_ms();
                assert!((-MINUTE_MS..=24 * HOUR_MS).contains(&age_ms), "{age_ms} ms");
                item.payload().unwrap();
                statuses += 1;
            }
            Kind::Session => {
                let item: SessionItem = serde_json::from_str(delivery.item.get()).unwrap();
                assert!(item.start <= item.end && item.end.floor().as_ms() <= received_ms);
                assert!((0.0..=1000.0).contains(&item.energy));
                sessions += 1;
            }
        }
    }
    assert!(clock <= END_MS + 25 * HOUR_MS);
    assert!(
        statuses > 1000 && sessions > 300,
        "{statuses} statuses, {sessions} sessions"
    );
}

#[test]
fn no_item_is_received_twice_at_one_instant() {
    let folder = make(&[
        "--charge-points",
        "60",
        "--days",
        "3",
        "--duplicate-percent",
        "40",
    ]);
    let mut seen = BTreeSet::new();
    let mut copies: BTreeMap<String, u64> = BTreeMap::new();
    for delivery in deliveries(folder.path())
        .iter()
        .filter(|delivery| delivery.valid)
    {
        let item = delivery.item.get().to_owned();
        assert!(
            seen.insert((delivery.received_at_ms, item.clone())),
            "{item}"
        );
        *copies.entry(item).or_default() += 1;
    }
    let repeated = copies.values().filter(|number| **number > 1).count();
    assert!(repeated > 500, "{repeated} items with copies");
}

#[test]
fn the_history_holds_exactly_the_valid_deliveries() {
    let folder = make(&["--charge-points", "30", "--days", "2"]);
    let files = Folder::new(folder.path());
    let lines = |mut items: Vec<Value>| {
        items.sort_by_key(Value::to_string);
        items
    };
    for (kind, path) in [
        (Kind::Status, files.statuses()),
        (Kind::Session, files.sessions()),
    ] {
        let planned = deliveries(folder.path())
            .into_iter()
            .filter(|delivery| delivery.valid && delivery.kind == kind);
        let planned = planned.map(|delivery| serde_json::from_str(delivery.item.get()).unwrap());
        assert_eq!(lines(planned.collect()), lines(values(&path)));
    }
}

#[test]
fn nothing_is_wrong_with_a_fleet_that_is_asked_to_be_perfect() {
    let none = [
        "--duplicate-percent",
        "--late-percent",
        "--disorder-percent",
        "--invalid-percent",
        "--conflict-percent",
    ];
    let mut more = vec!["--charge-points", "30", "--days", "2"];
    more.extend(none.iter().flat_map(|flag| [*flag, "0"]));
    let folder = make(&more);
    let deliveries = deliveries(folder.path());
    let items: BTreeSet<&str> = deliveries
        .iter()
        .map(|delivery| delivery.item.get())
        .collect();
    assert_eq!(items.len(), deliveries.len());
    assert!(deliveries.iter().all(|delivery| delivery.valid));
}

#[test]
fn real_sessions_are_moved_by_whole_days_and_make_their_charge_point_occupied() {
    let real = tempfile::tempdir().unwrap();
    let row = |id: &str, delivery_point: Value| {
        json!({
            "id_pdc_itinerance": id, "id_station_itinerance": "FRABCP1", "puissance_nominale": "50.0",
            "coordonneesXY": "[2.35, 48.86]", "raccordement": null, "num_pdl": delivery_point,
        })
    };
    // 2024-12-10, 09:30 to 10:15 UTC.
    let session = json!({"id_pdc_itinerance": "FRABCE1", "start": 1_733_823_000_000_i64, "end": 1_733_825_700_000_i64, "energy": 20.125});
    let (statique, sessions) = (real.path().join("statique"), real.path().join("sessions"));
    std::fs::write(
        &statique,
        format!(
            "{}\n{}\n",
            row("FRABCE1", json!("12345678901234")),
            row("FRABCE2", json!(null))
        ),
    )
    .unwrap();
    std::fs::write(&sessions, format!("{session}\n")).unwrap();
    let folder = make(&[
        "--statique",
        statique.to_str().unwrap(),
        "--sessions",
        sessions.to_str().unwrap(),
        "--days",
        "1",
        "--from",
        "2024-12-10T00:00:00Z",
        "--to",
        "2024-12-11T00:00:00Z",
        "--duplicate-percent",
        "0",
        "--conflict-percent",
        "0",
    ]);
    let files = Folder::new(folder.path());
    let directory = values(&files.statique());
    assert_eq!(directory[0]["raccordement"], "Direct");
    assert_eq!(directory[1]["raccordement"], "Indirect");
    let moved = json!({"id_pdc_itinerance": "FRABCE1", "start": "2026-11-15T09:30:00Z", "end": "2026-11-15T10:15:00Z", "energy": 20.125});
    assert_eq!(values(&files.sessions()), [moved]);
    let occupied = values(&files.statuses())
        .into_iter()
        .filter(|status| status["horodatage"] == "2026-11-15T09:30:00Z");
    let occupied: Vec<Value> = occupied.collect();
    assert_eq!(occupied.len(), 1);
    assert_eq!(occupied[0]["occupation_pdc"], "occupe");
}

#[test]
fn a_history_published_by_a_backfill_holds_each_item_once() {
    let folder = make(&[
        "--charge-points",
        "30",
        "--days",
        "2",
        "--duplicate-percent",
        "20",
        "--conflict-percent",
        "10",
    ]);
    let files = Folder::new(folder.path());
    let read = |source| read::read(&files, source).unwrap().by_charge_point;
    let (delivered, published) = (read(Source::Deliveries), read(Source::Files));
    let clock = domain::Timestamp::from_ms(END_MS + 51 * HOUR_MS);
    let sum = |logs: &BTreeMap<_, ChargePointLog>| {
        let accounts = logs
            .values()
            .filter_map(|log| Account::at(log, clock, clock, &domain::Policy::qc_1()));
        let identities: Vec<_> = accounts.flat_map(|account| account.statuses).collect();
        let total = |field: fn(&StatusIdentity) -> i64| identities.iter().map(field).sum::<i64>();
        (
            identities.len(),
            total(|each| each.conflicts),
            total(|each| each.duplicates),
        )
    };
    let (
        (statuses, conflicts, duplicates),
        (published_statuses, published_conflicts, published_duplicates),
    ) = (sum(&delivered), sum(&published));
    assert_eq!(
        (
            published_statuses,
            published_conflicts,
            published_duplicates
        ),
        (statuses, conflicts, 0)
    );
    assert!(
        conflicts > 20 && duplicates > 50,
        "{conflicts} conflicts, {duplicates} duplicates"
    );
}
