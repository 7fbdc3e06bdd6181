//! SIGINT and SIGTERM → the wish to stop. A second signal ends the process at once.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Exit code of a process ended by a second signal: 128 + SIGTERM.
const ENDED_AT_ONCE: i32 = 143;

/// Waits for the first signal, and leaves behind a task that obeys the second.
pub async fn requested() {
    match (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            either(&mut interrupt, &mut terminate).await;
            tokio::spawn(async move {
                either(&mut interrupt, &mut terminate).await;
                std::process::exit(ENDED_AT_ONCE);
            });
        }
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(error = error.to_string(), "signals cannot be heard");
            std::future::pending::<()>().await;
        }
    }
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
