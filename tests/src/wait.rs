//! Waiting for a condition, with a limit that names what was waited for.

use std::time::Duration;

use anyhow::{Result, bail};

/// How often a condition is asked for.
const PAUSE: Duration = Duration::from_millis(200);

/// Asks `condition` until it gives a value.
///
/// # Errors
/// Fails at the limit with the last thing that `condition` said was missing.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut condition: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let deadline = tokio::time::Instant::now() + limit;
    loop {
        match condition().await {
            Ok(value) => return Ok(value),
            Err(error) if tokio::time::Instant::now() > deadline => {
                bail!("waited {} s for {what}: {error:#}", limit.as_secs());
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
