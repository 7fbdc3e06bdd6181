//! Passwords: argon2id in the PHC string format, and bcrypt as QualiCharge stores it.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::str::FromStr as _;

use anyhow::Context as _;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use platform::secret::Secret;

/// A hash that no password has, with the cost of a real one: for a file without any.
const DUMMY_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// The dearest bcrypt that is accepted: 2^15 rounds take about two seconds. QualiCharge has 12.
const MAX_BCRYPT_COST: u32 = 15;
/// The dearest argon2id that is accepted, KiB: two verifications at a time then take 512 MiB.
const MAX_ARGON2_KIB: u32 = 256 * 1024;

/// A password that cannot be hashed.
#[derive(Debug, thiserror::Error)]
#[error("password cannot be hashed: {0}")]
pub struct HashError(String);

/// The hash that stands for one that is not there.
pub fn dummy_hash() -> Secret {
    Secret::new(DUMMY_HASH)
}

/// Whether `password` has `hash`. Takes a while, and a core.
pub fn verify(password: &Secret, hash: &Secret) -> bool {
    let (password, hash) = (password.expose(), hash.expose());
    if hash.starts_with("$2") {
        return bcrypt::verify(password, hash).unwrap_or(false);
    }
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

/// Whether a text is a hash that [`verify`] understands and can afford.
pub fn is_hash(text: &str) -> bool {
    if ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|kind| text.starts_with(kind))
    {
        return bcrypt::HashParts::from_str(text)
            .is_ok_and(|parts| (4..=MAX_BCRYPT_COST).contains(&parts.get_cost()));
    }
    text.starts_with("$argon2id$")
        && PasswordHash::new(text).is_ok_and(|hash| {
            let memory = hash.params.get_decimal("m");
            hash.salt.is_some()
                && hash.hash.is_some()
                && memory.is_some_and(|kib| kib <= MAX_ARGON2_KIB)
        })
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

/// Reads a password, from the terminal without showing it or else a line of standard input, and
/// prints its hash.
///
/// # Errors
/// When there is none, or it cannot be hashed.
pub fn print_hash() -> anyhow::Result<()> {
    let password = read().context("reading the password")?;
    anyhow::ensure!(
        !password.is_empty(),
        "password is empty: write it to standard input"
    );
    writeln!(std::io::stdout().lock(), "{}", hash(&password)?).context("printing the hash")
}

fn read() -> std::io::Result<String> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password("password: ");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `charge-ahead` as the C library's bcrypt writes it, with the least cost.
    const BCRYPT: &str = "$2b$04$abcdefghijklmnopqrstuuK.b91bKPdqtL3K/shH9n5/lZlt2tTgG";

    fn has(password: &str, hash: &str) -> bool {
        verify(&Secret::new(password), &Secret::new(hash))
    }

    #[test]
    fn a_password_has_its_hash_and_no_other() {
        let hash = hash("charge-ahead").unwrap();
        assert!(is_hash(&hash));
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(has("charge-ahead", &hash));
        assert!(!has("charge-behind", &hash));
        assert!(!has("", "no hash"));
    }

    #[test]
    fn the_hashes_of_qualicharge_are_understood() {
        for kind in ["2a", "2b", "2y"] {
            let hash = BCRYPT.replacen("2b", kind, 1);
            assert!(is_hash(&hash), "{hash}");
            assert!(has("charge-ahead", &hash), "{hash}");
            assert!(!has("charge-behind", &hash), "{hash}");
        }
    }

    #[test]
    fn what_cannot_be_verified_or_afforded_is_no_hash() {
        let argon2 = hash("x").unwrap();
        for text in [
            "",
            "charge-ahead",
            "$2b$12$x",
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA",
            &BCRYPT.replacen("$04", "$31", 1),
            &BCRYPT.replacen("2b", "2x", 1),
            &argon2.replacen("m=19456", "m=4194304", 1),
            &argon2.replacen("argon2id", "argon2i", 1),
        ] {
            assert!(!is_hash(text), "{text}");
        }
    }

    #[test]
    fn the_dummy_costs_a_verification() {
        assert!(is_hash(DUMMY_HASH));
        assert!(!has("", DUMMY_HASH));
    }
}
