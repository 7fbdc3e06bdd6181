//! The derived indicators of a sum, by name, as the catalogue computes them.

use std::collections::BTreeMap;

use domain::indicator::{ALL, Formula, StationSweep, Vector};

/// Every indicator that a vector alone gives.
pub(crate) fn of_vector(sums: &Vector) -> BTreeMap<&'static str, Option<f64>> {
    let mut found = BTreeMap::new();
    for indicator in ALL {
        if let Formula::OfVector(compute) = indicator.compute {
            found.insert(indicator.name, compute(sums).value());
        }
    }
    found
}

/// Every indicator that a sweep alone gives.
pub(crate) fn of_sweep(sums: &StationSweep) -> BTreeMap<&'static str, Option<f64>> {
    let mut found = BTreeMap::new();
    for indicator in ALL {
        if let Formula::OfSweep(compute) = indicator.compute {
            found.insert(indicator.name, compute(sums).value());
        }
    }
    found
}

/// Every indicator that times to return give, in ms.
pub(crate) fn of_episodes(times_to_return_ms: &[i64]) -> BTreeMap<&'static str, Option<f64>> {
    let mut found = BTreeMap::new();
    for indicator in ALL {
        if let Formula::OfEpisodes(compute) = indicator.compute {
            found.insert(indicator.name, compute(times_to_return_ms).value());
        }
    }
    found
}
