//! Passwords: argon2id in the PHC string format.

use std::io::{BufRead as _, Write as _};

use anyhow::Context as _;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

/// A hash that no password has, with the cost of a real one.
pub const DUMMY_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password that cannot be hashed.
#[derive(Debug, thiserror::Error)]
#[error("password cannot be hashed: {0}")]
pub struct HashError(String);

/// Whether `password` has `hash`.
pub fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// Whether a text is a hash that [`verify`] understands.
pub fn is_hash(text: &str) -> bool {
    text.starts_with("$argon2id$") && PasswordHash::new(text).is_ok()
}

/// The hash of a password, with a salt of its own.
///
/// # Errors
/// When it is too long, or the system has no randomness.
pub fn hash(password: &str) -> Result<String, HashError> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| HashError(error.to_string()))
}

/// Reads a password from standard input, up to the end of the line, and prints its hash.
///
/// # Errors
/// When there is none, or it cannot be hashed.
pub fn print_hash() -> anyhow::Result<()> {
    let mut password = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut password)
        .context("reading the password")?;
    let password = password.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(
        !password.is_empty(),
        "password is empty: write it to standard input"
    );
    writeln!(std::io::stdout().lock(), "{}", hash(password)?).context("printing the hash")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_its_hash_and_no_other() {
        let hash = hash("charge-ahead").unwrap();
        assert!(is_hash(&hash));
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(verify("charge-ahead", &hash));
        assert!(!verify("charge-behind", &hash));
        assert!(!verify("", "no hash"));
    }

    #[test]
    fn the_dummy_costs_a_verification() {
        assert!(is_hash(DUMMY_HASH));
        assert!(!verify("", DUMMY_HASH));
    }
}
