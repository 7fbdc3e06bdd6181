//! How often a login may fail: five times a minute for one account from one address, thirty times
//! for one address. Pure: the present is a parameter.
//!
//! The windows slide, successes are free, and what is refused here is not counted again. Nobody can
//! lock an account out elsewhere, as its count is kept per address. An IPv6 host has its whole /64.
//! Bounded: `MAX_ENTRIES` counts each, beyond which the one that failed longest ago is forgotten.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use tokio::time::Instant;

/// How long a failure counts.
const WINDOW: Duration = Duration::from_mins(1);
/// Failures of one account from one address.
const PER_ACCOUNT: usize = 5;
/// Failures from one address.
const PER_ADDRESS: usize = 30;
/// How many accounts and how many addresses are watched, about 700 bytes for the two: 7 MB. Two
/// verifications at a time are too slow to fill it within a window.
const MAX_ENTRIES: usize = 10_000;

/// Where a login comes from, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    address: IpAddr,
    account: u64,
}

/// The failures of the last minute.
#[derive(Debug, Default)]
pub struct Throttle {
    hasher: RandomState,
    accounts: Failures<(u64, IpAddr)>,
    addresses: Failures<IpAddr>,
}

impl Throttle {
    /// Where a login for `username` from `address` comes from.
    pub fn origin(&self, username: &str, address: IpAddr) -> Origin {
        Origin {
            address: network(address),
            account: self.hasher.hash_one(username),
        }
    }

    /// Whether anything from an address may be tried.
    ///
    /// # Errors
    /// How long to wait.
    pub fn check_address(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.addresses.check(&network(address), PER_ADDRESS, now)
    }

    /// Whether a login may be tried.
    ///
    /// # Errors
    /// How long to wait.
    pub fn check(&self, origin: Origin, now: Instant) -> Result<(), Duration> {
        let account = (origin.account, origin.address);
        self.addresses.check(&origin.address, PER_ADDRESS, now)?;
        self.accounts.check(&account, PER_ACCOUNT, now)
    }

    /// Counts a failure.
    ///
    /// # Errors
    /// How long to wait, when others that were tried at the same time have used the window up.
    pub fn fail(&mut self, origin: Origin, now: Instant) -> Result<(), Duration> {
        self.check(origin, now)?;
        self.accounts
            .add((origin.account, origin.address), PER_ACCOUNT, now);
        self.addresses.add(origin.address, PER_ADDRESS, now);
        Ok(())
    }
}

/// The address, or the /64 that one IPv6 host has.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let bits = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(bits))
        }
        address @ IpAddr::V4(_) => address,
    }
}

/// The last failures of each key, oldest first.
#[derive(Debug)]
struct Failures<K>(HashMap<K, VecDeque<Instant>>);

impl<K> Default for Failures<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Copy> Failures<K> {
    /// As many as `limit` are remembered, so the oldest of them decides.
    fn check(&self, key: &K, limit: usize, now: Instant) -> Result<(), Duration> {
        let Some(failures) = self.0.get(key).filter(|failures| failures.len() >= limit) else {
            return Ok(());
        };
        let age = failures.front().map_or(WINDOW, |&oldest| now - oldest);
        match WINDOW.checked_sub(age) {
            None | Some(Duration::ZERO) => Ok(()),
            Some(wait) => Err(wait),
        }
    }

    fn add(&mut self, key: K, limit: usize, now: Instant) {
        if self.0.len() >= MAX_ENTRIES && !self.0.contains_key(&key) {
            self.forget(now);
        }
        let failures = self.0.entry(key).or_default();
        if failures.len() >= limit {
            failures.pop_front();
        }
        failures.push_back(now);
    }

    /// Forgets those whose window has passed, or else the one that failed longest ago.
    fn forget(&mut self, now: Instant) {
        let last = |failures: &VecDeque<Instant>| failures.back().copied();
        self.0
            .retain(|_, failures| last(failures).is_some_and(|at| now - at < WINDOW));
        if self.0.len() >= MAX_ENTRIES {
            let oldest = self.0.iter().min_by_key(|(_, failures)| last(failures));
            if let Some(key) = oldest.map(|(key, _)| *key) {
                self.0.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn fail(throttle: &mut Throttle, name: &str, from: &str, now: Instant) -> bool {
        let origin = throttle.origin(name, address(from));
        throttle.fail(origin, now).is_ok()
    }

    #[test]
    fn the_sixth_failure_of_an_account_waits_until_the_window_has_passed() {
        let mut throttle = Throttle::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in 0..5 {
            assert!(fail(&mut throttle, "u", "10.0.0.1", at(second * 10)));
        }
        let origin = throttle.origin("u", address("10.0.0.1"));
        let wait = throttle.check(origin, at(45)).unwrap_err();
        assert_eq!(wait, Duration::from_secs(15));
        assert!(!fail(&mut throttle, "u", "10.0.0.1", at(59)));
        assert!(throttle.check(origin, at(60)).is_ok());
        assert!(fail(&mut throttle, "u", "10.0.0.1", at(60)));
        assert_eq!(throttle.check(origin, at(61)), Err(Duration::from_secs(9)));
    }

    #[test]
    fn an_account_is_not_locked_out_elsewhere_and_others_not_here() {
        let mut throttle = Throttle::default();
        let now = Instant::now();
        for _ in 0..5 {
            assert!(fail(&mut throttle, "u", "10.0.0.1", now));
        }
        assert!(!fail(&mut throttle, "u", "10.0.0.1", now));
        assert!(fail(&mut throttle, "u", "10.0.0.2", now));
        assert!(fail(&mut throttle, "v", "10.0.0.1", now));
    }

    #[test]
    fn an_address_has_thirty_failures() {
        let mut throttle = Throttle::default();
        let now = Instant::now();
        for number in 0..30 {
            let name = format!("u{number}");
            assert!(throttle.check_address(address("10.0.0.1"), now).is_ok());
            assert!(fail(&mut throttle, &name, "10.0.0.1", now));
        }
        assert!(throttle.check_address(address("10.0.0.1"), now).is_err());
        assert!(!fail(&mut throttle, "v", "10.0.0.1", now));
        assert!(throttle.check_address(address("10.0.0.2"), now).is_ok());
    }

    #[test]
    fn an_ipv6_host_has_one_count_and_a_mapped_address_is_an_ipv4_one() {
        assert_eq!(
            network(address("2001:db8::1")),
            network(address("2001:db8::ffff:1"))
        );
        assert_ne!(
            network(address("2001:db8::1")),
            network(address("2001:db8:0:1::1"))
        );
        assert_eq!(network(address("::ffff:10.0.0.1")), address("10.0.0.1"));
    }

    #[test]
    fn the_number_of_counts_is_bounded() {
        let mut failures = Failures::default();
        let start = Instant::now();
        for number in 0..MAX_ENTRIES + 500 {
            let step = u64::try_from(number).unwrap();
            failures.add(number, 5, start + Duration::from_millis(step));
        }
        assert_eq!(failures.0.len(), MAX_ENTRIES);
        assert!(failures.0.contains_key(&(MAX_ENTRIES + 499)));
        assert!(!failures.0.contains_key(&0));
    }
}
