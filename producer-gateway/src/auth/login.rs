//! Name and password to token.
//!
//! Verifying a password takes a core and 19 MiB for a while, so it happens off the async workers,
//! two at a time, and only so many wait for it. What is known to be refused is refused before.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use platform::secret::Secret;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::throttle::{Origin, Throttle};
use super::{Auth, AuthError, AuthFailure, Verifier, password};

/// How many passwords are verified at a time.
const AT_A_TIME: usize = 2;
/// How many logins wait for that; more are answered 503. At 50 ms each the last waits 1.6 s.
const MAX_WAITING: usize = 64;

/// What all logins share.
#[derive(Debug)]
pub struct Logins {
    places: Semaphore,
    verifications: Arc<Semaphore>,
    throttle: Mutex<Throttle>,
}

impl Default for Logins {
    fn default() -> Self {
        Self {
            places: Semaphore::new(AT_A_TIME + MAX_WAITING),
            verifications: Arc::new(Semaphore::new(AT_A_TIME)),
            throttle: Mutex::default(),
        }
    }
}

impl Logins {
    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Verifies a password, unless enough have failed while this one waited.
    async fn verify(
        &self,
        origin: Origin,
        password: Secret,
        hash: Secret,
    ) -> Result<bool, AuthError> {
        let permit = Arc::clone(&self.verifications).acquire_owned().await;
        let permit = permit.map_err(|_closed| AuthError::Busy)?;
        self.check(origin)?;
        let verification = tokio::task::spawn_blocking(move || {
            let is_right = password::verify(&password, &hash);
            drop(permit); // here, so that a caller who goes away does not let a third one in
            is_right
        });
        Ok(matches!(verification.await, Ok(true)))
    }

    fn check(&self, origin: Origin) -> Result<(), AuthError> {
        let checked = self.throttle().check(origin, Instant::now());
        checked.map_err(AuthError::Throttled)
    }
}

impl Auth {
    /// Whether a login from an address may be looked at.
    ///
    /// # Errors
    /// Too many have failed.
    pub fn check_address(&self, address: IpAddr) -> Result<(), AuthError> {
        self.logins
            .throttle()
            .check_address(address, Instant::now())
            .map_err(AuthError::Throttled)
    }

    /// Makes a token for who has this name and password.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn login(
        &self,
        username: &str,
        password: Secret,
        address: IpAddr,
    ) -> Result<String, AuthError> {
        // A provider logs its users in itself; the route does not exist then.
        let Verifier::Local(tokens) = &self.verifier else {
            return Err(AuthFailure::WrongLogin.into());
        };
        let origin = self.logins.throttle().origin(username, address);
        self.logins.check(origin)?;
        let _place = self
            .logins
            .places
            .try_acquire()
            .map_err(|_full| AuthError::Busy)?;
        let accounts = self.accounts();
        let user = accounts.by_name(username);
        let hash = user.as_ref().and_then(|user| user.password_hash.clone());
        let has_hash = hash.is_some();
        let hash = hash.unwrap_or_else(|| accounts.decoy(username));
        // A name that nobody has costs as much as a wrong password.
        let is_right = self.logins.verify(origin, password, hash).await? && has_hash;
        let failure = match user.filter(|_user| is_right) {
            Some(user) if user.is_active => return Ok(tokens.issue(&user, self.clock.now_ms())?),
            Some(_inactive) => AuthFailure::Inactive,
            None => AuthFailure::WrongLogin,
        };
        // Others that failed meanwhile may have used up the window: then nothing is told.
        let counted = self.logins.throttle().fail(origin, Instant::now());
        counted.map_err(AuthError::Throttled)?;
        Err(failure.into())
    }
}
