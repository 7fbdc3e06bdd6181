//! A proxy before ClickHouse: it shows every insert to whoever watches, before, within and after, and
//! cuts it off where they say so.

use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// An insert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insert {
    /// The table.
    pub table: String,
    /// Its deduplication token.
    pub token: String,
}

/// How far an insert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing of it was passed on.
    Before,
    /// Half of its body was passed on.
    Within,
    /// The server has answered with this HTTP status.
    Answered(u16),
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Pass,
    /// Both connections are closed.
    Cut,
}

/// Watches inserts.
pub type Watcher = dyn Fn(&Insert, Moment) -> Verdict + Send + Sync;

/// Starts a proxy before `server` (`http://host:port`) and returns its address.
///
/// # Errors
/// Fails when no port can be had.
pub async fn start(server: &str, watcher: Arc<Watcher>) -> Result<String> {
    let server = server.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (server, watcher) = (server.clone(), Arc::clone(&watcher));
            // A connection that breaks is one that was cut, or whose process was killed.
            tokio::spawn(async move { serve(client, &server, watcher.as_ref()).await.ok() });
        }
    });
    Ok(address)
}

async fn serve(client: TcpStream, server: &str, watcher: &Watcher) -> Result<()> {
    let upstream = TcpStream::connect(server).await?;
    let (client, upstream) = (client.into_split(), upstream.into_split());
    let (mut from_client, mut to_client) = (BufReader::new(client.0), client.1);
    let (mut from_server, mut to_server) = (BufReader::new(upstream.0), upstream.1);
    loop {
        let Some(request) = read(&mut from_client).await? else {
            return Ok(());
        };
        let insert = insert_of(&request.head);
        let judge = |moment| match &insert {
            Some(insert) if watcher(insert, moment) == Verdict::Cut => bail!("cut {moment:?}"),
            _ => Ok(()),
        };
        judge(Moment::Before)?;
        to_server.write_all(&request.head).await?;
        let (first, second) = request.body.split_at(request.body.len() / 2);
        to_server.write_all(first).await?;
        judge(Moment::Within)?;
        to_server.write_all(second).await?;
        let answer = read(&mut from_server).await?.context("no answer")?;
        judge(Moment::Answered(status_of(&answer.head)?))?;
        write(&mut to_client, &answer).await?;
    }
}

/// A request or an answer; the body as it is on the wire.
struct Message {
    head: Vec<u8>,
    body: Vec<u8>,
}

async fn write(to: &mut OwnedWriteHalf, message: &Message) -> Result<()> {
    to.write_all(&message.head).await?;
    to.write_all(&message.body).await?;
    Ok(to.flush().await?)
}

async fn read(from: &mut BufReader<OwnedReadHalf>) -> Result<Option<Message>> {
    let mut head = Vec::new();
    loop {
        let start = head.len();
        if from.read_until(b'\n', &mut head).await? == 0 {
            ensure!(head.is_empty(), "the head breaks off");
            return Ok(None);
        }
        if head.get(start..) == Some(b"\r\n") {
            break;
        }
    }
    let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let mut body = Vec::new();
    if text.contains("transfer-encoding: chunked") {
        read_chunks(from, &mut body).await?;
    } else if let Some((_, rest)) = text.split_once("content-length:") {
        let length = rest.split_whitespace().next().context("a length")?;
        body.resize(length.parse()?, 0);
        from.read_exact(&mut body).await?;
    }
    Ok(Some(Message { head, body }))
}

async fn read_chunks(from: &mut BufReader<OwnedReadHalf>, body: &mut Vec<u8>) -> Result<()> {
    loop {
        let start = body.len();
        from.read_until(b'\n', body).await?;
        let line = body.get(start..).unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let size = usize::from_str_radix(line.trim_end(), 16).context("the size of a chunk")?;
        // The chunk, and the end of its line.
        let start = body.len();
        body.resize(start + size + 2, 0);
        from.read_exact(body.get_mut(start..).unwrap_or_default())
            .await?;
        if size == 0 {
            return Ok(());
        }
    }
}

fn insert_of(head: &[u8]) -> Option<Insert> {
    let text = String::from_utf8_lossy(head);
    let (_, rest) = text.split_once("INSERT+INTO+")?;
    let word = |text: &str| -> String {
        text.chars()
            .take_while(|character| character.is_ascii_alphanumeric() || "_-".contains(*character))
            .collect()
    };
    let table = word(rest.trim_start_matches("%60").trim_start_matches('`'));
    let (_, token) = text.split_once("insert_deduplication_token=")?;
    Some(Insert {
        table,
        token: word(token),
    })
}

fn status_of(head: &[u8]) -> Result<u16> {
    let text = String::from_utf8_lossy(head);
    let status = text.split_whitespace().nth(1).context("a status")?;
    Ok(status.parse()?)
}
