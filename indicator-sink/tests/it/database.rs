//! A database of one test, on the server of `CLICKHOUSE_URL` or on a local one that all tests of the
//! process share and that ends with it.
//!
//! A schema takes longer than most tests, so a database with the present one is emptied and used again.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use clap::Parser as _;
use indicator_sink::config::{ClickHouseArgs, Command as SinkCommand, Config};
use indicator_sink::migrate::migrate;
use indicator_sink::writer::{ClickHouse, InsertSettings};
use tokio::sync::OnceCell;

/// Runs the server until the test process has gone: then the pipe to `cat` is closed, however it ended.
const GUARDED: &str = r#"data=$(mktemp -d) || exit 1
"$1" --library "$2" --listen 127.0.0.1:0 --path "$data" </dev/null &
server=$!
cat >/dev/null
kill "$server"
wait "$server"
rm -rf "$data""#;

/// Tables whose content is the same in every test: the schema's own, and what is seeded.
const KEPT: &str = "'schema_migration', 'policy', 'territory'";

static SERVER: OnceCell<Server> = OnceCell::const_new();

/// Databases with the present schema that tests have left as they were.
static USED: Mutex<Vec<ClickHouseArgs>> = Mutex::new(Vec::new());

/// Databases that nobody needs any more: their views refresh themselves until they are dropped.
static LEFT: Mutex<Vec<ClickHouseArgs>> = Mutex::new(Vec::new());

#[derive(Debug)]
struct Server {
    url: String,
    /// The process, and the pipes that it ends without.
    _local: Option<(Child, BufReader<ChildStdout>)>,
}

/// The database.
#[derive(Debug)]
pub(crate) struct Database {
    args: ClickHouseArgs,
    /// Where it goes after the test.
    after: &'static Mutex<Vec<ClickHouseArgs>>,
}

impl Drop for Database {
    fn drop(&mut self) {
        let mut after = self.after.lock().unwrap_or_else(PoisonError::into_inner);
        after.push(self.args.clone());
    }
}

impl Database {
    /// A name on the server; the database does not exist yet.
    pub(crate) async fn empty() -> Self {
        let left = std::mem::take(&mut *LEFT.lock().unwrap_or_else(PoisonError::into_inner));
        for args in left {
            let drop = format!("DROP DATABASE IF EXISTS {} SYNC", args.clickhouse_database);
            args.server().query_raw(&drop).execute().await.unwrap();
        }
        let server = SERVER.get_or_init(server).await;
        let database = format!("sink_{}", uuid::Uuid::now_v7().simple());
        let flags = [
            "indicator-sink",
            "--clickhouse-url",
            &server.url,
            "--clickhouse-database",
            &database,
        ];
        let Ok(SinkCommand::Run(args)) = Config::try_parse_from(flags).map(Config::into_command)
        else {
            panic!("flags of the sink changed");
        };
        Self {
            args: args.clickhouse,
            after: &LEFT,
        }
    }

    /// A database with the present schema that the test may change: nobody has it after that.
    pub(crate) async fn fresh() -> Self {
        let database = Self::empty().await;
        migrate(database.args()).await.unwrap();
        database
    }

    /// A database with the present schema, without rows but those of [`KEPT`], whose views refresh only
    /// when they are told.
    pub(crate) async fn migrated() -> Self {
        let used = USED.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(args) = used {
            let database = Self { args, after: &USED };
            database.clear().await;
            return database;
        }
        let mut database = Self::fresh().await;
        let views = "SELECT view FROM system.view_refreshes WHERE database = currentDatabase()";
        for view in database.list(views).await {
            let rarely = format!("ALTER TABLE {view} MODIFY REFRESH EVERY 10 YEAR APPEND");
            database.execute(&rarely).await;
            database.execute(&format!("SYSTEM WAIT VIEW {view}")).await;
        }
        database.after = &USED;
        database
    }

    async fn clear(&self) {
        self.execute("SYSTEM START MERGES indicator").await;
        let tables = format!(
            "SELECT name FROM system.tables WHERE database = currentDatabase() \
             AND engine LIKE '%MergeTree' AND name NOT IN ({KEPT})"
        );
        for table in self.list(&tables).await {
            self.execute(&format!("TRUNCATE TABLE {table}")).await;
        }
    }

    async fn list(&self, query: &str) -> Vec<String> {
        let client = self.args.client();
        client.query_raw(query).fetch_all().await.unwrap()
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

/// The server of the environment, or a local one on a free port.
async fn server() -> Server {
    if let Some(url) = variable("CLICKHOUSE_URL") {
        return Server { url, _local: None };
    }
    tokio::task::spawn_blocking(start).await.unwrap()
}

fn start() -> Server {
    let mut child = Command::new("sh")
        .args(["-c", GUARDED, "sh"])
        .args([program(), library()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("listening on ");
    Server {
        url: url.expect("the server says where it listens").to_owned(),
        _local: Some((child, output)),
    }
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
