//! A database of one test, on the server of `CLICKHOUSE_URL` or on a local one that ends with it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use clap::Parser as _;
use indicator_sink::config::{ClickHouseArgs, Command as SinkCommand, Config};
use indicator_sink::migrate::migrate;
use indicator_sink::writer::{ClickHouse, InsertSettings};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long a start may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The database, and the server if it is its own.
#[derive(Debug)]
pub(crate) struct Database {
    args: ClickHouseArgs,
    _local: Option<(Child, TempDir)>,
}

impl Database {
    /// An empty server; the database does not exist yet.
    pub(crate) async fn empty() -> Self {
        let (url, local) = if let Some(url) = variable("CLICKHOUSE_URL") {
            (url, None)
        } else {
            let (url, child, data) = start().await;
            (url, Some((child, data)))
        };
        let database = format!("sink_{}", uuid::Uuid::now_v7().simple());
        let flags = [
            "indicator-sink",
            "--clickhouse-url",
            &url,
            "--clickhouse-database",
            &database,
        ];
        let Ok(SinkCommand::Run(args)) = Config::try_parse_from(flags).map(Config::into_command)
        else {
            panic!("flags of the sink changed");
        };
        Self {
            args: args.clickhouse,
            _local: local,
        }
    }

    /// A database with the present schema.
    pub(crate) async fn migrated() -> Self {
        let database = Self::empty().await;
        migrate(database.args()).await.unwrap();
        database
    }

    pub(crate) fn args(&self) -> &ClickHouseArgs {
        &self.args
    }

    pub(crate) fn writer(&self) -> ClickHouse {
        let settings = InsertSettings {
            is_replicated: false,
        };
        ClickHouse::new(self.args.client(), settings)
    }

    /// The one value that a query gives, as text.
    pub(crate) async fn value(&self, query: &str) -> String {
        let query = format!("SELECT ifNull(toString(({query})), 'NULL')");
        let client = self.args.client();
        client
            .query_raw(&query)
            .fetch_one::<String>()
            .await
            .unwrap()
    }

    pub(crate) async fn execute(&self, statement: &str) {
        let client = self.args.client();
        client.query_raw(statement).execute().await.unwrap();
    }
}

/// Starts the local server on a free port.
async fn start() -> (String, Child, TempDir) {
    let data = TempDir::new().unwrap();
    let mut child = Command::new(program())
        .arg("--library")
        .arg(library())
        .args(["--listen", "127.0.0.1:0", "--path"])
        .arg(data.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    tokio::time::timeout(PATIENCE, output.read_line(&mut line))
        .await
        .unwrap()
        .unwrap();
    let url = line.trim_end().strip_prefix("listening on ").unwrap();
    (url.to_owned(), child, data)
}

/// The local server: it lies beside the folder of this test.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap();
    let program = folder.join("clickhouse-server");
    assert!(
        program.is_file(),
        "no server at {}: run `cargo build -p clickhouse-server`, or set CLICKHOUSE_URL",
        program.display()
    );
    program
}

/// The engine: `CHDB_LIBRARY`, or what `make fetch` brought.
fn library() -> PathBuf {
    let path = variable("CHDB_LIBRARY").map_or_else(fetched_library, PathBuf::from);
    assert!(
        path.is_file(),
        "no engine at {}: run `make fetch`, or set CHDB_LIBRARY, or CLICKHOUSE_URL for a server",
        path.display()
    );
    path
}

fn fetched_library() -> PathBuf {
    let home = || PathBuf::from(variable("HOME").unwrap_or_default());
    let default = || {
        let caches =
            variable("XDG_CACHE_HOME").map_or_else(|| home().join(".cache"), PathBuf::from);
        caches.join("qualicharge-stream")
    };
    let cache = variable("QUALICHARGE_CACHE").map_or_else(default, PathBuf::from);
    let pins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/local/pins.env");
    let pins = std::fs::read_to_string(pins).unwrap();
    let version = pins
        .lines()
        .find_map(|line| line.strip_prefix("CHDB_VERSION="))
        .expect("pins.env names CHDB_VERSION");
    cache.join("chdb").join(version).join("libchdb.so")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no command line of its own"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
