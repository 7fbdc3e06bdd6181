//! The same statements for one server, for replicas and for shards.
//!
//! The files under `deploy/clickhouse` are written for one server, so that anybody can run them by
//! hand; this file rewrites them. Pure. A checksum is that of the text for one server, so that
//! `run` need not know the flavour.
//!
//! | | one server | replicated | sharded |
//! |---|---|---|---|
//! | after the name of an object | – | `ON CLUSTER` | `ON CLUSTER` |
//! | engines | `…MergeTree` | `Replicated…MergeTree` | the same; one path for all shards where every shard needs all rows |
//! | deduplication | 10,000 blocks | 10,000 blocks and a day | the same |
//! | a table with a sharding key | `t` | `t` | `t_local`, and `t` as `Distributed` over it |
//! | a view that fills a table | `t` | `t` | `t_local`, from `…_local` |

use clap::ValueEnum;

/// What the database runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Flavour {
    /// One server.
    Plain,
    /// Replicas of one shard.
    Replicated,
    /// Shards with replicas.
    Sharded,
}

/// Tables that are divided among shards, and by what. A row never changes its shard: the station
/// is in the key of each figure, and a record's own station never changes.
const SHARDED: [(&str, &str); 15] = [
    ("charge_point", "cityHash64(station_id)"),
    ("charge_point_revision", "cityHash64(station_id)"),
    ("charge_point_status", "cityHash64(station_id)"),
    ("latest_status", "cityHash64(station_id)"),
    ("charge_session", "cityHash64(station_id)"),
    ("distinct_session", "cityHash64(station_id)"),
    ("charge_point_hour", "cityHash64(station_id)"),
    ("station_hour", "cityHash64(station_id)"),
    ("failure_episode", "cityHash64(station_id)"),
    ("rejected_event", "cityHash64(operational_unit)"),
    ("unit_hour", "cityHash64(operational_unit)"),
    ("unit_day", "cityHash64(operational_unit)"),
    ("territory_hour", "cityHash64(code)"),
    ("territory_day", "cityHash64(code)"),
    ("indicator", "cityHash64(target)"),
];

/// What deduplication by token remembers on one server.
const PLAIN_WINDOW: &str = "non_replicated_deduplication_window = 10000";

/// What it remembers on replicas.
const REPLICATED_WINDOW: &str = "replicated_deduplication_window = 10000, \
                                 replicated_deduplication_window_seconds = 86400";

/// The heads of statements that are followed by the name of an object.
const HEADS: [&str; 7] = [
    "CREATE TABLE IF NOT EXISTS ",
    "CREATE MATERIALIZED VIEW IF NOT EXISTS ",
    "CREATE MATERIALIZED VIEW ",
    "CREATE OR REPLACE VIEW ",
    "CREATE VIEW IF NOT EXISTS ",
    "ALTER TABLE ",
    "DROP VIEW IF EXISTS ",
];

impl Flavour {
    /// The statements that stand for `plain` on a cluster called `cluster`.
    pub fn of(self, plain: &str, cluster: &str) -> Vec<String> {
        if self == Self::Plain {
            return vec![plain.to_owned()];
        }
        let Some((head, name, rest)) = parts(plain) else {
            return vec![plain.to_owned()];
        };
        let on_cluster = format!(" ON CLUSTER '{}'", cluster.replace('\'', "\\'"));
        let rest = rest.replace(PLAIN_WINDOW, REPLICATED_WINDOW);
        let is_sharded = self == Self::Sharded;
        let key = sharding_key(name).filter(|_| is_sharded);
        let rest = replicated(&rest, is_sharded && key.is_none());
        let fills = head.starts_with("CREATE MATERIALIZED VIEW");
        let rest = if is_sharded && fills {
            local_words(&rest)
        } else {
            rest
        };
        let Some(key) = key else {
            return vec![format!("{head}{name}{on_cluster}{rest}")];
        };
        let mut statements = vec![format!("{head}{name}_local{on_cluster}{rest}")];
        if head == "CREATE TABLE IF NOT EXISTS " {
            statements.push(format!(
                "CREATE TABLE IF NOT EXISTS {name}{on_cluster} AS {name}_local\n\
                 ENGINE = Distributed('{cluster}', currentDatabase(), '{name}_local', {key})"
            ));
        }
        statements
    }
}

/// The head of a statement, the name of its object, and the rest.
fn parts(statement: &str) -> Option<(&'static str, &str, &str)> {
    let head = HEADS.into_iter().find(|head| statement.starts_with(head))?;
    let tail = statement.strip_prefix(head)?;
    let end = tail.find(|character: char| !is_word(character))?;
    let (name, rest) = tail.split_at(end);
    Some((head, name, rest))
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn sharding_key(table: &str) -> Option<&'static str> {
    let found = SHARDED.into_iter().find(|(name, _)| *name == table);
    found.map(|(_, key)| key)
}

