//! The body of a request: received within its limits, decompressed, parsed.

use std::io::Read as _;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::budget::{Full, Reservation};
use super::trail::Trail;
use super::{Gateway, Limits};
use crate::error::detail::{Detail, Shape};
use crate::error::{Failure, GatewayError};

pub mod discard;
pub mod json;

/// Bodies above this are decompressed and parsed off the async workers.
pub const OFF_WORKERS_BYTES: usize = 64 * 1024;
/// Up to here the compression ratio does not matter.
const RATIO_FROM_BYTES: usize = 1024 * 1024;
/// How much is decompressed at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// The mark that some writers put before UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// How a body is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Plain,
    /// gzip, perhaps of several members.
    Gzip,
}

/// A body as it was sent.
#[derive(Debug)]
pub struct Received {
    /// The bytes.
    pub bytes: Vec<u8>,
    encoding: Encoding,
    is_json: bool,
    room: Option<Reservation>,
}

/// Receives a body within size and time, and within the room that the process has for bodies.
///
/// # Errors
/// Too large, too slow, of an unknown encoding, or without room; then it was not read to its end.
pub async fn take(gateway: &Gateway, headers: &HeaderMap, body: Body) -> Result<Received, Failure> {
    let room = Some(gateway.bodies.reservation());
    let received = receive_into(headers, body, (&gateway.limits, room)).await;
    received.map_err(|error| {
        if matches!(error, GatewayError::Unavailable(_)) {
            gateway.metrics.shed("memory");
        }
        Failure::from(error).unread()
    })
}

/// Receives a small body within size and time.
///
/// # Errors
/// Too large, too slow, or of an unknown encoding; then it was not read to its end.
pub async fn receive(
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<Received, Failure> {
    receive_into(headers, body, (limits, None))
        .await
        .map_err(|error| Failure::from(error).unread())
}

async fn receive_into(
    headers: &HeaderMap,
    body: Body,
    (limits, mut room): (&Limits, Option<Reservation>),
) -> Result<Received, GatewayError> {
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    if declared.is_some_and(|length| length > limits.max_body_bytes) {
        return Err(GatewayError::TooLarge);
    }
    let encoding = encoding(headers)?;
    let mut bytes = Vec::new();
    reserve(room.as_mut(), declared.unwrap_or_default())?;
    bytes.reserve_exact(declared.unwrap_or_default());
    let collecting = collect(body, (&mut bytes, limits.max_body_bytes), room.as_mut());
    let collected = tokio::time::timeout(limits.body_timeout, collecting).await;
    collected.map_err(|_elapsed| GatewayError::TooSlow)??;
    Ok(Received {
        bytes,
        encoding,
        is_json: is_json(headers),
        room,
    })
}

/// Makes sure that there is room for `bytes`.
fn reserve(room: Option<&mut Reservation>, bytes: usize) -> Result<(), GatewayError> {
    let reserved = room.map_or(Ok(()), |room| room.grow_to(bytes));
    reserved.map_err(|Full| GatewayError::Unavailable(1))
}

async fn collect(
    mut body: Body,
    (bytes, max): (&mut Vec<u8>, usize),
    mut room: Option<&mut Reservation>,
) -> Result<(), GatewayError> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_broken| GatewayError::Unreadable)?;
        if let Ok(data) = frame.into_data() {
            let length = bytes.len() + data.len();
            if length > max {
                return Err(GatewayError::TooLarge);
            }
            reserve(room.as_deref_mut(), length)?;
            bytes.extend_from_slice(&data);
        }
    }
    Ok(())
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, GatewayError> {
    match headers
        .get(header::CONTENT_ENCODING)
        .map(|value| value.as_bytes().to_ascii_lowercase())
    {
        None => Ok(Encoding::Plain),
        Some(name) if name == b"gzip" => Ok(Encoding::Gzip),
        Some(name) if name.is_empty() || name == b"identity" => Ok(Encoding::Plain),
        Some(_) => Err(GatewayError::Unreadable),
    }
}

/// `application/json` or `application/*+json`, any case, parameters apart.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(text) = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let kind = text
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    kind.strip_prefix("application/")
        .is_some_and(|kind| kind == "json" || kind.ends_with("+json"))
}

