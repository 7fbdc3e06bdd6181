//! Static records: judged against the caller, the directory and each other.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::StationId;
use serde_json::Value;

use super::{Judgement, Refusal, Step, check_unit};
use crate::auth::{Caller, unit_of};
use crate::directory::Table;
use crate::directory::change::StationFields;
use crate::request::statique::StaticTerms;
use crate::request::{Code, StaticRow};

/// Whether a row may name a charge point that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It updates it.
    Updated,
    /// It is refused.
    Refused,
}

/// Judges the rows of one request.
pub fn judge(
    items: &[Value],
    caller: &Caller,
    table: &Table,
    (terms, existing): (StaticTerms, Existing),
) -> Judgement<StaticRow> {
    let mut judgement = Judgement::default();
    for (index, item) in items.iter().enumerate() {
        let judged = StaticRow::read(item, terms)
            .map_err(|violations| Refusal::of_item(index, item, violations))
            .and_then(|row| {
                let id = row.irve.id_pdc_itinerance.as_str();
                check_unit(caller, index, id)?;
                check_known_unit(caller, index, id)?;
                check_new(table, existing, index, id)?;
                Ok(row)
            });
        match judged {
            Ok(row) => judgement.accepted.push((index, row)),
            Err(refusal) => judgement.refused.push(refusal),
        }
    }
    refuse_inconsistent(&mut judgement);
    let flags: Vec<_> = judgement
        .accepted
        .iter()
        .map(|(index, row)| (*index, row.irve.id_pdc_itinerance.clone(), row.flags()))
        .collect();
    for (index, id, flags) in flags {
        judgement.warn(index, id.as_str(), flags);
    }
    judgement.refused.sort_by_key(|refusal| refusal.index);
    judgement
}

fn check_known_unit(caller: &Caller, index: usize, id: &str) -> Result<(), Refusal> {
    let unit = unit_of(id);
    if caller.knows(unit) {
        return Ok(());
    }
    let message = format!("unit {unit:?} is not known");
    Err(Refusal::of_id(
        index,
        id,
        Step::UnknownUnit,
        (Code::UnitUnknown, message),
    ))
}

fn check_new(table: &Table, existing: Existing, index: usize, id: &str) -> Result<(), Refusal> {
    if existing == Existing::Updated || table.find(id).is_none() {
        return Ok(());
    }
    let message = format!("charge point {id} exists already: update it with PUT");
    Err(Refusal::of_id(
        index,
        id,
        Step::Conflict,
        (Code::ChargePointExists, message),
    ))
}

/// Refuses all rows of a station whose rows disagree, and all rows of a place whose rows disagree
/// on its address.
fn refuse_inconsistent(judgement: &mut Judgement<StaticRow>) {
    let (stations, places) = disagreements(&judgement.accepted);
    let mut kept = Vec::with_capacity(judgement.accepted.len());
    for (index, row) in judgement.accepted.drain(..) {
        let irve = &row.irve;
        let id = irve.id_pdc_itinerance.as_str();
        if stations.contains(&irve.id_station_itinerance) {
            let message = format!("rows of station {} disagree", irve.id_station_itinerance);
            let reason = (Code::StationInconsistent, message);
            judgement
                .refused
                .push(Refusal::of_id(index, id, Step::Station, reason));
        } else if places.contains(&place(&row)) {
            let message = "rows of equal coordonneesXY disagree on their address".to_owned();
            let reason = (Code::LocationInconsistent, message);
            judgement
                .refused
                .push(Refusal::of_id(index, id, Step::Location, reason));
        } else {
            kept.push((index, row));
        }
    }
    judgement.accepted = kept;
}

/// Longitude and latitude, bit by bit.
type Place = (u64, u64);

fn place(row: &StaticRow) -> Place {
    (row.irve.longitude.to_bits(), row.irve.latitude.to_bits())
}

/// The stations and the places whose rows disagree.
fn disagreements(rows: &[(usize, StaticRow)]) -> (HashSet<StationId>, HashSet<Place>) {
    let mut first_of_station = BTreeMap::new();
    let mut first_of_place = HashMap::new();
    let (mut stations, mut places) = (HashSet::new(), HashSet::new());
    for (_, row) in rows {
        let irve = &row.irve;
        let first = first_of_station
            .entry(&irve.id_station_itinerance)
            .or_insert(irve);
        if !StationFields::of(first).agrees_with(&StationFields::of(irve)) {
            stations.insert(irve.id_station_itinerance.clone());
        }
        let address = (&irve.adresse_station, &irve.code_insee_commune);
        if *first_of_place.entry(place(row)).or_insert(address) != address {
            places.insert(place(row));
        }
    }
    (stations, places)
}
