//! The engine: one library, one data folder, and a fresh connection for each request.
//!
//! A connection is a session, so settings cannot leak from one request to the next. One connection stays open for the
//! life of the process, because the engine stops with its last one. Blocking: called on blocking threads only.

use std::ffi::CString;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;

use crate::config::Config;
use crate::error::{Kind, ServerError};
use crate::ffi::{Connection, InsertStream, Library, Output};
use crate::request::Request;

/// The running engine.
#[derive(Debug)]
pub(crate) struct Engine {
    library: &'static Library,
    arguments: Vec<CString>,
    anchor: Mutex<Option<Connection>>,
    max_result_bytes: u64,
    identity: Identity,
}

/// What the engine says of itself in the headers of each response.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    /// `version()`.
    pub(crate) version: String,
    /// `timezone()`.
    pub(crate) timezone: String,
}

impl Engine {
    /// Opens the library and the data folder.
    pub(crate) fn start(config: &Config) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&config.path)
            .with_context(|| format!("creating the data folder {}", config.path.display()))?;
        let path = config.path.canonicalize()?;
        let server_config = match &config.config {
            Some(file) => file.canonicalize()?,
            None => {
                write_configuration(&path).context("writing the configuration of the engine")?
            }
        };
        let arguments = [
            "clickhouse".to_owned(),
            format!("--path={}", path.display()),
            format!("--config-file={}", server_config.display()),
        ];
        let arguments = arguments
            .into_iter()
            .map(CString::new)
            .collect::<Result<Vec<_>, _>>()?;
        let library = Library::open(&config.library)?;
        let mut anchor = library.connect(&arguments)?;
        let ask = b"SELECT version(), timezone()";
        let answer = anchor
            .query(ask, "TabSeparated", &[])
            .map_err(anyhow::Error::msg)?;
        let answer = String::from_utf8_lossy(&answer.content)
            .trim_end()
            .to_owned();
        let (version, timezone) = answer
            .split_once('\t')
            .context("the engine does not tell its version")?;
        let identity = Identity {
            version: version.to_owned(),
            timezone: timezone.to_owned(),
        };
        let max_result_bytes = config.max_result_bytes;
        Ok(Self {
            library,
            arguments,
            anchor: Mutex::new(Some(anchor)),
            max_result_bytes,
            identity,
        })
    }

    /// Version and time zone of the engine.
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Opens a session with the settings and the database of a request.
    pub(crate) fn session(&self, request: &Request) -> Result<Session, ServerError> {
        let connection = self
            .library
            .connect(&self.arguments)
            .map_err(|error| ServerError::new(Kind::UnknownException, error))?;
        let mut session = Session {
            connection,
            max_result_bytes: self.max_result_bytes,
        };
        session.prepare(request)?;
        Ok(session)
    }

    /// Asks every running statement to stop.
    pub(crate) fn cancel_all(&self) -> Result<(), ServerError> {
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = anchor.as_mut() {
            connection
                .query(b"KILL QUERY WHERE 1 ASYNC", "Null", &[])
                .map_err(|text| ServerError::from_engine(&text))?;
        }
        Ok(())
    }

    /// Closes the last connection and stops the engine; false when it refuses.
    pub(crate) fn shutdown(&self) -> bool {
        let anchor = self
            .anchor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(anchor);
        self.library.shutdown()
    }
}

/// A connection that carries the settings of one request.
#[derive(Debug)]
pub(crate) struct Session {
    connection: Connection,
    max_result_bytes: u64,
}

impl Session {
    /// Settings go through `SET` and the database through `USE`, so that unknown names are errors, as on a server.
    fn prepare(&mut self, request: &Request) -> Result<(), ServerError> {
        let ours = [
            ("implicit_select".to_owned(), "0".to_owned()), // the library turns it on; a server does not
            (
                "max_result_bytes".to_owned(),
                self.max_result_bytes.to_string(),
            ),
        ];
        let settings: Vec<String> = ours
            .iter()
            .chain(&request.settings)
            .map(|(name, value)| format!("{} = {}", quoted(name, '`'), quoted(value, '\'')))
            .collect();
        self.command(&format!("SET {}", settings.join(", ")))?;
        if let Some(database) = &request.database {
            self.command(&format!("USE {}", quoted(database, '`')))?;
        }
        Ok(())
    }

    fn command(&mut self, statement: &str) -> Result<(), ServerError> {
        match self.connection.query(statement.as_bytes(), "Null", &[]) {
            Ok(_) => Ok(()),
            Err(text) => Err(ServerError::from_engine(&text)),
        }
    }

    /// Runs a statement and gives its whole result.
    pub(crate) fn query(
        &mut self,
        statement: &[u8],
        format: &str,
        parameters: &[(String, String)],
    ) -> Result<Output, ServerError> {
        let output = self
            .connection
            .query(statement, format, parameters)
            .map_err(|text| ServerError::from_engine(&text))?;
        let size_bytes = output.content.len();
        if size_bytes as u64 > self.max_result_bytes {
            let message = format!(
                "Limit for result exceeded, max bytes: {}, current: {size_bytes}",
                self.max_result_bytes
            );
            return Err(ServerError::new(Kind::TooManyRowsOrBytes, message));
        }
        Ok(output)
    }

    /// Begins an `INSERT` whose data follow.
    pub(crate) fn insert(
        &mut self,
        head: &[u8],
        format: &str,
        parameters: &[(String, String)],
    ) -> Result<InsertStream<'_>, ServerError> {
        self.connection
            .insert(head, format, parameters)
            .map_err(|text| ServerError::from_engine(&text))
    }
}

/// A name or value in quotes, with quotes and backslashes escaped.
fn quoted(text: &str, quote: char) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for character in text.chars() {
        if character == quote || character == '\\' {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push(quote);
    quoted
}

/// Writes the built-in server configuration into the data folder.
fn write_configuration(path: &Path) -> std::io::Result<std::path::PathBuf> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let text = format!(
        "<clickhouse>
    <!-- Written at each start; the flag config names another one. -->
    <logger><level>none</level></logger>
    <timezone>UTC</timezone>
    <mark_cache_size>268435456</mark_cache_size>
    <max_server_memory_usage>3000000000</max_server_memory_usage>
    <background_pool_size>{cores}</background_pool_size>
</clickhouse>
"
    );
    let file = path.join("clickhouse-server.xml");
    std::fs::write(&file, text)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cannot_be_left() {
        assert_eq!(quoted(r"a'b\c`", '\''), r"'a\'b\\c`'");
        assert_eq!(quoted("a`b", '`'), r"`a\`b`");
    }
}
