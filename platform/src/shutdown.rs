//! How a process ends: a signal cancels one token, tasks drain, and draining has a deadline.
//!
//! The order of an orderly end: intake stops and `/ready` answers 503 (both follow the token),
//! tasks drain, flush and commit, the admin port closes, the process leaves with 0.
//! A second signal ends the process at once with 130. A task that ends unasked, panics or fails
//! cancels the others and makes the process leave with 1.

use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

pub use tasks::{TaskError, Tasks};

mod tasks;

/// The flag for the time that draining may take, flattened into every service.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Life")]
pub struct ShutdownArgs {
    /// Seconds that draining may take after the first signal, 1 to 3600; afterwards the process
    /// gives up and leaves with 1
    #[arg(long, env = "SHUTDOWN_TIMEOUT_SECONDS", default_value_t = 30, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub shutdown_timeout_seconds: u64,
}

impl ShutdownArgs {
    /// Returns the time that draining may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.shutdown_timeout_seconds)
    }
}

/// Draining took longer than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "draining did not finish within {timeout:?}: raise --shutdown-timeout-seconds or look for what hangs"
)]
pub struct DeadlineExceeded {
    /// The time that was allowed.
    pub timeout: Duration,
}

/// Runs `drain` to its end, but no longer than `timeout`.
///
/// # Errors
/// When the time is over; `drain` is dropped then.
pub async fn deadline<T>(
    timeout: Duration,
    drain: impl Future<Output = T>,
) -> Result<T, DeadlineExceeded> {
    tokio::time::timeout(timeout, drain)
        .await
        .map_err(|_elapsed| DeadlineExceeded { timeout })
}

/// Returns the token that the first SIGINT or SIGTERM cancels. The second ends the process with 130.
///
/// The handlers stand when the function returns. It must be called within a tokio runtime, once.
pub fn requested() -> CancellationToken {
    let token = CancellationToken::new();
    match (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) {
        (Ok(interrupt), Ok(terminate)) => {
            tokio::spawn(listen(interrupt, terminate, token.clone()));
        }
        (Err(error), _) | (_, Err(error)) => {
            // The operating system's default stands: a signal ends the process without draining.
            tracing::error!(%error, "signal handlers cannot be installed");
        }
    }
    token
}

async fn listen(mut interrupt: Signal, mut terminate: Signal, token: CancellationToken) {
    let name = first_of(&mut interrupt, &mut terminate).await;
    tracing::info!(signal = name, "shutdown requested");
    token.cancel();
    let name = first_of(&mut interrupt, &mut terminate).await;
    tracing::warn!(signal = name, "second signal, leaving at once");
    #[expect(clippy::exit, reason = "a second signal ends the process at once")]
    std::process::exit(130);
}

async fn first_of(interrupt: &mut Signal, terminate: &mut Signal) -> &'static str {
    tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_drain_within_its_time_gives_its_result() {
        let drain = async {
            tokio::time::sleep(Duration::from_secs(9)).await;
            7
        };
        assert_eq!(deadline(Duration::from_secs(10), drain).await, Ok(7));
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_that_hangs_is_given_up_with_the_remedy() {
        let error = deadline(Duration::from_secs(10), std::future::pending::<()>())
            .await
            .unwrap_err();
        assert!(error.to_string().contains("--shutdown-timeout-seconds"));
    }
}
