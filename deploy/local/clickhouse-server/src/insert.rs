//! The data of an `INSERT`: from the socket through a bounded channel, unpacked, into the engine's insert stream.
//!
//! Only a body that arrived whole is stored: a client that goes away, a frame that is cut and a wrong checksum cancel.

use std::io::{self, Read};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::block::BlockReader;
use crate::engine::Session;
use crate::error::{Kind, ServerError};
use crate::ffi::Output;
use crate::request::Packing;

/// Pieces of a body that wait for the engine.
const WAITING_PIECES: usize = 8;

/// Bytes handed to the engine at once.
const PIECE_BYTES: usize = 1 << 20;

/// How long a client may be silent inside a body: the `http_receive_timeout` of a server.
const SILENCE: Duration = Duration::from_secs(30);

/// What the socket sends to the engine. The end is said explicitly: a sender that vanishes is no end.
#[derive(Debug)]
enum Piece {
    Data(Bytes),
    End,
    Failed(ServerError),
}

/// A body on its way, to be read on a blocking thread.
#[derive(Debug)]
pub(crate) struct BodyReader {
    pieces: mpsc::Receiver<Piece>,
    current: Bytes,
    is_ended: bool,
}

impl BodyReader {
    /// Reads the whole body on a task of its own, which goes on when nobody listens any more, so that the client can
    /// finish writing and then read its response. `stop` ends it early.
    pub(crate) fn spawn(body: Incoming, stop: CancellationToken) -> Self {
        let (sender, pieces) = mpsc::channel(WAITING_PIECES);
        tokio::spawn(async move {
            let outcome = tokio::select! {
                outcome = pump(body, &sender) => outcome,
                () = stop.cancelled() => Err(ServerError::new(Kind::QueryWasCancelled, "the server stops")),
            };
            let last = outcome.map_or_else(Piece::Failed, |()| Piece::End);
            // Nobody may be listening any more: then there is nobody to tell.
            drop(sender.send(last).await);
        });
        Self {
            pieces,
            current: Bytes::new(),
            is_ended: false,
        }
    }
}

async fn pump(mut body: Incoming, sender: &mpsc::Sender<Piece>) -> Result<(), ServerError> {
    loop {
        let frame = tokio::time::timeout(SILENCE, body.frame())
            .await
            .map_err(|_| {
                ServerError::new(
                    Kind::SocketTimeout,
                    "the client was silent inside the body for 30 s",
                )
            })?;
        let Some(frame) = frame else { return Ok(()) };
        let frame = frame.map_err(|error| {
            ServerError::new(
                Kind::NetworkError,
                format!("the body did not arrive whole: {error}"),
            )
        })?;
        if let Ok(data) = frame.into_data() {
            // After a failed insert the rest of the body is read and dropped.
            drop(sender.send(Piece::Data(data)).await);
        }
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.is_ended {
            match self.pieces.blocking_recv() {
                Some(Piece::Data(data)) => self.current = data,
                Some(Piece::End) => self.is_ended = true,
                Some(Piece::Failed(error)) => return Err(error.into()),
                None => {
                    return Err(
                        ServerError::new(Kind::NetworkError, "the body was given up").into(),
                    );
                }
            }
        }
        let read = buffer.len().min(self.current.len());
        self.current
            .copy_to_slice(buffer.get_mut(..read).unwrap_or_default());
        Ok(read)
    }
}

/// Wraps a packed body into its decoder.
pub(crate) fn unpacked<'a>(
    body: impl Read + 'a,
    packing: Packing,
) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match packing {
        Packing::Plain => Box::new(body),
        Packing::Blocks => Box::new(BlockReader::new(body)),
        Packing::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(body)),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::new(body)?),
        Packing::Gzip => Box::new(flate2::read::MultiGzDecoder::new(body)),
    })
}

/// What to insert.
#[derive(Debug)]
pub(crate) struct Insert<'a> {
    /// The statement without its format.
    pub(crate) head: &'a [u8],
    /// Format of the data.
    pub(crate) format: &'a str,
    /// Parameters of the statement.
    pub(crate) parameters: &'a [(String, String)],
}

impl Insert<'_> {
    /// Streams `data` into the engine, and stores them when their end was reached.
    pub(crate) fn run(
        &self,
        session: &mut Session,
        mut data: impl Read,
    ) -> Result<Output, ServerError> {
        let mut stream = session.insert(self.head, self.format, self.parameters)?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = match data.read(&mut piece) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    stream.cancel();
                    return Err(error.into());
                }
            };
            if !stream.append(piece.get(..read).unwrap_or_default()) {
                break; // the engine has refused: the end of the stream tells why
            }
        }
        stream
            .finish()
            .map_err(|text| ServerError::from_engine(&text))
    }
}