impl Received {
    /// Decompresses, then decides; off the async workers when the body is large.
    ///
    /// # Errors
    /// Not what its encoding says, too large, without room, or what `decide` says.
    pub async fn decided<T: Send + 'static>(
        self,
        gateway: &Gateway,
        (kind, trail): (&str, &Trail),
        decide: impl FnOnce(Decoded) -> Result<T, GatewayError> + Send + 'static,
    ) -> Result<T, GatewayError> {
        let bytes_in = self.bytes.len();
        gateway.metrics.received(kind, bytes_in);
        trail.note(|note| note.bytes_in = bytes_in);
        let (limits, trail) = (gateway.limits.clone(), trail.clone());
        let is_large = bytes_in > OFF_WORKERS_BYTES;
        let work = move || {
            let decoded = self.decode(&limits)?;
            let bytes_decoded = decoded.bytes.len();
            trail.note(|note| note.bytes_decoded = bytes_decoded);
            decide(decoded).map(|decided| (decided, bytes_decoded))
        };
        let done = if is_large {
            let working = tokio::task::spawn_blocking(work).await;
            working.map_err(|_panic| GatewayError::Internal)?
        } else {
            work()
        };
        let (decided, bytes_decoded) = done.inspect_err(|error| {
            if matches!(error, GatewayError::Unavailable(_)) {
                gateway.metrics.shed("memory");
            }
        })?;
        gateway.metrics.decoded(kind, bytes_decoded);
        Ok(decided)
    }

    /// Decompresses.
    ///
    /// # Errors
    /// Not what its encoding says, too large, or without room.
    pub fn decode(self, limits: &Limits) -> Result<Decoded, GatewayError> {
        let mut room = self.room;
        let bytes = match self.encoding {
            Encoding::Plain => self.bytes,
            Encoding::Gzip => gunzip(&self.bytes, limits, room.as_mut())?,
        };
        Ok(Decoded {
            bytes,
            is_json: self.is_json,
            _room: room,
        })
    }
}

/// Decompresses piece by piece, so that a bomb is noticed before it has grown.
fn gunzip(
    compressed: &[u8],
    limits: &Limits,
    mut room: Option<&mut Reservation>,
) -> Result<Vec<u8>, GatewayError> {
    let mut decoder = MultiGzDecoder::new(compressed);
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; CHUNK_BYTES]);
    let ratio_limit = compressed
        .len()
        .saturating_mul(limits.max_compression_ratio);
    loop {
        let length = decoder
            .read(&mut chunk)
            .map_err(|_broken| GatewayError::Unreadable)?;
        let Some(read) = chunk.get(..length).filter(|read| !read.is_empty()) else {
            return Ok(bytes);
        };
        bytes.extend_from_slice(read);
        let is_bomb = bytes.len() > RATIO_FROM_BYTES && bytes.len() > ratio_limit;
        if is_bomb || bytes.len() > limits.max_decoded_bytes {
            return Err(GatewayError::TooLarge);
        }
        reserve(room.as_deref_mut(), compressed.len() + bytes.len())?;
    }
}

/// A body without its compression.
#[derive(Debug)]
pub struct Decoded {
    /// The bytes.
    pub bytes: Vec<u8>,
    is_json: bool,
    _room: Option<Reservation>,
}

impl Decoded {
    /// The text of a body that is said to be JSON and may be; the long way judges any other.
    pub fn json(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.bytes).ok()?;
        self.is_json
            .then(|| text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text))
    }

    /// Parses a body of the given shape: for a list within `max` items, for one item that item
    /// alone.
    ///
    /// # Errors
    /// Not UTF-8, not JSON, nested too deeply, or of another shape or length.
    pub fn parse(&self, shape: Shape, max: usize) -> Result<Vec<Value>, GatewayError> {
        let invalid = |detail| GatewayError::Invalid(vec![detail]);
        let text = std::str::from_utf8(&self.bytes).map_err(|_error| GatewayError::Unreadable)?;
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        if text.is_empty() {
            return Err(invalid(Detail::missing_body()));
        }
        let body = if self.is_json {
            json::parse(text, max).map_err(|error| no_json(text, &error))?
        } else {
            json::Body {
                value: Value::String(text.to_owned()),
                length: 0,
            }
        };
        match (shape, body.value) {
            (_, Value::Null) => Err(invalid(Detail::missing_body())),
            (Shape::Single | Shape::Either, item @ Value::Object(_)) => Ok(vec![item]),
            (Shape::List | Shape::Either, Value::Array(items)) => {
                if (1..=max).contains(&body.length) {
                    return Ok(items);
                }
                let items = Value::Array(items);
                Err(invalid(Detail::wrong_length(body.length, max, &items)))
            }
            (shape, other) => Err(invalid(Detail::wrong_shape(shape, &other))),
        }
    }
}

fn no_json(text: &str, error: &serde_json::Error) -> GatewayError {
    let message = error.to_string();
    if message.starts_with("recursion limit exceeded") {
        return GatewayError::Unreadable;
    }
    let line_start: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    let byte = line_start + error.column().saturating_sub(1);
    let reason = message
        .rsplit_once(" at line ")
        .map_or(message.as_str(), |(reason, _)| reason);
    GatewayError::Invalid(vec![Detail::no_json(byte, reason)])
}
