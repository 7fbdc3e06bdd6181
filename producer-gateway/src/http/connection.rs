//! The patience that a connection is given: for a head that does not come to its end, for the next
//! request, and for an answer that is not taken. Whoever runs out of it is cut off unanswered.
//!
//! The body of a request is not watched here: [`super::body`] answers a slow one with 408.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long a connection is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// From the first byte of a head to its last.
    pub head: Duration,
    /// For the first byte of the next request, and for a byte of an answer to be taken.
    pub idle: Duration,
}

/// Whether a request is being handled: reads are not watched then.
#[derive(Debug, Clone, Default)]
pub struct Busy(Arc<AtomicBool>);

impl Busy {
    /// Says that a request is handled until the guard is dropped.
    pub fn guard(&self) -> BusyGuard {
        self.0.store(true, Ordering::Relaxed);
        BusyGuard(self.clone())
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The end of a request.
#[derive(Debug)]
pub struct BusyGuard(Busy);

impl Drop for BusyGuard {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Relaxed);
    }
}

/// What the connection is being waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// Nothing that is watched.
    Not,
    /// The first byte of a request.
    Idle,
    /// The rest of a head.
    Head,
}

/// A stream whose reads and writes are given up after a while.
#[derive(Debug)]
pub struct Patient<S> {
    stream: S,
    patience: Patience,
    busy: Busy,
    waiting: Waiting,
    reading: Pin<Box<Sleep>>,
    writing: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    /// Watches `stream`, except while `busy`.
    pub fn new(stream: S, patience: Patience, busy: Busy) -> Self {
        Self {
            stream,
            patience,
            busy,
            waiting: Waiting::Not,
            reading: Box::pin(tokio::time::sleep(patience.idle)),
            writing: None,
        }
    }

    fn wait_for(&mut self, waiting: Waiting, time: Duration) {
        self.waiting = waiting;
        self.reading.as_mut().reset(Instant::now() + time);
    }

    fn out_of_patience(&mut self, context: &mut Context<'_>) -> bool {
        if self.busy.is_set() {
            self.waiting = Waiting::Not;
            return false;
        }
        if self.waiting == Waiting::Not {
            self.wait_for(Waiting::Idle, self.patience.idle);
        }
        self.reading.as_mut().poll(context).is_ready()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut this.stream).poll_read(context, buffer) {
            let is_head = buffer.filled().len() > before && !this.busy.is_set();
            if is_head && this.waiting != Waiting::Head {
                this.wait_for(Waiting::Head, this.patience.head);
            }
            return Poll::Ready(read);
        }
        if this.out_of_patience(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> Patient<S> {
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing = None;
            return written;
        }
        let idle = self.patience.idle;
        let writing = self
            .writing
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(idle)));
        ready!(writing.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(context, bytes);
        this.watch(context, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(context, slices);
        this.watch(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.stream).poll_flush(context);
        this.watch(context, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let shut = Pin::new(&mut this.stream).poll_shutdown(context);
        this.watch(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    const PATIENCE: Patience = Patience {
        head: Duration::from_secs(10),
        idle: Duration::from_secs(75),
    };

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_is_given_up_after_the_idle_time() {
        let (_client, server) = duplex(64);
        let mut server = Patient::new(server, PATIENCE, Busy::default());
        let start = Instant::now();
        let error = server.read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(start.elapsed().as_secs(), 75);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_is_given_up_after_the_time_for_heads() {
        let (mut client, server) = duplex(64);
        let mut server = Patient::new(server, PATIENCE, Busy::default());
        let trickle = tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(3)).await;
            }
        });
        let start = Instant::now();
        let mut bytes = Vec::new();
        let error = server.read_to_end(&mut bytes).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!((start.elapsed().as_secs(), bytes.len()), (10, 4));
        drop(server);
        trickle.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_is_handled_may_take_its_time() {
        let (mut client, server) = duplex(64);
        let busy = Busy::default();
        let mut server = Patient::new(server, PATIENCE, busy.clone());
        let guard = busy.guard();
        let late = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(200)).await;
            client.write_all(b"x").await.unwrap();
            client
        });
        assert_eq!(server.read_u8().await.unwrap(), b'x');
        drop(guard);
        let start = Instant::now();
        let _client = late.await.unwrap();
        assert!(server.read_u8().await.is_err());
        assert_eq!(start.elapsed().as_secs(), 75);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_taken_is_given_up() {
        let (_client, server) = duplex(4);
        let mut server = Patient::new(server, PATIENCE, Busy::default());
        let error = server.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
