//! The users file: accounts and groups, TOML, checked as a whole; and the list of known units.
//!
//! No message quotes a value of the file that could be a hash.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::sync::Arc;

use platform::secret::Secret;
use serde::Deserialize;

use super::password;
use super::scope::{self, Grants};

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its name, unique.
    pub username: String,
    /// Its e-mail, unique; names it in tokens.
    pub email: String,
    /// First name, may be empty.
    pub first_name: Option<String>,
    /// Last name, may be empty.
    pub last_name: Option<String>,
    /// argon2id or bcrypt; none when an identity provider logs in.
    pub password_hash: Option<Secret>,
    /// Whether it is let in.
    pub is_active: bool,
    /// Shown only.
    pub is_staff: bool,
    /// Skips scope and unit checks.
    pub is_superuser: bool,
    /// Grants as written.
    pub scopes: Vec<String>,
    /// What they cover.
    pub grants: Grants,
    /// Names of its groups.
    pub groups: Vec<String>,
    /// The operational units of its groups.
    pub units: HashSet<String>,
}

/// A users file, or a list of units, that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// It cannot be read.
    #[error("file {path} cannot be read: correct {variable}")]
    Unreadable {
        /// The path as given.
        path: String,
        /// What the path is set with.
        variable: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It is not TOML of the expected form.
    #[error("users file, line {line}: {reason}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// An account or a group is wrong.
    #[error("users file: {0}")]
    Wrong(String),
    /// A line of the list of units is no unit.
    #[error(
        "units file, line {line}: {text:?} is not two letters and three letters or digits, such as FRPD1"
    )]
    NoUnit {
        /// The line, from 1.
        line: usize,
        /// What it says.
        text: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    groups: BTreeMap<String, Group>,
    #[serde(default)]
    users: Vec<Account>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    units: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    username: String,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    password_hash: Option<String>,
    #[serde(default = "yes")]
    is_active: bool,
    #[serde(default)]
    is_staff: bool,
    #[serde(default)]
    is_superuser: bool,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    groups: Vec<String>,
}

fn yes() -> bool {
    true
}

/// All accounts.
#[derive(Debug, Default)]
pub struct Users {
    by_name: HashMap<String, Arc<User>>,
    by_email: HashMap<String, Arc<User>>,
    hashes: Vec<Secret>,
    hasher: RandomState,
    known_units: Option<HashSet<String>>,
}

impl Users {
    /// Reads and checks the file at `path`, and the list of known units when there is one.
    ///
    /// # Errors
    /// Says what is wrong with which.
    pub fn load(path: &Path, units: Option<&Path>) -> Result<Self, UsersError> {
        let users = Self::parse(&read(path, "GATEWAY_USERS_FILE")?)?;
        match units {
            None => Ok(users),
            Some(path) => users.knowing(&read(path, "GATEWAY_UNITS_FILE")?),
        }
    }

    /// Reads and checks a text.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UsersError> {
        let file = toml::from_str(text).map_err(|error| malformed(text, &error))?;
        Self::of(file)
    }

    /// Knows the units of a list only: one a line; empty lines and comments after `#` are skipped.
    ///
    /// # Errors
    /// Names the first line that is no unit.
    pub fn knowing(mut self, list: &str) -> Result<Self, UsersError> {
        let mut units = HashSet::new();
        for (index, text) in list.lines().enumerate() {
            let unit = text.split('#').next().unwrap_or_default().trim();
            if is_unit(unit) {
                units.insert(unit.to_owned());
            } else if !unit.is_empty() {
                return Err(UsersError::NoUnit {
                    line: index + 1,
                    text: unit.to_owned(),
                });
            }
        }
        self.known_units = Some(units);
        Ok(self)
    }

    /// Whether a unit is known: listed, or just well formed when there is no list.
    pub fn is_known_unit(&self, unit: &str) -> bool {
        match &self.known_units {
            Some(units) => units.contains(unit),
            None => is_unit(unit),
        }
    }

    /// The hash that a login for nobody is verified with: that of some account, always the same
    /// for a name, so that the time it takes is as probable for a name that exists.
    pub fn decoy(&self, username: &str) -> Secret {
        let count = u64::try_from(self.hashes.len()).unwrap_or(1).max(1);
        let index = usize::try_from(self.hasher.hash_one(username) % count).unwrap_or(0);
        let hash = self.hashes.get(index).cloned();
        hash.unwrap_or_else(password::dummy_hash)
    }

    /// The account with this name.
    pub fn by_name(&self, username: &str) -> Option<Arc<User>> {
        self.by_name.get(username).map(Arc::clone)
    }

    /// The account with this e-mail.
    pub fn by_email(&self, email: &str) -> Option<Arc<User>> {
        self.by_email.get(email).map(Arc::clone)
    }

    /// How many accounts there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    fn of(file: File) -> Result<Self, UsersError> {
        for (name, group) in &file.groups {
            if let Some(unit) = group.units.iter().find(|unit| !is_unit(unit)) {
                let form = "two letters and three letters or digits, such as FRPD1";
                return Err(UsersError::Wrong(format!(
                    "group {name} has unit {unit:?}, expected {form}"
                )));
            }
        }
        let mut users = Self::default();
        for account in file.users {
            let user = Arc::new(user_of(account, &file.groups)?);
            let taken = |what: &str, value: &str| {
                UsersError::Wrong(format!("{what} {value:?} occurs twice"))
            };
            if users
                .by_name
                .insert(user.username.clone(), Arc::clone(&user))
                .is_some()
            {
                return Err(taken("username", &user.username));
            }
            users.hashes.extend(user.password_hash.clone());
            if users
                .by_email
                .insert(user.email.clone(), Arc::clone(&user))
                .is_some()
            {
                return Err(taken("email", &user.email));
            }
        }
        Ok(users)
    }
}

