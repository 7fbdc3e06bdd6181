//! Steady load: the planned deliveries of a fleet, sent piece by piece through the gateway while other
//! things happen, each piece until it is acknowledged.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::fleet::Fleet;

/// How often a piece is sent.
const EVERY: Duration = Duration::from_secs(2);

/// The load.
#[derive(Debug, Default)]
pub struct Steady {
    sent: AtomicUsize,
    is_leaving: AtomicBool,
}

impl Steady {
    /// Sends deliveries, `rate` a second, until [`Self::leave`] or until all `total` are sent. For a
    /// thread of its own.
    ///
    /// # Errors
    /// Fails when a delivery meets another fate than planned.
    pub fn run(
        &self,
        fleet: &Fleet<'_>,
        (rate, total): (usize, usize),
        clock: &Handle,
    ) -> Result<()> {
        let every = usize::try_from(EVERY.as_secs())?;
        while !self.is_leaving.load(Ordering::Relaxed) && self.sent() < total {
            let begun = Instant::now();
            let from = self.sent();
            let to = total.min(from + rate * every);
            fleet.send(&[
                "--from-line",
                &from.to_string(),
                "--to-line",
                &to.to_string(),
            ])?;
            self.sent.store(to, Ordering::Relaxed);
            clock.block_on(async { tokio::time::sleep_until(begun + EVERY).await });
        }
        Ok(())
    }

    /// How many deliveries are acknowledged.
    pub fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// Ends the load after the piece that is being sent.
    pub fn leave(&self) {
        self.is_leaving.store(true, Ordering::Relaxed);
    }
}
