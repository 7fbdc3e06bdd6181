//! Flags for accounts and tokens, and what they describe.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum, value_parser};
use platform::secret::Secret;
use prometheus::IntCounterVec;

use crate::auth::oidc::provider::Provider;
use crate::auth::{Auth, Files, Oidc, Tokens, Users};

/// Whose tokens are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuthMode {
    /// Our own, for a name and a password of the users file
    Local,
    /// Those of an identity provider; `/auth/token` does not exist
    Oidc,
}

/// Who is let in.
#[derive(Debug, Args)]
#[command(next_help_heading = "Accounts")]
pub struct AuthArgs {
    /// TOML file with accounts and groups; needed. Read again on SIGHUP
    #[arg(long, env = "GATEWAY_USERS_FILE", value_name = "PATH")]
    pub users_file: Option<PathBuf>,

    /// File with the known operational units, one a line; without it every well-formed one is
    /// known. Read again on SIGHUP
    #[arg(long, env = "GATEWAY_UNITS_FILE", value_name = "PATH")]
    pub units_file: Option<PathBuf>,

    /// Whose tokens are good
    #[arg(long, env = "GATEWAY_AUTH_MODE", value_enum, default_value_t = AuthMode::Local)]
    pub auth_mode: AuthMode,

    /// Secret that signs tokens, 32 bytes or more; needed with `local`, here or in a file
    #[arg(
        long,
        env = "GATEWAY_TOKEN_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub token_secret: Option<Secret>,

    /// File that holds that secret
    #[arg(long, env = "GATEWAY_TOKEN_SECRET_FILE", value_name = "PATH",
          value_parser = Secret::from_file, conflicts_with = "token_secret")]
    pub token_secret_file: Option<Secret>,

    /// Secret that signed tokens before, 32 bytes or more: they stay good until they expire
    #[arg(
        long,
        env = "GATEWAY_TOKEN_SECRET_PREVIOUS",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub token_secret_previous: Option<Secret>,

    /// File that holds that secret
    #[arg(long, env = "GATEWAY_TOKEN_SECRET_PREVIOUS_FILE", value_name = "PATH",
          value_parser = Secret::from_file, conflicts_with = "token_secret_previous")]
    pub token_secret_previous_file: Option<Secret>,

    /// Issuer that our own tokens name
    #[arg(
        long,
        env = "GATEWAY_TOKEN_ISSUER",
        default_value = "http://127.0.0.1:18000",
        value_name = "URL"
    )]
    pub token_issuer: String,

    /// Seconds that our own tokens are good for, 1 to 86400
    #[arg(long, env = "GATEWAY_TOKEN_LIFETIME_SECONDS", default_value_t = 1800, value_name = "SECONDS",
          value_parser = value_parser!(i64).range(1..=86_400))]
    pub token_lifetime_seconds: i64,

    /// Identity provider, as it calls itself; needed with `oidc`
    #[arg(long, env = "GATEWAY_OIDC_ISSUER", value_name = "URL")]
    pub oidc_issuer: Option<String>,

    /// Audience that the provider's tokens name
    #[arg(
        long,
        env = "GATEWAY_OIDC_AUDIENCE",
        default_value = "account",
        value_name = "NAME"
    )]
    pub oidc_audience: String,
}

