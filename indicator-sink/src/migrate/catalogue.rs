//! The migrations, embedded: `deploy/clickhouse` in the order in which they are applied.

/// A migration as it lies in the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// The name of its file, without the ending.
    pub name: &'static str,
    /// How often it is applied.
    pub kind: Kind,
    /// Its text, with marks.
    pub text: &'static str,
}

/// How often a migration is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Once. Its text is one statement and never changes after a release.
    Versioned,
    /// Again whenever its text changes. It may hold several statements.
    Repeatable,
}

const fn versioned(name: &'static str, text: &'static str) -> Migration {
    Migration {
        name,
        kind: Kind::Versioned,
        text,
    }
}

const fn repeatable(name: &'static str, text: &'static str) -> Migration {
    Migration {
        name,
        kind: Kind::Repeatable,
        text,
    }
}

/// All migrations: the versioned ones, then the repeatable ones.
pub const CATALOGUE: [Migration; 62] = [
    versioned(
        "0010_schema_migration",
        include_str!("../../../deploy/clickhouse/0010_schema_migration.sql"),
    ),
    versioned(
        "0020_policy",
        include_str!("../../../deploy/clickhouse/0020_policy.sql"),
    ),
    versioned(
        "0030_charge_point",
        include_str!("../../../deploy/clickhouse/0030_charge_point.sql"),
    ),
    versioned(
        "0040_charge_point_revision",
        include_str!("../../../deploy/clickhouse/0040_charge_point_revision.sql"),
    ),
    versioned(
        "0050_charge_point_revision_mv",
        include_str!("../../../deploy/clickhouse/0050_charge_point_revision_mv.sql"),
    ),
    versioned(
        "0060_charge_point_status",
        include_str!("../../../deploy/clickhouse/0060_charge_point_status.sql"),
    ),
    versioned(
        "0070_charge_session",
        include_str!("../../../deploy/clickhouse/0070_charge_session.sql"),
    ),
    versioned(
        "0080_charge_point_hour",
        include_str!("../../../deploy/clickhouse/0080_charge_point_hour.sql"),
    ),
    versioned(
        "0090_station_hour",
        include_str!("../../../deploy/clickhouse/0090_station_hour.sql"),
    ),
    versioned(
        "0100_failure_episode",
        include_str!("../../../deploy/clickhouse/0100_failure_episode.sql"),
    ),
    versioned(
        "0110_rejected_event",
        include_str!("../../../deploy/clickhouse/0110_rejected_event.sql"),
    ),
    versioned(
        "0120_sink_batch",
        include_str!("../../../deploy/clickhouse/0120_sink_batch.sql"),
    ),
    versioned(
        "0130_territory",
        include_str!("../../../deploy/clickhouse/0130_territory.sql"),
    ),
    versioned(
        "0140_operational_unit",
        include_str!("../../../deploy/clickhouse/0140_operational_unit.sql"),
    ),
    versioned(
        "0150_latest_status",
        include_str!("../../../deploy/clickhouse/0150_latest_status.sql"),
    ),
    versioned(
        "0160_distinct_session",
        include_str!("../../../deploy/clickhouse/0160_distinct_session.sql"),
    ),
    versioned(
        "0170_unit_hour",
        include_str!("../../../deploy/clickhouse/0170_unit_hour.sql"),
    ),
    versioned(
        "0180_territory_hour",
        include_str!("../../../deploy/clickhouse/0180_territory_hour.sql"),
    ),
    versioned(
        "0190_unit_day",
        include_str!("../../../deploy/clickhouse/0190_unit_day.sql"),
    ),
    versioned(
        "0200_territory_day",
        include_str!("../../../deploy/clickhouse/0200_territory_day.sql"),
    ),
    versioned(
        "0210_indicator",
        include_str!("../../../deploy/clickhouse/0210_indicator.sql"),
    ),
    repeatable(
        "01_latest_status_rmv",
        include_str!("../../../deploy/clickhouse/views/01_latest_status_rmv.sql"),
    ),
    repeatable(
        "02_distinct_session_rmv",
        include_str!("../../../deploy/clickhouse/views/02_distinct_session_rmv.sql"),
    ),
    repeatable(
        "03_unit_hour_rmv",
        include_str!("../../../deploy/clickhouse/views/03_unit_hour_rmv.sql"),
    ),
    repeatable(
        "04_territory_hour_rmv",
        include_str!("../../../deploy/clickhouse/views/04_territory_hour_rmv.sql"),
    ),
    repeatable(
        "05_unit_day_rmv",
        include_str!("../../../deploy/clickhouse/views/05_unit_day_rmv.sql"),
    ),
    repeatable(
        "06_territory_day_rmv",
        include_str!("../../../deploy/clickhouse/views/06_territory_day_rmv.sql"),
    ),
    repeatable(
        "07_territory_day_epci_rmv",
        include_str!("../../../deploy/clickhouse/views/07_territory_day_epci_rmv.sql"),
    ),
    repeatable(
        "08_x_directory",
        include_str!("../../../deploy/clickhouse/views/08_x_directory.sql"),
    ),
    repeatable(
        "09_x_status",
        include_str!("../../../deploy/clickhouse/views/09_x_status.sql"),
    ),
    repeatable(
        "10_v_data_as_of",
        include_str!("../../../deploy/clickhouse/views/10_v_data_as_of.sql"),
    ),
    repeatable(
        "11_v_irve_statique",
        include_str!("../../../deploy/clickhouse/views/11_v_irve_statique.sql"),
    ),
    repeatable(
        "12_v_irve_dynamique",
        include_str!("../../../deploy/clickhouse/views/12_v_irve_dynamique.sql"),
    ),
    repeatable(
        "13_v_charge_point",
        include_str!("../../../deploy/clickhouse/views/13_v_charge_point.sql"),
    ),
    repeatable(
        "14_v_station",
        include_str!("../../../deploy/clickhouse/views/14_v_station.sql"),
    ),
    repeatable(
        "15_v_active_charge_point",
        include_str!("../../../deploy/clickhouse/views/15_v_active_charge_point.sql"),
    ),
    repeatable(
        "16_v_charge_point_status",
        include_str!("../../../deploy/clickhouse/views/16_v_charge_point_status.sql"),
    ),
    repeatable(
        "17_v_latest_status",
        include_str!("../../../deploy/clickhouse/views/17_v_latest_status.sql"),
    ),
    repeatable(
        "18_v_charge_session",
        include_str!("../../../deploy/clickhouse/views/18_v_charge_session.sql"),
    ),
    repeatable(
        "20_v_charge_point_hour",
        include_str!("../../../deploy/clickhouse/views/20_v_charge_point_hour.sql"),
    ),
    repeatable(
        "22_v_charge_point_session_hour",
        include_str!("../../../deploy/clickhouse/views/22_v_charge_point_session_hour.sql"),
    ),
    repeatable(
        "24_v_unit_now",
        include_str!("../../../deploy/clickhouse/views/24_v_unit_now.sql"),
    ),
    repeatable(
        "30_v_station_hour",
        include_str!("../../../deploy/clickhouse/views/30_v_station_hour.sql"),
    ),
    repeatable(
        "31_v_unit_hour",
        include_str!("../../../deploy/clickhouse/views/31_v_unit_hour.sql"),
    ),
    repeatable(
        "32_v_unit_day",
        include_str!("../../../deploy/clickhouse/views/32_v_unit_day.sql"),
    ),
    repeatable(
        "33_v_unit_power_class_day",
        include_str!("../../../deploy/clickhouse/views/33_v_unit_power_class_day.sql"),
    ),
    repeatable(
        "34_v_territory_hour",
        include_str!("../../../deploy/clickhouse/views/34_v_territory_hour.sql"),
    ),
    repeatable(
        "35_v_territory_day",
        include_str!("../../../deploy/clickhouse/views/35_v_territory_day.sql"),
    ),
    repeatable(
        "36_v_territory_power_class_day",
        include_str!("../../../deploy/clickhouse/views/36_v_territory_power_class_day.sql"),
    ),
    repeatable(
        "40_v_failure_episode",
        include_str!("../../../deploy/clickhouse/views/40_v_failure_episode.sql"),
    ),
    repeatable(
        "50_v_open_failure",
        include_str!("../../../deploy/clickhouse/views/50_v_open_failure.sql"),
    ),
    repeatable(
        "60_v_unit_week",
        include_str!("../../../deploy/clickhouse/views/60_v_unit_week.sql"),
    ),
    repeatable(
        "62_v_unit_month_quality",
        include_str!("../../../deploy/clickhouse/views/62_v_unit_month_quality.sql"),
    ),
    repeatable(
        "64_v_indicator",
        include_str!("../../../deploy/clickhouse/views/64_v_indicator.sql"),
    ),
    repeatable(
        "66_v_quality",
        include_str!("../../../deploy/clickhouse/views/66_v_quality.sql"),
    ),
    repeatable(
        "68_v_rejected_event",
        include_str!("../../../deploy/clickhouse/views/68_v_rejected_event.sql"),
    ),
    repeatable(
        "69_v_correction",
        include_str!("../../../deploy/clickhouse/views/69_v_correction.sql"),
    ),
    repeatable(
        "70_v_station_week",
        include_str!("../../../deploy/clickhouse/views/70_v_station_week.sql"),
    ),
    repeatable(
        "80_v_conservation",
        include_str!("../../../deploy/clickhouse/views/80_v_conservation.sql"),
    ),
    repeatable(
        "82_v_rollup_mismatch",
        include_str!("../../../deploy/clickhouse/views/82_v_rollup_mismatch.sql"),
    ),
    repeatable(
        "90_v_sink_gap",
        include_str!("../../../deploy/clickhouse/views/90_v_sink_gap.sql"),
    ),
    repeatable(
        "92_v_sink_freshness",
        include_str!("../../../deploy/clickhouse/views/92_v_sink_freshness.sql"),
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn files(folder: &str) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let stem = |entry: std::io::Result<std::fs::DirEntry>| {
            let path = entry.unwrap().path();
            let is_sql = path.extension().is_some_and(|extension| extension == "sql");
            is_sql.then(|| path.file_stem().unwrap().to_string_lossy().into_owned())
        };
        std::fs::read_dir(folder)
            .unwrap()
            .filter_map(stem)
            .collect()
    }

    fn names(kind: Kind) -> Vec<String> {
        let of_kind = CATALOGUE.iter().filter(|migration| migration.kind == kind);
        of_kind.map(|migration| migration.name.to_owned()).collect()
    }

    #[test]
    fn every_file_is_in_the_catalogue_in_order() {
        let versioned = names(Kind::Versioned);
        assert!(versioned.is_sorted());
        assert_eq!(
            versioned.into_iter().collect::<BTreeSet<_>>(),
            files("../deploy/clickhouse")
        );
        let repeatable = names(Kind::Repeatable);
        assert!(repeatable.is_sorted());
        let found = files("../deploy/clickhouse/views");
        assert_eq!(repeatable.into_iter().collect::<BTreeSet<_>>(), found);
    }
}
