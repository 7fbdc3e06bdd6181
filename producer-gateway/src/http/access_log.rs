//! The access log: a line of JSON for each request that is watched.
//!
//! It names routes, never raw paths; it holds no token, no password and no body. Lines are written
//! together, every [`FLUSH_EVERY`]: a line by itself costs as much as the rest of a refusal. Whoever
//! is killed loses the lines of that time, and no data.

use std::fmt;
use std::io::{BufWriter, Write};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use domain::TimestampMicros;
use platform::WallClock as _;
use platform::wall_clock::SystemClock;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::Gateway;
use super::trail::Note;
use crate::config::AccessLog as Watched;
use crate::request::calendar::render_instant;

/// The longest text of a client's that is written down, bytes.
const MAX_TEXT_BYTES: usize = 200;
/// How long a line may wait.
pub const FLUSH_EVERY: Duration = Duration::from_millis(200);
/// How many bytes of lines are written at once at the latest.
const BUFFER_BYTES: usize = 64 * 1024;

/// Where lines go, and which requests have one.
pub struct AccessLog {
    watched: Watched,
    sink: Mutex<BufWriter<Box<dyn Write + Send>>>,
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AccessLog")
            .field("watched", &self.watched)
            .finish_non_exhaustive()
    }
}

/// What is said about a request besides its note.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// Our id of the request.
    pub request_id: &'a str,
    /// The id that the client gave it.
    pub client_request_id: Option<&'a str>,
    /// The key by which the client knows the request.
    pub idempotency_key: Option<&'a str>,
    /// Where it came from.
    pub address: IpAddr,
    /// The client's program.
    pub user_agent: Option<&'a str>,
    /// The method.
    pub method: &'a Method,
    /// The route.
    pub route: &'a str,
    /// The answer.
    pub status: StatusCode,
    /// The body of the answer as sent, bytes.
    pub bytes_out: u64,
    /// From head to answer.
    pub elapsed: Duration,
}

#[derive(Serialize)]
struct Written<'a> {
    time: String,
    message: &'static str,
    request_id: &'a str,
    client_request_id: Option<&'a str>,
    idempotency_key: Option<&'a str>,
    address: IpAddr,
    account: &'a str,
    user_agent: Option<&'a str>,
    method: &'a str,
    route: &'a str,
    status: u16,
    accepted: usize,
    refused: usize,
    bytes_in: usize,
    bytes_decoded: usize,
    bytes_out: u64,
    elapsed_ms: f64,
    kafka_wait_ms: f64,
}

impl AccessLog {
    /// Writes about `watched` requests to standard error, where the other log lines go.
    pub fn new(watched: Watched) -> Self {
        Self::to(watched, Box::new(std::io::stderr()))
    }

    /// Writes about `watched` requests to `sink`.
    pub fn to(watched: Watched, sink: Box<dyn Write + Send>) -> Self {
        Self {
            watched,
            sink: Mutex::new(BufWriter::with_capacity(BUFFER_BYTES, sink)),
        }
    }

    /// Whether a request has a line: failures, logins and static writes, unless all or none have.
    pub fn watches(&self, method: &Method, route: &str, status: StatusCode) -> bool {
        match self.watched {
            Watched::Off => false,
            Watched::All => true,
            Watched::Errors => {
                let is_write = *method != Method::GET && *method != Method::HEAD;
                let is_watched =
                    route.ends_with("/auth/token") || (is_write && route.contains("/statique"));
                status.is_client_error() || status.is_server_error() || is_watched
            }
        }
    }

    /// Puts one line to those that are written next.
    pub fn write(&self, line: &Line<'_>, note: &Note) {
        let now = TimestampMicros::from_us(SystemClock.now_ms().saturating_mul(1_000));
        let time = render_instant(now)
            .replacen(' ', "T", 1)
            .replace("+00:00", "Z");
        let ms = |duration: Duration| (duration.as_secs_f64() * 1e6).round() / 1e3;
        let written = Written {
            time,
            message: "request",
            request_id: line.request_id,
            client_request_id: line.client_request_id.map(cut),
            idempotency_key: line.idempotency_key.map(cut),
            address: line.address,
            account: &note.account,
            user_agent: line.user_agent.map(cut),
            method: line.method.as_str(),
            route: line.route,
            status: line.status.as_u16(),
            accepted: note.accepted,
            refused: note.refused,
            bytes_in: note.bytes_in,
            bytes_decoded: note.bytes_decoded,
            bytes_out: line.bytes_out,
            elapsed_ms: ms(line.elapsed),
            kafka_wait_ms: ms(note.kafka_wait),
        };
        let Ok(mut text) = serde_json::to_vec(&written) else {
            return;
        };
        text.push(b'\n');
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = sink.write_all(&text) {
            tracing::debug!(%error, "access log cannot be written");
        }
    }

    /// Writes what there is.
    pub fn flush(&self) {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = sink.flush() {
            tracing::debug!(%error, "access log cannot be written");
        }
    }
}

/// Writes the lines of a gateway every [`FLUSH_EVERY`], and the last ones when all else has `drained`.
///
/// # Errors
/// Never; the log of requests is no reason to stop.
pub async fn follow(gateway: Arc<Gateway>, drained: CancellationToken) -> anyhow::Result<()> {
    while !drained.is_cancelled() {
        tokio::select! {
            () = tokio::time::sleep(FLUSH_EVERY) => {}
            () = drained.cancelled() => {}
        }
        gateway.access_log.flush();
    }
    Ok(())
}

fn cut(text: &str) -> &str {
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_logins_and_static_writes_are_watched() {
        let log = AccessLog::new(Watched::Errors);
        let watches = |method: Method, route: &str, status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            log.watches(&method, route, status)
        };
        assert!(watches(Method::POST, "/api/v1/auth/token", 200));
        assert!(watches(Method::POST, "/api/v1/statique/bulk", 201));
        assert!(watches(Method::GET, "/api/v1/statique/", 403));
        assert!(!watches(Method::GET, "/api/v1/statique/", 200));
        assert!(!watches(Method::POST, "/api/v1/dynamique/status/", 201));
        assert!(watches(Method::POST, "/api/v1/dynamique/status/", 503));
    }
}
