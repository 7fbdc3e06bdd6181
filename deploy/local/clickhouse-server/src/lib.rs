//! The ClickHouse HTTP interface over `libchdb.so`: ClickHouse's own engine as a library, in one process.
//!
//! For demo, development and tests. Real `MergeTree`, real SQL; see [`limits`] for what is missing.
//! Invariants: an acknowledged insert survives `kill -9`; a body that did not arrive whole stores nothing; settings of
//! one request are never seen by another; a statement that would break the next start never reaches the engine.
//!
//! Modules, from the socket inwards: `http` (router), `request` and `response` (URL, headers, bodies), `statement`,
//! `lexer` and `refuse` (the text), `insert` and `block` (data), `engine` (a session per request), `ffi` (C).

mod block;
pub mod config;
mod engine;
mod error;
mod ffi;
mod http;
mod insert;
mod lexer;
pub mod limits;
mod refuse;
mod request;
mod response;
pub mod shutdown;
mod statement;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::engine::Engine;
use crate::http::Server;

/// How long an idle connection is kept; clients may reuse theirs for at least 3 s.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// How long running statements may finish when we stop.
const DRAIN: Duration = Duration::from_secs(10);

/// How long cancelled statements may take to notice.
const CANCELLED_DRAIN: Duration = Duration::from_secs(5);

/// The engine declines to join its threads while one is busy, as those of refreshable views are: then they end with the
/// process, which is safe, since `kill -9` is.
const SHUTDOWN_ATTEMPTS: u32 = 10;

/// Time between two attempts.
const SHUTDOWN_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` resolves, then drains, cancels what is left and stops the engine.
///
/// # Errors
/// When the address is taken, or the engine does not start.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("listening on {}", config.listen))?;
    let address = listener.local_addr()?;
    let permits = config.max_concurrency;
    let account = config.account.clone();
    let engine = tokio::task::spawn_blocking(move || Engine::start(&config)).await??;
    let version = engine.identity().version.clone();
    let server = Arc::new(Server {
        engine,
        permits: Arc::new(Semaphore::new(permits as usize)),
        account,
        stop: CancellationToken::new(),
    });
    writeln!(std::io::stdout().lock(), "listening on http://{address}")?;
    tracing::info!(address = address.to_string(), version, "ready");

    let closing = CancellationToken::new();
    tokio::select! {
        () = shutdown => {}
        () = accept(listener, &server, &closing) => {}
    }
    tracing::info!("stopping");
    closing.cancel();
    stop(server, permits).await
}

async fn accept(listener: TcpListener, server: &Arc<Server>, closing: &CancellationToken) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, Arc::clone(server), closing.clone()));
            }
            Err(error) => {
                tracing::warn!(error = error.to_string(), "connection not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await; // out of descriptors: let some close
            }
        }
    }
}

async fn serve(stream: TcpStream, server: Arc<Server>, closing: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(error = error.to_string(), "connection without nodelay");
    }
    let service = hyper::service::service_fn(move |request| Arc::clone(&server).handle(request));
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(KEEP_ALIVE)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(error = error.to_string(), "connection ended");
    }
}

/// Waits for the running statements, cancels those that take too long, and stops the engine.
async fn stop(server: Arc<Server>, permits: u32) -> anyhow::Result<()> {
    let all_done = || server.permits.acquire_many(permits);
    if tokio::time::timeout(DRAIN, all_done()).await.is_err() {
        tracing::warn!(running = running(&server, permits), "statements cancelled");
        server.stop.cancel();
        let engine = Arc::clone(&server);
        if let Err(error) = tokio::task::spawn_blocking(move || engine.engine.cancel_all()).await? {
            tracing::warn!(error = error.to_string(), "statements not cancelled");
        }
        if tokio::time::timeout(CANCELLED_DRAIN, all_done())
            .await
            .is_err()
        {
            tracing::warn!(running = running(&server, permits), "engine left running");
            return Ok(());
        }
    }
    server.permits.close();
    for attempt in 1..=SHUTDOWN_ATTEMPTS {
        let server = Arc::clone(&server);
        if tokio::task::spawn_blocking(move || server.engine.shutdown()).await? {
            break;
        }
        if attempt == SHUTDOWN_ATTEMPTS {
            tracing::info!("engine threads end with the process");
        }
        tokio::time::sleep(SHUTDOWN_PAUSE).await;
    }
    tracing::info!("stopped");
    Ok(())
}

fn running(server: &Server, permits: u32) -> usize {
    (permits as usize).saturating_sub(server.permits.available_permits())
}
