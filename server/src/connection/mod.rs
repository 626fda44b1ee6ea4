//! One WebSocket connection: a task that reads requests, one that writes what the outbox holds, and one (as
//! soon as something is subscribed to) that pumps pages into the outbox.

mod answers;
mod dispatch;
mod outbox;
mod rendezvous;
mod subscriptions;
mod verify;
mod writer;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use parley_protocol::codec::{FrameError, VersionNotice};
use parley_protocol::frame::{ClientFrame, ClosingReason};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::timeout;

#[cfg(test)]
pub(crate) use self::outbox::Next;
use self::outbox::closing;
pub(crate) use self::outbox::{Outbox, OutboxLimits};
use self::rendezvous::Rendezvous;
use self::subscriptions::Subscriptions;
use crate::peers::{PeerGuard, PeerKey};
use crate::rate::Bucket;
use crate::relay::Relay;

/// How long requests that were begun may take once the relay shuts down.
const FINISHING: Duration = Duration::from_secs(3);
/// How long the client may take to close after it was told to.
const LINGER: Duration = Duration::from_secs(1);

/// What the tasks of one connection share.
struct Connection {
    relay: Arc<Relay>,
    peer: PeerKey,
    outbox: Arc<Outbox>,
    subscriptions: Arc<Subscriptions>,
    rendezvous: Rendezvous,
    in_flight: Arc<Semaphore>,
    bucket: Bucket,
    greeted: bool,
    pump: Option<JoinHandle<()>>,
}

/// Room that a request takes while it is worked on.
struct Permits {
    _request: OwnedSemaphorePermit,
    _bytes: OwnedSemaphorePermit,
}

/// How reading ended.
enum Ending {
    /// The client is gone, or is being cut.
    Gone,
    /// The client is told something first.
    Tell(Option<Bytes>),
}

/// Serves a connection to its end.
pub(crate) async fn serve(relay: Arc<Relay>, socket: WebSocket, peer: PeerKey, guard: PeerGuard) {
    let (sink, mut stream) = socket.split();
    let outbox = Arc::new(Outbox::new(relay.options.outbox));
    let writing = tokio::spawn(writer::write(sink, Arc::clone(&outbox), relay.options.slow_reader));
    let mut connection = Connection {
        subscriptions: Arc::new(Subscriptions::new(Arc::clone(&relay), Arc::clone(&outbox))),
        rendezvous: Rendezvous::new(Arc::clone(&relay), peer, Arc::clone(&outbox)),
        in_flight: Arc::new(Semaphore::new(relay.options.in_flight)),
        bucket: Bucket::full(Instant::now()),
        greeted: false,
        pump: None,
        relay,
        peer,
        outbox,
    };
    let ending = connection.read(&mut stream).await;
    // Not only when all is dropped: a client that does not read its goodbye would hold its slots meanwhile.
    connection.rendezvous.leave();
    if let Some(pump) = connection.pump.take() {
        pump.abort();
    }
    connection.outbox.finish(match ending {
        Ending::Gone => None,
        Ending::Tell(last) => last,
    });
    if writing.await.is_err() {
        tracing::error!("the writing half of a connection panicked");
    }
    // A socket that is closed with unread input is reset, and a reset can take the goodbye with it.
    let drain = async { while let Some(Ok(_)) = stream.next().await {} };
    let _ = timeout(LINGER, drain).await;
    drop(guard);
}

impl Connection {
    async fn read(&mut self, stream: &mut SplitStream<WebSocket>) -> Ending {
        let mut shutdown = self.relay.closing.clone();
        loop {
            let outbox = Arc::clone(&self.outbox);
            let received = tokio::select! {
                received = self.receive(stream) => Some(received),
                _ = shutdown.wait_for(|closing| *closing) => None,
                () = outbox.over() => Some(ControlFlow::Break(Ending::Gone)),
            };
            match received {
                None => return self.shut_down().await,
                Some(ControlFlow::Continue(bytes)) => {
                    let cost = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                    match ClientFrame::decode(&bytes) {
                        Ok(frame) => {
                            let Some(permits) = self.permits(cost).await else { return Ending::Gone };
                            self.dispatch(frame, cost, permits);
                        }
                        Err(error) => return Ending::Tell(refusal(error)),
                    }
                }
                Some(ControlFlow::Break(ending)) => return ending,
            }
        }
    }

    /// The next binary message. A client that is silent is pinged once and then given up.
    async fn receive(&self, stream: &mut SplitStream<WebSocket>) -> ControlFlow<Ending, Bytes> {
        let mut pinged = false;
        // Nothing is read for a client that does not read.
        while self.outbox.room().await {
            match timeout(self.relay.options.idle, stream.next()).await {
                Err(_) if pinged || !self.greeted => break,
                Err(_) => {
                    pinged = true;
                    self.outbox.push(Message::Ping(Bytes::new()));
                }
                Ok(Some(Ok(Message::Binary(bytes)))) => return ControlFlow::Continue(bytes),
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => pinged = false,
                Ok(None | Some(Ok(Message::Close(_)))) => break,
                // A text, a message that is too long, bytes that are no WebSocket; or a lost connection,
                // and then nobody hears it.
                Ok(Some(Ok(Message::Text(_)) | Err(_))) => return ControlFlow::Break(violation()),
            }
        }
        ControlFlow::Break(Ending::Gone)
    }

    /// Waits until the request may be worked on. A frame weighs at least a kibibyte.
    async fn permits(&self, bytes: u32) -> Option<Permits> {
        let request = Arc::clone(&self.in_flight).acquire_owned().await.ok()?;
        let bytes = Arc::clone(&self.relay.request_bytes).acquire_many_owned(bytes.max(1024)).await.ok()?;
        Some(Permits { _request: request, _bytes: bytes })
    }

    /// Lets what was begun be answered.
    async fn shut_down(&self) -> Ending {
        let all = u32::try_from(self.relay.options.in_flight).unwrap_or(u32::MAX);
        let _ = timeout(FINISHING, self.in_flight.acquire_many(all)).await;
        Ending::Tell(closing(ClosingReason::ShuttingDown))
    }
}

fn violation() -> Ending {
    Ending::Tell(closing(ClosingReason::ProtocolViolation))
}

fn refusal(error: FrameError) -> Option<Bytes> {
    match error {
        FrameError::Version(_) => Some(Bytes::copy_from_slice(&VersionNotice::OURS.encode())),
        FrameError::Empty | FrameError::TooLong | FrameError::Notice(_) | FrameError::Malformed => {
            closing(ClosingReason::ProtocolViolation)
        }
    }
}
