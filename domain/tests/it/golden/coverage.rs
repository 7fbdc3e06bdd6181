//! Which cases run, and that no figure of them is passed over.

use std::collections::BTreeSet;

use domain::indicator::{StationSweep, Vector};
use serde_json::Value;

use crate::cases::{file, list};

/// Every file and the cases in it that run, in order; of the others each names what it waits for.
const RUN: [(&str, &[&str]); 8] = [
    ("aggregation", &["G11-time", "G11-space"]),
    ("calendar_days", &["G10-2025-03-30", "G10-2025-10-26"]),
    (
        "charge_points",
        &[
            "G1", "G2", "G3", "G4", "G6-P1", "G6-P2", "G6-P3", "G7", "G9-open", "G14a", "G14b",
            "G14c", "G14d",
        ],
    ),
    ("full_use", &[]),
    ("late_statuses", &["G5"]),
    ("recovery_times", &["G12"]),
    ("sessions", &["G8"]),
    ("stations", &["G6"]),
];

/// The names in the cases that the tests read, the fields of vectors, sweeps and indicators apart.
const READ: &str = "id policy statuses late_statuses event_time_ms received_at_ms etat_pdc \
    occupation_pdc received records duplicate_statuses conflicting_statuses \
    inconsistent_statuses episodes opened_at_ms closed_at_ms outcome left_censored \
    onset_uncertain unknown_inside time_to_return_ms out_of_service_ms unknown_ms periods \
    start_ms end_ms as_of_received_ms vector at_end state_at_end open_failures_at_end \
    oldest_open_failure_ms derived steps windows emitted phase revisions_since_closed \
    charge_points power_kw station power station_by_hour sessions energy_wh flags flagged \
    duplicates qualicharge u9_kwh u10 u11 u14_kwh tirue_mwh parts day time_zone";

/// Names that are for the reader only; the last but one is told by the order of the steps.
const FOR_THE_READER: &str = "title note after requires";

fn names_in(value: &Value, names: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        names.insert(name.clone());
        names_in(value, names);
    }
    for value in list(value) {
        names_in(value, names);
    }
}

#[test]
fn every_case_runs_or_waits_for_a_later_chapter_and_no_figure_of_it_is_passed_over() {
    let mut names = BTreeSet::new();
    for (name, expected) in RUN {
        let file = file(name);
        let (waiting, running): (Vec<_>, Vec<_>) = list(&file["cases"])
            .iter()
            .partition(|case| case.get("requires").is_some());
        let ids: Vec<_> = running.iter().map(|case| &case["id"]).collect();
        assert_eq!(ids, expected);
        for case in waiting {
            let later = ["opening_hours", "motorway_full_use"];
            assert!(later.iter().any(|chapter| case["requires"] == *chapter));
        }
        for case in running {
            names_in(case, &mut names);
        }
    }
    let mut known: BTreeSet<&str> = READ.split_whitespace().collect();
    known.extend(FOR_THE_READER.split_whitespace());
    known.extend(Vector::NAMES);
    known.extend(StationSweep::NAMES);
    known.extend(domain::indicator::ALL.map(|indicator| indicator.name));
    let unread: Vec<_> = names
        .iter()
        .filter(|name| !known.contains(name.as_str()))
        .collect();
    assert_eq!(unread, Vec::<&String>::new());
}
