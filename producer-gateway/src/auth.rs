//! Token to user, scopes and operational units.
//!
//! Local accounts from a file: [`users`] reads it, [`password`] verifies, [`token`] signs and
//! verifies, [`scope`] names what may be done. The user is looked up by e-mail at every request, so
//! that a removed or deactivated one is out at once.

use std::sync::Arc;

use axum::http::{HeaderMap, header};
use tokio::sync::Semaphore;

pub mod password;
pub mod scope;
pub mod token;
pub mod users;

pub use scope::Scope;
pub use token::Tokens;
pub use users::{User, Users};

/// How many passwords are verified at a time: each takes a core and 19 MiB.
const LOGINS_AT_A_TIME: usize = 2;

/// Why somebody is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthFailure {
    /// No bearer token.
    #[error("Not authenticated")]
    Missing,
    /// The token's time is over.
    #[error("Token signature expired")]
    Expired,
    /// Not a token of ours.
    #[error("Unable to decode ID token")]
    Undecodable,
    /// A token for somebody else.
    #[error("Invalid audience")]
    Audience,
    /// Nobody has this e-mail.
    #[error("User is not registered yet")]
    Unregistered,
    /// Unknown user or wrong password.
    #[error("Wrong login or password")]
    WrongLogin,
    /// The account was deactivated.
    #[error("User is not active")]
    Inactive,
}

impl AuthFailure {
    /// The word for metrics.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Expired => "expired",
            Self::Undecodable => "undecodable",
            Self::Audience => "audience",
            Self::Unregistered => "unregistered",
            Self::WrongLogin => "wrong_login",
            Self::Inactive => "inactive",
        }
    }
}

/// Who sends a request, and what they may do.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account.
    pub user: Arc<User>,
    /// The scopes that the token adds, separated by spaces.
    token_scopes: String,
}

impl Caller {
    /// A caller with the scopes of the file only.
    pub fn new(user: Arc<User>) -> Self {
        Self {
            user,
            token_scopes: String::new(),
        }
    }

    /// Whether the caller may do this.
    pub fn may(&self, scope: Scope) -> bool {
        let granted = self.user.scopes.iter().map(String::as_str);
        self.user.is_superuser
            || granted
                .chain(self.token_scopes.split(' '))
                .any(|name| scope.is_granted_by(name))
    }

    /// Whether an id belongs to a unit of one of the caller's groups.
    pub fn owns(&self, id: &str) -> bool {
        self.user.is_superuser || self.user.units.contains(unit_of(id))
    }
}

/// The operational unit of an id: its first five characters.
pub fn unit_of(id: &str) -> &str {
    id.char_indices()
        .nth(5)
        .map_or(id, |(end, _)| id.get(..end).unwrap_or(id))
}

/// Accounts, passwords and tokens.
#[derive(Debug)]
pub struct Auth {
    users: Users,
    tokens: Tokens,
    logins: Semaphore,
}

impl Auth {
    /// Lets in the users of `users` with the tokens of `tokens`.
    pub fn new(users: Users, tokens: Tokens) -> Self {
        Self {
            users,
            tokens,
            logins: Semaphore::new(LOGINS_AT_A_TIME),
        }
    }

    /// Who sends a request with these headers.
    ///
    /// # Errors
    /// Why nobody we let in.
    pub fn caller(&self, headers: &HeaderMap) -> Result<Caller, AuthFailure> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, token)| {
                scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty()
            })
            .map(|(_, token)| token.trim())
            .ok_or(AuthFailure::Missing)?;
        let identity = self.tokens.verify(token)?;
        let user = self
            .users
            .by_email(&identity.email)
            .ok_or(AuthFailure::Unregistered)?;
        if !user.is_active {
            return Err(AuthFailure::Inactive);
        }
        Ok(Caller {
            user,
            token_scopes: identity.scope,
        })
    }

    /// Verifies a password and makes a token. An unknown user costs as much as a wrong password.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn login(&self, username: &str, password: String) -> Result<String, AuthFailure> {
        let user = self.users.by_name(username);
        let hash = user.as_ref().and_then(|user| user.password_hash.clone());
        let hash = hash.unwrap_or_else(|| password::DUMMY_HASH.to_owned());
        let permit = self.logins.acquire().await;
        let verified =
            tokio::task::spawn_blocking(move || password::verify(&password, &hash)).await;
        drop(permit);
        let user = user
            .filter(|_user| matches!(verified, Ok(true)))
            .ok_or(AuthFailure::WrongLogin)?;
        if !user.is_active {
            return Err(AuthFailure::Inactive);
        }
        self.tokens.issue(&user)
    }
}

#[cfg(test)]
mod tests {
    use super::unit_of;

    #[test]
    fn a_unit_is_cut_at_characters() {
        assert_eq!(unit_of("FRPD1EABC"), "FRPD1");
        assert_eq!(unit_of("Non concerné"), "Non c");
        assert_eq!(unit_of("ééééééé"), "ééééé");
        assert_eq!(unit_of("FR"), "FR");
    }
}
