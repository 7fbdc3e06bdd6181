//! Tokens of an identity provider: `OpenID` Connect, with the keys that it publishes.
//!
//! The provider is asked for its keys ahead of need, by [`Oidc::keep_fresh`]; a request waits for it
//! only when its token names a key that is not known, and such requests cause one question each
//! [`held::UNKNOWN_KEY_PAUSE`] at most, however many they are.

use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::Algorithm;
use platform::admin::Readiness;
use platform::backoff::Backoff;
use prometheus::IntCounterVec;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::claims::{self, Identity, Terms};
use super::jws::Jws;
use super::{AuthError, AuthFailure};

use held::{Found, Held};
use keys::Key;
use provider::Provider;

pub mod held;
pub mod keys;
pub mod provider;

/// What `/ready` waits for while there are no keys.
pub const CONDITION: &str = "oidc-keys";
/// Requests that wait for the provider at a time; more are answered 503.
const MAX_WAITING: usize = 100;

/// Verifies the tokens of a provider.
#[derive(Debug)]
pub struct Oidc {
    provider: Provider,
    terms: Terms,
    held: RwLock<Held>,
    refresh: Mutex<()>,
    waiting: Semaphore,
    refreshes: IntCounterVec,
}

impl Oidc {
    /// Verifies tokens of `provider` for `audience`; counts what becomes of questions in
    /// `refreshes`, by outcome.
    pub fn new(provider: Provider, audience: &str, refreshes: IntCounterVec) -> Self {
        let terms = Terms {
            issuer: provider.issuer().to_owned(),
            audience: audience.to_owned(),
        };
        Self {
            provider,
            terms,
            held: RwLock::default(),
            refresh: Mutex::default(),
            waiting: Semaphore::new(MAX_WAITING),
            refreshes,
        }
    }

    /// The number of the keys in force, which changes with them.
    ///
    /// # Errors
    /// When there are none, or they are too old.
    pub fn key_set(&self) -> Result<u64, AuthError> {
        self.read(|held| held.number(Instant::now()))
            .ok_or(AuthError::NoKeys)
    }

    /// Verifies a token, at `now_ms`. Perhaps asks the provider.
    ///
    /// # Errors
    /// Why it is not good; or that this cannot be told.
    pub async fn verify(&self, token: &str, now_ms: i64) -> Result<Identity, AuthError> {
        let jws = Jws::split(token).ok_or(AuthFailure::Undecodable)?;
        let is_allowed = matches!(
            jws.algorithm,
            Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA
        );
        let id = jws.key_id.as_deref().filter(|_id| is_allowed);
        let key = self.key(id.ok_or(AuthFailure::Undecodable)?).await?;
        if key.algorithm() != jws.algorithm || !jws.is_signed_by(key.verifying()) {
            return Err(AuthFailure::Undecodable.into());
        }
        let payload = jws.payload().ok_or(AuthFailure::Undecodable)?;
        Ok(claims::check(&payload, &self.terms, now_ms)?)
    }

    async fn key(&self, id: &str) -> Result<Arc<Key>, AuthError> {
        if let Some(decided) = decided(self.find(id)) {
            return decided;
        }
        let _place = self
            .waiting
            .try_acquire()
            .map_err(|_full| AuthError::NoKeys)?;
        let _alone = self.refresh.lock().await;
        // Who waited finds what the one before has brought.
        if let Some(decided) = decided(self.find(id)) {
            return decided;
        }
        self.write(|held| held.asked_for_unknown(Instant::now()));
        self.fetch().await;
        decided(self.find(id)).unwrap_or(Err(AuthFailure::Undecodable.into()))
    }

    fn find(&self, id: &str) -> Found {
        self.read(|held| held.find(id, Instant::now()))
    }

    /// Asks the provider, once; the caller holds `refresh`.
    async fn fetch(&self) -> bool {
        let fetched = self.provider.fetch().await;
        let is_good = fetched.is_ok();
        let outcome = if is_good { "fetched" } else { "failed" };
        self.refreshes.with_label_values(&[outcome]).inc();
        match fetched {
            Ok(fetched) => {
                let keys = fetched.keys.len();
                if self.write(|held| held.fetched(fetched, Instant::now())) {
                    tracing::info!(keys, "keys of the identity provider changed");
                }
            }
            Err(error) => {
                self.write(Held::failed);
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::warn!(error, "identity provider gives no keys");
            }
        }
        is_good
    }

    /// Asks the provider whenever its answer has become old, until `shutdown`; tells `readiness`
    /// whether there are keys.
    pub async fn keep_fresh(&self, readiness: &Readiness, shutdown: &CancellationToken) {
        let mut failures = 0;
        loop {
            let alone = self.refresh.lock().await;
            let pause = if self.fetch().await {
                failures = 0;
                self.read(Held::good_for)
            } else {
                failures += 1;
                Backoff::STANDARD.delay(failures)
            };
            drop(alone);
            if self.key_set().is_ok() {
                readiness.done(CONDITION);
            } else {
                readiness.waiting(CONDITION);
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => return,
            }
        }
    }

    fn read<T>(&self, look: impl FnOnce(&Held) -> T) -> T {
        look(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Held) -> T) -> T {
        change(&mut self.held.write().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What can be said without asking the provider; none when it is to be asked.
fn decided(found: Found) -> Option<Result<Arc<Key>, AuthError>> {
    match found {
        Found::Key(key) => Some(Ok(key)),
        Found::Unknown => Some(Err(AuthFailure::Undecodable.into())),
        Found::NoKeys => Some(Err(AuthError::NoKeys)),
        Found::Ask => None,
    }
}
