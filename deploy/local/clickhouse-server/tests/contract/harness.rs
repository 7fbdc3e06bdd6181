//! Starts the server on a free port and a folder of its own, or takes the one that `CLICKHOUSE_URL` names.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use clickhouse::Client;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long a start, an answer or a stop may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server to ask, and a database of this test alone.
#[derive(Debug)]
pub(crate) struct Server {
    url: String,
    database: String,
    local: Option<Local>,
    http: reqwest::Client,
}

#[derive(Debug)]
struct Local {
    child: Child,
    data: TempDir,
    arguments: Vec<String>,
}

/// An answer over plain HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The text of a success; anything else fails the test.
    pub(crate) fn expect(self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        self.text()
    }

    /// The code of a failure, which header and text must agree on.
    pub(crate) fn code(&self) -> u32 {
        assert_ne!(self.status, 200, "{}", self.text());
        let code = self.header("x-clickhouse-exception-code");
        let prefix = format!("Code: {code}. DB::Exception: ");
        assert!(self.text().starts_with(&prefix), "{}", self.text());
        code.parse().unwrap()
    }
}

impl Server {
    /// The server that is asked: that of `CLICKHOUSE_URL`, or a local one.
    pub(crate) async fn start() -> Self {
        match variable("CLICKHOUSE_URL") {
            Some(url) => Self::with_database(url, None).await,
            None => Self::local(&[]).await,
        }
    }

    /// A local server with additional arguments.
    pub(crate) async fn local(arguments: &[&str]) -> Self {
        let data = TempDir::new().unwrap();
        let arguments: Vec<String> = arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect();
        let (child, url) = spawn(data.path(), &arguments).await;
        Self::with_database(
            url,
            Some(Local {
                child,
                data,
                arguments,
            }),
        )
        .await
    }

    async fn with_database(url: String, local: Option<Local>) -> Self {
        let database = format!("contract_{}", uuid::Uuid::now_v7().simple());
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        let server = Self {
            url,
            database,
            local,
            http,
        };
        if !server.has_password() {
            let create = format!("CREATE DATABASE {}", server.database);
            server
                .send(&[("database", "default")], create.into())
                .await
                .expect();
        }
        server
    }

    fn has_password(&self) -> bool {
        self.local.as_ref().is_some_and(|local| {
            local
                .arguments
                .iter()
                .any(|argument| argument == "--password")
        })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// A client as the sink uses it: LZ4 and validation.
    pub(crate) fn client(&self) -> Client {
        Client::default()
            .with_url(&self.url)
            .with_database(&self.database)
    }

    /// Runs a statement.
    pub(crate) async fn query(&self, statement: &str) -> Answer {
        self.send(&[], statement.to_owned().into()).await
    }

    /// Posts a body with arguments in the URL; the database of the test, unless one is given.
    pub(crate) async fn send(&self, arguments: &[(&str, &str)], body: Vec<u8>) -> Answer {
        self.send_with(arguments, &[], body).await
    }

    /// The same with headers.
    pub(crate) async fn send_with(
        &self,
        arguments: &[(&str, &str)],
        headers: &[(&'static str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let mut url = reqwest::Url::parse(&self.url).unwrap();
        if arguments.iter().all(|(name, _)| *name != "database") {
            url.query_pairs_mut()
                .append_pair("database", &self.database);
        }
        url.query_pairs_mut().extend_pairs(arguments);
        let mut request = self.http.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer {
            status,
            headers,
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    /// The first line of what a query gives.
    pub(crate) async fn value(&self, query: &str) -> String {
        self.query(query).await.expect().trim_end().to_owned()
    }

    /// Waits until statements that begin so are running, or until none is.
    pub(crate) async fn wait_until(&self, begin: &str, are_running: bool) {
        let count = format!(
            "SELECT countIf(startsWith(query, '{begin}')) > 0 FROM system.processes WHERE current_database = '{}'",
            self.database
        );
        let wait = async { while (self.value(&count).await == "1") != are_running {} };
        tokio::time::timeout(PATIENCE, wait).await.unwrap();
    }

    /// Ends the process without any warning to it.
    pub(crate) async fn kill(&mut self) {
        self.local.as_mut().unwrap().child.kill().await.unwrap();
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        let child = &mut self.local.as_mut().unwrap().child;
        let pid = child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .await
                .unwrap()
                .success()
        );
        tokio::time::timeout(PATIENCE, child.wait())
            .await
            .unwrap()
            .unwrap()
    }

    /// Starts the process again on the same data, after its end.
    pub(crate) async fn start_again(&mut self) {
        let local = self.local.as_mut().unwrap();
        (local.child, self.url) = spawn(local.data.path(), &local.arguments).await;
    }

    /// Folder of the data.
    pub(crate) fn data(&self) -> &Path {
        self.local.as_ref().unwrap().data.path()
    }
}

/// The program under test with its library and a free port.
pub(crate) fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clickhouse-server"));
    command
        .arg("--library")
        .arg(library())
        .args(["--listen", "127.0.0.1:0", "--path"])
        .arg(data);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

async fn spawn(data: &Path, arguments: &[String]) -> (Child, String) {
    let mut child = program(data)
        .args(arguments)
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    tokio::time::timeout(PATIENCE, output.read_line(&mut line))
        .await
        .unwrap()
        .unwrap();
    let url = line
        .trim_end()
        .strip_prefix("listening on ")
        .expect("the server tells its address")
        .to_owned();
    (child, url)
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
    let pins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pins.env");
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
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
