//! Rate limits: token buckets for an account's requests and for a unit's items.
//!
//! A bucket holds up to `burst` and gains `rate` every `per` seconds. Buckets are this gateway's
//! own: two gateways grant twice as much.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::Deserialize;
use tokio::time::Instant;

use super::operation::Operation;

/// The bounds as the file gives them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimits {
    /// Requests of one account, by operation: `[account.status-bulk]`.
    #[serde(default)]
    pub account: HashMap<String, Rate>,
    /// Accepted items of one operational unit, by kind: `[unit.status]`.
    #[serde(default)]
    pub unit: HashMap<String, Rate>,
}

/// How much is granted.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How much every `per` seconds, 1 or more.
    pub rate: u32,
    /// Seconds, 1 or more.
    pub per: u32,
    /// How much at once, 1 or more; `rate` when left out.
    pub burst: Option<u32>,
}

impl Rate {
    fn burst(&self) -> f64 {
        f64::from(self.burst.unwrap_or(self.rate))
    }

    /// Per second.
    fn speed(&self) -> f64 {
        f64::from(self.rate) / f64::from(self.per)
    }
}

/// How a bucket stands after a request, for the headers of its answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// What the bucket is for.
    pub name: &'static str,
    /// The bound.
    pub rate: Rate,
    /// Whole requests that are left.
    pub left: u64,
    /// Seconds until there is one more, rounded up.
    pub next_seconds: u64,
}

/// Too much was asked for: come again after so many seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exceeded {
    /// Seconds until the request would be granted, rounded up, at least 1.
    pub retry_after_seconds: u32,
    /// The bucket.
    pub standing: Option<Standing>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    level: f64,
    at: Instant,
}

impl Bucket {
    /// What the bucket holds at `now`.
    fn filled(self, rate: &Rate, now: Instant) -> Self {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * rate.speed();
        Self {
            level: (self.level + gained).min(rate.burst()),
            at: now,
        }
    }
}

/// All buckets.
#[derive(Debug, Default)]
pub struct Limiter {
    account: HashMap<Operation, Rate>,
    unit: HashMap<&'static str, Rate>,
    requests: Mutex<HashMap<(String, Operation), Bucket>>,
    items: Mutex<HashMap<(String, &'static str), Bucket>>,
}

/// The kinds of items that have a bound.
const KINDS: [&str; 3] = ["status", "session", "statique"];

impl Limiter {
    /// Reads the bounds from a file.
    ///
    /// # Errors
    /// When it cannot be read, or names something unknown.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("rate limits file {shown} cannot be read"))?;
        let limits: RateLimits = toml::from_str(&text)
            .with_context(|| format!("rate limits file {shown} cannot be parsed"))?;
        Self::new(&limits).with_context(|| format!("rate limits file {shown}"))
    }

    /// Keeps to `limits`.
    ///
    /// # Errors
    /// When an operation or a kind is unknown, or a number is 0.
    pub fn new(limits: &RateLimits) -> anyhow::Result<Self> {
        let mut limiter = Self::default();
        for (name, rate) in limits.account.iter().chain(&limits.unit) {
            let is_good = rate.rate > 0 && rate.per > 0 && rate.burst != Some(0);
            ensure!(is_good, "{name}: rate, per and burst are 1 or more");
        }
        for (name, rate) in &limits.account {
            let known = Operation::ALL.map(Operation::name).join(", ");
            let operation = Operation::named(name)
                .with_context(|| format!("account.{name} is no operation: one of {known}"))?;
            limiter.account.insert(operation, *rate);
        }
        for (name, rate) in &limits.unit {
            let kind = KINDS
                .into_iter()
                .find(|kind| kind == name)
                .with_context(|| format!("unit.{name} is no kind: one of {}", KINDS.join(", ")))?;
            limiter.unit.insert(kind, *rate);
        }
        Ok(limiter)
    }