fn read(path: &Path, variable: &'static str) -> Result<String, UsersError> {
    std::fs::read_to_string(path).map_err(|source| UsersError::Unreadable {
        path: path.display().to_string(),
        variable,
        source,
    })
}

/// What the parser says, without the text that it quotes.
fn malformed(text: &str, error: &toml::de::Error) -> UsersError {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let message = error.message();
    // The parser quotes a value in the wrong place, which may be a hash.
    let reason = if message.contains('$') {
        "a value of another kind is expected"
    } else {
        message
    };
    UsersError::Malformed {
        line: 1 + before.matches('\n').count(),
        reason: reason.to_owned(),
    }
}

/// `[A-Z]{2}[A-Z0-9]{3}`.
pub fn is_unit(text: &str) -> bool {
    let (country, code) = text.as_bytes().split_at_checked(2).unwrap_or_default();
    country.iter().all(u8::is_ascii_uppercase)
        && code.len() == 3
        && code
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn user_of(account: Account, groups: &BTreeMap<String, Group>) -> Result<User, UsersError> {
    let name = &account.username;
    let wrong = |what: String| UsersError::Wrong(format!("user {name:?} {what}"));
    if name.is_empty() || account.email.is_empty() {
        return Err(wrong("lacks a username or an email".to_owned()));
    }
    if let Some(scope) = account.scopes.iter().find(|scope| !scope::is_grant(scope)) {
        return Err(wrong(format!(
            "has scope {scope:?}, expected one such as static:read"
        )));
    }
    if account
        .password_hash
        .as_ref()
        .is_some_and(|hash| !password::is_hash(hash))
    {
        let remedy = "make one with `producer-gateway user hash-password`";
        return Err(wrong(format!(
            "has a password_hash that is neither argon2id nor bcrypt of a bearable cost: {remedy}"
        )));
    }
    let mut units = HashSet::new();
    for group in &account.groups {
        let found = groups
            .get(group)
            .ok_or_else(|| wrong(format!("is in unknown group {group:?}")))?;
        units.extend(found.units.iter().cloned());
    }
    let grants = Grants::of(account.scopes.iter().map(String::as_str));
    Ok(User {
        username: account.username,
        email: account.email,
        first_name: account.first_name,
        last_name: account.last_name,
        password_hash: account.password_hash.map(Secret::new),
        is_active: account.is_active,
        is_staff: account.is_staff,
        is_superuser: account.is_superuser,
        scopes: account.scopes,
        grants,
        groups: account.groups,
        units,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_units_of_its_groups() {
        let users = Users::parse(
            "[groups.a]\nunits = ['FRPD1']\n[groups.b]\nunits = ['FRTSL']\n\
             [[users]]\nusername = 'u'\nemail = 'u@a.fr'\ngroups = ['a', 'b']\nscopes = ['all:read']",
        )
        .unwrap();
        let user = users.by_email("u@a.fr").unwrap();
        assert!(user.units.contains("FRPD1") && user.units.contains("FRTSL"));
        assert!(user.is_active && !user.is_superuser);
        assert_eq!(users.by_name("u"), Some(user));
    }

    #[test]
    fn what_is_wrong_is_named_and_no_hash_is_quoted() {
        let user = "[[users]]\nusername = 'u'\nemail = 'u@a.fr'\n";
        let cases = [
            (format!("{user}scopes = ['static:write']"), "static:write"),
            (format!("{user}groups = ['x']"), "unknown group"),
            (
                format!("{user}password_hash = '$2b$12$xyz'"),
                "hash-password",
            ),
            (format!("{user}is_active = '$2b$12$xyz'"), "line 4: a value"),
            (format!("{user}password_hash = '$2b$12$xyz"), "line 4: "),
            (format!("{user}password = '$2b$12$xyz'"), "line 4: "),
            (format!("{user}{user}"), "occurs twice"),
            ("[groups.a]\nunits = ['FRPDA1']".to_owned(), "FRPDA1"),
        ];
        for (text, expected) in cases {
            let error = Users::parse(&text).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(!format!("{error} {error:?}").contains("xyz"), "{error:?}");
        }
    }

    #[test]
    fn units_are_known_by_their_form_or_by_the_list() {
        let users = Users::default();
        assert!(users.is_known_unit("FRPD1") && !users.is_known_unit("frpd1"));
        let users = users
            .knowing("# ours\nFRPD1\n\n  FRTSL # theirs\n")
            .unwrap();
        assert!(users.is_known_unit("FRPD1") && users.is_known_unit("FRTSL"));
        assert!(!users.is_known_unit("FRFAS"));
        let error = users.knowing("FRPD1\nFRPD12").unwrap_err().to_string();
        assert!(
            error.contains("line 2") && error.contains("FRPD12"),
            "{error}"
        );
    }

    #[test]
    fn nobody_is_verified_with_the_hash_of_somebody() {
        let hashes = [password::hash("a").unwrap(), password::hash("b").unwrap()];
        let users = Users::parse(&format!(
            "[[users]]\nusername = 'a'\nemail = 'a@a.fr'\npassword_hash = '{}'\n\
             [[users]]\nusername = 'b'\nemail = 'b@a.fr'\npassword_hash = '{}'",
            hashes[0], hashes[1]
        ))
        .unwrap();
        let decoys: HashSet<_> = (0..100)
            .map(|number| users.decoy(&number.to_string()).expose().to_owned())
            .collect();
        assert_eq!(decoys, HashSet::from(hashes));
        assert_eq!(users.decoy("x"), users.decoy("x"));
        assert_eq!(Users::default().decoy("x"), password::dummy_hash());
    }
}
