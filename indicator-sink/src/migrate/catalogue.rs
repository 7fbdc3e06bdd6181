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
pub const CATALOGUE: [Migration; 21] = [
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
    repeatable(
        "10_v_data_as_of",
        include_str!("../../../deploy/clickhouse/views/10_v_data_as_of.sql"),
    ),
    repeatable(
        "20_v_charge_point_hour",
        include_str!("../../../deploy/clickhouse/views/20_v_charge_point_hour.sql"),
    ),
    repeatable(
        "30_v_station_hour",
        include_str!("../../../deploy/clickhouse/views/30_v_station_hour.sql"),
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
        "70_v_station_week",
        include_str!("../../../deploy/clickhouse/views/70_v_station_week.sql"),
    ),
    repeatable(
        "80_v_conservation",
        include_str!("../../../deploy/clickhouse/views/80_v_conservation.sql"),
    ),
    repeatable(
        "90_v_sink_gap",
        include_str!("../../../deploy/clickhouse/views/90_v_sink_gap.sql"),
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
