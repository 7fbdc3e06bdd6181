//! Flags and environment → [`Config`]. Knows nothing of the engine but where it lies.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Parser;

/// The command line. Each flag has an environment name, shown by `--help`.
#[derive(Debug, Parser)]
#[command(
    version,
    about = "The ClickHouse HTTP interface over libchdb, for demo, development and tests"
)]
pub struct Arguments {
    /// Folder of the data; created when absent. One process per folder.
    #[arg(
        long,
        env = "CLICKHOUSE_SERVER_PATH",
        required_unless_present = "limits"
    )]
    pub path: Option<PathBuf>,
    /// Address to listen on. Port 0 takes a free one; the address is printed on standard output.
    #[arg(
        long,
        env = "CLICKHOUSE_SERVER_LISTEN",
        default_value = "127.0.0.1:18123"
    )]
    pub listen: SocketAddr,
    /// The engine: path of `libchdb.so`, as fetched by `make fetch`.
    #[arg(long, env = "CHDB_LIBRARY", required_unless_present = "limits")]
    pub library: Option<PathBuf>,
    /// Server configuration (XML) given to the engine instead of the built-in one.
    #[arg(long, env = "CLICKHOUSE_SERVER_CONFIG")]
    pub config: Option<PathBuf>,
    /// Name of the only user.
    #[arg(long, env = "CLICKHOUSE_SERVER_USER", default_value = "default")]
    pub user: String,
    /// Password of the only user; empty means that none is asked for.
    #[arg(
        long,
        env = "CLICKHOUSE_SERVER_PASSWORD",
        default_value = "",
        hide_env_values = true
    )]
    pub password: String,
    /// Statements that run at once, 1 to 256; more wait for their turn.
    #[arg(long, env = "CLICKHOUSE_SERVER_MAX_CONCURRENCY", default_value_t = 16,
          value_parser = clap::value_parser!(u32).range(1..=256))]
    pub max_concurrency: u32,
    /// Largest result in bytes; a larger one is error 396. Memory in use is about 3 times that.
    #[arg(long, env = "CLICKHOUSE_SERVER_MAX_RESULT_BYTES", default_value_t = 512 << 20)]
    pub max_result_bytes: u64,
    /// Filter of the log on standard error, in the syntax of `RUST_LOG`.
    #[arg(long, env = "LOG_FILTER", default_value = "info")]
    pub log_filter: String,
    /// Prints what this server cannot do, and ends.
    #[arg(long)]
    pub limits: bool,
}

/// The checked form of [`Arguments`].
#[derive(Debug, Clone)]
pub struct Config {
    /// Folder of the data.
    pub path: PathBuf,
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Path of `libchdb.so`.
    pub library: PathBuf,
    /// Server configuration for the engine; none means the built-in one.
    pub config: Option<PathBuf>,
    /// Who may ask.
    pub account: Account,
    /// Statements that run at once.
    pub max_concurrency: u32,
    /// Largest result, in bytes.
    pub max_result_bytes: u64,
}

/// The only user and its password.
#[derive(Clone)]
pub struct Account {
    /// Name, compared exactly.
    pub user: String,
    /// Password, empty for none.
    pub password: String,
}

impl std::fmt::Debug for Account {
    /// Hides the password.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Account")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Account {
    /// Tells whether the given credentials are those of the account, in time that depends on their lengths only.
    pub fn admits(&self, user: &str, password: &str) -> bool {
        let user = is_same(self.user.as_bytes(), user.as_bytes());
        let password = is_same(self.password.as_bytes(), password.as_bytes());
        user & password
    }
}

fn is_same(expected: &[u8], given: &[u8]) -> bool {
    let length = u8::from(expected.len() != given.len());
    let content = given
        .iter()
        .zip(expected.iter().chain(std::iter::repeat(&0)));
    std::hint::black_box(content.fold(length, |sum, (left, right)| sum | (left ^ right))) == 0
}

impl TryFrom<Arguments> for Config {
    type Error = anyhow::Error;

    /// Checks that the library and the configuration exist.
    fn try_from(arguments: Arguments) -> Result<Self, Self::Error> {
        let library = arguments.library.context("--library is missing")?;
        ensure!(
            library.is_file(),
            "no engine at {}: run `make fetch`",
            library.display()
        );
        if let Some(config) = &arguments.config {
            ensure!(config.is_file(), "no configuration at {}", config.display());
        }
        Ok(Self {
            path: arguments.path.context("--path is missing")?,
            listen: arguments.listen,
            library,
            config: arguments.config,
            account: Account {
                user: arguments.user,
                password: arguments.password,
            },
            max_concurrency: arguments.max_concurrency,
            max_result_bytes: arguments.max_result_bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_flags_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_help_names_every_flag_its_variable_and_its_default() {
        let command = Arguments::command().mut_args(|argument| argument.hide_env_values(true));
        let help = command.term_width(100).render_help().to_string();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        The ClickHouse HTTP interface over libchdb, for demo, development and tests

        Usage: clickhouse-server [OPTIONS]

        Options:
              --path <PATH>
                  Folder of the data; created when absent. One process per folder [env:
                  CLICKHOUSE_SERVER_PATH]
              --listen <LISTEN>
                  Address to listen on. Port 0 takes a free one; the address is printed on standard output
                  [env: CLICKHOUSE_SERVER_LISTEN] [default: 127.0.0.1:18123]
              --library <LIBRARY>
                  The engine: path of `libchdb.so`, as fetched by `make fetch` [env: CHDB_LIBRARY]
              --config <CONFIG>
                  Server configuration (XML) given to the engine instead of the built-in one [env:
                  CLICKHOUSE_SERVER_CONFIG]
              --user <USER>
                  Name of the only user [env: CLICKHOUSE_SERVER_USER] [default: default]
              --password <PASSWORD>
                  Password of the only user; empty means that none is asked for [env:
                  CLICKHOUSE_SERVER_PASSWORD] [default: ""]
              --max-concurrency <MAX_CONCURRENCY>
                  Statements that run at once, 1 to 256; more wait for their turn [env:
                  CLICKHOUSE_SERVER_MAX_CONCURRENCY] [default: 16]
              --max-result-bytes <MAX_RESULT_BYTES>
                  Largest result in bytes; a larger one is error 396. Memory in use is about 3 times that
                  [env: CLICKHOUSE_SERVER_MAX_RESULT_BYTES] [default: 536870912]
              --log-filter <LOG_FILTER>
                  Filter of the log on standard error, in the syntax of `RUST_LOG` [env: LOG_FILTER]
                  [default: info]
              --limits
                  Prints what this server cannot do, and ends
          -h, --help
                  Print help
          -V, --version
                  Print version
        "#);
    }

    #[test]
    fn only_the_exact_user_and_password_are_admitted() {
        let account = Account {
            user: "default".to_owned(),
            password: "secret".to_owned(),
        };
        assert!(account.admits("default", "secret"));
        for (user, password) in [
            ("default", ""),
            ("default", "secre"),
            ("default", "secrets"),
            ("defaulT", "secret"),
            ("", ""),
        ] {
            assert!(!account.admits(user, password), "{user} {password}");
        }
    }

    #[test]
    fn the_password_is_not_printed() {
        let account = Account {
            user: "default".to_owned(),
            password: "secret".to_owned(),
        };
        assert!(!format!("{account:?}").contains("secret"));
    }
}
