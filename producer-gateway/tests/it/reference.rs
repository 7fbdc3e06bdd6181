//! QualiCharge's public reference data, when it is there: the folder is named by
//! `QUALICHARGE_DATA_DIR`, else `../shared/data` beside the workspace.

use std::collections::BTreeMap;
use std::path::PathBuf;

use domain::{Span, Timestamp};
use producer_gateway::backfill::source::{self, Pieces};
use producer_gateway::request::statique::{Legacy, StaticTerms};
use producer_gateway::request::{Reception, Session, StaticRow, Terms};
use serde_json::Value;

fn file(name: &str) -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's own input, not configuration"
    )]
    let folder = std::env::var("QUALICHARGE_DATA_DIR").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let path = folder.unwrap_or(beside).join(name);
    if path.exists() {
        return Some(path);
    }
    println!("{} is not there, nothing is checked", path.display());
    None
}

/// Calls `take` with the number and the value of each line.
fn each(path: &std::path::Path, mut take: impl FnMut(usize, Value)) {
    let mut pieces = Pieces::of(path).unwrap();
    while let Some(piece) = pieces.next_piece().unwrap() {
        for (number, line) in piece.lines() {
            let item = source::parse(line).unwrap_or_else(|text| panic!("line {number}: {text}"));
            take(number, item);
        }
    }
}

/// Accepted ids, and the first violation of the others by code and rule.
type Judged = (Vec<String>, BTreeMap<(&'static str, Option<u16>), usize>);

fn judge(path: &std::path::Path, legacy: Legacy) -> Judged {
    // 2026-11-24T00:00:00Z.
    let terms = StaticTerms::at(Timestamp::from_ms(20_781 * 86_400_000), legacy);
    let (mut accepted, mut refused) = (Vec::new(), BTreeMap::new());
    each(path, |_number, item| match StaticRow::read(&item, terms) {
        Ok(row) => accepted.push(row.irve.id_pdc_itinerance.to_string()),
        Err(violations) => {
            let first = (violations[0].code().name(), violations[0].rule());
            *refused.entry(first).or_default() += 1;
        }
    });
    (accepted, refused)
}

#[test]
fn the_reference_directory_is_judged_as_the_contract_says() {
    let Some(path) = file("statique.jsonl.gz") else {
        return;
    };
    let (accepted, refused) = judge(&path, Legacy::Refused);
    assert_eq!(accepted.len(), 10_385);
    assert_eq!(refused.values().sum::<usize>(), 18_724);
    let (accepted, refused) = judge(&path, Legacy::Accepted);
    assert_eq!(accepted.len(), 29_056);
    let expected = BTreeMap::from([
        (("coordinates_outside_territory", Some(3)), 4),
        (("pdl_required", Some(20)), 49),
    ]);
    assert_eq!(refused, expected);
}

#[test]
fn the_reference_sessions_are_judged_as_the_contract_says() {
    let (Some(statique), Some(sessions)) =
        (file("statique.jsonl.gz"), file("sessions-2024-12.jsonl.gz"))
    else {
        return;
    };
    let known: std::collections::BTreeSet<_> =
        judge(&statique, Legacy::Accepted).0.into_iter().collect();
    let strict: std::collections::BTreeSet<_> =
        judge(&statique, Legacy::Refused).0.into_iter().collect();
    let terms = Terms::standard(Reception::After(Span::from_minutes(10)));
    let (mut read, mut accepted, mut accepted_strictly) = (0, 0, 0);
    each(&sessions, |number, item| {
        read += 1;
        let session =
            Session::read(&item, &terms).unwrap_or_else(|error| panic!("line {number}: {error:?}"));
        accepted += usize::from(known.contains(session.charge_point_id));
        accepted_strictly += usize::from(strict.contains(session.charge_point_id));
    });
    assert_eq!(
        (read, accepted, accepted_strictly),
        (77_780, 77_647, 29_003)
    );
}
