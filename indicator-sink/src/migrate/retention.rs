//! How long rows stay: a TTL per table, set or removed by `migrate`, never by a `CREATE`.
//!
//! Rows older than a TTL vanish at the next merge, silently. Tests, the demo and back-fills of old
//! data therefore run with `--retention=off`.

use clap::{Args, ValueEnum};
use clickhouse::Client;

/// Whether rows expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Retention {
    /// Every table keeps what its flag says.
    On,
    /// Everything stays.
    Off,
}

/// Flags about how long rows stay.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Retention")]
pub struct RetentionArgs {
    /// Whether old rows are dropped; `off` for tests and for back-fills of old data
    #[arg(long, env = "SINK_RETENTION", value_enum, default_value_t = Retention::On)]
    pub retention: Retention,
    /// Days that statuses stay, 1 to 36500
    #[arg(long, env = "SINK_RETENTION_STATUS_DAYS", value_name = "DAYS", default_value_t = 400,
          value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub retention_status_days: u32,
    /// Days that hours of charge points and stations stay, 1 to 36500
    #[arg(long, env = "SINK_RETENTION_HOUR_DAYS", value_name = "DAYS", default_value_t = 760,
          value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub retention_hour_days: u32,
    /// Days that sessions, episodes and hourly roll-ups stay, 1 to 36500
    #[arg(long, env = "SINK_RETENTION_LONG_DAYS", value_name = "DAYS", default_value_t = 1_826,
          value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub retention_long_days: u32,
    /// Days that rejected events stay, 1 to 36500
    #[arg(long, env = "SINK_RETENTION_REJECTED_DAYS", value_name = "DAYS", default_value_t = 90,
          value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub retention_rejected_days: u32,
    /// Days that audits of ranges stay, 1 to 36500
    #[arg(long, env = "SINK_RETENTION_AUDIT_DAYS", value_name = "DAYS", default_value_t = 30,
          value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub retention_audit_days: u32,
}

impl RetentionArgs {
    /// Each table, the column that its partition is a function of, and its days.
    fn tables(&self) -> [(&'static str, &'static str, u32); 10] {
        let (hour, long) = (self.retention_hour_days, self.retention_long_days);
        [
            (
                "charge_point_status",
                "event_time",
                self.retention_status_days,
            ),
            ("charge_session", "started_at", long),
            ("distinct_session", "started_at", long),
            ("charge_point_hour", "window_start", hour),
            ("station_hour", "window_start", hour),
            ("unit_hour", "window_start", long),
            ("territory_hour", "window_start", long),
            ("failure_episode", "opened_at", long),
            (
                "rejected_event",
                "origin_time",
                self.retention_rejected_days,
            ),
            ("sink_batch", "inserted_at", self.retention_audit_days),
        ]
    }

    /// The statement that gives `table`, whose engine is `engine`, what is asked for; none when it
    /// is so.
    fn statement(&self, table: &str, engine: &str) -> Option<String> {
        let tables = self.tables();
        let (_, column, days) = tables.iter().find(|(name, _, _)| *name == table)?;
        let ttl = format!("toDateTime({column}) + toIntervalDay({days})");
        match self.retention {
            Retention::On if engine.contains(&format!(" TTL {ttl}")) => None,
            Retention::On => Some(format!(
                "ALTER TABLE {table} MODIFY TTL {ttl} SETTINGS materialize_ttl_after_modify = 0"
            )),
            Retention::Off if !engine.contains(" TTL ") => None,
            Retention::Off => Some(format!("ALTER TABLE {table} REMOVE TTL")),
        }
    }

    /// The statements that are missing in the database of `client`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn missing(&self, client: &Client) -> clickhouse::error::Result<Vec<String>> {
        let query = "SELECT name, engine_full FROM system.tables \
                     WHERE database = currentDatabase() ORDER BY name";
        let tables: Vec<(String, String)> = client.query_raw(query).fetch_all().await?;
        let local = |name: &str| name.strip_suffix("_local").unwrap_or(name).to_owned();
        Ok(tables
            .iter()
            .filter(|(_, engine)| engine.contains("MergeTree"))
            .filter_map(|(name, engine)| self.statement(&local(name), engine))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        retention: RetentionArgs,
    }

    fn args(flags: &[&str]) -> RetentionArgs {
        let flags = std::iter::once("x").chain(flags.iter().copied());
        Command::try_parse_from(flags).unwrap().retention
    }

    #[test]
    fn a_table_is_altered_only_when_it_differs() {
        let plain = "ReplacingMergeTree(a) ORDER BY b SETTINGS ttl_only_drop_parts = 1";
        let expiring = "ReplacingMergeTree(a) ORDER BY b \
                        TTL toDateTime(opened_at) + toIntervalDay(1826) SETTINGS x = 1";
        let on = args(&[]);
        assert!(on.statement("failure_episode", plain).is_some());
        assert_eq!(on.statement("failure_episode", expiring), None);
        assert_eq!(on.statement("policy", plain), None);
        let longer = args(&["--retention-long-days=9999"]);
        let statement = longer.statement("failure_episode", expiring).unwrap();
        assert!(statement.contains("toIntervalDay(9999)"), "{statement}");
        let off = args(&["--retention=off"]);
        assert_eq!(off.statement("failure_episode", plain), None);
        let statement = off.statement("failure_episode", expiring).unwrap();
        assert_eq!(statement, "ALTER TABLE failure_episode REMOVE TTL");
    }
}