impl AuthArgs {
    /// Reads the files and makes what lets people in; counts in `refreshes` how the provider
    /// answers.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn open(&self, refreshes: IntCounterVec) -> anyhow::Result<Auth> {
        let path = self.users_file.clone();
        let files = Files {
            users: path.context("no users file: set GATEWAY_USERS_FILE")?,
            units: self.units_file.clone(),
        };
        let users = Users::load(&files.users, files.units.as_deref())?;
        tracing::info!(accounts = users.len(), mode = ?self.auth_mode, "users file read");
        let auth = match self.auth_mode {
            AuthMode::Local => Auth::new(users, self.tokens()?),
            AuthMode::Oidc => Auth::with_provider(users, self.oidc(refreshes)?),
        };
        Ok(auth.reloading(files))
    }

    fn tokens(&self) -> anyhow::Result<Tokens> {
        let secret = self
            .token_secret
            .as_ref()
            .or(self.token_secret_file.as_ref());
        let secret = secret
            .context("no token secret: set GATEWAY_TOKEN_SECRET or GATEWAY_TOKEN_SECRET_FILE")?;
        let tokens = Tokens::new(secret, &self.token_issuer, self.token_lifetime_seconds)
            .context("GATEWAY_TOKEN_SECRET is too short")?;
        let previous = self.token_secret_previous.as_ref();
        match previous.or(self.token_secret_previous_file.as_ref()) {
            None => Ok(tokens),
            Some(previous) => tokens
                .accepting(previous)
                .context("GATEWAY_TOKEN_SECRET_PREVIOUS is too short"),
        }
    }

    fn oidc(&self, refreshes: IntCounterVec) -> anyhow::Result<Oidc> {
        let issuer = self.oidc_issuer.as_deref();
        let issuer = issuer.context("no identity provider: set GATEWAY_OIDC_ISSUER")?;
        let is_url = issuer.starts_with("https://") || issuer.starts_with("http://");
        anyhow::ensure!(
            is_url,
            "identity provider {issuer} is no URL: correct GATEWAY_OIDC_ISSUER"
        );
        if issuer.starts_with("http://") {
            tracing::warn!(issuer, "identity provider without TLS: this is for tests");
        }
        let provider = Provider::new(issuer).context("opening the client of the provider")?;
        Ok(Oidc::new(provider, &self.oidc_audience, refreshes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;
    use prometheus::Opts;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        auth: AuthArgs,
    }

    /// What comes of the flags, with a users file of one account.
    fn open(flags: &[&str]) -> Result<Auth, String> {
        let path = std::env::temp_dir().join(format!("users-{}", uuid::Uuid::now_v7()));
        std::fs::write(&path, "[[users]]\nusername = 'u'\nemail = 'u@a.fr'").unwrap();
        let mut line = vec!["x", "--users-file", path.to_str().unwrap()];
        line.extend(flags);
        let auth = Line::try_parse_from(line).unwrap().auth;
        let counter = IntCounterVec::new(Opts::new("a", "b"), &["outcome"]).unwrap();
        let opened = auth.open(counter).map_err(|error| format!("{error:#}"));
        std::fs::remove_file(&path).unwrap();
        opened
    }

    #[test]
    fn each_mode_needs_its_own() {
        let local = ["--token-secret", SECRET];
        assert!(open(&local).unwrap().provider().is_none());
        let oidc = ["--auth-mode", "oidc", "--oidc-issuer", "https://id.example"];
        assert!(open(&oidc).unwrap().provider().is_some());
        for (flags, expected) in [
            (&[][..], "GATEWAY_TOKEN_SECRET"),
            (&["--token-secret", "short"], "5 bytes"),
            (
                &["--token-secret", SECRET, "--token-secret-previous", "old"],
                "GATEWAY_TOKEN_SECRET_PREVIOUS",
            ),
            (&["--auth-mode", "oidc"], "GATEWAY_OIDC_ISSUER"),
            (
                &["--auth-mode", "oidc", "--oidc-issuer", "id.example"],
                "no URL",
            ),
            (
                &["--token-secret", SECRET, "--units-file", "/nowhere/units"],
                "GATEWAY_UNITS_FILE",
            ),
        ] {
            let error = open(flags).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let line = Line::try_parse_from(["x", "--token-secret", SECRET]).unwrap();
        assert!(!format!("{line:?}").contains(SECRET));
        let twice = [
            "x",
            "--token-secret",
            SECRET,
            "--token-secret-file",
            "/nowhere",
        ];
        assert!(
            !Line::try_parse_from(twice)
                .unwrap_err()
                .to_string()
                .contains(SECRET)
        );
    }
}
