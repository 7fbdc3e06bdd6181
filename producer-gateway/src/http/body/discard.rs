//! The body of a request that is turned away before it is read: thrown away when it is small and
//! there already, so that the connection serves the next request; else the connection is closed.
//!
//! RFC 9112, 9.3: a connection goes on only after the whole message has been read. Opening one anew
//! costs more than a refusal. Nothing is kept, decompressed or parsed.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use http_body_util::BodyExt as _;

/// The largest body that is thrown away, bytes.
const MAX_BYTES: usize = 16 * 1024;
/// How long is waited for it: a body that follows its head at once.
const PATIENCE: Duration = Duration::from_millis(50);

/// Throws `body` away if that is cheap. True when nothing is left of it.
pub async fn discard(headers: &HeaderMap, body: &mut Body) -> bool {
    // Whoever asks first has not sent it, and need not.
    if headers.contains_key(header::TRANSFER_ENCODING) || headers.contains_key(header::EXPECT) {
        return false;
    }
    match length(headers) {
        Some(0) => true,
        Some(1..=MAX_BYTES) => tokio::time::timeout(PATIENCE, drain(body))
            .await
            .unwrap_or(false),
        _ => false,
    }
}

/// What a request says of the length of its body; none when that is unreadable.
fn length(headers: &HeaderMap) -> Option<usize> {
    let declared = headers.get(header::CONTENT_LENGTH);
    let number = |value: &HeaderValue| value.to_str().ok()?.parse().ok();
    declared.map_or(Some(0), number)
}

async fn drain(body: &mut Body) -> bool {
    while let Some(frame) = body.frame().await {
        if frame.is_err() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::body::{Bytes, HttpBody};
    use hyper::body::Frame;

    /// A body that does not come.
    struct Awaited;

    impl HttpBody for Awaited {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Pending
        }
    }

    async fn discarded(headers: &[(header::HeaderName, &str)], mut body: Body) -> bool {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect();
        discard(&headers, &mut body).await
    }

    #[tokio::test]
    async fn a_small_body_that_is_there_is_thrown_away() {
        let length = header::CONTENT_LENGTH;
        assert!(discarded(&[(length.clone(), "2")], Body::from("{}")).await);
        assert!(discarded(&[(length, "0")], Body::empty()).await);
        assert!(discarded(&[], Body::empty()).await);
    }

    #[tokio::test]
    async fn a_body_that_is_large_or_of_unknown_length_or_announced_is_left() {
        let length = (header::CONTENT_LENGTH, "16385");
        let large = Body::from(vec![0; 16_385]);
        assert!(!discarded(&[length], large).await);
        let chunked = (header::TRANSFER_ENCODING, "chunked");
        assert!(!discarded(&[chunked], Body::from("{}")).await);
        let announced = [
            (header::CONTENT_LENGTH, "2"),
            (header::EXPECT, "100-continue"),
        ];
        assert!(!discarded(&announced, Body::from("{}")).await);
        let absurd = (header::CONTENT_LENGTH, "99999999999999999999999");
        assert!(!discarded(&[absurd], Body::from("{}")).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for() {
        let start = tokio::time::Instant::now();
        let length = (header::CONTENT_LENGTH, "9");
        assert!(!discarded(&[length], Body::new(Awaited)).await);
        assert_eq!(start.elapsed(), PATIENCE);
    }
}
