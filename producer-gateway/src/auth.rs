//! Token to user, scopes and operational units.
//!
//! Accounts come from a file: [`users`] reads it, [`reload`] reads it again, [`scope`] names what
//! may be done. Tokens are our own ([`token`], after a [`login`] whose password [`password`]
//! verifies and whose failures [`throttle`] counts), or those of an identity provider ([`oidc`]).
//! [`jws`] and [`claims`] are what both kinds have in common; [`cache`] makes a signature cost once.
//!
//! The user is looked up by e-mail at every request, so that a removed or deactivated one is out at
//! once. No token, password or hash is in any message.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::{HeaderMap, header};
use platform::WallClock;
use platform::wall_clock::SystemClock;

pub mod cache;
pub mod claims;
pub mod jws;
pub mod login;
pub mod oidc;
pub mod password;
pub mod reload;
pub mod scope;
pub mod throttle;
pub mod token;
pub mod users;

pub use oidc::Oidc;
pub use scope::Scope;
pub use token::Tokens;
pub use users::{User, Users, UsersError};

use cache::{TokenDigest, VerifiedTokens};
use claims::Identity;
use login::Logins;

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
    /// The provider does not vouch for the e-mail.
    #[error("E-mail address is not verified")]
    Unverified,
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

/// Why a request goes no further than its token or login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Nobody we let in.
    #[error(transparent)]
    Failed(#[from] AuthFailure),
    /// Too many logins have failed; how long to wait.
    #[error("too many logins have failed")]
    Throttled(Duration),
    /// Too many logins wait to be verified.
    #[error("too many logins at a time")]
    Busy,
    /// The identity provider gives no keys, so that nothing can be told about a token.
    #[error("identity provider has not given its keys")]
    NoKeys,
}

impl AuthError {
    /// The word for metrics.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Failed(failure) => failure.reason(),
            Self::Throttled(_) => "throttled",
            Self::Busy => "busy",
            Self::NoKeys => "no_keys",
        }
    }
}

impl AuthFailure {
    /// The word for metrics.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Expired => "expired",
            Self::Undecodable => "undecodable",
            Self::Audience => "audience",
            Self::Unverified => "unverified",
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
    accounts: Arc<Users>,
    grants: scope::Grants,
}

impl Caller {
    /// A caller with the scopes of the file only, where every well-formed unit is known.
    pub fn new(user: Arc<User>) -> Self {
        Self::of(user, Arc::default(), scope::Grants::default())
    }

    fn of(user: Arc<User>, accounts: Arc<Users>, added: scope::Grants) -> Self {
        let grants = user.grants.union(added);
        Self {
            user,
            accounts,
            grants,
        }
    }

    /// Whether the caller may do this.
    pub fn may(&self, scope: Scope) -> bool {
        self.user.is_superuser || self.grants.contains(scope)
    }

    /// Whether an id belongs to a unit of one of the caller's groups.
    pub fn owns(&self, id: &str) -> bool {
        self.user.is_superuser || self.user.units.contains(unit_of(id))
    }

    /// Whether a unit is known, the caller's or not.
    pub fn knows(&self, unit: &str) -> bool {
        self.accounts.is_known_unit(unit)
    }
}

/// The operational unit of an id: its first five characters.
pub fn unit_of(id: &str) -> &str {
    id.char_indices()
        .nth(5)
        .map_or(id, |(end, _)| id.get(..end).unwrap_or(id))
}

/// Whose tokens are good.
#[derive(Debug)]
enum Verifier {
    /// Our own.
    Local(Tokens),
    /// Those of an identity provider.
    Oidc(Arc<Oidc>),
}

/// The files that accounts come from.
#[derive(Debug, Clone)]
pub struct Files {
    /// The users file.
    pub users: PathBuf,
    /// The list of known units.
    pub units: Option<PathBuf>,
}

/// Accounts, passwords and tokens.
#[derive(Debug)]
pub struct Auth {
    accounts: RwLock<Arc<Users>>,
    files: Option<Files>,
    verifier: Verifier,
    verified: VerifiedTokens,
    logins: Logins,
    clock: Arc<dyn WallClock>,
}

impl Auth {
    /// Lets in `users` with our own `tokens`.
    pub fn new(users: Users, tokens: Tokens) -> Self {
        Self::with(users, Verifier::Local(tokens))
    }

