//! Brings the database to the present schema: `deploy/clickhouse` in order, once, by checksum.
//!
//! Versioned migrations are applied once and never change; repeatable ones, the views, are applied
//! again whenever their text changes. Running it twice does nothing; two at once are harmless,
//! since every statement stands whether its object exists or not.

mod catalogue;
mod columns;
mod flavour;
mod retention;

use std::io::Write as _;

use anyhow::Context as _;
use clickhouse::{Client, Row};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

pub use catalogue::{CATALOGUE, Kind, Migration};
pub use columns::{UnknownMark, render};
pub use flavour::Flavour;
pub use retention::{Retention, RetentionArgs};

use crate::config::{ClickHouseArgs, MigrateArgs};
use crate::disposition::code_of;
use crate::row::PolicyRow;
use crate::writer::{ClickHouse, InsertSettings};

/// ClickHouse's codes for a table and for a database that do not exist.
const NOT_THERE: [u32; 2] = [60, 81];

/// A migration as it is executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The name of its file.
    pub name: &'static str,
    /// How often it is applied.
    pub kind: Kind,
    /// Its statements, in order.
    pub statements: Vec<String>,
    /// SHA-256 of its text, hexadecimal.
    pub checksum: String,
}

impl Rendered {
    /// Its statements in a flavour, in order.
    pub fn in_flavour(&self, flavour: Flavour, cluster: &str) -> Vec<String> {
        let plain = self.statements.iter();
        plain
            .flat_map(|statement| flavour.of(statement, cluster))
            .collect()
    }
}

/// A migration that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Applied {
    /// The name of its file.
    pub name: String,
    /// SHA-256 of the text that was applied, hexadecimal.
    pub checksum: String,
}

/// A row of `schema_migration`.
#[derive(Debug, Row, Serialize)]
struct SchemaMigrationRow {
    name: String,
    kind: i8,
    checksum: String,
    duration_ms: u32,
    engine_version: String,
}

/// Why the schema cannot be brought forward.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The text of an applied migration changed.
    #[error(
        "migration {name} was applied with checksum {applied}, here it has {here}: \
         restore its text and write a new migration"
    )]
    Changed {
        /// Its name.
        name: &'static str,
        /// What was applied.
        applied: String,
        /// What there is.
        here: String,
    },
    /// A text holds a mark that means nothing.
    #[error(transparent)]
    Mark(#[from] UnknownMark),
}

/// Renders every migration.
///
/// # Errors
/// When a text holds a mark that means nothing.
pub fn rendered() -> Result<Vec<Rendered>, PlanError> {
    let render_one = |migration: &Migration| {
        let text = render(migration.text)?;
        let statements = text
            .split(";\n")
            .map(str::trim)
            .filter(|text| !text.is_empty());
        Ok(Rendered {
            name: migration.name,
            kind: migration.kind,
            statements: statements.map(ToOwned::to_owned).collect(),
            checksum: checksum(&text),
        })
    };
    CATALOGUE.iter().map(render_one).collect()
}

pub(crate) fn checksum(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Returns the migrations that are missing, in order.
///
/// # Errors
/// When an applied versioned migration has another text here.
pub fn missing(all: Vec<Rendered>, applied: &[Applied]) -> Result<Vec<Rendered>, PlanError> {
    let mut missing = Vec::new();
    for migration in all {
        let found = applied
            .iter()
            .find(|applied| applied.name == migration.name);
        match (found, migration.kind) {
            (Some(applied), _) if applied.checksum == migration.checksum => {}
            (Some(applied), Kind::Versioned) => {
                return Err(PlanError::Changed {
                    name: migration.name,
                    applied: applied.checksum.clone(),
                    here: migration.checksum,
                });
            }
            (Some(_), Kind::Repeatable) | (None, _) => missing.push(migration),
        }
    }
    Ok(missing)
}

/// Runs `indicator-sink migrate`.
///
/// # Errors
/// When the database does not answer, refuses a statement or, with `--check`, is behind.
pub async fn command(args: &MigrateArgs) -> anyhow::Result<()> {
    let database = &args.clickhouse.clickhouse_database;
    if args.print {
        return print(args);
    }
    if args.check {
        let missing = missing_in(&args.clickhouse).await?;
        let names: Vec<_> = missing.iter().map(|migration| migration.name).collect();
        anyhow::ensure!(
            names.is_empty(),
            "database {database} lacks {}: run `indicator-sink migrate`",
            names.join(", ")
        );
        return say(&format!("database {database} is up to date"));
    }
    let applied = migrate_as(&args.clickhouse, args.flavour, &args.cluster).await?;
    for name in &applied {
        say(&format!("applied {name}"))?;
    }
    let client = args.clickhouse.client();
    let missing = args.retention.missing(&client).await;
    for plain in missing.context("asking for the retention of tables")? {
        for statement in args.flavour.of(&plain, &args.cluster) {
            execute(&client, &statement)
                .await
                .with_context(|| format!("setting the retention: {statement}"))?;
            say(&statement)?;
        }
    }
    say(&format!(
        "database {database} is up to date, {} applied",
        applied.len()
    ))
}

/// Applies what is missing on one server and returns the names.
///
/// # Errors
/// When the database does not answer or refuses a statement.
pub async fn migrate(args: &ClickHouseArgs) -> anyhow::Result<Vec<&'static str>> {
    migrate_as(args, Flavour::Plain, "").await
}

