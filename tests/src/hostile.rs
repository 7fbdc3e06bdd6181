//! Clients that mean no good: connections that say nothing, bodies that never end, requests of any bytes.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// How long an answer may take, on a machine that does other things.
const LIMIT: Duration = Duration::from_mins(3);
/// The longest answer that is read.
const MAX_ANSWER: u64 = 1 << 20;

/// Where to connect, from the base address of an API.
///
/// # Errors
/// Fails unless it has the form `http://host:port/path`.
pub fn socket(base: &str) -> Result<&str> {
    let rest = base.strip_prefix("http://").context("http")?;
    rest.split('/').next().context("a host")
}

/// Connections that say nothing.
///
/// # Errors
/// Fails when one cannot be opened.
pub async fn idle(address: &str, count: usize) -> Result<Vec<TcpStream>> {
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        let connection = TcpStream::connect(address).await;
        connections.push(connection.context("a connection: is the limit of open files too low?")?);
    }
    Ok(connections)
}

/// An answer, or none when the connection was closed without one.
pub type Answer = Option<(u16, Value)>;

/// Sends bytes as they are, and reads until the other side closes or says all of its answer.
///
/// # Errors
/// Fails when nothing happens for three minutes, or an answer with a body is not JSON.
pub async fn exchange(address: &str, request: &[u8]) -> Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    let sent = stream.write_all(request).await;
    // Refused early, the rest of a request meets a closed connection; the answer may still be there.
    drop(sent);
    answer(&mut stream).await
}

/// Sends the head of a request and then its body byte by byte, until there is an answer.
///
/// # Errors
/// Fails when nothing happens for three minutes, or the answer is not JSON.
pub async fn drip(address: &str, head: &str, pause: Duration) -> Result<Answer> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(head.as_bytes()).await?;
    let (mut reading, mut writing) = stream.into_split();
    let dripping = async {
        while writing.write_all(b" ").await.is_ok() {
            sleep(pause).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = answer(&mut reading) => answer,
        () = dripping => Ok(None),
    }
}

async fn answer(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Result<Answer> {
    let mut bytes = Vec::new();
    let read = timeout(LIMIT, stream.take(MAX_ANSWER).read_to_end(&mut bytes)).await;
    // A reset after the answer is an end too.
    drop(read.context("nothing happened for three minutes")?);
    if bytes.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").context("no end of headers")?;
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    if body.is_empty() {
        return Ok(Some((status, Value::Null)));
    }
    let value: Value =
        serde_json::from_str(body).with_context(|| format!("not JSON: {head}\n{body}"))?;
    ensure!(value.is_object(), "not an object: {value}");
    Ok(Some((status, value)))
}
