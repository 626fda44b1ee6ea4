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

/// How many bytes a socket has given so far, and how many it may give.
#[derive(Debug, Clone)]
pub(crate) struct Received(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    given: AtomicU64,
    allowed: AtomicU64,
    /// What is held in memory of what was given, once that is counted together with others'.
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
    /// The number.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.given.load(Ordering::Relaxed)
    }

    /// So many more.
    pub(crate) fn add(&self, bytes: usize) {
        self.0.given.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// From now on so many more may come, and then the socket fails.
    pub(crate) fn allow(&self, more: u64) {
        self.0.allowed.store(self.bytes().saturating_add(more), Ordering::Relaxed);
    }

    /// As many may come as do.
    pub(crate) fn allow_all(&self) {
        self.0.allowed.store(u64::MAX, Ordering::Relaxed);
    }

    /// From now on what comes is counted together with what others hold.
    pub(crate) fn count_with(&self, share: Share) {
        // It is called once for each socket.
        let _ = self.0.share.set(share).is_ok();
    }

    /// What has come is somebody else's to count.
    pub(crate) fn release(&self) {
        if let Some(share) = self.0.share.get() {
            share.release();
        }
    }

    /// Counts so many more; whether they may be kept.
    fn take(&self, bytes: usize) -> bool {
        self.add(bytes);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.bytes() <= self.0.allowed.load(Ordering::Relaxed)
            && self.0.share.get().is_none_or(|share| share.take(bytes))
    }
}

/// The socket.
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
