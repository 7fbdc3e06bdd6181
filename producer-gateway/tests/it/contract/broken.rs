//! Bodies that cannot be taken, and a defect (chapters 5.2 and 8).

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header;
use hyper::body::Frame;
use producer_gateway::publisher::{Message, Published, Publisher};
use serde_json::{Value, json};

use super::{ask, asking};
use crate::support::{Bench, request, status};

fn detail(text: &str) -> Value {
    json!({ "detail": text })
}

/// A body that never comes to its end.
struct Endless;

impl HttpBody for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

#[tokio::test]
async fn bodies_that_are_slow_large_or_unreadable_have_their_answers() {
    let mut bench = Bench::with_points().await;
    Arc::get_mut(&mut bench.gateway)
        .unwrap()
        .limits
        .body_timeout = Duration::from_millis(20);
    let post = || request("POST", "/dynamique/status/bulk", "operator");
    let large = "x".repeat(65 * 1024);
    let rows = [
        (
            post().body(Body::new(Endless)).unwrap(),
            408,
            "The request body was not received in time",
            true,
        ),
        (
            post()
                .header("content-length", "9999999")
                .body(Body::empty())
                .unwrap(),
            413,
            "The request body is too large",
            true,
        ),
        (
            post().body(Body::from(large)).unwrap(),
            413,
            "The request body is too large",
            true,
        ),
        (
            post()
                .header("content-encoding", "br")
                .body(Body::from("[]"))
                .unwrap(),
            400,
            "There was an error parsing the body",
            true,
        ),
        (
            post()
                .header("content-encoding", "gzip")
                .body(Body::from("[]"))
                .unwrap(),
            400,
            "There was an error parsing the body",
            false,
        ),
    ];
    for (request, code, text, is_closed) in rows {
        let answer = ask(&bench, request).await;
        assert_eq!((answer.status, answer.body), (code, detail(text)));
        assert_eq!(
            answer.headers.contains_key(header::CONNECTION),
            is_closed,
            "{text}"
        );
    }
}

/// A log whose client panics.
#[derive(Debug)]
struct Defect;

impl Publisher for Defect {
    fn publish(&self, _messages: Vec<Message>) -> Published<'_> {
        panic!("a defect, on purpose")
    }

    fn in_flight(&self) -> usize {
        0
    }
}

#[tokio::test]
async fn a_panic_in_a_handler_is_an_answer_and_the_process_lives() {
    let mut bench = Bench::with_points().await;
    let gateway = Arc::get_mut(&mut bench.gateway).unwrap();
    gateway.publisher = OnceLock::from(Arc::new(Defect) as Arc<dyn Publisher>);
    let answer = ask(
        &bench,
        asking(
            "POST",
            "/dynamique/status/",
            "operator",
            Some(&status("FRPD1EABC1")),
        ),
    )
    .await;
    assert_eq!(
        (answer.status, answer.body),
        (500, json!({ "message": "Internal error" }))
    );
    assert_eq!(bench.bare("GET", "/statique/FRPD1EABC1").await.status, 200);
}