/// Applies what is missing, in a flavour, and returns the names.
///
/// # Errors
/// When the database does not answer or refuses a statement.
pub async fn migrate_as(
    args: &ClickHouseArgs,
    flavour: Flavour,
    cluster: &str,
) -> anyhow::Result<Vec<&'static str>> {
    let server = args.server();
    let create = create_database(&args.clickhouse_database, flavour, cluster);
    execute(&server, &create)
        .await
        .context("creating the database")?;
    let version: String = server
        .query_raw("SELECT version()")
        .fetch_one()
        .await
        .context("asking the server for its version")?;
    let client = args.client();
    let settings = InsertSettings {
        is_replicated: false,
    };
    let writer = ClickHouse::new(client.clone(), settings);
    let mut names = Vec::new();
    for migration in missing_in(args).await? {
        let start = Instant::now();
        for statement in migration.in_flavour(flavour, cluster) {
            execute(&client, &statement)
                .await
                .with_context(|| format!("applying migration {}", migration.name))?;
        }
        let row = SchemaMigrationRow {
            name: migration.name.to_owned(),
            kind: match migration.kind {
                Kind::Versioned => 1,
                Kind::Repeatable => 2,
            },
            checksum: migration.checksum,
            duration_ms: u32::try_from(start.elapsed().as_millis()).unwrap_or(u32::MAX),
            engine_version: version.clone(),
        };
        let token = format!("{}-{}", row.name, row.checksum);
        writer
            .insert_owned("schema_migration", &[row], &token)
            .await
            .context("noting the migration")?;
        names.push(migration.name);
    }
    seed_policy(&client, &writer).await?;
    Ok(names)
}

/// Returns what the database lacks.
///
/// # Errors
/// When it does not answer, or an applied migration has another text here.
pub async fn missing_in(args: &ClickHouseArgs) -> anyhow::Result<Vec<Rendered>> {
    let found = args
        .client()
        .query_raw("SELECT name, checksum FROM schema_migration FINAL ORDER BY name")
        .fetch_all::<Applied>()
        .await;
    let applied = match found {
        Ok(applied) => applied,
        Err(error) if code_of(&error).is_some_and(|code| NOT_THERE.contains(&code)) => Vec::new(),
        Err(error) => {
            let url = &args.clickhouse_url;
            return Err(error).with_context(|| {
                format!("asking ClickHouse at {url} for its migrations: is it up, is CLICKHOUSE_URL right")
            });
        }
    };
    Ok(missing(rendered()?, &applied)?)
}

/// Inserts the default policy, unless the same one is there.
async fn seed_policy(client: &Client, writer: &ClickHouse) -> anyhow::Result<()> {
    let row = PolicyRow::default_policy();
    let found = client
        .query("SELECT ?fields FROM policy FINAL WHERE policy = ?")
        .bind(&row.policy)
        .fetch_optional::<PolicyRow>()
        .await
        .context("reading table policy")?;
    if found.as_ref() == Some(&row) {
        return Ok(());
    }
    let token = format!("{}-{}", row.policy, checksum(&row.parameters));
    writer
        .insert_owned("policy", &[row], &token)
        .await
        .context("seeding table policy")
}

async fn execute(client: &Client, statement: &str) -> clickhouse::error::Result<()> {
    client.query_raw(statement).execute().await
}

fn create_database(database: &str, flavour: Flavour, cluster: &str) -> String {
    let on_cluster = match flavour {
        Flavour::Plain => String::new(),
        Flavour::Replicated | Flavour::Sharded => format!(" ON CLUSTER '{cluster}'"),
    };
    let database = database.replace('`', "``");
    format!("CREATE DATABASE IF NOT EXISTS `{database}`{on_cluster}")
}

/// Prints every statement as it would be executed.
fn print(args: &MigrateArgs) -> anyhow::Result<()> {
    let (flavour, cluster) = (args.flavour, &args.cluster);
    let create = create_database(&args.clickhouse.clickhouse_database, flavour, cluster);
    say(&format!("{create};\n"))?;
    for migration in rendered()? {
        say(&format!("-- {}", migration.name))?;
        for statement in migration.in_flavour(flavour, cluster) {
            say(&format!("{statement};\n"))?;
        }
    }
    Ok(())
}

fn say(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").context("writing to standard output")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(all: &[Rendered]) -> Vec<Applied> {
        let one = |migration: &Rendered| Applied {
            name: migration.name.to_owned(),
            checksum: migration.checksum.clone(),
        };
        all.iter().map(one).collect()
    }

    #[test]
    fn what_is_applied_is_not_missing() {
        let all = rendered().unwrap();
        let half = applied(all.get(..3).unwrap());
        let names = |missing: Vec<Rendered>| -> Vec<_> {
            missing
                .into_iter()
                .map(|migration| migration.name)
                .collect()
        };
        let expected: Vec<_> = CATALOGUE.iter().skip(3).map(|one| one.name).collect();
        assert_eq!(names(missing(all.clone(), &half).unwrap()), expected);
        assert!(missing(all.clone(), &applied(&all)).unwrap().is_empty());
    }

    #[test]
    fn a_versioned_migration_that_changed_is_refused_and_a_view_is_applied_again() {
        let all = rendered().unwrap();
        let mut changed = applied(&all);
        changed.last_mut().unwrap().checksum = "old".to_owned();
        let again = missing(all.clone(), &changed).unwrap();
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].kind, Kind::Repeatable);
        changed[1].checksum = "old".to_owned();
        let error = missing(all, &changed).unwrap_err();
        assert!(error.to_string().contains("0020_policy"), "{error}");
    }

    #[test]
    fn a_versioned_migration_is_one_statement_without_marks() {
        for (migration, rendered) in CATALOGUE.iter().zip(rendered().unwrap()) {
            if migration.kind == Kind::Versioned {
                assert_eq!(rendered.statements.len(), 1, "{}", migration.name);
                assert!(!migration.text.contains("{{"), "{}", migration.name);
                assert!(
                    migration.text.contains("IF NOT EXISTS"),
                    "{}",
                    migration.name
                );
            }
        }
    }
}
