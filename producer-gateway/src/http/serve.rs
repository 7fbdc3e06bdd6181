//! Accepts connections and serves the router on them: plain or TLS, each within its patience, and
//! to an orderly end.
//!
//! HTTP/1.1 only. A head of more than 16 KiB is answered 431, empty; what is no HTTP at all, 400,
//! empty. Nothing of either reaches the router.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use super::client::Peer;
use super::connection::{Busy, Patience, Patient};
use super::tls::Tls;

/// The largest head of a request, bytes.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;
/// How much of a connection is buffered, bytes: heads fit, and bodies come in large pieces.
const MAX_BUFFER_BYTES: usize = 64 * 1024;
/// How long the system is given to recover from a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How connections are taken.
#[derive(Debug)]
pub struct Server {
    /// The routes.
    pub router: Router,
    /// How long a connection is waited for.
    pub patience: Patience,
    /// Connections at a time; more wait to be accepted.
    pub max_connections: usize,
    /// The certificate; none for plain HTTP.
    pub tls: Option<Arc<Tls>>,
}

/// Whether a request came over TLS, in its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsTls(pub bool);

impl Server {
    /// Serves until `end`, then finishes the requests that have begun.
    pub async fn run(self, listener: TcpListener, end: CancellationToken) {
        let server = Arc::new(self);
        let places = Arc::new(Semaphore::new(server.max_connections));
        let connections = TaskTracker::new();
        loop {
            let place = tokio::select! {
                place = Arc::clone(&places).acquire_owned() => place,
                () = end.cancelled() => break,
            };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = end.cancelled() => break,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::debug!(%error, "connection cannot be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (server, end) = (Arc::clone(&server), end.clone());
            connections.spawn(async move {
                server.serve(stream, Peer(address), end).await;
                drop(place);
            });
        }
        drop(listener);
        connections.close();
        connections.wait().await;
    }

    async fn serve(&self, stream: TcpStream, peer: Peer, end: CancellationToken) {
        // Answers are small and complete: waiting to fill a packet would only delay them.
        let _is_set = stream.set_nodelay(true);
        let Some(tls) = &self.tls else {
            return self.converse(stream, (peer, IsTls(false)), end).await;
        };
        let greeting = tls.acceptor().accept(stream);
        match tokio::time::timeout(self.patience.head, greeting).await {
            Ok(Ok(stream)) => self.converse(stream, (peer, IsTls(true)), end).await,
            Ok(Err(error)) => tracing::debug!(%error, "connection without a TLS handshake"),
            Err(_elapsed) => tracing::debug!("connection without a TLS handshake in time"),
        }
    }

    async fn converse<S>(&self, stream: S, (peer, is_tls): (Peer, IsTls), end: CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let busy = Busy::default();
        let stream = Patient::new(stream, self.patience, busy.clone());
        let router = self.router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let (guard, router) = (busy.guard(), router.clone());
            async move {
                let mut request = request.map(Body::new);
                request.extensions_mut().insert(peer);
                request.extensions_mut().insert(is_tls);
                let answer: Result<Response, Infallible> = router.oneshot(request).await;
                drop(guard);
                answer
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .max_header_size(MAX_HEAD_BYTES)
            .max_buf_size(MAX_BUFFER_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = end.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended");
        }
    }
}