    /// Takes one request of `account`; none when there is no bound.
    ///
    /// # Errors
    /// When there were too many.
    pub fn take_request(
        &self,
        account: &str,
        operation: Operation,
    ) -> Result<Option<Standing>, Exceeded> {
        let Some(rate) = self.account.get(&operation) else {
            return Ok(None);
        };
        let now = Instant::now();
        let full = Bucket {
            level: rate.burst(),
            at: now,
        };
        let mut buckets = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets
            .entry((account.to_owned(), operation))
            .or_insert(full);
        *bucket = bucket.filled(rate, now);
        let is_granted = bucket.level >= 1.0;
        if is_granted {
            bucket.level -= 1.0;
        }
        let next = seconds((1.0 - bucket.level.fract()) / rate.speed());
        let standing = Standing {
            name: operation.name(),
            rate: *rate,
            left: whole(bucket.level),
            next_seconds: u64::from(next),
        };
        drop(buckets);
        if is_granted {
            return Ok(Some(standing));
        }
        Err(Exceeded {
            retry_after_seconds: next.max(1),
            standing: Some(standing),
        })
    }

    /// Takes so many items of each unit, all or none.
    ///
    /// # Errors
    /// When one unit has too many.
    pub fn take_items<'a>(
        &self,
        kind: &'static str,
        wanted: impl Iterator<Item = (&'a str, usize)> + Clone,
    ) -> Result<(), Exceeded> {
        let Some(rate) = self.unit.get(kind) else {
            return Ok(());
        };
        let now = Instant::now();
        let mut buckets = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        let mut missing_seconds = 0.0_f64;
        for (unit, items) in wanted.clone() {
            let full = Bucket {
                level: rate.burst(),
                at: now,
            };
            let bucket = buckets.entry((unit.to_owned(), kind)).or_insert(full);
            *bucket = bucket.filled(rate, now);
            let missing = float(items) - bucket.level;
            missing_seconds = missing_seconds.max(missing / rate.speed());
        }
        if missing_seconds > 0.0 {
            return Err(Exceeded {
                retry_after_seconds: seconds(missing_seconds).max(1),
                standing: None,
            });
        }
        for (unit, items) in wanted {
            if let Some(bucket) = buckets.get_mut(&(unit.to_owned(), kind)) {
                bucket.level -= float(items);
            }
        }
        Ok(())
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of at most 2^53")]
fn float(count: usize) -> f64 {
    count as f64
}

/// Whole seconds, rounded up.
fn seconds(value: f64) -> u32 {
    let rounded = Duration::try_from_secs_f64(value.max(0.0).ceil()).unwrap_or(Duration::MAX);
    u32::try_from(rounded.as_secs()).unwrap_or(u32::MAX)
}

/// The whole part.
fn whole(value: f64) -> u64 {
    Duration::try_from_secs_f64(value.max(0.0)).map_or(0, |value| value.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(text: &str) -> anyhow::Result<Limiter> {
        Limiter::new(&toml::from_str(text)?)
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_empties_and_fills_again() {
        let limiter = limiter("account.status = { rate = 30, per = 60, burst = 2 }").unwrap();
        let take = |account| limiter.take_request(account, Operation::Status);
        let first = take("a").unwrap().unwrap();
        assert_eq!((first.left, first.next_seconds), (1, 2));
        assert_eq!(take("a").unwrap().unwrap().left, 0);
        assert_eq!(take("a").unwrap_err().retry_after_seconds, 2);
        assert!(take("b").is_ok());
        tokio::time::advance(Duration::from_millis(1_900)).await;
        assert_eq!(take("a").unwrap_err().retry_after_seconds, 1);
        tokio::time::advance(Duration::from_millis(100)).await;
        assert_eq!(take("a").unwrap().unwrap().left, 0);
        assert_eq!(limiter.take_request("a", Operation::Session), Ok(None));
    }

    #[tokio::test(start_paused = true)]
    async fn items_of_several_units_are_granted_all_or_none() {
        let limiter = limiter("unit.status = { rate = 10, per = 1, burst = 100 }").unwrap();
        let take = |wanted: &[(&str, usize)]| limiter.take_items("status", wanted.iter().copied());
        assert_eq!(take(&[("FRAAA", 60), ("FRBBB", 100)]), Ok(()));
        let refused = take(&[("FRAAA", 40), ("FRBBB", 10)]).unwrap_err();
        assert_eq!(refused.retry_after_seconds, 1);
        assert_eq!(take(&[("FRAAA", 40)]), Ok(()));
        assert_eq!(
            limiter.take_items("session", [("FRAAA", 9_999)].into_iter()),
            Ok(())
        );
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in [
            "account.none = { rate = 1, per = 1 }",
            "unit.none = { rate = 1, per = 1 }",
            "unit.status = { rate = 0, per = 1 }",
            "account.status = { rate = 1, per = 1, burts = 2 }",
        ] {
            assert!(limiter(text).is_err(), "{text}");
        }
    }
}
