//! Reads the users file again on SIGHUP, and keeps the keys of an identity provider fresh.

use std::sync::Arc;

use anyhow::Context as _;
use platform::shutdown::Tasks;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::oidc;
use crate::http::Gateway;

/// Starts what keeps accounts and keys up to date.
///
/// # Errors
/// When the signal cannot be listened to.
pub fn spawn(tasks: &mut Tasks, gateway: &Arc<Gateway>) -> anyhow::Result<()> {
    // Listened to before anything is served: unheard, the signal would end the process.
    let hang_ups = listen()?;
    let shutdown = tasks.shutdown();
    tasks.spawn("users", follow(hang_ups, Arc::clone(gateway), shutdown));
    if let Some(provider) = gateway.auth.provider().map(Arc::clone) {
        let (readiness, shutdown) = (gateway.readiness.clone(), tasks.shutdown());
        readiness.waiting(oidc::CONDITION);
        tasks.spawn("oidc", async move {
            provider.keep_fresh(&readiness, &shutdown).await;
            Ok(())
        });
    }
    Ok(())
}

/// Listens to SIGHUP.
///
/// # Errors
/// When the system does not allow it.
pub fn listen() -> anyhow::Result<Signal> {
    signal(SignalKind::hangup()).context("listening to SIGHUP")
}

/// Reads the users file again on each signal, until `shutdown`.
///
/// # Errors
/// When reading panics, which is a defect.
pub async fn follow(
    mut hang_ups: Signal,
    gateway: Arc<Gateway>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            _ = hang_ups.recv() => {}
            () = shutdown.cancelled() => return Ok(()),
        }
        let shared = Arc::clone(&gateway);
        tokio::task::spawn_blocking(move || reload(&shared))
            .await
            .context("reading the users file again")?;
    }
}

/// Reads the users file again; a bad one changes nothing.
pub fn reload(gateway: &Gateway) {
    let outcome = match gateway.auth.reload() {
        Ok(accounts) => {
            tracing::info!(accounts, "users file read again");
            "replaced"
        }
        Err(error) => {
            let error = format!("{:#}", anyhow::Error::from(error));
            tracing::error!(error, "users file refused, the old accounts stay in force");
            "refused"
        }
    };
    gateway
        .metrics
        .users_reload
        .with_label_values(&[outcome])
        .inc();
}
