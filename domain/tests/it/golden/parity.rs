//! What QualiCharge's own code makes of a list of sessions of one charge point: the parity values
//! of chapter 13, by which the worked case shows how far they are from ours. Of no other use here.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cases::{integer, list};

/// One row of QualiCharge's session table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Record {
    start_ms: i64,
    end_ms: i64,
    energy_wh: i64,
    power_w: i64,
}

impl Record {
    fn duration_ms(self) -> i64 {
        self.end_ms - self.start_ms
    }

    /// 110 % of power × duration, against energy: less, equal or greater.
    fn against_power(self) -> std::cmp::Ordering {
        let most = 110 * i128::from(self.power_w) * i128::from(self.duration_ms());
        (i128::from(self.energy_wh) * 360_000_000).cmp(&most)
    }
}

/// The rows of a case, in the order of reception.
pub(crate) fn records(case: &Value) -> Vec<Record> {
    let power_w = domain::charge_point::whole_thousandths(case["power_kw"].as_f64().unwrap());
    let record = |value: &Value| Record {
        start_ms: integer(&value["start_ms"]),
        end_ms: integer(&value["end_ms"]),
        energy_wh: integer(&value["energy_wh"]),
        power_w,
    };
    list(&case["sessions"]).iter().map(record).collect()
}

/// Energy of all rows, no cleaning.
pub(crate) fn u9_wh(records: &[Record]) -> i64 {
    records.iter().map(|record| record.energy_wh).sum()
}

/// Rows.
pub(crate) fn u10(records: &[Record]) -> i64 {
    records.len().cast_signed() as i64
}

/// Rows with energy > 0.5 kWh and duration > 3 min.
pub(crate) fn u11(records: &[Record]) -> i64 {
    let succeeds = |record: &&Record| record.energy_wh > 500 && record.duration_ms() > 180_000;
    records.iter().filter(succeeds).count().cast_signed() as i64
}

/// Among rows with energy < 1.1 · P · duration, the largest energy per (start, end).
pub(crate) fn u14_wh(records: &[Record]) -> i64 {
    let mut largest = BTreeMap::new();
    for record in records
        .iter()
        .filter(|record| record.against_power().is_lt())
    {
        let energy_wh = largest
            .entry((record.start_ms, record.end_ms))
            .or_insert(record.energy_wh);
        *energy_wh = record.energy_wh.max(*energy_wh);
    }
    largest.into_values().sum()
}

/// Sorted by start; dropped if energy > 1.1 · P · duration, equal to the previous row, or start
/// before the end of the previous row.
pub(crate) fn tirue_wh(records: &[Record]) -> i64 {
    let mut rows = records.to_vec();
    rows.sort_unstable();
    let mut previous: Option<Record> = None;
    let mut sum_wh = 0;
    for row in rows {
        let is_dropped = row.duration_ms() < 0
            || row.energy_wh > 1_000_000
            || row.against_power().is_gt()
            || previous.is_some_and(|previous| previous == row || row.start_ms < previous.end_ms);
        if !is_dropped {
            sum_wh += row.energy_wh;
        }
        previous = Some(row);
    }
    sum_wh
}