    /// Lets in `users` with the tokens of an identity provider.
    pub fn with_provider(users: Users, oidc: Oidc) -> Self {
        Self::with(users, Verifier::Oidc(Arc::new(oidc)))
    }

    fn with(users: Users, verifier: Verifier) -> Self {
        Self {
            accounts: RwLock::new(Arc::new(users)),
            files: None,
            verifier,
            verified: VerifiedTokens::default(),
            logins: Logins::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Takes the accounts from `files` again when asked to.
    #[must_use]
    pub fn reloading(mut self, files: Files) -> Self {
        self.files = Some(files);
        self
    }

    /// Judges the time of tokens by `clock`: the system's unless a test says otherwise. It is not
    /// the clock that stamps events, which may be simulated.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn WallClock>) -> Self {
        self.clock = clock;
        self
    }

    /// The identity provider, when tokens are not our own.
    pub fn provider(&self) -> Option<&Arc<Oidc>> {
        match &self.verifier {
            Verifier::Local(_) => None,
            Verifier::Oidc(oidc) => Some(oidc),
        }
    }

    /// The accounts in force.
    pub fn accounts(&self) -> Arc<Users> {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&accounts)
    }

    /// Puts other accounts in force: from the next request on, also for tokens that live.
    pub fn replace_accounts(&self, users: Users) {
        let users = Arc::new(users);
        *self
            .accounts
            .write()
            .unwrap_or_else(PoisonError::into_inner) = users;
    }

    /// Reads the files again and puts what they say in force; returns the number of accounts.
    ///
    /// # Errors
    /// What is wrong with the files; then the accounts stay as they are.
    pub fn reload(&self) -> Result<usize, UsersError> {
        if let Some(files) = &self.files {
            self.replace_accounts(Users::load(&files.users, files.units.as_deref())?);
        }
        Ok(self.accounts().len())
    }

    /// Who sends a request with these headers.
    ///
    /// # Errors
    /// Why nobody we let in; or that this cannot be told now.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Caller, AuthError> {
        let token = bearer(headers).ok_or(AuthFailure::Missing)?;
        let identity = self.identity(token).await?;
        let accounts = self.accounts();
        let user = accounts
            .by_email(&identity.email)
            .ok_or(AuthFailure::Unregistered)?;
        if !user.is_active {
            return Err(AuthFailure::Inactive.into());
        }
        Ok(Caller::of(user, accounts, identity.grants))
    }

    /// Whom a token names. That its signature is good is found out once.
    async fn identity(&self, token: &str) -> Result<Arc<Identity>, AuthError> {
        let now_ms = self.clock.now_ms();
        let key_set = match &self.verifier {
            Verifier::Local(_) => 0,
            Verifier::Oidc(oidc) => oidc.key_set()?,
        };
        let digest = TokenDigest::of(token);
        if let Some(identity) = self.verified.find(digest, key_set) {
            identity.check_time(now_ms)?;
            return Ok(identity);
        }
        let (identity, key_set) = match &self.verifier {
            Verifier::Local(tokens) => (tokens.verify(token, now_ms)?, key_set),
            // The keys may have changed for this token; then it counts under the new ones.
            Verifier::Oidc(oidc) => (oidc.verify(token, now_ms).await?, oidc.key_set()?),
        };
        let identity = Arc::new(identity);
        self.verified
            .remember(digest, Arc::clone(&identity), key_set);
        Ok(identity)
    }
}

/// The token of an `Authorization: Bearer` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_unit_is_cut_at_characters() {
        assert_eq!(unit_of("FRPD1EABC"), "FRPD1");
        assert_eq!(unit_of("Non concerné"), "Non c");
        assert_eq!(unit_of("ééééééé"), "ééééé");
        assert_eq!(unit_of("FR"), "FR");
    }

    #[test]
    fn a_bearer_token_has_its_scheme_before_it() {
        let token = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(text));
            bearer(&headers).map(str::to_owned)
        };
        assert_eq!(token("Bearer a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(token("bEARER  a.b.c ").as_deref(), Some("a.b.c"));
        for text in [
            "",
            "Bearer",
            "Bearer ",
            "Basic a.b.c",
            "a.b.c",
            "Bearera.b.c",
        ] {
            assert_eq!(token(text), None, "{text}");
        }
    }
}
