//! Adds the common response headers to hyper's own answers. hyper answers invalid HTTP by itself, before any handler of the
//! relay runs, so this socket puts the headers into such answers.

use std::io::{ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::headers;

/// The beginning of hyper's own answers: refusals in version 1.1, whatever the client sent.
const REFUSAL: &[u8] = b"HTTP/1.1 4";
const LINE: &[u8] = b"\r\n";
/// A header that every answer of the relay has.
const OURS: &[u8] = b"content-security-policy";

/// A socket that adds the headers.
pub(super) struct WithHeaders<S> {
    socket: S,
    hsts: bool,
    /// The rest of an answer that got its headers here and is still to be written.
    answer: Vec<u8>,
}

impl<S: AsyncWrite + Unpin> WithHeaders<S> {
    pub(super) const fn new(socket: S, hsts: bool) -> Self {
        Self { socket, hsts, answer: Vec::new() }
    }

    fn poll_answer(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        while !self.answer.is_empty() {
            let written = ready!(Pin::new(&mut self.socket).poll_write(context, &self.answer))?;
            if written == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.answer.drain(..written.min(self.answer.len()));
        }
        Poll::Ready(Ok(()))
    }

    /// Keeps hyper's own answer and adds the headers. Returns whether `bytes` are such an answer.
    fn keeps(&mut self, bytes: &[u8]) -> bool {
        let own = bytes.starts_with(REFUSAL) && !bytes.windows(OURS.len()).any(|part| part == OURS);
        let first_line = bytes.windows(LINE.len()).position(|part| part == LINE).filter(|_| own);
        let Some((status, rest)) = first_line.and_then(|end| bytes.split_at_checked(end)) else {
            return false;
        };
        self.answer.extend_from_slice(status);
        for (name, value) in headers::all(self.hsts) {
            self.answer.extend_from_slice(format!("\r\n{name}: ").as_bytes());
            self.answer.extend_from_slice(value.as_bytes());
        }
        self.answer.extend_from_slice(rest);
        true
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WithHeaders<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WithHeaders<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        ready!(self.poll_answer(context))?;
        if self.keeps(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        ready!(self.poll_answer(context))?;
        if let Some(first) = pieces.first()
            && self.keeps(first)
        {
            return Poll::Ready(Ok(first.len()));
        }
        Pin::new(&mut self.socket).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.poll_answer(context))?;
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.poll_answer(context))?;
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
