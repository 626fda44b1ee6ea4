//! Serves one WebSocket connection. One task reads requests, one writes what the outbox holds, and one (after the first
//! subscription) pumps pages into the outbox.

mod answers;
mod blobs;
mod dispatch;
mod inboxes;
mod joins;
mod listening;
mod outbox;
mod rendezvous;
mod subscriptions;
mod verify;
mod writer;

use std::future::{Future as _, poll_fn};
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::StreamExt as _;
use futures_util::stream::SplitStream;
use parley_protocol::codec::{FrameError, VersionNotice};
use parley_protocol::frame::{ClientFrame, ClosingReason};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{Sleep, sleep_until, timeout};

pub(crate) use self::listening::Patience;
use self::listening::{Due, Listening};
#[cfg(test)]
pub(crate) use self::outbox::Next;
use self::outbox::{Goodbye, closing};
pub(crate) use self::outbox::{Outbox, OutboxLimits};
use self::rendezvous::Rendezvous;
use self::subscriptions::Subscriptions;
use crate::http::Received;
use crate::peers::{PeerGuard, PeerKey};
use crate::rate::Bucket;
use crate::relay::Relay;

/// How long requests under way may take once the relay shuts down.
const FINISHING: Duration = Duration::from_secs(3);
/// How long the client may take to close after the relay told it to.
const LINGER: Duration = Duration::from_secs(1);

/// The most bytes up to and with a hello: the relay holds the unfinished messages of strangers in memory.
const STRANGER: u64 = 16 * 1024;

/// The pause, in milliseconds, before a client returns for which there was no room. Clients spread it.
const COME_BACK: u32 = 20_000;

/// The state that the tasks of one connection share.
struct Connection {
    relay: Arc<Relay>,
    peer: PeerKey,
    outbox: Arc<Outbox>,
    subscriptions: Arc<Subscriptions>,
    rendezvous: Rendezvous,
    in_flight: Arc<Semaphore>,
    parts: Arc<Semaphore>,
    bucket: Bucket,
    received: Received,
    greeted: bool,
    pump: Option<JoinHandle<()>>,
}

/// The permits that a request holds while the relay works on it.
struct Permits {
    _request: OwnedSemaphorePermit,
    _bytes: OwnedSemaphorePermit,
}

/// How reading ended.
enum Ending {
    /// The client is gone, or the relay cuts it.
    Gone,
    /// The relay sends this to the client first.
    Tell(Goodbye),
}

/// The next item from a WebSocket.
type Heard = Option<Result<Message, axum::Error>>;

/// Serves a connection to its end.
pub(crate) async fn serve(
    relay: Arc<Relay>,
    socket: WebSocket,
    received: Received,
    peer: PeerKey,
    guard: PeerGuard,
) {
    received.allow(STRANGER);
    received.count_with(Arc::clone(&relay.unfinished).share(peer));
    let (sink, mut stream) = socket.split();
    let outbox = Arc::new(Outbox::new(relay.options.outbox));
    let writing = tokio::spawn(writer::write(sink, Arc::clone(&outbox), relay.options.slow_reader));
    let mut connection = Connection {
        subscriptions: Arc::new(Subscriptions::new(Arc::clone(&relay), Arc::clone(&outbox))),
        rendezvous: Rendezvous::new(Arc::clone(&relay), peer, Arc::clone(&outbox)),
        in_flight: Arc::new(Semaphore::new(relay.options.in_flight)),
        parts: Arc::new(Semaphore::new(blobs::PARTS_AT_ONCE)),
        bucket: Bucket::full(Instant::now()),
        received: received.clone(),
        greeted: false,
        pump: None,
        relay,
        peer,
        outbox,
    };
    let listening = Listening::new(received, tokio::time::Instant::now());
    let ending = connection.read(&mut stream, listening).await;
    // This does not wait until everything is dropped: a client that does not read its goodbye would hold its slots meanwhile.
    connection.rendezvous.leave();
    if let Some(pump) = connection.pump.take() {
        pump.abort();
    }
    connection.outbox.finish(match ending {
        Ending::Gone => Goodbye::default(),
        Ending::Tell(goodbye) => goodbye,
    });
    if writing.await.is_err() {
        tracing::error!("the writing half of a connection panicked");
    }
    // Closing a socket with unread input resets it, and a reset can lose the goodbye.
    let drain = async { while let Some(Ok(_)) = stream.next().await {} };
    let _ = timeout(LINGER, drain).await;
    drop(guard);
}

/// Tells a client for which there is no room when to return, and ends the connection.
pub(crate) async fn turn_away(mut socket: WebSocket, patience: Duration, permit: OwnedSemaphorePermit) {
    let goodbye = async {
        if let Some(frame) = closing(ClosingReason::Full { retry_after_ms: COME_BACK }) {
            socket.send(Message::Binary(frame)).await?;
        }
        let reason = "too many connections".into();
        socket.send(Message::Close(Some(CloseFrame { code: close_code::AGAIN, reason }))).await?;
        while let Some(Ok(_)) = socket.recv().await {}
        Ok::<(), axum::Error>(())
    };
    // A client that does not read this, or does not close, is cut.
    let _ = timeout(patience, goodbye).await;
    drop(permit);
}

