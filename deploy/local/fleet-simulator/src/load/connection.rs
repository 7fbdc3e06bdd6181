//! One kept-alive connection that posts and reads answers: the least HTTP/1.1 that the gateway needs.

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::config::{LoadKind, RequestsArgs};

/// What is read at a time, bytes.
const CHUNK_BYTES: usize = 64 * 1024;

/// Where requests go and what they have in common.
#[derive(Debug)]
pub struct Target {
    address: String,
    head: String,
    /// The status that a good answer has.
    pub expected: u16,
}

impl Target {
    /// The target of `arguments` for the bearer of `token`.
    ///
    /// # Errors
    /// When the URL is not plain HTTP.
    pub fn new(arguments: &RequestsArgs, token: &str) -> anyhow::Result<Self> {
        let url = &arguments.gateway.url;
        let rest = url
            .strip_prefix("http://")
            .with_context(|| format!("{url} is not plain HTTP"))?;
        let (address, base) = rest.split_once('/').unwrap_or((rest, ""));
        let one = arguments.batch == 1;
        let route = match (arguments.kind, one) {
            (LoadKind::Status | LoadKind::Refused, true) => "status/",
            (LoadKind::Status | LoadKind::Refused, false) => "status/bulk",
            (LoadKind::Session, true) => "session/",
            (LoadKind::Session, false) => "session/bulk",
        };
        let mut head = format!(
            "POST /{base}/dynamique/{route} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n"
        );
        if arguments.kind != LoadKind::Refused {
            head.push_str("authorization: Bearer ");
            head.push_str(token);
            head.push_str("\r\n");
        }
        if arguments.gzip {
            head.push_str("content-encoding: gzip\r\n");
        }
        let expected = if arguments.kind == LoadKind::Refused {
            401
        } else {
            201
        };
        Ok(Self {
            address: address.to_owned(),
            head,
            expected,
        })
    }
}

/// A connection.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

/// The head of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Bytes of head and body together.
    length: usize,
    is_last: bool,
}

impl Connection {
    /// Opens a connection.
    ///
    /// # Errors
    /// When nobody answers there.
    pub async fn open(target: &Target) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(&target.address)
            .await
            .with_context(|| format!("connecting to {}", target.address))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            request: Vec::new(),
            answer: Vec::new(),
        })
    }

    /// Posts `body` and returns the status of the answer.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not understood.
    pub async fn post(&mut self, target: &Target, body: &[u8]) -> anyhow::Result<u16> {
        self.request.clear();
        self.request.extend_from_slice(target.head.as_bytes());
        let length = format!("content-length: {}\r\n\r\n", body.len());
        self.request.extend_from_slice(length.as_bytes());
        self.request.extend_from_slice(body);
        self.stream
            .write_all(&self.request)
            .await
            .context("sending")?;
        let head = self.read().await?;
        if head.is_last {
            *self = Self::open(target).await?;
        }
        Ok(head.status)
    }

    async fn read(&mut self) -> anyhow::Result<Head> {
        self.answer.clear();
        let mut head = None;
        loop {
            self.answer.reserve(CHUNK_BYTES);
            let read = self
                .stream
                .read_buf(&mut self.answer)
                .await
                .context("reading")?;
            ensure!(read > 0, "the gateway has closed the connection");
            if head.is_none() {
                head = parse(&self.answer)?;
            }
            if let Some(head) = head.take_if(|head| self.answer.len() >= head.length) {
                return Ok(head);
            }
        }
    }
}

/// The head of an answer, once it is complete.
fn parse(answer: &[u8]) -> anyhow::Result<Option<Head>> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(answer.get(..end).unwrap_or_default());
    let mut lines = text.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|status| status.parse().ok());
    let Some(status) = status else {
        bail!("the answer begins with {text:?}")
    };
    let mut head = Head {
        status,
        length: end + 4,
        is_last: false,
    };
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        if name.eq_ignore_ascii_case("content-length") {
            let body: usize = value.trim().parse().context("content-length")?;
            head.length += body;
        } else if name.eq_ignore_ascii_case("connection") {
            head.is_last = value.trim().eq_ignore_ascii_case("close");
        }
    }
    Ok(Some(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_complete_with_its_body() {
        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nconnection: close\r\n\r\n";
        let head = parse(answer).unwrap().unwrap();
        assert_eq!(
            head,
            Head {
                status: 201,
                length: answer.len() + 5,
                is_last: true
            }
        );
        assert_eq!(parse(b"HTTP/1.1 201 Created\r\n").unwrap(), None);
        assert!(parse(b"garbage\r\n\r\n").is_err());
    }
}