/// Puts the replicated engine in place of the plain one; `is_everywhere`: with a path that all
/// shards share, so that each of them holds every row.
fn replicated(rest: &str, is_everywhere: bool) -> String {
    let Some((before, engine)) = rest.split_once("\nENGINE = ") else {
        return rest.to_owned();
    };
    let end = engine.find(|character: char| !is_word(character));
    let (name, tail) = engine.split_at(end.unwrap_or(engine.len()));
    let path = "'/clickhouse/tables/{uuid}/all', '{shard}-{replica}'";
    let tail = match (is_everywhere, tail.strip_prefix('(')) {
        (false, _) => tail.to_owned(),
        (true, Some(arguments)) => format!("({path}, {arguments}"),
        (true, None) => format!("({path}){tail}"),
    };
    format!("{before}\nENGINE = Replicated{name}{tail}")
}

/// Puts the local table in place of every table that is divided, outside of quotes.
fn local_words(text: &str) -> String {
    let mut rendered = String::with_capacity(text.len() + 64);
    let (mut word, mut is_quoted) = (String::new(), false);
    for character in text.chars().chain(std::iter::once('\n')) {
        if is_word(character) {
            word.push(character);
            continue;
        }
        rendered.push_str(&word);
        // Columns have other names than tables, so a word that is a table stands for it.
        if !is_quoted && sharding_key(&word).is_some() {
            rendered.push_str("_local");
        }
        word.clear();
        is_quoted ^= character == '\'' && !rendered.ends_with('\\');
        rendered.push(character);
    }
    rendered.pop();
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "CREATE TABLE IF NOT EXISTS station_hour (\n    a String\n)\n\
                         ENGINE = ReplacingMergeTree(version, is_deleted)\nORDER BY a\n\
                         SETTINGS non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1";

    #[test]
    fn for_one_server_nothing_changes() {
        assert_eq!(Flavour::Plain.of(TABLE, "c"), [TABLE]);
    }

    #[test]
    fn a_replicated_table_is_made_on_the_cluster_with_a_window_in_keeper() {
        let rendered = Flavour::Replicated.of(TABLE, "c");
        assert_eq!(
            rendered,
            [
                "CREATE TABLE IF NOT EXISTS station_hour ON CLUSTER 'c' (\n    a String\n)\n\
              ENGINE = ReplicatedReplacingMergeTree(version, is_deleted)\nORDER BY a\n\
              SETTINGS replicated_deduplication_window = 10000, \
              replicated_deduplication_window_seconds = 86400, ttl_only_drop_parts = 1"
            ]
        );
    }

    #[test]
    fn a_sharded_table_is_local_under_a_distributed_one_of_its_name() {
        let rendered = Flavour::Sharded.of(TABLE, "c");
        assert!(
            rendered[0].starts_with("CREATE TABLE IF NOT EXISTS station_hour_local ON CLUSTER")
        );
        assert!(rendered[0].contains("ReplicatedReplacingMergeTree(version, is_deleted)"));
        assert_eq!(
            rendered[1],
            "CREATE TABLE IF NOT EXISTS station_hour ON CLUSTER 'c' AS station_hour_local\n\
             ENGINE = Distributed('c', currentDatabase(), 'station_hour_local', \
             cityHash64(station_id))"
        );
    }

    #[test]
    fn what_every_shard_needs_is_the_same_everywhere() {
        let plain = "CREATE TABLE IF NOT EXISTS policy (\n    a String\n)\n\
                     ENGINE = ReplacingMergeTree(version)\nORDER BY a";
        let rendered = Flavour::Sharded.of(plain, "c");
        assert_eq!(rendered.len(), 1);
        let engine = "ENGINE = ReplicatedReplacingMergeTree(\
                      '/clickhouse/tables/{uuid}/all', '{shard}-{replica}', version)";
        assert!(rendered[0].contains(engine), "{}", rendered[0]);
    }

    #[test]
    fn a_view_that_fills_a_table_reads_and_writes_its_own_shard() {
        let plain = "CREATE MATERIALIZED VIEW x_mv TO charge_point_revision (a String COMMENT \
                     'of \\'charge_point\\'') AS SELECT a, charge_point_id FROM charge_point";
        let rendered = Flavour::Sharded.of(plain, "c");
        assert_eq!(
            rendered,
            [
                "CREATE MATERIALIZED VIEW x_mv ON CLUSTER 'c' TO charge_point_revision_local \
              (a String COMMENT 'of \\'charge_point\\'') AS SELECT a, charge_point_id \
              FROM charge_point_local"
            ]
        );
        let view = "CREATE OR REPLACE VIEW v AS SELECT a FROM charge_point FINAL";
        let rendered = Flavour::Sharded.of(view, "c");
        assert_eq!(
            rendered,
            ["CREATE OR REPLACE VIEW v ON CLUSTER 'c' AS SELECT a FROM charge_point FINAL"]
        );
    }
}
