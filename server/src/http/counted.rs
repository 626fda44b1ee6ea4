//! A socket that counts the bytes that come out of it, so that a connection notices an unfinished message. It yields no more
//! than is permitted, whatever its reader would buffer: for this socket alone, and for all sockets together (`unfinished`).

use std::io::{Error, ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::unfinished::Share;

/// The number of bytes that a socket has yielded so far, and the number that it may yield.
#[derive(Debug, Clone)]
pub(crate) struct Received(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    given: AtomicU64,
    allowed: AtomicU64,
    /// This connection's share of the memory for unfinished messages, once it is counted with others.
    share: OnceLock<Share>,
}

impl Default for Received {
    fn default() -> Self {
        Self(Arc::new(Counts {
            given: AtomicU64::new(0),
            allowed: AtomicU64::new(u64::MAX),
            share: OnceLock::new(),
        }))
    }
}

impl Received {
    /// The number of bytes so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.given.load(Ordering::Relaxed)
    }

    /// Counts more bytes.
    pub(crate) fn add(&self, bytes: usize) {
        self.0.given.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Permits this many more bytes; after them the socket fails.
    pub(crate) fn allow(&self, more: u64) {
        self.0.allowed.store(self.bytes().saturating_add(more), Ordering::Relaxed);
    }

    /// Permits any number of bytes.
    pub(crate) fn allow_all(&self) {
        self.0.allowed.store(u64::MAX, Ordering::Relaxed);
    }

    /// From now on counts the bytes in the memory shared with other connections.
    pub(crate) fn count_with(&self, share: Share) {
        // This is called once for each socket.
        let _ = self.0.share.set(share).is_ok();
    }

    /// Ends the counting of the bytes that have come: their new holder counts them.
    pub(crate) fn release(&self) {
        if let Some(share) = self.0.share.get() {
            share.release();
        }
    }

    /// Counts more bytes. Returns whether they may be kept.
    fn take(&self, bytes: usize) -> bool {
        self.add(bytes);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes() <= self.0.allowed.load(Ordering::Relaxed)
            && self.0.share.get().is_none_or(|share| share.take(bytes))
    }
}

/// A socket that counts.
pub(super) struct Counted {
    socket: TcpStream,
    received: Received,
}

impl Counted {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self { socket, received: Received::default() }
    }

    pub(super) fn received(&self) -> Received {
        self.received.clone()
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(context, buffer);
        if self.received.take(buffer.filled().len().saturating_sub(before)) {
            polled
        } else {
            Poll::Ready(Err(Error::new(
                ErrorKind::QuotaExceeded,
                "more bytes than may be held of this client",
            )))
        }
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
