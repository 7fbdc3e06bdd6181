//! A value that must not reach a log, an error message or `--help`.
//!
//! A secret comes from an environment variable, or, better, from a file whose path is in
//! `<VARIABLE>_FILE`. A flag for the second kind parses with [`Secret::from_file`], so that a
//! missing file ends the process at the command line.

use std::convert::Infallible;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// A password, token or key. Its `Debug` and nothing else may be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// A secret file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("secret file {path} cannot be read: check the path and its permissions")]
    Unreadable {
        /// The path as given.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The file holds nothing.
    #[error("secret file {path} is empty: write the secret into it")]
    Empty {
        /// The path as given.
        path: String,
    },
}

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// Reads a secret from the file at `path`, without the line end that editors add.
    ///
    /// # Errors
    /// When the file cannot be read or is empty.
    pub fn from_file(path: &str) -> Result<Self, SecretError> {
        let text =
            std::fs::read_to_string(Path::new(path)).map_err(|source| SecretError::Unreadable {
                path: path.to_owned(),
                source,
            })?;
        let value = text.trim_end_matches(['\r', '\n']);
        if value.is_empty() {
            return Err(SecretError::Empty {
                path: path.to_owned(),
            });
        }
        Ok(Self::new(value))
    }

    /// Returns the value, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(value: &str) -> Result<Self, Infallible> {
        Ok(Self::new(value))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_value() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(redacted)");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn a_file_gives_its_text_without_the_line_end() {
        let path = std::env::temp_dir().join(format!("secret-test-{}", std::process::id()));
        std::fs::write(&path, " a b \r\n").unwrap();
        let secret = Secret::from_file(path.to_str().unwrap());
        std::fs::write(&path, "\n").unwrap();
        let empty = Secret::from_file(path.to_str().unwrap());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(secret.unwrap().expose(), " a b ");
        assert!(matches!(empty, Err(SecretError::Empty { .. })));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Secret::from_file("/nowhere/secret").unwrap_err();
        assert!(error.to_string().contains("/nowhere/secret"));
    }
}
