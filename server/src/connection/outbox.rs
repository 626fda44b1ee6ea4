//! The bounded queue of frames to one client. Pushes wait for room. While the outbox is full, the relay reads nothing from the
//! connection, so answers cannot pile up either.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message};
use parley_protocol::frame::{ClosingReason, ServerFrame};
use tokio::sync::Notify;

/// How much may wait before the relay adds nothing more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutboxLimits {
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
}

/// The next action of the writing task.
pub(crate) enum Next {
    /// Send this message.
    Send(Message),
    /// Send the goodbye: nothing follows it.
    Finish(Goodbye),
}

/// The last message to a client.
#[derive(Clone, Default)]
pub(crate) struct Goodbye {
    /// A `Closing` frame, or a version notice.
    pub(crate) frame: Option<Bytes>,
    /// The reason for closing the WebSocket, if no frame states it.
    pub(crate) close: Option<CloseFrame>,
}

impl From<Option<Bytes>> for Goodbye {
    fn from(frame: Option<Bytes>) -> Self {
        Self { frame, close: None }
    }
}

#[derive(Default)]
struct Queue {
    frames: VecDeque<Message>,
    bytes: usize,
    finish: Option<Goodbye>,
    broken: bool,
}

/// One connection's outgoing queue.
pub(crate) struct Outbox {
    limits: OutboxLimits,
    queue: Mutex<Queue>,
    filled: Notify,
    /// Rung when a message is sent. Seldom does a task wait for it.
    drained: Notify,
    ended: Notify,
}

impl Outbox {
    pub(crate) fn new(limits: OutboxLimits) -> Self {
        Self {
            limits,
            queue: Mutex::default(),
            filled: Notify::new(),
            drained: Notify::new(),
            ended: Notify::new(),
        }
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a frame, even beyond the limit: the caller has waited for [`Self::room`], or holds one of the few permits for
    /// requests in flight.
    pub(crate) fn push(&self, message: Message) {
        {
            let mut queue = self.queue();
            if queue.finish.is_some() || queue.broken {
                return;
            }
            queue.bytes = queue.bytes.saturating_add(length(&message));
            queue.frames.push_back(message);
        }
        self.filled.notify_one();
    }

    /// Adds a frame of the protocol.
    pub(crate) fn push_frame(&self, frame: &ServerFrame) {
        match frame.encode() {
            Ok(bytes) => self.push(Message::Binary(bytes.into())),
            Err(error) => tracing::error!(%error, "a frame for a client could not be encoded"),
        }
    }

    /// Waits until the queue is below its limit. Returns `false` when the connection is over.
    pub(crate) async fn room(&self) -> bool {
        loop {
            if let Some(room) = self.has_room() {
                return room;
            }
            let drained = self.drained.notified();
            tokio::pin!(drained);
            // Registers before checking again, so that no wake-up is lost in between.
            drained.as_mut().enable();
            if let Some(room) = self.has_room() {
                return room;
            }
            drained.await;
        }
    }

    /// Whether there is room; `None` if the caller has to wait.
    fn has_room(&self) -> Option<bool> {
        let queue = self.queue();
        if queue.broken || queue.finish.is_some() {
            return Some(false);
        }
        (queue.frames.len() < self.limits.frames && queue.bytes < self.limits.bytes).then_some(true)
    }

    /// Waits for the next action of the writing task.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(message) = self.take() {
                return Next::Send(message);
            }
            if let Some(goodbye) = self.queue().finish.clone() {
                return Next::Finish(goodbye);
            }
            self.filled.notified().await;
        }
    }

    /// Takes the message that has waited longest, if any.
    pub(crate) fn take(&self) -> Option<Message> {
        let mut queue = self.queue();
        let message = queue.frames.pop_front()?;
        queue.bytes = queue.bytes.saturating_sub(length(&message));
        drop(queue);
        self.drained.notify_waiters();
        Some(message)
    }

    /// Ends the connection with a goodbye, after the messages that wait. Only the first call counts.
    pub(crate) fn finish(&self, goodbye: Goodbye) {
        {
            let mut queue = self.queue();
            if queue.finish.is_none() {
                queue.finish = Some(goodbye);
            }
        }
        self.filled.notify_one();
        self.over_now();
    }

    fn over_now(&self) {
        self.drained.notify_waiters();
        self.ended.notify_waiters();
    }

    /// Notes that the writing task has given up: nothing more is sent.
    pub(crate) fn break_off(&self) {
        {
            let mut queue = self.queue();
            queue.broken = true;
            queue.frames.clear();
            queue.bytes = 0;
        }
        self.over_now();
    }

    /// Returns when the writing task has given up, or when the connection has to end.
    pub(crate) async fn over(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            ended.as_mut().enable();
            {
                let queue = self.queue();
                if queue.broken || queue.finish.is_some() {
                    return;
                }
            }
            ended.await;
        }
    }
}

/// The length of a message in bytes.
pub(crate) fn length(message: &Message) -> usize {
    match message {
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Text(text) => text.len(),
        Message::Close(_) => 0,
    }
}

/// Encodes a `Closing` frame.
pub(crate) fn closing(reason: ClosingReason) -> Option<Bytes> {
    ServerFrame::Closing(reason).encode().ok().map(Bytes::from)
}
