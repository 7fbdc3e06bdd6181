//! The users file: accounts and groups, TOML, checked as a whole.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;

use super::{password, scope};

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
    /// argon2id, PHC format.
    pub password_hash: Option<String>,
    /// Whether it is let in.
    pub is_active: bool,
    /// Shown only.
    pub is_staff: bool,
    /// Skips scope and unit checks.
    pub is_superuser: bool,
    /// Grants as written.
    pub scopes: Vec<String>,
    /// Names of its groups.
    pub groups: Vec<String>,
    /// The operational units of its groups.
    pub units: HashSet<String>,
}

/// A users file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// It cannot be read.
    #[error("users file {path} cannot be read: correct GATEWAY_USERS_FILE")]
    Unreadable {
        /// The path as given.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// It is not TOML of the expected form.
    #[error("users file {path} cannot be parsed")]
    Malformed {
        /// The path as given.
        path: String,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// An account or a group is wrong.
    #[error("users file: {0}")]
    Wrong(String),
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
}

impl Users {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn load(path: &Path) -> Result<Self, UsersError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| UsersError::Unreadable {
            path: shown.clone(),
            source,
        })?;
        let file = toml::from_str(&text).map_err(|source| UsersError::Malformed {
            path: shown,
            source: Box::new(source),
        })?;
        Self::of(file)
    }

    /// Reads and checks a text.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, UsersError> {
        let file = toml::from_str(text).map_err(|source| UsersError::Malformed {
            path: "(text)".to_owned(),
            source: Box::new(source),
        })?;
        Self::of(file)
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
            "has a password_hash that is not argon2id: {remedy}"
        )));
    }
    let mut units = HashSet::new();
    for group in &account.groups {
        let found = groups
            .get(group)
            .ok_or_else(|| wrong(format!("is in unknown group {group:?}")))?;
        units.extend(found.units.iter().cloned());
    }
    Ok(User {
        username: account.username,
        email: account.email,
        first_name: account.first_name,
        last_name: account.last_name,
        password_hash: account.password_hash,
        is_active: account.is_active,
        is_staff: account.is_staff,
        is_superuser: account.is_superuser,
        scopes: account.scopes,
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
    fn what_is_wrong_is_named() {
        let user = "[[users]]\nusername = 'u'\nemail = 'u@a.fr'\n";
        let cases = [
            (format!("{user}scopes = ['static:write']"), "static:write"),
            (format!("{user}groups = ['x']"), "unknown group"),
            (format!("{user}password_hash = '$2b$12$x'"), "hash-password"),
            (format!("{user}{user}"), "occurs twice"),
            ("[groups.a]\nunits = ['FRPDA1']".to_owned(), "FRPDA1"),
        ];
        for (text, expected) in cases {
            let error = Users::parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