impl Connection {
    async fn read(&mut self, stream: &mut SplitStream<WebSocket>, mut listening: Listening) -> Ending {
        let mut closing = self.relay.closing.clone();
        let outbox = Arc::clone(&self.outbox);
        // Made once instead of for each message.
        let mut shutdown = pin!(closing.wait_for(|closing| *closing));
        let mut over = pin!(outbox.over());
        let mut alarm = pin!(sleep_until(tokio::time::Instant::now() + self.relay.options.patience.idle));
        loop {
            let received = tokio::select! {
                biased;
                _ = &mut shutdown => None,
                () = &mut over => Some(ControlFlow::Break(Ending::Gone)),
                received = self.receive(stream, &mut listening, alarm.as_mut()) => Some(received),
            };
            match received {
                None => return self.shut_down().await,
                Some(ControlFlow::Continue(bytes)) => {
                    let cost = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                    match ClientFrame::decode(&bytes) {
                        Ok(frame) => {
                            let Some(permits) = self.permits(cost).await else { return Ending::Gone };
                            // From here on the message counts as being worked on.
                            self.received.release();
                            self.dispatch(frame, cost, permits);
                        }
                        Err(error) => return Ending::Tell(refusal(error).into()),
                    }
                }
                Some(ControlFlow::Break(ending)) => return ending,
            }
        }
    }

    /// The next binary message. The relay pings a silent client once, and then gives it up.
    async fn receive(
        &self,
        stream: &mut SplitStream<WebSocket>,
        listening: &mut Listening,
        mut alarm: Pin<&mut Sleep>,
    ) -> ControlFlow<Ending, Bytes> {
        // The relay reads nothing from a client that does not read.
        while self.outbox.room().await {
            listening.begin(tokio::time::Instant::now());
            match poll_fn(|context| self.hear(context, stream, listening, alarm.as_mut())).await? {
                Some(Ok(Message::Binary(bytes))) => return ControlFlow::Continue(bytes),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                    if !listening.may_control(tokio::time::Instant::now()) {
                        return ControlFlow::Break(violation());
                    }
                }
                None | Some(Ok(Message::Close(_))) => break,
                // A text, a message that is too long, or bytes that are no WebSocket; or a lost connection, on which nobody
                // hears the answer.
                Some(Ok(Message::Text(_)) | Err(_)) => return ControlFlow::Break(violation()),
            }
        }
        ControlFlow::Break(Ending::Gone)
    }

    /// The next item from the socket, within the client's time limits. The alarm is not set for each message: it may ring too
    /// early, and is set back only for a message that has begun.
    fn hear(
        &self,
        context: &mut Context<'_>,
        stream: &mut SplitStream<WebSocket>,
        listening: &mut Listening,
        mut alarm: Pin<&mut Sleep>,
    ) -> Poll<ControlFlow<Ending, Heard>> {
        let heard = stream.poll_next_unpin(context);
        let now = tokio::time::Instant::now();
        if let Poll::Ready(heard) = heard {
            if let Some(Ok(message)) = &heard {
                listening.brought(message, now);
            }
            return Poll::Ready(ControlFlow::Continue(heard));
        }
        listening.waits(now);
        loop {
            match listening.due(self.relay.options.patience, tokio::time::Instant::now()) {
                Due::At(at) => {
                    if alarm.is_elapsed() || at < alarm.deadline() {
                        alarm.as_mut().reset(at);
                    }
                    ready!(alarm.as_mut().poll(context));
                }
                Due::Ping if self.greeted => {
                    listening.pings(now);
                    self.outbox.push(Message::Ping(Bytes::new()));
                }
                Due::Ping | Due::Silent => return Poll::Ready(ControlFlow::Break(Ending::Gone)),
                Due::Unfinished => return Poll::Ready(ControlFlow::Break(unfinished())),
            }
        }
    }

    /// Waits until the relay may work on the request. A frame counts as at least a kibibyte.
    async fn permits(&self, bytes: u32) -> Option<Permits> {
        let request = Arc::clone(&self.in_flight).acquire_owned().await.ok()?;
        let bytes = Arc::clone(&self.relay.request_bytes).acquire_many_owned(bytes.max(1024)).await.ok()?;
        Some(Permits { _request: request, _bytes: bytes })
    }

    /// Waits until the requests under way are answered.
    async fn shut_down(&self) -> Ending {
        let all = u32::try_from(self.relay.options.in_flight).unwrap_or(u32::MAX);
        let _ = timeout(FINISHING, self.in_flight.acquire_many(all)).await;
        Ending::Tell(closing(ClosingReason::ShuttingDown).into())
    }
}

fn violation() -> Ending {
    Ending::Tell(closing(ClosingReason::ProtocolViolation).into())
}

/// This sends no `Closing` frame: on a slow line the client has made no mistake, and may return.
fn unfinished() -> Ending {
    let reason = "a message was not finished in time".into();
    Ending::Tell(Goodbye { frame: None, close: Some(CloseFrame { code: close_code::POLICY, reason }) })
}

fn refusal(error: FrameError) -> Option<Bytes> {
    match error {
        FrameError::Version(_) => Some(Bytes::copy_from_slice(&VersionNotice::OURS.encode())),
        FrameError::Empty | FrameError::TooLong | FrameError::Notice(_) | FrameError::Malformed => {
            closing(ClosingReason::ProtocolViolation)
        }
    }
}
