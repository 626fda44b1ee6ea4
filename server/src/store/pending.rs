//! An answer of the store that is still to come.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use parley_protocol::frame::RelayError;
use tokio::sync::oneshot;

/// The answer to a submission to the store. Dropping it does not withdraw the submission.
#[derive(Debug)]
#[must_use = "a submission that nobody waits for can fail unseen"]
pub struct Pending<T>(oneshot::Receiver<Result<T, RelayError>>);

/// The store's end of a [`Pending`].
pub type Reply<T> = oneshot::Sender<Result<T, RelayError>>;

impl<T> Pending<T> {
    /// A pending answer, and the end that gives it. A [`Reply`] that is dropped unused answers [`RelayError::Internal`].
    pub fn channel() -> (Reply<T>, Self) {
        let (reply, receiver) = oneshot::channel();
        (reply, Self(receiver))
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, RelayError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or(Err(RelayError::Internal)))
    }
}
